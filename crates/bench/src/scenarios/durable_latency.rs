//! `durable-latency`: the time from when a message is due to when a subscriber has it.
//!
//! The load is open: messages are due at fixed moments, whether the server keeps up or not, and
//! the clock of each runs from its moment. Who waits for answers instead does not see how long
//! those would have waited that came meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::chat::Chat;
use trunkline_protocol::{Offset, ServerFrame, Topic};

use crate::message::{Origin, Texts, origin_of};
use crate::peer::{Peer, Ticket, topic};
use crate::raw_store::{append, batch_len};
use crate::report::Report;
use crate::server::Launcher;
use crate::table::Table;

/// Messages per second, of all publishers together.
const PER_SECOND: u32 = 500;

/// How many publishers share them.
const PUBLISHERS: [u32; 3] = [1, 100, 1000];

/// How many commands a publisher has under way at most; more would be refused. Those that are due
/// wait, and their clocks run.
const UNDER_WAY_MAX: usize = 60;

/// The quantiles that are told.
const PARTS: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

/// The room that everybody is in.
const ROOM: &str = "bench";

/// When messages are due.
#[derive(Clone, Copy)]
struct Plan {
    start: Instant,
    count: u32,
}

/// What one run found, in nanoseconds.
struct Found {
    delivery: Histogram<u64>,
    /// How late the load itself was.
    lateness: Histogram<u64>,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (rounds, seconds) = if quick { (1, 2) } else { (3, 5) };
    let mut table = Table::new(&[
        "publishers, broker",
        "p50 ms",
        "p90 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "load late p99 ms",
    ]);
    let mut syncs = Histogram::new(3)?;
    for publishers in PUBLISHERS {
        let mut disk = Found::new()?;
        let mut memory = Found::new()?;
        for _ in 0..rounds {
            let count = PER_SECOND * seconds;
            measure(&launcher, "disk", (publishers, count), &mut disk).await?;
            measure(&launcher, "memory", (publishers, count), &mut memory).await?;
            syncs.add(spawn_blocking(move || sync(count / 3)).await??)?;
        }
        for (broker, found) in [("disk", disk), ("memory", memory)] {
            let label = format!("{publishers}, {broker}");
            let cells = PARTS.map(|part| in_ms(&found.delivery, part)).to_vec();
            let late = in_ms(&found.lateness, 0.99);
            table.row([vec![label.clone()], cells, vec![late]].concat());
            report.figure(
                label,
                json!({
                    "messages": found.delivery.len(),
                    "p50_ns": found.delivery.value_at_quantile(0.5),
                    "p99_ns": found.delivery.value_at_quantile(0.99),
                    "max_ns": found.delivery.max(),
                    "late_p99_ns": found.lateness.value_at_quantile(0.99),
                }),
            );
        }
    }
    let cells = PARTS.map(|part| in_ms(&syncs, part)).to_vec();
    table.row([vec!["append and fdatasync, alone".to_owned()], cells].concat());
    report.figure(
        "append and fdatasync, alone",
        json!({
            "p50_ns": syncs.value_at_quantile(0.5),
            "p99_ns": syncs.value_at_quantile(0.99),
            "max_ns": syncs.max(),
        }),
    );
    report.table(
        format!(
            "From when a message is due to when the subscriber has it, {PER_SECOND} per second, \
             {rounds} x {seconds} s each:"
        ),
        table,
    );
    Ok(())
}

impl Found {
    fn new() -> Result<Self> {
        Ok(Self {
            delivery: Histogram::new(3)?,
            lateness: Histogram::new(3)?,
        })
    }
}

fn in_ms(histogram: &Histogram<u64>, part: f64) -> String {
    format!("{:.2}", histogram.value_at_quantile(part) as f64 / 1e6)
}

async fn measure(
    launcher: &Launcher,
    broker: &'static str,
    (publishers, count): (u32, u32),
    found: &mut Found,
) -> Result<()> {
    let server = launcher.start(broker).await?;
    let ticket = server.sign_in().await?;
    let mut publishing = JoinSet::new();
    let mut dues = Vec::new();
    for speaker in 0..publishers {
        let (due, dues_of_one) = mpsc::unbounded_channel();
        let peer = Peer::connect(&ticket, Vec::new()).await?;
        publishing.spawn(publish(peer, speaker, dues_of_one));
        dues.push(due);
    }
    let reader = subscribe(&ticket).await?;
    let plan = Plan {
        start: Instant::now() + Duration::from_millis(500),
        count,
    };
    let reading: JoinHandle<Result<Histogram<u64>>> = tokio::spawn(read(reader, plan, publishers));
    // A thread of its own: the runtime's timers count whole milliseconds.
    let pacing = std::thread::spawn(move || pace(plan, &dues));
    while let Some(published) = publishing.join_next().await {
        published??;
    }
    found.delivery.add(reading.await??)?;
    let lateness = pacing.join().ok().context("the pace is lost")?;
    found.lateness.add(lateness?)?;
    server.stop().await?;
    Ok(())
}

