//! How much a broadcaster sends: as much as its own line takes away.
//!
//! What was sent and is not yet answered waits in the browser's socket, on the way or in the server.
//! Where that grows, the line is slower than the encoder.

/// The least that pictures are encoded with, in bits per second.
pub const BITRATE_MIN: u32 = 120_000;

/// More than this much time's worth waits: less is sent.
const MUCH_MS: u64 = 500;

/// Less than this waits: more may be tried.
const LITTLE_MS: u64 = 120;

/// How long a change is let work before the next one, in milliseconds.
const DOWN_EVERY_MS: u64 = 1_000;
const UP_EVERY_MS: u64 = 5_000;

/// A bitrate that follows the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    bitrate: u32,
    max: u32,
    changed_ms: u64,
}

impl Rate {
    /// Begins at half of the most, in bits per second.
    pub fn new(max: u32) -> Self {
        let max = max.max(BITRATE_MIN);
        Self {
            bitrate: (max / 2).max(BITRATE_MIN),
            max,
            changed_ms: 0,
        }
    }

    /// What to encode with, in bits per second.
    pub fn bitrate(&self) -> u32 {
        self.bitrate
    }

    /// So many bytes wait to be answered. Tells whether the bitrate is another one now.
    pub fn handle_waiting(&mut self, now_ms: u64, bytes: usize) -> bool {
        let waiting_ms = bytes as u64 * 8 * 1000 / u64::from(self.bitrate);
        let since = now_ms.saturating_sub(self.changed_ms);
        if waiting_ms > MUCH_MS && since >= DOWN_EVERY_MS {
            return self.set(now_ms, u64::from(self.bitrate) * 7 / 10);
        }
        if waiting_ms < LITTLE_MS && since >= UP_EVERY_MS {
            return self.set(now_ms, u64::from(self.bitrate) * 5 / 4);
        }
        false
    }

    /// The server says that it was too much.
    pub fn handle_refused(&mut self, now_ms: u64) -> bool {
        let since = now_ms.saturating_sub(self.changed_ms);
        since >= DOWN_EVERY_MS && self.set(now_ms, u64::from(self.bitrate) * 7 / 10)
    }

    /// So much waits that nothing more is worth sending before the next picture that needs no other.
    pub fn is_blocked(&self, bytes: usize) -> bool {
        // A second's worth, and at least one large picture.
        bytes > (self.bitrate as usize / 8).max(96 * 1024)
    }

    fn set(&mut self, now_ms: u64, bitrate: u64) -> bool {
        let bitrate = bitrate.clamp(u64::from(BITRATE_MIN), u64::from(self.max)) as u32;
        let changed = bitrate != self.bitrate;
        (self.bitrate, self.changed_ms) = (bitrate, now_ms);
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_while_much_waits_and_rises_slowly_again() {
        let mut rate = Rate::new(2_000_000);
        assert_eq!(rate.bitrate(), 1_000_000);
        assert!(
            !rate.handle_waiting(900, 100_000),
            "too soon after the beginning"
        );
        assert!(rate.handle_waiting(1_000, 100_000));
        assert_eq!(rate.bitrate(), 700_000);
        assert!(!rate.handle_waiting(1_999, 100_000), "let it work first");
        assert!(rate.handle_refused(2_000));
        assert_eq!(rate.bitrate(), 490_000);
        assert!(!rate.handle_waiting(7_000, 20_000), "as it should be");
        assert!(!rate.handle_waiting(6_999, 0));
        assert!(rate.handle_waiting(7_000, 0));
        assert_eq!(rate.bitrate(), 612_500);
        for second in 8..100 {
            rate.handle_waiting(second * 1_000, 0);
        }
        assert_eq!(rate.bitrate(), 2_000_000);
        for second in 100..200 {
            rate.handle_waiting(second * 1_000, 1 << 20);
        }
        assert_eq!(rate.bitrate(), BITRATE_MIN);
        assert!(rate.is_blocked(96 * 1024 + 1) && !rate.is_blocked(96 * 1024));
    }
}
