//! `durable-recovery`: a crowd that missed the same messages of one room comes back at once.
//!
//! First to a server that was restarted, so that nothing is in its memory; then once more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::sync::{Barrier, Semaphore};
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

/// Who comes back, and how often.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    pub(super) clients: usize,
    pub(super) rounds: usize,
    /// How many rooms they share.
    pub(super) rooms: usize,
    /// How many messages everybody missed: at most as many as a room keeps.
    pub(super) missed: u32,
}

/// How many open at once. The load takes its time to say the first words of all of them, and a
/// server waits five seconds for those.
const OPENING_MAX: usize = 1000;

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
    let crowd = Crowd {
        clients,
        rounds,
        rooms: 1,
        missed: 1000,
    };
    run_with(&launcher, crowd, report).await
}

/// The same with a crowd of one's own.
pub(super) async fn run_with(launcher: &Launcher, crowd: Crowd, report: &mut Report) -> Result<()> {
    let Crowd {
        clients,
        rounds,
        missed,
        ..
    } = crowd;
    let options = ["--connections-max", "50000"].map(str::to_owned);
    let mut server = launcher.start_with("disk", &options).await?;
    let since = fill(&server, crowd).await?;
    let (mut cold, mut warm, mut fetches) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        server = server.stop().await?.restart().await?;
        cold.push(come_back(&server, crowd, &since).await?);
        warm.push(come_back(&server, crowd, &since).await?);
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
            "{clients} clients that missed {missed} messages each, {rounds} rounds. The log was \
             read from the store this often, for both returns together: {}.",
            fetches_text.join(", ")
        ),
        table,
    );
    report.figure("clients", json!(clients));
    report.figure("messages missed by each", json!(missed));
    report.figure("fetches", json!(fetches));
    Ok(())
}

fn rooms(crowd: Crowd) -> Rooms {
    Rooms::new(0, crowd.rooms, HAD + crowd.missed)
}

/// Fills the rooms, and returns where everybody is in each.
async fn fill(server: &Server, crowd: Crowd) -> Result<Vec<Position>> {
    let ticket = server.sign_in().await?;
    let mut speaker = Speaker::connect(&ticket, rooms(crowd)).await?;
    let mut since = Vec::new();
    for room in 0..crowd.rooms as u32 {
        let before = room * (HAD + crowd.missed);
        speaker.speak(Until::Said(before + HAD)).await?;
        since.push(speaker.last().context("nothing was said")?);
        speaker
            .speak(Until::Said(before + HAD + crowd.missed))
            .await?;
    }
    Ok(since)
}

/// Lets all come back at once, from the first byte of the connection on.
async fn come_back(server: &Server, crowd: Crowd, since: &[Position]) -> Result<Wave> {
    let ticket = server.sign_in().await?;
    let cpu = server.cpu()?;
    let clients = crowd.clients;
    let ready = Arc::new(Barrier::new(clients + 1));
    let opening = Arc::new(Semaphore::new(OPENING_MAX));
    let mut returning = JoinSet::new();
    for client in 0..clients {
        let room = client % crowd.rooms;
        let since = since[room];
        let (ready, ticket) = (Arc::clone(&ready), ticket.clone());
        let opening = Arc::clone(&opening);
        returning.spawn(async move {
            ready.wait().await;
            recover(&ticket, (crowd, room), since, &opening)
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
async fn recover(
    ticket: &Ticket,
    (crowd, room): (Crowd, usize),
    since: Position,
    opening: &Semaphore,
) -> Result<Peer> {
    let rooms = rooms(crowd);
    let subscribe = Subscribe {
        id: u32::MAX,
        topic: rooms.topics()[room].clone(),
        contract: Some(Chat::contract()),
        start: Start::After(since),
        presence: false,
        max_hz: None,
    };
    let permit = opening.acquire().await?;
    let mut peer = Peer::connect(ticket, vec![subscribe]).await?;
    drop(permit);
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
                last = follow((&rooms, room), last, offset, &event)?;
            }
        }
        other => bail!("not recovered: {other:?}"),
    }
    while last < Offset::from(HAD + crowd.missed) {
        match peer.receive().await? {
            ServerFrame::Publication { offset, event, .. } => {
                last = follow((&rooms, room), last, offset, &event.0)?;
            }
            other => bail!("expected Publication, got {other:?}"),
        }
    }
    Ok(peer)
}

/// Checks that an event follows the last one, and is what was said there.
fn follow(
    (rooms, room): (&Rooms, usize),
    last: Offset,
    offset: Offset,
    event: &trunkline_protocol::Payload,
) -> Result<Offset> {
    ensure!(offset == last + 1, "offset {offset} after {last}");
    let (is, should) = (origin_of(event)?, rooms.origin(room, offset));
    ensure!(is == should, "at {offset} is {is:?} in place of {should:?}");
    Ok(offset)
}
