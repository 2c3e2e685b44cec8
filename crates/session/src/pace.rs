//! Pace: how many requests a connection, or a user without one, may send, as a token bucket.

use std::collections::BTreeMap;
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
        self.fill(now);
        if self.milli >= 1000 {
            self.milli -= 1000;
            return Ok(());
        }
        let missing = 1000 - self.milli;
        Err(Duration::from_millis(
            missing.div_ceil(u64::from(self.pace.per_second.max(1))),
        ))
    }

    fn fill(&mut self, now: Moment) {
        let elapsed_ms = now.since(self.filled_at).as_millis() as u64;
        let gained = elapsed_ms.saturating_mul(u64::from(self.pace.per_second));
        self.milli = (self.milli.saturating_add(gained)).min(u64::from(self.pace.burst) * 1000);
        self.filled_at = self.filled_at.max(now);
    }

    fn is_full(&mut self, now: Moment) -> bool {
        self.fill(now);
        self.milli == u64::from(self.pace.burst) * 1000
    }
}

/// How often the paces of those who have paused are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(1);

/// The paces of many: a bucket for each who asked lately. For requests that come one by one, each
/// on a connection of its own or one of somebody else's.
#[derive(Clone, Debug)]
pub struct Paces<K> {
    pace: Pace,
    keys_max: usize,
    buckets: BTreeMap<K, Bucket>,
    forgot_at: Moment,
}

impl<K: Ord> Paces<K> {
    /// The same pace for each, and room for `keys_max` who ask at a time.
    pub fn new(pace: Pace, keys_max: usize) -> Self {
        Self {
            pace,
            keys_max,
            buckets: BTreeMap::new(),
            forgot_at: Moment::from_ms(0),
        }
    }

    /// Lets one request pass.
    ///
    /// # Errors
    ///
    /// How long to wait: until the next one may pass, or, if too many others ask, for a while.
    pub fn take(&mut self, key: K, now: Moment) -> Result<(), Duration> {
        if self.buckets.len() >= self.keys_max || now.since(self.forgot_at) >= FORGET_EVERY * 60 {
            self.forget(now);
        }
        if let Some(bucket) = self.buckets.get_mut(&key) {
            return bucket.take(now);
        }
        if self.buckets.len() >= self.keys_max {
            return Err(FORGET_EVERY);
        }
        let mut bucket = Bucket::full(self.pace, now);
        let taken = bucket.take(now);
        self.buckets.insert(key, bucket);
        taken
    }

    /// Forgets buckets that are full again: they say as much as none.
    fn forget(&mut self, now: Moment) {
        if now.since(self.forgot_at) >= FORGET_EVERY {
            self.forgot_at = now;
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
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

    #[test]
    fn each_has_a_pace_of_its_own() {
        let start = Moment::from_ms(5000);
        let mut paces = Paces::new(PACE, 2);
        assert!((0..3).all(|_| paces.take("ada", start).is_ok()));
        assert_eq!(paces.take("ada", start), Err(Duration::from_millis(100)));
        assert_eq!(paces.take("bob", start), Ok(()));
    }

    #[test]
    fn who_has_paused_makes_room_for_another() {
        let start = Moment::from_ms(5000);
        let mut paces = Paces::new(PACE, 2);
        assert_eq!(paces.take("ada", start), Ok(()));
        assert!((0..3).all(|_| paces.take("bob", start).is_ok()));
        assert_eq!(paces.take("cyd", start), Err(FORGET_EVERY));
        assert_eq!(paces.take("ada", start), Ok(()), "who has room keeps it");
        // Ada has all three tokens again after two tenths of a second, Bob after three.
        let later = start + FORGET_EVERY;
        assert!((0..3).all(|_| paces.take("bob", later).is_ok()));
        assert_eq!(paces.take("cyd", later), Ok(()));
        assert_eq!(paces.take("dan", later), Err(FORGET_EVERY));
    }
}
