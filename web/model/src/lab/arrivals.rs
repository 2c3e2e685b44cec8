//! What came on a lane: when, in which company, and how old the newest was all the time.

/// The ticks of a race as one lane brought them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrivals {
    /// How many there will be.
    ticks: u32,
    seen: Vec<bool>,
    latencies_us: Vec<i64>,
    merged: u32,
    doubled: u32,
    last_batch: Option<u32>,
    /// When the newest that is here was due.
    newest_due_us: i64,
    /// Until when the age is added up, and its sum over time.
    until_us: i64,
    age: f64,
}

impl Arrivals {
    /// Nothing of so many ticks has come.
    pub fn of(ticks: u32) -> Self {
        Self {
            ticks,
            seen: vec![false; ticks as usize],
            ..Self::default()
        }
    }

    /// A tick has come. Those of one `batch` came together: in one response, or one frame.
    pub fn note(&mut self, number: u32, due_us: u64, now_us: i64, batch: u32) {
        let Some(seen) = (number as usize)
            .checked_sub(1)
            .and_then(|index| self.seen.get_mut(index))
        else {
            return;
        };
        if std::mem::replace(seen, true) {
            self.doubled += 1;
            return;
        }
        let due_us = due_us as i64;
        self.latencies_us.push(now_us - due_us);
        self.merged += u32::from(self.last_batch == Some(batch));
        self.last_batch = Some(batch);
        self.grow_old(now_us);
        self.newest_due_us = self.newest_due_us.max(due_us);
    }

    /// Adds up the age of the newest until now: how old what one sees is, all the time.
    pub fn grow_old(&mut self, now_us: i64) {
        if now_us <= self.until_us {
            return;
        }
        let age = |at: i64| (at - self.newest_due_us) as f64;
        let (from, to) = (age(self.until_us), age(now_us));
        self.age += (from + to) / 2.0 * (now_us - self.until_us) as f64;
        self.until_us = now_us;
    }

    /// How many have come.
    pub fn count(&self) -> u32 {
        self.latencies_us.len() as u32
    }

    /// How many came in the company of an earlier one, instead of when they were due.
    pub fn merged(&self) -> u32 {
        self.merged
    }

    /// How many came again.
    pub fn doubled(&self) -> u32 {
        self.doubled
    }

    /// How many of those that were published have not come.
    pub fn missed(&self, published: u32) -> u32 {
        let published = published.min(self.ticks) as usize;
        self.seen[..published].iter().filter(|seen| !**seen).count() as u32
    }

    /// The latency that this share of them, from 0 to 1, did not exceed: from when a tick was due to
    /// when it was here. Nothing before the first.
    pub fn latency_us(&self, share: f64) -> Option<i64> {
        let mut sorted = self.latencies_us.clone();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        let index = (sorted.len() as f64 * share).ceil() as usize;
        Some(sorted[index.saturating_sub(1).min(last)])
    }

    /// How old the newest was on average. Nothing before the race has begun.
    pub fn age_us(&self) -> Option<f64> {
        (self.until_us > 0).then(|| self.age / self.until_us as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latency_runs_from_when_a_tick_was_due() {
        let mut arrivals = Arrivals::of(4);
        assert_eq!(arrivals.latency_us(0.5), None);
        for (number, due, now) in [
            (1, 0, 10),
            (2, 1000, 1030),
            (3, 2000, 2020),
            (4, 3000, 3900),
        ] {
            arrivals.note(number, due, now, number);
        }
        let quantile = |share| arrivals.latency_us(share);
        assert_eq!(quantile(0.0), Some(10));
        assert_eq!(quantile(0.5), Some(20));
        assert_eq!(quantile(0.75), Some(30));
        assert_eq!(quantile(0.99), Some(900));
        assert_eq!((arrivals.count(), arrivals.merged()), (4, 0));
    }

    #[test]
    fn what_comes_together_is_merged_and_what_comes_again_is_doubled() {
        let mut arrivals = Arrivals::of(5);
        for (number, batch) in [(1, 1), (2, 1), (3, 1), (4, 2), (4, 2), (9, 3), (0, 3)] {
            arrivals.note(number, 0, 50, batch);
        }
        assert_eq!(arrivals.count(), 4);
        assert_eq!((arrivals.merged(), arrivals.doubled()), (2, 1));
        assert_eq!((arrivals.missed(4), arrivals.missed(5)), (0, 1));
        assert_eq!(arrivals.missed(100), 1);
    }

    #[test]
    fn the_age_of_the_newest_is_a_saw() {
        // Due every 100, each here at once: the age is a saw from 0 to 100.
        let mut arrivals = Arrivals::of(5);
        for number in 1..=5_u32 {
            let due = u64::from(number - 1) * 100;
            arrivals.note(number, due, due as i64, number);
        }
        arrivals.grow_old(500);
        assert_eq!(arrivals.age_us(), Some(50.0));
        // Nobody tells of anything for as long again: it is 100 old at once, and 600 in the end.
        arrivals.grow_old(1000);
        assert_eq!(
            arrivals.age_us(),
            Some((50.0 * 500.0 + 350.0 * 500.0) / 1000.0)
        );
        // What is older than the newest makes nothing younger, nor does time run back.
        arrivals.note(1, 0, 900, 9);
        arrivals.grow_old(10);
        assert_eq!(arrivals.age_us(), Some(200.0));
    }
}
