//! Paces: readers of one topic who want its values more or less often.

use trunkline_protocol::Gap;

use super::*;

impl Node {
    /// Joins at a pace of so many updates per second and key.
    fn join_at(&mut self, connection: ConnectionId, name: &str, max_hz: u16) -> Joined {
        let name = topic(name);
        let kind = kind_of(&name);
        let delivery = kind.delivery.paced(max_hz).expect("latest values");
        let kind = Kind { delivery, ..kind };
        self.hub.join(connection, &name, kind, false).expect("room")
    }

    fn subscribe_at(&mut self, connection: ConnectionId, name: &str, max_hz: u16) -> Joined {
        let joined = self.join_at(connection, name, max_hz);
        let read = self.read(name, Start::default());
        self.confirm(connection, name, &joined, &read, false);
        joined
    }

    fn wait(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
        self.hub.flush(self.now);
    }
}

/// A node with readers of `fast:a`: 1 as often as it comes, 2 and 3 twice a second.
fn paced() -> Node {
    let mut node = Node::new();
    (1..=3).for_each(|connection| node.open(connection));
    node.subscribe(1, "fast:a");
    node.subscribe_at(2, "fast:a", 2);
    node.subscribe_at(3, "fast:a", 4);
    (1..=3).for_each(|connection| drop(node.take(connection)));
    node
}

#[test]
fn each_pace_gets_the_newest_values_in_its_time() {
    let mut node = paced();
    node.publish("fast:a", "x=0");
    assert_eq!(node.take(1), ["#1:1 x=0"]);
    assert_eq!(node.take(2), ["#2:1 x=0"], "the first does not wait");
    node.take(3);
    let mut told = [0; 2];
    for n in 1..=10 {
        node.publish("fast:a", &format!("x={n}"));
        node.wait(100);
        let fast = node.take(1);
        assert_eq!(fast, [format!("#1:{} x={n}", n + 1)]);
        told[0] += fast.len();
        for slow in [2, 3] {
            let all = node.hub.take(slow, usize::MAX);
            assert_eq!(all.is_empty(), n % 5 != 0, "after {n}00 ms");
            told[1] += all.len();
        }
    }
    assert_eq!(told, [10, 4]);
}

#[test]
fn what_a_pace_leaves_out_is_counted_for_it_alone() {
    let mut node = paced();
    for event in ["x=0", "x=1", "y=1", "x=2"] {
        node.publish("fast:a", event);
        node.wait(100);
    }
    assert_eq!(node.drain(1).len(), 4);
    (2..=3).for_each(|connection| drop(node.take(connection)));
    node.wait(100);
    let slices = node.hub.take(2, usize::MAX);
    let shared = node.hub.take(3, usize::MAX);
    assert_eq!(shared[0].as_ptr(), slices[0].as_ptr(), "encoded once");
    let gap = ServerFrame::Gap {
        topic_id: TopicId(2),
        gap: Gap {
            from: 2,
            to: 2,
            count: 1,
            cause: GapCause::Conflated,
        },
    };
    let told = Codec::Bincode.encode(&gap);
    assert!(slices[0].ends_with(&told), "{:?}", slices[0]);
}

#[test]
fn a_value_waits_no_longer_than_its_pace_lets_it() {
    let mut node = paced();
    let mut last_sent: Option<Moment> = None;
    let mut waits_since: Option<Moment> = None;
    for n in 0..2_000_u64 {
        node.publish("fast:a", &format!("x={n}"));
        waits_since.get_or_insert(node.now);
        node.wait(n * n % 23);
        if !node.hub.take(2, usize::MAX).is_empty() {
            let before = last_sent.replace(node.now);
            assert!(before.is_none_or(|at| node.now.since(at) >= Duration::from_millis(500)));
            let since = waits_since.take().expect("something waited");
            assert!(node.now.since(since) <= Duration::from_millis(522));
        }
    }
}

