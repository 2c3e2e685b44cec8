//! Batches: what goes out together, when, and to whom.

use super::*;

/// A hub whose frames have their length before them, so that a batch can be taken apart.
fn batching(window_ms: u64) -> Hub {
    let mut hub = Hub::new(HubConfig {
        framing: |_, frame, bytes| {
            bytes.push(frame.len() as u8);
            bytes.extend_from_slice(frame);
        },
        ..HubConfig::default()
    });
    for connection in [1, 2] {
        hub.open(connection, Codec::Bincode);
        subscribe(&mut hub, connection, "log:a", window_ms);
    }
    hub
}

/// Subscribes a connection that has everything up to `after`.
fn subscribe_from(
    hub: &mut Hub,
    connection: ConnectionId,
    name: &str,
    window_ms: u64,
    after: Offset,
) {
    let name = topic(name);
    let kind = Kind {
        flush_window: Duration::from_millis(window_ms),
        ..kind_of(&name)
    };
    hub.join(connection, &name, kind, false).expect("room");
    let frame = ServerFrame::Probed { nonce: 0 };
    hub.confirm(connection, &name, frame, after, after)
        .expect("room");
    hub.take(connection, usize::MAX);
}

fn subscribe(hub: &mut Hub, connection: ConnectionId, name: &str, window_ms: u64) {
    subscribe_from(hub, connection, name, window_ms, 0);
}

fn publication(offset: Offset) -> trunkline_protocol::Publication {
    let event = Codec::Bincode.payload(&Words::cut("event")).expect("fits");
    trunkline_protocol::Publication {
        offset,
        step: 1,
        event,
    }
}

fn publish(hub: &mut Hub, now_ms: u64, name: &str, offset: Offset) {
    let now = Moment::from_ms(now_ms);
    hub.broadcast(now, &topic(name), &publication(offset), None, false);
    hub.flush(now);
}

/// The offsets in each slice that waits for a connection.
fn slices(hub: &mut Hub, connection: ConnectionId) -> Vec<Vec<Offset>> {
    let offsets = |slice: &bytes::Bytes| {
        let (mut offsets, mut rest) = (Vec::new(), &slice[..]);
        while let Some((len, after)) = rest.split_first() {
            let (frame, after) = after.split_at(usize::from(*len));
            if let Ok(ServerFrame::Publication { offset, .. }) = Codec::Bincode.decode(frame) {
                offsets.push(offset);
            }
            rest = after;
        }
        offsets
    };
    hub.take(connection, usize::MAX)
        .iter()
        .map(offsets)
        .collect()
}

#[test]
fn events_within_a_window_go_out_as_one_slice_and_the_first_does_not_wait() {
    let mut hub = batching(5);
    publish(&mut hub, 100, "log:a", 1);
    assert_eq!(slices(&mut hub, 1), [[1]], "after a pause");
    publish(&mut hub, 101, "log:a", 2);
    publish(&mut hub, 104, "log:a", 3);
    assert_eq!(slices(&mut hub, 1), [[0; 0]; 0]);
    assert_eq!(hub.poll_flush(), Some(Moment::from_ms(105)));
    hub.flush(Moment::from_ms(105));
    assert_eq!(slices(&mut hub, 1), [[2, 3]]);
    assert_eq!(hub.poll_flush(), None);
    publish(&mut hub, 108, "log:a", 4);
    assert_eq!(slices(&mut hub, 1), [[0; 0]; 0], "the window begins anew");
    assert_eq!(hub.poll_flush(), Some(Moment::from_ms(110)));
}

#[test]
fn a_batch_is_one_piece_of_memory_for_all_readers() {
    let mut hub = batching(5);
    for offset in 1..=4 {
        hub.broadcast(
            Moment::default(),
            &topic("log:a"),
            &publication(offset),
            None,
            false,
        );
    }
    hub.flush(Moment::default());
    let place = |hub: &mut Hub, connection| hub.take(connection, usize::MAX)[0].as_ptr();
    assert_eq!(place(&mut hub, 1), place(&mut hub, 2));
}

