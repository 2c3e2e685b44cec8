//! `windows`: what a flush window saves, and what it costs in latency.

use std::time::Duration;

use anyhow::Result;

use crate::comparison::{Goal, tell};
use crate::contender::{Entry, OURS};
use crate::contest::{Plan, compete, measured};
use crate::load::{Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::Report;
use crate::server::Launcher;

const READERS: usize = 100;

const PER_SECOND: u32 = 1000;

/// In milliseconds; each with what ours should cost at most, as a part of what Bun costs.
const WINDOWS: [(u32, Option<f64>); 4] = [(0, None), (2, None), (5, Some(0.45)), (16, None)];

const OPTION: &str = "--flush-window";

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    if !launcher.has_option(OPTION)? {
        report.note(format!(
            "Skipped: this server has no option {OPTION}, so there is nothing to compare."
        ));
        return Ok(());
    }
    let plan = Plan::new(quick).with_burst(Duration::from_secs(if quick { 1 } else { 2 }));
    for (window, at_most) in WINDOWS {
        let name = format!("{OURS}, {window} ms");
        let mut entries = vec![Entry::ours_with(&name, &[OPTION, &window.to_string()])];
        entries.extend(Entry::peers(&launcher, &[PeerServer::Bun]));
        let seats = vec![Seat::Reader(0); READERS];
        let outcome = compete(&launcher, plan, &entries, &seats, |stand, length| {
            let pace = Pace::PerSecond(PER_SECOND);
            measured(stand, |crowd| crowd.burst(pace, length))
        });
        let goals: Vec<Goal> = at_most.map(|it| Goal::cpu("bun", it)).into_iter().collect();
        let title = format!("{READERS} readers, {PER_SECOND} messages per second");
        tell(report, &title, "deliveries", &outcome.await?, &goals);
    }
    Ok(())
}
