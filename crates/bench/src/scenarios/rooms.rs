//! `rooms`: many small rooms, with messages in rooms at random.

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::Entry;
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const ROOMS: u32 = 500;

const READERS_OF_EACH: usize = 10;

const PACES: [(Pace, &str); 2] = [
    (Pace::PerSecond(1000), "1000 messages per second"),
    (Pace::Closed(64), "64 messages under way"),
];

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
    let entries = Entry::with_peers(&launcher, if quick { &PEERS[..3] } else { &PEERS });
    let room = |room| std::iter::repeat_n(Seat::Reader(room), READERS_OF_EACH);
    let seats: Vec<Seat> = (0..ROOMS).flat_map(room).collect();
    for (pace, name) in PACES {
        let plan = Plan::new(quick);
        let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
            measured(stand, |crowd| crowd.burst(pace, length))
        });
        let title = format!("{ROOMS} rooms of {READERS_OF_EACH}, {name}");
        tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    }
    Ok(())
}
