//! A client whose line is HTTP: what it asks for, and what its application notices.

use std::time::Duration;

use trunkline_protocol::frame::{Range, Start};
use trunkline_protocol::{
    ClientFrame, Digest, DisconnectReason, Error, ErrorCode, List, Members, Payload, ServerFrame,
    Text,
};

use super::alone::{Alone, TTL, asked, connected};
use super::pair::{at, command, log, publication, subscribed, topic};
use crate::Transport::{Poll, Stream, WebSocket};
use crate::{Action, HttpAnswer, HttpRequest, Purpose, Status, TokenFailure, Wanted};

fn starts(request: &HttpRequest) -> Vec<Start> {
    asked(request).into_iter().map(|(_, start)| start).collect()
}

fn disconnect(reason: DisconnectReason) -> ServerFrame {
    ServerFrame::Disconnect {
        code: reason.code(),
        reason: Text::default(),
    }
}

#[test]
fn a_stream_that_was_renewed_goes_on_and_nobody_notices() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    assert_eq!(alone.told(), ["stream", "subscribed None"]);
    alone.say(publication(2));
    for _ in 0..3 {
        alone.pass(2_000);
        alone.say(disconnect(DisconnectReason::Renew));
        assert!(alone.is_live());
        let request = alone.greet();
        assert_eq!(request.path, "/http/stream");
        let event = Digest::of(&Payload::default());
        assert_eq!(starts(&request), [Start::after(at(2), Some(event))]);
    }
    alone.say(publication(3));
    assert_eq!(alone.told(), ["2", "3"]);
}

#[test]
fn a_server_that_ends_every_response_at_once_is_not_hammered() {
    let mut alone = Alone::live(Stream, &[]);
    alone.pass(2_000);
    alone.say(disconnect(DisconnectReason::Renew));
    alone.greet();
    alone.say(disconnect(DisconnectReason::Renew));
    assert!(!alone.is_live());
}

#[test]
fn a_stream_that_is_cut_is_a_lost_line() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.client.handle_ended(alone.now);
    assert!(!alone.is_live());
    alone.pass(1_000);
    assert_eq!(
        alone.actions().last(),
        Some(&Action::Dial(Stream)),
        "it has worked, so it is tried again"
    );
}

#[test]
fn pings_are_not_answered_but_heard() {
    let mut alone = Alone::live(Stream, &[]);
    for _ in 0..4 {
        alone.pass(4_000);
        assert_eq!(alone.client.poll_transmit(), None);
        assert_eq!(alone.client.poll_request(), None);
        alone.say(ServerFrame::Ping {
            heads: List::default(),
        });
    }
    assert!(alone.is_live());
}

#[test]
fn a_silent_stream_is_asked_for_anew_and_then_given_up() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.pass(12_000);
    let request = alone.request();
    assert_eq!(starts(&request), [Start::After(at(1))]);
    assert!(alone.is_live());
    alone.pass(5_000);
    assert!(!alone.is_live());
}

#[test]
fn a_poll_waits_for_news_unless_something_begins() {
    let mut alone = Alone::dialing(Poll);
    alone.client.subscribe(alone.now, log("log:a")).unwrap();
    alone.client.handle_opened(alone.now);
    assert_eq!(alone.greet().path, "/http/poll?wait=0");
    alone.client.handle_ended(alone.now);
    assert!(alone.quiet(), "news are gathered for a moment");
    alone.pass(100);
    let request = alone.request();
    assert_eq!(request.path, "/http/poll?wait=25");
    assert_eq!(starts(&request), [Start::After(at(1))]);
    // Another topic does not wait until there is news of the first.
    alone.client.subscribe(alone.now, log("log:b")).unwrap();
    let request = alone.greet();
    assert_eq!(request.path, "/http/poll?wait=0");
    assert_eq!(asked(&request).len(), 2);
    alone.client.handle_ended(alone.now);
    alone.pass(100);
    assert_eq!(alone.greet().path, "/http/poll?wait=25");
    assert_eq!(alone.told(), ["poll", "subscribed None", "subscribed None"]);
}

