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
        // In the order of their names, the oldest is the first.
        let name = format!("{:010}-{room}-{number}.{ENDING}", clock::unix_seconds());
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            let path = folder.join(name);
            let written = write(&path, &bytes).and_then(|()| forget(&folder, FILES_MAX));
            if let Err(error) = written {
                tracing::warn!(%error, file = %path.display(), "a record was not kept");
            }
        });
    }
}

/// Writes a file that has its name only when it is whole.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)?;
    fs::rename(part, path)
}

/// Removes the first records by name until there are `max`.
fn forget(folder: &Path, max: usize) -> std::io::Result<()> {
    let mut records: Vec<PathBuf> = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == ENDING))
        .collect();
    records.sort();
    let surplus = records.len().saturating_sub(max);
    records.iter().take(surplus).try_for_each(fs::remove_file)
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
}
