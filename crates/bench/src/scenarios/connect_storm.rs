//! `connect-storm`: connections that come and go, many at once. Ours count when they are signed
//! in and subscribed, the others' when they are upgraded.

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::Entry;
use crate::contest::{Plan, Sample, Stand, compete};
use crate::load::storm;
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const PEERS: [PeerServer; 6] = [
    PeerServer::Bun,
    PeerServer::Raw,
    PeerServer::Axum,
    PeerServer::Ws,
    PeerServer::SocketIo,
    PeerServer::Socketioxide,
];

const GOALS: [Goal; 1] = [Goal::cpu("bun", 1.2)];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let entries = Entry::all(&launcher, &PEERS);
    let plan = Plan::new(quick);
    let outcome = compete(&launcher, plan, &entries, &[], |stand, length| {
        let Stand { contender, .. } = stand;
        let before = contender.cpu()?;
        let burst = storm(&contender.target, length)?;
        let cpu = contender.cpu()? - before;
        Sample::of(&burst, cpu)
    });
    let title = "64 conversations opening at once";
    tell(report, title, "conversations", &outcome.await?, &GOALS);
    Ok(())
}
