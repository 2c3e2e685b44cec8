//! `live`: what a megabyte of video costs on its way to many viewers, beside the raw loop that hands the
//! same pieces on.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::connect_async_with_config;
use tokio_tungstenite::tungstenite::Message;

use crate::broadcast::{BITRATE, Broadcaster, parts, ticks, watch};
use crate::cpu::CpuClock;
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;
use crate::spread::Spread;
use crate::table::Table;

const VIEWERS: usize = 200;

/// What one round found of one server.
struct Round {
    cpu: Duration,
    delivered: usize,
}

impl Round {
    /// Microseconds of processor time for each megabyte.
    fn cost(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / (self.delivered as f64 / 1e6)
    }
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (rounds, length) = if quick { (3, 4) } else { (9, 6) };
    let length = Duration::from_secs(length);
    let has_raw = launcher.wants(PeerServer::Raw) && launcher.peers().rust.is_some();
    let (mut ours, mut raw, mut delivered) = (Vec::new(), Vec::new(), 0);
    // The first round does not count.
    for round in 0..=rounds {
        let found = ours_round(&launcher, length).await?;
        let beside = if has_raw {
            Some(raw_round(&launcher, length).await?)
        } else {
            None
        };
        if round > 0 {
            delivered += found.delivered;
            ours.push(found.cost());
            raw.extend(beside.map(|round| round.cost()));
        }
    }
    let title = format!(
        "One broadcaster of {} Mbit/s to {VIEWERS} viewers, {rounds} x {} s, microseconds of processor \
         time for each megabyte that was delivered:",
        BITRATE / 1_000_000,
        length.as_secs(),
    );
    let mut table = Table::new(&["server", "lower quartile", "median", "upper quartile"]);
    let spread = Spread::of(ours.iter().copied());
    table.row([vec!["trunkline".to_owned()], spread.cells(0).to_vec()].concat());
    report.figure("trunkline, us/MB", spread.json());
    if has_raw {
        let spread = Spread::of(raw.iter().copied());
        table.row([vec!["raw".to_owned()], spread.cells(0).to_vec()].concat());
        report.figure("raw, us/MB", spread.json());
        let ratio = Spread::of_ratios(&ours, &raw);
        table.row([vec!["trunkline / raw".to_owned()], ratio.cells(2).to_vec()].concat());
        report.figure("trunkline / raw", ratio.json());
    }
    report.table(title, table);
    report.figure("delivered bytes", json!(delivered));
    if !has_raw {
        report.note("raw is not there, so there is nothing beside it.");
    }
    Ok(())
}

/// A round of ours. Everybody sees everything, or it fails.
async fn ours_round(launcher: &Launcher, length: Duration) -> Result<Round> {
    let server = launcher.start("memory").await?;
    let ticket = server.sign_in().await?;
    let broadcaster = Broadcaster::begin(&ticket).await?;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(watch(&ticket).await?);
    }
    let mut clock = CpuClock::new(server.id());
    let end = Instant::now() + length;
    let before = clock.read()?;
    let mut watching = JoinSet::new();
    for mut viewer in viewers {
        watching.spawn(async move {
            let mut len = 0;
            loop {
                // A frame is taken only when it is returned.
                tokio::select! {
                    () = sleep_until(end) => return Ok::<usize, anyhow::Error>(len),
                    more = viewer.receive_len() => len += more?,
                }
            }
        });
    }
    let broadcasting = tokio::spawn(broadcaster.run());
    let mut delivered = 0;
    while let Some(len) = watching.join_next().await {
        delivered += len??;
    }
    let cpu = clock.read()? - before;
    if broadcasting.is_finished() {
        broadcasting.await??;
        bail!("the broadcast ended");
    }
    broadcasting.abort();
    server.stop().await?;
    check(delivered, length)?;
    Ok(Round { cpu, delivered })
}

/// The same pieces through the raw loop, as texts.
async fn raw_round(launcher: &Launcher, length: Duration) -> Result<Round> {
    let server = PeerServer::Raw.start(launcher.peers())?;
    let address = format!("ws://{}/room/live", server.address);
    let (mut broadcaster, _) = connect_async_with_config(&address, None, true).await?;
    let mut viewers = Vec::new();
    for _ in 0..VIEWERS {
        viewers.push(connect_async_with_config(&address, None, true).await?.0);
    }
    let mut clock = CpuClock::new(server.id());
    let end = Instant::now() + length;
    let before = clock.read()?;
    let mut watching = JoinSet::new();
    for mut viewer in viewers {
        watching.spawn(async move {
            let mut len = 0;
            loop {
                tokio::select! {
                    () = sleep_until(end) => return Ok::<usize, anyhow::Error>(len),
                    message = viewer.next() => {
                        len += message.context("the server hung up")??.len();
                    }
                }
            }
        });
    }
    let (mut ticks, mut picture) = (ticks(), 0);
    let broadcasting = async {
        // Until something fails: there is no other end.
        loop {
            tokio::select! {
                _ = ticks.tick() => {
                    for len in parts(picture) {
                        broadcaster.send(Message::Text("v".repeat(len).into())).await?;
                    }
                    picture += 1;
                }
                // It hears itself.
                heard = broadcaster.next() => drop(heard.context("the server hung up")??),
            }
        }
    };
    tokio::select! {
        () = sleep_until(end) => {}
        broken = broadcasting => return broken,
    }
    let mut delivered = 0;
    while let Some(len) = watching.join_next().await {
        delivered += len??;
    }
    let cpu = clock.read()? - before;
    check(delivered, length)?;
    Ok(Round { cpu, delivered })
}

/// What was sent has to be delivered, but for what is under way at the end.
fn check(delivered: usize, length: Duration) -> Result<()> {
    let sent = f64::from(BITRATE / 8) * length.as_secs_f64() * VIEWERS as f64;
    let share = delivered as f64 / sent;
    if share < 0.9 {
        bail!("only {:.0} % of the video was delivered", share * 100.0);
    }
    Ok(())
}
