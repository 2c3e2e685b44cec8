//! Commands that are refused: for now, which is no answer, and for good.

use trunkline_protocol::{DisconnectReason, Error, ErrorCode, RequestId, ServerFrame};

use super::pair::*;
use crate::client::commands::INTERNAL_REFUSALS_MAX;
use crate::{ClientEvent, NewCommand};

impl Pair {
    pub(super) fn refuse(&mut self, id: RequestId, code: ErrorCode, retry_after_ms: Option<u32>) {
        let error = Error {
            retry_after_ms,
            ..Error::new(code, "")
        };
        self.say(ServerFrame::Refused { id, error });
    }

    pub(super) fn take(&mut self, id: RequestId) {
        let (position, duplicate) = (at(1), false);
        self.say(ServerFrame::Published {
            id,
            position,
            duplicate,
        });
    }

    /// The counters of the commands that went out since it was last asked.
    pub(super) fn counters(&mut self) -> Vec<u32> {
        let published = self.published();
        published.into_iter().map(|(_, counter)| counter).collect()
    }

    /// How the commands ended, oldest first.
    fn answers(&mut self) -> Vec<(u32, Result<(), ErrorCode>)> {
        let events = std::mem::take(&mut self.events);
        let answer = |event: ClientEvent| match event {
            ClientEvent::Published { command, .. } => Some((command.counter, Ok(()))),
            ClientEvent::CommandRefused { command, error } => {
                Some((command.counter, Err(error.code)))
            }
            _ => None,
        };
        events.into_iter().filter_map(answer).collect()
    }
}

#[test]
fn a_command_that_is_refused_for_now_goes_out_again_with_its_id() {
    for code in ErrorCode::ALL.iter().filter(|code| code.retryable()) {
        let mut pair = Pair::live();
        pair.publish_to("chat:a");
        let (request, _) = pair.published()[0];
        pair.refuse(request, *code, None);
        pair.pass(250);
        let (again, counter) = pair.published()[0];
        assert_eq!(counter, 1, "{code}");
        assert_ne!(again, request, "{code}");
        assert_eq!(pair.answers(), [], "{code}");
        pair.take(again);
        assert_eq!(pair.answers(), [(1, Ok(()))], "{code}");
        assert_eq!(pair.client.commands_waiting(), 0);
    }
}

#[test]
fn any_other_refusal_is_the_answer() {
    for code in ErrorCode::ALL.iter().filter(|code| !code.retryable()) {
        let mut pair = Pair::live();
        pair.publish_to("chat:a");
        pair.publish_to("chat:a");
        let (request, _) = pair.published()[0];
        pair.refuse(request, *code, None);
        assert_eq!(pair.answers(), [(1, Err(*code))], "{code}");
        assert_eq!(pair.counters(), [2], "{code}");
    }
}

#[test]
fn a_command_that_fails_inside_the_server_each_time_is_given_up() {
    let mut pair = Pair::live();
    pair.publish_to("chat:a");
    pair.publish_to("chat:a");
    for round in 1..=INTERNAL_REFUSALS_MAX {
        let sent = pair.published();
        assert_eq!((sent.len(), sent[0].1), (1, 1), "round {round}");
        pair.refuse(sent[0].0, ErrorCode::Internal, None);
        if round < INTERNAL_REFUSALS_MAX {
            pair.pass(9_000);
        }
    }
    assert_eq!(pair.answers(), [(1, Err(ErrorCode::Internal))]);
    assert_eq!(pair.counters(), [2], "the next one has its turn");
}

#[test]
fn a_command_waits_as_long_as_the_server_says() {
    let mut pair = Pair::live();
    pair.publish_to("chat:a");
    let (request, _) = pair.published()[0];
    pair.refuse(request, ErrorCode::TooFast, Some(900));
    pair.pass(899);
    assert!(pair.counters().is_empty());
    pair.pass(251);
    assert_eq!(pair.counters(), [1]);
}

#[test]
fn later_commands_of_the_same_log_do_not_overtake_a_refused_one() {
    let mut pair = Pair::live();
    for name in ["chat:a", "chat:a", "chat:b", "chat:a"] {
        pair.publish_to(name);
    }
    let sent = pair.published();
    assert_eq!([sent[0].1, sent[1].1], [1, 3]);
    assert_eq!(sent.len(), 2);
    pair.refuse(sent[0].0, ErrorCode::Unavailable, Some(1_000));
    pair.take(sent[1].0);
    pair.publish_to("chat:b");
    // Another log goes on.
    assert_eq!(pair.counters(), [5]);
    pair.pass(1_250);
    let mut order = Vec::new();
    while let [(request, counter), ..] = pair.published()[..] {
        order.push(counter);
        pair.take(request);
    }
    assert_eq!(order, [1, 2, 4]);
}

#[test]
fn a_pause_outlives_the_line_and_grows() {
    let mut pair = Pair::live();
    pair.publish_to("chat:a");
    for _ in 0..12 {
        let (request, _) = pair.published()[0];
        pair.refuse(request, ErrorCode::Unavailable, None);
        pair.pass(30_000);
    }
    let (request, _) = pair.published()[0];
    pair.refuse(request, ErrorCode::Unavailable, Some(50_000));
    pair.cut(DisconnectReason::Lost);
    pair.pass(2_000);
    assert!(pair.is_live());
    assert!(pair.counters().is_empty());
    pair.pass(80_000);
    assert_eq!(pair.counters(), [1]);
}

#[test]
fn a_command_of_a_topic_that_keeps_nothing_is_given_up_at_once() {
    let mut pair = Pair::live();
    for _ in 0..2 {
        let volatile = NewCommand {
            log: false,
            ..command("typing:a")
        };
        pair.client.publish(pair.now, volatile).unwrap();
    }
    pair.settle();
    // These do not wait for each other.
    let sent = pair.published();
    assert_eq!(sent.len(), 2);
    pair.refuse(sent[0].0, ErrorCode::TooFast, Some(100));
    assert_eq!(pair.answers(), [(1, Err(ErrorCode::TooFast))]);
    pair.pass(1_000);
    assert!(pair.counters().is_empty());
}

#[test]
fn giving_up_a_command_lets_the_next_one_go() {
    let mut pair = Pair::live();
    let first = pair.publish_to("chat:a");
    pair.publish_to("chat:a");
    let (request, _) = pair.published()[0];
    pair.refuse(request, ErrorCode::Unavailable, Some(60_000));
    pair.client.discard(pair.now, first);
    pair.settle();
    assert_eq!(pair.counters(), [2]);
}
