//! Files cannot be opened for a while: too many are open, or the disk does not answer.
//!
//! The server refuses to start with a line that says so, or is unavailable. It sets nothing aside,
//! and the next start has everything under the same epochs.

use std::path::Path;

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::process::Wrapper;
use crate::faults::site::{Shape, Site, last_lines};

use super::Tally;

/// Words in a line that names the cause.
const CAUSES: [&str; 5] = [
    // The program itself could not be loaded.
    "loading shared libraries",
    "os error 24",
    "os error 5",
    "Too many open files",
    // A thread of the store's library has failed, and it does not say why.
    "tables cannot be written",
];

pub(super) async fn unit(binary: &Path, seed: u64, rounds: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 60,
    };
    let mut site = Site::new(binary, shape, seed)?;
    for _ in 0..2 {
        let (running, mut connection) = site.open().await?;
        site.talk.publish(&mut connection, 20).await?;
        running.kill().await;
    }
    for _ in 0..rounds {
        let before = site.talk.ledger.renewals();
        let wrapper = any_fault(&mut chance);
        match site.launch.start(&wrapper).await? {
            Ok(running) => {
                // A server that cannot take connections is as good as one that did not start.
                if let Ok(mut connection) = site.talk.connect(running.address).await {
                    let _ = site.talk.publish(&mut connection, 10).await;
                }
                running.kill().await;
            }
            Err(ended) => {
                site.tally.starts_refused += 1;
                let names_a_cause = CAUSES.iter().any(|cause| ended.log.contains(cause));
                if ended.was_killed || !names_a_cause {
                    let lines = last_lines(&ended.log);
                    site.violation(format!("{wrapper:?}: no line names the cause: {lines}"));
                }
            }
        }
        if !site.set_aside()?.is_empty() {
            site.violation(format!("{wrapper:?}: something was set aside"));
        }
        let (running, _) = site.open_and_check().await?;
        running.kill().await;
        site.expect_same_epochs(&before, &format!("after {wrapper:?}"));
        if !site.tally.violations.is_empty() {
            break;
        }
        site.tally.rounds += 1;
    }
    Ok(site.finish())
}

fn any_fault(chance: &mut Chance) -> Wrapper {
    // The first calls load the program itself.
    let first = 8 + chance.below(60);
    let last = first + chance.below(20);
    match chance.below(3) {
        0 => Wrapper::OpenFiles(16 + chance.below(60)),
        1 => Wrapper::inject(format!("openat:error=EMFILE:when={first}..{last}")),
        _ => Wrapper::inject(format!("openat:error=EIO:when={first}..{last}")),
    }
}
