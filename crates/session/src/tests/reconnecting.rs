//! What a client does when its line is gone.

use trunkline_protocol::{DisconnectReason, ServerFrame};

use super::pair::*;
use crate::Status;

/// What becomes of a client whose line was closed with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Now,
    Later,
    Stop,
}

fn check(code: u16, then: Then) {
    let mut pair = Pair::live();
    pair.pass(6_000);
    pair.cut(DisconnectReason::from(code));
    let does = match pair.client.status() {
        Status::Stopped(_) => Then::Stop,
        Status::Waiting { until, .. } if until == pair.now => Then::Now,
        Status::Waiting { .. } => Then::Later,
        other => panic!("{code}: {other:?}"),
    };
    assert_eq!(does, then, "{code}");
}

#[test]
fn a_close_code_says_what_to_do() {
    for code in [1001, 1006, 1011, 1012, 1013, 4101, 4103, 4199] {
        check(code, Then::Later);
    }
    for code in [4001, 4099, 4200, 4201, 4299] {
        check(code, Then::Now);
    }
    for code in [1000, 1002, 1003, 1007, 1008, 1009] {
        check(code, Then::Stop);
    }
    for code in [4300, 4302, 4303, 4399, 4400, 4402, 4499, 3000] {
        check(code, Then::Stop);
    }
}

#[test]
fn being_late_with_the_first_frame_is_no_reason_to_stop() {
    check(4401, Then::Later);
}

#[test]
fn the_pause_grows_up_to_thirty_seconds() {
    let mut longest = [0; 10];
    for seed in 0..200 {
        let mut pair = Pair::idle(seed);
        pair.dials = false;
        pair.start();
        while let Status::Waiting { attempt, until } = pair.client.status()
            && let Some(longest) = longest.get_mut(attempt as usize - 1)
        {
            let pause = until.since(pair.now).as_millis() as u64;
            *longest = pause.max(*longest);
            pair.now = until;
            pair.client.handle_timeout(until);
            pair.settle();
        }
    }
    let bounds = [
        250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ];
    for (longest, bound) in longest.into_iter().zip(bounds) {
        assert!(
            longest <= bound && longest > bound * 9 / 10,
            "{longest} of {bound}"
        );
    }
}

#[test]
fn thirty_stable_seconds_start_the_count_anew() {
    let mut pair = Pair::live();
    let attempt = |pair: &Pair| match pair.client.status() {
        Status::Waiting { attempt, .. } => attempt,
        other => panic!("{other:?}"),
    };
    for expected in 1..4 {
        pair.cut(DisconnectReason::Lost);
        assert_eq!(attempt(&pair), expected);
        pair.pass(3_000);
        assert!(pair.is_live());
    }
    pair.pass(30_000);
    pair.cut(DisconnectReason::Lost);
    assert_eq!(attempt(&pair), 0);
}

#[test]
fn a_server_that_drains_says_when_to_come_back() {
    let mut pair = Pair::live();
    pair.say(ServerFrame::Drain { after_ms: 7_000 });
    assert!(pair.is_live());
    pair.cut(DisconnectReason::Restart);
    pair.pass(6_999);
    assert_eq!(pair.dialed_at.len(), 1);
    pair.pass(1);
    assert!(pair.is_live());
}

#[test]
fn waking_tries_at_once() {
    let mut pair = Pair::idle(1);
    pair.dials = false;
    pair.start();
    (0..9).for_each(|_| pair.pass(10_000));
    pair.dials = true;
    pair.client.handle_wake(pair.now);
    pair.settle();
    assert!(pair.is_live());
    pair.cut(DisconnectReason::Lost);
    let status = pair.client.status();
    assert!(
        matches!(status, Status::Waiting { attempt: 1, .. }),
        "{status:?}"
    );
}

#[test]
fn a_server_that_is_rebalanced_in_a_circle_is_not_hammered() {
    let mut pair = Pair::live();
    for _ in 0..6 {
        pair.cut(DisconnectReason::Rebalance);
        pair.pass(0);
    }
    assert!(
        pair.dialed_at.len() <= 3,
        "{} dials at one moment",
        pair.dialed_at.len()
    );
}

#[test]
fn who_is_stopped_stays_away_until_started() {
    let mut pair = Pair::live();
    pair.client.stop(pair.now);
    pair.settle();
    assert_eq!(pair.hung_up, Some(DisconnectReason::Normal));
    pair.pass(600_000);
    assert_eq!(pair.dialed_at.len(), 1);
    pair.start();
    assert!(pair.is_live());
}

#[test]
fn what_a_client_cannot_read_ends_the_line_but_not_the_client() {
    let mut pair = Pair::live();
    pair.client.handle_malformed(pair.now);
    pair.settle();
    assert_eq!(pair.hung_up, Some(DisconnectReason::Malformed));
    pair.pass(1_000);
    assert!(pair.is_live());
}
