//! `live-calls`: how long a call takes while video comes over the same socket, on lines that are wide
//! enough for it and on one that is not, with priorities in the outbox and without.
//!
//! Calls are due at fixed moments, whether the answers keep up or not, and the clock of each runs from
//! its moment.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use trunkline_protocol::topics::lab::{Echo, EchoText};
use trunkline_protocol::{ServerFrame, Text};

use crate::broadcast::{BITRATE, Broadcaster, watch};
use crate::narrow_line::NarrowLine;
use crate::peer::{Peer, Ticket};
use crate::report::Report;
use crate::server::Launcher;
use crate::table::Table;

/// Bits per second of the lines.
const LINES: [u64; 3] = [8_000_000, 5_000_000, 3_000_000];

/// From one call to the next.
const EVERY: Duration = Duration::from_millis(50);

/// What goes on beside the calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    Video { priorities: bool },
}

/// What one run found.
struct Found {
    /// Round trips, in microseconds.
    trips: Histogram<u64>,
    received: usize,
    skipped: u64,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let length = Duration::from_secs(if quick { 8 } else { 30 });
    let mut table = Table::new(&[
        "line, beside the calls",
        "p50 ms",
        "p99 ms",
        "max ms",
        "calls",
        "video Mbit/s",
        "skipped",
    ]);
    for line in LINES {
        for beside in [
            Beside::Nothing,
            Beside::Video { priorities: true },
            Beside::Video { priorities: false },
        ] {
            let found = measure(&launcher, line, beside, length).await?;
            let what = match beside {
                Beside::Nothing => "nothing",
                Beside::Video { priorities: true } => "video, priorities",
                Beside::Video { priorities: false } => "video, no priorities",
            };
            let label = format!("{} Mbit/s, {what}", line / 1_000_000);
            let ms = |quantile| found.trips.value_at_quantile(quantile) as f64 / 1000.0;
            let mbits = found.received as f64 * 8.0 / 1e6 / length.as_secs_f64();
            table.row([
                label.clone(),
                format!("{:.1}", ms(0.5)),
                format!("{:.1}", ms(0.99)),
                format!("{:.1}", ms(1.0)),
                found.trips.len().to_string(),
                format!("{mbits:.1}"),
                found.skipped.to_string(),
            ]);
            report.figure(
                label,
                json!({
                    "calls": found.trips.len(),
                    "p50_us": found.trips.value_at_quantile(0.5),
                    "p99_us": found.trips.value_at_quantile(0.99),
                    "max_us": found.trips.max(),
                    "received_bytes": found.received,
                    "skipped": found.skipped,
                }),
            );
        }
    }
    report.table(
        format!(
            "From when a call is due to its answer, {} a second, while {} Mbit/s of video come over \
             the same socket, {} s each:",
            1000 / EVERY.as_millis(),
            BITRATE / 1_000_000,
            length.as_secs()
        ),
        table,
    );
    Ok(())
}

async fn measure(
    launcher: &Launcher,
    line: u64,
    beside: Beside,
    length: Duration,
) -> Result<Found> {
    let options = match beside {
        Beside::Video { priorities: false } => vec!["--no-priorities".to_owned()],
        Beside::Nothing | Beside::Video { .. } => Vec::new(),
    };
    let server = launcher.start_with("memory", &options).await?;
    let ticket = server.sign_in().await?;
    let line = NarrowLine::open(ticket.address, line).await?;
    let narrow = Ticket {
        address: line.address,
        ..ticket.clone()
    };
    let found = if beside == Beside::Nothing {
        ask(Peer::connect(&narrow, Vec::new()).await?, length).await?
    } else {
        let broadcaster = Broadcaster::begin(&ticket).await?;
        let viewer = watch(&narrow).await?;
        // Whichever ends first: a broadcast does not end but by a failure.
        tokio::select! {
            broken = broadcaster.run() => {
                broken?;
                bail!("the broadcast ended")
            }
            found = ask(viewer, length) => found?,
        }
    };
    server.stop().await?;
    Ok(found)
}

/// Calls until the time is over, and takes what else comes.
async fn ask(mut peer: Peer, length: Duration) -> Result<Found> {
    let mut found = Found {
        trips: Histogram::new(3)?,
        received: 0,
        skipped: 0,
    };
    let request = EchoText {
        text: Text::cut(&"a".repeat(100)),
    };
    // The line fills before it counts.
    let start = Instant::now() + Duration::from_secs(2);
    let end = start + length;
    let mut ticks = interval_at(Instant::now(), EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut under_way = HashMap::new();
    loop {
        // Both arms are cancel safe: a frame is taken only when it is returned.
        tokio::select! {
            due = ticks.tick(), if due_before(end) => {
                under_way.insert(peer.call::<Echo>(&request).await?, due);
            }
            frame = peer.receive() => match frame? {
                ServerFrame::Returned { id, .. } => {
                    if let Some(due) = under_way.remove(&id).filter(|due| *due >= start) {
                        let trip = Instant::now().saturating_duration_since(due);
                        found.trips.record(trip.as_micros() as u64)?;
                    }
                }
                ServerFrame::Publication { event, .. } if counts(start, end) => {
                    found.received += event.0.len();
                }
                ServerFrame::Gap { gap, .. } if counts(start, end) => {
                    found.skipped += gap.count;
                }
                ServerFrame::Publication { .. } | ServerFrame::Gap { .. } => {}
                other => bail!("expected an answer or video, got {other:?}"),
            },
        }
        if !due_before(end) && under_way.is_empty() {
            return Ok(found);
        }
    }
}

/// Tells whether what comes now is counted.
fn counts(start: Instant, end: Instant) -> bool {
    (start..end).contains(&Instant::now())
}

fn due_before(end: Instant) -> bool {
    Instant::now() < end
}
