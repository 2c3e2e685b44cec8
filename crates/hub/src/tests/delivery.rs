//! Delivery: encoded once, and what gives way when a reader is slow.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::CatchUp;

#[test]
fn readers_of_both_codecs_get_the_same_events_in_order() {
    let mut node = Node::new();
    node.open_with(1, Codec::Bincode);
    node.open_with(2, Codec::Json);
    node.publish("log:a", "before");
    for connection in [1, 2] {
        node.subscribe_from(connection, "log:a", Start::Newest { count: 10 });
    }
    for word in ["one", "두 번째", "\"three\"\n"] {
        node.publish("log:a", word);
    }
    let expected = [
        "#1 from 0",
        "#1:1 before",
        "#1:2 one",
        "#1:3 두 번째",
        "#1:4 \"three\"\n",
    ];
    assert_eq!(node.drain(1), expected);
    assert_eq!(node.drain(2), expected);
}

#[test]
fn an_event_is_encoded_once_per_codec() {
    static CONVERSIONS: AtomicUsize = AtomicUsize::new(0);
    fn counted(event: &[u8]) -> Option<Vec<u8>> {
        CONVERSIONS.fetch_add(1, Ordering::Relaxed);
        to_json(event)
    }
    let mut node = Node::new();
    let name = topic("volatile:a");
    for connection in 1..=8 {
        node.open_with(
            connection,
            if connection % 2 == 0 {
                Codec::Json
            } else {
                Codec::Bincode
            },
        );
        let joined = node
            .hub
            .join(
                connection,
                &name,
                Kind {
                    to_json: counted,
                    ..kind_of(&name)
                },
                false,
            )
            .expect("room");
        let read = node.read("volatile:a", Start::default());
        node.confirm(connection, "volatile:a", &joined, &read, false);
        node.take(connection);
    }
    node.publish("volatile:a", "shared");
    assert_eq!(CONVERSIONS.load(Ordering::Relaxed), 1);
    for of_codec in [[1, 3, 5, 7], [2, 4, 6, 8]] {
        let places = of_codec.map(|connection| node.hub.take(connection, usize::MAX)[0].as_ptr());
        assert!(
            places.iter().all(|place| *place == places[0]),
            "the bytes are shared, not copied"
        );
    }
}

#[test]
fn an_event_that_is_no_json_leaves_no_hole() {
    let mut node = Node::new();
    node.open_with(1, Codec::Json);
    node.publish("log:a", UNREADABLE);
    node.subscribe_from(1, "log:a", Start::Newest { count: 10 });
    node.publish("log:a", "one");
    node.publish("log:a", UNREADABLE);
    node.publish("log:a", "two");
    assert_eq!(
        node.drain(1),
        [
            "#1 from 0",
            "#1:1 null",
            "#1:2 one",
            "#1:3 null",
            "#1:4 two"
        ]
    );
}

#[test]
fn a_slow_reader_of_a_log_falls_behind_and_rejoins_without_a_hole() {
    let mut node = Node::small(200);
    node.open(1);
    node.open(2);
    node.subscribe(1, "log:a");
    node.subscribe(2, "log:a");
    let (mut slow, mut quick) = (Vec::new(), Vec::new());
    // The slow reader takes a little now and then, while events go on.
    for n in 1..=300 {
        node.publish("log:a", &format!("event {n}"));
        quick.extend(node.drain(2));
        if n % 50 == 0 {
            slow.extend(node.take(1));
            node.feed(1);
        }
    }
    assert!(node.hub.waiting_len(1) > 0);
    assert_eq!(offsets(&quick), (1..=300).collect::<Vec<_>>());
    slow.extend(node.drain(1));
    assert_eq!(offsets(&slow), (1..=300).collect::<Vec<_>>());
    node.publish("log:a", "live again");
    assert_eq!(node.take(1), ["#1:301 live again"]);
}

#[test]
fn a_reader_that_retention_went_past_is_told_so() {
    let mut node = Node::with_reader(40, "short:a");
    for n in 1..=10 {
        node.publish("short:a", &format!("event {n}"));
    }
    let told = node.drain(1);
    assert_eq!(told[2..4], ["#1:3 event 3", "#1:gap 4-7 4 retention"]);
    assert_eq!(offsets(&told), [1, 2, 3, 8, 9, 10]);
}

