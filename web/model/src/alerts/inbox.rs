//! The inbox: notifications with what became of them, made of events in whatever order they load.

use std::collections::BTreeMap;

use trunkline_protocol::topics::alerts::{AlertEvent, Notification};
use trunkline_protocol::{Gap, GapCause, Offset, Timestamp};

/// The most notifications that a page keeps; the server keeps no more events.
const TOLD_MAX: usize = 1000;

/// The most marks that are remembered for notifications that are not loaded.
const EARLY_MAX: usize = 10_000;

/// A notification, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// When it was told.
    pub at: Timestamp,
    /// What.
    pub notification: Notification,
    /// What the server knows.
    marks: Marks,
    /// What was done here and is not answered yet.
    local: Option<Mark>,
}

/// What is done with a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was read.
    Read,
    /// It is put away, and read with that.
    Dismissed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    read: bool,
    dismissed: bool,
}

impl Marks {
    fn set(&mut self, mark: Mark) {
        match mark {
            Mark::Read => self.read = true,
            Mark::Dismissed => self.dismissed = true,
        }
    }
}

impl Alert {
    /// Whether the user has read it.
    pub fn is_read(&self) -> bool {
        self.marks.read || self.local.is_some()
    }

    /// Whether there is still something to show.
    pub fn is_shown(&self, now: Timestamp) -> bool {
        let expired = self.notification.expires.is_some_and(|it| it <= now);
        !self.marks.dismissed && self.local != Some(Mark::Dismissed) && !expired
    }

    fn is_unread(&self, now: Timestamp) -> bool {
        !self.is_read() && self.is_shown(now)
    }
}

/// What there is to say about the time without a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// Missed events came afterwards.
    Recovered {
        /// How many.
        count: u32,
        /// When the line was lost.
        lost_at: Timestamp,
        /// When it was back.
        back_at: Timestamp,
    },
    /// Something is missing.
    Gap(Gap),
}

/// What a user was told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    told: BTreeMap<Offset, Alert>,
    newest: Offset,
    oldest: Option<Offset>,
    read_up_to: Offset,
    early: BTreeMap<Offset, Marks>,
    note: Option<Note>,
}

impl Inbox {
    /// The offset of the newest event that has come; 0 before the first.
    pub fn newest(&self) -> Offset {
        self.newest
    }

    /// The offset of the oldest event that has come.
    pub fn oldest(&self) -> Option<Offset> {
        self.oldest
    }

    /// The notification at `offset`, if it is loaded.
    pub fn get(&self, offset: Offset) -> Option<&Alert> {
        self.told.get(&offset)
    }

    /// What there is to show now, the newest first.
    pub fn shown(&self, now: Timestamp) -> impl Iterator<Item = (Offset, &Alert)> {
        let newest_first = self.told.iter().rev();
        newest_first
            .filter(move |(_, alert)| alert.is_shown(now))
            .map(|(offset, alert)| (*offset, alert))
    }

    /// Where the unread ones stand, the newest first.
    pub fn unread(&self, now: Timestamp) -> Vec<Offset> {
        self.shown(now)
            .filter(|(_, alert)| alert.is_unread(now))
            .map(|(offset, _)| offset)
            .collect()
    }

    /// How many are unread.
    pub fn unread_count(&self, now: Timestamp) -> u32 {
        let count = self.told.values().filter(|alert| alert.is_unread(now));
        u32::try_from(count.count()).unwrap_or(u32::MAX)
    }

    /// Whether there may be unread ones before the oldest that is loaded.
    pub fn may_hide_unread(&self) -> bool {
        self.oldest
            .is_some_and(|oldest| oldest > self.read_up_to.saturating_add(1))
    }

    /// True when no more is kept here.
    pub fn is_full(&self) -> bool {
        self.told.len() >= TOLD_MAX
    }

    /// What there is to say about the last time without a line.
    pub fn note(&self) -> Option<Note> {
        self.note
    }

    /// The user has seen the note.
    pub fn put_note_away(&mut self) {
        self.note = None;
    }

    /// Takes an event, new or from history.
    pub fn handle_event(&mut self, offset: Offset, event: AlertEvent) {
        self.newest = self.newest.max(offset);
        self.oldest = Some(self.oldest.map_or(offset, |oldest| oldest.min(offset)));
        match event {
            AlertEvent::Notified { at, notification } => self.told(offset, at, notification),
            AlertEvent::Read { offsets } => self.mark(Mark::Read, &offsets),
            AlertEvent::Dismissed { offsets } => self.mark(Mark::Dismissed, &offsets),
            AlertEvent::ReadUpTo { offset: last } => {
                self.read_up_to = self.read_up_to.max(last);
                for alert in self.told.range_mut(..=last).map(|(_, alert)| alert) {
                    alert.marks.read = true;
                }
            }
        }
    }

    /// Takes what a subscription said about the time without a line.
    pub fn handle_recovered(&mut self, count: u32, lost_at: Timestamp, back_at: Timestamp) {
        if count > 0 {
            self.note = Some(Note::Recovered {
                count,
                lost_at,
                back_at,
            });
        }
    }

    /// Takes a gap. What the server no longer keeps goes here, too: marks of it would be missed.
    pub fn handle_gap(&mut self, gap: Gap) {
        if gap.cause == GapCause::Epoch {
            *self = Self::default();
        } else {
            self.told = self.told.split_off(&gap.to.saturating_add(1));
            self.oldest = self.oldest.filter(|oldest| *oldest > gap.to);
        }
        self.note = Some(Note::Gap(gap));
    }

    /// Shows what was done here before it is answered.
    pub fn begin(&mut self, mark: Mark, offsets: &[Offset]) {
        self.set_local(offsets, Some(mark));
    }

    /// Takes back what was done here and was refused.
    pub fn undo(&mut self, offsets: &[Offset]) {
        self.set_local(offsets, None);
    }

    fn set_local(&mut self, offsets: &[Offset], local: Option<Mark>) {
        for offset in offsets {
            if let Some(alert) = self.told.get_mut(offset) {
                alert.local = local;
            }
        }
    }

    fn told(&mut self, offset: Offset, at: Timestamp, notification: Notification) {
        if self.told.contains_key(&offset) {
            return;
        }
        let mut marks = self.early.remove(&offset).unwrap_or_default();
        marks.read |= offset <= self.read_up_to;
        let alert = Alert {
            at,
            notification,
            marks,
            local: None,
        };
        self.told.insert(offset, alert);
        if self.told.len() > TOLD_MAX {
            self.told.pop_first();
        }
    }

    fn mark(&mut self, mark: Mark, offsets: &[Offset]) {
        for offset in offsets {
            if let Some(alert) = self.told.get_mut(offset) {
                alert.marks.set(mark);
            } else if self.early.len() < EARLY_MAX {
                self.early.entry(*offset).or_default().set(mark);
            }
        }
    }
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
