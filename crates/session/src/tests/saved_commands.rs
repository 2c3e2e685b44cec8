//! An outbox that outlives its session.

use trunkline_protocol::{DisconnectReason, MessageId, Payload, Timestamp, UserId};

use super::pair::*;
use crate::{
    COMMANDS_LEN_MAX, COMMANDS_MAX, ClientEvent, DropCause, NewCommand, SavedCommand, SavedOutbox,
    Status,
};

fn saved(number: u64, counter: u32) -> SavedCommand {
    SavedCommand {
        id: MessageId {
            sender: sender(number),
            counter,
        },
        topic: topic("chat:a"),
        contract: None,
        made_at: Timestamp(60),
        command: Payload::default(),
    }
}

fn outbox(commands: Vec<SavedCommand>) -> SavedOutbox {
    SavedOutbox {
        commands,
        ..SavedOutbox::new(sender(7))
    }
}

/// Restores commands, given as sender and counter. Says what was kept, and what was dropped.
fn check(given: &[(u64, u32)], kept: &[(u64, u32)], dropped: &[(u64, u32)]) {
    let commands = given.iter().map(|(it, counter)| saved(*it, *counter));
    let mut pair = Pair::restored(1, outbox(commands.collect()));
    pair.settle();
    let told = |id: MessageId| (u64::from(id.sender), id.counter);
    let waiting = pair.client.commands().map(|command| told(command.id));
    assert_eq!(waiting.collect::<Vec<_>>(), kept);
    let causes = pair.events.iter().map(|event| match event {
        ClientEvent::CommandDropped { command, cause } => {
            assert_eq!(*cause, DropCause::OutOfOrder);
            told(*command)
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(causes.collect::<Vec<_>>(), dropped);
}

#[test]
fn each_sender_keeps_its_order() {
    check(&[(7, 1), (9, 4), (7, 5)], &[(7, 1), (9, 4), (7, 5)], &[]);
    check(&[(7, 2), (7, 2), (7, 1)], &[(7, 2)], &[(7, 2), (7, 1)]);
    check(&[(9, 2), (7, 1), (9, 1)], &[(9, 2), (7, 1)], &[(9, 1)]);
}

#[test]
fn what_was_saved_is_sent_first_in_order_under_its_ids() {
    let mut pair = Pair::restored(1, outbox(vec![saved(9, 4), saved(7, 2), saved(9, 6)]));
    pair.publish_to("chat:a");
    pair.start();
    let mut sent = Vec::new();
    while let [(request, counter)] = pair.published()[..] {
        sent.push(counter);
        pair.take(request);
    }
    assert_eq!(sent, [4, 2, 6, 3]);
    assert_eq!(pair.client.commands_waiting(), 0);
}

#[test]
fn a_counter_is_never_used_twice() {
    let mut pair = Pair::live();
    pair.publish_to("chat:a");
    pair.publish_to("chat:a");
    for _ in 0..2 {
        let (request, _) = pair.published()[0];
        pair.take(request);
    }
    let kept = pair.client.save();
    assert_eq!((kept.next_counter, kept.commands.len()), (3, 0));
    let mut pair = Pair::restored(1, kept);
    assert_eq!(pair.publish_to("chat:a").counter, 3);

    // A store that noted too little is not believed.
    let mut pair = Pair::restored(1, outbox(vec![saved(9, 90), saved(7, 40)]));
    assert_eq!(pair.publish_to("chat:a").counter, 41);

    // A sender that has counted to the end takes no more.
    let mut pair = Pair::restored(1, outbox(vec![saved(7, u32::MAX)]));
    assert!(pair.client.publish(pair.now, command("chat:a")).is_err());
    pair.client.renew_sender(sender(8));
    let id = pair.publish_to("chat:a");
    assert_eq!((id.sender, id.counter), (sender(8), 1));
}

#[test]
fn saving_and_restoring_changes_nothing() {
    let mut pair = Pair::restored(1, outbox(vec![saved(9, 4)]));
    pair.publish_to("chat:b");
    let volatile = NewCommand {
        log: false,
        ..command("typing:a")
    };
    pair.client.publish(pair.now, volatile).unwrap();
    let kept = pair.client.save();
    let ids = kept.commands.iter().map(|command| command.id.counter);
    assert_eq!(ids.collect::<Vec<_>>(), [4, 1]);
    let again = Pair::restored(1, kept.clone()).client.save();
    assert_eq!(again, kept);
}

#[test]
fn what_does_not_fit_is_dropped_and_named() {
    let many = (1..).take(COMMANDS_MAX + 2).map(|it| saved(9, it));
    let big = (1..=18).map(|counter| SavedCommand {
        command: Payload::try_from(vec![0; 60 * 1024]).unwrap(),
        ..saved(9, counter)
    });
    for (commands, fit) in [
        (many.collect::<Vec<_>>(), COMMANDS_MAX),
        (big.collect(), COMMANDS_LEN_MAX / (60 * 1024)),
    ] {
        let over = commands.len() - fit;
        let mut pair = Pair::restored(1, outbox(commands));
        pair.settle();
        assert_eq!(pair.client.commands_waiting(), fit);
        let full = |event: &&ClientEvent| {
            let cause = DropCause::Full;
            matches!(event, ClientEvent::CommandDropped { cause: it, .. } if *it == cause)
        };
        assert_eq!(pair.events.iter().filter(full).count(), over);
    }
}

#[test]
fn another_user_sends_nothing_of_an_outbox() {
    let of = |user| SavedOutbox {
        user: Some(UserId(user)),
        ..outbox(vec![saved(7, 1)])
    };
    let mut pair = Pair::restored(1, of(2));
    pair.start();
    let stopped = Status::Stopped(DisconnectReason::SignedOut);
    assert_eq!(pair.client.status(), stopped);
    assert!(pair.counters().is_empty());
    assert_eq!(pair.client.commands_waiting(), 1);

    let mut pair = Pair::restored(1, of(user().id.0));
    pair.start();
    assert_eq!(pair.counters(), [1]);
}
