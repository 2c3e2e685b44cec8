//! The first frames.

use trunkline_protocol::{ClientFrame, Moment, ServerFrame, Text};

use super::pair::*;
use crate::{ServerConfig, ServerEvent, ServerSession, Way};

/// Says `frames` to a new server's half, and tells its close code.
fn check(frames: Vec<ClientFrame>, code: Option<u16>) {
    let mut server = ServerSession::new(ServerConfig::default(), Way::Both, Moment::from_ms(0));
    let shown = format!("{frames:?}");
    for frame in frames {
        server.handle_frame(Moment::from_ms(10), frame);
    }
    let closed = server.poll_close().map(|close| close.reason.code());
    assert_eq!(closed, code, "{shown}");
}

#[test]
fn the_first_frame_is_connect() {
    check(vec![connect(Vec::new())], None);
    check(vec![ClientFrame::Pong], Some(4400));
    check(vec![ClientFrame::Probe { nonce: 1 }], Some(4400));
    check(
        vec![ClientFrame::Subscribe(subscribe(1, "chat:a"))],
        Some(4400),
    );
    check(vec![call(1)], Some(4400));
}

#[test]
fn nothing_follows_connect_before_the_greeting() {
    check(vec![connect(Vec::new()), ClientFrame::Pong], Some(4400));
    check(vec![connect(Vec::new()), connect(Vec::new())], Some(4400));
}

#[test]
fn another_version_is_closed_with_4402() {
    let ClientFrame::Connect {
        token,
        agent,
        subscriptions,
        ..
    } = connect(Vec::new())
    else {
        return;
    };
    let version = 2;
    let frame = ClientFrame::Connect {
        version,
        token,
        agent,
        subscriptions,
    };
    check(vec![frame], Some(4402));
}

#[test]
fn a_first_frame_that_is_late_is_closed_with_4401() {
    let mut server = ServerSession::new(ServerConfig::default(), Way::Both, Moment::from_ms(0));
    assert_eq!(server.poll_timeout(), Some(Moment::from_ms(5_000)));
    server.handle_timeout(Moment::from_ms(4_999));
    assert_eq!(server.poll_close(), None);
    server.handle_timeout(Moment::from_ms(5_000));
    let code = server.poll_close().map(|close| close.reason.code());
    assert_eq!(code, Some(4401));
}

#[test]
fn bytes_that_are_no_frame_are_closed_with_4400() {
    let mut server = open_server(ServerConfig::default());
    server.handle_malformed("invalid type at line 1");
    let close = server.poll_close().unwrap();
    assert_eq!(
        (close.reason.code(), close.text.as_str()),
        (4400, "invalid type at line 1")
    );
}

#[test]
fn connect_comes_once() {
    let mut server = open_server(ServerConfig::default());
    server.handle_frame(Moment::from_ms(10), connect(Vec::new()));
    let code = server.poll_close().map(|close| close.reason.code());
    assert_eq!(code, Some(4400));
}

#[test]
fn nothing_is_done_before_the_token_is_checked() {
    let mut server = ServerSession::new(ServerConfig::default(), Way::Both, Moment::from_ms(0));
    server.handle_frame(Moment::from_ms(0), connect(vec![subscribe(1, "chat:a")]));
    let first = server.poll_event();
    assert!(
        matches!(first, Some(ServerEvent::Authenticate { .. })),
        "{first:?}"
    );
    assert_eq!(server.poll_event(), None);
    assert_eq!(server.poll_transmit(), None);
    server.handle_authenticated(Moment::from_ms(5), 1, user(), TOKEN_TTL);
    let greeting = server.poll_transmit();
    assert!(
        matches!(greeting, Some(ServerFrame::Connected { .. })),
        "{greeting:?}"
    );
    let then = server.poll_event();
    assert!(
        matches!(then, Some(ServerEvent::Subscribe { id: 1, .. })),
        "{then:?}"
    );
}

#[test]
fn subscriptions_go_out_with_the_first_frame() {
    let mut pair = Pair::idle(1);
    pair.client.subscribe(pair.now, log("chat:a")).unwrap();
    pair.client.subscribe(pair.now, log("chat:b")).unwrap();
    pair.start();
    let ClientFrame::Connect { subscriptions, .. } = &pair.sent[0] else {
        panic!("the first frame is {:?}", pair.sent[0]);
    };
    let names: Vec<&str> = subscriptions.iter().map(|it| it.topic.as_str()).collect();
    assert_eq!(names, ["chat:a", "chat:b"]);
    assert_eq!(pair.asked.len(), 2);
    assert!(pair.is_live());
}

#[test]
fn a_topic_with_a_bad_name_is_refused_alone() {
    let mut server = open_server(ServerConfig::default());
    let bad = subscribe(1, "no colon");
    server.handle_frame(Moment::from_ms(1), ClientFrame::Subscribe(bad));
    let topic = Text::cut("chat:*");
    server.handle_frame(
        Moment::from_ms(1),
        ClientFrame::Unsubscribe { id: 2, topic },
    );
    assert_eq!(refusals(&mut server), [(1, 101), (2, 101)]);
    assert_eq!(server.poll_close(), None);
}