#[test]
fn another_pace_takes_the_place_of_the_one_before() {
    let mut node = paced();
    assert_eq!(node.hub.topics.len(), 2);
    let joined = node.subscribe_at(1, "fast:a", 2);
    assert!(joined.again);
    assert_eq!(joined.topic_id, TopicId(2));
    assert_eq!(node.hub.topics.len(), 1, "nobody reads at the other");
    node.take(1);
    node.publish("fast:a", "x=1");
    for connection in 1..=3 {
        assert_eq!(node.take(connection), ["#2:1 x=1"]);
    }
    let joined = node.subscribe_at(1, "fast:a", 5);
    assert!(joined.again);
    assert_eq!(joined.topic_id, TopicId(1));
    node.take(1);
    node.publish("fast:a", "x=2");
    node.wait(500);
    assert_eq!(node.take(1), ["#1:2 x=2"]);
    assert_eq!(node.take(2), ["#2:2 x=2"]);
    let name = topic("fast:a");
    assert_eq!(node.hub.unsubscribe(1, &name), Some(TopicId(1)));
    assert_eq!(node.hub.unsubscribe(1, &name), None);
    assert_eq!(node.hub.topic_id_of(2, &name), Some(TopicId(2)));
    for connection in 2..=3 {
        node.hub.close(connection);
    }
    assert_eq!(node.hub.topics().count(), 0);
}

#[test]
fn a_move_while_history_is_read_is_confirmed_once() {
    let mut node = paced();
    node.publish("fast:a", "x=1");
    (1..=3).for_each(|connection| drop(node.take(connection)));
    let first = node.join_at(1, "fast:a", 1);
    let read = node.read("fast:a", Start::default());
    let second = node.join_at(1, "fast:a", 2);
    // The confirmation of the first says where it was; the second follows.
    node.confirm(1, "fast:a", &first, &read, false);
    let read = node.read("fast:a", Start::default());
    node.confirm(1, "fast:a", &second, &read, false);
    node.publish("fast:a", "x=2");
    node.wait(1_000);
    let told = node.drain(1);
    let events = told.iter().filter(|line| line.contains("x=2"));
    assert_eq!(events.count(), 1, "{told:?}");
}

#[test]
fn what_concerns_a_topic_reaches_all_paces() {
    let mut node = paced();
    let name = topic("fast:a");
    node.publish("fast:a", "x=1");
    (1..=3).for_each(|connection| drop(node.take(connection)));
    node.hub.miss(node.now, &name, 7);
    for connection in 1..=3 {
        assert!(node.hub.lags(connection), "{connection} has to read");
    }
    node.hub.start_anew(node.now, &name);
    for connection in 1..=3 {
        let told = node.take(connection);
        assert!(told.iter().any(|line| line.contains("epoch")), "{told:?}");
    }
}

#[test]
fn any_order_of_paces_keeps_groups_and_ids_apart() {
    let mut node = Node::new();
    (1..=5).for_each(|connection| node.open(connection));
    let mut random = 11_u64;
    for _ in 0..3_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let connection = (random >> 33) % 5 + 1;
        let name = ["fast:a", "latest:b"][(random >> 40) as usize % 2];
        match (random >> 50) % 4 {
            0 => {
                node.hub.unsubscribe(connection, &topic(name));
            }
            1 => node.subscribe(connection, name),
            _ => {
                let max_hz = [1, 2, 5, 10, 20][(random >> 54) as usize % 5];
                node.subscribe_at(connection, name, max_hz);
            }
        }
        node.publish(name, &format!("x={random}"));
        node.wait(50);
        let mut grouped: Vec<TopicId> = node
            .hub
            .groups
            .values()
            .flat_map(|groups| groups.iter())
            .collect();
        grouped.sort_unstable();
        let entries: Vec<TopicId> = node.hub.topics.keys().copied().collect();
        assert_eq!(grouped, entries);
        let of_connection = |connection| {
            let subscriptions = &node.hub.connection(connection).expect("open").subscriptions;
            let names = subscriptions.topics().map(|id| &node.hub.topics[&id].name);
            names.collect::<Vec<_>>()
        };
        for connection in 1..=5 {
            let names = of_connection(connection);
            let apart: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(apart.len(), names.len(), "one pace for each topic");
        }
        for connection in 1..=5 {
            node.hub.take(connection, usize::MAX);
            while node.feed(connection) {
                node.hub.take(connection, usize::MAX);
            }
        }
    }
}
