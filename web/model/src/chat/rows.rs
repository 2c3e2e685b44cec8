//! Turns a timeline into the rows of the page: days, groups, marks and lines between messages.

use std::collections::HashMap;

use trunkline_protocol::{ErrorCode, Gap, Offset, Timestamp, User};

use super::entries::{Draft, DraftState, Entry, LocalId, Message, Notice, Place};
use super::timeline::Timeline;

/// Names a row as long as it stands on the page. A draft and the message it becomes are one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// The line above a day; the number tells apart lines of one day, should clocks disagree.
    Day(i32, u32),
    /// The line above what is unread.
    Unread,
    /// A message or a notice.
    Placed(Place),
    /// One's own message that began as a draft here.
    Local(LocalId),
}

/// One row of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub key: RowKey,
    /// What it shows.
    pub kind: RowKind,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub enum RowKind {
    /// A day begins.
    Day(Timestamp),
    /// From here on it is unread.
    Unread,
    /// Missed events were recovered.
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
    /// Somebody said something.
    Message(MessageRow),
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageRow {
    /// Its offset, once it has one that can still be named.
    pub offset: Option<Offset>,
    /// The draft that it is or was.
    pub local: Option<LocalId>,
    /// Who says it.
    pub author: User,
    /// True when that is the reader.
    pub mine: bool,
    /// When.
    pub at: Timestamp,
    /// True for the first of a group, which shows author and time.
    pub lead: bool,
    /// The words, or that they were taken back.
    pub body: Body,
    /// How far one's own words have come.
    pub mark: Mark,
}

/// What a message shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The words.
    Text {
        /// What is shown.
        text: String,
        /// True when they replaced others.
        edited: bool,
    },
    /// The author took them back.
    Deleted,
}

/// How far one's own words have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing to say: others' words, or older ones.
    None,
    /// Not answered yet.
    Waiting,
    /// Taken by the server.
    Acknowledged,
    /// Refused.
    Refused(ErrorCode),
}

/// Lays out `timeline`. What came after the offset `unread_after` gets a line above its first
/// message of others; `day` numbers the reader's calendar days.
pub fn rows(
    timeline: &Timeline,
    unread_after: Option<Offset>,
    day: impl Fn(Timestamp) -> i32,
) -> Vec<Row> {
    let mut layout = Layout {
        rows: Vec::new(),
        days: HashMap::new(),
        today: None,
        day,
    };
    let mut unread_after = unread_after;
    for (place, entry) in timeline.entries() {
        match entry {
            Entry::Notice(notice) => layout.push(RowKey::Placed(place), notice_kind(*notice)),
            Entry::Said(message) => {
                let row = message_row(timeline, place, message);
                layout.begin_day(row.at);
                if row
                    .offset
                    .is_some_and(|offset| unread_after.is_some_and(|read| offset > read))
                    && !row.mine
                {
                    unread_after = None;
                    layout.push(RowKey::Unread, RowKind::Unread);
                }
                let key = message.local.map_or(RowKey::Placed(place), RowKey::Local);
                layout.push_message(key, row);
            }
        }
    }
    for draft in timeline.drafts() {
        layout.begin_day(draft.at);
        layout.push_message(RowKey::Local(draft.id), draft_row(timeline, draft));
    }
    layout.rows
}

struct Layout<D> {
    rows: Vec<Row>,
    days: HashMap<i32, u32>,
    today: Option<i32>,
    day: D,
}

impl<D: Fn(Timestamp) -> i32> Layout<D> {
    fn push(&mut self, key: RowKey, kind: RowKind) {
        self.rows.push(Row { key, kind });
    }

    fn begin_day(&mut self, at: Timestamp) {
        let day = (self.day)(at);
        if self.today != Some(day) {
            self.today = Some(day);
            let seen = self.days.entry(day).or_default();
            *seen += 1;
            let key = RowKey::Day(day, *seen);
            self.push(key, RowKind::Day(at));
        }
    }

    fn push_message(&mut self, key: RowKey, mut row: MessageRow) {
        let follows = match self.rows.last() {
            Some(Row {
                kind: RowKind::Message(last),
                ..
            }) => last.author == row.author && last.at.0 / 60 == row.at.0 / 60,
            _ => false,
        };
        row.lead = !follows;
        self.push(key, RowKind::Message(row));
    }
}

fn notice_kind(notice: Notice) -> RowKind {
    match notice {
        Notice::Recovered {
            count,
            lost_at,
            back_at,
        } => RowKind::Recovered {
            count,
            lost_at,
            back_at,
        },
        Notice::Gap(gap) => RowKind::Gap(gap),
    }
}

