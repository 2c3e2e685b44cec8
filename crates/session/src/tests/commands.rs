//! Commands and calls over lines that break.

use std::time::Duration;

use trunkline_protocol::{
    ClientFrame, DisconnectReason, Error, ErrorCode, Payload, RequestId, ServerFrame,
};

use super::pair::*;
use crate::{COMMANDS_MAX, ClientEvent, CommandId, NewCommand, OutboxFull};

impl Pair {
    /// Publishes to a log that has no other command.
    fn publish(&mut self) -> CommandId {
        let name = format!("chat:{}", self.client.next_counter());
        self.publish_to(&name)
    }

    pub(super) fn publish_to(&mut self, name: &str) -> CommandId {
        let id = self.client.publish(self.now, command(name)).unwrap();
        self.settle();
        id
    }

    fn publish_times(&mut self, times: usize) {
        for _ in 0..times {
            self.publish();
        }
    }

    /// The commands that went out: request and counter.
    pub(super) fn published(&mut self) -> Vec<(RequestId, u32)> {
        let sent = std::mem::take(&mut self.sent);
        let publish = |frame: ClientFrame| match frame {
            ClientFrame::Publish { id, message_id, .. } => Some((id, message_id.counter)),
            _ => None,
        };
        sent.into_iter().filter_map(publish).collect()
    }

    fn call(&mut self) -> RequestId {
        let patience = Duration::from_secs(5);
        let id = self
            .client
            .call(self.now, "test.echo", None, Payload::default(), patience);
        self.settle();
        id
    }

    /// How the calls ended, oldest first.
    fn ended(&mut self) -> Vec<(RequestId, Result<(), ErrorCode>)> {
        let events = std::mem::take(&mut self.events);
        let returned = |event: ClientEvent| match event {
            ClientEvent::Returned { request, result } => {
                Some((request, result.map(drop).map_err(|error| error.code)))
            }
            _ => None,
        };
        events.into_iter().filter_map(returned).collect()
    }
}

#[test]
fn what_was_not_answered_goes_out_again_in_order_with_the_same_ids() {
    let mut pair = Pair::live();
    pair.publish_times(5);
    let first = pair.published();
    let (request, _) = first[1];
    let position = at(1);
    pair.say(ServerFrame::Published {
        id: request,
        position,
        duplicate: false,
    });
    pair.cut(DisconnectReason::Lost);
    pair.publish();
    pair.pass(1_000);
    let again: Vec<u32> = pair
        .published()
        .into_iter()
        .map(|(_, counter)| counter)
        .collect();
    assert_eq!(again, [1, 3, 4, 5, 6]);
}

#[test]
fn an_answer_of_an_older_line_means_nothing() {
    let mut pair = Pair::live();
    pair.publish();
    let (request, _) = pair.published()[0];
    pair.cut(DisconnectReason::Lost);
    pair.pass(1_000);
    pair.events.clear();
    let (position, duplicate) = (at(1), false);
    pair.say(ServerFrame::Published {
        id: request,
        position,
        duplicate,
    });
    assert_eq!(pair.client.commands_waiting(), 1);
    let (request, _) = pair.published()[0];
    let answer = ServerFrame::Published {
        id: request,
        position,
        duplicate: true,
    };
    pair.say(answer.clone());
    pair.say(answer);
    let told = pair
        .events
        .iter()
        .filter(|it| matches!(it, ClientEvent::Published { .. }));
    assert_eq!(told.count(), 1);
    assert_eq!(pair.client.commands_waiting(), 0);
}

#[test]
fn at_most_32_commands_are_under_way() {
    let mut pair = Pair::live();
    pair.publish_times(40);
    let sent = pair.published();
    assert_eq!(sent.len(), 32);
    let error = Error::new(ErrorCode::Invalid, "");
    pair.say(ServerFrame::Refused {
        id: sent[0].0,
        error,
    });
    let next: Vec<u32> = pair
        .published()
        .into_iter()
        .map(|(_, counter)| counter)
        .collect();
    assert_eq!(next, [33]);
}

#[test]
fn an_outbox_that_is_full_says_so() {
    let mut pair = Pair::idle(1);
    pair.publish_times(COMMANDS_MAX);
    let one_more = pair.client.publish(pair.now, command("chat:a"));
    assert_eq!(one_more, Err(OutboxFull));
    let big = Payload::try_from(vec![0; 60 * 1024]).unwrap();
    let mut other = Pair::idle(1);
    let taken = (0..100).filter(|_| {
        let command = NewCommand {
            command: big.clone(),
            ..command("chat:a")
        };
        other.client.publish(other.now, command).is_ok()
    });
    assert_eq!(taken.count(), 17);
}

#[test]
fn a_call_is_answered_when_its_line_is_lost() {
    let mut pair = Pair::live();
    let id = pair.call();
    pair.cut(DisconnectReason::Lost);
    assert_eq!(pair.ended(), [(id, Err(ErrorCode::Unavailable))]);
    pair.pass(60_000);
    assert_eq!(pair.ended(), []);
}

#[test]
fn a_call_without_a_line_is_refused_at_once() {
    let mut pair = Pair::idle(1);
    let id = pair.call();
    assert_eq!(pair.ended(), [(id, Err(ErrorCode::Unavailable))]);
}

#[test]
fn a_call_that_nobody_answers_ends_after_its_deadline() {
    let mut pair = Pair::live();
    let id = pair.call();
    pair.pass(6_999);
    assert_eq!(pair.ended(), []);
    pair.pass(1);
    assert_eq!(pair.ended(), [(id, Err(ErrorCode::DeadlineExceeded))]);
    let response = Payload::default();
    pair.say(ServerFrame::Returned { id, response });
    assert_eq!(pair.ended(), []);
}

#[test]
fn a_call_is_answered_by_its_response() {
    let mut pair = Pair::live();
    let id = pair.call();
    let response = Payload::default();
    let server = pair.server.as_mut().unwrap();
    server.answer(id, ServerFrame::Returned { id, response });
    pair.settle();
    assert_eq!(pair.ended(), [(id, Ok(()))]);
}
