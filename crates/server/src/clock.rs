//! The clock of a node: moments for the rules, timestamps for people.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use trunkline_protocol::{Moment, Timestamp};

/// Reads the operating system's clocks. Copies agree with each other.
///
/// Its moments count from 1970, as far as the wall clock was right at the start, so that moments
/// in a store mean the same after a restart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    start_unix: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            start_unix: since_1970(),
        }
    }

    /// A clock that says now that it is so long after the begin of 1970.
    pub(crate) fn start_at(start_unix: Duration) -> Self {
        Self {
            start_unix,
            ..Self::start()
        }
    }

    /// The moment of the start, and the time since then by a clock that never goes back.
    pub(crate) fn now(self) -> Moment {
        Moment::default() + (self.start_unix + self.start.elapsed())
    }
}

/// Seconds since 1970 by the wall clock, which may jump.
pub(crate) fn unix_seconds() -> u64 {
    since_1970().as_secs()
}

fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// The wall clock for people.
pub(crate) fn timestamp() -> Timestamp {
    Timestamp(u32::try_from(unix_seconds()).unwrap_or(u32::MAX))
}
