//! `calls`: a question and its answer, one under way on each of a hundred connections.

use anyhow::Result;

use crate::comparison::{Goal, Measure, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::Seat;
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const CALLERS: usize = 100;

const PEERS: [PeerServer; 6] = [
    PeerServer::Bun,
    PeerServer::Raw,
    PeerServer::Axum,
    PeerServer::Ws,
    PeerServer::SocketIo,
    PeerServer::Socketioxide,
];

const GOALS: [Goal; 4] = [
    Goal::cpu("bun", 1.0),
    Goal::latency("bun", Measure::P50, 1.0),
    Goal::latency("bun", Measure::P99, 1.2),
    Goal::cpu("raw", 1.15),
];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let entries = Entry::all(&launcher, &PEERS);
    let seats = vec![Seat::Caller; CALLERS];
    let plan = Plan::new(quick);
    let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
        measured(stand, |crowd| crowd.calls(length))
    });
    let title = format!("{CALLERS} callers, one call of each under way");
    tell(report, &title, "answers", &outcome.await?, &GOALS);
    Ok(())
}