fn message_row(timeline: &Timeline, place: Place, message: &Message) -> MessageRow {
    let body = match message.shown() {
        Some(text) => Body::Text {
            text: text.to_owned(),
            edited: message.edited || message.change.is_some(),
        },
        None => Body::Deleted,
    };
    let mark = match (&message.change, message.local) {
        (Some(_), _) => Mark::Waiting,
        (None, Some(_)) if message.text.is_some() => Mark::Acknowledged,
        (None, _) => Mark::None,
    };
    MessageRow {
        offset: place.current_offset(timeline),
        local: message.local,
        author: message.author.clone(),
        mine: message.author.id == timeline.me().id,
        at: message.at,
        lead: false,
        body,
        mark,
    }
}

fn draft_row(timeline: &Timeline, draft: &Draft) -> MessageRow {
    let (offset, mark) = match draft.state {
        DraftState::Waiting => (None, Mark::Waiting),
        DraftState::Taken(offset) => (Some(offset), Mark::Acknowledged),
        DraftState::Refused(code) => (None, Mark::Refused(code)),
    };
    MessageRow {
        offset,
        local: Some(draft.id),
        author: timeline.me().clone(),
        mine: true,
        at: draft.at,
        lead: false,
        body: Body::Text {
            text: draft.text.clone(),
            edited: false,
        },
        mark,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::chat::ChatEvent;
    use trunkline_protocol::{GapCause, Text, UserId};

    use super::*;

    const DAY: u32 = 86_400;

    fn user(id: u64) -> User {
        User {
            id: UserId(id),
            name: Text::cut("someone"),
        }
    }

    fn timeline(said: &[(Offset, u64, u32)]) -> Timeline {
        let mut timeline = Timeline::new(user(1));
        for &(offset, author, at) in said {
            let event = ChatEvent::Said {
                author: user(author),
                at: Timestamp(at),
                text: Text::cut("x"),
            };
            timeline.handle_event(offset, event);
        }
        timeline
    }

    /// One letter for each row: `D`ay, `U`nread, `R`ecovered, `G`ap, `L`ead, `f`ollowing.
    fn check(timeline: &Timeline, unread_after: Option<Offset>, expected: &str) -> Vec<Row> {
        let rows = rows(timeline, unread_after, |at| {
            i32::try_from(at.0 / DAY).expect("a small day")
        });
        let found: String = rows
            .iter()
            .map(|row| match &row.kind {
                RowKind::Day(_) => 'D',
                RowKind::Unread => 'U',
                RowKind::Recovered { .. } => 'R',
                RowKind::Gap(_) => 'G',
                RowKind::Message(message) if message.lead => 'L',
                RowKind::Message(_) => 'f',
            })
            .collect();
        assert_eq!(found, expected);
        rows
    }

    #[test]
    fn a_group_is_one_author_in_one_minute() {
        check(
            &timeline(&[(1, 2, 0), (2, 2, 59), (3, 2, 60), (4, 3, 61), (5, 2, 62)]),
            None,
            "DLfLLL",
        );
    }

    #[test]
    fn a_day_begins_with_a_line() {
        check(
            &timeline(&[(1, 2, DAY - 1), (2, 2, DAY), (3, 2, DAY + 1)]),
            None,
            "DLDLf",
        );
        check(
            &timeline(&[(1, 2, DAY), (2, 2, 0), (3, 2, DAY)]),
            None,
            "DLDLDL",
        );
    }

    #[test]
    fn a_line_stands_above_the_first_unread_message_of_others() {
        let timeline = timeline(&[(1, 2, 0), (2, 2, 1), (3, 1, 2), (4, 2, 3)]);
        check(&timeline, Some(1), "DLULLL");
        check(&timeline, Some(2), "DLfLUL");
        check(&timeline, Some(4), "DLfLL");
    }

    #[test]
    fn notices_part_groups() {
        let mut timeline = timeline(&[(1, 2, 0)]);
        timeline.handle_recovered(1, Timestamp(0), Timestamp(1));
        let event = |at| ChatEvent::Said {
            author: user(2),
            at: Timestamp(at),
            text: Text::cut("x"),
        };
        timeline.handle_event(2, event(2));
        timeline.handle_gap(Gap {
            from: 3,
            to: 4,
            count: 2,
            cause: GapCause::Retention,
        });
        timeline.handle_event(5, event(3));
        check(&timeline, None, "DLRLGL");
    }

    #[test]
    fn a_draft_keeps_its_row_when_it_becomes_a_message() {
        let mut timeline = timeline(&[(1, 1, 0)]);
        let id = timeline.draft("x".into(), Timestamp(1));
        let before = check(&timeline, None, "DLf");
        timeline.handle_published(id, 2);
        let event = ChatEvent::Said {
            author: user(1),
            at: Timestamp(2),
            text: Text::cut("x"),
        };
        timeline.handle_event(2, event);
        let after = check(&timeline, None, "DLf");
        assert_eq!(before[2].key, after[2].key);
    }
}
