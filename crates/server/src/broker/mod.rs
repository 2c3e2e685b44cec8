//! Brokers: where publications get their order, are kept, and are handed on for delivery.
//!
//! The contract, for every broker: a topic's offsets rise without repeating within an epoch; the
//! look-up of a command's key, its append and its record are one step; publications are delivered
//! on this node in the order of their offsets; a broker that lost something starts a new epoch.
//! The set is closed, so it is an enum: matching is readable, and there is one place to look.

mod disk;
mod memory;
#[cfg(test)]
mod conformance;

use std::sync::Arc;

use tokio::sync::oneshot;
use trunkline_hub::{Append, Log, Page, Proof, PublishKey, Recovery};
use trunkline_protocol::frame::{PAGE_MAX, Range};
use trunkline_protocol::{Delivery, Epoch, Offset, Position, Publication, TopicName};

pub(crate) use disk::{Disk, HistoryHealth, mark_as_restored};
pub(crate) use memory::Memory;

/// The most topics that a broker knows. Beyond it, new topics are refused for now.
const TOPICS_MAX: usize = 100_000;

/// What a broker does with a publication that has its place: hand it to this node's hub. Called
/// while the topic's order is held, so it must not wait.
pub(crate) type Deliver = Arc<dyn Fn(&TopicName, &Delivered<'_>) + Send + Sync>;

/// Tells whether somebody uses a topic. Asked while the broker is held, so it must not wait.
pub(crate) type InUse = Arc<dyn Fn(&TopicName) -> bool + Send + Sync>;

/// What happened to a topic, on its way to the hub.
pub(crate) enum Delivered<'a> {
    Publication {
        publication: &'a Publication,
        conflation_key: Option<&'a str>,
        keyframe: bool,
    },
    /// The history began another epoch while it may have readers.
    NewEpoch,
}

/// Where an event stands after it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) position: Position,
    pub(crate) duplicate: bool,
}

/// Why a broker cannot do what it is asked. All of them may be different later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokerError {
    /// It knows as many topics as it may.
    Full,
    /// What it keeps can be neither read nor written now.
    Unavailable,
    /// The topic remembers as many message ids as it may, and all of them are young.
    TooManyIds,
}

/// KeptPage publications with the epoch that they belong to.
#[derive(Clone, Debug)]
pub(crate) struct KeptPage {
    pub(crate) epoch: Epoch,
    pub(crate) page: Page,
}

/// An event that was handed in to be published.
pub(crate) enum HandedIn {
    /// It is kept already.
    Placed(Placed),
    /// It is being written. It is, also when the answer is awaited by nobody.
    Waits(oneshot::Receiver<Result<Placed, BrokerError>>),
}

impl HandedIn {
    /// Waits until the event is kept.
    pub(crate) async fn placed(self) -> Result<Placed, BrokerError> {
        match self {
            Self::Placed(placed) => Ok(placed),
            Self::Waits(answer) => answer.await.map_err(|_| BrokerError::Unavailable)?,
        }
    }
}

pub(crate) enum Broker {
    Memory(Memory),
    Disk(Disk),
}

impl Broker {
    /// Returns the health of a history on the disk.
    pub(crate) fn health(&self) -> Option<Arc<HistoryHealth>> {
        match self {
            Self::Memory(_) => None,
            Self::Disk(disk) => Some(Arc::clone(disk.health())),
        }
    }

    /// Where the event of a command that was taken before stands.
    pub(crate) async fn find(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        key: &PublishKey,
    ) -> Result<Option<Position>, BrokerError> {
        match self {
            Self::Memory(memory) => Ok(memory.find(topic, key)),
            Self::Disk(disk) => disk.find(topic, delivery, key).await,
        }
    }

    /// Gives an event the next offset of its topic, keeps it, and delivers it, unless its command
    /// was taken before.
    pub(crate) async fn publish(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        append: Append,
    ) -> Result<Placed, BrokerError> {
        self.hand_in(topic, delivery, append).await?.placed().await
    }

    /// Hands an event in to be published. Events of a topic get their offsets in the order in which
    /// they were handed in.
    pub(crate) async fn hand_in(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        append: Append,
    ) -> Result<HandedIn, BrokerError> {
        match self {
            Self::Memory(memory) => memory
                .publish(topic, delivery, append)
                .map(HandedIn::Placed),
            Self::Disk(disk) => disk.hand_in(topic, delivery, append).await,
        }
    }

    /// Waits until everything that was handed in before is kept or refused, so that a read sees it.
    pub(crate) async fn settle(&self) -> Result<(), BrokerError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Disk(disk) => disk.settle().await,
        }
    }

    /// The newest `count` kept publications.
    pub(crate) async fn newest(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        count: usize,
    ) -> Result<KeptPage, BrokerError> {
        match self {
            Self::Memory(memory) => memory.read(topic, delivery, |log| log.newest(count)),
            Self::Disk(disk) => disk.read(topic, delivery, |log| log.newest(count)).await,
        }
    }

    /// What a reader at `since` has missed, and the epoch of the history now.
    pub(crate) async fn recover(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        since: Position,
    ) -> Result<(Epoch, Recovery), BrokerError> {
        match self {
            Self::Memory(memory) => memory.recover(topic, delivery, since),
            Self::Disk(disk) => disk.recover(topic, delivery, since).await,
        }
    }

    /// As `recover`, for a reader that proves which event it has at `since`. If another one is kept
    /// there, the reader gets a gap and all that is kept.
    pub(crate) async fn recover_proven(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        since: Position,
        proof: &Proof,
    ) -> Result<(Epoch, Recovery), BrokerError> {
        let (epoch, recovery) = self.recover(topic, delivery, since).await?;
        // Compared here, since the broker must not be held for as long as an event is long.
        if !recovery.contradicts(proof) {
            return Ok((epoch, recovery));
        }
        let all = Range::After { offset: 0 };
        let kept = self.range(topic, delivery, all, PAGE_MAX).await?;
        Ok((kept.epoch, Recovery::of_another_branch(kept.page)))
    }

    /// A range of kept publications.
    pub(crate) async fn range(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        range: Range,
        count: usize,
    ) -> Result<KeptPage, BrokerError> {
        let read = |log: &Log| match range {
            Range::Before { offset } => log.before(offset, count),
            Range::After { offset } => log.after(offset, count),
        };
        match self {
            Self::Memory(memory) => memory.read(topic, delivery, read),
            Self::Disk(disk) => disk.read(topic, delivery, read).await,
        }
    }

    /// The topics that have had events, with the newest offset of each.
    pub(crate) fn heads(&self) -> Vec<(TopicName, Offset)> {
        match self {
            Self::Memory(memory) => memory.heads(),
            Self::Disk(disk) => disk.heads(),
        }
    }

    /// Drops what is too old, and forgets topics that keep nothing and that nobody uses.
    pub(crate) async fn sweep(&self, in_use: InUse) {
        match self {
            Self::Memory(memory) => memory.sweep(&*in_use),
            Self::Disk(disk) => disk.sweep(in_use).await,
        }
    }
}

/// A new lifetime: random, so that a position of another one is not taken for one of this.
fn new_epoch() -> Epoch {
    Epoch(getrandom::u32().expect("the operating system gives random bits"))
}
