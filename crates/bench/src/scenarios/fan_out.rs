//! `fan-out`: one publisher, many readers, one message under way: what a delivery costs where
//! nothing can be sent together.

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const READERS: [usize; 3] = [100, 1000, 5000];

/// Those that differ only in what they send together are the same one here.
const PEERS: [PeerServer; 6] = [
    PeerServer::Bun,
    PeerServer::Raw,
    PeerServer::Axum,
    PeerServer::Ws,
    PeerServer::SocketIo,
    PeerServer::Socketioxide,
];

const GOALS: [Goal; 2] = [Goal::cpu("bun", 1.0), Goal::cpu("raw", 1.15)];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let sizes = if quick { &READERS[..2] } else { &READERS };
    for &readers in sizes {
        // The crowd of five thousand is for those that have a goal.
        let entries = if readers > 1000 {
            Entry::with_peers(&launcher, &PEERS[..2])
        } else {
            Entry::all(&launcher, &PEERS)
        };
        let seats = vec![Seat::Reader(0); readers];
        let plan = Plan::new(quick);
        let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
            measured(stand, |crowd| crowd.burst(Pace::Closed(1), length))
        });
        let title = format!("{readers} readers, one message under way");
        tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    }
    Ok(())
}
