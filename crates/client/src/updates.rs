//! What waits for one subscriber: a bounded queue of updates that are not decoded yet.

use std::collections::VecDeque;
use std::task::Waker;

use trunkline_protocol::{Error, Gap, GapCause, Member, Members, Offset, Payload, UserId};

/// The most updates that wait for a subscriber who does not read them. What comes after is
/// dropped, counted and said as a gap.
pub(crate) const UPDATES_MAX: usize = 10_000;

#[derive(Debug)]
pub(crate) enum RawUpdate {
    Subscribed {
        recovered: Option<u64>,
        head: Offset,
        members: Option<Members>,
    },
    Members(Members),
    Event {
        offset: Offset,
        event: Payload,
    },
    Gap(Gap),
    Joined {
        count: u32,
        member: Member,
    },
    Left {
        count: u32,
        user: UserId,
    },
    Refused(Error),
    Lost,
}

#[derive(Debug, Default)]
pub(crate) struct Updates {
    waiting: VecDeque<RawUpdate>,
    skipped: Option<Gap>,
    waker: Option<Waker>,
    ended: bool,
}

impl Updates {
    pub(crate) fn push(&mut self, update: RawUpdate) {
        if self.waiting.len() < UPDATES_MAX {
            if let Some(gap) = self.skipped.take() {
                self.waiting.push_back(RawUpdate::Gap(gap));
            }
            self.waiting.push_back(update);
        } else if let RawUpdate::Event { offset, .. } = update {
            let gap = self.skipped.get_or_insert(Gap {
                from: offset,
                to: offset,
                count: 0,
                cause: GapCause::Slow,
            });
            gap.to = offset;
            gap.count += 1;
        }
        self.wake();
    }

    /// Nothing comes any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.wake();
    }

    /// The next update; `Err` when there is none now, with whether there will ever be one.
    pub(crate) fn pop(&mut self) -> Result<RawUpdate, bool> {
        self.waiting
            .pop_front()
            .or_else(|| self.skipped.take().map(RawUpdate::Gap))
            .ok_or(!self.ended)
    }

    pub(crate) fn wait(&mut self, waker: &Waker) {
        self.waker = Some(waker.clone());
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_subscriber_does_not_read_is_bounded_and_said() {
        let mut updates = Updates::default();
        for offset in 1..=UPDATES_MAX as u64 + 3 {
            updates.push(RawUpdate::Event {
                offset,
                event: Payload::default(),
            });
        }
        for _ in 0..UPDATES_MAX {
            assert!(matches!(updates.pop(), Ok(RawUpdate::Event { .. })));
        }
        let first_lost = UPDATES_MAX as u64 + 1;
        let Ok(RawUpdate::Gap(gap)) = updates.pop() else {
            panic!("the gap is said")
        };
        assert_eq!(
            (gap.from, gap.to, gap.count),
            (first_lost, first_lost + 2, 3)
        );
        assert_eq!(updates.pop().err(), Some(true));
    }
}
