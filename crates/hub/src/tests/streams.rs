//! Streams: what overtakes them in an outbox, and runs that are read from their keyframe on.

use super::*;

const LONG: usize = 300;

fn after(offset: Offset) -> Start {
    Start::After(Position {
        epoch: EPOCH,
        offset,
    })
}

/// A node in which a run of `LONG` events is kept, the first of them a keyframe.
fn with_a_long_run(outbox_len_max: usize) -> Node {
    let mut node = Node::small(outbox_len_max);
    node.publish("keyframed:a", "key");
    for n in 2..=LONG {
        node.publish("keyframed:a", &format!("delta {n}"));
    }
    node
}

/// Takes and feeds until nothing is left to do, and returns the offsets that came.
fn drained(node: &mut Node) -> Vec<Offset> {
    let told = node.drain(1);
    let mut all = offsets(&told);
    let gaps = told.iter().filter(|line| line.contains("gap")).count();
    assert_eq!(gaps, 0, "{told:?}");
    all.dedup();
    all
}

#[test]
fn words_overtake_a_stream_and_a_stream_keeps_its_order() {
    for kind in ["keyframed:a", "volatile:a"] {
        let mut node = Node::open_to(&[1]);
        node.subscribe(1, kind);
        node.subscribe(1, "log:b");
        node.subscribe(1, "latest:c");
        node.take(1);
        node.publish(kind, "key 1");
        node.publish(kind, "delta 2");
        node.publish("log:b", "said");
        node.publish("latest:c", "price=1");
        let answer = ServerFrame::Probed { nonce: 7 };
        node.hub.reply(1, &answer).expect("there is room");
        let first = node.hub.take(1, 0);
        assert!(told_of(&first).starts_with("#2:1 said"), "{first:?}");
        let second = node.hub.take(1, 0);
        assert!(told_of(&second).starts_with("#3:1 price=1"));
        assert_eq!(node.hub.take(1, 0), [Codec::Bincode.encode(&answer)]);
        assert_eq!(node.take(1), ["#1:1 key 1", "#1:2 delta 2"]);
    }
}

fn told_of(frames: &[bytes::Bytes]) -> String {
    let frames = frames.iter().map(|frame| Codec::Bincode.decode(frame));
    let lines = frames.flat_map(|frame| told(Codec::Bincode, &frame.expect("a frame")));
    lines.collect::<Vec<_>>().join("|")
}

#[test]
fn without_priorities_all_goes_in_the_order_of_its_coming() {
    let mut node = Node::with(HubConfig {
        priorities: false,
        ..HubConfig::default()
    });
    node.open(1);
    node.subscribe(1, "keyframed:a");
    node.subscribe(1, "log:b");
    node.take(1);
    node.publish("keyframed:a", "key 1");
    node.publish("log:b", "said");
    assert_eq!(node.take(1), ["#1:1 key 1", "#2:1 said"]);
}

#[test]
fn nothing_of_a_stream_follows_its_end_or_its_next_confirmation() {
    let mut node = Node::open_to(&[1]);
    node.subscribe(1, "keyframed:a");
    node.take(1);
    node.publish("keyframed:a", "key 1");
    node.subscribe(1, "keyframed:a");
    assert_eq!(node.take(1), ["#1 from 1"]);
    node.publish("keyframed:a", "key 2");
    node.leave(1, "keyframed:a");
    // The id now stands for another topic.
    node.subscribe(1, "log:b");
    assert_eq!(node.take(1), ["#1 from 0"]);
    assert_eq!(node.hub.waiting_len(1), 0);
}

#[test]
fn nothing_of_a_stream_follows_the_loss_of_its_history() {
    let mut node = Node::open_to(&[1]);
    node.subscribe(1, "keyframed:a");
    node.take(1);
    node.publish("keyframed:a", "key 1");
    node.hub.start_anew(node.now, &topic("keyframed:a"));
    assert_eq!(node.take(1), ["#1:gap 1-0 0 epoch"]);
}

#[test]
fn a_newcomer_gets_a_long_run_from_its_keyframe_and_goes_on_live() {
    for outbox_len_max in [200, 256 * 1024] {
        let mut node = with_a_long_run(outbox_len_max);
        node.open(1);
        node.subscribe_from(1, "keyframed:a", Start::Newest { count: 1 });
        // What is published before all of it is read is read, too.
        node.publish("keyframed:a", "delta");
        let got = drained(&mut node);
        assert_eq!(got, (1..=LONG as u64 + 1).collect::<Vec<_>>());
        node.publish("keyframed:a", "delta");
        assert_eq!(offsets(&node.take(1)), [LONG as u64 + 2]);
    }
}