/// A reader that is behind and has everything up to `has`, of eight events; the hub is given a page
/// that was read after `read_after` when the log's head was `read_at`.
fn check_old_page(has: Offset, read_after: Offset, read_at: Offset) {
    let mut node = Node::small(30);
    node.open(1);
    let mut page = node.log(&topic("log:a")).after(0, 0);
    let long = "an event that has no room";
    for n in 1..=8 {
        node.publish("log:a", long);
        if n == has {
            node.subscribe(1, "log:a");
        }
        if n == read_at {
            page = node.log(&topic("log:a")).after(read_after, 10);
        }
    }
    let mut told = node.take(1);
    let behind = node.hub.catching_up(1).expect("it is behind");
    let read_for = CatchUp {
        after: read_after,
        ..behind
    };
    node.hub.feed(1, &read_for, EPOCH, &page);
    told.extend(node.drain(1));
    assert_eq!(
        offsets(&told),
        (has + 1..=8).collect::<Vec<_>>(),
        "{has} {read_after} {read_at}"
    );
}

#[test]
fn a_page_that_was_read_for_an_earlier_subscription_makes_no_hole() {
    check_old_page(3, 3, 8); // the right one
    check_old_page(3, 3, 5);
    check_old_page(3, 1, 5); // begins with what the reader has
    check_old_page(3, 5, 8); // begins after what the reader misses
    check_old_page(3, 1, 3); // brings nothing
    check_old_page(3, 8, 8); // brings nothing, and knows the newest head
    check_old_page(3, 3, 3);
}

#[test]
fn readers_that_are_behind_take_turns() {
    let mut node = Node::small(300);
    node.open(1);
    node.subscribe(1, "log:flood");
    node.subscribe(1, "log:quiet");
    node.take(1);
    let flood = |node: &mut Node| {
        for _ in 0..100 {
            node.publish("log:flood", "more than this reader takes");
        }
    };
    flood(&mut node);
    node.publish("log:quiet", "heard");
    let mut told = Vec::new();
    for _ in 0..4 {
        told.extend(node.take(1));
        node.feed(1);
        flood(&mut node);
    }
    assert!(told.contains(&"#2:1 heard".to_owned()), "{told:?}");
}

#[test]
fn volatile_drops_for_a_slow_reader_and_counts() {
    let mut node = Node::with_reader(60, "volatile:a");
    for n in 1..=9 {
        node.publish("volatile:a", &format!("event {n}"));
    }
    assert_eq!(node.take(1), ["#1:1 event 1", "#1:2 event 2"]);
    node.publish("volatile:a", "fresh");
    assert_eq!(node.take(1), ["#1:gap 3-9 7 slow", "#1:10 fresh"]);
}

#[test]
fn volatile_leaves_half_of_the_room_to_logs() {
    let mut node = Node::small(100);
    node.open(1);
    node.subscribe(1, "volatile:a");
    node.subscribe(1, "log:b");
    node.take(1);
    for n in 1..=20 {
        node.publish("volatile:a", &format!("event {n}"));
    }
    assert!(node.hub.waiting_len(1) <= 50);
    node.publish("log:b", "has room");
    assert!(node.take(1).contains(&"#2:1 has room".to_owned()));
}

#[test]
fn a_keyframed_reader_that_was_slow_waits_for_a_keyframe() {
    let mut node = Node::with_reader(60, "keyframed:a");
    for event in ["key 1", "delta 2", "delta 3", "delta 4"] {
        node.publish("keyframed:a", event);
    }
    assert_eq!(node.take(1), ["#1:1 key 1", "#1:2 delta 2"]);
    node.publish("keyframed:a", "delta 5");
    assert_eq!(node.take(1), [""; 0], "a delta is no place to start");
    node.publish("keyframed:a", "key 6");
    node.publish("keyframed:a", "delta 7");
    assert_eq!(
        node.take(1),
        ["#1:gap 3-5 3 slow", "#1:6 key 6", "#1:7 delta 7"]
    );
}

#[test]
fn a_keyframed_reader_that_takes_nothing_is_not_given_the_begin_of_every_run() {
    let mut node = Node::with_reader(400, "keyframed:a");
    let part = "part".repeat(12);
    for run in 1..=9 {
        node.publish("keyframed:a", &format!("key {run}"));
        for _ in 0..9 {
            node.publish("keyframed:a", &part);
        }
    }
    let told = node.drain(1);
    let kept = told.iter().position(|line| line.ends_with("key 9"));
    let kept = kept.expect("the newest run");
    let begins = told[..kept].iter().filter(|line| line.contains("key"));
    assert_eq!(begins.count(), 1, "{told:?}");
    assert_eq!(told.len(), kept + 10, "all of the newest run");
    assert!(told[kept - 1].ends_with("slow"), "{told:?}");
}

