//! The library: opens fjall with our tables and settings, and waits until what it replayed is safe.

use std::fs;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::files::{replace, sync_folder};

/// The memory for blocks that were read, in bytes. Logs in use are kept as logs, so it is small.
const BLOCKS_LEN_MAX: u64 = 8 * 1024 * 1024;

/// The memory for what is not in a table's files yet, in bytes, of each table. It is also what a
/// start has to read again from the journal. A store keeps the value that it was made with.
const TABLE_LEN_MAX: u64 = 8 * 1024 * 1024;

/// The disk space for journals, in bytes. Beyond it, tables that are rarely written are put into
/// files, so that a journal is not kept for a few records in it.
const JOURNALS_LEN_MAX: u64 = 128 * 1024 * 1024;

/// Time that the replayed journal may take to be written into tables.
const SETTLE_MAX: Duration = Duration::from_secs(300);

/// Makes an empty store.
pub(super) fn make_empty(folder: &Path) -> anyhow::Result<()> {
    let (database, _) = open_library(folder)?;
    database.persist(PersistMode::SyncAll)?;
    drop(database);
    sync_folder(folder)?;
    Ok(())
}

/// Opens the library with our four tables, in the order that gives them their numbers.
pub(super) fn open_library(folder: &Path) -> anyhow::Result<(Database, [Keyspace; 4])> {
    let builder = Database::builder(folder)
        .cache_size(BLOCKS_LEN_MAX)
        .max_journaling_size(JOURNALS_LEN_MAX)
        // One that is ended by a damaged block leaves the other to write what is in memory.
        .worker_threads(2);
    // The library panics over some damaged files, and returns an error over others.
    let database = std::panic::catch_unwind(AssertUnwindSafe(|| builder.open()))
        .unwrap_or(Err(fjall::Error::Unrecoverable))?;
    let options = || KeyspaceCreateOptions::default().max_memtable_size(TABLE_LEN_MAX);
    let table = |name: &str| database.keyspace(name, options);
    let tables = [
        table("store")?,
        table("topics")?,
        table("events")?,
        table("commands")?,
    ];
    Ok((database, tables))
}

/// Waits until everything that was replayed is in tables on the disk.
///
/// # Errors
///
/// A thread of the library failed, or it takes too long.
pub(super) fn settle(database: &Database, tables: &[&Keyspace]) -> anyhow::Result<()> {
    let until = Instant::now() + SETTLE_MAX;
    while tables.iter().any(|table| table.sealed_memtable_count() > 0) {
        // It says whether a thread has failed.
        database.persist(PersistMode::Buffer)?;
        if Instant::now() > until {
            bail!("the journal is not written into tables");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Names the cause for which a thread of the library failed: the library does not say it.
pub(super) fn why_writing_fails(folder: &Path) -> String {
    let cause = match probe(folder) {
        Err(cause) => cause.to_string(),
        Ok(()) => "a sync or a write failed, or a file could not be opened".to_owned(),
    };
    format!("its tables cannot be written: {cause}")
}

/// Writes and syncs a file beside the store: the error of a disk that takes nothing, such as a full
/// one.
fn probe(folder: &Path) -> std::io::Result<()> {
    let path = folder.with_extension("probe");
    let written = replace(&path, &[1; 1 << 16]);
    let _ = fs::remove_file(path.with_extension("new"));
    let _ = fs::remove_file(path);
    written
}
