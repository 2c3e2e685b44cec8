//! Tells notifications that come one by one from those that come all at once.

/// How long a pause ends a burst, in milliseconds.
const PAUSE_MS: u64 = 5_000;

/// The most notifications of a burst that are shown one by one.
const ONE_BY_ONE_MAX: u32 = 3;

/// How many notifications came without a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Burst {
    count: u32,
    last_ms: u64,
}

impl Burst {
    /// Another one came. None as long as each is shown by itself; then how many there were.
    pub fn count(&mut self, now_ms: u64) -> Option<u32> {
        if now_ms.saturating_sub(self.last_ms) > PAUSE_MS {
            self.count = 0;
        }
        self.last_ms = now_ms;
        self.count = self.count.saturating_add(1);
        (self.count > ONE_BY_ONE_MAX).then_some(self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_become_one() {
        let mut burst = Burst::default();
        let counts: Vec<_> = (1..=5).map(|ms| burst.count(ms)).collect();
        assert_eq!(counts, [None, None, None, Some(4), Some(5)]);
        assert_eq!(burst.count(6 + PAUSE_MS), None);
        assert_eq!(burst.count(7 + 2 * PAUSE_MS), None);
    }
}
