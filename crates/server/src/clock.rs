//! The clock of a node: moments for the rules, timestamps for people.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use trunkline_protocol::{Moment, Timestamp};

/// Reads the operating system's clocks. Copies agree with each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time since this clock was started.
    pub(crate) fn now(self) -> Moment {
        Moment::from_ms(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// When `moment` is, for timers.
    pub(crate) fn instant(self, moment: Moment) -> Instant {
        self.start + moment.since(Moment::from_ms(0))
    }
}

/// Seconds since 1970 by the wall clock, which may jump.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// The wall clock for people.
pub(crate) fn timestamp() -> Timestamp {
    Timestamp(u32::try_from(unix_seconds()).unwrap_or(u32::MAX))
}
