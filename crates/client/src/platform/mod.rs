//! What differs between a browser and a native program: sockets, timers, tasks, the clock, random
//! bits, HTTP, and what wakes a sleeping client. Both files offer the same items; the target
//! chooses. Where an outbox is kept differs, too: in a file, or in the browser's storage.

use bytes::Bytes;
use futures_util::SinkExt;
use trunkline_protocol::{DisconnectReason, Timestamp};
use trunkline_session::TokenFailure;

#[cfg(target_arch = "wasm32")]
mod browser;
#[cfg(target_arch = "wasm32")]
mod local_outbox;
#[cfg(target_arch = "wasm32")]
mod locks;
#[cfg(not(target_arch = "wasm32"))]
mod file_outbox;
#[cfg(not(target_arch = "wasm32"))]
mod file_records;
#[cfg(not(target_arch = "wasm32"))]
mod native;

#[cfg(target_arch = "wasm32")]
use browser as here;
#[cfg(not(target_arch = "wasm32"))]
use native as here;

pub use here::MaybeSend;
pub(crate) use here::{
    BoxedFuture, BoxedStream, Http, TokenFn, Wakes, is_online, now, open, post, random, remember,
    remembered, sleep, spawn, timestamp,
};

/// Where an outbox can be kept here.
pub(crate) mod stores {
    #[cfg(not(target_arch = "wasm32"))]
    pub use super::file_outbox::{FileOutbox, FileOutboxError};
    pub use super::here::{LocalOutbox, Lock};
}

/// What a token provider ends in.
pub(crate) type Token = Result<String, TokenFailure>;

/// A WebSocket that is being opened.
pub(crate) type Opening = BoxedFuture<Result<Socket, DisconnectReason>>;

/// An open WebSocket.
pub(crate) struct Socket {
    pub(crate) outgoing: here::BoxedSink<Outgoing>,
    pub(crate) incoming: here::BoxedStream<Incoming>,
}

impl Socket {
    /// Says goodbye, as far as the platform lets a client say why, and closes.
    pub(crate) async fn close(mut self, reason: DisconnectReason) {
        // The line may be dead already; then there is nobody to say goodbye to.
        let _ = self.outgoing.send(Outgoing::Close(reason)).await;
    }
}

/// What goes out over a WebSocket.
pub(crate) enum Outgoing {
    Frame(Bytes),
    Close(
        #[cfg_attr(
            target_arch = "wasm32",
            expect(dead_code, reason = "a page closes by dropping its socket")
        )]
        DisconnectReason,
    ),
}

/// What comes in over a WebSocket.
pub(crate) enum Incoming {
    /// A message of the kind that the codec speaks.
    Message(Bytes),
    /// A message of the other kind.
    WrongKind,
    /// It is closed.
    Closed(DisconnectReason),
}

/// What an HTTP request came back with.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The server's time, if its head has a date.
    pub(crate) date: Option<Timestamp>,
    /// The cookie to send from now on, where the platform does not keep cookies itself.
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

/// An HTTP request whose answer is read as it comes.
pub(crate) struct Fetch {
    pub(crate) url: String,
    /// What is posted; without it, this is a GET.
    pub(crate) body: Option<Bytes>,
    /// Of the body, and of what is to come back.
    pub(crate) media_type: &'static str,
    /// For the header `Authorization`.
    pub(crate) token: Option<String>,
}

/// The head of an answer, and its body. Dropping it cuts the answer short.
pub(crate) struct Fetched {
    pub(crate) status: u16,
    /// Pieces of the body; None where it breaks.
    pub(crate) body: BoxedStream<Option<Bytes>>,
}
