//! Backoff: how long to wait before connecting again, and before sending again what was refused.
//!
//! Full jitter: a random part of a pause that doubles, so that clients that lost their server at
//! the same moment do not come back at the same moment.

use std::time::Duration;

/// The pause before the second attempt, before jitter. It doubles with each attempt.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause, before jitter.
const LONGEST: Duration = Duration::from_secs(30);

/// The longest time that a server can tell a client to wait with one command.
const TOLD_MAX: Duration = Duration::from_secs(60);

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

/// The pause before a command goes out again that was refused for now, `refusals` times before: as
/// long as the server has `told`, and a part of a pause that doubles.
pub(crate) fn pause_refused(refusals: u32, told: Option<Duration>, random: u64) -> Duration {
    told.unwrap_or_default().min(TOLD_MAX) + pause(refusals, random)
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
    fn a_refused_command_waits_as_long_as_it_was_told_and_a_little_more() {
        let check = |told_ms, random, expected_ms| {
            let told = Some(Duration::from_millis(told_ms));
            assert_eq!(
                pause_refused(1, told, random).as_millis() as u64,
                expected_ms
            );
        };
        check(0, 500, 500);
        check(40, 500, 540);
        check(40, 0, 40);
        check(u64::MAX, 0, 60_000);
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