#[test]
fn a_batch_that_fills_an_outbox_does_not_wait() {
    let mut hub = batching(60_000);
    publish(&mut hub, 0, "log:a", 1);
    let mut offset = 1;
    while hub.waiting_len(1) < crate::batch::BATCH_LEN_MAX {
        offset += 1;
        publish(&mut hub, 1, "log:a", offset);
        assert!(offset < 100_000, "it would wait for a minute");
    }
    let all: Vec<Offset> = slices(&mut hub, 1).concat();
    assert_eq!(all, (1..=offset).collect::<Vec<_>>());
}

#[test]
fn a_reader_that_has_a_part_of_a_batch_is_given_the_rest() {
    let mut hub = batching(5);
    publish(&mut hub, 100, "log:a", 1);
    publish(&mut hub, 101, "log:a", 2);
    publish(&mut hub, 102, "log:a", 3);
    hub.open(3, Codec::Bincode);
    // It has read the first two in history.
    subscribe_from(&mut hub, 3, "log:a", 5, 2);
    hub.flush(Moment::from_ms(105));
    assert_eq!(slices(&mut hub, 3), [[3]]);
    assert_eq!(slices(&mut hub, 2), [vec![1], vec![2, 3]]);
}

#[test]
fn what_did_not_come_is_read_from_history_or_told() {
    let mut hub = batching(0);
    subscribe(&mut hub, 1, "volatile:a", 0);
    subscribe(&mut hub, 1, "keyframed:a", 0);
    for name in ["log:a", "volatile:a", "keyframed:a"] {
        hub.broadcast(Moment::default(), &topic(name), &publication(1), None, true);
        hub.miss(Moment::default(), &topic(name), 4);
    }
    let behind = hub.catching_up(1).expect("the log is to be read");
    assert_eq!((behind.topic, behind.after), (topic("log:a"), 1));
    hub.take(1, usize::MAX);
    for name in ["volatile:a", "keyframed:a"] {
        hub.broadcast(Moment::default(), &topic(name), &publication(5), None, true);
    }
    hub.flush(Moment::default());
    let told: Vec<u8> = hub.take(1, usize::MAX).concat();
    let mut gaps = 0;
    let mut rest = &told[..];
    while let Some((len, after)) = rest.split_first() {
        let (frame, after) = after.split_at(usize::from(*len));
        if let Ok(ServerFrame::Gap { gap, .. }) = Codec::Bincode.decode(frame) {
            assert_eq!((gap.from, gap.to, gap.count), (2, 4, 3));
            gaps += 1;
        }
        rest = after;
    }
    assert_eq!(gaps, 2);
}

#[test]
fn answers_go_before_events() {
    let mut hub = batching(0);
    while hub.poll_dirty().is_some() {}
    publish(&mut hub, 0, "log:a", 1);
    hub.reply(2, &ServerFrame::Probed { nonce: 1 })
        .expect("room");
    assert!(hub.is_dirty());
    assert_eq!(hub.poll_answered(), Some(2));
    assert_eq!(hub.poll_answered(), None);
    assert_eq!(hub.poll_dirty(), Some(1));
    assert_eq!(hub.poll_dirty(), None, "2 was told already");
    assert!(!hub.is_dirty());
}

#[test]
fn any_order_of_coming_and_going_leaves_those_subscribed_who_stayed() {
    let mut hub = batching(0);
    let mut random = 11_u64;
    let mut present = std::collections::BTreeSet::new();
    for connection in 3..40 {
        hub.open(connection, Codec::Bincode);
    }
    for offset in 1..2000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let connection = 3 + (random >> 33) % 37;
        if present.remove(&connection) {
            hub.unsubscribe(connection, &topic("log:a"));
        } else {
            present.insert(connection);
            subscribe_from(&mut hub, connection, "log:a", 0, offset - 1);
        }
        publish(&mut hub, 0, "log:a", offset);
        for connection in 3..40 {
            let got = slices(&mut hub, connection).concat();
            let expected: &[Offset] = if present.contains(&connection) {
                &[offset]
            } else {
                &[]
            };
            assert_eq!(got, expected, "connection {connection}");
        }
        hub.take(1, usize::MAX);
        hub.take(2, usize::MAX);
    }
}
