//! Timers: one per connection, in a heap. A timer that is set anew leaves its old entry behind,
//! which says nothing when its time comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use trunkline_hub::ConnectionId;
use trunkline_protocol::Moment;

#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Moment, ConnectionId)>>);

/// The timer of one connection.
#[derive(Debug, Default)]
pub(super) struct Timer(Option<Moment>);

impl Timers {
    /// Sets a connection's timer. One that is due earlier stays: whoever it wakes looks again.
    pub(super) fn set(&mut self, connection: ConnectionId, timer: &mut Timer, at: Moment) {
        if timer.0.is_none_or(|set| at < set) {
            timer.0 = Some(at);
            self.0.push(Reverse((at, connection)));
        }
    }

    /// The next connection whose timer may be due. Ask [`Timer::fire`].
    pub(super) fn pop(&mut self, now: Moment) -> Option<(Moment, ConnectionId)> {
        let Reverse((at, _)) = self.0.peek()?;
        if *at > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<Moment> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }
}

impl Timer {
    /// Tells whether the entry that was due is the one that counts.
    pub(super) fn fire(&mut self, at: Moment) -> bool {
        let counts = self.0 == Some(at);
        if counts {
            self.0 = None;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_fires_once_at_the_earliest_time_that_it_was_set_to() {
        let at = Moment::from_ms;
        let (mut timers, mut timer) = (Timers::default(), Timer::default());
        timers.set(7, &mut timer, at(30));
        timers.set(7, &mut timer, at(10));
        timers.set(7, &mut timer, at(20));
        assert_eq!(timers.next(), Some(at(10)));
        assert_eq!(timers.pop(at(9)), None);
        let (due, connection) = timers.pop(at(40)).expect("it is due");
        assert_eq!((due, connection), (at(10), 7));
        assert!(timer.fire(due));
        let (stale, _) = timers.pop(at(40)).expect("an entry left behind");
        assert!(!timer.fire(stale));
        assert_eq!(timers.pop(at(40)), None);
    }
}
