//! What a peer may ask for, and what happens beyond.

use trunkline_protocol::frame::SUBSCRIPTIONS_MAX;
use trunkline_protocol::{
    ClientFrame, ErrorCode, MessageId, Moment, Payload, SenderId, ServerFrame, Text,
};

use super::pair::*;
use crate::{Pace, ServerConfig, ServerEvent};

const NOW: Moment = Moment::from_ms(100);

#[test]
fn the_129th_subscription_is_refused_by_the_server() {
    let mut server = open_server(ServerConfig::default());
    for id in 1..=SUBSCRIPTIONS_MAX as u32 {
        let frame = ClientFrame::Subscribe(subscribe(id, &format!("chat:room-{id}")));
        server.handle_frame(NOW, frame);
        server.settle(id);
    }
    let code = ErrorCode::TooManySubscriptions.number();
    assert_eq!(refusals(&mut server), []);
    let frame = ClientFrame::Subscribe(subscribe(500, "chat:another"));
    server.handle_frame(NOW, frame);
    assert_eq!(refusals(&mut server), [(500, code)]);
    // The same topic again takes no further place.
    server.handle_frame(NOW, ClientFrame::Subscribe(subscribe(501, "chat:room-1")));
    assert_eq!(refusals(&mut server), []);
}

#[test]
fn the_129th_subscription_is_refused_by_the_client() {
    let mut pair = Pair::live();
    for room in 0..SUBSCRIPTIONS_MAX {
        let wanted = log(&format!("chat:room-{room}"));
        pair.client.subscribe(pair.now, wanted).unwrap();
    }
    let error = pair.client.subscribe(pair.now, log("chat:x")).unwrap_err();
    assert_eq!(error.code, ErrorCode::TooManySubscriptions);
    let error = pair
        .client
        .subscribe(pair.now, log("chat:room-1"))
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::AlreadySubscribed);
}

#[test]
fn an_id_in_use_is_refused() {
    let mut server = open_server(ServerConfig::default());
    server.handle_frame(NOW, call(1));
    server.handle_frame(NOW, call(1));
    assert_eq!(
        refusals(&mut server),
        [(1, ErrorCode::DuplicateId.number())]
    );
    assert_eq!(server.requests_waiting(), 1);
    server.settle(1);
    server.handle_frame(NOW, call(1));
    assert_eq!(refusals(&mut server), []);
}

#[test]
fn the_65th_waiting_request_is_refused() {
    let mut server = open_server(ServerConfig::default());
    (1..=65).for_each(|id| server.handle_frame(NOW, call(id)));
    assert_eq!(
        refusals(&mut server),
        [(65, ErrorCode::TooManyRequests.number())]
    );
    assert_eq!(server.requests_waiting(), 64);
}

#[test]
fn a_request_beyond_the_pace_is_refused_with_the_time_to_come_back() {
    let pace = Pace {
        per_second: 10,
        burst: 2,
    };
    let config = ServerConfig {
        pace,
        ..ServerConfig::default()
    };
    let mut server = open_server(config);
    (1..=3).for_each(|id| server.handle_frame(NOW, call(id)));
    let refused = std::iter::from_fn(|| server.poll_transmit()).next();
    let Some(ServerFrame::Refused { id: 3, error }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(error.code, ErrorCode::TooFast);
    let wait = error.retry_after_ms.unwrap();
    assert_eq!(wait, 100);
    server.handle_frame(Moment::from_ms(100 + u64::from(wait)), call(4));
    assert_eq!(refusals(&mut server), []);
}

#[test]
fn commands_of_streams_have_a_pace_of_their_own() {
    let pace = |burst| Pace {
        per_second: 1,
        burst,
    };
    let config = ServerConfig {
        pace: pace(1),
        streams: &["video"],
        stream_pace: pace(3),
        ..ServerConfig::default()
    };
    let mut server = open_server(config);
    let publish = |id, topic| ClientFrame::Publish {
        id,
        message_id: MessageId {
            sender: SenderId::from_random(1),
            counter: id,
        },
        topic: Text::cut(topic),
        contract: None,
        command: Payload::default(),
    };
    server.handle_frame(NOW, publish(1, "chat:a"));
    server.handle_frame(NOW, publish(2, "chat:a"));
    (3..=6).for_each(|id| server.handle_frame(NOW, publish(id, "video:a")));
    server.handle_frame(NOW, publish(7, "videos:a"));
    let too_fast = ErrorCode::TooFast.number();
    assert_eq!(
        refusals(&mut server),
        [(2, too_fast), (6, too_fast), (7, too_fast)]
    );
}

#[test]
fn who_never_slows_down_is_closed_with_4105() {
    let mut server = open_server(ServerConfig::default());
    for id in 0..2_000 {
        server.handle_frame(NOW, call(id));
        server.settle(id);
    }
    let code = server.poll_close().map(|close| close.reason.code());
    assert_eq!(code, Some(4105));
}

#[test]
fn a_cancelled_call_is_answered_once() {
    let mut server = open_server(ServerConfig::default());
    server.handle_frame(NOW, call(1));
    server.handle_frame(NOW, ClientFrame::Cancel { id: 1 });
    server.handle_frame(NOW, ClientFrame::Cancel { id: 1 });
    let response = Payload::default();
    server.answer(1, ServerFrame::Returned { id: 1, response });
    assert_eq!(refusals(&mut server), [(1, ErrorCode::Cancelled.number())]);
    let told = std::iter::from_fn(|| server.poll_event());
    let cancels = told.filter(|event| matches!(event, ServerEvent::Cancel { id: 1 }));
    assert_eq!(cancels.count(), 1);
}

#[test]
fn only_a_call_can_be_cancelled() {
    let mut server = open_server(ServerConfig::default());
    server.handle_frame(NOW, ClientFrame::Subscribe(subscribe(1, "chat:a")));
    server.handle_frame(NOW, ClientFrame::Cancel { id: 1 });
    server.handle_frame(NOW, ClientFrame::Cancel { id: 2 });
    assert_eq!(refusals(&mut server), []);
    assert_eq!(server.requests_waiting(), 1);
}
