//! A server that is published to, over HTTP: in the name of a guest, or with the key for back ends.
//!
//! A request whose answer is lost is made again: commands have message ids, so that they are taken once.

use std::time::Duration;

use anyhow::{Context, bail};
use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use trunkline_protocol::topics::ticker::Listed;
use trunkline_protocol::{Codec, ServerFrame};

/// The longest answer that is read.
const ANSWER_LEN_MAX: usize = 1024 * 1024;

/// How often a request is made before the server counts as gone, and how long the first pause is. The
/// others are each twice as long.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_millis(250);

/// How long an answer may take. After that, the line counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, and who we are there.
pub(crate) struct Api {
    authority: String,
    caller: Caller,
    line: Option<SendRequest<Body>>,
}

enum Caller {
    BackEnd { key: String },
    Guest { cookie: String, token: String },
}

/// An answer of the server.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
}

#[derive(Deserialize)]
struct Token {
    token: String,
    user: TokenUser,
}

#[derive(Deserialize)]
struct TokenUser {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    detail: String,
    retry_after_ms: Option<u64>,
}

impl Api {
    /// Finds out who we are at `server`: the back end that has the key, or a guest of that name. Tells
    /// the guest's id.
    pub(crate) async fn open(
        server: &str,
        key: Option<String>,
        name: &str,
    ) -> anyhow::Result<(Self, Option<String>)> {
        let authority = authority(server)?;
        let back_end = key.is_some();
        let mut api = Self {
            authority,
            caller: Caller::BackEnd {
                key: key.unwrap_or_default(),
            },
            line: None,
        };
        if back_end {
            return Ok((api, None));
        }
        let body = json!({ "name": name }).to_string();
        let signed_in = api
            .ask(Method::POST, "/auth/guest", Some(body), &[])
            .await?;
        let signed_in = signed_in.success("cannot sign in")?;
        let cookie = signed_in.headers.get(header::SET_COOKIE);
        let cookie = cookie.and_then(|it| it.to_str().ok()?.split(';').next());
        let cookie = cookie.context("the server gave no cookie")?.to_owned();
        let user = api.renew(cookie).await?;
        Ok((api, Some(user)))
    }

    pub(super) fn is_back_end(&self) -> bool {
        matches!(self.caller, Caller::BackEnd { .. })
    }

    /// Gets a token for the guest of a cookie. Tells the guest's id.
    async fn renew(&mut self, cookie: String) -> anyhow::Result<String> {
        let headers = [("cookie", cookie.as_str())];
        let answer = self
            .ask(Method::POST, "/auth/token", None, &headers)
            .await?;
        let answer = answer.success("cannot get a token")?;
        let token: Token = serde_json::from_slice(&answer.bytes).context("no token")?;
        let user = token.user.id;
        let token = token.token;
        self.caller = Caller::Guest { cookie, token };
        Ok(user)
    }

    /// Publishes a list of commands, in JSON. Tells what became of each.
    pub(super) async fn publish(&mut self, commands: String) -> anyhow::Result<Vec<ServerFrame>> {
        let answer = self.call(Method::POST, "publish", Some(commands)).await?;
        let answer = answer.success("the server refused")?;
        serde_json::from_slice(&answer.bytes).context("the server answered something else")
    }

    /// Tells users something, by a notice in JSON. Tells what the server said.
    pub(crate) async fn notify(&mut self, notice: String) -> anyhow::Result<String> {
        let answer = self.call(Method::POST, "notify", Some(notice)).await?;
        let answer = answer.success("the server refused")?;
        Ok(String::from_utf8_lossy(&answer.bytes).into_owned())
    }

    /// The names that a board has kept.
    pub(super) async fn listed(&mut self, topic: &str) -> anyhow::Result<Vec<Listed>> {
        let (mut listed, mut after) = (Vec::new(), 0);
        loop {
            let path = format!("history?topic={topic}&after={after}&limit=256");
            let answer = self.call(Method::GET, &path, None).await?;
            let answer = answer.success("cannot read the names of the board")?;
            let frame = serde_json::from_slice(&answer.bytes).context("no history")?;
            let ServerFrame::History { publications, .. } = frame else {
                bail!("the server answered something else");
            };
            let Some(last) = publications.last() else {
                return Ok(listed);
            };
            after = last.offset;
            for publication in &*publications {
                let event = Codec::Json.decode(publication.event.as_bytes());
                listed.push(event.context("a name that is none")?);
            }
        }
    }

