//! `saturated`: as much as the server can do, with enough under way that messages can be sent
//! together.

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const READERS: usize = 1000;

/// As many requests as one connection of ours may have unanswered.
const UNDER_WAY: usize = 64;

const GOALS: [Goal; 3] = [
    Goal::cpu("bun", 0.6),
    Goal::cpu("axum", 1.0 / 10.0),
    Goal::cpu("socket.io", 1.0 / 25.0),
];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let entries = Entry::all(&launcher, &PeerServer::ALL);
    let seats = vec![Seat::Reader(0); READERS];
    let plan = Plan::new(quick);
    let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
        measured(stand, |crowd| crowd.burst(Pace::Closed(UNDER_WAY), length))
    });
    let title = format!("{READERS} readers, {UNDER_WAY} messages under way");
    tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    Ok(())
}
