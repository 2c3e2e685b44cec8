//! Transports: ways to reach a shard. Each does its handshake in HTTP, then hands its socket over.

pub(crate) mod door;
pub(crate) mod handshake;
pub(crate) mod websocket;
