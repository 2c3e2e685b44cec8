//! Values: of each key the newest, not more often than it may, and everything else counted.

use super::*;

/// A node whose reader 1 of `fast:a` has taken its confirmation: ten times a second at most.
fn fast() -> Node {
    Node::with_reader(256 * 1024, "fast:a")
}

impl Node {
    /// Lets time pass, and what is due then go out.
    fn pass(&mut self, ms: u64) {
        self.now = self.now + Duration::from_millis(ms);
        self.hub.flush(self.now);
    }
}

#[test]
fn within_a_window_the_newest_of_each_key_goes_out_and_the_rest_is_counted() {
    let mut node = fast();
    node.publish("fast:a", "x=1");
    assert_eq!(node.take(1), ["#1:1 x=1"], "the first does not wait");
    for event in ["x=2", "y=1", "x=3", "x=4", "z=1"] {
        node.publish("fast:a", event);
    }
    node.pass(99);
    assert_eq!(
        node.take(1),
        [""; 0],
        "not more often than ten times a second"
    );
    node.pass(1);
    let all = node.hub.take(1, usize::MAX);
    assert_eq!(all.len(), 1, "one slice");
    let expected = ["#1:3 y=1", "#1:5 x=4", "#1:6 z=1", "#1:gap 2-4 2 conflated"];
    assert_eq!(told_in(&all[0]), expected);
    node.pass(100);
    assert_eq!(node.take(1), [""; 0]);
    node.publish("fast:a", "x=5");
    assert_eq!(
        node.take(1),
        ["#1:7 x=5"],
        "after a pause it does not wait again"
    );
}

/// The frames of a slice without a framing, which are told apart by reading them again: an event
/// ends where its word does.
fn told_in(slice: &[u8]) -> Vec<String> {
    let (mut all, mut start) = (Vec::new(), 0);
    for end in 1..=slice.len() {
        let frame = Codec::Bincode.decode::<ServerFrame>(&slice[start..end]);
        let whole = |frame: &ServerFrame| match frame {
            ServerFrame::Publication { event, .. } => {
                Codec::Bincode.decode::<Words>(event.0.as_bytes()).is_ok()
            }
            _ => true,
        };
        if let Some(frame) = frame.ok().filter(whole) {
            all.extend(told(Codec::Bincode, &frame));
            start = end;
        }
    }
    assert_eq!(start, slice.len());
    all
}

#[test]
fn no_key_is_sent_more_often_than_it_may_be_and_none_waits_longer() {
    let mut node = fast();
    let (mut sent, mut waits) = (BTreeMap::new(), BTreeMap::new());
    for n in 0..3000_u64 {
        let key = format!("k{}", n * n % 7);
        node.publish("fast:a", &format!("{key}={n}"));
        waits.entry(key).or_insert(node.now);
        node.pass(n % 5);
        for slice in node.hub.take(1, usize::MAX) {
            for line in told_in(&slice) {
                let Some((key, _)) = line.split_once('=') else {
                    continue;
                };
                let key = key.rsplit(' ').next().unwrap_or_default().to_owned();
                if let Some(before) = sent.insert(key.clone(), node.now) {
                    assert!(node.now.since(before) >= Duration::from_millis(100));
                }
                let since = waits.remove(&key).expect("nothing is sent twice");
                assert!(node.now.since(since) <= Duration::from_millis(104));
            }
        }
    }
}

#[test]
fn a_value_is_converted_only_if_it_goes_out_and_once_for_all_readers() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static CONVERSIONS: AtomicUsize = AtomicUsize::new(0);
    fn counted(event: &[u8]) -> Option<Vec<u8>> {
        CONVERSIONS.fetch_add(1, Ordering::Relaxed);
        to_json(event)
    }
    let mut node = Node::new();
    let name = topic("fast:a");
    for connection in 1..=8 {
        let json = connection % 2 == 0;
        node.open_with(connection, if json { Codec::Json } else { Codec::Bincode });
        let to_json = counted;
        let kind = Kind {
            to_json,
            ..kind_of(&name)
        };
        let joined = node.hub.join(connection, &name, kind, false).expect("room");
        let read = node.read("fast:a", Start::default());
        node.confirm(connection, "fast:a", &joined, &read, false);
    }
    node.publish("fast:a", "x=0");
    (1..=8).for_each(|connection| drop(node.take(connection)));
    for n in 1..=100 {
        node.publish("fast:a", &format!("x={n}"));
    }
    node.pass(100);
    assert_eq!(CONVERSIONS.load(Ordering::Relaxed), 2);
    for of_codec in [[1, 3, 5, 7], [2, 4, 6, 8]] {
        let slices = of_codec.map(|connection| node.hub.take(connection, usize::MAX));
        let places = slices.each_ref().map(|all| (all.len(), all[0].as_ptr()));
        assert!(places.iter().all(|place| *place == (1, places[0].1)));
    }
}

