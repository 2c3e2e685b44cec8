//! The store alone: the records that the server would write, without a server around it.
//!
//! It keeps everything, while the server also removes what a room no longer keeps; so it is the
//! more that the store could do, not what the server should.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use crate::message::EVENT_LEN;

/// How many topics take turns, like the speakers' rooms.
const TOPICS: u64 = 64;

/// What stands before an event in its record: a checksum and the time.
const EVENT_HEAD_LEN: usize = 12;

/// The length of a message id's record: a checksum, the user, the sender, the counter.
const COMMAND_LEN: usize = 24;

/// The length of a topic's record.
const TOPIC_LEN: usize = 48;

/// A store with the server's tables.
pub(crate) struct RawStore {
    database: Database,
    topics: Keyspace,
    events: Keyspace,
    commands: Keyspace,
    own: Keyspace,
    written: u64,
    commits: u64,
}

impl RawStore {
    /// Makes one in a folder.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        // As the server opens its own.
        let database = Database::builder(folder)
            .cache_size(8 * 1024 * 1024)
            .max_journaling_size(128 * 1024 * 1024)
            .worker_threads(1)
            .open()
            .context("cannot open a store")?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(8 * 1024 * 1024);
        let table = |name: &str| database.keyspace(name, options);
        Ok(Self {
            topics: table("topics")?,
            events: table("events")?,
            commands: table("commands")?,
            own: table("store")?,
            database,
            written: 0,
            commits: 0,
        })
    }

    /// Writes batches of `batch` events for a while, each on the disk before the next begins.
    /// Returns events per second.
    pub(crate) fn burst(&mut self, batch: u64, lasts: Duration) -> Result<f64> {
        let (start, before) = (Instant::now(), self.written);
        while start.elapsed() < lasts {
            self.commit(batch)?;
        }
        Ok((self.written - before) as f64 / start.elapsed().as_secs_f64())
    }

    fn commit(&mut self, count: u64) -> Result<()> {
        let mut batch = self
            .database
            .batch()
            .durability(Some(PersistMode::SyncData));
        for number in self.written..self.written + count {
            let mut key = [0; 16];
            key[..8].copy_from_slice(&(number % TOPICS).to_be_bytes());
            key[8..].copy_from_slice(&(number / TOPICS).to_be_bytes());
            let event = [b'x'; EVENT_HEAD_LEN + EVENT_LEN];
            batch.insert(&self.events, key, event.as_slice());
            batch.insert(&self.commands, key, [b'x'; COMMAND_LEN].as_slice());
        }
        for topic in 0..count.min(TOPICS) {
            let key = format!("chat:bench-{topic}-0");
            batch.insert(&self.topics, key, [b'x'; TOPIC_LEN].as_slice());
        }
        self.commits += 1;
        batch.insert(&self.own, "commits", self.commits.to_be_bytes().as_slice());
        batch.commit().context("cannot commit")?;
        self.written += count;
        Ok(())
    }
}

/// The bytes that a batch of so many events needs at least.
pub(crate) fn batch_len(count: u64) -> usize {
    count as usize * (EVENT_HEAD_LEN + EVENT_LEN + COMMAND_LEN + 2 * 16)
}

/// Appends to a file and syncs it.
pub(crate) fn append(file: &mut File, len: usize) -> Result<()> {
    file.write_all(&vec![b'x'; len])?;
    Ok(file.sync_data()?)
}

/// Appends to a file and syncs it, for a while. Returns the seconds of each sync with its append.
pub(crate) fn sync_costs(file: &mut File, len: usize, lasts: Duration) -> Result<Vec<f64>> {
    let mut costs = Vec::new();
    let start = Instant::now();
    while start.elapsed() < lasts {
        let begun = Instant::now();
        append(file, len)?;
        costs.push(begun.elapsed().as_secs_f64());
    }
    Ok(costs)
}
