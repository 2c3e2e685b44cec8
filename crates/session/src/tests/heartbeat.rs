//! How each side learns that the other is gone.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, DisconnectReason, Moment};

use super::pair::*;
use crate::{ServerConfig, ServerEvent, ServerSession, Status, Way};

fn is_probe(frame: &ClientFrame) -> bool {
    matches!(frame, ClientFrame::Probe { .. })
}

#[test]
fn a_quiet_line_stays_open() {
    let mut pair = Pair::live();
    pair.pass(200_000);
    assert!(pair.is_live());
    assert_eq!((pair.closed, pair.hung_up), (None, None));
    let pongs = pair
        .sent
        .iter()
        .filter(|frame| matches!(frame, ClientFrame::Pong));
    assert_eq!(pongs.count(), 20);
}

#[test]
fn the_round_trip_is_measured() {
    let pair = Pair::live();
    let Status::Live { round_trip, .. } = pair.client.status() else {
        panic!("not live");
    };
    assert_eq!(round_trip, Some(Duration::ZERO));
}

#[test]
fn a_silent_client_is_closed_with_4103() {
    let mut pair = Pair::live();
    pair.hears_client = false;
    pair.pass(19_999);
    assert_eq!(pair.closed, None);
    pair.pass(1);
    assert_eq!(pair.closed, Some(DisconnectReason::Silent));
}

#[test]
fn a_frame_of_a_kind_that_is_not_known_is_a_sign_of_life_and_nothing_else() {
    let mut pair = Pair::live();
    pair.hears_server = false;
    pair.sent.clear();
    for _ in 0..30 {
        pair.client.handle_unknown_frame(pair.now);
        pair.settle();
        pair.pass(5_000);
    }
    assert!(pair.is_live());
    assert_eq!((pair.hung_up, pair.dialed_at.len()), (None, 1));
}

#[test]
fn a_silent_server_is_probed_and_then_left() {
    let mut pair = Pair::live();
    pair.hears_server = false;
    pair.sent.clear();
    pair.pass(11_999);
    assert!(!pair.sent.iter().any(is_probe));
    pair.pass(1);
    assert_eq!(pair.sent.iter().filter(|frame| is_probe(frame)).count(), 1);
    pair.pass(2_999);
    assert_eq!(pair.hung_up, None);
    pair.dials = false;
    pair.pass(1);
    assert_eq!(pair.hung_up, Some(DisconnectReason::GoingAway));
    assert!(!pair.is_live());
}

#[test]
fn waking_probes_with_three_seconds() {
    let mut pair = Pair::live();
    pair.hears_server = false;
    pair.sent.clear();
    pair.client.handle_wake(pair.now);
    pair.client.handle_wake(pair.now);
    pair.settle();
    assert_eq!(pair.sent.iter().filter(|frame| is_probe(frame)).count(), 1);
    pair.dials = false;
    pair.pass(2_999);
    assert!(pair.is_live());
    pair.pass(1);
    assert!(!pair.is_live());
}

#[test]
fn waking_on_a_good_line_changes_nothing() {
    let mut pair = Pair::live();
    pair.client.handle_wake(pair.now);
    pair.settle();
    pair.pass(60_000);
    assert!(pair.is_live());
    assert_eq!(pair.dialed_at.len(), 1);
}

#[test]
fn a_late_timer_is_no_proof_of_a_dead_line() {
    let mut pair = Pair::live();
    // The tab was frozen for an hour, and the clock jumped.
    let later = pair.now + Duration::from_secs(3600);
    pair.client.handle_timeout(later);
    assert!(pair.is_live());
    assert_eq!(pair.hung_up, None);
}

/// Returns the code with which a server's half closes at that time, if it does.
fn close_code(server: &mut ServerSession, ms: u64) -> Option<u16> {
    server.handle_timeout(Moment::from_ms(ms));
    server.poll_close().map(|close| close.reason.code())
}

#[test]
fn a_server_that_was_suspended_pings_before_it_closes() {
    let mut server = open_server(ServerConfig::default());
    assert_eq!(close_code(&mut server, 27_000), None);
    assert_eq!(server.poll_event(), Some(ServerEvent::Heartbeat));
    server.handle_frame(Moment::from_ms(27_050), ClientFrame::Pong);
    assert_eq!(close_code(&mut server, 37_000), None);
    // A client that does not answer this ping is gone.
    assert_eq!(close_code(&mut server, 47_000), None);
    assert_eq!(close_code(&mut server, 47_050), Some(4103));
}

#[test]
fn a_first_frame_or_a_new_token_that_came_during_a_suspension_is_in_time() {
    let (config, start) = (ServerConfig::default(), Moment::from_ms(0));
    let mut server = ServerSession::new(config, Way::Both, start);
    assert_eq!(close_code(&mut server, 27_000), None);
    server.handle_frame(Moment::from_ms(27_001), connect(Vec::new()));
    assert_eq!(close_code(&mut server, 40_000), None);

    let mut server = open_server(config);
    let awake = TOKEN_TTL.as_millis() as u64 + 60_000;
    for ms in [awake, awake + 10_000, awake + 20_000] {
        assert_eq!(close_code(&mut server, ms), None);
        server.handle_frame(Moment::from_ms(ms), ClientFrame::Pong);
    }
    assert_eq!(close_code(&mut server, awake + 30_000), Some(4200));
}

#[test]
fn a_busy_server_still_closes_silent_clients() {
    let mut server = open_server(ServerConfig::default());
    assert_eq!(close_code(&mut server, 10_900), None);
    assert!(!server.is_overdue(Moment::from_ms(19_999)));
    assert!(server.is_overdue(Moment::from_ms(20_000)));
    assert_eq!(close_code(&mut server, 20_900), Some(4103));
}
