//! `POST /http/stream`: a conversation as the response to its `connect` frame.

use std::ops::ControlFlow;

use axum::extract::{Request, State};
use axum::response::Response;
use trunkline_protocol::{Codec, ServerFrame, Text};

use super::frames::{FrameBody, Frames, Sent, Write, push_frame};
use super::{OverHttp, streaming};
use crate::problem::Problem;

pub(super) async fn answer(
    State(http): State<OverHttp>,
    request: Request,
) -> Result<Response, Problem> {
    let connect = http.read_connect(request).await?;
    let codec = connect.codec;
    let frames = Frames::begin(&http, connect, http.life);
    let body = FrameBody::of(frames, Frameful(codec));
    Ok(streaming(body, media_type(codec), http.life, http.linger))
}

/// The type of a body with any number of frames.
pub(super) fn media_type(codec: Codec) -> &'static str {
    match codec {
        Codec::Bincode => "application/octet-stream",
        Codec::Json => "application/x-ndjson",
    }
}

/// Writes frames as they are, and the end as one more.
pub(super) struct Frameful(pub(super) Codec);

impl Write for Frameful {
    fn begin(&mut self, _: &mut Vec<u8>) {}

    fn write(&mut self, sent: Sent<'_>, out: &mut Vec<u8>) -> ControlFlow<()> {
        match sent {
            Sent::Frame(frame) => push_frame(self.0, frame, out),
            Sent::End(code, reason) => push_frame(self.0, &disconnect(self.0, code, reason), out),
        }
        ControlFlow::Continue(())
    }
}

/// The frame that ends a conversation.
pub(super) fn disconnect(codec: Codec, code: u16, reason: &str) -> bytes::Bytes {
    let reason = Text::cut(reason);
    codec.encode(&ServerFrame::Disconnect { code, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(codec: Codec, sent: Sent<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        let _ = Frameful(codec).write(sent, &mut out);
        out
    }

    #[test]
    fn frames_stand_in_lines_or_after_their_lengths() {
        let pong = br#"{"type":"pong"}"#;
        assert_eq!(
            written(Codec::Json, Sent::Frame(pong)),
            b"{\"type\":\"pong\"}\n"
        );
        assert_eq!(written(Codec::Bincode, Sent::Frame(&[9])), [1, 9]);
        let long = [7; 300];
        let out = written(Codec::Bincode, Sent::Frame(&long));
        assert_eq!((&out[..3], out.len()), (&[0xfb, 0x2c, 0x01][..], 303));
    }

    #[test]
    fn the_end_is_a_frame() {
        let out = written(Codec::Json, Sent::End(4000, "go on"));
        let told = r#"{"type":"disconnect","code":4000,"reason":"go on"}"#;
        assert_eq!(out, format!("{told}\n").into_bytes());
    }
}
