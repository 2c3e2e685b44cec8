//! Bodies of responses, as they are sent: in pieces, each once there is room for it.
//!
//! hyper takes a piece of a body when it has sent most of those before. So a body that is in pieces
//! ends when nearly all of it is sent, and only then its connection counts as idle.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::patience::{InFlight, PeerEnd};
use super::uptake::Uptake;

/// The longest piece.
const PIECE_LEN_MAX: usize = 16 * 1024;

/// The time at which a response is over, whatever of it still waits. Set among a response's
/// extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndsAt(pub(crate) Instant);

/// A response's body, in flight until it was sent.
pub(super) struct SentBody {
    body: Body,
    /// Bytes taken out of the body and is not handed on.
    rest: Bytes,
    /// Uptake by the peer of a stream of HTTP/2. Over HTTP/1 the connection itself tells.
    stream: Option<Arc<Uptake>>,
    /// Ends with the end of what the peer sends, if it is to end the body.
    until: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    _in_flight: Arc<InFlight>,
}

impl SentBody {
    pub(super) fn new(body: Body, stream: Option<Arc<Uptake>>, in_flight: Arc<InFlight>) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            stream,
            until: None,
            _in_flight: in_flight,
        }
    }

    /// Ends the body when the peer closes its sending half, if it is to.
    #[must_use]
    pub(super) fn until(mut self, end: Option<PeerEnd>) -> Self {
        self.until = end.map(|end| {
            let noted: Pin<Box<dyn Future<Output = ()> + Send>> =
                Box::pin(async move { end.noted().await });
            noted
        });
        self
    }

    fn next_piece(&mut self) -> Bytes {
        let len = self.rest.len().min(PIECE_LEN_MAX);
        self.rest.split_to(len)
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(stream) = &self.stream {
            // What was handed on before is on its way.
            stream.took(0, true);
        }
        if let Some(until) = &mut self.until
            && until.as_mut().poll(cx).is_ready()
        {
            self.until = None;
            (self.body, self.rest) = (Body::empty(), Bytes::new());
        }
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end @ (Some(Err(_)) | None) => return Poll::Ready(end),
            }
        }
        let piece = self.next_piece();
        if let Some(stream) = &self.stream {
            stream.block();
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (hint, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut all = SizeHint::new();
        all.set_lower(hint.lower() + rest);
        if let Some(upper) = hint.upper() {
            all.set_upper(upper + rest);
        }
        all
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            stream.took(0, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt;

    use super::super::patience::{Patience, Timeouts};
    use super::*;

    fn sent(body: Body, stream: Option<Arc<Uptake>>) -> SentBody {
        let patience = Patience::new(Timeouts::default());
        SentBody::new(
            body,
            stream,
            Arc::new(patience.begin(hyper::Version::HTTP_11)),
        )
    }

    #[tokio::test]
    async fn a_long_body_is_sent_in_pieces_and_keeps_its_length() {
        let whole = Bytes::from(vec![7; 3 * PIECE_LEN_MAX + 1]);
        let mut body = sent(whole.clone().into(), None);
        let mut lens = Vec::new();
        let mut left = whole.len() as u64;
        while let Some(frame) = body.frame().await {
            assert_eq!(body.is_end_stream(), lens.len() == 3);
            let data = frame.expect("no error").into_data().expect("data");
            left -= data.len() as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            lens.push(data.len());
        }
        assert_eq!(lens, [PIECE_LEN_MAX, PIECE_LEN_MAX, PIECE_LEN_MAX, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_whose_next_piece_is_not_asked_for_is_overdue() {
        let uptake = Arc::new(Uptake::default());
        let mut body = sent(Bytes::from_static(b"one").into(), Some(Arc::clone(&uptake)));
        let _ = body.frame().await;
        let (limit, start) = (Duration::from_secs(20), Instant::now());
        uptake.overdue(limit).await;
        assert_eq!(start.elapsed(), limit);
        assert!(body.frame().await.is_none());
        let overdue = tokio::time::timeout(10 * limit, uptake.overdue(limit));
        assert!(overdue.await.is_err(), "all was taken");
    }
}
