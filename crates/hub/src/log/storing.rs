//! A log beside a store: what goes there has its place before it is kept, and comes back checked.

use std::collections::BTreeMap;
use std::ops::Range;

use trunkline_protocol::{Delivery, Epoch, Offset};

use super::{Append, Kept, Log, PublishKey};

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
    /// The oldest key of a command in the store, by the offset of its event.
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

/// What a store does not need any more: these offsets, of which some may be gone already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trim {
    /// Events.
    pub events: Range<Offset>,
    /// Keys of commands, by the offsets of their events.
    pub keys: Range<Offset>,
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
}

impl Log {
    /// The log of which a store has `extent`: all publications there, and the keys of commands with
    /// their offsets, oldest first.
    ///
    /// # Errors
    ///
    /// [`Damaged`] if something is missing at either end or between, or cannot be the log's. Rather
    /// than to serve it, start a new epoch.
    pub fn restore(
        (epoch, delivery): (Epoch, Delivery),
        extent: Extent,
        kept: impl IntoIterator<Item = Kept>,
        keys: impl IntoIterator<Item = (Offset, PublishKey)>,
    ) -> Result<Self, Damaged> {
        let mut log = Self::new(epoch, delivery);
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
        for (offset, key) in keys {
            let fits = (1..=head).contains(&offset)
                && log
                    .keys_by_age
                    .back()
                    .is_none_or(|(last, _)| offset > *last);
            if !fits {
                return Err(Damaged);
            }
            log.remember(key, offset);
        }
        log.head = head;
        Ok(log)
    }

    /// Tells what a store of `extent` can remove, once it is at least `min` entries of a kind, and
    /// takes it out of the extent. What is staged is not in the log yet, so nothing of it is named.
    pub fn trim(&self, extent: &mut Extent, min: u64) -> Trim {
        let advance = |from: &mut Offset, to: Offset| {
            if to < *from + min {
                return 0..0;
            }
            std::mem::replace(from, to)..to
        };
        Trim {
            events: advance(&mut extent.first, self.first()),
            keys: advance(&mut extent.first_key, self.first_key()),
        }
    }

    /// Tells which offset `append` will have when it and everything staged before it is appended,
    /// in this order and with nothing between.
    pub fn stage(&self, staged: &mut Staged, append: &Append) -> Stage {
        let next = self.head + staged.count + 1;
        if let Some(key) = append.key {
            let known = self
                .find(&key)
                .or_else(|| staged.offset_of.get(&key).copied());
            if let Some(offset) = known {
                return Stage::Duplicate(offset);
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

    use trunkline_protocol::{MessageId, Moment, Payload, Publication, SenderId, UserId};

    use super::*;
    use crate::log::{Appended, MESSAGE_IDS_MAX};

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
        keys: &[Offset],
    ) -> Result<Log, Damaged> {
        let keys = keys.iter().map(|&offset| (offset, key(offset as u32)));
        let extent = Extent {
            head,
            first,
            first_key: 1,
        };
        let kept = offsets.iter().copied().map(kept);
        Log::restore((Epoch(7), LOG), extent, kept, keys)
    }

    #[test]
    fn what_is_staged_is_appended_there() {
        let mut log = Log::new(Epoch(7), LOG);
        log.append(Moment::from_ms(0), append(1));
        let mut staged = Staged::default();
        let commands = [2, 1, 3, 2, 3];
        let places = commands.map(|counter| log.stage(&mut staged, &append(counter)));
        let (new, duplicate) = (Stage::New, Stage::Duplicate);
        assert_eq!(
            places,
            [new(2), duplicate(1), new(3), duplicate(2), duplicate(3)]
        );
        for (counter, place) in commands.into_iter().zip(places) {
            let appended = match log.append(Moment::from_ms(1), append(counter)) {
                Appended::New(publication) => new(publication.offset),
                Appended::Duplicate(offset) => duplicate(offset),
            };
            assert_eq!(appended, place);
        }
    }

    #[test]
    fn a_restored_log_goes_on_where_it_ended() {
        let mut log = restore((7, 9), &[7, 8, 9], &[2, 8, 9]).expect("a whole log");
        assert_eq!((log.first(), log.head(), log.first_key()), (7, 9, 2));
        assert_eq!(log.find(&key(2)), Some(2), "ids outlive the events");
        let next = log.append(Moment::from_ms(10), append(10));
        assert!(matches!(next, Appended::New(publication) if publication.offset == 10));
        assert_eq!(log.first(), 8);
        // Its age counts from when it was appended, not from when it was restored.
        log.expire(Moment::from_ms(60_009));
        assert_eq!(log.first(), 9);

        let empty = restore((10, 9), &[], &[9]).expect("all events were too old");
        assert_eq!(
            (empty.first(), empty.head(), empty.is_empty()),
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
        let mut log = Log::new(Epoch(7), LOG);
        let mut extent = Extent::default();
        for counter in 1..=5 {
            log.append(Moment::from_ms(0), append(counter));
        }
        // Three are kept: 1 and 2 are not needed, and all keys are.
        assert_eq!(log.trim(&mut extent, 3), Trim::default());
        let trim = log.trim(&mut extent, 2);
        assert_eq!((trim.events, trim.keys), (1..3, 0..0));
        assert_eq!((extent.first, extent.first_key), (3, 1));
        assert_eq!(log.trim(&mut extent, 1), Trim::default());
    }

    #[test]
    fn of_too_many_keys_the_newest_are_remembered() {
        let count = MESSAGE_IDS_MAX as u64 + 5;
        let keys: Vec<Offset> = (1..=count).collect();
        let log = restore((count, count), &[count], &keys).expect("a whole log");
        assert_eq!((log.first_key(), log.find(&key(5))), (6, None));
    }
}
