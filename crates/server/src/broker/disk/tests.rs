//! What is particular to the store: crashes, damage, a disk that is full, logs that left memory.

mod clock;
mod damage;
mod ids;
mod restores;
mod running;
mod snapshot;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use futures_util::FutureExt;
use tempfile::TempDir;
use tokio::sync::{mpsc, oneshot};
use trunkline_protocol::GapCause;

use self::snapshot::Snapshot;
use super::record::event_key;
use super::shelf::Shelf;
use super::store::{Depth, Store};
use super::writer::{Job, Publish, Writer};
use crate::broker::conformance::{Bench, Kind, LOG, append, key, name};
use crate::broker::{Broker, BrokerError, Deliver};
use crate::clock::Clock;

async fn filled(topic: &str, count: u32) -> Bench {
    let bench = Bench::new(Kind::Disk);
    for at in 1..=count {
        bench
            .publish(topic, key(1, at), &format!("event {at}"))
            .await;
    }
    bench
}

/// Ends the broker and returns its folder.
fn end(bench: Bench) -> TempDir {
    let Bench { folder, broker, .. } = bench;
    drop(broker);
    folder
}

fn history(folder: &TempDir) -> PathBuf {
    folder.path().join("history")
}

/// Changes the store behind the broker's back.
fn tamper(folder: &TempDir, change: impl FnOnce(&fjall::Keyspace)) {
    let database = Database::builder(history(folder)).open().expect("a store");
    let events = database.keyspace("events", KeyspaceCreateOptions::default);
    change(&events.expect("a table"));
    database.persist(PersistMode::SyncAll).expect("a disk");
}

/// The writer takes all that waits as one batch.
#[test]
fn a_sweep_in_the_same_batch_leaves_a_topic_to_its_first_event() {
    let folder = TempDir::new().expect("a folder for the test");
    let opened = Store::open(&history(&folder), Depth::Lists).expect("a store");
    let clock = Clock::start();
    let time = super::time::at_start(opened.recorded, clock);
    let shelf = Shelf::new(opened.store.epoch(), opened.topics, time);
    let shelf = Arc::new(Mutex::new(shelf));
    let deliver: Deliver = Arc::new(|_, _| {});
    let health = Arc::default();
    let writer = Writer::new(
        history(&folder),
        opened.store,
        shelf,
        clock,
        deliver,
        health,
    );
    let (jobs, waiting) = mpsc::channel(2);
    let (answer, mut answered) = oneshot::channel();
    let publish = Job::Publish(Publish {
        topic: name("chat:a"),
        delivery: LOG,
        append: append(None, "the first"),
        answer,
    });
    let (swept, _) = oneshot::channel();
    let sweep = Job::Sweep {
        in_use: Arc::new(|_| false),
        answer: swept,
    };
    for job in [publish, sweep] {
        jobs.try_send(job).expect("room for two");
    }
    drop(jobs);
    writer.run(waiting);
    let placed = answered.try_recv().expect("an answer");
    assert_eq!(placed.map(|placed| placed.position.offset), Ok(1));
}

#[tokio::test]
async fn events_are_handed_in_without_waiting_and_kept_in_that_order() {
    let bench = Bench::new(Kind::Disk);
    let Broker::Disk(disk) = &bench.broker else {
        panic!("a disk broker");
    };
    let topic = name("chat:a");
    let mut handed_in = Vec::new();
    {
        // The writer gets nowhere while this is held.
        let shelf = disk.shelf.lock().expect("no panic");
        for at in 1..=20 {
            let append = append(key(1, at), &format!("event {at}"));
            let wait = disk.hand_in(&topic, LOG, append).now_or_never();
            handed_in.push(wait.expect("no wait").expect("a writer"));
        }
        assert!(disk.settle().now_or_never().is_none());
        drop(shelf);
    }
    disk.settle().await.expect("a writer");
    for (offset, handed_in) in (1..).zip(handed_in) {
        let placed = handed_in.placed().now_or_never();
        let placed = placed.expect("it is settled").expect("a disk");
        assert_eq!((placed.position.offset, placed.duplicate), (offset, false));
    }
}

#[tokio::test]
async fn a_log_that_left_memory_comes_back_whole() {
    let bench = filled("chat:a", 150).await;
    let before = bench.after("chat:a", 0).await;
    forget_logs(&bench);
    assert_eq!(bench.after("chat:a", 0).await, before);
    forget_logs(&bench);
    let again = bench.publish("chat:a", key(1, 150), "event 150").await;
    assert_eq!((again.position.offset, again.duplicate), (150, true));
    forget_logs(&bench);
    assert_eq!(
        bench.publish("chat:a", None, "x").await.position.offset,
        151
    );
}

