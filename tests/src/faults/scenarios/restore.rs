//! A backup takes the place of a newer history, in the ways of operators: every topic then has
//! another epoch.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::process::Running;
use crate::faults::site::{Shape, Site, copy};

use super::Tally;

/// Way in which a backup is put back.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// The newer folder is moved away, and the backup copied to its place.
    Whole,
    /// Files are copied beside the newer ones and renamed; files that the backup lacks are deleted.
    Renamed,
    /// `cp -a backup/. data/`: files are overwritten in place, and newer ones stay.
    Over,
    /// Files are overwritten in place; files that the backup lacks are deleted.
    InPlace,
    /// Only the folder of the store is put back.
    StoreOnly,
    /// A copy of the folder of a running server is served elsewhere.
    Elsewhere,
}

const WAYS: [Way; 6] = [
    Way::Whole,
    Way::Renamed,
    Way::Over,
    Way::InPlace,
    Way::StoreOnly,
    Way::Elsewhere,
];

pub(super) async fn unit(binary: &Path, seed: u64, rounds: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 200,
    };
    let mut site = Site::new(binary, shape, seed)?;
    let mut ways: Vec<_> = WAYS.into_iter().cycle().take(rounds).collect();
    let turn = chance.below(WAYS.len() as u64) as usize % ways.len().max(1);
    ways.rotate_left(turn);
    for (number, way) in ways.into_iter().enumerate() {
        restore(&mut site, way, number, &mut chance).await?;
        if !site.tally.violations.is_empty() || !site.talk.ledger.violations().is_empty() {
            site.violation(format!("restored {way:?}"));
            break;
        }
        site.tally.rounds += 1;
    }
    Ok(site.finish())
}

async fn restore(site: &mut Site, way: Way, number: usize, chance: &mut Chance) -> Result<()> {
    let data = site.launch.data.clone();
    let backup = site.beside(&format!("backup-{number}"));
    let (running, mut connection) = site.open_and_check().await?;
    let count = 5 + chance.below(30) as usize;
    site.talk.publish(&mut connection, count).await?;
    if matches!(way, Way::Elsewhere) {
        copy(&data, &backup).await?;
        return serve_elsewhere(site, running, &backup).await;
    }
    running.stop().await?;
    copy(&data, &backup).await?;
    let (running, mut connection) = site.open().await?;
    let count = 5 + chance.below(30) as usize;
    site.talk.publish(&mut connection, count).await?;
    site.talk.check(&mut connection).await?;
    match chance.below(2) {
        0 => running.kill().await,
        _ => running.stop().await?,
    }
    let before = site.talk.ledger.renewals();
    match way {
        Way::Whole => {
            fs::rename(&data, site.beside(&format!("newer-{number}")))?;
            copy(&backup, &data).await?;
        }
        Way::Over => copy(&backup.join("."), &data).await?,
        Way::Renamed => mirror(&backup, &data, false)?,
        Way::InPlace => mirror(&backup, &data, true)?,
        Way::StoreOnly | Way::Elsewhere => {
            fs::remove_dir_all(data.join("history"))?;
            copy(&backup.join("history"), &data.join("history")).await?;
        }
    }
    let (running, _) = site.open_and_check().await?;
    // Newer files that a copy over them leaves may still have all of the newer history.
    if !matches!(way, Way::Over) {
        site.expect_other_epochs(&before, &format!("restored {way:?}"));
    }
    running.stop().await
}

/// Serves a copy beside the server that it was made of. Both are honest about their histories.
async fn serve_elsewhere(site: &mut Site, original: Running, copy: &Path) -> Result<()> {
    let ledger = site.talk.ledger.clone();
    let before = ledger.renewals();
    let launch = site.launch.clone();
    site.launch = launch.on(copy);
    let (running, _) = site.open_and_check().await?;
    site.expect_other_epochs(&before, "a copy served elsewhere");
    running.kill().await;
    let copied = std::mem::replace(&mut site.talk.ledger, ledger);
    site.tally.violations.extend_from_slice(copied.violations());
    site.launch = launch;
    original.kill().await;
    let (running, _) = site.open_and_check().await?;
    site.expect_same_epochs(&before, "the original of a copy");
    running.stop().await
}

/// Makes `to` what `from` is, file by file.
fn mirror(from: &Path, to: &Path, in_place: bool) -> Result<()> {
    let names = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries: Result<Vec<_>, _> = fs::read_dir(folder)?.collect();
        Ok(entries?
            .into_iter()
            .map(|it| it.file_name().into())
            .collect())
    };
    for name in names(to)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if !source.exists() && target.is_dir() {
            fs::remove_dir_all(&target)?;
        } else if !source.exists() {
            fs::remove_file(&target)?;
        }
    }
    for name in names(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if source.is_dir() {
            fs::create_dir_all(&target)?;
            mirror(&source, &target, in_place)?;
        } else if in_place {
            fs::write(&target, fs::read(&source)?)?;
        } else {
            let beside = to.join(format!(".{}.part", name.display()));
            fs::write(&beside, fs::read(&source)?)?;
            fs::rename(&beside, &target)?;
        }
    }
    Ok(())
}