#[test]
fn a_reader_that_has_not_taken_the_last_values_gets_the_newest_when_it_has() {
    let mut node = fast();
    for n in 1..=40 {
        node.publish("fast:a", &format!("x={n}"));
        node.publish("fast:a", &format!("k{}={n}", n % 3));
        node.pass(100);
    }
    // One batch waits, however much came. What it lacks is read when it has gone.
    assert_eq!(node.hub.outbox(1).map(|it| it.slices().count()), Some(1));
    assert!(node.hub.catching_up(1).is_none());
    assert!(node.hub.lags(1), "it will have to be fed");
    node.publish("fast:a", "y=1");
    let told = node.drain(1);
    let newest = [
        "#1:76 k2=38",
        "#1:78 k0=39",
        "#1:79 x=40",
        "#1:80 k1=40",
        "#1:81 y=1",
    ];
    assert_eq!(told[..1], ["#1:1 x=1"]);
    assert_eq!(told[1..6], newest);
    assert_eq!(told[6..], ["#1:gap 2-80 75 conflated"]);
    // What it has read in history does not come again.
    node.pass(100);
    assert_eq!(node.take(1), [""; 0]);
    node.publish("fast:a", "x=41");
    node.pass(100);
    assert_eq!(node.drain(1), ["#1:82 x=41"]);
}

#[test]
fn a_reader_that_has_half_of_a_batch_in_hand_is_not_given_another() {
    let mut node = fast();
    node.publish("fast:a", "x=1");
    node.hub.wrote(1, 1);
    node.publish("fast:a", "x=2");
    node.pass(100);
    assert_eq!(node.hub.outbox(1).map(|it| it.slices().count()), Some(1));
    assert!(node.hub.catching_up(1).is_none());
    node.hub.wrote(1, usize::MAX);
    assert_eq!(node.drain(1), ["#1:2 x=2"]);
}

#[test]
fn who_joins_within_a_window_is_told_of_what_it_lacks_and_of_nothing_else() {
    let mut node = fast();
    for event in ["x=1", "x=2", "y=1"] {
        node.publish("fast:a", event);
    }
    node.open(2);
    // It is confirmed with x=2 and y=1, which wait for the others.
    node.subscribe_from(2, "fast:a", Start::Newest { count: 10 });
    assert_eq!(node.take(2), ["#1 from 1", "#1:2 x=2", "#1:3 y=1"]);
    for event in ["x=3", "x=4"] {
        node.publish("fast:a", event);
    }
    node.pass(100);
    assert_eq!(node.take(2), ["#1:5 x=4", "#1:gap 4-4 1 conflated"]);
    assert_eq!(node.take(1).first().map(String::as_str), Some("#1:1 x=1"));
    let told = node.hub.take(1, usize::MAX);
    assert!(told.is_empty());
}

#[test]
fn many_keys_do_not_wait_for_their_time() {
    let mut node = fast();
    node.publish("fast:a", "x=1");
    node.take(1);
    let mut n = 0;
    while node.hub.waiting_len(1) == 0 && !node.hub.lags(1) {
        n += 1;
        node.publish("fast:a", &format!("k{n}={}", "padding ".repeat(30)));
        assert!(n < 10_000, "what waits has no bound");
    }
    let told = node.drain(1);
    assert_eq!(offsets(&told), (2..=n + 1).collect::<Vec<_>>());
}

#[test]
fn a_reader_of_latest_without_room_still_gets_the_last_value_of_each_key() {
    let mut node = Node::with_reader(60, "latest:a");
    for n in 1..=50 {
        node.publish("latest:a", &format!("k{}={n}", n % 20));
    }
    node.publish("latest:a", "rare=1");
    let told = node.drain(1);
    let newest: Vec<String> = (31..=50)
        .map(|n| format!("#1:{n} k{}={n}", n % 20))
        .collect();
    for value in newest.iter().map(String::as_str).chain(["#1:51 rare=1"]) {
        assert!(
            told.iter().any(|line| line == value),
            "{value} is missing in {told:?}"
        );
    }
    let counted: u64 = told
        .iter()
        .filter_map(|line| {
            line.strip_prefix("#1:gap ")?
                .strip_suffix(" conflated")?
                .split(' ')
                .nth(1)?
                .parse::<u64>()
                .ok()
        })
        .sum();
    assert_eq!(
        counted + offsets(&told).len() as u64,
        51,
        "what did not come is counted: {told:?}"
    );
    node.publish("latest:a", "rare=2");
    assert_eq!(offsets(&node.take(1)), [52], "the reader is live again");
}

#[test]
fn a_gap_of_latest_covers_nothing_that_follows_it() {
    let mut node = Node::small(60);
    node.open(1);
    node.subscribe(1, "latest:a");
    for n in 1..=200 {
        node.publish("latest:a", &format!("k{}={n}", n % 7));
    }
    let mut covered = 0;
    for line in node.drain(1) {
        let what = line.strip_prefix("#1:").unwrap_or_default();
        if let Some((_, gap)) = what.split_once("gap ") {
            let to = gap
                .split(' ')
                .next()
                .and_then(|it| it.split_once('-'))
                .expect("from and to")
                .1;
            covered = covered.max(to.parse().expect("an offset"));
        } else if let Some(offset) = what
            .split(' ')
            .next()
            .and_then(|it| it.parse::<Offset>().ok())
        {
            assert!(offset > covered, "{offset} follows a gap up to {covered}");
        }
    }
}
