//! Spread: a median between its quartiles.

use serde_json::{Value, json};

/// The quartiles of some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    /// The quartiles, between two samples where they fall between two. Zero without samples.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = part * sorted.len().saturating_sub(1) as f64;
            let below = place.floor();
            let (low, high) = (below as usize, place.ceil() as usize);
            match (sorted.get(low), sorted.get(high)) {
                (Some(low), Some(high)) => low + (high - low) * (place - below),
                _ => 0.0,
            }
        };
        Self {
            low: at(0.25),
            median: at(0.5),
            high: at(0.75),
        }
    }

    /// The quartiles of one contender's result divided by another's, round by round, so that what
    /// slows a whole round cancels out.
    pub(crate) fn of_ratios(these: &[f64], those: &[f64]) -> Self {
        Self::of(these.iter().zip(those).map(|(this, that)| this / that))
    }

    /// Three cells of a table.
    pub(crate) fn cells(self, digits: usize) -> [String; 3] {
        [self.low, self.median, self.high].map(|it| format!("{it:.digits$}"))
    }

    /// The same for a program.
    pub(crate) fn json(self) -> Value {
        json!({ "quartile_1": self.low, "median": self.median, "quartile_3": self.high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(samples: &[f64], low: f64, median: f64, high: f64) {
        let expected = Spread { low, median, high };
        assert_eq!(Spread::of(samples.iter().copied()), expected);
    }

    #[test]
    fn quartiles_fall_on_samples_or_between_them() {
        check(&[5.0, 1.0, 3.0, 2.0, 4.0], 2.0, 3.0, 4.0);
        check(&[1.0, 2.0], 1.25, 1.5, 1.75);
        check(&[7.0], 7.0, 7.0, 7.0);
        check(&[], 0.0, 0.0, 0.0);
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let ratio = Spread::of_ratios(&[1.0, 20.0, 3.0], &[2.0, 40.0, 6.0]);
        assert_eq!((ratio.low, ratio.high), (0.5, 0.5));
    }
}
