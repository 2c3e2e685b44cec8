//! A broadcaster's half: chunks of an encoder as the parts in which they travel.

use trunkline_protocol::List;
use trunkline_protocol::topics::live::{LIVE_PART_LEN_MAX, LiveEvent, LiveKind};

/// Numbers the parts of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    run: u32,
    number: u32,
}

impl Parts {
    /// Begins the next run, which has at least this number, and returns which it has.
    pub fn begin(&mut self, at_least: u32) -> u32 {
        self.run = at_least.max(self.run.saturating_add(1));
        self.number = 0;
        self.run
    }

    /// How many parts the run has so far.
    pub fn count(&self) -> u32 {
        self.number
    }

    /// The parts of a chunk, in order. An empty chunk has none.
    pub fn split(&mut self, kind: LiveKind, at_us: u32, chunk: &[u8]) -> Vec<LiveEvent> {
        let count = chunk.len().div_ceil(LIVE_PART_LEN_MAX);
        let pieces = chunk.chunks(LIVE_PART_LEN_MAX).enumerate();
        let parts = pieces.map(|(at, piece)| {
            let number = self.number;
            self.number += 1;
            LiveEvent::Part {
                run: self.run,
                number,
                kind,
                last: at + 1 == count,
                at_us,
                bytes: List::cut(piece.iter().copied()),
            }
        });
        parts.collect()
    }
}
