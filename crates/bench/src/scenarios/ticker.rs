//! `ticker`: 500 symbols of one board, 50 updates a second each, to 1,000 readers who need only the
//! newest quote of each.
//!
//! Another server hands on every update to everybody, which at this load is 25 million messages a
//! second. It gets as large a part of the load as it keeps up with, and ours gets the same beside it.

use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::json;

use crate::board::{Audience, Load, Showing};
use crate::contender::{Contender, Entry, OURS};
use crate::contest::{Plan, pin_load};
use crate::kernel;
use crate::peer_server::PeerServer;
use crate::report::{Report, Verdict};
use crate::server::Launcher;
use crate::spread::Spread;
use crate::table::Table;

const SYMBOLS: u16 = 500;

const PER_SECOND: u32 = 25_000;

/// The parts of the load that another server is tried with.
const PARTS: [u32; 3] = [10, 50, 100];

/// A server keeps up if everybody has everything this long after the last update was due, at most.
const LAG_MAX: Duration = Duration::from_millis(300);

/// A server with its publishers and readers.
struct Stand {
    name: String,
    contender: Contender,
    audience: Audience,
    readers: usize,
    load: Load,
    samples: Vec<Sample>,
}

/// What one load cost.
struct Sample {
    cpu: Duration,
    showing: Showing,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (readers, rounds, secs) = if quick { (200, 2, 2) } else { (1000, 5, 4) };
    let _pinned = pin_load()?;
    kernel::raise_files_max()?;
    let load = |part| Load {
        symbols: SYMBOLS,
        per_second: PER_SECOND / part,
        length: Duration::from_secs(secs),
    };
    // First, since it takes long, and our conversations end if nobody answers their heartbeat.
    let mut other = None;
    if launcher.wants(PeerServer::Bun) {
        match keeping_up(&launcher, &Entry::Peer(PeerServer::Bun), load, readers).await {
            Ok(found) => other = Some(found),
            Err(error) => report.note(format!("Left out: bun ({error:#}).")),
        }
    }
    let ours = Entry::ours();
    let alone = format!("{OURS}, no readers");
    let mut stands = vec![
        Stand::new(&launcher, &ours, &alone, load(1), 0).await?,
        Stand::new(&launcher, &ours, OURS, load(1), readers).await?,
    ];
    if let Some((part, stand)) = other {
        let name = format!("{OURS}, 1/{part} of the load");
        stands.push(Stand::new(&launcher, &ours, &name, load(part), readers).await?);
        stands.push(stand);
    }
    for round in 0..=rounds {
        for step in 0..stands.len() {
            stands.iter_mut().try_for_each(|it| it.audience.tend())?;
            let at = (round + step) % stands.len();
            let stand = &mut stands[at];
            let sample = stand.measure().with_context(|| stand.name.clone())?;
            if round > 0 {
                stand.samples.push(sample);
            }
        }
    }
    tell(report, &stands, readers);
    Ok(())
}

/// The largest part of the load that a server keeps up with, and the server.
async fn keeping_up(
    launcher: &Launcher,
    entry: &Entry,
    load: impl Fn(u32) -> Load,
    readers: usize,
) -> Result<(u32, Stand)> {
    let mut why = anyhow::anyhow!("nothing was tried");
    for part in PARTS {
        let load = load(part);
        let name = format!("{}, 1/{part} of the load", entry.name());
        let mut stand = Stand::new(launcher, entry, &name, load, readers).await?;
        why = match stand.measure() {
            Ok(sample) if sample.lag(load) <= LAG_MAX => return Ok((part, stand)),
            Ok(sample) => {
                anyhow::anyhow!("at 1/{part} of the load it was {:?} late", sample.lag(load))
            }
            Err(error) => error.context(format!("at 1/{part} of the load")),
        };
        eprintln!("    {name}: {why:#}");
    }
    Err(why)
}

impl Stand {
    async fn new(
        launcher: &Launcher,
        entry: &Entry,
        name: &str,
        load: Load,
        readers: usize,
    ) -> Result<Self> {
        let contender = entry
            .start(launcher, Plan::new(false).server_core())
            .await?;
        let audience = Audience::gather(&contender.target, SYMBOLS, readers)?;
        Ok(Self {
            name: name.to_owned(),
            contender,
            audience,
            readers,
            load,
            samples: Vec::new(),
        })
    }

    fn measure(&mut self) -> Result<Sample> {
        let before = self.contender.cpu()?;
        let showing = self.audience.show(self.load)?;
        let cpu = self.contender.cpu()? - before;
        Ok(Sample { cpu, showing })
    }

    fn spread(&self, of: impl Fn(&Sample) -> f64) -> Spread {
        Spread::of(self.samples.iter().map(of))
    }

    /// Processor time of an update, in microseconds.
    fn per_update(&self) -> Spread {
        self.spread(|it| it.cpu.as_secs_f64() * 1e6 / it.showing.updates as f64)
    }

