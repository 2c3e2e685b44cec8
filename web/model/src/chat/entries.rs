//! What stands in a room, what waits, and the names of both.

use trunkline_protocol::{ErrorCode, Gap, Offset, Timestamp, User};

use super::timeline::Timeline;

/// Where something stands in a room. An offset names one event per era, and a history that
/// starts anew begins another era.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub(super) era: u32,
    pub(super) offset: Offset,
    /// Notices come before the message of the same offset.
    pub(super) message: bool,
}

/// Names a draft, and the message it becomes, as long as the page lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalId(pub(super) u32);

/// Something that stands in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Something that somebody said.
    Said(Message),
    /// Something about the line.
    Notice(Notice),
}

/// Something that somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who.
    pub author: User,
    /// When.
    pub at: Timestamp,
    /// What; nothing when it was taken back.
    pub text: Option<String>,
    /// True when the words were replaced.
    pub edited: bool,
    /// The draft that this was.
    pub local: Option<LocalId>,
    /// One's own change that is not answered yet.
    pub change: Option<Change>,
    pub(super) changed_by: Offset,
}

/// What one does to one's own message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Puts other words in place.
    Edit(String),
    /// Takes it back.
    Delete,
}

/// Something about the line that belongs between the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The line was down and nothing was missed.
    Recovered {
        /// How many events came later than they would have.
        count: u32,
        /// When the line was lost, by this browser's clock.
        lost_at: Timestamp,
        /// When it was back.
        back_at: Timestamp,
    },
    /// Something was missed and will not come.
    Gap(Gap),
}

/// One's own words that the server has not given a place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub id: LocalId,
    /// The words.
    pub text: String,
    /// When they were sent, by this browser's clock.
    pub at: Timestamp,
    /// How far they have come.
    pub state: DraftState,
}

/// How far a draft has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftState {
    /// Not answered.
    Waiting,
    /// Taken; its event is still on the way.
    Taken(Offset),
    /// Refused.
    Refused(ErrorCode),
}

impl Place {
    /// The offset, if the place is of the timeline's current era.
    pub fn current_offset(self, timeline: &Timeline) -> Option<Offset> {
        (self.era == timeline.era()).then_some(self.offset)
    }
}

impl Message {
    /// The words as their author sees them, with a change that is not answered yet.
    pub fn shown(&self) -> Option<&str> {
        match &self.change {
            Some(Change::Edit(text)) if self.text.is_some() => Some(text),
            Some(Change::Delete) => None,
            Some(Change::Edit(_)) | None => self.text.as_deref(),
        }
    }

    /// Takes the event at `by`, which puts other words in place or none. Older ones change nothing.
    pub(super) fn take_change(&mut self, by: Offset, text: Option<String>) {
        if by <= self.changed_by {
            return;
        }
        self.changed_by = by;
        self.edited = true;
        self.change = None;
        // What was taken back does not return.
        self.text = if self.text.is_some() { text } else { None };
    }
}
