//! The rules of a node's memory: logs, fan-out, outboxes, presence. No IO, clock, lock or task.
//!
//! - [`Log`]: what a topic keeps, in order, with retention and the ids that make retries harmless.
//!   Every broker drives one.
//! - [`lineage`]: whether a store that is opened continues what its readers know.
//! - [`StoreTime`]: the clock by which a store ages what it keeps, whatever the wall clock says.
//! - [`Hub`]: who is subscribed to what, and fan-out to them, on one shard. It encodes a publication
//!   once per codec, not once per subscriber, and hands on what waits in batches.
//! - [`Outbox`]: what waits to be sent to one connection, bounded in bytes. The
//!   topic's [`Delivery`](trunkline_protocol::Delivery) says what gives way at the bound.
//! - [`People`]: who is there, on all shards, with joins, leaves and expiry.
//!
//! Start with [`hub`].

mod groups;
pub mod hub;
mod joining;
mod state;
mod batch;
mod values;
mod fan_out;
mod catch_up;
mod announce;
pub mod outbox;
pub mod log;
pub mod lineage;
pub mod store_time;
pub mod proof;
pub mod people;
pub mod presence;

pub use catch_up::CatchUp;
pub use fan_out::publications_in;
pub use hub::{ConnectionId, Framing, Hub, HubConfig, Kind, OutboxOverflow, ToJson};
pub use joining::Joined;
pub use lineage::{Found, Identity, Lineage, Renewal, Watermark};
pub use log::{
    Append, Appended, Damaged, Extent, IdLimits, Kept, KeptId, Log, Page, PublishKey, Recovery,
    Stage, Staged, Trim,
};
pub use outbox::Outbox;
pub use people::{Announcement, People};
pub use presence::Presence;
pub use proof::Proof;
pub use store_time::{StoreTime, WallJump};

#[cfg(test)]
mod tests;
