//! Topic ids: short, used again, and never taken for another topic's.

use super::*;

fn id(node: &mut Node, connection: ConnectionId, name: &str) -> u32 {
    let joined = node.join(connection, name, false);
    let read = node.read(name, Start::default());
    node.confirm(connection, name, &joined, &read, false);
    joined.topic_id.0
}

fn leave(node: &mut Node, connection: ConnectionId, name: &str) {
    node.leave(connection, name).expect("it was subscribed");
}

#[test]
fn the_lowest_free_id_is_used_first() {
    let mut node = Node::new();
    node.open(1);
    for (name, expected) in [("log:a", 1), ("log:b", 2), ("log:c", 3), ("log:d", 4)] {
        assert_eq!(id(&mut node, 1, name), expected);
    }
    leave(&mut node, 1, "log:c");
    leave(&mut node, 1, "log:a");
    for (name, expected) in [("log:e", 1), ("log:f", 3), ("log:g", 5), ("log:b", 2)] {
        assert_eq!(id(&mut node, 1, name), expected);
    }
}

#[test]
fn an_id_is_the_same_for_all_connections_while_anyone_uses_it() {
    let mut node = Node::open_to(&[1, 2]);
    assert_eq!(id(&mut node, 1, "log:a"), 1);
    assert_eq!(id(&mut node, 2, "log:a"), 1);
    leave(&mut node, 1, "log:a");
    assert_eq!(id(&mut node, 1, "log:b"), 2, "the other still uses 1");
    assert_eq!(id(&mut node, 1, "log:a"), 1);
}

#[test]
fn a_confirmation_that_comes_late_does_not_touch_the_topic_that_has_the_id_now() {
    let mut node = Node::new();
    node.open(1);
    for _ in 0..100 {
        node.publish("log:old", "event");
    }
    let old = node.join(1, "log:old", false);
    let read = node.read("log:old", Start::Newest { count: 3 });
    leave(&mut node, 1, "log:old");
    let new = node.join(1, "log:new", false);
    assert_eq!(old.topic_id, new.topic_id);
    node.confirm(1, "log:old", &old, &read, false);
    node.take(1);
    // The new one still waits for its own confirmation, and its head is its own.
    node.publish("log:new", "one");
    assert_eq!(node.take(1), [""; 0]);
    let read = node.read("log:new", Start::default());
    node.confirm(1, "log:new", &new, &read, false);
    node.publish("log:new", "two");
    assert_eq!(node.drain(1), ["#1 from 1", "#1:2 two"]);
    assert!(node.hub.catching_up(1).is_none(), "it is live");
}

#[test]
fn a_page_that_comes_late_is_not_given_to_the_reader_of_another_topic() {
    let mut node = Node::small(50);
    node.open(1);
    node.subscribe(1, "log:secret");
    for _ in 0..9 {
        node.publish("log:secret", "a secret");
    }
    node.take(1);
    let behind = node.hub.catching_up(1).expect("it is behind");
    let page = node.log(&behind.topic).after(0, 10);
    leave(&mut node, 1, "log:secret");
    node.subscribe(1, "log:open");
    node.take(1);
    for _ in 0..9 {
        node.publish("log:open", "an open word");
    }
    node.hub.feed(1, &behind, EPOCH, &page);
    let told = node.drain(1);
    assert!(
        told.iter()
            .all(|line| line.starts_with("#1:") && line.ends_with("an open word")),
        "{told:?}"
    );
    assert_eq!(offsets(&told), (1..=9).collect::<Vec<_>>());
}

#[test]
fn a_value_of_a_topic_that_was_left_is_not_taken_for_a_value_of_the_next() {
    let mut node = Node::new();
    node.open(1);
    node.subscribe(1, "latest:old");
    for n in 1..=100 {
        node.publish("latest:old", &format!("x={n}"));
    }
    leave(&mut node, 1, "latest:old");
    node.subscribe(1, "latest:new");
    node.publish("latest:new", "x=1");
    node.publish("latest:new", "y=1");
    let told = node.drain(1);
    let begin = told
        .iter()
        .rposition(|line| line.contains("from"))
        .expect("the new one is confirmed");
    assert_eq!(told[begin..], ["#1 from 0", "#1:1 x=1", "#1:2 y=1"]);
}

#[test]
fn any_order_of_joining_and_leaving_keeps_ids_apart() {
    let mut node = Node::new();
    for connection in 1..=3 {
        node.open(connection);
    }
    let names = ["log:a", "log:b", "log:c", "log:d", "log:e"];
    let mut random = 7_u64;
    for _ in 0..2000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let (connection, name) = (
            (random >> 33) % 3 + 1,
            names[(random >> 40) as usize % names.len()],
        );
        if random >> 50 & 1 == 0 {
            node.subscribe(connection, name);
        } else {
            node.leave(connection, name);
        }
        let ids: Vec<u32> = node.hub.topics.keys().map(|id| id.0).collect();
        assert!(
            ids.iter().all(|id| *id >= 1 && *id <= names.len() as u32),
            "{ids:?}"
        );
        for (id, entry) in &node.hub.topics {
            let reader = entry.subscribers[0];
            assert_eq!(node.hub.topic_id_of(reader, &entry.name), Some(*id));
        }
    }
}
