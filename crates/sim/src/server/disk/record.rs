//! Records: what a store writes, each with a checksum over its key and its content.

use std::sync::Arc;

use trunkline_hub::{Extent, PublishKey};
use trunkline_protocol::{Epoch, MessageId, Moment, Offset};

use crate::event::Event;

/// The place of a record in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    /// The record of the store itself.
    Own,
    Topic(usize),
    Event(usize, Offset),
    Command(usize, Offset),
}

/// A record of the store itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Own {
    /// The number of the last commit.
    pub(super) commits: u64,
    /// The marker file of the folder that the store belongs to.
    pub(super) identity: u64,
    /// The epoch of topics without a record.
    pub(super) epoch: Epoch,
    /// The store's own time.
    pub(super) time: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TopicRecord {
    pub(super) epoch: Epoch,
    pub(super) extent: Extent,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Own(Own),
    Topic(TopicRecord),
    Event(Arc<Event>, Moment),
    /// A command and the moment at which it was taken.
    Command(PublishKey, Moment),
}

/// A record put in place, or removed.
pub(super) type Change = (Key, Option<Record>);

/// Changes that are committed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Commit {
    pub(super) number: u64,
    pub(super) changes: Arc<Vec<Change>>,
}

/// Something as it is on the device, with its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed<T> {
    content: T,
    sum: u64,
}

/// Content that has a checksum, and that rot can change.
pub(super) trait Content {
    fn sum(&self) -> u64;

    /// Changes a bit.
    fn flip(&mut self);
}

impl<T: Content> Sealed<T> {
    pub(super) fn new(content: T) -> Self {
        let sum = content.sum();
        Self { content, sum }
    }

    /// Returns the content if it is what was written.
    pub(super) fn read(&self) -> Option<&T> {
        (self.content.sum() == self.sum).then_some(&self.content)
    }

    pub(super) fn flip(&mut self) {
        self.content.flip();
    }
}

impl Sealed<(Key, Record)> {
    /// Tells whether two versions of a topic's record belong to one epoch.
    pub(super) fn is_of_epoch(&self, other: &Self) -> bool {
        match (&self.content.1, &other.content.1) {
            (Record::Topic(one), Record::Topic(other)) => one.epoch == other.epoch,
            (Record::Own(_), Record::Own(_)) => true,
            _ => false,
        }
    }
}

/// Mixes numbers into one (FNV-1a over words).
fn mix(numbers: impl IntoIterator<Item = u64>) -> u64 {
    let step = |hash: u64, number: u64| {
        (hash ^ number)
            .wrapping_mul(0x0100_0000_01b3)
            .rotate_left(29)
    };
    numbers.into_iter().fold(0xcbf2_9ce4_8422_2325, step)
}

impl Key {
    fn sum(self) -> u64 {
        match self {
            Self::Own => mix([0]),
            Self::Topic(topic) => mix([1, topic as u64]),
            Self::Event(topic, offset) => mix([2, topic as u64, offset]),
            Self::Command(topic, offset) => mix([3, topic as u64, offset]),
        }
    }
}

impl Record {
    fn sum(&self) -> u64 {
        match self {
            Self::Own(own) => mix([
                own.commits,
                own.identity,
                u64::from(own.epoch.0),
                own.time.as_ms(),
            ]),
            Self::Topic(TopicRecord { epoch, extent }) => mix([
                u64::from(epoch.0),
                extent.head,
                extent.first,
                extent.first_key,
            ]),
            Self::Event(event, at) => mix([
                event.author,
                event.sender,
                u64::from(event.counter),
                u64::from(event.key),
                u64::from(event.keyframe),
                event.filling.len() as u64,
                at.as_ms(),
            ]),
            Self::Command(
                PublishKey {
                    user,
                    message_id: MessageId { sender, counter },
                },
                at,
            ) => mix([user.0, (*sender).into(), u64::from(*counter), at.as_ms()]),
        }
    }

    fn flip(&mut self) {
        match self {
            Self::Own(own) => own.commits ^= 1 << 7,
            Self::Topic(record) => record.extent.head ^= 1 << 5,
            Self::Event(event, _) => {
                let mut flipped = (**event).clone();
                flipped.counter ^= 1 << 30;
                *event = Arc::new(flipped);
            }
            Self::Command(key, _) => key.message_id.counter ^= 1 << 30,
        }
    }
}

impl Content for (Key, Record) {
    fn sum(&self) -> u64 {
        mix([self.0.sum(), self.1.sum()])
    }

    fn flip(&mut self) {
        self.1.flip();
    }
}

impl Content for Commit {
    fn sum(&self) -> u64 {
        let changes = self.changes.iter();
        let sums = changes.map(|(key, record)| {
            let sum = record.as_ref().map_or(1, Record::sum);
            mix([key.sum(), sum])
        });
        mix([self.number].into_iter().chain(sums))
    }

    fn flip(&mut self) {
        self.number ^= 1 << 9;
    }
}

/// The number in the watermark file.
impl Content for u64 {
    fn sum(&self) -> u64 {
        mix([*self])
    }

    fn flip(&mut self) {
        *self ^= 1 << 3;
    }
}
