//! Tokens expire, and are refreshed before.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, DisconnectReason};

use super::pair::*;
use crate::{Status, TokenFailure};

#[test]
fn a_token_is_refreshed_when_a_fifth_of_its_life_is_left() {
    let mut pair = Pair::live();
    pair.pass(479_999);
    assert_eq!(pair.tokens_fetched, 1);
    pair.pass(1);
    assert_eq!(pair.tokens_fetched, 2);
    let refreshes = pair
        .sent
        .iter()
        .filter(|it| matches!(it, ClientFrame::Refresh { .. }));
    assert_eq!(refreshes.count(), 1);
    pair.pass(2_000_000);
    assert!(pair.is_live());
    assert_eq!(pair.closed, None);
}

#[test]
fn a_token_that_is_not_refreshed_ends_in_4200_after_its_grace() {
    let mut pair = Pair::live();
    pair.tokens = false;
    pair.pass(629_999);
    assert_eq!(pair.closed, None);
    pair.pass(1);
    assert_eq!(pair.closed, Some(DisconnectReason::TokenExpired));
}

#[test]
fn after_4200_a_new_token_is_fetched_at_once() {
    let mut pair = Pair::live();
    pair.pass(6_000);
    pair.cut(DisconnectReason::TokenExpired);
    pair.pass(0);
    assert_eq!(pair.tokens_fetched, 2);
    assert!(pair.is_live());
}

#[test]
fn a_server_that_refuses_new_tokens_is_asked_less_and_less_often() {
    let mut pair = Pair::idle(3);
    pair.token_ttl = Duration::ZERO;
    pair.config.token_grace = Duration::ZERO;
    pair.start();
    for _ in 0..10 {
        if pair.server.is_some() {
            pair.cut(DisconnectReason::TokenInvalid);
        }
        pair.pass(1_000);
    }
    assert!(
        pair.tokens_fetched < 30,
        "{} tokens in ten seconds",
        pair.tokens_fetched
    );
}

#[test]
fn a_token_that_cannot_be_fetched_is_tried_again() {
    let mut pair = Pair::idle(1);
    pair.tokens = false;
    pair.start();
    assert!(matches!(
        pair.client.status(),
        Status::Waiting { attempt: 1, .. }
    ));
    pair.tokens = true;
    pair.pass(1_000);
    assert!(pair.is_live());
}

#[test]
fn who_is_signed_out_stops() {
    let mut pair = Pair::idle(1);
    pair.client.start(pair.now);
    let signed_out = Err(TokenFailure::SignedOut);
    pair.client.handle_token(pair.now, signed_out);
    let stopped = Status::Stopped(DisconnectReason::SignedOut);
    assert_eq!(pair.client.status(), stopped);
}
