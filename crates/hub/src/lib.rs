//! The rules of a node's memory: logs, fan-out, outboxes, presence. No IO, clock, lock or task.
//!
//! - [`Log`]: what a topic keeps, in order, with retention and the ids that make retries harmless.
//!   Every broker drives one.
//! - [`Hub`]: who is subscribed to what, and fan-out to them. It encodes a publication once per
//!   codec, not once per subscriber.
//! - [`Outbox`](outbox::Outbox): what waits to be sent to one connection, bounded in bytes. The
//!   topic's [`Delivery`](trunkline_protocol::Delivery) says what gives way at the bound.
//! - [`Presence`]: who is there, with joins, leaves and expiry.
//!
//! Start with [`hub`].

pub mod hub;
mod state;
mod fan_out;
mod catch_up;
mod announce;
pub mod outbox;
pub mod log;
pub mod presence;

pub use catch_up::CatchUp;
pub use fan_out::publications_in;
pub use hub::{ConnectionId, Hub, HubConfig, Joined, OutboxOverflow, ToJson};
pub use log::{
    Append, Appended, Damaged, Extent, Kept, Log, Page, PublishKey, Recovery, Stage, Staged, Trim,
};
pub use presence::Presence;

#[cfg(test)]
mod tests;