impl Plan {
    fn due(self, number: u32) -> Instant {
        self.start + Duration::from_secs(1) * number / PER_SECOND
    }
}

/// Tells the publishers by turns that a message is due. Returns how late it was.
fn pace(plan: Plan, dues: &[mpsc::UnboundedSender<u32>]) -> Result<Histogram<u64>> {
    let mut lateness = Histogram::new(3)?;
    for (number, due) in (0..plan.count).zip(dues.iter().cycle()) {
        let moment = plan.due(number);
        std::thread::sleep(moment.saturating_duration_since(Instant::now()));
        // A publisher that has failed tells so itself.
        let _ = due.send(number);
        lateness.record(nanos(moment.elapsed()))?;
    }
    Ok(lateness)
}

/// Appends one event at a time to a file and syncs it, at the same pace and by the same clock:
/// what the disk alone takes.
fn sync(count: u32) -> Result<Histogram<u64>> {
    let mut file = tempfile::tempfile()?;
    let start = Instant::now();
    let plan = Plan { start, count };
    let mut latency = Histogram::new(3)?;
    for number in 0..plan.count {
        let due = plan.due(number);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        append(&mut file, batch_len(1))?;
        latency.record(nanos(due.elapsed()))?;
    }
    Ok(latency)
}

/// Says what is due until nothing is any more, and everything is acknowledged.
async fn publish(
    mut peer: Peer,
    speaker: u32,
    mut dues: mpsc::UnboundedReceiver<u32>,
) -> Result<()> {
    let texts = Texts::of(peer.user())?;
    let topic = topic(ROOM);
    let (mut under_way, mut ended, mut last) = (0, false, 0);
    while !ended || under_way > 0 {
        // Both arms are cancel safe: a number or a frame is taken only when it is returned.
        tokio::select! {
            due = dues.recv(), if !ended && under_way < UNDER_WAY_MAX => match due {
                Some(number) => {
                    peer.say(&topic, texts.write(Origin { speaker, number })).await?;
                    under_way += 1;
                }
                None => ended = true,
            },
            frame = peer.receive() => {
                let ServerFrame::Published { position, duplicate, .. } = frame? else {
                    bail!("a message was not taken");
                };
                ensure!(position.offset > last && !duplicate, "messages changed places");
                last = position.offset;
                under_way -= 1;
            }
        }
    }
    Ok(())
}

async fn subscribe(ticket: &Ticket) -> Result<Peer> {
    let subscribe = Subscribe {
        id: u32::MAX,
        topic: topic(ROOM),
        contract: Some(Chat::contract()),
        start: Start::Newest { count: 0 },
        presence: false,
        max_hz: None,
    };
    let mut peer = Peer::connect(ticket, vec![subscribe]).await?;
    match peer.receive().await? {
        ServerFrame::Subscribed { head: 0, .. } => Ok(peer),
        other => bail!("expected Subscribed, got {other:?}"),
    }
}

/// Reads everything, and checks that each message comes once and in its publisher's order.
async fn read(mut peer: Peer, plan: Plan, publishers: u32) -> Result<Histogram<u64>> {
    let mut latency = Histogram::new(3)?;
    // Publisher by publisher, the number that comes next.
    let mut next: Vec<u32> = (0..publishers).collect();
    for expected in 1..=Offset::from(plan.count) {
        let frame = peer.receive().await?;
        let now = Instant::now();
        let ServerFrame::Publication { offset, event, .. } = frame else {
            bail!("expected Publication, got {frame:?}");
        };
        ensure!(offset == expected, "offset {offset} in place of {expected}");
        let Origin { speaker, number } = origin_of(&event.0)?;
        let next = next
            .get_mut(speaker as usize)
            .context("a stranger speaks")?;
        ensure!(number == *next, "{number} in place of {next} of {speaker}");
        *next += publishers;
        let waited = now.saturating_duration_since(plan.due(number));
        latency.record(nanos(waited))?;
    }
    Ok(latency)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
