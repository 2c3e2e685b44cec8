//! The message ids that a log remembers, so that a command that is sent again has no second effect.
//!
//! Each user has a window of its own: other users' commands never push an id out of it. Only when
//! the whole topic remembers as many ids as it may do users compete, and then the longest-idle ones
//! give way. The order of offsets is the order of age, because a log's time never goes back.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use trunkline_protocol::{MessageId, Moment, Offset, UserId};

/// The most ids that one call forgets because of their age. The next calls forget the rest.
const EXPIRED_AT_ONCE_MAX: usize = 1024;

/// Memory of one id, in bytes: its entries in two trees, whose nodes are about 60% full, and in a
/// queue. By measurement, 262,144 ids take 41 MB if users have many each, and 61 MB if they have one.
const ID_LEN: usize = 155;

/// Memory of one user who has ids, in bytes, beside that of the ids.
const USER_LEN: usize = 80;

/// Identity of a command in a topic. The user is part of it, so that no user can collide with or
/// probe the ids of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublishKey {
    /// The user who sent the command.
    pub user: UserId,
    /// The id that the user's client gave it.
    pub message_id: MessageId,
}

/// A command's id as a log remembers it, and as a store brings it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptId {
    /// The offset of the command's event.
    pub offset: Offset,
    /// The command.
    pub key: PublishKey,
    /// The moment at which it was taken.
    pub at: Moment,
}

/// Bounds of the ids that a log remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdLimits {
    /// The most ids of one user. Beyond it, the user's oldest id is forgotten.
    pub of_user: usize,
    /// The most ids of a topic. Beyond it, ids of the longest-idle users are forgotten.
    pub of_topic: usize,
    /// The age at which an id is forgotten.
    pub kept_for: Duration,
    /// The age below which an id is not forgotten for the sake of other users.
    pub spared_for: Duration,
}

impl IdLimits {
    /// The bounds that PROTOCOL.md promises.
    pub const PROMISED: Self = Self {
        of_user: 1024,
        of_topic: 262_144,
        kept_for: Duration::from_secs(24 * 60 * 60),
        spared_for: Duration::from_secs(10 * 60),
    };
}

#[derive(Clone, Copy, Debug)]
struct Id {
    key: PublishKey,
    at: Moment,
}

/// The ids of one topic. Every operation takes logarithmic time, spread over many calls.
#[derive(Clone, Debug)]
pub(super) struct MessageIds {
    limits: IdLimits,
    /// All ids by the offsets of their events, which is the order of age.
    by_age: BTreeMap<Offset, Id>,
    offset_of: BTreeMap<PublishKey, Offset>,
    /// The offsets of each user's ids, oldest first. No user is without ids.
    of_user: BTreeMap<UserId, VecDeque<Offset>>,
    /// No id below this offset is the newest of its user, now or later.
    idle_from: Offset,
    /// Ids up to this offset are old enough to give way to those of other users.
    aged_to: Offset,
    /// Number of ids up to `aged_to`.
    aged: usize,
    /// Offsets of forgotten ids that a store still has. None for a log without a store.
    forgotten: Option<BTreeSet<Offset>>,
}

impl MessageIds {
    /// Remembers nothing yet.
    pub(super) fn new(limits: IdLimits) -> Self {
        Self {
            limits,
            by_age: BTreeMap::new(),
            offset_of: BTreeMap::new(),
            of_user: BTreeMap::new(),
            idle_from: 0,
            aged_to: 0,
            aged: 0,
            forgotten: None,
        }
    }

    /// Keeps account of what a store does not need any more.
    pub(super) fn track_forgotten(&mut self) {
        self.forgotten.get_or_insert_default();
    }

    /// Sets other bounds than the promised ones.
    pub(super) fn set_limits(&mut self, limits: IdLimits) {
        self.limits = limits;
    }

    /// The offset of the event that a command with this key made.
    pub(super) fn find(&self, key: &PublishKey) -> Option<Offset> {
        self.offset_of.get(key).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_age.is_empty()
    }

    /// The memory that the ids take, in bytes.
    pub(super) fn memory_len(&self) -> usize {
        self.by_age.len() * ID_LEN + self.of_user.len() * USER_LEN
    }

    /// Forgets ids that are older than they are kept, the oldest first.
    pub(super) fn expire(&mut self, now: Moment) {
        for _ in 0..EXPIRED_AT_ONCE_MAX {
            let Some((&oldest, id)) = self.by_age.first_key_value() else {
                return;
            };
            if now.since(id.at) <= self.limits.kept_for {
                return;
            }
            self.forget(oldest);
        }
    }

