//! A transport that goes one way: nobody answers pings on it, and it does not last.

use std::time::Duration;

use trunkline_protocol::{DisconnectReason, Moment, ServerFrame, Text};

use super::pair::*;
use crate::{ServerConfig, ServerEvent, ServerSession, Way};

const LIFE: Duration = Duration::from_secs(120);

fn open() -> ServerSession {
    let start = Moment::from_ms(0);
    let mut server = ServerSession::new(ServerConfig::default(), Way::Out { life: LIFE }, start);
    server.handle_frame(start, connect(Vec::new()));
    server.poll_event();
    server.handle_authenticated(start, 1, user(), TOKEN_TTL);
    server.poll_transmit();
    server
}

/// Lives until it closes, and tells when that was, with which code, and how many pings there were.
fn end_of(server: &mut ServerSession, takes: impl Fn(Moment) -> bool) -> (u64, u16, usize) {
    let mut pings = 0;
    loop {
        let now = server.poll_timeout().expect("an open half has a deadline");
        if takes(now) {
            server.handle_taken(now);
        }
        server.handle_timeout(now);
        while let Some(event) = server.poll_event() {
            pings += usize::from(event == ServerEvent::Heartbeat);
        }
        if let Some(close) = server.poll_close() {
            let ms = now.since(Moment::from_ms(0)).as_millis() as u64;
            return (ms, close.reason.code(), pings);
        }
    }
}

#[test]
fn who_takes_what_is_sent_is_told_to_go_on_when_the_life_is_over() {
    let (at, code, pings) = end_of(&mut open(), |_| true);
    assert_eq!((at, code), (120_000, DisconnectReason::Renew.code()));
    assert_eq!(pings, 11);
}

#[test]
fn who_takes_nothing_is_closed_like_one_who_is_silent() {
    let (at, code, _) = end_of(&mut open(), |now| now <= Moment::from_ms(30_000));
    assert_eq!((at, code), (50_000, DisconnectReason::Silent.code()));
}

#[test]
fn a_reader_that_catches_up_lives_also_where_it_can_speak() {
    let mut server = open_server(ServerConfig::default());
    let (at, code, _) = end_of(&mut server, |now| now <= Moment::from_ms(70_000));
    assert_eq!((at, code), (90_000, DisconnectReason::Silent.code()));
    let mut server = open_server(ServerConfig::default());
    let (at, code, _) = end_of(&mut server, |_| false);
    assert_eq!((at, code), (20_000, DisconnectReason::Silent.code()));
}

#[test]
fn a_client_that_is_disconnected_does_what_the_code_says() {
    let mut pair = Pair::live();
    let reason = Text::cut("go on");
    pair.say(ServerFrame::Disconnect { code: 4000, reason });
    pair.pass(0);
    assert!(pair.is_live());
    assert_eq!(pair.dialed_at.len(), 2, "it is back at once");
    let reason = Text::cut("enough");
    pair.say(ServerFrame::Disconnect { code: 4301, reason });
    pair.pass(60_000);
    assert_eq!(pair.dialed_at.len(), 2, "it stays away");
}