#[tokio::test]
async fn a_damaged_event_costs_its_topic_what_was_before_it_and_no_other_topic() {
    for damage in ["altered", "missing"] {
        let bench = filled("chat:a", 5).await;
        let kept = bench.publish("chat:b", None, "kept").await.position;
        let lost = bench.position("chat:a").await;
        let folder = end(bench);
        // The first topic of a store has number 1.
        tamper(&folder, |events| match damage {
            "altered" => events
                .insert(event_key(1, 3), b"....event 9")
                .expect("a disk"),
            _ => events.remove(event_key(1, 3)).expect("a disk"),
        });
        let bench = Bench::in_folder(Kind::Disk, folder);
        let recovered = bench.broker.recover(&name("chat:a"), LOG, lost).await;
        let (epoch, recovery) = recovered.expect("a broker that works");
        assert_ne!(epoch, lost.epoch, "{damage}");
        assert_eq!(recovery.gap.map(|gap| gap.cause), Some(GapCause::Epoch));
        let offsets = recovery.page.publications.iter().map(|it| it.offset);
        assert_eq!(offsets.collect::<Vec<_>>(), [4, 5], "{damage}");
        let again = |counter| bench.publish("chat:a", key(1, counter), "again");
        let (of_lost, of_kept) = (again(3).await, again(5).await);
        assert_eq!((of_lost.position.offset, of_lost.duplicate), (6, false));
        assert_eq!((of_kept.position.offset, of_kept.duplicate), (5, true));
        assert_eq!(bench.position("chat:b").await, kept);

        let bench = bench.restart();
        assert_eq!(bench.position("chat:a").await.epoch, epoch);
        let all = [(4, "event 4"), (5, "event 5"), (6, "again")];
        let all = all.map(|(offset, text)| (offset, text.to_owned()));
        assert_eq!(bench.after("chat:a", 0).await, all);
    }
}

#[tokio::test]
async fn a_store_that_lost_its_newest_events_starts_an_epoch() {
    let folder = end(filled("chat:a", 3).await);
    let saved = Snapshot::take(folder.path());
    let bench = Bench::in_folder(Kind::Disk, folder);
    let lost = bench.publish("chat:a", None, "acknowledged").await.position;
    let folder = end(bench);
    let watermark = fs::read(folder.path().join("history.watermark")).expect("a file");
    saved.put_back_as_it_was(folder.path());
    fs::write(folder.path().join("history.watermark"), watermark).expect("a disk");

    let bench = Bench::in_folder(Kind::Disk, folder);
    let now = bench.position("chat:a").await;
    assert_ne!(now.epoch, lost.epoch);
    assert_eq!(now.offset, 3, "what is left is served, under the new epoch");
    assert_eq!(bench.restart().position("chat:a").await, now);
}

/// Whatever byte of the journal is wrong: readers learn by another epoch that commits are lost, and
/// the commits behind the damage are there.
#[tokio::test]
async fn no_damage_to_the_journal_is_served() {
    let bench = filled("chat:a", 4).await;
    let (before, events) = (
        bench.position("chat:a").await,
        bench.after("chat:a", 0).await,
    );
    let mut folder = end(bench);
    let saved = Snapshot::take(folder.path());
    let journals = saved.files().filter(|(name, bytes)| {
        name.extension().is_some_and(|extension| extension == "jnl") && !bytes.is_empty()
    });
    let (journal, bytes) = journals.last().expect("a journal");
    let mut whole = 0;
    for at in (0..bytes.len()).step_by(bytes.len() / 24) {
        saved.put_back_as_it_was(folder.path());
        let mut changed = bytes.to_vec();
        changed[at] ^= 0x40;
        fs::write(folder.path().join(journal), changed).expect("a disk");

        let bench = Bench::in_folder(Kind::Disk, folder);
        let now = bench.position("chat:a").await;
        assert_ne!(now.epoch, before.epoch, "byte {at}");
        let left = bench.after("chat:a", 0).await;
        // A changed sequence number looks newer than those behind it, which are cut off. What has a
        // hole begins behind it.
        let is_part = events.starts_with(&left) || events.ends_with(&left);
        assert!(is_part, "byte {at}: {left:?}");
        whole += u32::from(left == events);
        folder = end(bench);
    }
    // Of five commits, the first says what the store is, and each of the others is an event.
    assert!(whole >= 4, "{whole}");
}

