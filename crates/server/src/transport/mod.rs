//! Transports: ways to reach a connection. Each offers messages in and messages out, and knows
//! nothing of sessions, topics or the hub.

mod handshake;
pub(crate) mod websocket;

use std::collections::VecDeque;
use std::future::Future;

use bytes::Bytes;
use trunkline_protocol::DisconnectReason;
use trunkline_session::Close;

/// What comes in.
pub(crate) enum Incoming {
    /// A whole message of the kind that the codec speaks.
    Message(Bytes),
    /// The peer broke a rule of the transport. Close with this.
    Violation(DisconnectReason),
    /// The transport is closed. Nothing comes any more.
    Closed,
}

/// The half of a transport that is read.
pub(crate) trait Reader: Send {
    /// The next thing that comes in. Cancel safe.
    fn receive(&mut self) -> impl Future<Output = Incoming> + Send;
}

/// The half of a transport that is written.
pub(crate) trait Writer: Send {
    /// Tells whether something was written that is not on its way yet.
    fn is_busy(&self) -> bool;

    /// Writes all of `queue` and sees it on its way. Cancel safe: what was not taken from the
    /// queue was not written. An error means that the transport is gone.
    fn write(&mut self, queue: &mut VecDeque<Bytes>)
    -> impl Future<Output = Result<(), ()>> + Send;

    /// Says why and closes.
    fn close(&mut self, close: &Close) -> impl Future<Output = ()> + Send;
}
