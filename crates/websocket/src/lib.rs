//! WebSocket framing (RFC 6455) without IO, clock, lock or task, for both ends of a connection.
//!
//! - [`Decoder`]: turns bytes, in whatever pieces they come, into messages and control frames. What
//!   lies whole in the caller's buffer is handed on in place; only a rest is copied.
//! - [`encode`]: appends frames to bytes.
//!
//! Start with [`decode`]. The opening handshake is not here: it is HTTP.

pub mod decode;
mod incoming;
mod partial;
mod header;
mod mask;
mod utf8;
pub mod encode;

pub use decode::Decoder;
pub use encode::{
    header_len, push_close, push_masked_close, push_masked_message, push_masked_ping,
    push_masked_pong, push_message, push_ping, push_pong,
};
pub use incoming::{Incoming, Violation};

/// Which end reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A server: what comes must be masked.
    Server,
    /// A client: what comes must not be masked.
    Client,
}

/// What a message holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, in UTF-8.
    Text,
    /// Bytes.
    Binary,
}

#[cfg(test)]
mod tests;
