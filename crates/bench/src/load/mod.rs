//! The load: thousands of connections on one thread, with a readiness loop and no runtime.
//!
//! It must cost less than the servers that it measures. So it reads a delivery only as far as it
//! has to: where the frame ends, and the [`stamp`](stamp::Stamp) in it. Start at
//! [`crowd`], which is the loop; [`ledger`] says what counts as lost; [`language`] is all that it
//! knows of what the servers speak.

mod crowd;
mod burst;
mod connection;
mod ledger;
mod language;
mod stamp;
mod framing;
mod websocket;
mod storm;

pub(crate) use burst::{Burst, durations};
pub(crate) use crowd::{Crowd, Pace, Seat, Target};
pub(crate) use language::{Language, Place};
#[cfg(test)]
pub(crate) use ledger::Faults;
pub(crate) use storm::storm;
pub(crate) use websocket::{BUFFER_LEN, Outgoing, WebSocket, upgraded};