#[test]
fn heads_are_told_of_live_logs_that_moved() {
    let mut node = Node::small(60);
    node.open(1);
    for name in ["log:moved", "log:still", "volatile:a", "latest:a"] {
        node.subscribe(1, name);
    }
    node.take(1);
    for name in ["log:moved", "volatile:a", "latest:a"] {
        node.publish(name, "event");
    }
    let heads = |node: &mut Node| {
        node.hub
            .heads(1)
            .iter()
            .map(|it| (it.topic_id.0, it.offset))
            .collect::<Vec<_>>()
    };
    assert_eq!(heads(&mut node), [(1, 1)]);
    assert_eq!(heads(&mut node), [], "told once");
    // One that is behind knows less than the head: its reader would believe that it lost something.
    for n in 0..9 {
        node.publish("log:moved", &format!("event {n}"));
    }
    assert_eq!(heads(&mut node), []);
    node.drain(1);
    assert_eq!(heads(&mut node), [(1, 10)]);
}

#[test]
fn a_head_is_told_to_a_reader_that_was_never_sent_a_publication() {
    let mut node = Node::new();
    node.open(1);
    node.publish("log:a", "before");
    node.subscribe(1, "log:a");
    assert_eq!(
        node.hub.heads(1).len(),
        0,
        "the confirmation says where the head is"
    );
}

#[test]
fn what_a_reader_has_from_history_does_not_come_again() {
    let mut node = Node::new();
    node.open(1);
    // History is ahead: two events are kept and not fanned out yet.
    let name = topic("log:a");
    let mut late = Vec::new();
    for words in ["one", "two"] {
        let event = Codec::Bincode.payload(&Words::cut(words)).expect("fits");
        let append = Append {
            key: None,
            event,
            conflation_key: None,
            keyframe: false,
        };
        let Appended::New(publication) = node.log(&name).append(Moment::from_ms(0), append) else {
            panic!("not new")
        };
        late.push(publication);
    }
    node.subscribe_from(1, "log:a", Start::Newest { count: 10 });
    for publication in &late {
        node.hub
            .broadcast(node.now, &name, publication, None, false);
        node.hub.flush(node.now);
    }
    node.publish("log:a", "three");
    assert_eq!(
        node.drain(1),
        ["#1 from 0", "#1:1 one", "#1:2 two", "#1:3 three"]
    );
}

#[test]
fn a_heartbeat_says_what_gave_way_when_nothing_else_comes() {
    let mut node = Node::with_reader(60, "volatile:a");
    for n in 1..=9 {
        node.publish("volatile:a", &format!("event {n}"));
    }
    assert_eq!(offsets(&node.take(1)), [1, 2]);
    assert_eq!(node.hub.heads(1).len(), 0);
    assert_eq!(node.take(1), ["#1:gap 3-9 7 slow"]);
    node.hub.heads(1);
    assert_eq!(node.take(1), [""; 0], "once");
}

#[test]
fn a_history_that_starts_anew_is_said_and_nothing_of_it_is_taken_for_the_old_one() {
    let mut node = Node::new();
    node.open(1);
    node.subscribe(1, "log:a");
    for n in 1..=3 {
        node.publish("log:a", &format!("old {n}"));
    }
    node.take(1);
    node.hub.start_anew(node.now, &topic("log:a"));
    node.logs.clear();
    node.publish("log:a", "new 1");
    let told = node.drain(1);
    assert_eq!(told, ["#1:gap 1-0 0 epoch"]);
    // Who subscribes again is served.
    node.subscribe(1, "log:a");
    node.publish("log:a", "new 2");
    assert_eq!(offsets(&node.drain(1)).last(), Some(&2));
}

#[test]
fn confirmation_that_was_read_before_a_new_epoch_is_followed_by_a_gap() {
    let mut node = Node::new();
    node.open(1);
    for n in 1..=3 {
        node.publish("log:a", &format!("old {n}"));
    }
    let joined = node.join(1, "log:a", false);
    let read = node.read("log:a", Start::Newest { count: 0 });
    node.hub.start_anew(node.now, &topic("log:a"));
    node.logs.clear();
    node.confirm(1, "log:a", &joined, &read, false);
    for n in 1..=5 {
        node.publish("log:a", &format!("new {n}"));
    }
    assert_eq!(node.drain(1), ["#1 from 3", "#1:gap 1-0 0 epoch"]);
    node.subscribe(1, "log:a");
    node.publish("log:a", "new 6");
    assert_eq!(offsets(&node.drain(1)).last(), Some(&6));
}

#[test]
fn page_of_another_epoch_is_not_fed() {
    let mut node = Node::small(20);
    node.open(1);
    node.subscribe(1, "log:a");
    for n in 1..=4 {
        node.publish("log:a", &format!("an event that is long enough {n}"));
    }
    let first = node.take(1);
    let behind = node.hub.catching_up(1).expect("it is behind");
    let page = node.log(&topic("log:a")).after(behind.after, 10);
    node.hub.feed(1, &behind, Epoch(EPOCH.0 + 1), &page);
    let told = node.drain(1);
    assert_eq!(told, ["#1:gap 1-0 0 epoch"], "after {first:?}");
}
