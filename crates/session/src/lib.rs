//! The rules of one Trunkline conversation: both halves as state machines without IO.
//!
//! [`ClientSession`] survives its transports; [`ServerSession`] lives on one. Both have the same
//! four kinds of methods:
//!
//! - *getters* tell what is so;
//! - *commands* (`subscribe`, `publish`) say what somebody wants;
//! - `handle_*` say what happened: a frame came, the line was lost, it is this late;
//! - `poll_*` say what to do next: send this frame, do this, wake me then.
//!
//! Time is an argument, randomness is a seed. A driver hands in what happened, then empties every
//! `poll_*`, then waits for the next event or for `poll_timeout`, whichever is first.
//!
//! Start with [`client`], then [`server`].

pub mod client;
mod subscription;
mod outgoing;
mod saved;
mod backoff;
mod fallback;
mod one_way;
pub mod server;
mod pace;
mod gathering;
mod absence;

pub use absence::was_away;
pub use client::{Action, ClientConfig, ClientEvent, ClientSession, Status, TokenFailure};
pub use fallback::{Fallback, REMEMBERED_FOR, Transport};
pub use gathering::Gathering;
pub use one_way::{HttpAnswer, HttpRequest, Purpose};
pub use outgoing::{COMMANDS_LEN_MAX, COMMANDS_MAX, CommandId, NewCommand, OutboxFull};
pub use pace::{Pace, Paces};
pub use saved::{DropCause, SavedCommand, SavedOutbox};
pub use server::{Close, ServerConfig, ServerEvent, ServerSession, Way};
pub use subscription::{SubscriptionId, Wanted};

#[cfg(test)]
mod tests;