#[test]
fn who_is_subscribed_to_nothing_polls_seldom() {
    let mut alone = Alone::live(Poll, &[]);
    alone.client.handle_ended(alone.now);
    alone.pass(24_999);
    assert_eq!(alone.client.poll_request(), None);
    alone.pass(1);
    alone.greet();
    alone.client.handle_ended(alone.now);
    alone.client.subscribe(alone.now, log("log:a")).unwrap();
    assert_eq!(alone.request().path, "/http/poll?wait=0");
}

#[test]
fn a_poll_that_is_not_answered_is_a_lost_line() {
    let mut alone = Alone::live(Poll, &["log:a"]);
    alone.client.handle_ended(alone.now);
    alone.pass(100);
    alone.request();
    alone.pass(29_000);
    assert!(alone.is_live());
    alone.pass(1_000);
    assert!(!alone.is_live());
}

#[test]
fn several_changes_are_one_request() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    let first = alone.client.subscribe(alone.now, log("log:b")).unwrap();
    alone.client.subscribe(alone.now, log("log:c")).unwrap();
    alone.client.unsubscribe(alone.now, first);
    let request = alone.greet();
    assert_eq!(
        starts(&request),
        [Start::After(at(1)), Start::Newest { count: 0 }]
    );
    assert!(alone.quiet());
    assert_eq!(
        request.purpose,
        Purpose::Converse(alone.client.conversation())
    );
}

#[test]
fn what_comes_of_a_topic_that_is_no_log_is_not_told_twice() {
    let mut alone = Alone::dialing(Poll);
    let wanted = Wanted {
        log: false,
        newest: 5,
        ..log("live:a")
    };
    alone.client.subscribe(alone.now, wanted).unwrap();
    alone.client.handle_opened(alone.now);
    alone.greet();
    alone.client.handle_ended(alone.now);
    alone.pass(100);
    assert_eq!(starts(&alone.greet()), [Start::After(at(1))]);
    // Nor does its newest event prove anything.
    alone.say(publication(2));
    alone.client.handle_ended(alone.now);
    alone.pass(100);
    assert_eq!(starts(&alone.request()), [Start::After(at(2))]);
}

#[test]
fn presence_is_told_anew_with_every_request() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.told();
    alone.client.subscribe(alone.now, log("log:b")).unwrap();
    let request = alone.request();
    let (id, _) = asked(&request)[0];
    alone.say(connected());
    let mut frame = subscribed(id, 1, true);
    if let ServerFrame::Subscribed { members, .. } = &mut frame {
        *members = Some(Members {
            count: 3,
            listed: List::default(),
        });
    }
    alone.say(frame);
    assert_eq!(alone.told(), ["3 members"]);
}

#[test]
fn a_gap_between_two_requests_is_told() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.pass(2_000);
    alone.say(disconnect(DisconnectReason::Renew));
    let request = alone.request();
    alone.told();
    alone.say(connected());
    alone.say(subscribed(asked(&request)[0].0, 9, false));
    assert_eq!(alone.told(), ["subscribed None"]);
}

#[test]
fn what_is_said_is_a_request_of_its_own() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.told();
    alone.client.publish(alone.now, command("log:a")).unwrap();
    let patience = Duration::from_secs(10);
    let now = alone.now;
    alone
        .client
        .call(now, "test.echo", None, Payload::default(), patience);
    let range = Range::After { offset: 1 };
    alone.client.history(now, &topic("log:a"), range, 10);
    let requests: Vec<_> = std::iter::from_fn(|| alone.client.poll_request()).collect();
    let paths: Vec<_> = requests.iter().map(|it| it.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/http/publish",
            "/http/call",
            "/http/history?topic=log:a&after=1&limit=10"
        ]
    );
    assert!(
        requests
            .iter()
            .all(|it| it.token.as_deref() == Some("token"))
    );
    // Asking anew fails none of them.
    alone.client.subscribe(alone.now, log("log:b")).unwrap();
    alone.greet();
    let published = ServerFrame::Published {
        id: 0,
        position: at(2),
        duplicate: false,
    };
    alone.answer(&requests[0], HttpAnswer::Frame(published));
    let returned = ServerFrame::Returned {
        id: 0,
        response: Payload::default(),
    };
    alone.answer(&requests[1], HttpAnswer::Frame(returned));
    let error = Error::new(ErrorCode::NotKept, "");
    alone.answer(&requests[2], HttpAnswer::Refused(error));
    assert_eq!(
        alone.told(),
        [
            "subscribed None",
            "published false",
            "returned true",
            "history false"
        ]
    );
}

