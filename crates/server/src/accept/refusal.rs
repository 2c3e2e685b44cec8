//! Connections over the cap: told that there are too many, without becoming one more for long.
//!
//! A few of them are answered all the same: those that ask for the health of the process, by which a
//! supervisor would otherwise restart a server that is only full.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, Uri, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::health;
use crate::transport::door::write_head;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 5\r\n\
    Connection: close\r\n\
    Cache-Control: no-store\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 42\r\n\
    \r\n\
    too many connections, try again in a while";

/// Refusals that may be on their way at once; in a flood, the rest is closed without a word.
const REFUSALS_MAX: usize = 256;

/// Time that a peer has to ask. Beyond it, it is refused whatever it wants.
const ASKING: Duration = Duration::from_millis(500);

/// Time that a peer has to read its answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// The longest request head that is read, and the most fields in it.
const HEAD_LEN_MAX: usize = 4 * 1024;
const HEADERS_MAX: usize = 48;

/// The longest answer to a question about health.
const HEALTH_LEN_MAX: usize = 16 * 1024;

/// Refuses connections over the cap.
pub(super) struct Refusals(Arc<Semaphore>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(REFUSALS_MAX)))
    }

    /// Answers 503 and closes, in a task of its own. A question about the health of the process goes to
    /// `app`.
    pub(super) fn refuse(
        &self,
        (stream, peer): (mio::net::TcpStream, SocketAddr),
        app: Router,
        tasks: &TaskTracker,
    ) {
        if let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() {
            tasks.spawn(async move {
                if let Ok(stream) = TcpStream::from_std(stream.into()) {
                    let _ = answer(stream, peer, app).await;
                }
                drop(permit);
            });
        }
    }
}

async fn answer(mut stream: TcpStream, peer: SocketAddr, app: Router) -> std::io::Result<()> {
    let asked = timeout(ASKING, read_question(&mut stream)).await;
    let answer = match asked {
        Ok(Ok(Some(question))) => timeout(FAREWELL, about_health(question, peer, app)).await,
        Ok(Ok(None)) | Err(_) => Ok(ANSWER.to_vec()),
        Ok(Err(error)) => return Err(error),
    };
    let farewell = say(stream, answer.as_deref().unwrap_or(ANSWER));
    timeout(FAREWELL, farewell).await?
}

/// Reads a request's head. None if it asks for something else than health.
async fn read_question(stream: &mut TcpStream) -> std::io::Result<Option<Request<Body>>> {
    let mut head = Vec::new();
    loop {
        let mut piece = [0; 1024];
        let len = stream.read(&mut piece).await?;
        head.extend_from_slice(&piece[..len]);
        match question(&head) {
            Question::Unfinished if len > 0 && head.len() < HEAD_LEN_MAX => {}
            Question::Health(request) => return Ok(Some(*request)),
            Question::Unfinished | Question::Other => return Ok(None),
        }
    }
}

enum Question {
    Health(Box<Request<Body>>),
    Other,
    Unfinished,
}

/// Tells what a request that begins like this asks.
fn question(bytes: &[u8]) -> Question {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let is_whole = match head.parse(bytes) {
        Ok(status) => status.is_complete(),
        Err(_) => return Question::Other,
    };
    let path = head.path.map(|it| it.split('?').next().unwrap_or_default());
    if path.is_some_and(|path| !health::PATHS.contains(&path)) {
        return Question::Other;
    }
    if !is_whole {
        return Question::Unfinished;
    }
    read(&head).map_or(Question::Other, |it| Question::Health(Box::new(it)))
}

/// Makes a request of a head that is whole. None if it is not one that is answered here.
fn read(head: &httparse::Request<'_, '_>) -> Option<Request<Body>> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = [Method::GET, Method::HEAD]
        .into_iter()
        .find(|it| Some(it.as_str()) == head.method)?;
    *request.uri_mut() = head.path?.parse::<Uri>().ok()?;
    *request.version_mut() = match head.version? {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    for it in &*head.headers {
        let name = HeaderName::from_bytes(it.name.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(it.value).ok()?;
        request.headers_mut().append(name, value);
    }
    Some(request)
}

/// Asks the server itself.
async fn about_health(mut request: Request<Body>, peer: SocketAddr, app: Router) -> Vec<u8> {
    request.extensions_mut().insert(ConnectInfo(peer));
    let no_body = request.method() == Method::HEAD;
    let Ok(response) = app.oneshot(request).await;
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, HEALTH_LEN_MAX).await else {
        return ANSWER.to_vec();
    };
    if !no_body {
        head.headers
            .insert(header::CONTENT_LENGTH, body.len().into());
    }
    let close = HeaderValue::from_static("close");
    head.headers.insert(header::CONNECTION, close);
    let mut answer = write_head(&Response::from_parts(head, ()));
    if !no_body {
        answer.extend_from_slice(&body);
    }
    answer
}

async fn say(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    // Closing with unread bytes would reset the connection, and the peer might lose the answer.
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_has_the_length_it_claims() {
        let text = std::str::from_utf8(ANSWER).expect("an ASCII answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())) || {
                head.ends_with(&format!("Content-Length: {}", body.len()))
            }
        );
    }

    #[test]
    fn only_a_question_about_health_is_answered() {
        let check = |bytes: &str, expected: &str| {
            let found = match question(bytes.as_bytes()) {
                Question::Health(request) => request.uri().path().to_owned(),
                Question::Other => "other".to_owned(),
                Question::Unfinished => "unfinished".to_owned(),
            };
            assert_eq!(found, expected, "{bytes:?}");
        };
        check("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", "/healthz");
        check("HEAD /readyz?deep HTTP/1.0\r\n\r\n", "/readyz");
        check("GET /healthz HTTP/1.1\r\nHost: a\r\n", "unfinished");
        check("", "unfinished");
        check("GET /ws HTTP/1.1\r\n", "other");
        check("GET /healthz/more HTTP/1.1\r\n", "other");
        check("POST /healthz HTTP/1.1\r\n\r\n", "other");
        check("\u{16}\u{3}\u{1}", "other");
    }
}
