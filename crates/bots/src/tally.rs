//! How it was for one bot.

/// Counts and times of a bot, or of several together.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Inputs that were sent.
    pub inputs: u64,
    /// Those that came after their tick.
    pub late: u64,
    /// Snapshots that came.
    pub snapshots: u64,
    /// Snapshots that the server left out.
    pub skipped: u64,
    /// Snapshots that were not what the server had.
    pub desyncs: u64,
    /// How often the line was lost.
    pub lost: u64,
    /// Bytes of frames from the server, with their WebSocket headers.
    pub bytes_down: u64,
    /// Bytes of frames to the server, with theirs.
    pub bytes_up: u64,
    /// Predictions that were not exact.
    pub corrections: u32,
    /// How far predictions were off when their snapshots came, in parts of `trunkline_arena::SCALE`.
    pub errors: Vec<i32>,
    /// The times between two snapshots, in microseconds.
    pub gaps_us: Vec<u64>,
    /// Round trips of inputs, in microseconds.
    pub trips_us: Vec<u64>,
    last_us: Option<u64>,
}

/// The most of each time or distance that is kept: that of ten minutes.
const KEPT_MAX: usize = 20_000;

impl Tally {
    /// A snapshot came, and so far was the prediction off.
    pub(crate) fn note_snapshot(&mut self, now_us: u64, error: i32) {
        self.snapshots += 1;
        if let Some(last) = self.last_us.replace(now_us) {
            keep(&mut self.gaps_us, now_us.saturating_sub(last));
        }
        keep(&mut self.errors, error);
    }

    /// An answer came.
    pub(crate) fn note_trip(&mut self, us: u64) {
        keep(&mut self.trips_us, us);
    }

    /// Adds another bot's.
    pub fn add(&mut self, other: Self) {
        self.inputs += other.inputs;
        self.late += other.late;
        self.snapshots += other.snapshots;
        self.skipped += other.skipped;
        self.desyncs += other.desyncs;
        self.lost += other.lost;
        self.bytes_down += other.bytes_down;
        self.bytes_up += other.bytes_up;
        self.corrections += other.corrections;
        self.errors.extend(other.errors);
        self.gaps_us.extend(other.gaps_us);
        self.trips_us.extend(other.trips_us);
    }
}

fn keep<T>(all: &mut Vec<T>, it: T) {
    if all.len() < KEPT_MAX {
        all.push(it);
    }
}

/// The value below which this part of all values is, in percent; the smallest possible if there are
/// none.
pub fn percentile<T: Copy + Ord + Default>(all: &mut [T], part: usize) -> T {
    all.sort_unstable();
    let at = (all.len() * part / 100).min(all.len().saturating_sub(1));
    all.get(at).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_add_up() {
        let mut one = Tally::default();
        one.note_snapshot(1_000, 3);
        one.note_snapshot(34_000, 0);
        let mut other = Tally::default();
        other.note_snapshot(5, 8);
        other.note_trip(70);
        one.add(other);
        assert_eq!((one.snapshots, &one.errors[..]), (3, &[3, 0, 8][..]));
        assert_eq!(
            (&one.gaps_us[..], &one.trips_us[..]),
            (&[33_000][..], &[70][..])
        );
        assert_eq!(percentile(&mut [9, 1, 5], 50), 5);
        assert_eq!(
            (
                percentile(&mut [9, 1, 5], 99),
                percentile::<u8>(&mut [], 50)
            ),
            (9, 0)
        );
    }
}
