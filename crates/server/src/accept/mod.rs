//! From a TCP connection to a request: our own accept loop.
//!
//! `axum::serve` lets a silent or slow peer hold its connection for ever and listens with a short
//! backlog. Here a connection must complete a request in time, may idle only for a while between
//! two, and counts against a cap until its socket is closed, upgraded or not.

mod body;
mod counted;
mod listener;
mod patience;
mod reception;
mod refusal;
mod rest;
mod serve;
mod uptake;

pub(crate) use body::EndsAt;
pub(crate) use counted::{CountedStream, OpenConnections};
pub(crate) use listener::{Acceptor, listen};
pub use patience::Timeouts;
pub(crate) use patience::{InFlight, PeerEnd};
pub(crate) use reception::Reception;

#[cfg(test)]
mod tests;
