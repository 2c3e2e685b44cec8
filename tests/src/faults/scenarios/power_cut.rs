//! Write-back fails, works again, and then the power is cut.
//!
//! The data folder is on ext4 in a file, the file is on a small file system in memory. Once that is
//! full, the kernel cannot write the pages that a sync is about; it reports the error once and
//! takes the pages for clean. Later syncs succeed, and the pages are read as if they were on the
//! disk, until the power is cut: here by a copy of the file.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::mounts::{Ballast, Mount};
use crate::faults::site::{Shape, Site};

use super::Tally;

const MEMORY_LEN: u64 = 64 << 20;
/// One group of blocks of ext4.
const DISK_LEN: u64 = 120 << 20;

pub(super) async fn unit(binary: &Path, seed: u64) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 1900,
    };
    let mut site = Site::new(binary, shape, seed)?;
    let result = cut(&mut site, &mut chance).await;
    if let Err(error) = result {
        site.violation(format!("{error:#}"));
    }
    site.tally.rounds = 1;
    Ok(site.finish())
}

async fn cut(site: &mut Site, chance: &mut Chance) -> Result<()> {
    let memory = Mount::memory(site.beside("memory"), MEMORY_LEN)?;
    let image = memory.path().join("disk.image");
    Mount::format(&image, DISK_LEN)?;
    let disk = Mount::image(&image, site.beside("disk"))?;
    disk.break_in()?;
    site.launch.data = disk.path().join("data");
    let (running, mut connection) = site.open().await?;
    site.talk.publish(&mut connection, 12).await?;

    let ballast = Ballast::fill(memory.path())?;
    for _ in 0..40 {
        let count = 1 + chance.below(4) as usize;
        if site.talk.publish(&mut connection, count).await? > 0 {
            break;
        }
    }
    // The store may be opened again while nothing can be written, once or more often.
    let time = Duration::from_millis(chance.below(2500));
    tokio::time::sleep(time).await;
    site.talk.publish(&mut connection, 2).await?;
    drop(ballast);
    anyhow::ensure!(
        !disk.is_read_only(),
        "the file system gave itself up: the round proves nothing"
    );
    site.talk.publish_until_taken(&mut connection, 5).await?;
    site.talk.publish(&mut connection, 15).await?;
    site.talk.check(&mut connection).await?;

    running.signal("-STOP").await;
    let copy = site.beside("copy.image");
    let mut cp = tokio::process::Command::new("cp");
    let status = cp
        .arg("--sparse=always")
        .arg(&image)
        .arg(&copy)
        .status()
        .await?;
    anyhow::ensure!(status.success(), "cannot copy the disk");
    running.kill().await;
    drop(disk);
    drop(memory);

    let disk = Mount::image(&copy, site.beside("disk-after"))?;
    site.launch.data = disk.path().join("data");
    let before = site.talk.ledger.renewals();
    let (running, _) = site.open_and_check().await?;
    let changed = site.changed(&before).len();
    if changed > 0 {
        site.violation(format!(
            "{changed} topics have another epoch after a power cut"
        ));
    }
    running.kill().await;
    drop(disk);
    std::fs::remove_file(&copy)?;
    Ok(())
}
