//! A log beside a store: what goes there has its place before it is kept, and comes back checked.

use std::collections::BTreeMap;
use std::ops::Range;

use trunkline_protocol::{Delivery, Epoch, Moment, Offset};

use super::{Append, Kept, KeptId, Log, PublishKey};

/// The most ids that one trim removes from a store, so that no commit is large. The next trims
/// remove the rest.
const TRIMMED_IDS_MAX: usize = 4096;

/// What a store brings back is not what a log could have left there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged;

/// Which part of a log a store has: all that the log keeps, and some more that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The newest offset given; 0 before the first.
    pub head: Offset,
    /// The oldest event in the store; above `head` when there is none.
    pub first: Offset,
    /// An offset below which the store has no message id.
    pub first_key: Offset,
}

impl Default for Extent {
    /// Of a store that has nothing of the log yet.
    fn default() -> Self {
        Self {
            head: 0,
            first: 1,
            first_key: 1,
        }
    }
}

impl Extent {
    /// Returns the newest offset at which an event is damaged or missing. `found` is what the store
    /// has from `first` on, in order: offsets, and whether the event there is whole.
    ///
    /// With events above the head, all of it is damaged: the extent is older than they are, and
    /// tells nothing about what else is missing.
    pub fn damaged_at(&self, found: impl IntoIterator<Item = (Offset, bool)>) -> Option<Offset> {
        let mut damaged = None;
        let mut next = self.first;
        for (offset, whole) in found {
            if offset != next {
                damaged = Some(offset.saturating_sub(1));
            }
            if !whole {
                damaged = Some(offset);
            }
            next = offset.saturating_add(1);
        }
        if next != self.first.max(self.head.saturating_add(1)) {
            damaged = Some(self.head.max(next.saturating_sub(1)));
        }
        damaged
    }

    /// Returns what is left when nothing up to `damaged` is kept, neither events nor message ids: a
    /// command whose event is lost is taken again. The log that has it needs another epoch.
    pub fn behind(self, damaged: Offset) -> Self {
        let next = damaged.saturating_add(1);
        Self {
            head: self.head.max(damaged),
            first: self.first.max(next),
            first_key: self.first_key.max(next),
        }
    }
}

/// Records that a store does not need any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// Offsets of events. Some may be gone already.
    pub events: Range<Offset>,
    /// Offsets of message ids, oldest first.
    pub ids: Vec<Offset>,
}

/// Appends that have their place and are not yet kept, because they are on their way to a store.
#[derive(Clone, Debug, Default)]
pub struct Staged {
    count: u64,
    offset_of: BTreeMap<PublishKey, Offset>,
}

/// Where an append will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// At this offset, once everything before it is appended.
    New(Offset),
    /// Nowhere: its command was taken before, and its event stands or will stand here.
    Duplicate(Offset),
    /// Nowhere: it is refused, because the topic remembers as many message ids as it may, and all
    /// of them are too young to be forgotten.
    NoRoom,
}

impl Log {
    /// The log of which a store has `extent`: all publications there, and the ids of commands,
    /// oldest first.
    ///
    /// # Errors
    ///
    /// [`Damaged`] if something is missing at either end or between, or cannot be the log's. Rather
    /// than to serve it, start a new epoch: with [`Extent::behind`] what is damaged.
    pub fn restore(
        (epoch, delivery): (Epoch, Delivery),
        extent: Extent,
        kept: impl IntoIterator<Item = Kept>,
        ids: impl IntoIterator<Item = KeptId>,
    ) -> Result<Self, Damaged> {
        let mut log = Self::beside_store(epoch, delivery);
        let mut next = extent.first;
        for kept in kept {
            if kept.publication.offset != next {
                return Err(Damaged);
            }
            log.len += kept.publication.event.len();
            log.kept.insert(next, kept);
            next += 1;
        }
        // Offsets begin at 1, and an empty store may begin anywhere above the head.
        if extent.first == 0 || next != extent.first.max(extent.head + 1) {
            return Err(Damaged);
        }
        let head = extent.head;
        for id in ids {
            let follows = log.ids.last().is_none_or(|last| id.offset > last);
            if !follows || !(1..=head).contains(&id.offset) {
                return Err(Damaged);
            }
            log.ids.recall(id);
        }
        log.head = head;
        Ok(log)
    }

