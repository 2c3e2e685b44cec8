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
    #[cfg(test)]
    hand: Option<by_hand::Started>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
            start_unix: since_1970(),
            #[cfg(test)]
            hand: None,
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
        Moment::default() + (self.start_unix + self.elapsed())
    }

    /// The wall clock, which may jump. It decides nothing.
    pub(crate) fn wall(self) -> Moment {
        #[cfg(test)]
        if let Some(started) = self.hand {
            return started.hand.wall();
        }
        Moment::default() + since_1970()
    }

    fn elapsed(self) -> Duration {
        #[cfg(test)]
        if let Some(started) = self.hand {
            return started.elapsed();
        }
        self.start.elapsed()
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

/// Clocks that a test moves by hand: how long the machine has been up, and what its wall clock says.
#[cfg(test)]
pub(crate) mod by_hand {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Clock, Duration, Moment};

    #[derive(Debug)]
    pub(crate) struct Hand {
        up_ms: AtomicU64,
        wall_ms: AtomicU64,
    }

    /// A hand, and how long the machine had been up when a clock was started.
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Started {
        pub(super) hand: &'static Hand,
        up_ms: u64,
    }

    impl Started {
        pub(super) fn elapsed(self) -> Duration {
            let up_ms = self.hand.up_ms.load(Ordering::Relaxed);
            Duration::from_millis(up_ms - self.up_ms)
        }
    }

    impl Hand {
        /// A machine whose wall clock says that it is so many days after the begin of 1970. It
        /// lasts as long as the tests.
        pub(crate) fn at_day(day: u64) -> &'static Self {
            Box::leak(Box::new(Self {
                up_ms: AtomicU64::new(0),
                wall_ms: AtomicU64::new(Self::days(day)),
            }))
        }

        /// The clock of a process that starts now.
        pub(crate) fn start(&'static self) -> Clock {
            let up_ms = self.up_ms.load(Ordering::Relaxed);
            let start_unix = Duration::from_millis(self.wall_ms.load(Ordering::Relaxed));
            Clock {
                hand: Some(Started { hand: self, up_ms }),
                ..Clock::start_at(start_unix)
            }
        }

        /// Lets time pass.
        pub(crate) fn pass(&self, time: Duration) {
            let ms = u64::try_from(time.as_millis()).expect("a few years");
            self.up_ms.fetch_add(ms, Ordering::Relaxed);
            self.wall_ms.fetch_add(ms, Ordering::Relaxed);
        }

        /// Sets the wall clock, while no time passes.
        pub(crate) fn set_day(&self, day: u64) {
            self.wall_ms.store(Self::days(day), Ordering::Relaxed);
        }

        pub(super) fn wall(&self) -> Moment {
            Moment::from_ms(self.wall_ms.load(Ordering::Relaxed))
        }

        fn days(day: u64) -> u64 {
            day * 24 * 60 * 60 * 1000
        }
    }
}
