//! Joining: join, read, confirm, whatever happens in between.

use super::*;

/// Publishes before, between and after the three steps, and returns what the reader got.
fn interleaved(name: &str, start: Start, outbox_len_max: usize, slots: [usize; 4]) -> Vec<String> {
    let mut node = Node::small(outbox_len_max);
    node.open(1);
    let mut number = 0;
    let mut publish = |node: &mut Node, count: usize| {
        for _ in 0..count {
            number += 1;
            // Two keys for `latest`; a keyframe every third time for `keyframed`.
            let key = if number % 3 == 1 { "key" } else { "other" };
            node.publish(name, &format!("{key}={number}"));
        }
    };
    publish(&mut node, slots[0]);
    let joined = node.join(1, name, false);
    publish(&mut node, slots[1]);
    let read = node.read(name, start);
    publish(&mut node, slots[2]);
    node.confirm(1, name, &joined, &read, false);
    publish(&mut node, slots[3]);
    node.drain(1)
}

fn each_interleaving(mut check: impl FnMut([usize; 4], Start, usize)) {
    let starts = [
        Start::Newest { count: 0 },
        Start::Newest { count: 2 },
        Start::After(Position {
            epoch: EPOCH,
            offset: 0,
        }),
        Start::After(Position {
            epoch: EPOCH,
            offset: 1,
        }),
        Start::After(Position {
            epoch: Epoch(1),
            offset: 1,
        }),
    ];
    for slots in 0..81 {
        let slots = [slots % 3, slots / 3 % 3, slots / 9 % 3, slots / 27];
        for start in starts {
            // Room for all, and room for about one event.
            for outbox_len_max in [100_000, 20] {
                check(slots, start, outbox_len_max);
            }
        }
    }
}

fn begins_after(told: &[String]) -> Offset {
    let position = told[0]
        .strip_prefix("#1 from ")
        .expect("the confirmation comes first");
    position.parse().expect("an offset")
}

#[test]
fn nothing_of_a_log_falls_through_and_nothing_comes_twice() {
    each_interleaving(|slots, start, outbox_len_max| {
        let told = interleaved("log:a", start, outbox_len_max, slots);
        let head = slots.iter().sum::<usize>() as Offset;
        let expected: Vec<Offset> = (begins_after(&told) + 1..=head).collect();
        assert_eq!(
            offsets(&told),
            expected,
            "{slots:?} {start:?} {outbox_len_max}: {told:?}"
        );
    });
}

#[test]
fn a_gap_of_a_log_and_what_follows_make_a_whole() {
    each_interleaving(|slots, start, outbox_len_max| {
        let told = interleaved("short:a", start, outbox_len_max, slots);
        let head = slots.iter().sum::<usize>() as Offset;
        // Every offset after the position is there, or inside a gap that was said.
        let mut next = begins_after(&told) + 1;
        for line in &told[1..] {
            let what = line.strip_prefix("#1:").expect("all is about topic 1");
            if let Some(gap) = what.strip_prefix("gap ") {
                let (from, to) = gap
                    .split(' ')
                    .next()
                    .and_then(|it| it.split_once('-'))
                    .expect("from and to");
                let (from, to): (Offset, Offset) =
                    (from.parse().expect("from"), to.parse().expect("to"));
                if next == from {
                    next = to + 1;
                }
            } else {
                let offset: Offset = what
                    .split(' ')
                    .next()
                    .and_then(|it| it.parse().ok())
                    .expect("an offset");
                assert_eq!(
                    offset, next,
                    "{slots:?} {start:?} {outbox_len_max}: {told:?}"
                );
                next += 1;
            }
        }
        assert_eq!(
            next,
            head + 1,
            "{slots:?} {start:?} {outbox_len_max}: {told:?}"
        );
    });
}

#[test]
fn the_newest_value_of_each_key_always_arrives() {
    each_interleaving(|slots, start, outbox_len_max| {
        let told = interleaved("latest:a", start, outbox_len_max, slots);
        let head = slots.iter().sum::<usize>() as Offset;
        let got = offsets(&told);
        assert!(got.is_sorted(), "{told:?}");
        let newest = |keyed: bool| (1..=head).rev().find(|offset| (offset % 3 == 1) == keyed);
        for newest in [newest(true), newest(false)].into_iter().flatten() {
            let known = newest <= begins_after(&told) || got.contains(&newest);
            assert!(
                known,
                "{newest} is missing: {slots:?} {start:?} {outbox_len_max}: {told:?}"
            );
        }
    });
}