#[test]
fn a_command_whose_request_failed_goes_out_again_under_its_id() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.told();
    alone.client.publish(alone.now, command("log:a")).unwrap();
    let message_id = |request: &HttpRequest| match &request.body {
        Some(ClientFrame::Publish { message_id, .. }) => *message_id,
        other => panic!("{other:?}"),
    };
    let first = alone.request();
    alone.answer(&first, HttpAnswer::None);
    assert!(alone.quiet());
    alone.pass(1_000);
    let second = alone.request();
    assert_eq!(message_id(&first), message_id(&second));
    assert!(alone.is_live());
    assert_eq!(alone.told(), Vec::<String>::new());
}

#[test]
fn a_token_that_ran_out_is_refreshed_and_carried_by_the_next_request() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.client.publish(alone.now, command("log:a")).unwrap();
    let request = alone.request();
    alone.answer(&request, HttpAnswer::Unauthorized);
    assert_eq!(alone.actions(), [Action::FetchToken]);
    let fresh = Ok::<_, TokenFailure>("fresh".to_owned());
    alone.client.handle_token(alone.now, fresh);
    let request = alone.greet();
    let Some(ClientFrame::Connect { token, .. }) = &request.body else {
        panic!("{request:?}");
    };
    assert_eq!(token.as_str(), "fresh");
    assert!(alone.is_live());
}

#[test]
fn lively_polls_do_not_put_the_refresh_off() {
    let mut alone = Alone::live(Poll, &["log:a"]);
    let mut fetched = false;
    for _ in 0..(TTL.as_secs() * 2) {
        alone.client.handle_ended(alone.now);
        alone.pass(500);
        fetched |= alone.actions().contains(&Action::FetchToken);
        alone.greet();
    }
    assert!(fetched);
}

#[test]
fn a_wake_asks_anew_once() {
    let mut alone = Alone::live(Poll, &["log:a"]);
    alone.client.handle_ended(alone.now);
    alone.pass(100);
    assert_eq!(alone.request().path, "/http/poll?wait=25");
    alone.client.handle_wake(alone.now);
    assert_eq!(alone.request().path, "/http/poll?wait=0");
    alone.client.handle_wake(alone.now);
    assert_eq!(alone.client.poll_request(), None);
    alone.say(connected());
    assert!(alone.is_live());
}

#[test]
fn codes_that_say_stop_are_obeyed_and_held_against_no_transport() {
    for reason in [DisconnectReason::Kicked, DisconnectReason::SignedOut] {
        let mut alone = Alone::dialing(Stream);
        alone.client.handle_opened(alone.now);
        alone.request();
        alone.say(disconnect(reason));
        assert_eq!(alone.client.status(), Status::Stopped(reason));
        assert_eq!(alone.client.transport(), Stream);
    }
}

#[test]
fn a_websocket_that_stays_silent_gives_way_to_a_stream_and_that_to_polls() {
    let mut alone = Alone::dialing(WebSocket);
    let mut tried = Vec::new();
    for _ in 0..2 {
        alone.client.handle_opened(alone.now);
        alone.pass(6_000);
        tried.extend(alone.actions().into_iter().filter_map(|it| match it {
            Action::Dial(transport) => Some(transport),
            _ => None,
        }));
    }
    assert_eq!(tried, [Stream, Poll]);
    alone.client.handle_opened(alone.now);
    alone.greet();
    assert!(alone.is_live());
}
