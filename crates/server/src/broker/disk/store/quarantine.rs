//! Quarantine: the folder into which damaged files go, and what is left to do with them.
//!
//! It stands beside the store, as `history.damaged-1`. Nothing in it is ever deleted: an operator
//! may want the files, and `report.txt` says what each of them is. While the file `unfinished` is
//! in it, what is readable in its tables has not been put back into the store: a start after a
//! crash goes on there.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::fault::{Fault, Result};
use super::files::{move_file, replace, sync_name};

const UNFINISHED: &str = "unfinished";
const RENEWAL: &str = "renew-epochs";
const REPORT: &str = "report.txt";

/// A table that was taken out of a keyspace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) keyspace: u64,
    pub(super) path: PathBuf,
}

/// The files that were set aside of a store. It has a folder as soon as something was.
#[derive(Debug)]
pub(super) struct Quarantine {
    store: PathBuf,
    folder: Option<PathBuf>,
}

impl Quarantine {
    /// The quarantine of an unfinished repair, or one with nothing in it.
    pub(super) fn resume(store: &Path) -> Result<Self> {
        let unfinished = folders(store).find(|folder| folder.join(UNFINISHED).exists());
        Ok(Self {
            store: store.to_owned(),
            folder: unfinished,
        })
    }

    /// Returns true if something was set aside and not yet dealt with.
    pub(super) fn is_used(&self) -> bool {
        self.folder.is_some()
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The folder, which is made if there is none.
    pub(super) fn open(&mut self) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return Ok(folder.clone());
        }
        let folder = free_name(&self.store)?;
        fs::create_dir(&folder)?;
        replace(&folder.join(UNFINISHED), b"")?;
        sync_name(&folder)?;
        self.folder = Some(folder.clone());
        Ok(folder)
    }

    /// Sets a file of the store aside.
    pub(super) fn take(&mut self, file: &Path, name: &str, why: &str) -> Result<()> {
        let folder = self.open()?;
        self.report(&format!("{name}: {}, {why}", file.display()))?;
        let free = (0..).map(|again| match again {
            0 => folder.join(name),
            _ => folder.join(format!("{name}.{again}")),
        });
        let free = free.into_iter().find(|path| !path.exists());
        let free = free.expect("there is a free name");
        if file.try_exists()? {
            move_file(file, &free)?;
        } else {
            // A file that is missing is noted by an empty one: what it had is lost.
            replace(&free, b"")?;
        }
        Ok(())
    }

    /// Sets a table aside, whose readable records are to be put back.
    pub(super) fn take_table(&mut self, keyspace: u64, file: &Path, id: u64) -> Result<()> {
        let name = format!("{keyspace}-{id}.table");
        self.take(
            file,
            &name,
            "a table of the store whose checksum does not match",
        )
    }

    /// Demands another epoch for every topic, also if this process ends before it is given.
    pub(super) fn demand_renewal(&mut self, why: &str) -> Result<()> {
        let folder = self.open()?;
        self.report(&format!("every topic gets another epoch: {why}"))?;
        replace(&folder.join(RENEWAL), why.as_bytes())?;
        Ok(())
    }

    /// The cause for which every topic gets another epoch.
    pub(super) fn renewal(&self) -> Option<String> {
        let folder = self.folder.as_ref()?;
        fs::read_to_string(folder.join(RENEWAL)).ok()
    }

    /// Writes a line for the operator.
    pub(super) fn report(&mut self, line: &str) -> Result<()> {
        let path = self.open()?.join(REPORT);
        let mut file = OpenOptions::new().append(true).create(true).open(path)?;
        writeln!(file, "{line}")?;
        Ok(())
    }

    /// The tables that were taken.
    pub(super) fn tables(&self) -> Result<Vec<Taken>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let mut tables = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if let Some((keyspace, rest)) = name.split_once('-')
                && rest.contains(".table")
                && let Ok(keyspace) = keyspace.parse()
            {
                tables.push(Taken { keyspace, path });
            }
        }
        tables.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        Ok(tables)
    }

    /// Ends the repair: the store has all that can be had.
    pub(super) fn finish(&mut self) -> Result<()> {
        if let Some(folder) = self.folder.take() {
            fs::remove_file(folder.join(UNFINISHED))?;
            sync_name(&folder.join(UNFINISHED))?;
        }
        Ok(())
    }
}

fn folders(store: &Path) -> impl Iterator<Item = PathBuf> {
    let name = store
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let store = store.to_owned();
    (1..)
        .map(move |number| store.with_file_name(format!("{name}.damaged-{number}")))
        .take_while(|path| path.exists())
}

/// A name for a folder beside the store that is not taken.
pub(super) fn free_name(store: &Path) -> Result<PathBuf> {
    let taken = folders(store).count();
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    let free = store.with_file_name(format!("{name}.damaged-{}", taken + 1));
    if free.exists() {
        return Err(Fault::damaged("no free name for a quarantine"));
    }
    Ok(free)
}
