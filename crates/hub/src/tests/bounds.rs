//! Bounds: what a connection or a node may use, and what happens there.

use super::*;

const KINDS: [&str; 4] = ["log:a", "latest:a", "volatile:a", "keyframed:a"];

#[test]
fn stalled_readers_use_bounded_memory_while_a_hundred_thousand_events_pass() {
    let mut node = Node::new();
    let config = HubConfig::default();
    for (connection, name) in (1..).zip(KINDS) {
        node.open(connection);
        node.subscribe(connection, name);
    }
    let mut greatest = 0;
    for n in 0..25_000 {
        for name in KINDS {
            let key = if n % 50 == 0 { "key" } else { "delta" };
            node.publish(
                name,
                &format!("{key}{}={n} {}", n % 100, "padding ".repeat(12)),
            );
        }
        greatest = (1..=4)
            .map(|connection| node.hub.waiting_len(connection))
            .max()
            .max(Some(greatest))
            .unwrap_or(0);
    }
    assert!(greatest <= config.outbox_len_max, "{greatest}");
    // All of them come back, and each is told what it missed.
    for connection in 1..=4 {
        node.drain(connection);
        assert_eq!(node.hub.waiting_len(connection), 0);
        node.publish(KINDS[connection as usize - 1], "key=after");
        let told = node.take(connection);
        assert!(
            told.last().is_some_and(|line| line.ends_with("key=after")),
            "{told:?}"
        );
    }
}

#[test]
fn feeding_stops_when_the_outbox_is_full() {
    let mut node = Node::small(1000);
    node.open(1);
    for _ in 0..200 {
        node.publish("log:a", &"long ".repeat(20));
    }
    node.subscribe_from(
        1,
        "log:a",
        Start::After(Position {
            epoch: EPOCH,
            offset: 199,
        }),
    );
    node.take(1);
    for _ in 0..100 {
        node.publish("log:a", &"long ".repeat(20));
    }
    let mut got = offsets(&node.take(1));
    while node.feed(1) {
        assert!(
            node.hub.waiting_len(1) <= 1000 + 120,
            "one event more at most"
        );
        got.extend(offsets(&node.take(1)));
    }
    assert_eq!(got, (201..=300).collect::<Vec<_>>());
}

#[test]
fn answers_use_the_reserve_and_then_overflow() {
    let config = HubConfig {
        outbox_len_max: 100,
        reserve_len_max: 50,
        ..HubConfig::default()
    };
    let mut node = Node::with(config);
    node.open(1);
    let answer = ServerFrame::Probed { nonce: 7 };
    let mut taken = 0;
    while node.hub.reply(1, &answer).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 150 / Codec::Bincode.encode(&answer).len());
    assert!(node.hub.waiting_len(1) <= 150);
    assert_eq!(
        node.hub.reply(1, &answer),
        Err(crate::OutboxOverflow),
        "it stays full"
    );
    node.hub.take(1, usize::MAX);
    assert_eq!(
        node.hub.reply(1, &answer),
        Ok(()),
        "and has room when it was taken"
    );
}

#[test]
fn an_empty_outbox_takes_an_answer_of_any_length() {
    let config = HubConfig {
        outbox_len_max: 10,
        reserve_len_max: 10,
        ..HubConfig::default()
    };
    let mut node = Node::with(config);
    node.open(1);
    let response = Payload::try_from(vec![0; 1000]).expect("fits");
    let answer = ServerFrame::Returned { id: 1, response };
    assert_eq!(node.hub.reply(1, &answer), Ok(()));
    assert_eq!(node.hub.reply(1, &answer), Err(crate::OutboxOverflow));
}

#[test]
fn events_leave_the_reserve_to_answers() {
    let config = HubConfig {
        outbox_len_max: 100,
        reserve_len_max: 50,
        ..HubConfig::default()
    };
    let mut node = Node::with(config);
    node.open(1);
    node.subscribe(1, "log:a");
    node.take(1);
    for _ in 0..50 {
        node.publish("log:a", "event");
    }
    assert!(node.hub.waiting_len(1) <= 100);
    assert_eq!(node.hub.reply(1, &ServerFrame::Probed { nonce: 7 }), Ok(()));
}

#[test]
fn an_event_longer_than_the_outbox_arrives_all_the_same() {
    let mut node = Node::with_reader(50, "log:a");
    while node.hub.poll_dirty().is_some() {}
    node.publish("log:a", &"long ".repeat(50));
    assert_eq!(
        node.hub.poll_dirty(),
        Some(1),
        "the driver is told to feed it"
    );
    assert_eq!(offsets(&node.drain(1)), [1]);
}

#[test]
fn taking_stops_at_a_length_and_gives_at_least_one_frame() {
    let mut node = Node::new();
    node.open(1);
    for nonce in 0..5 {
        node.hub
            .reply(1, &ServerFrame::Probed { nonce })
            .expect("room");
    }
    assert_eq!(node.hub.take(1, 0).len(), 1);
    assert_eq!(node.hub.take(1, 4).len(), 2);
    assert_eq!(node.hub.take(1, 5).len(), 2);
    assert_eq!(node.hub.take(1, 5).len(), 0);
}

#[test]
fn a_node_has_a_bounded_number_of_topics() {
    let mut node = Node::with(HubConfig {
        topics_max: 2,
        ..HubConfig::default()
    });
    node.open(1);
    node.subscribe(1, "log:a");
    node.subscribe(1, "log:b");
    let name = topic("log:c");
    assert_eq!(node.hub.join(1, &name, kind_of(&name), false), None);
    node.subscribe(1, "log:a");
    node.leave(1, "log:b");
    node.subscribe(1, "log:c");
}

#[test]
fn a_driver_is_told_once_of_each_connection_with_something_to_take() {
    let mut node = Node::new();
    for connection in [1, 2, 3] {
        node.open(connection);
        node.subscribe(connection, "log:a");
        node.take(connection);
    }
    while node.hub.poll_dirty().is_some() {}
    node.publish("log:a", "one");
    node.publish("log:a", "two");
    node.close(2);
    let dirty: Vec<ConnectionId> = std::iter::from_fn(|| node.hub.poll_dirty()).collect();
    assert_eq!(dirty, [1, 3], "one that has closed needs no driver");
    assert_eq!(
        node.hub.take(2, usize::MAX).len(),
        0,
        "one that has closed has nothing"
    );
    assert_eq!(node.hub.connections(), 2);
}
