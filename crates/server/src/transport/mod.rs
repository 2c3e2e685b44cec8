//! Transports: ways to reach a shard. Each begins in HTTP; a WebSocket then hands its socket over,
//! the others get a pipe from the shard into their response.

pub(crate) mod door;
pub(crate) mod handshake;
pub(crate) mod http;
pub(crate) mod websocket;

pub(crate) use http::OverHttp;
