//! The log of one topic: order, dedupe, retention.
//!
//! It gives each publication the next offset, remembers which command made it, and keeps what the
//! topic's delivery promises to keep. Brokers drive it; they add durability and other nodes.

mod message_ids;
mod reading;
mod storing;

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_protocol::{Delivery, Epoch, Moment, Offset, Payload, Position, Publication};

use message_ids::MessageIds;
pub use message_ids::{IdLimits, KeptId, PublishKey};
pub use reading::{Page, Recovery};
pub use storing::{Damaged, Extent, Stage, Staged, Trim};

/// The most bytes of events that one log keeps. Retention ends earlier where this is reached.
pub const LOG_LEN_MAX: usize = 4 * 1024 * 1024;

/// The most bytes of events in one page, unless its first publication alone is longer.
pub const PAGE_LEN_MAX: usize = 64 * 1024;

/// Memory of one publication, in bytes, beside that of its event.
const ENTRY_LEN: usize = 160;

/// How long a run may stand still before it is over.
const RUN_PAUSE_MAX: Duration = Duration::from_secs(60);

/// An event to append.
#[derive(Clone, Debug)]
pub struct Append {
    /// The command that made it; none for events of the server's own.
    pub key: Option<PublishKey>,
    /// The event.
    pub event: Payload,
    /// Names the value that this is a newer version of, for `Latest`.
    pub conflation_key: Option<String>,
    /// Whether a reader can start here, for `Keyframed`.
    pub keyframe: bool,
}

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It has the next offset. Deliver it.
    New(Publication),
    /// Its command was taken before; this is where its event stands. Deliver nothing.
    Duplicate(Offset),
    /// It was refused: the topic remembers as many message ids as it may, and all of them are too
    /// young to be forgotten.
    NoRoom,
}

/// A publication as a log keeps it, and as a store brings it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The publication.
    pub publication: Publication,
    /// When it was appended.
    pub at: Moment,
    /// The value that it is a version of, for `Latest`.
    pub conflation_key: Option<String>,
}

/// The log of one topic.
#[derive(Clone, Debug)]
pub struct Log {
    epoch: Epoch,
    delivery: Delivery,
    head: Offset,
    kept: BTreeMap<Offset, Kept>,
    len: usize,
    newest_of_key: BTreeMap<String, Offset>,
    ids: MessageIds,
}

impl Log {
    /// An empty log without a store.
    pub fn new(epoch: Epoch, delivery: Delivery) -> Self {
        Self {
            epoch,
            delivery,
            head: 0,
            kept: BTreeMap::new(),
            len: 0,
            newest_of_key: BTreeMap::new(),
            ids: MessageIds::new(IdLimits::PROMISED),
        }
    }

    /// An empty log beside a store, which [`trim`](Self::trim) tells what to remove.
    pub fn beside_store(epoch: Epoch, delivery: Delivery) -> Self {
        let mut log = Self::new(epoch, delivery);
        log.ids.track_forgotten();
        log
    }

    /// The same log with other bounds for message ids than the promised ones.
    #[must_use]
    pub fn with_id_limits(mut self, limits: IdLimits) -> Self {
        self.ids.set_limits(limits);
        self
    }

    /// The lifetime that offsets belong to.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What the topic promises to keep.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// The newest offset given; 0 before the first.
    pub fn head(&self) -> Offset {
        self.head
    }

    /// Where the newest publication stands.
    pub fn position(&self) -> Position {
        Position {
            epoch: self.epoch,
            offset: self.head,
        }
    }

    /// The oldest offset that is kept; above `head` when nothing is kept.
    pub fn first(&self) -> Offset {
        self.kept
            .first_key_value()
            .map_or(self.head + 1, |(offset, _)| *offset)
    }

    /// The publication at `offset`, if it is kept.
    pub fn get(&self, offset: Offset) -> Option<&Publication> {
        self.kept.get(&offset).map(|kept| &kept.publication)
    }

    /// Where the event of an earlier command with this key stands.
    pub fn find(&self, key: &PublishKey) -> Option<Offset> {
        self.ids.find(key)
    }

