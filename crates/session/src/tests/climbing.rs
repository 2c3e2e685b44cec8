//! A client that goes back to the WebSocket from a line over HTTP.

use trunkline_protocol::frame::Start;
use trunkline_protocol::{ClientFrame, Digest, Payload, ServerFrame};

use super::alone::{Alone, connected};
use super::pair::{at, command, publication, subscribed};
use crate::Transport::{Poll, Stream, WebSocket};
use crate::{Action, HttpAnswer, Purpose, Status};

/// Lets the time for a climb come.
fn climb(alone: &mut Alone) {
    alone.pass(5_000);
    assert_eq!(alone.actions(), [Action::DialBeside]);
}

/// Lets the server greet on the WebSocket beside.
fn greet_beside(alone: &mut Alone) {
    alone.client.handle_beside_opened(alone.now);
    let frame = alone.client.poll_transmit_beside();
    assert!(matches!(frame, Some(ClientFrame::Connect { .. })));
    alone
        .client
        .handle_beside_frame(alone.now, Some(connected()));
    alone.listen();
}

fn sent(alone: &mut Alone) -> Vec<ClientFrame> {
    std::iter::from_fn(|| alone.client.poll_transmit()).collect()
}

#[test]
fn the_line_in_use_goes_on_until_the_websocket_is_greeted() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    climb(&mut alone);
    alone.client.handle_beside_opened(alone.now);
    alone.say(publication(2));
    assert_eq!(alone.client.transport(), Stream);
    let frame = alone.client.poll_transmit_beside();
    assert!(
        matches!(frame, Some(ClientFrame::Connect { subscriptions, .. }) if subscriptions.is_empty())
    );
    assert_eq!(alone.client.poll_transmit_beside(), None);
    alone
        .client
        .handle_beside_frame(alone.now, Some(connected()));
    assert_eq!(alone.actions(), [Action::MoveOver]);
    assert_eq!(alone.client.transport(), WebSocket);
    let starts: Vec<_> = sent(&mut alone)
        .into_iter()
        .filter_map(|frame| match frame {
            ClientFrame::Subscribe(subscribe) => Some((subscribe.id, subscribe.start)),
            _ => None,
        })
        .collect();
    let [(id, start)] = starts[..] else {
        panic!("{starts:?}");
    };
    let event = Digest::of(&Payload::default());
    assert_eq!(start, Start::after(at(2), Some(event)));
    alone.say(subscribed(id, 2, true));
    alone.say(publication(3));
    assert!(alone.is_live());
    assert_eq!(
        alone.told(),
        ["stream", "subscribed None", "2", "websocket", "3"]
    );
}

#[test]
fn what_was_asked_over_http_is_answered_after_the_move() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.told();
    alone.client.publish(alone.now, command("log:a")).unwrap();
    alone.client.publish(alone.now, command("log:a")).unwrap();
    let request = alone.request();
    climb(&mut alone);
    greet_beside(&mut alone);
    let Purpose::Ask(id) = request.purpose else {
        panic!("{request:?}");
    };
    let published = ServerFrame::Published {
        id: 0,
        position: at(2),
        duplicate: false,
    };
    sent(&mut alone);
    alone
        .client
        .handle_answer(alone.now, id, HttpAnswer::Frame(published));
    assert_eq!(alone.told(), ["websocket", "published false"]);
    // The next command of the log goes the new way, once the first is answered.
    assert!(matches!(
        sent(&mut alone)[..],
        [ClientFrame::Publish { .. }]
    ));
}

#[test]
fn a_call_outlives_the_move() {
    let mut alone = Alone::live(Poll, &[]);
    alone.client.handle_ended(alone.now);
    alone.told();
    let patience = std::time::Duration::from_secs(60);
    let id = alone
        .client
        .call(alone.now, "test.echo", None, Payload::default(), patience);
    alone.request();
    climb(&mut alone);
    greet_beside(&mut alone);
    let returned = ServerFrame::Returned {
        id,
        response: Payload::default(),
    };
    alone
        .client
        .handle_answer(alone.now, id, HttpAnswer::Frame(returned));
    assert_eq!(alone.told(), ["websocket", "returned true"]);
}

#[test]
fn a_climb_that_fails_disturbs_nobody_and_is_tried_again_later() {
    let mut alone = Alone::live(Stream, &["log:a"]);
    alone.told();
    climb(&mut alone);
    alone.client.handle_beside_closed(alone.now);
    assert_eq!(alone.actions(), [Action::HangupBeside]);
    for _ in 0..10 {
        alone.pass(5_900);
        assert_eq!(alone.actions(), []);
        alone.say(ServerFrame::Ping {
            heads: trunkline_protocol::List::default(),
        });
    }
    alone.pass(1_000);
    assert_eq!(alone.actions(), [Action::DialBeside]);
    // This time nothing comes.
    alone.client.handle_beside_opened(alone.now);
    alone.pass(5_000);
    assert_eq!(alone.actions(), [Action::HangupBeside]);
    assert!(alone.is_live());
    assert_eq!(alone.told(), Vec::<String>::new());
}

#[test]
fn a_climb_ends_with_the_line_beside_it() {
    let mut alone = Alone::live(Stream, &[]);
    climb(&mut alone);
    alone.client.handle_ended(alone.now);
    assert_eq!(alone.actions(), [Action::HangupBeside]);
    alone.client.handle_beside_opened(alone.now);
    assert_eq!(alone.client.poll_transmit_beside(), None);
    assert!(matches!(alone.client.status(), Status::Waiting { .. }));
}

#[test]
fn a_climb_that_is_answered_with_nonsense_fails() {
    let mut alone = Alone::live(Stream, &[]);
    for frame in [None, Some(ServerFrame::Probed { nonce: 1 })] {
        climb(&mut alone);
        alone.client.handle_beside_opened(alone.now);
        alone.client.handle_beside_frame(alone.now, frame);
        assert_eq!(alone.actions(), [Action::HangupBeside]);
        assert_eq!(alone.client.transport(), Stream);
        // A wake brings the next climb forward.
        alone.client.handle_wake(alone.now);
        alone.greet();
    }
}
