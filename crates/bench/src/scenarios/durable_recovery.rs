//! `durable-recovery`: a crowd that missed the same messages of one room comes back at once.
//!
//! First to a server that was restarted, so that nothing is in its memory; then once more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::chat::Chat;
use trunkline_protocol::{Offset, Position, Publication, ServerFrame, Topic};

use crate::message::origin_of;
use crate::peer::{Peer, Ticket};
use crate::report::Report;
use crate::server::{Launcher, Server};
use crate::speaker::{Rooms, Speaker, Until};
use crate::spread::Spread;
use crate::table::Table;

/// How many messages everybody missed: as many as a room keeps.
const MISSED: u32 = 1000;

/// How many messages everybody has.
const HAD: u32 = 10;

/// What one return of the crowd took.
struct Wave {
    /// Seconds until each had everything, the quickest first.
    seconds: Vec<f64>,
    cpu: Duration,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (clients, rounds) = if quick { (200, 1) } else { (1000, 5) };
    let mut server = launcher.start("disk").await?;
    let since = fill(&server).await?;
    let (mut cold, mut warm, mut fetches) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        server = server.stop().await?.restart().await?;
        cold.push(come_back(&server, clients, since).await?);
        warm.push(come_back(&server, clients, since).await?);
        let stopped = server.stop().await?;
        fetches.push(stopped.tally.fetches);
        server = stopped.restart().await?;
    }
    server.stop().await?;

    let mut table = Table::new(&["", "quartile 1", "median", "quartile 3"]);
    for (name, waves) in [("after a restart", &cold), ("once more", &warm)] {
        let part = |part: f64| {
            let at = |wave: &Wave| wave.seconds[((clients - 1) as f64 * part) as usize];
            Spread::of(waves.iter().map(at))
        };
        let cpu = Spread::of(waves.iter().map(|wave| wave.cpu.as_secs_f64()));
        let figures = [
            ("s until all have everything", part(1.0)),
            ("s until half have everything", part(0.5)),
            ("s of the server's processor time", cpu),
        ];
        for (what, spread) in figures {
            let label = format!("{name}: {what}");
            table.row([vec![label.clone()], spread.cells(2).to_vec()].concat());
            report.figure(label, spread.json());
        }
    }
    let fetches_text: Vec<_> = fetches.iter().map(u64::to_string).collect();
    report.table(
        format!(
            "{clients} clients that missed {MISSED} messages each, {rounds} rounds. The log was \
             read from the store this often, for both returns together: {}.",
            fetches_text.join(", ")
        ),
        table,
    );
    report.figure("clients", json!(clients));
    report.figure("messages missed by each", json!(MISSED));
    report.figure("fetches", json!(fetches));
    Ok(())
}

fn rooms() -> Rooms {
    Rooms::one(0)
}

/// Fills the room, and returns where everybody is.
async fn fill(server: &Server) -> Result<Position> {
    let ticket = server.sign_in().await?;
    let mut speaker = Speaker::connect(&ticket, rooms()).await?;
    speaker.speak(Until::Said(HAD)).await?;
    let since = speaker.last().context("nothing was said")?;
    speaker.speak(Until::Said(HAD + MISSED)).await?;
    Ok(since)
}

/// Lets all come back at once, from the first byte of the connection on.
async fn come_back(server: &Server, clients: usize, since: Position) -> Result<Wave> {
    let ticket = server.sign_in().await?;
    let cpu = server.cpu()?;
    let ready = Arc::new(Barrier::new(clients + 1));
    let mut returning = JoinSet::new();
    for _ in 0..clients {
        let (ready, ticket) = (Arc::clone(&ready), ticket.clone());
        returning.spawn(async move {
            ready.wait().await;
            recover(&ticket, since)
                .await
                .map(|peer| (peer, Instant::now()))
        });
    }
    ready.wait().await;
    let start = Instant::now();
    let (mut seconds, mut peers) = (Vec::new(), Vec::new());
    while let Some(recovered) = returning.join_next().await {
        let (peer, at) = recovered??;
        seconds.push(at.saturating_duration_since(start).as_secs_f64());
        // Nobody leaves while others still come.
        peers.push(peer);
    }
    seconds.sort_by(f64::total_cmp);
    let cpu = server.cpu()? - cpu;
    Ok(Wave { seconds, cpu })
}

/// Connects, and reads what was missed: each message once, in its order, and nothing else.
async fn recover(ticket: &Ticket, since: Position) -> Result<Peer> {
    let rooms = rooms();
    let subscribe = Subscribe {
        id: u32::MAX,
        topic: rooms.topics()[0].clone(),
        contract: Some(Chat::contract()),
        start: Start::After(since),
        presence: false,
    };
    let mut peer = Peer::connect(ticket, vec![subscribe]).await?;
    let mut last = since.offset;
    match peer.receive().await? {
        ServerFrame::Subscribed {
            recovered: true,
            gap: None,
            position,
            publications,
            ..
        } if position == since => {
            for Publication { offset, event, .. } in publications {
                last = follow(&rooms, last, offset, &event)?;
            }
        }
        other => bail!("not recovered: {other:?}"),
    }
    while last < Offset::from(HAD + MISSED) {
        match peer.receive().await? {
            ServerFrame::Publication { offset, event, .. } => {
                last = follow(&rooms, last, offset, &event)?;
            }
            other => bail!("expected Publication, got {other:?}"),
        }
    }
    Ok(peer)
}

/// Checks that an event follows the last one, and is what was said there.
fn follow(
    rooms: &Rooms,
    last: Offset,
    offset: Offset,
    event: &trunkline_protocol::Payload,
) -> Result<Offset> {
    ensure!(offset == last + 1, "offset {offset} after {last}");
    let (is, should) = (origin_of(event)?, rooms.origin(0, offset));
    ensure!(is == should, "at {offset} is {is:?} in place of {should:?}");
    Ok(offset)
}
