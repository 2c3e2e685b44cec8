//! Tells a peer that there are too many connections, without becoming one more for long.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 5\r\n\
    Connection: close\r\n\
    Cache-Control: no-store\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\
    Content-Length: 42\r\n\
    \r\n\
    too many connections, try again in a while";

/// Refusals that may be on their way at once; in a flood, the rest is closed without a word.
const REFUSALS_MAX: usize = 64;

/// How long a peer has to read its refusal.
const FAREWELL: Duration = Duration::from_secs(1);

/// Refuses connections over the cap.
pub(super) struct Refusals(Arc<Semaphore>);

impl Refusals {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(REFUSALS_MAX)))
    }

    /// Answers 503 and closes, in a task of its own.
    pub(super) fn refuse(&self, stream: mio::net::TcpStream, tasks: &TaskTracker) {
        if let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() {
            tasks.spawn(async move {
                if let Ok(stream) = TcpStream::from_std(stream.into()) {
                    let _ = timeout(FAREWELL, say_no(stream)).await;
                }
                drop(permit);
            });
        }
    }
}

async fn say_no(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(ANSWER).await?;
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
}