#[test]
fn a_first_reader_that_comes_back_misses_nothing_of_a_long_run() {
    let mut node = with_a_long_run(256 * 1024);
    node.open(1);
    // Nobody on this shard has read the topic: its hub knows no head.
    node.subscribe_from(1, "keyframed:a", after(2));
    let got = drained(&mut node);
    assert_eq!(got, (3..=LONG as u64).collect::<Vec<_>>());
    node.publish("keyframed:a", "delta");
    assert_eq!(offsets(&node.take(1)), [LONG as u64 + 1]);
}

#[test]
fn a_reader_with_the_whole_run_goes_on_in_it() {
    let mut node = with_a_long_run(256 * 1024);
    node.open(1);
    node.subscribe_from(1, "keyframed:a", after(LONG as u64));
    node.publish("keyframed:a", "delta");
    assert_eq!(drained(&mut node), [LONG as u64 + 1]);
}

#[test]
fn who_wants_nothing_that_is_kept_waits_for_a_keyframe() {
    let mut node = with_a_long_run(256 * 1024);
    node.open(1);
    node.subscribe(1, "keyframed:a");
    node.publish("keyframed:a", "delta");
    assert_eq!(offsets(&node.drain(1)), [0_u64; 0]);
    node.publish("keyframed:a", "key");
    assert_eq!(
        node.drain(1),
        ["#1:gap 301-301 1 slow", "#1:302 key"],
        "what it has not got is said"
    );
}

#[test]
fn a_newcomer_that_is_overtaken_by_a_run_goes_on_with_that() {
    let mut node = with_a_long_run(200);
    node.open(1);
    node.subscribe_from(1, "keyframed:a", Start::Newest { count: 1 });
    let first = offsets(&node.take(1));
    let reached = first.last().copied().unwrap_or(0);
    assert!(node.feed(1), "there is room, and more to read");
    node.publish("keyframed:a", "key");
    node.publish("keyframed:a", "delta");
    let told = node.drain(1);
    let gap = told.iter().find(|line| line.contains("gap"));
    let last_of_old = told
        .iter()
        .take_while(|line| !line.contains("gap"))
        .filter_map(|line| line.strip_prefix("#1:")?.split(' ').next()?.parse().ok())
        .last()
        .unwrap_or(reached);
    let count = LONG as u64 - last_of_old;
    let expected = format!("#1:gap {}-{LONG} {count} slow", last_of_old + 1);
    assert_eq!(gap, Some(&expected));
    assert_eq!(
        told[told.len() - 2..],
        ["#1:301 key".to_owned(), "#1:302 delta".to_owned()]
    );
}

#[test]
fn a_newcomer_to_a_run_that_becomes_too_long_waits_for_the_next() {
    // Runs of these topics have at most 100 events.
    let mut node = Node::small(200);
    node.publish("brief:a", "key");
    for _ in 2..=90 {
        node.publish("brief:a", &"delta".repeat(50));
    }
    node.open(1);
    node.subscribe_from(1, "brief:a", Start::Newest { count: 1 });
    assert!(node.feed(1), "a long run is read when there is room");
    for _ in 91..=120 {
        node.publish("brief:a", "delta");
    }
    let told = node.drain(1);
    let gap = told.last().expect("something was told");
    assert!(gap.contains("-120 ") && gap.ends_with("slow"), "{told:?}");
    node.publish("brief:a", "delta");
    assert_eq!(node.drain(1), [""; 0], "a delta is no place to start");
    node.publish("brief:a", "key");
    assert_eq!(node.drain(1), ["#1:gap 121-121 1 slow", "#1:122 key"]);
}

#[test]
fn a_long_run_is_no_part_of_an_answer_and_is_overtaken() {
    let mut node = Node::new();
    let frame = "x".repeat(900);
    node.publish("keyframed:a", &format!("key {frame}"));
    for _ in 0..50 {
        node.publish("keyframed:a", &frame);
    }
    node.open(1);
    node.subscribe(1, "log:b");
    node.take(1);
    node.subscribe_from(1, "keyframed:a", Start::Newest { count: 1 });
    assert!(node.feed(1));
    node.publish("log:b", "said");
    let told = node.drain(1);
    assert_eq!(told[..2], ["#2 from 0", "#1:1 said"]);
    assert_eq!(told.len(), 2 + 51);
}
