//! What the driver shows to taps: every frame where it enters or leaves a transport.

use trunkline_protocol::{ClientFrame, Codec, ServerFrame};
use trunkline_session::{HttpAnswer, HttpRequest, Transport};

use super::Driver;
use crate::shared::Shared;
use crate::tap::{Size, What, without_token};

impl Driver {
    /// A message of `len` bytes has come over a WebSocket.
    pub(super) fn tap_message(&self, len: usize, frame: Option<&ServerFrame>) {
        self.tap_received(Transport::WebSocket, Size::from_server(len), frame);
    }

    /// Something has come; None for what is no frame.
    pub(super) fn tap_received(
        &self,
        transport: Transport,
        size: Size,
        frame: Option<&ServerFrame>,
    ) {
        if !self.shared.is_tapped() {
            return;
        }
        let named = self.shared.with(|state| {
            let topic = state.session.topic_of(frame?)?;
            Some(topic.to_string())
        });
        let what = frame.map_or(What::Unreadable, |frame| What::Received(frame.clone()));
        self.shared
            .with_taps(|taps| taps.note(transport, size, what, named));
    }

    /// A request is made over HTTP.
    pub(super) fn tap_request(&self, codec: Codec, request: &HttpRequest) {
        if !self.shared.is_tapped() {
            return;
        }
        let (payload, what) = match &request.body {
            Some(frame) => (codec.encode(frame).len(), What::Sent(without_token(frame))),
            None => (0, What::Asked(request.path.clone())),
        };
        let size = Size { payload, header: 0 };
        self.shared
            .with_taps(|taps| taps.note(self.dialed, size, what, None));
    }

    /// A request over HTTP was answered with `payload` bytes.
    pub(super) fn tap_answer(&self, answer: &HttpAnswer, payload: usize) {
        if !self.shared.is_tapped() {
            return;
        }
        let size = Size { payload, header: 0 };
        match answer {
            HttpAnswer::Frame(frame) => self.tap_received(self.dialed, size, Some(frame)),
            HttpAnswer::Refused(error) => self.shared.with_taps(|taps| {
                taps.note(self.dialed, size, What::Refused(error.clone()), None);
            }),
            HttpAnswer::Unauthorized | HttpAnswer::None => {
                self.tap_received(self.dialed, size, None);
            }
        }
    }
}

/// A frame of `len` bytes was written to a WebSocket.
pub(super) fn tap_sent(shared: &Shared, frame: &ClientFrame, len: usize) {
    if shared.is_tapped() {
        let what = What::Sent(without_token(frame));
        let size = Size::from_client(len);
        shared.with_taps(|taps| taps.note(Transport::WebSocket, size, what, None));
    }
}
