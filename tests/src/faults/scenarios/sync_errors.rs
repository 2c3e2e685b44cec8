//! `fdatasync` and `fsync` return errors for a while, then work again; then the process is killed.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::process::Wrapper;
use crate::faults::site::{Shape, Site, last_lines};

use super::Tally;

/// Words of a line that names the cause where the store's library tells none.
const CAUSE: &str = "tables cannot be written";

pub(super) async fn unit(binary: &Path, seed: u64, rounds: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 60,
    };
    let mut site = Site::new(binary, shape, seed)?;
    for _ in 0..rounds {
        let before = site.talk.ledger.renewals();
        let first = 1 + chance.below(12);
        let last = first + chance.below(4);
        let calls = *chance
            .pick(&["fdatasync", "fdatasync,fsync"])
            .unwrap_or(&"fdatasync");
        let error = *chance.pick(&["EIO", "ENOSPC"]).unwrap_or(&"EIO");
        let wrapper = Wrapper::inject(format!("{calls}:error={error}:when={first}..{last}"));
        match site.launch.start(&wrapper).await? {
            Ok(running) => {
                let mut connection = site.talk.connect(running.address).await?;
                let until = Instant::now() + Duration::from_millis(200 + chance.below(1500));
                while Instant::now() < until {
                    let count = 1 + chance.below(6) as usize;
                    site.talk.publish(&mut connection, count).await?;
                    tokio::time::sleep(Duration::from_millis(60)).await;
                }
                site.talk.check(&mut connection).await?;
                running.kill().await;
            }
            Err(ended) => {
                site.tally.starts_refused += 1;
                let names_a_cause = ended.log.contains("os error") || ended.log.contains(CAUSE);
                if ended.was_killed || !names_a_cause {
                    let lines = last_lines(&ended.log);
                    site.violation(format!("a start ended without a cause: {lines}"));
                }
            }
        }
        let (running, _) = site.open_and_check().await?;
        running.kill().await;
        site.expect_same_epochs(&before, "after failed syncs");
        site.tally.rounds += 1;
    }
    Ok(site.finish())
}
