//! Damage to the files of a store: of each file, bytes are changed, the end is missing, or all.
//!
//! Always, a topic either has all that was acknowledged under its epoch, or another epoch with a part of
//! it that has no hole.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use tempfile::TempDir;
use trunkline_protocol::{Epoch, Offset};

use super::snapshot::Snapshot;
use super::{end, key};
use crate::broker::conformance::{Bench, Kind};

const TOPICS: u32 = 12;
const ROUNDS: u32 = 30;

/// Epoch and events that readers were told of a topic.
type Told = (Epoch, Vec<(Offset, String)>);

fn topic(at: u32) -> String {
    format!("chat:room-{at}")
}

async fn told(bench: &Bench) -> HashMap<String, Told> {
    let mut all = HashMap::new();
    for at in 0..TOPICS {
        let name = topic(at);
        let epoch = bench.position(&name).await.epoch;
        let events = bench.after(&name, 0).await;
        all.insert(name, (epoch, events));
    }
    all
}

/// A store with events in several tables and in its journal.
async fn filled_store() -> (TempDir, HashMap<String, Told>) {
    let mut bench = Bench::new(Kind::Disk);
    for round in 1..=ROUNDS {
        for at in 0..TOPICS {
            let text = format!("event {round} of room {at} {}", "x".repeat(150));
            bench
                .publish(&topic(at), key(at.into(), round), &text)
                .await;
        }
        if round % 12 == 0 {
            // A start writes what is in the journal into tables.
            bench = bench.restart();
        }
    }
    let told = told(&bench).await;
    (end(bench), told)
}

/// Outcome for the topics of a damaged store.
#[derive(Debug, Default)]
struct Outcome {
    same: u32,
    anew: u32,
    /// Topics under another epoch that still have all their events.
    anew_and_whole: u32,
    /// Topics under another epoch that have the newest of their events, and not all.
    anew_and_newest: u32,
}

/// Opens a store and holds it to the promise. Opens it once more: nothing changes by itself.
async fn judge(folder: TempDir, before: &HashMap<String, Told>, what: &str) -> (Outcome, TempDir) {
    let mut bench = Bench::in_folder(Kind::Disk, folder);
    let mut outcome = Outcome::default();
    let now = told(&bench).await;
    for (name, (epoch, events)) in before {
        let (epoch_now, events_now) = &now[name];
        if epoch == epoch_now {
            assert_eq!(events_now, events, "{what}: {name} keeps its epoch");
            outcome.same += 1;
        } else {
            outcome.anew += 1;
            outcome.anew_and_whole += u32::from(events == events_now);
            if let (Some(first), Some(last)) = (events_now.first(), events_now.last()) {
                let at = events.iter().position(|event| event == first);
                let at = at.unwrap_or_else(|| panic!("{what}: {name} has {first:?}"));
                assert!(events[at..].starts_with(events_now), "{what}: {name}");
                outcome.anew_and_newest += u32::from(at > 0 && events.last() == Some(last));
            }
        }
        let head = bench.position(name).await.offset;
        assert!(head >= events_now.last().map_or(0, |(offset, _)| *offset));
        let placed = bench.publish(name, None, "goes on").await.position;
        assert_eq!(
            (placed.epoch, placed.offset),
            (*epoch_now, head + 1),
            "{what}: {name}"
        );
    }
    bench = bench.restart();
    let news = bench.broker.health().map(|health| health.to_string());
    assert_eq!(
        news.as_deref(),
        Some(""),
        "{what}: a second start finds nothing"
    );
    for (name, (epoch, events)) in told(&bench).await {
        assert_eq!(
            epoch, now[&name].0,
            "{what}: {name} has another epoch after another start"
        );
        assert_eq!(events.len(), now[&name].1.len() + 1, "{what}: {name}");
    }
    (outcome, end(bench))
}

/// The kinds of damage to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Flip(usize),
    Cut(usize),
    Gone,
}