    /// Tells whether an id of `user` can be remembered after `staged` others, of which
    /// `staged_of_user` are the user's own. If it says so, [`remember`](Self::remember) finds room.
    pub(super) fn has_room(
        &mut self,
        now: Moment,
        user: UserId,
        staged: usize,
        staged_of_user: impl FnOnce() -> usize,
    ) -> bool {
        if self.by_age.len() + staged < self.limits.of_topic {
            return true;
        }
        self.age(now);
        // Each staged id takes a free place or that of an aged id, at most.
        if self.limits.of_topic + self.aged > self.by_age.len() + staged {
            return true;
        }
        // A full window makes its own room, unless what is staged before empties it: only aged ids
        // give way to other users.
        let own = self.of_user.get(&user);
        let oldest = own.and_then(VecDeque::front);
        let all_spared = oldest.is_none_or(|oldest| *oldest > self.aged_to);
        all_spared && own.map_or(0, VecDeque::len) + staged_of_user() >= self.limits.of_user
    }

    /// Remembers a command that was taken and was not known. It forgets the user's oldest id if the
    /// user's window is full, and ids of the longest-idle users if the topic is.
    pub(super) fn remember(&mut self, id: KeptId) {
        self.insert(id);
        if self.by_age.len() <= self.limits.of_topic {
            return;
        }
        self.age(id.at);
        while self.by_age.len() > self.limits.of_topic
            && let Some(giving_way) = self.next_to_give_way()
        {
            self.forget(giving_way);
        }
    }

    /// Remembers an id from a store. Ids come in the order of their offsets.
    pub(super) fn recall(&mut self, id: KeptId) {
        // A store may still have an id that was forgotten and then taken again.
        if let Some(earlier) = self.find(&id.key) {
            self.forget(earlier);
        }
        self.insert(id);
    }

    fn insert(&mut self, KeptId { offset, key, at }: KeptId) {
        let one = || VecDeque::with_capacity(1);
        let own = self.of_user.entry(key.user).or_insert_with(one);
        own.push_back(offset);
        let is_full = own.len() > self.limits.of_user;
        let oldest = own.front().copied().filter(|_| is_full);
        self.by_age.insert(offset, Id { key, at });
        self.offset_of.insert(key, offset);
        if let Some(oldest) = oldest {
            self.forget(oldest);
        }
    }

    /// The oldest offset of an id; none without ids.
    pub(super) fn first(&self) -> Option<Offset> {
        self.by_age.first_key_value().map(|(offset, _)| *offset)
    }

    /// The newest offset of an id; none without ids.
    pub(super) fn last(&self) -> Option<Offset> {
        self.by_age.last_key_value().map(|(offset, _)| *offset)
    }

    /// The oldest offsets that a store can remove, at most `max`, and the oldest offset that it has
    /// an id at afterwards.
    pub(super) fn forgotten(&self, max: usize) -> (Vec<Offset>, Option<Offset>) {
        let Some(forgotten) = &self.forgotten else {
            return (Vec::new(), self.first());
        };
        let mut offsets = forgotten.iter().copied();
        let removable = offsets.by_ref().take(max).collect();
        let first = [offsets.next(), self.first()].into_iter().flatten().min();
        (removable, first)
    }

    /// A store has removed these ids.
    pub(super) fn handle_removed(&mut self, offsets: &[Offset]) {
        if let Some(forgotten) = &mut self.forgotten {
            for offset in offsets {
                forgotten.remove(offset);
            }
        }
    }

    /// Counts the ids that became old enough to give way.
    fn age(&mut self, now: Moment) {
        for (offset, id) in self.by_age.range(self.aged_to + 1..) {
            if now.since(id.at) < self.limits.spared_for {
                return;
            }
            self.aged_to = *offset;
            self.aged += 1;
        }
    }

    /// The id to forget for the sake of another user: the oldest one of the longest-idle user, or
    /// the oldest of all if every id of that user is spared. None if all are.
    fn next_to_give_way(&mut self) -> Option<Offset> {
        [self.oldest_of_longest_idle(), self.first()]
            .into_iter()
            .flatten()
            .find(|offset| *offset <= self.aged_to)
    }

    /// The oldest id of the user whose newest id is the oldest.
    fn oldest_of_longest_idle(&mut self) -> Option<Offset> {
        for (offset, id) in self.by_age.range(self.idle_from..) {
            let own = self.of_user.get(&id.key.user)?;
            if own.back() == Some(offset) {
                self.idle_from = *offset;
                return own.front().copied();
            }
        }
        None
    }

    fn forget(&mut self, offset: Offset) {
        let Some(Id { key, .. }) = self.by_age.remove(&offset) else {
            return;
        };
        self.offset_of.remove(&key);
        if let Some(own) = self.of_user.get_mut(&key.user) {
            // It is the user's oldest, but for one that was taken again.
            match own.front() {
                Some(oldest) if *oldest == offset => drop(own.pop_front()),
                _ => own.retain(|it| *it != offset),
            }
            if own.is_empty() {
                self.of_user.remove(&key.user);
            }
        }
        if offset <= self.aged_to {
            self.aged -= 1;
        }
        if let Some(forgotten) = &mut self.forgotten {
            forgotten.insert(offset);
        }
    }
}

#[cfg(test)]
#[path = "message_ids_tests.rs"]
mod tests;
