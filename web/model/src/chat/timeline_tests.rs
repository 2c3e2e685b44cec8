//! Drafts, acknowledgements and events in every order that a line can bring them in.

use trunkline_protocol::{Text, UserId};

use super::*;

fn user(id: u64) -> User {
    User {
        id: UserId(id),
        name: Text::cut(if id == 1 { "me" } else { "other" }),
    }
}

fn said(id: u64, text: &str) -> ChatEvent {
    ChatEvent::Said {
        author: user(id),
        at: Timestamp(60),
        text: Text::cut(text),
    }
}

fn edited(offset: Offset, text: &str) -> ChatEvent {
    ChatEvent::Edited {
        offset,
        at: Timestamp(61),
        text: Text::cut(text),
    }
}

fn deleted(offset: Offset) -> ChatEvent {
    ChatEvent::Deleted {
        offset,
        at: Timestamp(62),
    }
}

fn mine() -> Timeline {
    Timeline::new(user(1))
}

/// What stands, then what waits: `text`, `-` for a tombstone, `~` for a notice.
fn check(timeline: &Timeline, standing: &[&str], drafts: &[&str]) {
    let found: Vec<_> = timeline
        .entries()
        .map(|(_, entry)| match entry {
            Entry::Said(message) => message.shown().unwrap_or("-").to_owned(),
            Entry::Notice(_) => "~".to_owned(),
        })
        .collect();
    assert_eq!(found, standing);
    let waiting: Vec<_> = timeline
        .drafts()
        .iter()
        .map(|draft| draft.text.as_str())
        .collect();
    assert_eq!(waiting, drafts);
}

#[test]
fn an_acknowledgement_before_its_event_shows_the_words_once() {
    let mut timeline = mine();
    let id = timeline.draft("hi".into(), Timestamp(0));
    timeline.handle_published(id, 4);
    check(&timeline, &[], &["hi"]);
    timeline.handle_event(4, said(1, "hi"));
    check(&timeline, &["hi"], &[]);
    assert_eq!(
        timeline.messages().next().expect("it stands").1.local,
        Some(id)
    );
}

#[test]
fn an_event_before_its_acknowledgement_shows_the_words_once() {
    let mut timeline = mine();
    let id = timeline.draft("hi".into(), Timestamp(0));
    timeline.handle_event(3, said(2, "hello"));
    timeline.handle_event(4, said(1, "hi"));
    check(&timeline, &["hello"], &["hi"]);
    timeline.handle_published(id, 4);
    check(&timeline, &["hello", "hi"], &[]);
}

#[test]
fn words_from_ones_other_tab_stand_at_once_unless_they_may_be_a_draft() {
    let mut timeline = mine();
    let (first, second) = (
        timeline.draft("a".into(), Timestamp(0)),
        timeline.draft("b".into(), Timestamp(0)),
    );
    timeline.handle_event(1, said(1, "other tab"));
    timeline.handle_event(2, said(1, "a"));
    timeline.handle_event(3, said(1, "b"));
    check(&timeline, &["other tab"], &["a", "b"]);
    timeline.handle_published(first, 2);
    check(&timeline, &["other tab", "a"], &["b"]);
    timeline.handle_refused(second, ErrorCode::Forbidden);
    check(&timeline, &["other tab", "a", "b"], &["b"]);
    assert_eq!(timeline.retry(second).as_deref(), Some("b"));
    timeline.discard(second);
    check(&timeline, &["other tab", "a", "b"], &[]);
}

#[test]
fn drafts_of_before_a_reload_hide_nothing_and_are_shown_once() {
    let mut timeline = mine();
    // The first was taken, and its acknowledgement was lost with the page.
    let (first, second) = (
        timeline.draft("taken".into(), Timestamp(50)),
        timeline.draft("unsent".into(), Timestamp(51)),
    );
    for (offset, text) in [(1, "long ago"), (2, "taken")] {
        timeline.handle_event(offset, said(1, text));
    }
    check(&timeline, &["long ago"], &["taken", "unsent"]);
    timeline.handle_published(first, 2);
    check(&timeline, &["long ago", "taken"], &["unsent"]);
    timeline.handle_event(3, said(1, "unsent"));
    timeline.handle_published(second, 3);
    check(&timeline, &["long ago", "taken", "unsent"], &[]);
}