    /// Processor time for each reader and second of the load, in microseconds. What the publishers
    /// cost is part of it.
    fn per_reader(&self) -> Vec<f64> {
        let of = |it: &Sample| {
            let cpu = it.cpu.as_secs_f64() * 1e6;
            cpu / self.audience.hearers() as f64 / self.load.length.as_secs_f64()
        };
        self.samples.iter().map(of).collect()
    }

    fn all(&self, of: impl Fn(&Showing) -> &Histogram<u64>) -> Option<Histogram<u64>> {
        let mut samples = self.samples.iter().map(|it| of(&it.showing));
        let first = samples.next()?.clone();
        Some(samples.fold(first, |mut all, more| {
            // They have the same bounds.
            let _ = all.add(more);
            all
        }))
    }
}

impl Sample {
    /// How long after the last update was due everybody had everything.
    fn lag(&self, load: Load) -> Duration {
        Duration::from_secs_f64(self.showing.seconds).saturating_sub(load.length)
    }
}

fn tell(report: &mut Report, stands: &[Stand], readers: usize) {
    let mut table = Table::new(&[
        "contender",
        "updates per second",
        "updates for each quote read",
        "CPU of a core, %",
        "CPU us of an update",
        "CPU us of a reader and second",
        "KiB of a reader and second",
        "age p50 ms",
        "age p99 ms",
        "published late p99 ms",
    ]);
    for stand in stands {
        table.row(cells(stand));
        report.figure(stand.name.clone(), figures(stand));
    }
    report.table(
        format!(
            "One board of {SYMBOLS} symbols, {PER_SECOND} updates per second in all, {readers} \
             readers. CPU is the server's processor time; age is that of a quote when a reader has \
             it, from when its update was due:"
        ),
        table,
    );
    let [alone, whole, rest @ ..] = stands else {
        return;
    };
    report.note(format!(
        "An update costs {:.1} us without readers, and {:.1} us with {readers}, readers included. \
         The one is not a part of the other: a server that is busy with readers takes more updates \
         at once. Every reader ended with the newest quote of every symbol, and the updates that it \
         did not get were all told as overtaken.",
        alone.per_update().median,
        whole.per_update().median
    ));
    if let [ours, other] = rest {
        let found = Spread::of_ratios(&ours.per_reader(), &other.per_reader());
        let verdict = Verdict {
            label: format!("processor time: {} / {}", ours.name, other.name),
            found,
            at_most: None,
            is_ratio: true,
        };
        report.verdicts("Ratios, taken within each round:", vec![verdict]);
    }
}

fn cells(stand: &Stand) -> Vec<String> {
    let secs = stand.load.length.as_secs_f64();
    let readers = stand.readers as f64;
    let per_second = stand.spread(|it| it.showing.updates as f64 / it.showing.seconds);
    let core = stand.spread(|it| it.cpu.as_secs_f64() / secs * 100.0);
    let mut cells = vec![stand.name.clone(), format!("{:.0}", per_second.median)];
    let of_readers = |text: String| {
        if stand.readers == 0 {
            String::new()
        } else {
            text
        }
    };
    let skipped = stand.spread(|it| it.showing.updates as f64 * readers / it.showing.quotes as f64);
    cells.push(of_readers(format!("{:.2}", skipped.median)));
    cells.push(format!("{:.1}", core.median));
    cells.push(format!("{:.1}", stand.per_update().median));
    let cpu = Spread::of(stand.per_reader());
    cells.push(of_readers(format!("{:.0}", cpu.median)));
    let bytes = stand.spread(|it| it.showing.bytes as f64 / 1024.0 / readers / secs);
    cells.push(of_readers(format!("{:.1}", bytes.median)));
    let in_ms = |histogram: Option<Histogram<u64>>, part| {
        let value = histogram.map_or(0, |it| it.value_at_quantile(part));
        format!("{:.1}", value as f64 / 1e6)
    };
    cells.push(of_readers(in_ms(stand.all(|it| &it.age), 0.5)));
    cells.push(of_readers(in_ms(stand.all(|it| &it.age), 0.99)));
    cells.push(in_ms(stand.all(|it| &it.lateness), 0.99));
    cells
}

fn figures(stand: &Stand) -> serde_json::Value {
    let age = stand.all(|it| &it.age);
    let age = |part| age.as_ref().map(|it| it.value_at_quantile(part));
    json!({
        "updates_per_second": stand.load.per_second,
        "readers": stand.readers,
        "cpu_us_of_an_update": stand.per_update().json(),
        "cpu_us_of_a_reader_and_second": Spread::of(stand.per_reader()).json(),
        "updates": stand.samples.iter().map(|it| it.showing.updates).sum::<u64>(),
        "quotes": stand.samples.iter().map(|it| it.showing.quotes).sum::<u64>(),
        "bytes": stand.samples.iter().map(|it| it.showing.bytes).sum::<u64>(),
        "age_p50_ns": age(0.5),
        "age_p99_ns": age(0.99),
    })
}
