//! The clock of a match, as seen from afar.

use std::collections::VecDeque;

use crate::TICK_HZ;

/// The parts of a tick that moments are told in.
pub(crate) const PARTS: i64 = 256;

/// How many snapshots the clock is set by: those of two seconds.
const SAMPLES: usize = 2 * TICK_HZ as usize;

/// A moment in parts of a tick, of a clock that runs on this side.
fn parts(now: u64) -> i64 {
    (now as i64).wrapping_mul(i64::from(TICK_HZ) * PARTS) / 1_000_000
}

/// Tells which snapshot would arrive now. What comes late does not set it back, and what waited in a
/// queue for a while has come late.
#[derive(Clone, Debug, Default)]
pub(crate) struct TickClock {
    samples: VecDeque<i64>,
}

impl TickClock {
    /// The snapshot of `tick` arrives at `now`, in microseconds of any clock that does not go back.
    pub(crate) fn handle_tick(&mut self, now: u64, tick: u32) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        let sample = i64::from(tick) * PARTS - parts(now);
        self.samples.push_back(sample);
    }

    /// What tick it is, in [`PARTS`] of one.
    pub(crate) fn tick(&self, now: u64) -> Option<i64> {
        let offset = self.samples.iter().max()?;
        Some(parts(now) + offset)
    }
}
