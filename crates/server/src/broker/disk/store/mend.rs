//! Mending: a closed store is looked through before the library opens it, and what is damaged is
//! set aside.
//!
//! The library trusts its lists: it deletes tables that a damaged list does not name, and whole
//! keyspaces whose names a damaged table has lost. So nothing of it is opened before its lists and
//! journals are right. Damage in a table of events or of message ids concerns the topics in it.
//! Damage in anything that concerns all topics (their records, the lists, a journal) demands
//! another epoch for every topic, since an older record may have taken the place of a newer one.

use std::fs::{self, OpenOptions};
use std::path::Path;

use super::fault::{Fault, Result};
use super::files::{replace, sync_folder};
use super::journals::{self, Journal};
use super::quarantine::Quarantine;
use super::tables;
use super::version::{TableEntry, Version, table_path};

/// The keyspaces by their numbers: the library's own, and ours in the order in which they are made.
pub(super) const META: u64 = 0;
pub(super) const OWN: u64 = 1;
pub(super) const TOPICS: u64 = 2;
pub(super) const EVENTS: u64 = 3;
pub(super) const COMMANDS: u64 = 4;

/// Thoroughness of a look through a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::broker::disk) enum Depth {
    /// Lists, journals, and the library's own table: at every opening.
    Lists,
    /// Every byte of every table: once something was found to be damaged.
    Tables,
}

/// Looks a closed store through and sets aside what is damaged in it.
pub(super) fn mend(store: &Path, depth: Depth, aside: &mut Quarantine) -> Result<()> {
    let keyspaces = store.join("keyspaces");
    fs::create_dir_all(&keyspaces)?;
    for keyspace in [META, OWN, TOPICS, EVENTS, COMMANDS] {
        let folder = keyspaces.join(keyspace.to_string());
        match mend_keyspace(&folder, keyspace, depth, aside) {
            Err(Fault::Damaged(why)) => {
                aside.demand_renewal(&format!("keyspace {keyspace}: {why}"))?;
                rebuild_list(&folder, keyspace, aside)?;
            }
            result => result?,
        }
    }
    mend_marker(store, aside)?;
    mend_journals(store, aside)
}

/// Takes damaged tables out of a keyspace's list.
fn mend_keyspace(folder: &Path, keyspace: u64, depth: Depth, aside: &mut Quarantine) -> Result<()> {
    let mut version = Version::read(folder)?;
    let mut damaged = Vec::new();
    for table in version.tables() {
        let path = table_path(folder, table.id);
        // The library's own table is small, and decides which folders it deletes.
        let is_good = match depth {
            Depth::Lists if keyspace != META => path.try_exists()?,
            Depth::Lists | Depth::Tables => tables::is_whole(&path, table)?,
        };
        if !is_good {
            damaged.push(table.id);
        }
    }
    if damaged.is_empty() {
        return Ok(());
    }
    if keyspace == META {
        return Err(Fault::damaged("a table with the names of keyspaces"));
    }
    if matches!(keyspace, OWN | TOPICS) {
        aside.demand_renewal("a table that concerns every topic is damaged")?;
    }
    for &id in &damaged {
        aside.take_table(keyspace, &table_path(folder, id), id)?;
    }
    version.remove(&damaged);
    version.write_next(folder)
}

/// Makes a list of the tables that are there, where the list is lost.
fn rebuild_list(folder: &Path, keyspace: u64, aside: &mut Quarantine) -> Result<()> {
    if keyspace == META {
        return renew_names(folder, aside);
    }
    let tables = folder.join("tables");
    fs::create_dir_all(&tables)?;
    let mut ids = Vec::new();
    for entry in fs::read_dir(&tables)? {
        let name = entry?.file_name();
        ids.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
    }
    // The newest first.
    ids.sort_unstable_by(|one, other| other.cmp(one));
    let mut whole: Vec<TableEntry> = Vec::new();
    for id in ids {
        let path = table_path(folder, id);
        match tables::describe(&path, id)? {
            Some(table) => whole.push(table),
            None => aside.take_table(keyspace, &path, id)?,
        }
    }
    Version::of_tables(folder, whole)?.write_next(folder)
}

/// Writes the names and settings of the keyspaces anew: they are the same in every store.
fn renew_names(folder: &Path, aside: &mut Quarantine) -> Result<()> {
    let scratch = aside.open()?.join("names");
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    super::library::make_empty(&scratch).map_err(|error| Fault::damaged(format!("{error:#}")))?;
    if folder.exists() {
        aside.take(folder, "0", "the names of the keyspaces")?;
    }
    fs::rename(scratch.join("keyspaces").join(META.to_string()), folder)?;
    sync_folder(folder.parent().unwrap_or(folder))?;
    fs::remove_dir_all(&scratch)?;
    Ok(())
}

/// Writes the store's marker anew, without which the library would make a new store, and its lock.
fn mend_marker(store: &Path, aside: &mut Quarantine) -> Result<()> {
    const MARKER: &[u8] = b"FJL\x03";
    let path = store.join("version");
    let found = match fs::read(&path).map_err(Fault::from) {
        Err(Fault::Damaged(_)) => Vec::new(),
        result => result?,
    };
    // A store of another version of the library is refused by it, and stays as it is.
    let is_other = matches!(found[..], [b'F', b'J', b'L', 1..=9]);
    if found != MARKER && !is_other {
        aside.report("the marker of the store was written anew")?;
        replace(&path, MARKER)?;
    }
    // It is empty; without it the library does not open the store.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(store.join("lock"))?;
    Ok(())
}

/// Cuts what a crash left at the end of journals, and takes damaged commits out of them.
fn mend_journals(store: &Path, aside: &mut Quarantine) -> Result<()> {
    let mut last = None;
    let journals = journals::list(store)?;
    if journals.is_empty() {
        // Without a journal the library counts from zero again, and what it writes then is older
        // than what the tables have.
        return journals::seal(store, 0);
    }
    for (at, (number, path)) in journals.iter().enumerate() {
        let bytes = fs::read(path)?;
        let is_newest = at + 1 == journals.len();
        let journal = journals::read(&bytes, &mut last);
        let needs_a_seal = is_newest && journal != Journal::Empty;
        match journal {
            Journal::Empty | Journal::Whole => {}
            Journal::Torn(len) if is_newest => journals::cut(path, len)?,
            Journal::Torn(len) => {
                // It was sealed after its last commit, so it cannot end in the middle of one.
                aside.demand_renewal("a journal has lost its end")?;
                journals::cut(path, len)?;
            }
            Journal::Holed(whole) => {
                aside.demand_renewal("a journal has lost commits in its middle")?;
                let name = format!("journal-{number}");
                aside.take(path, &name, "a journal with damaged commits")?;
                replace(path, &whole)?;
            }
        }
        if needs_a_seal {
            journals::seal(store, *number)?;
        }
    }
    Ok(())
}
