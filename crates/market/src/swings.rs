//! Swings: what a value does in a second. Large swings come in clusters, and trends last for minutes.
//!
//! A GARCH(1,1) in whole numbers: the variance of the next swing is made of that of the last one, of
//! what the last one was, and of a little of the usual variance. Swings are in thousand millionths.

use crate::random::Random;

/// The part of a variance that the square of the last swing has, and that of the last variance.
const OF_SQUARE: i64 = 6;
const OF_VARIANCE: i64 = 57;
/// What the parts are parts of; the rest is the usual variance.
const PARTS: i64 = 64;

/// How many times the usual variance a variance may be, and which part of it it is at least.
const VARIANCE_TIMES_MAX: i64 = 40;
const VARIANCE_PART_MIN: i64 = 8;

/// How long a mood lasts, in steps.
const MOOD_STEPS: (u32, u32) = (60, 600);

/// What may go on for some minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Calm,
    Rise,
    Fall,
    Storm,
}

/// The source of swings of one value.
#[derive(Clone, Debug)]
pub(crate) struct Swings {
    /// The usual size of a swing.
    usual: i64,
    variance: i64,
    last: i64,
    mood: Mood,
    mood_left: u32,
}

impl Swings {
    /// Swings that are usually of this size in a second, in thousand millionths.
    pub(crate) fn new(usual: u32) -> Self {
        let usual = i64::from(usual);
        Self {
            usual,
            variance: usual * usual,
            last: 0,
            mood: Mood::Calm,
            mood_left: 0,
        }
    }

    /// The swing of the next second, or of `seconds` at once.
    pub(crate) fn next(&mut self, random: &mut Random, seconds: u32) -> i64 {
        self.feel(random, seconds);
        let usual = self.usual * self.usual;
        let base = if self.mood == Mood::Storm {
            4 * usual
        } else {
            usual
        };
        let square = self.last * self.last;
        let variance = (OF_SQUARE * square
            + OF_VARIANCE * self.variance
            + (PARTS - OF_SQUARE - OF_VARIANCE) * base)
            / PARTS;
        self.variance = variance.clamp(usual / VARIANCE_PART_MIN, usual * VARIANCE_TIMES_MAX);
        let deviation = self.variance.unsigned_abs().isqrt() as i64;
        // What is remembered is the swing of one second, however many there are at once.
        self.last = deviation * random.normal() / 1000;
        let drift = self.usual / 12;
        let trend = match self.mood {
            Mood::Calm | Mood::Storm => 0,
            Mood::Rise => drift,
            Mood::Fall => -drift,
        };
        let root = i64::from((seconds * 10_000).isqrt());
        self.last * root / 100 + trend * i64::from(seconds)
    }

    fn feel(&mut self, random: &mut Random, seconds: u32) {
        if let Some(left) = self.mood_left.checked_sub(seconds) {
            self.mood_left = left;
            return;
        }
        self.mood = match random.below(10) {
            0..5 => Mood::Calm,
            5..7 => Mood::Rise,
            7..9 => Mood::Fall,
            _ => Mood::Storm,
        };
        self.mood_left = random.between(MOOD_STEPS.0, MOOD_STEPS.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: u32 = 250_000;

    fn swings(seconds: u32, count: usize) -> Vec<i64> {
        let (mut random, mut swings) = (Random::new(3), Swings::new(USUAL));
        (0..count)
            .map(|_| swings.next(&mut random, seconds))
            .collect()
    }

    /// The correlation of sizes with those `lag` steps later, in thousandths.
    fn clustering(all: &[i64], lag: usize) -> i64 {
        let sizes: Vec<i64> = all.iter().map(|it| it.abs() / 1000).collect();
        let mean = sizes.iter().sum::<i64>() / sizes.len() as i64;
        let off: Vec<i64> = sizes.iter().map(|it| it - mean).collect();
        let together: i64 = off.iter().zip(&off[lag..]).map(|(a, b)| a * b).sum();
        let alone: i64 = off.iter().map(|it| it * it).sum();
        together * 1000 / alone
    }

    #[test]
    fn large_swings_come_in_clusters() {
        let all = swings(1, 40_000);
        for lag in [1, 10, 60] {
            let found = clustering(&all, lag);
            assert!((60..600).contains(&found), "{lag}: {found}");
        }
        let mut shuffled = all;
        let mut random = Random::new(4);
        for at in (1..shuffled.len()).rev() {
            shuffled.swap(at, random.below(at as u32 + 1) as usize);
        }
        assert!(clustering(&shuffled, 1).abs() < 30);
    }

    #[test]
    fn tails_are_heavier_than_those_of_what_is_merely_measured() {
        let all = swings(1, 40_000);
        let scaled: Vec<i64> = all.iter().map(|it| it / 1000).collect();
        let count = scaled.len() as i64;
        let square = scaled.iter().map(|it| it * it).sum::<i64>() / count;
        let fourth =
            scaled.iter().map(|it| i128::from(it.pow(4))).sum::<i128>() / i128::from(count);
        let kurtosis = fourth * 1000 / i128::from(square * square);
        assert!((3_500..20_000).contains(&kurtosis), "{kurtosis}");
    }

    #[test]
    fn a_swing_of_many_seconds_is_as_wide_as_theirs_together() {
        let square = |all: Vec<i64>| {
            let sum: i64 = all.iter().map(|it| (it / 1000) * (it / 1000)).sum();
            sum / all.len() as i64
        };
        let (one, fifteen) = (square(swings(1, 40_000)), square(swings(15, 40_000)));
        assert!((10 * one..25 * one).contains(&fifteen), "{one} {fifteen}");
    }
}