    /// Asks as who we are, and again after a while if it is too soon.
    async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<Answer> {
        let mut renewed = false;
        loop {
            let (path, header) = match &self.caller {
                Caller::BackEnd { key } => (format!("/api/{path}"), ("x-api-key", key.clone())),
                Caller::Guest { token, .. } => (
                    format!("/http/{path}"),
                    ("authorization", format!("Bearer {token}")),
                ),
            };
            let headers = [(header.0, header.1.as_str())];
            let answer = self
                .ask(method.clone(), &path, body.clone(), &headers)
                .await?;
            match (answer.status, &self.caller) {
                (StatusCode::UNAUTHORIZED, Caller::Guest { cookie, .. }) if !renewed => {
                    renewed = true;
                    let cookie = cookie.clone();
                    self.renew(cookie).await?;
                }
                (StatusCode::TOO_MANY_REQUESTS, _) => {
                    let wait = answer.problem().retry_after_ms.unwrap_or(1_000);
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                _ => return Ok(answer),
            }
        }
    }

    /// Asks, and asks again if the server cannot be reached or has no time.
    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut pause = PAUSE;
        for _ in 1..ATTEMPTS {
            match self.try_to_ask(&method, path, body.clone(), headers).await {
                Ok(answer) if answer.status != StatusCode::SERVICE_UNAVAILABLE => {
                    return Ok(answer);
                }
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        let answer = self.try_to_ask(&method, path, body, headers).await;
        answer.with_context(|| format!("cannot reach http://{}", self.authority))
    }

    async fn try_to_ask(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let answer = self.exchange(method, path, body, headers);
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        answer.context("no answer came")?
    }

    async fn exchange(
        &mut self,
        method: &Method,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.authority);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from))?;
        // A line that fails is no line any more.
        let mut line = match self.line.take().filter(|line| !line.is_closed()) {
            Some(line) => line,
            None => self.dial().await?,
        };
        line.ready().await?;
        let (head, body) = line.send_request(request).await?.into_parts();
        let bytes = to_bytes(Body::new(body), ANSWER_LEN_MAX).await?;
        self.line = Some(line);
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            bytes,
        })
    }

    async fn dial(&self) -> anyhow::Result<SendRequest<Body>> {
        let stream = TcpStream::connect(&self.authority).await?;
        // Requests are short, and each waits for its answer.
        stream.set_nodelay(true)?;
        let (line, driver) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(driver);
        Ok(line)
    }
}

impl Answer {
    fn problem(&self) -> Problem {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    fn success(self, what: &str) -> anyhow::Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!("{what}: {} ({})", self.problem().detail, self.status)
    }
}

/// Host and port of an address.
fn authority(server: &str) -> anyhow::Result<String> {
    let expected = || format!("invalid server {server:?}, expected http://HOST:PORT");
    let authority = server.strip_prefix("http://").with_context(expected)?;
    let authority = authority.trim_end_matches('/');
    let parsed: axum::http::uri::Authority = authority.parse().ok().with_context(expected)?;
    if parsed.host().is_empty() || authority.contains('@') {
        bail!(expected());
    }
    Ok(match parsed.port() {
        Some(_) => authority.to_owned(),
        None => format!("{authority}:80"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        let check = |server: &str, expected: Option<&str>| {
            assert_eq!(authority(server).ok().as_deref(), expected, "{server}");
        };
        check("http://127.0.0.1:8787", Some("127.0.0.1:8787"));
        check("http://example.org/", Some("example.org:80"));
        check("http://[::1]:1", Some("[::1]:1"));
        for no in [
            "127.0.0.1:8787",
            "https://a.example",
            "http://",
            "http://a/b",
            "http://u@a",
        ] {
            check(no, None);
        }
    }
}
