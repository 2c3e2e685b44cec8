//! What a subscription makes of what arrives.

use trunkline_protocol::frame::{Head, Start};
use trunkline_protocol::{
    ClientFrame, DisconnectReason, Error, ErrorCode, Gap, GapCause, List, Moment, Payload,
    Publication, ServerFrame, TopicId,
};

use super::pair::*;
use crate::{ClientEvent, ServerEvent};

/// Publishes `offsets` to a reader that has everything up to 4; tells what it is given, and where
/// it asks to start again, if it does.
fn check(offsets: &[u64], given: &[u64], asked: Option<u64>) {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    pair.asked.clear();
    offsets
        .iter()
        .for_each(|offset| pair.say(publication(*offset)));
    assert_eq!(pair.offsets(), given, "{offsets:?}");
    let starts: Vec<Start> = asked
        .map(|offset| Start::After(at(offset)))
        .into_iter()
        .collect();
    assert_eq!(pair.starts(), starts, "{offsets:?}");
}

#[test]
fn a_reader_takes_only_what_follows() {
    check(&[5, 6, 7], &[5, 6, 7], None);
    check(&[5, 5, 6], &[5, 6], None);
    check(&[4, 3, 5], &[5], None);
    check(&[6], &[], Some(4));
    check(&[5, 7, 6, 8], &[5], Some(5));
}

#[test]
fn after_a_hole_the_rest_comes_from_the_position() {
    let mut pair = Pair::live();
    let number = pair.subscribe("chat:a", 4);
    pair.say(publication(6));
    pair.confirm(4, true);
    (5..=7).for_each(|offset| pair.say(publication(offset)));
    assert_eq!(pair.offsets(), [5, 6, 7]);
    assert_eq!(pair.client.position(number), Some(at(7)));
}

#[test]
fn a_page_with_a_hole_is_asked_for_again_once() {
    let mut pair = Pair::live();
    pair.client.subscribe(pair.now, log("chat:a")).unwrap();
    pair.settle();
    let id = pair.newest_subscribe();
    let page = [1, 3, 4, 5].map(|offset| Publication {
        offset,
        step: 1,
        event: Payload::default(),
    });
    pair.asked.clear();
    pair.say(ServerFrame::Subscribed {
        id,
        topic_id: TopicId(1),
        position: at(0),
        recovered: false,
        gap: None,
        head: 5,
        members: None,
        publications: List::cut(page),
    });
    assert_eq!(pair.offsets(), [1]);
    assert_eq!(pair.starts(), [Start::After(at(1))]);
}

#[test]
fn a_lost_last_publication_is_noticed_by_a_head() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    pair.asked.clear();
    let head = |offset| Head {
        topic_id: TopicId(1),
        offset,
    };
    pair.heads = vec![head(4)];
    pair.pass(10_000);
    assert_eq!(pair.starts(), []);
    pair.heads = vec![head(5)];
    pair.pass(10_000);
    assert_eq!(pair.starts(), [Start::After(at(4))]);
}

#[test]
fn a_gap_is_told_and_stepped_over() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    let gap = Gap {
        from: 5,
        to: 9,
        count: 5,
        cause: GapCause::Retention,
    };
    let topic_id = TopicId(1);
    pair.say(ServerFrame::Gap { topic_id, gap });
    pair.say(publication(10));
    assert_eq!(pair.offsets(), [10]);
    let told = pair
        .events
        .iter()
        .any(|it| matches!(it, ClientEvent::Gap { gap: it, .. } if *it == gap));
    assert!(told);
}

#[test]
fn a_history_that_starts_anew_is_asked_for_again() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    let topic_id = TopicId(1);
    pair.asked.clear();
    let gap = Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    };
    pair.say(ServerFrame::Gap { topic_id, gap });
    pair.say(publication(1));
    assert_eq!(pair.offsets(), [0; 0]);
    assert_eq!(pair.starts(), [Start::After(at(4))]);
}

