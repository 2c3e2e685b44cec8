//! `latency`: how long a message takes from when it is due, at a pace that the server can keep.

use std::time::Duration;

use anyhow::Result;

use crate::comparison::{Goal, Measure, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

/// Readers, and messages per second.
const LOADS: [(usize, u32); 2] = [(1000, 50), (100, 1000)];

const PEERS: [PeerServer; 3] = [PeerServer::Bun, PeerServer::Raw, PeerServer::Axum];

const GOALS: [Goal; 2] = [
    Goal::latency("bun", Measure::P50, 1.0),
    Goal::latency("bun", Measure::P99, 1.2),
];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let entries = Entry::with_peers(&launcher, &PEERS);
    let plan = Plan::new(quick).with_burst(Duration::from_secs(if quick { 1 } else { 3 }));
    for (readers, per_second) in LOADS {
        let seats = vec![Seat::Reader(0); readers];
        let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
            let pace = Pace::PerSecond(per_second);
            measured(stand, |crowd| crowd.burst(pace, length))
        });
        let title = format!("{readers} readers, {per_second} messages per second");
        tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    }
    Ok(())
}