#[test]
fn what_a_volatile_reader_misses_is_counted() {
    each_interleaving(|slots, start, _| {
        let told = interleaved("volatile:a", start, 100_000, slots);
        let expected = (slots[2] > 0 && slots[3] > 0).then(|| {
            let from = begins_after(&told) + 1;
            format!(
                "#1:gap {from}-{} {} slow",
                from + slots[2] as Offset - 1,
                slots[2]
            )
        });
        let gaps = told[1..]
            .iter()
            .filter(|line| line.contains(":gap") && line.ends_with("slow"));
        assert_eq!(
            gaps.cloned().collect::<Vec<_>>(),
            Vec::from_iter(expected),
            "{slots:?} {start:?}: {told:?}"
        );
        assert_eq!(
            offsets(&told).len(),
            slots[3],
            "{slots:?} {start:?}: {told:?}"
        );
    });
}

#[test]
fn a_keyframed_reader_gets_runs_that_begin_at_a_keyframe() {
    each_interleaving(|slots, start, outbox_len_max| {
        let told = interleaved("keyframed:a", start, outbox_len_max, slots);
        // Whatever follows a hole is a keyframe.
        let mut last = begins_after(&told);
        for offset in offsets(&told) {
            assert!(
                offset == last + 1 || offset % 3 == 1,
                "{slots:?} {start:?} {outbox_len_max}: {told:?}"
            );
            last = offset;
        }
    });
}

#[test]
fn the_confirmation_precedes_every_publication() {
    let mut node = Node::new();
    node.open(1);
    let joined = node.join(1, "log:a", false);
    node.publish("log:a", "early");
    assert_eq!(node.take(1), [""; 0], "nothing before the confirmation");
    let read = node.read("log:a", Start::Newest { count: 10 });
    node.confirm(1, "log:a", &joined, &read, false);
    node.publish("log:a", "late");
    assert_eq!(node.drain(1), ["#1 from 0", "#1:1 early", "#1:2 late"]);
}

#[test]
fn joining_again_starts_anew() {
    let mut node = Node::new();
    node.open(1);
    node.subscribe(1, "log:a");
    node.publish("log:a", "one");
    node.subscribe_from(
        1,
        "log:a",
        Start::After(Position {
            epoch: EPOCH,
            offset: 0,
        }),
    );
    node.publish("log:a", "two");
    assert_eq!(
        node.drain(1),
        ["#1 from 0", "#1:1 one", "#1 from 0", "#1:1 one", "#1:2 two"]
    );
}

#[test]
fn two_confirmations_of_one_topic_lose_nothing() {
    let mut node = Node::new();
    node.open(1);
    let start = Start::After(Position {
        epoch: EPOCH,
        offset: 0,
    });
    let first = node.join(1, "log:a", false);
    let early = node.read("log:a", start);
    node.publish("log:a", "one");
    let second = node.join(1, "log:a", false);
    let late = node.read("log:a", start);
    node.publish("log:a", "two");
    node.confirm(1, "log:a", &first, &early, false);
    node.confirm(1, "log:a", &second, &late, false);
    node.publish("log:a", "three");
    assert_eq!(
        node.drain(1),
        [
            "#1 from 0",
            "#1 from 0",
            "#1:1 one",
            "#1:1 one",
            "#1:2 two",
            "#1:3 three"
        ]
    );
}

#[test]
fn nobody_joins_who_is_not_open() {
    let mut node = Node::new();
    let name = topic("log:a");
    assert_eq!(node.hub.join(1, &name, kind_of(&name), false), None);
    node.publish("log:a", "to nobody");
    assert_eq!(node.hub.topics().count(), 0);
}

#[test]
fn a_reader_that_left_gets_nothing_more() {
    let mut node = Node::new();
    node.open(1);
    node.subscribe(1, "log:a");
    assert!(node.leave(1, "log:a").is_some());
    assert_eq!(node.leave(1, "log:a"), None);
    node.publish("log:a", "unheard");
    assert_eq!(node.drain(1), ["#1 from 0"]);
}
