//! The story of a line that is cut: what came, what was lost on the way, what waits.

use std::collections::VecDeque;

use crate::line::Line;

/// Entries that are kept.
const ENTRIES_MAX: usize = 40;

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutEntry {
    /// The line is like this now.
    Line(Line),
    /// The next attempt to connect comes in so many milliseconds.
    Wait {
        /// How many.
        ms: u64,
    },
    /// Ticks came, from this number to that one.
    Ticks {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
    /// The conversation goes on, and so many events that were missed follow.
    Recovered(u64),
    /// The conversation goes on from the newest.
    Anew,
    /// So many events will not come.
    Gap(u64),
    /// Something was said here, and waits to be acknowledged.
    Said,
    /// It was acknowledged, or refused.
    Answered {
        /// Whether it was taken.
        taken: bool,
    },
    /// What was said here came back as an event.
    Own,
}

/// What happened, the newest first, and the sums of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CutLog {
    entries: VecDeque<CutEntry>,
    newest: u32,
    arrived: u64,
    recovered: u64,
    lost: u64,
    waiting: u32,
    begun: bool,
}

impl CutLog {
    /// The number of ticks that are said here.
    pub const OWN: u32 = u32::MAX;

    fn push(&mut self, entry: CutEntry) {
        self.entries.push_front(entry);
        self.entries.truncate(ENTRIES_MAX);
    }

    /// The line is like this now, which is by the page's clock in milliseconds.
    pub fn note_line(&mut self, line: Line, now_ms: u64) {
        self.push(match line {
            Line::Waiting { retry_at_ms } => CutEntry::Wait {
                ms: retry_at_ms.saturating_sub(now_ms),
            },
            line => CutEntry::Line(line),
        });
    }

    /// A tick has come. Rows of them are one entry.
    pub fn note_tick(&mut self, number: u32) {
        self.arrived += 1;
        if number == Self::OWN {
            return self.push(CutEntry::Own);
        }
        // Numbers tell of what is missing, too, whatever the line says of itself.
        let skipped = u64::from(number.saturating_sub(self.newest + 1));
        if self.newest > 0 {
            self.lost += skipped;
        }
        let follows = number == self.newest + 1;
        self.newest = self.newest.max(number);
        match self.entries.front_mut() {
            Some(CutEntry::Ticks { to, .. }) if follows => *to = number,
            _ => self.push(CutEntry::Ticks {
                from: number,
                to: number,
            }),
        }
    }

    /// The conversation goes on, after a loss with so many events that follow.
    pub fn note_back(&mut self, recovered: Option<u64>) {
        let first = !std::mem::replace(&mut self.begun, true);
        match recovered {
            Some(count) => {
                self.recovered += count;
                self.push(CutEntry::Recovered(count));
            }
            None if first => {}
            None => self.push(CutEntry::Anew),
        }
    }

    /// So many events will not come.
    pub fn note_gap(&mut self, count: u64) {
        self.push(CutEntry::Gap(count));
    }

    /// Something was said here.
    pub fn note_said(&mut self) {
        self.waiting += 1;
        self.push(CutEntry::Said);
    }

    /// What was said is acknowledged, or refused.
    pub fn note_answered(&mut self, taken: bool) {
        self.waiting = self.waiting.saturating_sub(1);
        self.push(CutEntry::Answered { taken });
    }

    /// What happened, the newest first.
    pub fn entries(&self) -> impl Iterator<Item = CutEntry> {
        self.entries.iter().copied()
    }

    /// Ticks that came.
    pub fn arrived(&self) -> u64 {
        self.arrived
    }

    /// Events that were missed, and came all the same.
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Ticks whose numbers are missing.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// What was said here and is not answered.
    pub fn waiting(&self) -> u32 {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use trunkline_client::Transport;

    use super::*;

    #[test]
    fn a_story_is_told_newest_first_and_rows_are_one_entry() {
        let mut log = CutLog::default();
        log.note_back(None);
        for number in [4, 5, 6] {
            log.note_tick(number);
        }
        log.note_line(Line::Cut, 1);
        log.note_line(Line::Waiting { retry_at_ms: 400 }, 150);
        log.note_said();
        log.note_line(Line::Live(Transport::WebSocket), 900);
        log.note_back(Some(2));
        log.note_tick(7);
        log.note_tick(8);
        log.note_answered(true);
        log.note_tick(CutLog::OWN);
        let told: Vec<_> = log.entries().collect();
        let expected = [
            CutEntry::Own,
            CutEntry::Answered { taken: true },
            CutEntry::Ticks { from: 7, to: 8 },
            CutEntry::Recovered(2),
            CutEntry::Line(Line::Live(Transport::WebSocket)),
            CutEntry::Said,
            CutEntry::Wait { ms: 250 },
            CutEntry::Line(Line::Cut),
            CutEntry::Ticks { from: 4, to: 6 },
        ];
        assert_eq!(told, expected);
        assert_eq!((log.arrived(), log.recovered()), (6, 2));
        assert_eq!((log.lost(), log.waiting()), (0, 0));
    }

    #[test]
    fn a_missing_number_is_a_loss_whatever_is_said() {
        let mut log = CutLog::default();
        log.note_tick(10);
        log.note_tick(13);
        assert_eq!((log.lost(), log.arrived()), (2, 2));
        log.note_gap(2);
        log.note_back(None);
        log.note_back(None);
        let anew = log.entries().filter(|it| *it == CutEntry::Anew);
        assert_eq!(anew.count(), 1);
    }

    #[test]
    fn old_entries_go() {
        let mut log = CutLog::default();
        for _ in 0..3 * ENTRIES_MAX {
            log.note_said();
        }
        assert_eq!(log.entries().count(), ENTRIES_MAX);
        assert_eq!(log.waiting(), 3 * ENTRIES_MAX as u32);
    }
}
