//! Message ids on the disk: windows of users over restarts, what the store removes, old stores.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use trunkline_hub::{Extent, IdLimits, PublishKey};
use trunkline_protocol::{Epoch, Moment, Offset, Payload};

use super::*;
use crate::broker::disk::record::{self, TopicRecord};
use crate::clock::by_hand::Hand;

/// More commands than a user's window holds.
const MANY: u32 = 1100;

/// Publishes so many commands of a user, many of them in one commit.
async fn press(bench: &Bench, user: u64, counters: std::ops::RangeInclusive<u32>) {
    let publishes = counters.map(|counter| bench.publish("chat:a", key(user, counter), "pressed"));
    let placed = join_all(publishes).await;
    assert!(placed.iter().all(|placed| !placed.duplicate));
}

/// Tells whether a command is known, and does not take it if it is not.
async fn knows(bench: &Bench, user: u64, counter: u32) -> bool {
    let key = key(user, counter).expect("a key");
    let found = bench.broker.find(&name("chat:a"), LOG, &key).await;
    found.expect("a broker that works").is_some()
}

/// The offsets at which the store has ids.
fn stored_ids(folder: &TempDir) -> BTreeSet<Offset> {
    let database = Database::builder(history(folder)).open().expect("a store");
    let commands = database
        .keyspace("commands", KeyspaceCreateOptions::default)
        .expect("a table");
    let offset = |entry: fjall::Guard| record::offset_in(&entry.key().expect("a disk"));
    commands.iter().filter_map(offset).collect()
}

#[tokio::test]
async fn a_retry_after_many_commands_of_others_is_a_duplicate_after_a_restart_too() {
    let mut bench = Bench::new(Kind::Disk);
    let first = bench.publish("chat:a", key(1, 1), "first").await;
    press(&bench, 2, 1..=5000).await;
    for _ in 0..2 {
        let again = bench.publish("chat:a", key(1, 1), "first").await;
        assert_eq!((again.position, again.duplicate), (first.position, true));
        bench = bench.restart();
    }
}

#[tokio::test]
async fn a_store_removes_the_ids_that_leave_a_window_and_no_others() {
    let bench = Bench::new(Kind::Disk);
    bench.publish("chat:a", key(1, 1), "first").await;
    press(&bench, 2, 1..=MANY).await;
    // With the next commit, the store removes what the ones before pushed out.
    bench.publish("chat:a", None, "last").await;
    let folder = end(bench);
    let window = IdLimits::PROMISED.of_user as u64;
    let newest = u64::from(MANY) + 1;
    let expected: BTreeSet<Offset> = [1]
        .into_iter()
        .chain(newest - window + 1..=newest)
        .collect();
    assert_eq!(stored_ids(&folder), expected);

    let bench = Bench::in_folder(Kind::Disk, folder);
    assert!(knows(&bench, 1, 1).await);
    assert!(knows(&bench, 2, MANY).await && !knows(&bench, 2, 1).await);
}

#[tokio::test]
async fn ids_of_a_topic_that_is_forgotten_leave_the_store() {
    let bench = Bench::new(Kind::Disk);
    press(&bench, 1, 1..=20).await;
    // The events and ids are a day old at once.
    let Broker::Disk(disk) = &bench.broker else {
        panic!("this is not the disk broker")
    };
    disk.with(|shelf| {
        let topic = name("chat:a");
        let mut record = shelf.get(&topic).expect("it is there").record;
        let record = record.as_mut().expect("it has events");
        record.expires = Moment::default();
        shelf.note(&topic, *record);
    });
    bench.broker.sweep(Arc::new(|_| false)).await;
    assert_eq!(bench.broker.heads(), []);
    assert_eq!(stored_ids(&end(bench)), BTreeSet::new());
}

#[tokio::test]
async fn a_command_whose_id_cannot_be_remembered_is_refused_and_its_batch_is_not() {
    let bench = Bench::new(Kind::Disk);
    bench.publish("chat:a", None, "first").await;
    let Broker::Disk(disk) = &bench.broker else {
        panic!("this is not the disk broker")
    };
    disk.with(|shelf| {
        let topic = name("chat:a");
        let few = IdLimits {
            of_topic: 3,
            ..IdLimits::PROMISED
        };
        let log = shelf.log(&topic).expect("it is in memory").clone();
        shelf.put(&topic, log.with_id_limits(few));
    });
    let topic = name("chat:a");
    let say = |user| bench.broker.publish(&topic, LOG, append(key(user, 1), "x"));
    let told = join_all((1..=9).map(say)).await;
    let taken: Vec<_> = told.iter().flatten().map(|it| it.position.offset).collect();
    assert_eq!(taken, [2, 3, 4]);
    assert_eq!(told[3..], [Err(BrokerError::TooManyIds); 6]);
    assert!(say(2).await.expect("a retry is answered").duplicate);
    assert_eq!(bench.publish("chat:a", None, "x").await.position.offset, 5);
}