    /// Gives `append` the next offset, unless its command was taken before or its id cannot be
    /// remembered.
    pub fn append(&mut self, now: Moment, append: Append) -> Appended {
        self.ids.expire(now);
        if let Some(key) = append.key {
            if let Some(offset) = self.find(&key) {
                return Appended::Duplicate(offset);
            }
            if !self.ids.has_room(now, key.user, 0, || 0) {
                return Appended::NoRoom;
            }
            let offset = self.head + 1;
            self.ids.remember(KeptId {
                offset,
                key,
                at: now,
            });
        }
        self.head += 1;
        let publication = Publication {
            offset: self.head,
            step: 1,
            event: append.event,
        };
        self.keep(
            Kept {
                publication: publication.clone(),
                at: now,
                conflation_key: append.conflation_key,
            },
            append.keyframe,
        );
        self.expire(now);
        Appended::New(publication)
    }

    /// Memory that the kept events take, in bytes.
    pub fn events_memory_len(&self) -> usize {
        self.len + self.kept.len() * ENTRY_LEN
    }

    /// Memory that the ids of commands take, in bytes.
    pub fn ids_memory_len(&self) -> usize {
        self.ids.memory_len()
    }

    /// Tells whether nothing is lost with the log: it keeps no event that is of use, and, where the
    /// topic keeps a log, it remembers no command.
    pub fn is_spent(&self, now: Moment) -> bool {
        let keeps_events = !self.kept.is_empty() && !self.is_over(now);
        !keeps_events && (self.ids.is_empty() || !self.delivery.is_log())
    }

    /// Drops what is older than the topic keeps.
    pub fn expire(&mut self, now: Moment) {
        self.ids.expire(now);
        let (keep, max_age) = match self.delivery {
            Delivery::Log { keep, max_age } => (keep as usize, Some(max_age)),
            Delivery::Keyframed { max_run } => return self.expire_run(max_run as usize),
            Delivery::Latest { .. } | Delivery::Volatile => (usize::MAX, None),
        };
        while let Some(oldest) = self.kept.first_entry() {
            let too_old = max_age.is_some_and(|max_age| now.since(oldest.get().at) > max_age);
            let newest = *oldest.key() == self.head;
            let too_much = self.len > LOG_LEN_MAX && !newest;
            if !too_old && !too_much && self.kept.len() <= keep {
                return;
            }
            let offset = *self
                .kept
                .first_key_value()
                .expect("there is an oldest one")
                .0;
            self.forget(offset);
        }
    }

    /// Tells whether a run has not gone on for a minute: then it is of no use to those who come, and a
    /// topic that nobody reads can be forgotten with it.
    fn is_over(&self, now: Moment) -> bool {
        let newest = self.kept.last_key_value();
        matches!(self.delivery, Delivery::Keyframed { .. })
            && newest.is_none_or(|(_, newest)| now.since(newest.at) > RUN_PAUSE_MAX)
    }

    /// Drops a run that became too long as a whole: without its keyframe, the rest is no use.
    fn expire_run(&mut self, max_run: usize) {
        if self.kept.len() > max_run || self.len > LOG_LEN_MAX {
            self.kept.clear();
            self.len = 0;
        }
    }

    fn keep(&mut self, kept: Kept, keyframe: bool) {
        let offset = kept.publication.offset;
        match self.delivery {
            Delivery::Volatile => return,
            Delivery::Keyframed { .. } if keyframe => {
                self.kept.clear();
                self.len = 0;
            }
            // Without a keyframe before it, a reader could not start anywhere.
            Delivery::Keyframed { .. } if self.kept.is_empty() => return,
            Delivery::Latest { .. } => {
                let key = kept.conflation_key.clone().unwrap_or_default();
                if let Some(overtaken) = self.newest_of_key.insert(key, offset) {
                    self.forget(overtaken);
                }
            }
            Delivery::Log { .. } | Delivery::Keyframed { .. } => {}
        }
        self.len += kept.publication.event.len();
        self.kept.insert(offset, kept);
    }

    fn forget(&mut self, offset: Offset) {
        let Some(kept) = self.kept.remove(&offset) else {
            return;
        };
        self.len -= kept.publication.event.len();
        // An overtaken value is no longer the newest of its key; one that goes for its age is.
        let key = kept.conflation_key.unwrap_or_default();
        if self.newest_of_key.get(&key) == Some(&offset) {
            self.newest_of_key.remove(&key);
        }
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
