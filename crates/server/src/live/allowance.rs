//! How much a broadcast may bring: bytes that fill up with time, and how many came lately.

use std::time::Duration;

use trunkline_protocol::Moment;

/// How long a broadcast may bring more than was agreed: the begin of a run is longer than the rest.
const BURST: Duration = Duration::from_secs(2);

/// The least that may come at once, in bytes.
const BURST_LEN_MIN: u64 = 128 * 1024;

/// Over how many seconds the bitrate is told.
const METER_SECONDS: u64 = 4;

/// Bytes that may come. It counts in thousandths, so that no time is lost to rounding.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes_per_second: u64,
    full: u64,
    milli: u64,
    filled_at: Moment,
}

impl Allowance {
    pub(super) fn new(bitrate: u32, now: Moment) -> Self {
        let (bytes_per_second, full) = rate(bitrate);
        Self {
            bytes_per_second,
            full,
            milli: full,
            filled_at: now,
        }
    }

    /// Goes on at another bitrate, with no more than is there now.
    pub(super) fn change(&mut self, bitrate: u32, now: Moment) {
        self.fill(now);
        (self.bytes_per_second, self.full) = rate(bitrate);
        self.milli = self.milli.min(self.full);
    }

    fn fill(&mut self, now: Moment) {
        let elapsed_ms = now.since(self.filled_at).as_millis() as u64;
        let gained = elapsed_ms.saturating_mul(self.bytes_per_second);
        self.milli = self.milli.saturating_add(gained).min(self.full);
        self.filled_at = self.filled_at.max(now);
    }

    /// Takes `len` bytes, or says how long to wait until there are so many.
    pub(super) fn take(&mut self, now: Moment, len: usize) -> Result<(), Duration> {
        self.fill(now);
        let wanted = len as u64 * 1000;
        match self.milli.checked_sub(wanted) {
            Some(left) => {
                self.milli = left;
                Ok(())
            }
            None => {
                let missing = wanted - self.milli;
                Err(Duration::from_millis(
                    missing.div_ceil(self.bytes_per_second),
                ))
            }
        }
    }
}

/// Bytes per second of a bitrate, and thousandths of bytes that may come at once.
fn rate(bitrate: u32) -> (u64, u64) {
    let bytes_per_second = u64::from(bitrate / 8).max(1);
    let full = (bytes_per_second * BURST.as_secs()).max(BURST_LEN_MIN);
    (bytes_per_second, full * 1000)
}

/// How much came in the last seconds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Of each second its number and its bytes. The last one is not over.
    seconds: [(u64, u64); METER_SECONDS as usize + 1],
}

impl Meter {
    pub(super) fn add(&mut self, now: Moment, len: usize) {
        let second = now.as_ms() / 1000;
        let at = (second % self.seconds.len() as u64) as usize;
        let (number, bytes) = &mut self.seconds[at];
        if *number != second {
            (*number, *bytes) = (second, 0);
        }
        *bytes += len as u64;
    }

    /// Bits per second, over the last seconds that are over, or since `since` if that is later.
    pub(super) fn bitrate(&self, now: Moment, since: Moment) -> u32 {
        let second = now.as_ms() / 1000;
        let first = second.saturating_sub(METER_SECONDS);
        let counts = |number: &u64| (first..second).contains(number);
        let bytes: u64 = self
            .seconds
            .iter()
            .filter(|(number, _)| counts(number))
            .map(|(_, bytes)| bytes)
            .sum();
        let begun = since.as_ms() / 1000;
        let seconds = second.saturating_sub(begun).clamp(1, METER_SECONDS);
        u32::try_from(bytes * 8 / seconds).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_agreed_passes_for_ever_and_no_more() {
        let mut allowance = Allowance::new(4_000_000, Moment::from_ms(0));
        let mut taken = 0;
        for ms in 0..20_000 {
            let now = Moment::from_ms(ms);
            // Twice what was agreed is offered.
            taken += u64::from(allowance.take(now, 1_000).is_ok());
        }
        let burst = 1_000;
        assert!((10_000..=10_000 + burst).contains(&taken), "{taken}");
    }

    #[test]
    fn who_is_too_fast_is_told_how_long_to_wait() {
        let start = Moment::from_ms(5_000);
        let mut allowance = Allowance::new(800_000, start);
        assert_eq!(allowance.take(start, 200_000), Ok(()));
        let wait = allowance.take(start, 1_000).expect_err("all is taken");
        assert_eq!(wait, Duration::from_millis(10));
        assert_eq!(allowance.take(start + wait, 1_000), Ok(()));
    }

    #[test]
    fn the_bitrate_is_that_of_the_last_seconds() {
        let mut meter = Meter::default();
        let start = Moment::from_ms(10_000);
        assert_eq!(meter.bitrate(start, start), 0);
        for ms in 10_000..16_000 {
            meter.add(Moment::from_ms(ms), 125);
        }
        assert_eq!(meter.bitrate(Moment::from_ms(16_000), start), 1_000_000);
        assert_eq!(meter.bitrate(Moment::from_ms(18_500), start), 500_000);
        assert_eq!(meter.bitrate(Moment::from_ms(30_000), start), 0);
    }
}
