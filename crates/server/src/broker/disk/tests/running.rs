//! Damage under a server that runs: a table is changed, and compaction or a reader meets it.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use super::{Bench, Kind, forget_logs, history, key};

const TOPICS: u64 = 12;

/// An event of nearly the size that one may have.
const LONG_TEXT: usize = 60_000;

fn topic(at: u64) -> String {
    format!("chat:room-{at}")
}

/// Publishes to every topic once more, until it is taken. Returns how often one was refused.
async fn publish_to_all(bench: &Bench, round: u32) -> usize {
    publish_to(bench, round, 0..TOPICS, 1500).await
}

async fn publish_to(bench: &Bench, round: u32, topics: Range<u64>, len: usize) -> usize {
    let mut refusals = 0;
    for at in topics {
        let text = format!("event {round} of room {at} {}", "x".repeat(len));
        let append = crate::broker::conformance::append(key(at, round), &text);
        let (name, log) = (super::name(&topic(at)), super::LOG);
        while bench
            .broker
            .publish(&name, log, append.clone())
            .await
            .is_err()
        {
            refusals += 1;
            assert!(
                refusals < 200,
                "the store does not work again: {}",
                health(bench)
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    refusals
}

/// The tables of events, oldest first.
fn tables(folder: &TempDir) -> Vec<PathBuf> {
    let all = fs::read_dir(history(folder).join("keyspaces/3/tables")).expect("a folder");
    let mut all: Vec<_> = all.map(|entry| entry.expect("a folder").path()).collect();
    all.sort();
    all
}

fn flip(path: &PathBuf, at: usize) {
    let mut bytes = fs::read(path).expect("a table");
    bytes[at] ^= 4;
    fs::write(path, bytes).expect("a disk");
}

/// Starts with a table for each of `starts`.
async fn with_tables(starts: u32) -> Bench {
    let mut bench = Bench::new(Kind::Disk);
    for round in 1..=starts {
        publish_to_all(&bench, round).await;
        bench = bench.restart();
    }
    bench
}

async fn epochs(bench: &Bench) -> Vec<trunkline_protocol::Epoch> {
    let mut all = Vec::new();
    for at in 0..TOPICS {
        all.push(bench.position(&topic(at)).await.epoch);
    }
    all
}

fn health(bench: &Bench) -> String {
    bench.broker.health().expect("a disk").to_string()
}

#[tokio::test]
async fn a_reader_that_meets_damage_has_the_table_repaired() {
    let bench = with_tables(2).await;
    let before = epochs(&bench).await;
    let table = tables(&bench.folder).remove(0);
    flip(&table, 50);
    forget_logs(&bench);
    let bench = bench.restart();
    let after = epochs(&bench).await;
    let anew = before
        .iter()
        .zip(&after)
        .filter(|(one, other)| one != other)
        .count();
    assert!(
        (1..=TOPICS as usize - 1).contains(&anew),
        "{anew} of {TOPICS}"
    );
    assert!(
        health(&bench).contains("damaged files are in"),
        "{}",
        health(&bench)
    );
    for at in 0..TOPICS as usize {
        let events = bench.after(&topic(at as u64), 0).await.len();
        // The second event of each topic is in another table.
        assert_eq!(events, if before[at] == after[at] { 2 } else { 1 }, "{at}");
    }
    // Nothing of it comes back.
    let bench = bench.restart();
    assert_eq!(epochs(&bench).await, after);
    assert_eq!(health(&bench), "");
}

/// Compaction ends the library's threads at a damaged table, and would again after each opening.
/// The topics that are hit are used by nobody meanwhile, so that no reader finds the damage first.
#[tokio::test]
async fn compaction_that_meets_damage_does_not_stop_the_store() {
    let bench = with_tables(3).await;
    let before = epochs(&bench).await;
    flip(&tables(&bench.folder)[1], 50);
    let (mut refusals, mut rounds) = (0, 3);
    // Enough that what is in memory becomes tables, some of them, and they become one.
    while !health(&bench).contains("damaged files are in") {
        rounds += 1;
        assert!(rounds < 300, "compaction has not met the damage");
        refusals += publish_to(&bench, rounds, TOPICS / 2..TOPICS, LONG_TEXT).await;
    }
    assert!(health(&bench).contains("works again"), "{}", health(&bench));
    assert!(refusals < 60, "{refusals} refusals");
    refusals = publish_to(&bench, rounds + 1, TOPICS / 2..TOPICS, 10).await;
    assert_eq!(refusals, 0, "the store works");
    let bench = bench.restart();
    let after = epochs(&bench).await;
    assert!(before != after, "a topic was hit");
    for (at, (before, after)) in before.iter().zip(&after).enumerate() {
        let is_used = at as u64 >= TOPICS / 2;
        assert!(before == after || !is_used, "topic {at} was not hit");
        if !is_used && before == after {
            assert_eq!(bench.after(&topic(at as u64), 0).await.len(), 3, "{at}");
        }
    }
}
