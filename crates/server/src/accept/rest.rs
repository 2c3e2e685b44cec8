//! The rest of a request's body that nobody reads, because the request is refused before.
//!
//! Closing a connection with unread bytes resets it, and the peer may lose its answer. So a short
//! rest is read and dropped, and the connection is kept; a long one makes the answer the last.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::{Request, Version, header};
use tokio::time::timeout;

/// The longest rest that is read: a body of the greatest length that any address takes.
const REST_LEN_MAX: usize = 256 * 1024;

/// A request's body.
pub(super) struct ReadBody {
    body: Option<Incoming>,
    /// Time that reading the rest may take. None where a rest harms nothing.
    patience: Option<Duration>,
    left: Left,
}

/// Tells whether a rest is left unread, so that the connection ends with the answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Left(Arc<AtomicBool>);

impl Left {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl ReadBody {
    /// The body of a request, of which a rest is read for at most so long.
    pub(super) fn of(request: Request<Incoming>, patience: Duration) -> (Request<Self>, Left) {
        let left = Left::default();
        let told = left.clone();
        // HTTP/2 resets the stream alone, without harm to its answer.
        let ends_alone = request.version() >= Version::HTTP_2;
        // Such a peer sends the body once it is asked to; reading a rest would ask.
        let waits = request.headers().contains_key(header::EXPECT);
        let patience = (!ends_alone && !waits).then_some(patience);
        let request = request.map(|body| Self {
            body: Some(body),
            patience,
            left: told,
        });
        (request, left)
    }
}

impl HttpBody for ReadBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map(Incoming::size_hint)
            .unwrap_or_default()
    }
}

impl Drop for ReadBody {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        match self.patience {
            Some(patience) if body.size_hint().lower() <= REST_LEN_MAX as u64 => {
                tokio::spawn(async move {
                    let _ = timeout(patience, read_rest(body)).await;
                });
            }
            Some(_) | None => self.left.0.store(true, Ordering::Relaxed),
        }
    }
}

async fn read_rest(mut body: Incoming) {
    let mut len = 0;
    while len <= REST_LEN_MAX
        && let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await
    {
        len += frame.data_ref().map_or(0, Bytes::len);
    }
}