impl Damage {
    /// All of a file, its second half, a byte near its end, and bytes spread over it.
    fn all(len: usize, flips: usize) -> Vec<Self> {
        let mut all = vec![Self::Gone, Self::Cut(len / 2)];
        let step = (len / (flips + 1)).max(1);
        let spread = (step..len).step_by(step).chain([len.saturating_sub(40)]);
        all.extend(spread.filter(|at| *at < len).map(Self::Flip));
        all
    }

    fn apply(self, path: &Path) {
        let mut bytes = fs::read(path).expect("a file of the test");
        match self {
            Self::Flip(at) => bytes[at] ^= 0x20,
            Self::Cut(len) => bytes.truncate(len),
            Self::Gone => return fs::remove_file(path).expect("a disk"),
        }
        fs::write(path, bytes).expect("a disk");
    }
}

/// Damages the files whose names fit, one at a time, and returns what became of the topics.
async fn damage(fits: impl Fn(&str) -> bool, flips: usize) -> Vec<(String, Outcome)> {
    let (mut folder, before) = filled_store().await;
    let snapshot = Snapshot::take(folder.path());
    let mut outcomes = Vec::new();
    for (name, bytes) in snapshot.files() {
        let shown = name.display().to_string();
        if !fits(&shown) {
            continue;
        }
        for damage in Damage::all(bytes.len(), flips) {
            snapshot.put_back_as_it_was(folder.path());
            damage.apply(&folder.path().join(name));
            let what = format!("{shown} {damage:?}");
            let (outcome, kept) = judge(folder, &before, &what).await;
            outcomes.push((what, outcome));
            folder = kept;
        }
    }
    assert!(!outcomes.is_empty(), "no file was damaged");
    outcomes
}

#[tokio::test]
async fn a_snapshot_that_is_put_back_is_the_same_store() {
    let (folder, before) = filled_store().await;
    let snapshot = Snapshot::take(folder.path());
    snapshot.put_back_as_it_was(folder.path());
    let (outcome, _) = judge(folder, &before, "nothing").await;
    assert_eq!((outcome.same, outcome.anew), (TOPICS, 0));
}

/// Sums of the outcomes of the files whose names fit.
fn of<'a>(
    outcomes: &'a [(String, Outcome)],
    fits: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = (&'a str, &'a Outcome)> {
    let all = outcomes
        .iter()
        .map(|(what, outcome)| (what.as_str(), outcome));
    all.filter(move |(what, _)| fits(what))
}

/// Keyspace 3 has the events and 4 the message ids; 0 to 2 concern every topic.
#[tokio::test]
async fn damage_costs_the_topics_that_it_hits_and_no_others() {
    let outcomes = damage(|_| true, 1).await;
    for (what, outcome) in of(&outcomes, |what| {
        what.contains("/3/tables") && what.contains("Flip")
    }) {
        assert!(outcome.same >= TOPICS - 4, "{what}: {outcome:?}");
    }
    // The first table has the first events of each topic, and others have those that follow.
    let first = of(&outcomes, |what| what.contains("/3/tables"));
    let kept: u32 = first.map(|(_, outcome)| outcome.anew_and_newest).sum();
    assert!(kept > TOPICS, "what follows the damage is kept: {kept}");
    for (what, outcome) in of(&outcomes, |what| what.contains("/4/tables")) {
        assert_eq!(outcome.anew, outcome.anew_and_whole, "{what}: events stay");
    }
    // Lists, names and records that concern every topic: new epochs, and all events are there.
    let lists = |what: &str| what.contains("/current") || what.contains("/v");
    let common = |what: &str| (0..3).any(|id| what.contains(&format!("/{id}/tables")));
    for (what, outcome) in of(&outcomes, |what| lists(what) || common(what)) {
        assert_eq!(outcome.anew, outcome.anew_and_whole, "{what}");
    }
    for (what, outcome) in of(&outcomes, |what| what.contains("watermark")) {
        assert_eq!(outcome.anew_and_whole, TOPICS, "{what}");
    }
}
