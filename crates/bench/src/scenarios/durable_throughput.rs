//! `durable-throughput`: acknowledged publishes per second through the whole server, as a ratio
//! to the store alone and to the memory broker.
//!
//! The contenders take turns in short bursts, and ratios are taken within a round: what slows the
//! machine for a while slows all of them.

use std::collections::BTreeMap;
use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use crate::peer::Peer;
use crate::raw_store::{RawStore, batch_len, sync_costs};
use crate::report::Report;
use crate::server::{Launcher, Server, Tally};
use crate::speaker::{Rooms, Speaker, UNDER_WAY, Until, connect_all, speak_all};
use crate::spread::Spread;
use crate::table::Table;

/// How many connections speak.
const SPEAKERS: u32 = 64;

/// The batch sizes of the store alone, besides the one that the server had.
const BATCHES: [u64; 3] = [1, 64, 512];

/// A server with a crowd that speaks to it.
struct Loaded {
    server: Server,
    speakers: Vec<Speaker>,
}

/// What every round found, by contender.
#[derive(Default)]
struct Rounds {
    per_second: BTreeMap<String, Vec<f64>>,
    /// Microseconds of the server's processor time for one publish.
    cpu_us: BTreeMap<String, Vec<f64>>,
    /// Seconds of an append with its `fdatasync`.
    syncs: Vec<f64>,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (rounds, lasts) = if quick { (3, 0.4) } else { (9, 1.0) };
    let lasts = Duration::from_secs_f64(lasts);
    let batch = average_batch(&launcher, lasts).await?;
    let mut disk = Loaded::start(&launcher, "disk").await?;
    let mut memory = Loaded::start(&launcher, "memory").await?;
    let folder = tempfile::tempdir().context("no folder")?;
    let mut sizes = BATCHES.to_vec();
    sizes.push(batch);
    sizes.sort_unstable();
    sizes.dedup();
    let mut stores = Vec::new();
    for size in &sizes {
        let store = RawStore::open(&folder.path().join(size.to_string()))?;
        stores.push((*size, store));
    }
    let mut found = Rounds::default();
    for _ in 0..rounds {
        disk = disk.burst("disk", lasts, &mut found).await?;
        memory = memory.burst("memory", lasts, &mut found).await?;
        stores = burst_stores(stores, lasts / 2, &mut found).await?;
        found.syncs.extend(syncs(&folder, batch, lasts / 4).await?);
    }
    let tally = disk.end().await?;
    memory.end().await?;
    tell(report, &found, &sizes, batch, tally);
    Ok(())
}

/// How many events a commit of the server holds under this load.
async fn average_batch(launcher: &Launcher, lasts: Duration) -> Result<u64> {
    let loaded = Loaded::start(launcher, "disk").await?;
    let loaded = loaded.burst("", lasts, &mut Rounds::default()).await?;
    let tally = loaded.end().await?;
    Ok((tally.events / tally.commits.max(1)).max(1))
}

impl Loaded {
    async fn start(launcher: &Launcher, broker: &'static str) -> Result<Self> {
        let server = launcher.start(broker).await?;
        let ticket = server.sign_in().await?;
        let speakers = connect_all(&ticket, SPEAKERS, Rooms::one).await?;
        Ok(Self { server, speakers })
    }

    async fn burst(self, name: &str, lasts: Duration, found: &mut Rounds) -> Result<Self> {
        let Self { server, speakers } = self;
        let said = |speakers: &[Speaker]| speakers.iter().map(|it| it.said()).sum::<u32>();
        let (before, cpu) = (said(&speakers), server.cpu()?);
        let start = Instant::now();
        let speakers = speak_all(speakers, Until::Moment(start + lasts)).await?;
        let count = f64::from(said(&speakers) - before);
        let per_second = count / start.elapsed().as_secs_f64();
        let cpu = (server.cpu()? - cpu).as_secs_f64() * 1e6 / count;
        found
            .per_second
            .entry(name.to_owned())
            .or_default()
            .push(per_second);
        found.cpu_us.entry(name.to_owned()).or_default().push(cpu);
        Ok(Self { server, speakers })
    }

    /// Checks everything that is kept, and stops the server.
    async fn end(self) -> Result<Tally> {
        let ticket = self.server.sign_in().await?;
        let mut reader = Peer::connect(&ticket, Vec::new()).await?;
        for speaker in &self.speakers {
            let rooms = speaker.rooms();
            rooms.check(&mut reader, 0, speaker.said()).await?;
        }
        drop(self.speakers);
        drop(reader);
        Ok(self.server.stop().await?.tally)
    }
}

async fn burst_stores(
    mut stores: Vec<(u64, RawStore)>,
    lasts: Duration,
    found: &mut Rounds,
) -> Result<Vec<(u64, RawStore)>> {
    let (stores, rates) = spawn_blocking(move || {
        let rates: Result<Vec<_>> = stores
            .iter_mut()
            .map(|(size, store)| Ok((*size, store.burst(*size, lasts)?)))
            .collect();
        (stores, rates)
    })
    .await?;
    for (size, rate) in rates? {
        found
            .per_second
            .entry(store_name(size))
            .or_default()
            .push(rate);
    }
    Ok(stores)
}

async fn syncs(folder: &TempDir, batch: u64, lasts: Duration) -> Result<Vec<f64>> {
    let path = folder.path().join("appended");
    spawn_blocking(move || sync_costs(&mut File::create(path)?, batch_len(batch), lasts)).await?
}

fn store_name(batch: u64) -> String {
    format!("store alone, batches of {batch}")
}

fn tell(report: &mut Report, found: &Rounds, sizes: &[u64], batch: u64, tally: Tally) {
    let head = ["contender", "quartile 1", "median", "quartile 3"];
    let mut rates = Table::new(&head);
    let mut names = vec!["disk".to_owned(), "memory".to_owned()];
    names.extend(sizes.iter().map(|size| store_name(*size)));
    let mut ratios = Table::new(&head);
    for name in &names {
        let rate = Spread::of(found.per_second[name].iter().copied());
        rates.row([vec![name.clone()], rate.cells(0).to_vec()].concat());
        report.figure(format!("per second: {name}"), rate.json());
        if name != "disk" {
            let ratio = Spread::of_ratios(&found.per_second["disk"], &found.per_second[name]);
            let label = format!("disk / {name}");
            ratios.row([vec![label.clone()], ratio.cells(2).to_vec()].concat());
            report.figure(label, ratio.json());
        }
    }
    report.table(
        "Acknowledged publishes, or events in the store, per second:",
        rates,
    );
    report.table("Ratios, taken within each round:", ratios);
    let mut costs = Table::new(&head);
    for name in ["disk", "memory"] {
        let cpu = Spread::of(found.cpu_us[name].iter().copied());
        let label = format!("server's processor time of a publish, {name}, in us");
        costs.row([vec![label.clone()], cpu.cells(0).to_vec()].concat());
        report.figure(label, cpu.json());
    }
    let sync = Spread::of(found.syncs.iter().map(|it| it * 1e6));
    let len = batch_len(batch);
    let label = format!("append of {len} bytes and fdatasync, in us");
    costs.row([vec![label], sync.cells(0).to_vec()].concat());
    report.figure("append and fdatasync, in us", sync.json());
    report.table("Costs:", costs);
    let (events, commits) = (tally.events, tally.commits);
    report.note(format!(
        "{SPEAKERS} connections kept {UNDER_WAY} commands under way each. The server put {events} \
         events into {commits} commits: {:.1} in each.",
        events as f64 / commits.max(1) as f64
    ));
    report.figure("events", json!(events));
    report.figure("commits", json!(commits));
}
