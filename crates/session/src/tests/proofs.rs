//! Digests: which event a client proves to have when it resumes.

use trunkline_protocol::frame::Start;
use trunkline_protocol::{
    Digest, DisconnectReason, Epoch, Gap, GapCause, List, Offset, Payload, Position, Publication,
    RequestId, ServerFrame, TopicId,
};

use super::pair::*;

/// An event that differs from offset to offset and from branch to branch of a history.
fn event(branch: u8, offset: Offset) -> Payload {
    Payload::try_from(vec![branch, offset as u8]).expect("a short event")
}

fn publication_of(branch: u8, offset: Offset) -> Publication {
    Publication {
        offset,
        step: 1,
        event: event(branch, offset),
    }
}

fn say(pair: &mut Pair, branch: u8, offset: Offset) {
    let publication = publication_of(branch, offset);
    pair.say(ServerFrame::of_publication(TopicId(1), publication));
}

/// The line breaks; returns where the client resumes.
fn resume(pair: &mut Pair) -> Start {
    pair.asked.clear();
    pair.cut(DisconnectReason::Lost);
    pair.pass(1_000);
    let [start] = pair.starts()[..] else {
        panic!("expected one subscription, got {:?}", pair.starts());
    };
    start
}

fn proven(branch: u8, offset: Offset) -> Start {
    Start::after(at(offset), Some(Digest::of(&event(branch, offset))))
}

#[test]
fn client_resumes_with_the_digest_of_its_newest_event() {
    let mut pair = Pair::proving();
    pair.subscribe("chat:a", 4);
    say(&mut pair, 1, 5);
    say(&mut pair, 1, 6);
    assert_eq!(resume(&mut pair), proven(1, 6));
    // Nothing was missed: the event is still the newest one.
    pair.confirm(6, true);
    assert_eq!(resume(&mut pair), proven(1, 6));
}

#[test]
fn dropped_publications_do_not_change_the_digest() {
    let mut pair = Pair::proving();
    pair.subscribe("chat:a", 4);
    say(&mut pair, 1, 5);
    say(&mut pair, 2, 5);
    say(&mut pair, 2, 3);
    assert_eq!(resume(&mut pair), proven(1, 5));
    pair.confirm(5, true);
    pair.asked.clear();
    // One is missing before it, so the topic is asked for again on the same line.
    say(&mut pair, 1, 7);
    assert_eq!(pair.starts(), [proven(1, 5)]);
}

#[test]
fn position_without_an_event_has_no_digest() {
    let mut pair = Pair::proving();
    pair.subscribe("chat:a", 4);
    assert_eq!(resume(&mut pair), Start::After(at(4)));
    pair.confirm(4, true);
    say(&mut pair, 1, 5);
    let gap = Gap {
        from: 6,
        to: 9,
        count: 4,
        cause: GapCause::Retention,
    };
    let topic_id = TopicId(1);
    pair.say(ServerFrame::Gap { topic_id, gap });
    assert_eq!(resume(&mut pair), Start::After(at(9)));
}

#[test]
fn gap_that_leads_nowhere_keeps_the_digest() {
    let mut pair = Pair::proving();
    pair.subscribe("chat:a", 4);
    say(&mut pair, 1, 5);
    let gap = Gap {
        from: 4,
        to: 5,
        count: 2,
        cause: GapCause::Retention,
    };
    let topic_id = TopicId(1);
    pair.say(ServerFrame::Gap { topic_id, gap });
    assert_eq!(resume(&mut pair), proven(1, 5));
}

/// Answer of a server to a reader of another branch, with what is left.
fn another_branch(id: RequestId, epoch: u32, after: Offset, left: &[Offset]) -> ServerFrame {
    let gap = Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    };
    ServerFrame::Subscribed {
        id,
        topic_id: TopicId(1),
        position: Position {
            epoch: Epoch(epoch),
            offset: after,
        },
        recovered: false,
        gap: Some(gap),
        head: 9,
        members: None,
        publications: List::cut(left.iter().map(|offset| publication_of(2, *offset))),
    }
}

#[test]
fn events_of_another_branch_replace_the_digest_under_the_same_epoch() {
    let mut pair = Pair::proving();
    pair.subscribe("chat:a", 4);
    say(&mut pair, 1, 5);
    assert_eq!(resume(&mut pair), proven(1, 5));
    let id = pair.newest_subscribe();
    pair.say(another_branch(id, 1, 3, &[4, 5]));
    assert_eq!(pair.offsets(), [5, 4, 5]);
    assert_eq!(resume(&mut pair), proven(2, 5));
}

#[test]
fn another_history_that_ends_at_the_same_offset_forgets_the_digest() {
    for epoch in [1, 2] {
        let mut pair = Pair::proving();
        pair.subscribe("chat:a", 4);
        say(&mut pair, 1, 5);
        resume(&mut pair);
        let id = pair.newest_subscribe();
        pair.say(another_branch(id, epoch, 5, &[]));
        let position = Position {
            epoch: Epoch(epoch),
            offset: 5,
        };
        assert_eq!(resume(&mut pair), Start::After(position));
    }
}

#[test]
fn client_that_has_events_in_another_form_proves_nothing() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    say(&mut pair, 1, 5);
    assert_eq!(resume(&mut pair), Start::After(at(5)));
}
