//! Backoff: how long to wait before connecting again.
//!
//! Full jitter: a random part of a pause that doubles, so that clients that lost their server at
//! the same moment do not come back at the same moment.

use std::time::Duration;

/// The pause before the second attempt, before jitter. It doubles with each attempt.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause, before jitter.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection that lasted this long starts the count of attempts anew.
pub(crate) const STABLE: Duration = Duration::from_secs(30);

/// The pause before attempt number `attempt`, counted from 0, with 64 `random` bits.
pub(crate) fn pause(attempt: u32, random: u64) -> Duration {
    let longest = FIRST
        .saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX))
        .min(LONGEST);
    let longest_ms = longest.as_millis() as u64;
    Duration::from_millis(random % (longest_ms + 1))
}

/// A stream of numbers from a seed (SplitMix64, Steele et al. 2014). Good enough to spread clients.
#[derive(Clone, Debug)]
pub(crate) struct Jitter(pub(crate) u64);

impl Jitter {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_never_longer_than_its_bound() {
        for (attempt, longest_ms) in [(0, 250), (1, 500), (3, 2000), (7, 30_000), (40, 30_000)] {
            assert_eq!(
                pause(attempt, longest_ms).as_millis() as u64,
                longest_ms,
                "attempt {attempt}"
            );
            assert_eq!(
                pause(attempt, longest_ms + 1),
                Duration::ZERO,
                "attempt {attempt}"
            );
        }
    }

    #[test]
    fn jitter_spreads_over_the_whole_pause() {
        let mut jitter = Jitter(7);
        let pauses: Vec<u128> = (0..1000)
            .map(|_| pause(4, jitter.next()).as_millis())
            .collect();
        let quarter = |n: u128| pauses.iter().filter(|ms| **ms / 1000 == n).count();
        assert!(
            (0..4).all(|n| quarter(n) > 150),
            "{:?}",
            (0..4).map(quarter).collect::<Vec<_>>()
        );
    }
}