#[test]
fn a_refused_draft_is_sent_again_after_the_others() {
    let mut timeline = mine();
    let first = timeline.draft("a".into(), Timestamp(0));
    timeline.draft("b".into(), Timestamp(0));
    timeline.handle_refused(first, ErrorCode::TooFast);
    timeline.retry(first);
    check(&timeline, &[], &["b", "a"]);
}

#[test]
fn an_event_that_comes_twice_stands_once() {
    let mut timeline = mine();
    for offset in [1, 2, 1, 2] {
        timeline.handle_event(offset, said(2, "x"));
    }
    check(&timeline, &["x", "x"], &[]);
}

#[test]
fn changes_find_their_message_in_any_order() {
    let mut timeline = mine();
    timeline.handle_event(1, said(2, "a"));
    timeline.handle_event(2, edited(1, "b"));
    check(&timeline, &["b"], &[]);
    timeline.handle_event(3, deleted(1));
    check(&timeline, &["-"], &[]);

    // The page above is loaded later: the edit waits for its message.
    let mut timeline = mine();
    timeline.handle_event(8, edited(2, "new"));
    timeline.handle_event(9, edited(2, "newer"));
    timeline.handle_event(2, said(2, "old"));
    timeline.handle_event(3, edited(2, "stale"));
    check(&timeline, &["newer"], &[]);
    assert_eq!((timeline.oldest(), timeline.newest()), (Some(2), 9));
}

#[test]
fn ones_own_change_is_shown_at_once_and_taken_back_when_refused() {
    let mut timeline = mine();
    timeline.handle_event(1, said(1, "a"));
    timeline.begin_change(1, Change::Edit("b".into()));
    check(&timeline, &["b"], &[]);
    assert_eq!(timeline.last_own(), Some((1, "b")));
    timeline.undo_change(1);
    check(&timeline, &["a"], &[]);
    timeline.begin_change(1, Change::Delete);
    check(&timeline, &["-"], &[]);
    assert_eq!(timeline.last_own(), None);
    timeline.handle_event(2, deleted(1));
    timeline.undo_change(1);
    check(&timeline, &["-"], &[]);
}

#[test]
fn a_gap_and_a_recovery_stand_before_what_came_after_them() {
    let mut timeline = mine();
    timeline.handle_event(1, said(2, "a"));
    timeline.handle_recovered(2, Timestamp(1), Timestamp(2));
    timeline.handle_event(2, said(2, "b"));
    timeline.handle_gap(Gap {
        from: 3,
        to: 7,
        count: 5,
        cause: GapCause::Retention,
    });
    timeline.handle_event(8, said(2, "c"));
    check(&timeline, &["a", "~", "b", "~", "c"], &[]);
    timeline.handle_recovered(0, Timestamp(1), Timestamp(2));
    check(&timeline, &["a", "~", "b", "~", "c"], &[]);
}

#[test]
fn a_new_epoch_keeps_what_was_seen_and_counts_anew() {
    let mut timeline = mine();
    timeline.handle_event(1, said(1, "a"));
    let taken = timeline.draft("b".into(), Timestamp(0));
    timeline.draft("c".into(), Timestamp(0));
    timeline.handle_published(taken, 2);
    timeline.handle_gap(Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    });
    assert_eq!(timeline.newest(), 0);
    timeline.handle_event(1, said(2, "d"));
    check(&timeline, &["a", "b", "~", "d"], &["c"]);
    assert_eq!(timeline.last_own(), None);
    let first = timeline.entries().next().expect("it stands").0;
    assert_eq!(first.current_offset(&timeline), None);
}

#[test]
fn unread_counts_the_words_of_others_that_still_stand() {
    let mut timeline = mine();
    for (offset, event) in [
        (1, said(2, "a")),
        (2, said(1, "b")),
        (3, said(2, "c")),
        (4, said(2, "d")),
    ] {
        timeline.handle_event(offset, event);
    }
    timeline.handle_event(5, deleted(4));
    assert_eq!(timeline.unread_since(0), 2);
    assert_eq!(timeline.unread_since(1), 1);
    assert_eq!(timeline.unread_since(5), 0);
}
