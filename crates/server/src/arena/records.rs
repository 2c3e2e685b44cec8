//! Records of matches as files, the newest hundred. `trunkline replay` plays one again.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use trunkline_protocol::topics::arena::ArenaRoom;

use super::room::Finished;
use crate::clock;

/// The most records that are kept.
const FILES_MAX: usize = 100;

/// What their names end with.
const ENDING: &str = "arena";

/// A folder of records.
#[derive(Clone, Debug)]
pub(super) struct Records {
    folder: PathBuf,
}

impl Records {
    /// Opens the folder, and makes it if it is missing.
    ///
    /// # Errors
    ///
    /// For an operator: which folder, and why.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let name = folder.display();
        fs::create_dir_all(folder).with_context(|| format!("cannot create the folder {name}"))?;
        Ok(Self {
            folder: folder.to_owned(),
        })
    }

    /// Writes a record, on a thread that may wait, and forgets the oldest ones.
    pub(super) fn keep(&self, room: &ArenaRoom, record: Finished) {
        let Finished { number, bytes } = record;
        let name = format!("{room}-{number}.{ENDING}");
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = keep(&folder, clock::unix_seconds(), &name, &bytes) {
                tracing::warn!(%error, record = name, "a record was not kept");
            }
        });
    }
}

/// Writes a record and forgets the oldest ones. In the order of their names, the oldest is the first.
/// The new record is the last one even if the clock was ahead when others were written.
fn keep(folder: &Path, now: u64, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let number = match records(folder)?.last().and_then(|newest| number_of(newest)) {
        Some(newest) => now.max(newest.saturating_add(1)),
        None => now,
    };
    write(&folder.join(format!("{number:010}-{name}")), bytes)?;
    forget(folder, FILES_MAX)
}

/// The number that a record's name begins with: about the second in which it was written.
fn number_of(record: &Path) -> Option<u64> {
    let name = record.file_name()?.to_str()?;
    name.split('-').next()?.parse().ok()
}

/// Writes a file that has its name only when it is whole.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    fs::rename(part, path)
}

/// Removes the first records by name until there are `max`.
fn forget(folder: &Path, max: usize) -> std::io::Result<()> {
    let records = records(folder)?;
    let surplus = records.len().saturating_sub(max);
    records.iter().take(surplus).try_for_each(fs::remove_file)
}

/// The records in a folder, the oldest one first.
fn records(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut records: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == ENDING))
        .collect();
    records.sort();
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_records_stay() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = |name: &str| folder.path().join(name);
        for name in ["3-a-1.arena", "1-b-1.arena", "2-a-1.arena", "0-notes.txt"] {
            write(&path(name), b"bytes").expect("room for a file");
        }
        forget(folder.path(), 2).expect("files that can be removed");
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .expect("a folder")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        left.sort();
        assert_eq!(left, ["0-notes.txt", "2-a-1.arena", "3-a-1.arena"]);
        assert_eq!(
            fs::read(path("3-a-1.arena")).ok().as_deref(),
            Some(&b"bytes"[..])
        );
    }
    #[test]
    fn a_record_is_the_newest_whatever_the_clock_says() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let ahead = 2_000_000_000;
        for at in 0..FILES_MAX as u64 {
            let name = format!("a-{at}.arena");
            keep(folder.path(), ahead + at, &name, b"ahead").expect("room for a file");
        }
        let right = 1_800_000_000;
        keep(folder.path(), right, "b-1.arena", b"one").expect("room for a file");
        keep(folder.path(), right, "b-2.arena", b"two").expect("room for a file");
        let left = records(folder.path()).expect("a folder");
        assert_eq!(left.len(), FILES_MAX);
        let newest = left[FILES_MAX - 2..].iter().map(|path| fs::read(path).ok());
        let expected = [Some(b"one".to_vec()), Some(b"two".to_vec())];
        assert_eq!(newest.collect::<Vec<_>>(), expected);
    }
}
