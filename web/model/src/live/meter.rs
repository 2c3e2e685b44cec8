//! What a viewer is told of a broadcast: how late, how much, how often something was missing.

use std::collections::VecDeque;

/// How far back is measured, in milliseconds.
const WINDOW_MS: u64 = 3_000;

/// The figures of the last seconds, and counts since the beginning.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    bytes: VecDeque<(u64, usize)>,
    latencies: VecDeque<(u64, u32)>,
    shown: u64,
    dropped: u32,
    undecoded: u32,
    skipped: u64,
    skips: u32,
    reported: (u64, u32),
}

impl Meter {
    /// Something came.
    pub fn note_bytes(&mut self, now_ms: u64, len: usize) {
        self.bytes.push_back((now_ms, len));
        trim(&mut self.bytes, now_ms);
    }

    /// A picture was shown, so long after it was captured.
    pub fn note_shown(&mut self, now_ms: u64, latency_ms: Option<u32>) {
        self.shown += 1;
        if let Some(latency) = latency_ms {
            self.latencies.push_back((now_ms, latency));
            trim(&mut self.latencies, now_ms);
        }
    }

    /// A picture was not shown, since a newer one was there already.
    pub fn note_dropped(&mut self) {
        self.dropped = self.dropped.saturating_add(1);
    }

    /// A picture was not decoded, since the decoder is slow.
    pub fn note_undecoded(&mut self) {
        self.note_dropped();
        self.undecoded = self.undecoded.saturating_add(1);
    }

    /// The server left so many events out, since the line was slow.
    pub fn note_skipped(&mut self, count: u64) {
        self.skipped += count;
        self.skips = self.skips.saturating_add(1);
    }

    /// How much comes, in bits per second.
    pub fn bitrate(&mut self, now_ms: u64) -> u32 {
        trim(&mut self.bytes, now_ms);
        let len: usize = self.bytes.iter().map(|(_, len)| len).sum();
        u32::try_from(len as u64 * 8 * 1000 / WINDOW_MS).unwrap_or(u32::MAX)
    }

    /// The median of the last latencies, in milliseconds.
    pub fn latency_ms(&mut self, now_ms: u64) -> Option<u32> {
        trim(&mut self.latencies, now_ms);
        let mut all: Vec<_> = self.latencies.iter().map(|(_, latency)| *latency).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied()
    }

    /// How many pictures were shown.
    pub fn shown(&self) -> u64 {
        self.shown
    }

    /// How many were not, since newer ones were there or the decoder is slow.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// How often the server left something out.
    pub fn skips(&self) -> u32 {
        self.skips
    }

    /// How many events were skipped and pictures not decoded since this was asked last. A picture that
    /// a newer one overtook on its way to the screen tells nothing about the viewer's line or machine.
    pub fn take_report(&mut self) -> (u32, u32) {
        let (skipped, undecoded) = (
            self.skipped - self.reported.0,
            self.undecoded - self.reported.1,
        );
        self.reported = (self.skipped, self.undecoded);
        (u32::try_from(skipped).unwrap_or(u32::MAX), undecoded)
    }
}

fn trim<T>(window: &mut VecDeque<(u64, T)>, now_ms: u64) {
    while window
        .front()
        .is_some_and(|(at, _)| now_ms.saturating_sub(*at) >= WINDOW_MS)
    {
        window.pop_front();
    }
    // A clock that stands lets nothing grow.
    if window.len() > 4_096 {
        window.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_of_the_last_seconds_and_counts_of_all() {
        let mut meter = Meter::default();
        for at in 0..30 {
            meter.note_bytes(at * 100, 1_000);
            meter.note_shown(at * 100, Some(at as u32));
        }
        assert_eq!(meter.bitrate(2_900), 80_000);
        assert_eq!(meter.latency_ms(2_900), Some(15));
        assert_eq!(
            (meter.bitrate(4_400), meter.latency_ms(99_999)),
            (40_000, None)
        );
        meter.note_skipped(7);
        meter.note_undecoded();
        meter.note_dropped();
        assert_eq!(meter.dropped(), 2);
        assert_eq!((meter.take_report(), meter.take_report()), ((7, 1), (0, 0)));
        meter.note_skipped(2);
        assert_eq!(
            (meter.take_report(), meter.skips(), meter.shown()),
            ((2, 0), 2, 30)
        );
        for _ in 0..9_999 {
            meter.note_bytes(5_000, 1);
        }
        assert!(meter.bytes.len() <= 4_097);
    }
}
