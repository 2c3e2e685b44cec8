//! `two-cores`: as much as the server can do where it may use every core.

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const READERS: usize = 1000;

const UNDER_WAY: usize = 16;

const PEERS: [PeerServer; 4] = [
    PeerServer::Bun,
    PeerServer::Raw,
    PeerServer::RawCorked,
    PeerServer::Axum,
];

const GOALS: [Goal; 1] = [Goal::cpu("bun", 0.6)];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let entries = Entry::all(&launcher, &PEERS);
    let seats = vec![Seat::Reader(0); READERS];
    let plan = Plan {
        one_core: false,
        ..Plan::new(quick)
    };
    let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
        measured(stand, |crowd| crowd.burst(Pace::Closed(UNDER_WAY), length))
    });
    let title = format!("{READERS} readers, {UNDER_WAY} messages under way, any core");
    tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    Ok(())
}
