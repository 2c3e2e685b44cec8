//! What becomes of events, in whichever order they come.

use trunkline_protocol::{List, Text};

use super::*;

const NOW: Timestamp = Timestamp(1000);

fn told(title: &str) -> AlertEvent {
    expiring(title, None)
}

fn expiring(title: &str, expires: Option<u32>) -> AlertEvent {
    AlertEvent::Notified {
        at: Timestamp(900),
        notification: Notification {
            title: Text::cut(title),
            expires: expires.map(Timestamp),
            ..Notification::default()
        },
    }
}

fn read(offsets: &[Offset]) -> AlertEvent {
    AlertEvent::Read {
        offsets: List::cut(offsets.iter().copied()),
    }
}

fn dismissed(offsets: &[Offset]) -> AlertEvent {
    AlertEvent::Dismissed {
        offsets: List::cut(offsets.iter().copied()),
    }
}

fn inbox(events: impl IntoIterator<Item = (Offset, AlertEvent)>) -> Inbox {
    let mut inbox = Inbox::default();
    for (offset, event) in events {
        inbox.handle_event(offset, event);
    }
    inbox
}

/// Shown offsets, newest first, and the unread ones of them.
fn check(inbox: &Inbox, shown: &[Offset], unread: &[Offset]) {
    let all: Vec<Offset> = inbox.shown(NOW).map(|(offset, _)| offset).collect();
    assert_eq!(all, shown);
    assert_eq!(inbox.unread(NOW), unread);
    assert_eq!(inbox.unread_count(NOW) as usize, unread.len());
}

fn gap(to: Offset, cause: GapCause) -> Gap {
    Gap {
        from: 1,
        to,
        count: to,
        cause,
    }
}

/// The same events in whichever order they load.
#[test]
fn marks_hold_in_whichever_order_pages_load() {
    let events = [
        (1, told("a")),
        (2, told("b")),
        (3, read(&[2])),
        (4, told("c")),
        (5, dismissed(&[1])),
    ];
    check(&inbox(events.clone()), &[4, 2], &[4]);
    check(&inbox(events.into_iter().rev()), &[4, 2], &[4]);
    let up_to = [
        (1, told("a")),
        (2, told("b")),
        (3, AlertEvent::ReadUpTo { offset: 1 }),
    ];
    check(&inbox(up_to.clone()), &[2, 1], &[2]);
    check(&inbox(up_to.into_iter().rev()), &[2, 1], &[2]);
}

#[test]
fn a_notification_that_comes_twice_is_one() {
    let twice = inbox([(1, told("a")), (2, read(&[1])), (1, told("a"))]);
    check(&twice, &[1], &[]);
}

#[test]
fn what_has_expired_is_neither_shown_nor_counted() {
    let some = inbox([
        (1, expiring("gone", Some(1000))),
        (2, expiring("here", Some(1001))),
    ]);
    check(&some, &[2], &[2]);
}

#[test]
fn what_is_done_here_shows_at_once_and_can_be_taken_back() {
    let mut some = inbox([(1, told("a")), (2, told("b"))]);
    some.begin(Mark::Read, &[1]);
    some.begin(Mark::Dismissed, &[2]);
    check(&some, &[1], &[]);
    some.undo(&[1, 2]);
    check(&some, &[2, 1], &[2, 1]);
    some.handle_event(3, read(&[1]));
    some.undo(&[1]);
    check(&some, &[2, 1], &[2]);
}

#[test]
fn more_may_be_unread_before_what_is_loaded() {
    assert!(!Inbox::default().may_hide_unread());
    assert!(!inbox([(1, told("a"))]).may_hide_unread());
    assert!(inbox([(7, told("a"))]).may_hide_unread());
    let up_to = |offset| inbox([(7, told("a")), (8, AlertEvent::ReadUpTo { offset })]);
    assert!(up_to(5).may_hide_unread());
    assert!(!up_to(6).may_hide_unread());
}

#[test]
fn what_the_server_no_longer_keeps_goes() {
    let mut some = inbox([(1, told("a")), (2, told("b")), (3, told("c"))]);
    some.handle_gap(gap(2, GapCause::Retention));
    check(&some, &[3], &[3]);
    assert_eq!(some.oldest(), None);
    let note = some.note();
    assert_eq!(note, Some(Note::Gap(gap(2, GapCause::Retention))));
    some.put_note_away();
    assert_eq!(some.note(), None);
}

#[test]
fn another_history_begins_with_nothing() {
    let mut some = inbox([(1, told("a")), (2, read(&[1]))]);
    some.handle_gap(gap(0, GapCause::Epoch));
    check(&some, &[], &[]);
    some.handle_event(1, told("new"));
    check(&some, &[1], &[1]);
}

#[test]
fn what_was_missed_is_told_once_it_is_here() {
    let mut some = Inbox::default();
    some.handle_recovered(0, Timestamp(1), Timestamp(2));
    assert_eq!(some.note(), None);
    some.handle_recovered(3, Timestamp(1), Timestamp(2));
    let Some(Note::Recovered { count: 3, .. }) = some.note() else {
        panic!("{:?}", some.note());
    };
}

#[test]
fn an_inbox_is_bounded() {
    let many = TOLD_MAX as u64 + 10;
    let mut some = inbox((1..=many).map(|offset| (offset, told("a"))));
    assert!(some.is_full());
    assert_eq!(some.unread(NOW).len(), TOLD_MAX);
    assert_eq!(some.unread(NOW).last(), Some(&11));
    for page in 0..200 {
        let offsets: Vec<Offset> = (0..100).map(|it| 1_000_000 + page * 100 + it).collect();
        some.handle_event(many + 1 + page, read(&offsets));
    }
    assert_eq!(some.early.len(), EARLY_MAX);
}
