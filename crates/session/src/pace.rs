//! Pace: how many requests a connection may send, as a token bucket.

use std::time::Duration;

use trunkline_protocol::Moment;

/// A token bucket: `burst` requests at once, and `per_second` from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Requests per second that may go on for ever.
    pub per_second: u32,
    /// Requests that may come at once after a pause.
    pub burst: u32,
}

/// The state of one bucket. Thousandths of a token, so that no time is lost to rounding.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pace: Pace,
    milli: u64,
    filled_at: Moment,
}

impl Bucket {
    pub(crate) fn full(pace: Pace, now: Moment) -> Self {
        Self {
            pace,
            milli: u64::from(pace.burst) * 1000,
            filled_at: now,
        }
    }

    /// Takes a token, or says how long to wait for the next one.
    pub(crate) fn take(&mut self, now: Moment) -> Result<(), Duration> {
        let elapsed_ms = now.since(self.filled_at).as_millis() as u64;
        let gained = elapsed_ms.saturating_mul(u64::from(self.pace.per_second));
        self.milli = (self.milli.saturating_add(gained)).min(u64::from(self.pace.burst) * 1000);
        self.filled_at = self.filled_at.max(now);
        if self.milli >= 1000 {
            self.milli -= 1000;
            return Ok(());
        }
        let missing = 1000 - self.milli;
        Err(Duration::from_millis(
            missing.div_ceil(u64::from(self.pace.per_second.max(1))),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        per_second: 10,
        burst: 3,
    };

    #[test]
    fn a_burst_passes_and_then_the_pace_holds() {
        let start = Moment::from_ms(5000);
        let mut bucket = Bucket::full(PACE, start);
        assert!((0..3).all(|_| bucket.take(start).is_ok()));
        let wait = bucket.take(start).expect_err("the burst is used up");
        assert_eq!(wait, Duration::from_millis(100));
        assert!(bucket.take(start + wait).is_ok());
        assert!(bucket.take(start + wait).is_err());
    }

    #[test]
    fn a_pause_fills_no_more_than_a_burst() {
        let mut bucket = Bucket::full(PACE, Moment::from_ms(0));
        let later = Moment::from_ms(1_000_000);
        assert_eq!((0..10).filter(|_| bucket.take(later).is_ok()).count(), 3);
    }
}
