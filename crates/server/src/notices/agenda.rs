//! The agenda: notices that wait for their time, and what becomes of them.

use std::collections::BTreeMap;

use trunkline_protocol::Timestamp;

use super::notice::{Notice, NoticeId};

/// The most notices that wait.
pub(super) const WAITING_MAX: usize = 1000;

/// How long a notice that could not be told waits before it is tried again, in seconds.
const RETRY_AFTER_S: u32 = 10;

/// How often a notice is tried before it is given up.
const ATTEMPTS_MAX: u32 = 60;

/// Notices that wait for their time.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    waiting: BTreeMap<NoticeId, Entry>,
}

#[derive(Debug)]
struct Entry {
    notice: Notice,
    due: Timestamp,
    attempts: u32,
    /// It is being told: nobody cancels it any more.
    under_way: bool,
}

/// What became of a notice that was to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    /// It waits.
    New,
    /// One with its id waits already, until then.
    Before(Timestamp),
    /// There is no room.
    Full,
}

/// What becomes of a notice that could not be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It is tried again.
    Waits,
    /// It was tried often enough and is forgotten.
    GivenUp,
}

impl Agenda {
    /// Lets a notice wait until `due`, unless one with its id does.
    pub(super) fn add(&mut self, notice: Notice, due: Timestamp) -> Added {
        if let Some(before) = self.waiting.get(&notice.id) {
            return Added::Before(before.notice.at.unwrap_or(before.due));
        }
        if self.waiting.len() >= WAITING_MAX {
            return Added::Full;
        }
        let entry = Entry {
            due,
            attempts: 0,
            under_way: false,
            notice,
        };
        self.waiting.insert(entry.notice.id.clone(), entry);
        Added::New
    }

    /// Tells whether a notice waits and is not being told.
    pub(super) fn may_cancel(&self, id: &NoticeId) -> bool {
        self.waiting.get(id).is_some_and(|entry| !entry.under_way)
    }

    /// Everything that waits, the next one first.
    pub(super) fn waiting(&self) -> Vec<&Notice> {
        let mut entries: Vec<&Entry> = self.waiting.values().collect();
        entries.sort_by_key(|entry| entry.due);
        entries.into_iter().map(|entry| &entry.notice).collect()
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.idle().map(|entry| entry.due).min()
    }

    /// Hands out the notice that has been due for longest, to be told.
    pub(super) fn poll_due(&mut self, now: Timestamp) -> Option<Notice> {
        let due = self.idle().filter(|entry| entry.due <= now);
        let id = due.min_by_key(|entry| entry.due)?.notice.id.clone();
        let entry = self.waiting.get_mut(&id)?;
        entry.under_way = true;
        Some(entry.notice.clone())
    }

    /// A notice was told, or never will be: it is forgotten.
    pub(super) fn handle_done(&mut self, id: &NoticeId) {
        self.waiting.remove(id);
    }

    /// A notice could not be told now.
    pub(super) fn handle_failed(&mut self, id: &NoticeId, now: Timestamp) -> Failed {
        let Some(entry) = self.waiting.get_mut(id) else {
            return Failed::GivenUp;
        };
        entry.attempts += 1;
        if entry.attempts >= ATTEMPTS_MAX {
            self.waiting.remove(id);
            return Failed::GivenUp;
        }
        entry.under_way = false;
        entry.due = Timestamp(now.0.saturating_add(RETRY_AFTER_S));
        Failed::Waits
    }

    fn idle(&self) -> impl Iterator<Item = &Entry> {
        self.waiting.values().filter(|entry| !entry.under_way)
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::UserId;
    use trunkline_protocol::topics::alerts::Notification;

    use super::super::notice::Recipients;
    use super::*;

    fn id(text: &str) -> NoticeId {
        text.parse().expect("an id")
    }

    fn notice(text: &str, at: u32) -> Notice {
        Notice {
            id: id(text),
            to: Recipients::User(UserId(1)),
            notification: Notification::default(),
            at: Some(Timestamp(at)),
        }
    }

    fn add(agenda: &mut Agenda, text: &str, at: u32) -> Added {
        agenda.add(notice(text, at), Timestamp(at))
    }

    fn due(agenda: &mut Agenda, now: u32) -> Option<String> {
        agenda.poll_due(Timestamp(now)).map(|it| it.id.to_string())
    }

    #[test]
    fn notices_come_due_in_the_order_of_their_times() {
        let mut agenda = Agenda::default();
        assert_eq!(agenda.next_due(), None);
        for (text, at) in [("late", 30), ("soon", 10), ("later", 20)] {
            assert_eq!(add(&mut agenda, text, at), Added::New);
        }
        assert_eq!(agenda.next_due(), Some(Timestamp(10)));
        let order: Vec<String> = agenda
            .waiting()
            .iter()
            .map(|it| it.id.to_string())
            .collect();
        assert_eq!(order, ["soon", "later", "late"]);
        assert_eq!(due(&mut agenda, 9), None);
        assert_eq!(due(&mut agenda, 20).as_deref(), Some("soon"));
        assert_eq!(due(&mut agenda, 20).as_deref(), Some("later"));
        assert_eq!(due(&mut agenda, 20), None);
        assert_eq!(agenda.next_due(), Some(Timestamp(30)));
    }

    #[test]
    fn the_first_of_two_with_one_id_counts() {
        let mut agenda = Agenda::default();
        assert_eq!(add(&mut agenda, "a", 10), Added::New);
        assert_eq!(add(&mut agenda, "a", 99), Added::Before(Timestamp(10)));
        assert_eq!(agenda.next_due(), Some(Timestamp(10)));
    }

    #[test]
    fn what_is_being_told_is_not_cancelled() {
        let mut agenda = Agenda::default();
        add(&mut agenda, "a", 10);
        add(&mut agenda, "b", 10);
        assert!(due(&mut agenda, 10).is_some());
        assert!(!agenda.may_cancel(&id("a")));
        assert!(agenda.may_cancel(&id("b")));
        agenda.handle_done(&id("a"));
        agenda.handle_done(&id("b"));
        assert!(!agenda.may_cancel(&id("b")));
        assert!(agenda.waiting().is_empty());
    }

    #[test]
    fn what_fails_is_tried_again_and_given_up_at_last() {
        let mut agenda = Agenda::default();
        add(&mut agenda, "a", 10);
        let mut now = 10;
        for _ in 1..ATTEMPTS_MAX {
            assert!(due(&mut agenda, now).is_some());
            assert_eq!(due(&mut agenda, now + RETRY_AFTER_S), None);
            let failed = agenda.handle_failed(&id("a"), Timestamp(now));
            assert_eq!(failed, Failed::Waits);
            now += RETRY_AFTER_S;
            assert_eq!(agenda.next_due(), Some(Timestamp(now)));
        }
        assert!(due(&mut agenda, now).is_some());
        let failed = agenda.handle_failed(&id("a"), Timestamp(now));
        assert_eq!(failed, Failed::GivenUp);
        assert!(agenda.waiting().is_empty());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut agenda = Agenda::default();
        for number in 0..WAITING_MAX {
            assert_eq!(add(&mut agenda, &format!("n{number}"), 1), Added::New);
        }
        assert_eq!(add(&mut agenda, "more", 1), Added::Full);
        assert_eq!(add(&mut agenda, "n0", 1), Added::Before(Timestamp(1)));
        agenda.handle_done(&id("n0"));
        assert_eq!(add(&mut agenda, "more", 1), Added::New);
    }
}
