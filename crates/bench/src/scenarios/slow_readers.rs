//! `slow-readers`: what a few connections that never read cost the others.
//!
//! One contender has them, the other, the same server, does not. Each burst brings its own
//! connections, since a server may close those that do not read.

use std::time::Duration;

use anyhow::Result;

use crate::comparison::{Goal, Measure, tell};
use crate::contender::{Entry, OURS};
use crate::contest::{Plan, Stand, compete, measured};
use crate::load::{Crowd, Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const CONNECTIONS: usize = 1000;

/// One in a hundred.
const DEAF: usize = CONNECTIONS / 100;

const UNDER_WAY: usize = 16;

/// Without them, under this name.
const WITHOUT: &str = "trunkline, all read";

const GOALS: [Goal; 2] = [
    Goal::told(WITHOUT, Measure::P50),
    Goal::told(WITHOUT, Measure::P99),
];

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let mut entries = vec![Entry::ours(), Entry::ours_with(WITHOUT, &[])];
    entries.extend(Entry::peers(&launcher, &[PeerServer::Bun]));
    // Long enough that what the kernel holds for those that do not read is full.
    let plan = Plan::new(quick).with_burst(Duration::from_secs(if quick { 2 } else { 4 }));
    let outcome = compete(
        &launcher,
        plan,
        &entries,
        &[],
        |stand: &mut Stand, length| {
            let deaf = if stand.contender.name == WITHOUT {
                0
            } else {
                DEAF
            };
            let mut seats = vec![Seat::Reader(0); CONNECTIONS - DEAF];
            seats.resize(seats.len() + deaf, Seat::Deaf(0));
            stand.crowd = Some(Crowd::gather(stand.contender.target.clone(), seats)?);
            let sample = measured(stand, |crowd| crowd.burst(Pace::Closed(UNDER_WAY), length));
            if let Some(crowd) = stand.crowd.take() {
                crowd.end()?;
            }
            sample
        },
    );
    let title = format!("{CONNECTIONS} connections of which {DEAF} never read");
    tell(report, &title, "deliveries", &outcome.await?, &GOALS);
    report.note(format!(
        "{OURS} and bun have those that never read, \"{WITHOUT}\" has not."
    ));
    Ok(())
}
