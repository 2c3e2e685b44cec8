//! The frames of a conversation whose line is a pipe, on their way into a response.
//!
//! A shard frames what it sends for WebSockets, once for all readers. Here that framing is taken
//! off again, so that the shard's loop knows one.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use trunkline_protocol::Codec;
use trunkline_session::Way;
use trunkline_websocket::{Decoder, Incoming, Kind, Role as End, push_masked_message};

use super::OverHttp;
use super::body::Connect;
use super::caller::UnderWay;
use crate::shard::{Arrival, PipeReader, Role, pipe};

/// The longest frame that is read. Ours are shorter, and bounded where they are made.
const FRAME_LEN_MAX: usize = 16 * 1024 * 1024;

/// What comes out of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sent<'a> {
    /// A frame, encoded.
    Frame(&'a [u8]),
    /// The end, with a close code and its words.
    End(u16, &'a str),
}

/// The frames of one conversation. It ends when this is dropped.
pub(super) struct Frames {
    pipe: PipeReader,
    decoder: Decoder,
    _under_way: UnderWay,
}

impl Frames {
    /// Begins the conversation that a `connect` frame asks for, for at most `life`.
    pub(super) fn begin(http: &OverHttp, connect: Connect, life: Duration) -> Self {
        let Connect {
            caller,
            codec,
            frame,
            ..
        } = connect;
        let kind = if codec.is_text() {
            Kind::Text
        } else {
            Kind::Binary
        };
        let mut early = Vec::new();
        push_masked_message(&mut early, kind, &codec.encode(&frame), [0; 4]);
        let (socket, reader) = pipe();
        http.node.adopt(Arrival {
            socket,
            role: Role::Conversation(codec, Way::Out { life }),
            early: early.into(),
            // The connection that the request came on is counted, and requests are, by user.
            permit: None,
            token: http.node.tasks.token(),
        });
        Self {
            pipe: reader,
            decoder: Decoder::new(End::Client, FRAME_LEN_MAX),
            _under_way: caller.under_way,
        }
    }

    /// Hands on what has come, in order, until `handle` breaks. Breaks when nothing more comes.
    pub(super) fn poll_next(
        &mut self,
        context: &Context<'_>,
        mut handle: impl FnMut(Sent<'_>) -> ControlFlow<()>,
    ) -> Poll<ControlFlow<()>> {
        let Some(mut bytes) = ready!(self.pipe.poll_read(context)) else {
            return Poll::Ready(ControlFlow::Break(()));
        };
        let mut flow = ControlFlow::Continue(());
        let read = self.decoder.read(&mut bytes, &mut |incoming| {
            flow = match incoming {
                Incoming::Message { payload, .. } => handle(Sent::Frame(payload)),
                Incoming::Close { code, reason } => {
                    let _ = handle(Sent::End(code.unwrap_or(1000), reason));
                    ControlFlow::Break(())
                }
                Incoming::Ping(_) | Incoming::Pong(_) => ControlFlow::Continue(()),
            };
            flow
        });
        if let Err(violation) = read {
            tracing::error!(%violation, "a shard wrote what is no frame");
            flow = ControlFlow::Break(());
        }
        Poll::Ready(flow)
    }
}

/// How frames stand in a response.
pub(super) trait Write: Send + Unpin + 'static {
    /// What comes before all frames.
    fn begin(&mut self, out: &mut Vec<u8>);

    /// Writes what was sent. Breaks if the response is to end after it.
    fn write(&mut self, sent: Sent<'_>, out: &mut Vec<u8>) -> ControlFlow<()>;
}

/// A response's body that goes on as long as the conversation.
pub(super) struct FrameBody<W> {
    frames: Option<Frames>,
    writer: W,
    begun: bool,
}

impl<W: Write> FrameBody<W> {
    pub(super) fn of(frames: Frames, writer: W) -> Body {
        Body::new(Self {
            frames: Some(frames),
            writer,
            begun: false,
        })
    }
}

impl<W: Write> HttpBody for FrameBody<W> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let mut out = Vec::new();
        if !std::mem::replace(&mut this.begun, true) {
            this.writer.begin(&mut out);
        }
        // Half a frame may have come, of which there is nothing to write yet.
        while let Some(frames) = &mut this.frames {
            let writer = &mut this.writer;
            match frames.poll_next(context, |sent| writer.write(sent, &mut out)) {
                Poll::Ready(ControlFlow::Continue(())) if out.is_empty() => {}
                Poll::Ready(ControlFlow::Continue(())) => break,
                Poll::Ready(ControlFlow::Break(())) => this.frames = None,
                Poll::Pending if out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if out.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(out.into()))))
    }
}

/// Appends a frame as it stands among others: a line of JSON, or bincode after its length.
pub(super) fn push_frame(codec: Codec, frame: &[u8], out: &mut Vec<u8>) {
    match codec {
        Codec::Json => {
            out.extend_from_slice(frame);
            out.push(b'\n');
        }
        Codec::Bincode => {
            // As long as a payload is, so that a reader needs one way to read a length.
            out.extend_from_slice(&Codec::Bincode.encode(&(frame.len() as u64)));
            out.extend_from_slice(frame);
        }
    }
}
