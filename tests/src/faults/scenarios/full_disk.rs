//! The disk is full for a while: publishes are refused, reads go on, and nothing is lost.

use std::path::Path;

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::mounts::{Ballast, Mount};
use crate::faults::process::Wrapper;
use crate::faults::site::{Shape, Site, last_lines};

use super::Tally;

const DISK_LEN: u64 = 24 << 20;

pub(super) async fn unit(binary: &Path, seed: u64) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 900,
    };
    let mut site = Site::new(binary, shape, seed)?;
    let disk = Mount::memory(site.beside("disk"), DISK_LEN)?;
    site.launch.data = disk.path().join("data");
    let result = fill_and_free(&mut site, &disk, &mut chance).await;
    if let Err(error) = result {
        site.violation(format!("{error:#}"));
    }
    site.tally.rounds = 1;
    drop(disk);
    Ok(site.finish())
}

async fn fill_and_free(site: &mut Site, disk: &Mount, chance: &mut Chance) -> Result<()> {
    let (mut running, mut connection) = site.open().await?;
    site.talk.publish(&mut connection, 20).await?;
    site.talk.check(&mut connection).await?;
    let before = site.talk.ledger.renewals();
    let ballast = Ballast::fill(disk.path())?;
    for _ in 0..60 {
        let count = 1 + chance.below(4) as usize;
        if site.talk.publish(&mut connection, count).await? > 0 {
            break;
        }
    }
    let refused = site.talk.check(&mut connection).await?;
    if refused > 0 {
        site.violation(format!(
            "{refused} reads were refused while the disk was full"
        ));
    }
    if chance.below(2) == 0 {
        running.kill().await;
        if let Err(ended) = site.launch.start(&Wrapper::None).await? {
            site.tally.starts_refused += 1;
            if !ended.log.contains("os error 28") {
                let lines = last_lines(&ended.log);
                site.violation(format!("no line names the cause: {lines}"));
            }
        }
        drop(ballast);
        (running, connection) = site.open().await?;
        site.talk.check(&mut connection).await?;
    } else {
        drop(ballast);
    }
    site.talk.publish_until_taken(&mut connection, 10).await?;
    site.talk.check(&mut connection).await?;
    running.kill().await;
    let (running, _) = site.open_and_check().await?;
    site.expect_same_epochs(&before, "after a full disk");
    running.stop().await
}