#[test]
fn a_gap_does_not_hide_what_was_lost_before_it() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    pair.asked.clear();
    let gap = Gap {
        from: 7,
        to: 9,
        count: 3,
        cause: GapCause::Retention,
    };
    let topic_id = TopicId(1);
    pair.say(ServerFrame::Gap { topic_id, gap });
    assert_eq!(pair.starts(), [Start::After(at(4))]);
    assert!(
        !pair
            .events
            .iter()
            .any(|it| matches!(it, ClientEvent::Gap { .. }))
    );
}

#[test]
fn a_lost_line_costs_a_reader_nothing() {
    let mut pair = Pair::live();
    pair.subscribe("chat:a", 4);
    pair.say(publication(5));
    pair.cut(DisconnectReason::Lost);
    pair.asked.clear();
    pair.pass(1_000);
    assert_eq!(pair.starts(), [Start::After(at(5))]);
    pair.confirm(5, true);
    let back = |event: &ClientEvent| match event {
        ClientEvent::Subscribed { recovered, .. } => *recovered,
        _ => None,
    };
    assert_eq!(pair.events.iter().rev().find_map(back), Some(0));
}

#[test]
fn nothing_of_a_topic_that_was_left_is_told() {
    let mut pair = Pair::live();
    let number = pair.subscribe("chat:a", 4);
    pair.client.unsubscribe(pair.now, number);
    pair.settle();
    pair.say(publication(5));
    assert!(pair.offsets().is_empty());
    let left = pair
        .asked
        .iter()
        .any(|it| matches!(it, ServerEvent::Unsubscribe { .. }));
    assert!(left);
}

#[test]
fn what_is_left_before_the_greeting_is_left_at_the_server() {
    let mut pair = Pair::idle(1);
    let number = pair.client.subscribe(pair.now, log("chat:a")).unwrap();
    pair.client.start(pair.now);
    pair.client.handle_token(pair.now, Ok("token".to_owned()));
    while pair.client.poll_action().is_some() {}
    pair.client.handle_opened(pair.now);
    pair.client.unsubscribe(pair.now, number);
    pair.server = Some(crate::ServerSession::new(
        pair.config,
        crate::Way::Both,
        pair.now,
    ));
    pair.settle();
    assert!(pair.is_live());
    let asked: Vec<bool> = pair
        .asked
        .iter()
        .map(|it| matches!(it, ServerEvent::Unsubscribe { .. }))
        .collect();
    assert_eq!(asked, [false, true]);
}

#[test]
fn a_refusal_for_now_is_asked_again_when_it_says() {
    let mut pair = Pair::live();
    pair.client.subscribe(pair.now, log("chat:a")).unwrap();
    pair.settle();
    let id = pair.newest_subscribe();
    let mut error = Error::new(ErrorCode::TooFast, "");
    error.retry_after_ms = Some(700);
    pair.server
        .as_mut()
        .unwrap()
        .refuse_subscription(id, &topic("chat:a"), error);
    pair.settle();
    pair.pass(699);
    assert_eq!(pair.starts().len(), 1);
    pair.pass(1);
    assert_eq!(pair.starts().len(), 2);
}

#[test]
fn a_refusal_for_good_is_not_asked_again() {
    let mut pair = Pair::live();
    pair.client.subscribe(pair.now, log("chat:a")).unwrap();
    pair.settle();
    let id = pair.newest_subscribe();
    let error = Error::new(ErrorCode::Forbidden, "");
    pair.server
        .as_mut()
        .unwrap()
        .refuse_subscription(id, &topic("chat:a"), error);
    pair.settle();
    pair.pass(60_000);
    pair.cut(DisconnectReason::Lost);
    pair.pass(60_000);
    assert_eq!(pair.starts().len(), 1);
}

#[test]
fn leaving_what_was_not_subscribed_is_refused() {
    let mut server = open_server(crate::ServerConfig::default());
    let topic = trunkline_protocol::Text::cut("chat:a");
    server.handle_frame(
        Moment::from_ms(1),
        ClientFrame::Unsubscribe { id: 1, topic },
    );
    assert_eq!(
        refusals(&mut server),
        [(1, ErrorCode::NotSubscribed.number())]
    );
}