#[tokio::test]
async fn ids_count_as_memory_of_a_log() {
    let bench = Bench::new(Kind::Disk);
    press(&bench, 1, 1..=500).await;
    let Broker::Disk(disk) = &bench.broker else {
        panic!("this is not the disk broker")
    };
    let in_memory = |len_max| {
        disk.with(|shelf| {
            shelf.evict(len_max);
            shelf.log(&name("chat:a")).is_some()
        })
    };
    // A hundred events are kept, and five hundred ids, which may take three times as much.
    assert!(in_memory(500 * 200 / 3));
    assert!(!in_memory(500 * 120 / 3));
}

/// A store as a server of format 1 left it: two topics, one of which lost its oldest events.
fn make_store_of_format_1(folder: &std::path::Path) {
    let database = Database::builder(folder).open().expect("a store");
    let table = |name| {
        let table = database.keyspace(name, KeyspaceCreateOptions::default);
        table.expect("a table")
    };
    let (own, topics) = (table("store"), table("topics"));
    let (events, commands) = (table("events"), table("commands"));
    let put_number = |key: &str, number| {
        let value = record::write_number(key.as_bytes(), number);
        own.insert(key, value).expect("a disk");
    };
    for (key, number) in [("format", 1), ("epoch", 5), ("commits", 9), ("next-id", 3)] {
        put_number(key, number);
    }
    fs::write(folder.with_extension("watermark"), 9u64.to_le_bytes()).expect("a disk");
    for (id, topic, first, head) in [(1, "chat:a", 1, 3), (2, "chat:b", 4, 6)] {
        let record = TopicRecord {
            id,
            epoch: Epoch(70 + id as u32),
            extent: Extent {
                head,
                first,
                first_key: 1,
            },
            expires: Moment::from_ms(u64::MAX),
        };
        let value = record::write_topic(topic.as_bytes(), &record);
        topics.insert(topic, value).expect("a disk");
        let now = Clock::start().now();
        for offset in first..=head {
            let key = event_key(id, offset);
            let text = format!("event {offset}");
            let event = Payload::try_from(text.into_bytes()).expect("a short text");
            let value = record::write_event(&key, &event, now);
            events.insert(key, value).expect("a disk");
        }
        for offset in 1..=head {
            let stored = event_key(id, offset);
            let command: PublishKey = key(1, offset as u32).expect("a key");
            let value = record::write_command_1(&stored, &command);
            commands.insert(stored, value).expect("a disk");
        }
    }
    database.persist(PersistMode::SyncAll).expect("a disk");
}

#[tokio::test]
async fn a_store_of_format_1_is_read_and_goes_on_as_it_was() {
    let folder = TempDir::new().expect("a folder for the test");
    make_store_of_format_1(&history(&folder));
    // Its time goes on from its newest event, although the clock is years ahead.
    let mut bench = Bench::by_clock(folder, Hand::at_day(30_000).start());
    for round in 0..2 {
        for (topic, epoch, head, kept) in [("chat:a", 71, 3, 3), ("chat:b", 72, 6, 3)] {
            let head = head + round;
            let position = bench.position(topic).await;
            assert_eq!((position.epoch, position.offset), (Epoch(epoch), head));
            let kept = kept + usize::from(round == 1);
            assert_eq!(bench.after(topic, 0).await.len(), kept);
            let again = bench.publish(topic, key(1, 2), "event 2").await;
            assert_eq!((again.position.offset, again.duplicate), (2, true));
            let next = bench.publish(topic, key(2, 1 + round as u32), "next").await;
            assert_eq!((next.position.offset, next.duplicate), (head + 1, false));
        }
        bench = bench.restart();
    }
    let folder = end(bench);
    let store = Store::open(&history(&folder), Depth::Lists).expect("a store");
    drop(store);
    let database = Database::builder(history(&folder)).open().expect("a store");
    let own = database.keyspace("store", KeyspaceCreateOptions::default);
    let format = own.expect("a table").get("format").expect("a disk");
    let format = format.expect("a format");
    assert_eq!(record::read_number(b"format", &format), Some(2));
}
