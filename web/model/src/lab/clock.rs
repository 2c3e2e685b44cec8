//! How far another machine's clock is from ours.

use std::collections::VecDeque;

/// Questions that are remembered.
const PROBES_MAX: usize = 32;

/// A clock elsewhere, as it seems from here: of all recent questions, the one that was answered
/// fastest tells best (Mills, RFC 5905 section 10, calls this the clock filter).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteClock {
    probes: VecDeque<Probe>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Probe {
    round_trip_us: u64,
    offset_us: i64,
}

impl RemoteClock {
    /// Takes an answer: when the question was sent and the answer came by our clock, and what the
    /// other clock said meanwhile.
    pub fn note(&mut self, sent_us: u64, there_us: u64, came_us: u64) {
        let round_trip_us = came_us.saturating_sub(sent_us);
        let middle_us = sent_us + round_trip_us / 2;
        if self.probes.len() == PROBES_MAX {
            self.probes.pop_front();
        }
        self.probes.push_back(Probe {
            round_trip_us,
            offset_us: there_us as i64 - middle_us as i64,
        });
    }

    fn best(&self) -> Option<&Probe> {
        self.probes.iter().min_by_key(|it| it.round_trip_us)
    }

    /// What the other clock says when ours says this. Nothing before the first answer.
    pub fn there_us(&self, here_us: u64) -> Option<i64> {
        Some(here_us as i64 + self.best()?.offset_us)
    }

    /// By how much that may be wrong at most, as long as the clocks run alike.
    pub fn error_us(&self) -> Option<u64> {
        Some(self.best()?.round_trip_us.div_ceil(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_answer_tells_best() {
        let mut clock = RemoteClock::default();
        assert_eq!((clock.there_us(5), clock.error_us()), (None, None));
        // The other clock is 1000 ahead; this answer was late on one of its ways.
        clock.note(100, 1190, 200);
        assert_eq!(
            (clock.there_us(500), clock.error_us()),
            (Some(1540), Some(50))
        );
        clock.note(300, 1305, 311);
        assert_eq!(
            (clock.there_us(500), clock.error_us()),
            (Some(1500), Some(6))
        );
        clock.note(400, 1490, 500);
        assert_eq!(clock.error_us(), Some(6));
    }

    #[test]
    fn what_was_known_long_ago_is_forgotten() {
        let mut clock = RemoteClock::default();
        clock.note(0, 0, 2);
        for at in 1..=PROBES_MAX as u64 {
            clock.note(at, at, at + 100);
        }
        assert_eq!(clock.error_us(), Some(50));
    }

    #[test]
    fn the_other_clock_may_be_behind() {
        let mut clock = RemoteClock::default();
        clock.note(5000, 10, 5000);
        assert_eq!(clock.there_us(5001), Some(11));
        assert_eq!(clock.there_us(1), Some(-4989));
    }
}
