//! Toasts: the newest notifications, each for a few seconds of being seen.

use trunkline_protocol::Offset;

/// The most toasts at a time; what comes beyond is counted.
pub const TOASTS_MAX: usize = 3;

/// How many seconds a toast stays while the page is seen.
const SECONDS: u32 = 8;

/// The toasts on a page, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toasts {
    shown: Vec<(Offset, u32)>,
    more: u32,
}

impl Toasts {
    /// Where the notifications stand that are shown, the oldest first.
    pub fn shown(&self) -> Vec<Offset> {
        self.shown.iter().map(|(offset, _)| *offset).collect()
    }

    /// How many others came meanwhile.
    pub fn more(&self) -> u32 {
        self.more
    }

    /// True when there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// A notification has come. At the bound, the oldest makes room.
    pub fn push(&mut self, offset: Offset) {
        if self.shown.iter().any(|(shown, _)| *shown == offset) {
            return;
        }
        if self.shown.len() == TOASTS_MAX {
            self.shown.remove(0);
            self.more = self.more.saturating_add(1);
        }
        self.shown.push((offset, SECONDS));
    }

    /// Takes away what is not to be shown any more.
    pub fn keep(&mut self, still: impl Fn(Offset) -> bool) {
        self.shown.retain(|(offset, _)| still(*offset));
        self.rest();
    }

    /// A second was seen.
    pub fn tick(&mut self) {
        for (_, left) in &mut self.shown {
            *left = left.saturating_sub(1);
        }
        self.shown.retain(|(_, left)| *left > 0);
        self.rest();
    }

    /// Others are only counted beside one that is shown.
    fn rest(&mut self) {
        if self.shown.is_empty() {
            self.more = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_shown_and_the_others_counted() {
        let mut toasts = Toasts::default();
        for offset in [1, 2, 2, 3, 4, 5] {
            toasts.push(offset);
        }
        assert_eq!((toasts.shown(), toasts.more()), (vec![3, 4, 5], 2));
        toasts.keep(|offset| offset != 4);
        assert_eq!((toasts.shown(), toasts.more()), (vec![3, 5], 2));
    }

    #[test]
    fn a_toast_stays_for_its_seconds() {
        let mut toasts = Toasts::default();
        toasts.push(1);
        for _ in 1..SECONDS {
            toasts.tick();
            assert!(!toasts.is_empty());
        }
        for offset in 2..6 {
            toasts.push(offset);
        }
        toasts.tick();
        assert_eq!((toasts.shown(), toasts.more()), (vec![3, 4, 5], 2));
        toasts.keep(|_| false);
        assert_eq!(toasts, Toasts::default());
    }
}