    /// Tells what a store of `extent` can remove, and takes it out of the extent: events once they
    /// are at least `min`, and the ids that were forgotten. What is staged is not in the log yet, so
    /// nothing of it is named. Once the store has removed it, call
    /// [`handle_trimmed`](Self::handle_trimmed).
    pub fn trim(&self, extent: &mut Extent, min: u64) -> Trim {
        let first = self.first();
        let events = if first < extent.first + min {
            0..0
        } else {
            extent.first..first
        };
        extent.first = extent.first.max(events.end);
        let (ids, first_id) = self.ids.forgotten(TRIMMED_IDS_MAX);
        // Ids that are staged stand above the head.
        extent.first_key = first_id.unwrap_or(self.head + 1);
        Trim { events, ids }
    }

    /// A store has removed what `trim` names.
    pub fn handle_trimmed(&mut self, trim: &Trim) {
        self.ids.handle_removed(&trim.ids);
    }

    /// Tells which offset `append` will have when it and everything staged before it is appended, in
    /// this order, with nothing between and at no earlier moment.
    pub fn stage(&mut self, now: Moment, staged: &mut Staged, append: &Append) -> Stage {
        self.ids.expire(now);
        let next = self.head + staged.count + 1;
        if let Some(key) = append.key {
            let known = self
                .find(&key)
                .or_else(|| staged.offset_of.get(&key).copied());
            if let Some(offset) = known {
                return Stage::Duplicate(offset);
            }
            let of_user = || {
                let staged_keys = staged.offset_of.keys();
                staged_keys.filter(|it| it.user == key.user).count()
            };
            if !self
                .ids
                .has_room(now, key.user, staged.offset_of.len(), of_user)
            {
                return Stage::NoRoom;
            }
            staged.offset_of.insert(key, next);
        }
        staged.count += 1;
        Stage::New(next)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trunkline_protocol::{MessageId, Payload, Publication, SenderId, UserId};

    use super::*;
    use crate::log::{Appended, IdLimits};

    const LOG: Delivery = Delivery::Log {
        keep: 3,
        max_age: Duration::from_secs(60),
    };

    fn key(counter: u32) -> PublishKey {
        let sender = SenderId::from_random(1);
        PublishKey {
            user: UserId(1),
            message_id: MessageId { sender, counter },
        }
    }

    fn append(counter: u32) -> Append {
        Append {
            key: Some(key(counter)),
            event: Payload::default(),
            conflation_key: None,
            keyframe: false,
        }
    }

    fn kept(offset: Offset) -> Kept {
        Kept {
            publication: Publication {
                offset,
                step: 1,
                event: Payload::default(),
            },
            at: Moment::from_ms(offset),
            conflation_key: None,
        }
    }

    fn restore(
        (first, head): (Offset, Offset),
        offsets: &[Offset],
        ids: &[Offset],
    ) -> Result<Log, Damaged> {
        let ids = ids.iter().map(|&offset| KeptId {
            offset,
            key: key(offset as u32),
            at: Moment::from_ms(offset),
        });
        let extent = Extent {
            head,
            first,
            first_key: 1,
        };
        let kept = offsets.iter().copied().map(kept);
        Log::restore((Epoch(7), LOG), extent, kept, ids)
    }

    /// Returns the rest of events 3 to 8 in a store that has these offsets. Negative ones are not whole.
    fn left(found: &[i64]) -> Option<Extent> {
        let extent = Extent {
            head: 8,
            first: 3,
            first_key: 2,
        };
        let found = found.iter().map(|&at| (at.unsigned_abs(), at > 0));
        extent.damaged_at(found).map(|at| extent.behind(at))
    }

    #[test]
    fn what_follows_the_last_damaged_event_is_kept() {
        let behind = |head, damaged: Offset| {
            Some(Extent {
                head,
                first: damaged + 1,
                first_key: damaged + 1,
            })
        };
        assert_eq!(left(&[3, 4, 5, 6, 7, 8]), None);
        assert_eq!(left(&[-3, 4, 5, 6, 7, 8]), behind(8, 3));
        assert_eq!(left(&[4, 5, 6, 7, 8]), behind(8, 3));
        assert_eq!(left(&[3, -4, 6, 7, 8]), behind(8, 5));
        assert_eq!(left(&[3, 4, 5, 6, 7]), behind(8, 8), "the newest");
        assert_eq!(left(&[]), behind(8, 8));
        assert_eq!(left(&[3, 4, 5, 6, 7, 8, 9]), behind(9, 9), "an old extent");
        let nothing = Extent::default();
        assert_eq!(nothing.damaged_at([]), None);
        assert_eq!(nothing.damaged_at([(1, true)]), Some(1));
        // No log writes such a record.
        let impossible = Extent {
            first: 0,
            ..nothing
        };
        assert_eq!(impossible.damaged_at([]), Some(0));
        assert_eq!(impossible.behind(0), nothing);
    }

    #[test]
    fn what_is_behind_damage_can_be_restored() {
        let extent = left(&[3, -4, 5, 6, 7, 8]).expect("damage");
        let kept = (extent.first..=extent.head).map(kept);
        let log = Log::restore((Epoch(8), LOG), extent, kept, []).expect("whole");
        assert_eq!((log.head(), log.first()), (8, 5));
    }

    #[test]
    fn what_is_staged_is_appended_there() {
        let mut log = Log::new(Epoch(7), LOG);
        log.append(Moment::from_ms(0), append(1));
        let mut staged = Staged::default();
        let commands = [2, 1, 3, 2, 3];
        let now = Moment::from_ms(1);
        let places = commands.map(|counter| log.stage(now, &mut staged, &append(counter)));
        let (new, duplicate) = (Stage::New, Stage::Duplicate);
        assert_eq!(
            places,
            [new(2), duplicate(1), new(3), duplicate(2), duplicate(3)]
        );
        for (counter, place) in commands.into_iter().zip(places) {
            let appended = match log.append(Moment::from_ms(1), append(counter)) {
                Appended::New(publication) => new(publication.offset),
                Appended::Duplicate(offset) => duplicate(offset),
                Appended::NoRoom => Stage::NoRoom,
            };
            assert_eq!(appended, place);
        }
    }

    #[test]
    fn a_restored_log_goes_on_where_it_ended() {
        let mut log = restore((7, 9), &[7, 8, 9], &[2, 8, 9]).expect("a whole log");
        assert_eq!((log.first(), log.head()), (7, 9));
        assert_eq!(log.find(&key(2)), Some(2), "ids outlive the events");
        let next = log.append(Moment::from_ms(10), append(10));
        assert!(matches!(next, Appended::New(publication) if publication.offset == 10));
        assert_eq!(log.first(), 8);
        // Its age counts from when it was appended, not from when it was restored.
        log.expire(Moment::from_ms(60_009));
        assert_eq!(log.first(), 9);

        let empty = restore((10, 9), &[], &[9]).expect("all events were too old");
        assert_eq!(
            (empty.first(), empty.head(), empty.kept.is_empty()),
            (10, 9, true)
        );
    }

    #[test]
    fn what_no_log_can_have_left_is_damage() {
        for (extent, offsets, keys) in [
            ((6, 9), &[6, 8, 9][..], &[][..]),
            ((9, 9), &[9, 8], &[]),
            ((8, 9), &[8, 8, 9], &[]),
            ((7, 9), &[7, 8], &[]),
            ((7, 9), &[8, 9], &[]),
            ((7, 9), &[], &[]),
            ((8, 9), &[8, 9, 10], &[]),
            ((0, 1), &[0, 1], &[]),
            ((9, 9), &[9], &[10]),
            ((9, 9), &[9], &[3, 2]),
            ((9, 9), &[9], &[0]),
        ] {
            assert_eq!(
                restore(extent, offsets, keys).err(),
                Some(Damaged),
                "{extent:?} {offsets:?} {keys:?}"
            );
        }
    }

    #[test]
    fn a_store_is_trimmed_when_it_is_worth_it() {
        let mut log = Log::beside_store(Epoch(7), LOG);
        let mut extent = Extent::default();
        for counter in 1..=5 {
            log.append(Moment::from_ms(0), append(counter));
        }
        // Three are kept: 1 and 2 are not needed, and all ids are.
        assert_eq!(log.trim(&mut extent, 3), Trim::default());
        let trim = log.trim(&mut extent, 2);
        assert_eq!((trim.events, trim.ids), (1..3, vec![]));
        assert_eq!((extent.first, extent.first_key), (3, 1));
        assert_eq!(log.trim(&mut extent, 1), Trim::default());
    }

    const FEW: IdLimits = IdLimits {
        of_user: 2,
        of_topic: 100,
        ..IdLimits::PROMISED
    };

    /// A log beside a store that has appended these commands of one user, who has a window of two.
    fn with_window_of_two(commands: u32) -> Log {
        let mut log = Log::beside_store(Epoch(7), LOG).with_id_limits(FEW);
        for counter in 1..=commands {
            log.append(Moment::from_ms(0), append(counter));
        }
        log
    }

    #[test]
    fn forgotten_ids_are_named_until_the_store_has_removed_them() {
        let mut log = with_window_of_two(5);
        let mut extent = Extent::default();
        let trim = log.trim(&mut extent, 64);
        assert_eq!((trim.ids.as_slice(), extent.first_key), (&[1, 2, 3][..], 4));

        // The commit failed: the store has them still, and its extent is the one before.
        let mut extent = Extent::default();
        log.append(Moment::from_ms(0), append(6));
        let trim = log.trim(&mut extent, 64);
        assert_eq!(trim.ids, [1, 2, 3, 4]);

        // One more is forgotten while the commit is under way.
        log.append(Moment::from_ms(0), append(7));
        log.handle_trimmed(&trim);
        assert_eq!(log.trim(&mut extent, 64).ids, [5]);
        assert_eq!(extent.first_key, 6);
    }

    #[test]
    fn a_large_trim_is_spread_and_the_rest_stays_within_the_extent() {
        let commands = TRIMMED_IDS_MAX as u32 + 12;
        let mut log = with_window_of_two(commands);
        let mut extent = Extent::default();
        let trim = log.trim(&mut extent, u64::MAX / 2);
        assert_eq!(trim.ids.len(), TRIMMED_IDS_MAX);
        assert_eq!(extent.first_key, TRIMMED_IDS_MAX as u64 + 1);
        log.handle_trimmed(&trim);
        let rest = log.trim(&mut extent, u64::MAX / 2);
        assert_eq!(
            (rest.ids.len(), extent.first_key),
            (10, u64::from(commands) - 1)
        );
    }

    #[test]
    fn ids_that_a_store_should_have_removed_are_named_again_after_a_restart() {
        let count = IdLimits::PROMISED.of_user as u64 + 5;
        let ids: Vec<Offset> = (1..=count).collect();
        let log = restore((count, count), &[count], &ids).expect("a whole log");
        assert_eq!((log.find(&key(5)), log.find(&key(6))), (None, Some(6)));
        let mut extent = Extent::default();
        assert_eq!(log.trim(&mut extent, 64).ids, [1, 2, 3, 4, 5]);
        assert_eq!(extent.first_key, 6);
    }

    #[test]
    fn an_id_that_was_forgotten_and_taken_again_is_restored_where_it_was_taken_again() {
        let ids = [(1, 1), (2, 2), (3, 1)].map(|(offset, counter)| KeptId {
            offset,
            key: key(counter),
            at: Moment::from_ms(offset),
        });
        let extent = Extent {
            head: 3,
            first: 4,
            first_key: 1,
        };
        let log = Log::restore((Epoch(7), LOG), extent, [], ids).expect("a whole log");
        assert_eq!((log.find(&key(1)), log.find(&key(2))), (Some(3), Some(2)));
        assert_eq!(log.trim(&mut Extent::default(), 64).ids, [1]);
    }

    #[test]
    fn a_log_without_a_store_keeps_no_account_for_one() {
        let mut log = Log::new(Epoch(7), LOG).with_id_limits(FEW);
        for counter in 1..=5 {
            log.append(Moment::from_ms(0), append(counter));
        }
        assert!(log.trim(&mut Extent::default(), 64).ids.is_empty());
    }
}