#[tokio::test]
async fn a_full_disk_refuses_publishes_and_serves_reads() {
    let bench = filled("chat:a", 3).await;
    let fault = history(&bench.folder).with_extension("fault");
    fs::write(&fault, "before").expect("a disk");
    for _ in 0..2 {
        let refused = bench
            .broker
            .publish(&name("chat:a"), LOG, append(key(1, 4), "4"))
            .await;
        assert_eq!(refused, Err(BrokerError::Unavailable));
    }
    assert_eq!(
        bench.after("chat:a", 0).await.len(),
        3,
        "nothing of it is shown"
    );
    assert_eq!(
        bench.delivered.lock().expect("no test panics here").len(),
        3
    );

    fs::remove_file(&fault).expect("a file of the test");
    let placed = until_it_works(&bench, 4).await;
    assert_eq!((placed.position.offset, placed.duplicate), (4, false));
    assert_eq!(bench.after("chat:a", 0).await.len(), 4);
}

#[tokio::test]
async fn a_commit_of_unknown_fate_is_delivered_once_it_is_found() {
    for forgets in [false, true] {
        let bench = filled("chat:a", 3).await;
        let fault = history(&bench.folder).with_extension("fault");
        fs::write(&fault, "after").expect("a disk");
        let refused = append(key(1, 4), "4");
        let refused = bench.broker.publish(&name("chat:a"), LOG, refused).await;
        assert_eq!(refused, Err(BrokerError::Unavailable));
        fs::remove_file(&fault).expect("a file of the test");
        if forgets {
            forget_logs(&bench);
        }

        let placed = until_it_works(&bench, 4).await;
        assert_eq!((placed.position.offset, placed.duplicate), (4, true));
        let delivered = bench.delivered.lock().expect("no test panics here").clone();
        let offsets: Vec<_> = delivered.iter().map(|(_, offset)| *offset).collect();
        assert_eq!(offsets, [1, 2, 3, 4], "{forgets}");
        let texts = bench.after("chat:a", 3).await;
        assert_eq!(texts, [(4, "4".to_owned())]);
    }
}

/// The disk took the store away under a server that runs: what its readers have is of the past.
#[tokio::test]
async fn a_store_that_is_lost_while_it_is_used_begins_anew() {
    let bench = filled("chat:a", 3).await;
    let before = bench.position("chat:a").await;
    let fault = history(&bench.folder).with_extension("fault");
    fs::write(&fault, "before").expect("a disk");
    let refused = append(key(1, 4), "4");
    let refused = bench.broker.publish(&name("chat:a"), LOG, refused).await;
    assert_eq!(refused, Err(BrokerError::Unavailable));
    let elsewhere = bench.folder.path().join("elsewhere");
    fs::rename(history(&bench.folder), elsewhere).expect("a disk");
    fs::remove_file(&fault).expect("a file of the test");

    let placed = until_it_works(&bench, 4).await;
    assert_eq!((placed.position.offset, placed.duplicate), (1, false));
    assert_ne!(placed.position.epoch, before.epoch);
    let delivered = bench.delivered.lock().expect("no test panics here").clone();
    // 0 stands for the news of another epoch, which precedes its first event.
    let offsets: Vec<_> = delivered.iter().map(|(_, offset)| *offset).collect();
    assert_eq!(offsets, [1, 2, 3, 0, 1]);
}

#[tokio::test]
async fn a_store_of_a_newer_server_is_refused() {
    let folder = end(filled("chat:a", 1).await);
    {
        let database = Database::builder(history(&folder)).open().expect("a store");
        let own = database
            .keyspace("store", KeyspaceCreateOptions::default)
            .expect("a table");
        own.insert("format", super::record::write_number(b"format", 3))
            .expect("a disk");
        database.persist(PersistMode::SyncAll).expect("a disk");
    }
    let error = Store::open(&history(&folder), Depth::Lists)
        .err()
        .expect("a refusal");
    let error = format!("{error:#}");
    assert!(
        error.contains("has format 3, and this server reads 1 to 2"),
        "{error}"
    );
}

/// Lets all logs go, as if others needed the room.
fn forget_logs(bench: &Bench) {
    match &bench.broker {
        Broker::Disk(disk) => disk.with(|shelf| shelf.evict(0)),
        Broker::Memory(_) => panic!("this is not the disk broker"),
    }
}

/// Publishes until the store is open again, which takes about a second.
async fn until_it_works(bench: &Bench, counter: u32) -> crate::broker::Placed {
    loop {
        let text = counter.to_string();
        let again = append(key(1, counter), &text);
        match bench.broker.publish(&name("chat:a"), LOG, again).await {
            Ok(placed) => return placed,
            Err(error) => assert_eq!(error, BrokerError::Unavailable),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
