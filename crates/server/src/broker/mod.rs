//! Brokers: where publications get their order, are kept, and are handed on for delivery.
//!
//! The contract, for every broker: a topic's offsets rise without repeating within an epoch; the
//! look-up of a command's key, its append and its record are one step; publications are delivered
//! on this node in the order of their offsets; a broker that lost something starts a new epoch.
//! The set is closed, so it is an enum: matching is readable, and there is one place to look.

mod memory;

use std::sync::Arc;

use trunkline_hub::{Append, Page, PublishKey, Recovery};
use trunkline_protocol::frame::Range;
use trunkline_protocol::{Delivery, Epoch, Offset, Position, Publication, TopicName};

pub(crate) use memory::Memory;

/// What a broker does with a publication that has its place: hand it to this node's hub. Called
/// while the topic's order is held, so it must not wait.
pub(crate) type Deliver = Arc<dyn Fn(&TopicName, &Delivered<'_>) + Send + Sync>;

/// A publication on its way to the hub.
pub(crate) struct Delivered<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) conflation_key: Option<&'a str>,
    pub(crate) keyframe: bool,
}

/// Where an event stands after it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) position: Position,
    pub(crate) duplicate: bool,
}

/// A broker cannot take more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BrokerFull;

/// Kept publications with the epoch that they belong to.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) epoch: Epoch,
    pub(crate) page: Page,
}

pub(crate) enum Broker {
    Memory(Memory),
}

impl Broker {
    /// Where the event of a command that was taken before stands.
    pub(crate) async fn find(&self, topic: &TopicName, key: &PublishKey) -> Option<Position> {
        match self {
            Self::Memory(memory) => memory.find(topic, key),
        }
    }

    /// Gives an event the next offset of its topic, keeps it, and delivers it, unless its command
    /// was taken before.
    pub(crate) async fn publish(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        append: Append,
    ) -> Result<Placed, BrokerFull> {
        match self {
            Self::Memory(memory) => memory.publish(topic, delivery, append),
        }
    }

    /// The newest `count` kept publications.
    pub(crate) async fn newest(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        count: usize,
    ) -> Result<Kept, BrokerFull> {
        match self {
            Self::Memory(memory) => memory.read(topic, delivery, |log| log.newest(count)),
        }
    }

    /// What a reader at `since` has missed, and the epoch of the history now.
    pub(crate) async fn recover(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        since: Position,
    ) -> Result<(Epoch, Recovery), BrokerFull> {
        match self {
            Self::Memory(memory) => memory.recover(topic, delivery, since),
        }
    }

    /// A range of kept publications.
    pub(crate) async fn range(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        range: Range,
        count: usize,
    ) -> Result<Kept, BrokerFull> {
        match self {
            Self::Memory(memory) => memory.read(topic, delivery, |log| match range {
                Range::Before { offset } => log.before(offset, count),
                Range::After { offset } => log.after(offset, count),
            }),
        }
    }

    /// The topics that have had events, with the newest offset of each.
    pub(crate) fn heads(&self) -> Vec<(TopicName, Offset)> {
        match self {
            Self::Memory(memory) => memory.heads(),
        }
    }

    /// Drops what is too old, and forgets topics that keep nothing and that nobody uses.
    pub(crate) fn sweep(&self, in_use: &dyn Fn(&TopicName) -> bool) {
        match self {
            Self::Memory(memory) => memory.sweep(in_use),
        }
    }
}
