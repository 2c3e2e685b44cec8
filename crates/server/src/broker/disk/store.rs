//! The store: topics, events and message ids in files that survive a crash.
//!
//! Four tables: `topics` by name, `events` and `commands` by the topic's number and the offset,
//! and `store` for what belongs to none. One commit writes to all of them or to none, and is on
//! the disk when it returns.
//!
//! Beside the store stands a file with the number of its last commit. A store that is behind it
//! has lost commits that were acknowledged (its journal was cut or damaged): every topic then gets
//! a new epoch, so that no reader takes other events for the ones it has.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use trunkline_hub::{Append, Kept, Log, Trim};
use trunkline_protocol::{Delivery, Epoch, Moment, Offset, TopicName};

use super::record::{self, TimeRecord, TopicRecord, event_key};
use crate::broker::new_epoch;

/// The version of the tables and records. A newer one is not read. In format 1 the ids of commands
/// had no time; a store of that format is read, and becomes one of this format when it is opened.
const FORMAT: u64 = 2;

/// The memory for blocks that were read, in bytes. Logs in use are kept as logs, so it is small.
const BLOCKS_LEN_MAX: u64 = 8 * 1024 * 1024;

/// The memory for what is not in a table's files yet, in bytes, of each table. It is also what a
/// start has to read again from the journal. A store keeps the value that it was made with.
const TABLE_LEN_MAX: u64 = 8 * 1024 * 1024;

/// The disk space for journals, in bytes. Beyond it, tables that are rarely written are put into
/// files, so that a journal is not kept for a few records in it.
const JOURNALS_LEN_MAX: u64 = 128 * 1024 * 1024;

const FORMAT_KEY: &str = "format";
const EPOCH_KEY: &str = "epoch";
const COMMITS_KEY: &str = "commits";
const NEXT_ID_KEY: &str = "next-id";
const TIME_KEY: &str = "time";
const IDS_SINCE_KEY: &str = "ids-since";

pub(super) struct Store {
    #[cfg(test)]
    folder: PathBuf,
    database: Database,
    topics: Keyspace,
    events: Keyspace,
    commands: Keyspace,
    own: Keyspace,
    /// Where the number of the last commit stands beside the store.
    watermark: File,
    commits: u64,
    next_id: u64,
    epoch: Epoch,
    /// The moment from which ids of format 1 count.
    ids_since: Moment,
}

/// A store that could be opened, and the topics in it.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) topics: Vec<(TopicName, TopicRecord)>,
    /// The time that was last recorded; none of a store without events.
    pub(super) recorded: Option<TimeRecord>,
}

/// Changes that are committed together.
pub(super) struct Changes {
    batch: OwnedWriteBatch,
}

impl Store {
    /// Opens the store in `folder`, or makes one.
    ///
    /// A store whose journal is damaged in the middle is set aside and reported, and an empty one
    /// takes its place.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Opened> {
        match Self::open_as_it_is(folder) {
            Err(error) if is_damage(&error) => {
                let aside = set_aside(folder)?;
                tracing::error!(
                    "the history in {} is damaged ({error:#}): it was moved to {} and the server \
                     starts with an empty one",
                    folder.display(),
                    aside.display()
                );
                Self::open_as_it_is(folder)
            }
            result => result,
        }
    }

    fn open_as_it_is(folder: &Path) -> anyhow::Result<Opened> {
        let place = || format!("cannot open the history in {}", folder.display());
        let builder = Database::builder(folder)
            .cache_size(BLOCKS_LEN_MAX)
            .max_journaling_size(JOURNALS_LEN_MAX)
            .worker_threads(1);
        // The library panics over some damaged journals, and returns an error over others.
        let database = std::panic::catch_unwind(AssertUnwindSafe(|| builder.open()))
            .unwrap_or(Err(fjall::Error::Unrecoverable))
            .with_context(place)?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(TABLE_LEN_MAX);
        let table = |name: &str| database.keyspace(name, options);
        let own = table("store").with_context(place)?;
        let mut watermark = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(watermark_of(folder))
            .with_context(place)?;
        let format = number(&own, FORMAT_KEY)?;
        if let Some(format) = format
            && !(1..=FORMAT).contains(&format)
        {
            bail!(
                "the history in {} has format {format}, and this server reads 1 to {FORMAT}: use the \
                 version that wrote it, or another data folder",
                folder.display()
            );
        }
        let commits = number(&own, COMMITS_KEY)?.unwrap_or(0);
        let lost = read_watermark(&mut watermark).is_some_and(|promised| promised > commits);
        let epoch = number(&own, EPOCH_KEY)?;
        let mut store = Self {
            #[cfg(test)]
            folder: folder.to_owned(),
            topics: table("topics").with_context(place)?,
            events: table("events").with_context(place)?,
            commands: table("commands").with_context(place)?,
            next_id: number(&own, NEXT_ID_KEY)?.unwrap_or(1),
            ids_since: Moment::from_ms(number(&own, IDS_SINCE_KEY)?.unwrap_or(0)),
            epoch: epoch.map_or_else(new_epoch, |epoch| Epoch(epoch as u32)),
            database,
            own,
            watermark,
            commits,
        };
        let mut topics = store.read_topics()?;
        if format.is_none() || lost {
            store.begin_anew(&mut topics, lost)?;
        }
        let recorded = store.recorded_time(&topics)?;
        if format == Some(1) {
            store.upgrade(recorded)?;
        }
        Ok(Opened {
            store,
            topics,
            recorded,
        })
    }

    /// Writes down what a new store is, or gives every topic another epoch.
    fn begin_anew(
        &mut self,
        topics: &mut [(TopicName, TopicRecord)],
        lost: bool,
    ) -> anyhow::Result<()> {
        let mut changes = self.changes();
        if lost {
            tracing::error!(
                "the history has lost its newest events: readers are told, and start anew"
            );
            self.renew_epoch(&mut changes);
            for (name, topic) in topics {
                topic.epoch = self.epoch;
                self.put_topic(&mut changes, name, topic);
            }
        }
        self.put_own(&mut changes, FORMAT_KEY, FORMAT);
        self.put_own(&mut changes, EPOCH_KEY, u64::from(self.epoch.0));
        self.commit(changes)
    }

    /// Makes a store of format 1 one of this format. Its ids count from its newest event.
    fn upgrade(&mut self, recorded: Option<TimeRecord>) -> anyhow::Result<()> {
        self.ids_since = recorded.map_or_else(Moment::default, |recorded| recorded.time);
        let mut changes = self.changes();
        self.put_own(&mut changes, IDS_SINCE_KEY, self.ids_since.as_ms());
        self.put_own(&mut changes, FORMAT_KEY, FORMAT);
        self.commit(changes)
    }

    /// The time that was last recorded. Where it is not known, as in a store of format 1, it is that
    /// of the newest event.
    fn recorded_time(
        &self,
        topics: &[(TopicName, TopicRecord)],
    ) -> anyhow::Result<Option<TimeRecord>> {
        let value = self.own.get(TIME_KEY)?;
        let recorded = value.and_then(|value| record::read_time(TIME_KEY.as_bytes(), &value));
        if recorded.is_some() {
            return Ok(recorded);
        }
        let newest = self.newest_event(topics)?;
        Ok(newest.map(|at| TimeRecord { time: at, wall: at }))
    }

    /// The moment of the newest event that is kept.
    fn newest_event(&self, topics: &[(TopicName, TopicRecord)]) -> anyhow::Result<Option<Moment>> {
        let mut newest = None;
        for (_, topic) in topics {
            let key = event_key(topic.id, topic.extent.head);
            if let Some(value) = self.events.get(key)? {
                let at = record::read_event(&key, &value).map(|kept| kept.at);
                newest = newest.max(at);
            }
        }
        Ok(newest)
    }

    fn read_topics(&self) -> anyhow::Result<Vec<(TopicName, TopicRecord)>> {
        let mut topics = Vec::new();
        for entry in self.topics.iter() {
            let (key, value) = entry.into_inner()?;
            let name = std::str::from_utf8(&key)
                .ok()
                .and_then(|name| name.parse().ok());
            match (name, record::read_topic(&key, &value)) {
                (Some(name), Some(topic)) => topics.push((name, topic)),
                // Its events cannot be found any more; under its name, a new topic will begin.
                _ => tracing::error!(
                    topic = %String::from_utf8_lossy(&key),
                    "a topic's record is damaged: its history is lost"
                ),
            }
        }
        Ok(topics)
    }

    /// The epoch of topics that have no record.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// A number for a new topic, never used again.
    pub(super) fn new_id(&mut self, changes: &mut Changes) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.put_own(changes, NEXT_ID_KEY, self.next_id);
        id
    }

    /// Begins another epoch for topics that have no record: one of them is about to be forgotten,
    /// and may come again.
    pub(super) fn renew_epoch(&mut self, changes: &mut Changes) {
        self.epoch = new_epoch();
        self.put_own(changes, EPOCH_KEY, u64::from(self.epoch.0));
    }

    /// Reads the log of a topic. None if it is damaged.
    pub(super) fn load(
        &self,
        topic: &TopicRecord,
        delivery: Delivery,
    ) -> anyhow::Result<Option<Log>> {
        let Some(kept) = self.events_from(topic, topic.extent.first)? else {
            return Ok(None);
        };
        let ids = read_all(
            &self.commands,
            (topic.id, topic.extent.first_key),
            |key, value| record::read_command(key, value, self.ids_since),
        )?;
        Ok(ids.and_then(|ids| Log::restore((topic.epoch, delivery), topic.extent, kept, ids).ok()))
    }

    /// Reads the events of a topic from `first` on. None if one is damaged.
    pub(super) fn events_from(
        &self,
        topic: &TopicRecord,
        first: Offset,
    ) -> anyhow::Result<Option<Vec<Kept>>> {
        read_all(&self.events, (topic.id, first), record::read_event)
    }

    pub(super) fn changes(&self) -> Changes {
        Changes {
            batch: self
                .database
                .batch()
                .durability(Some(PersistMode::SyncData)),
        }
    }

    pub(super) fn put_topic(&self, changes: &mut Changes, name: &TopicName, topic: &TopicRecord) {
        let key = name.as_str().as_bytes();
        let value = record::write_topic(key, topic);
        changes.batch.insert(&self.topics, key, value);
    }

    /// Removes a topic with all its events and ids.
    pub(super) fn remove_topic(
        &self,
        changes: &mut Changes,
        name: &TopicName,
        topic: &TopicRecord,
    ) -> anyhow::Result<()> {
        changes.batch.remove(&self.topics, name.as_str().as_bytes());
        let extent = topic.extent;
        for offset in extent.first..=extent.head {
            changes
                .batch
                .remove(&self.events, event_key(topic.id, offset));
        }
        // The ids that are left may be far apart.
        let first = event_key(topic.id, extent.first_key);
        for entry in self
            .commands
            .range(first..=event_key(topic.id, Offset::MAX))
        {
            changes.batch.remove(&self.commands, entry.key()?);
        }
        Ok(())
    }

    /// Puts an event at the topic's head, with the id of the command that made it.
    pub(super) fn put_event(
        &self,
        changes: &mut Changes,
        topic: &TopicRecord,
        append: &Append,
        at: Moment,
    ) {
        let key = event_key(topic.id, topic.extent.head);
        let value = record::write_event(&key, &append.event, at);
        changes.batch.insert(&self.events, key, value);
        if let Some(command) = &append.key {
            let value = record::write_command(&key, command, at);
            changes.batch.insert(&self.commands, key, value);
        }
    }

    /// Removes events and ids that the log has dropped.
    pub(super) fn trim(&self, changes: &mut Changes, topic: u64, trim: &Trim) {
        for offset in trim.events.clone() {
            changes.batch.remove(&self.events, event_key(topic, offset));
        }
        for offset in &trim.ids {
            let key = event_key(topic, *offset);
            changes.batch.remove(&self.commands, key);
        }
    }

    /// Puts the time of the store and the wall clock.
    pub(super) fn put_time(&self, changes: &mut Changes, recorded: &TimeRecord) {
        let value = record::write_time(TIME_KEY.as_bytes(), recorded);
        changes.batch.insert(&self.own, TIME_KEY, value);
    }

    fn put_own(&self, changes: &mut Changes, key: &str, number: u64) {
        let value = record::write_number(key.as_bytes(), number);
        changes.batch.insert(&self.own, key, value);
    }

    /// Commits all changes or none. They are on the disk when this returns.
    ///
    /// # Errors
    ///
    /// The disk is full or broken. Whether the changes are kept shows when the store is opened
    /// again; this one takes no more.
    pub(super) fn commit(&mut self, mut changes: Changes) -> anyhow::Result<()> {
        let commits = self.commits + 1;
        self.put_own(&mut changes, COMMITS_KEY, commits);
        #[cfg(test)]
        faults::before_commit(&self.folder)?;
        changes.batch.commit()?;
        #[cfg(test)]
        faults::after_commit(&self.folder)?;
        self.commits = commits;
        // Not synced: after a loss of power it may be old, which promises less than there is.
        if let Err(error) = write_watermark(&mut self.watermark, commits) {
            tracing::warn!(%error, "cannot note the number of a commit");
        }
        Ok(())
    }
}

/// Reads the records of a topic from an offset on. None if one is damaged.
fn read_all<T>(
    table: &Keyspace,
    (topic, first): (u64, Offset),
    read: impl Fn(&[u8], &[u8]) -> Option<T>,
) -> anyhow::Result<Option<Vec<T>>> {
    let mut all = Vec::new();
    for entry in table.range(event_key(topic, first)..=event_key(topic, Offset::MAX)) {
        let (key, value) = entry.into_inner()?;
        match read(&key, &value) {
            Some(it) => all.push(it),
            None => return Ok(None),
        }
    }
    Ok(Some(all))
}

fn number(table: &Keyspace, key: &str) -> anyhow::Result<Option<u64>> {
    let Some(value) = table.get(key)? else {
        return Ok(None);
    };
    let number = record::read_number(key.as_bytes(), &value);
    Ok(Some(number.ok_or_else(|| DamagedRecord(key.to_owned()))?))
}

fn read_watermark(file: &mut File) -> Option<u64> {
    let mut bytes = [0; 8];
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(u64::from_le_bytes(bytes))
}

fn write_watermark(file: &mut File, commits: u64) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&commits.to_le_bytes())
}

/// Whether the store's own files are not what it wrote, rather than not to be read now.
fn is_damage(error: &anyhow::Error) -> bool {
    if error.is::<DamagedRecord>() {
        return true;
    }
    match error.downcast_ref::<fjall::Error>() {
        Some(fjall::Error::Io(error)) => matches!(
            error.kind(),
            ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::NotFound
        ),
        Some(fjall::Error::Locked | fjall::Error::InvalidVersion(_)) => false,
        Some(_) => true,
        None => false,
    }
}

/// A record of the store's own that is not what was written.
#[derive(Debug)]
struct DamagedRecord(String);

impl fmt::Display for DamagedRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the record `{}` is damaged", self.0)
    }
}

impl std::error::Error for DamagedRecord {}

fn watermark_of(folder: &Path) -> PathBuf {
    folder.with_extension("watermark")
}

fn set_aside(folder: &Path) -> anyhow::Result<PathBuf> {
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let aside = (1..)
        .map(|number| folder.with_file_name(format!("{name}.damaged-{number}")))
        .find(|path| !path.exists())
        .context("there is a free name")?;
    fs::rename(folder, &aside).with_context(|| format!("cannot move {} away", folder.display()))?;
    // It speaks of the commits of the store that is gone.
    let _ = fs::remove_file(watermark_of(folder));
    Ok(aside)
}

/// Commits that fail while a file beside the store says so.
#[cfg(test)]
pub(super) mod faults {
    use std::path::Path;

    use anyhow::bail;

    fn wanted(folder: &Path, fault: &str) -> bool {
        std::fs::read_to_string(folder.with_extension("fault")).is_ok_and(|text| text == fault)
    }

    /// Nothing reaches the disk.
    pub(super) fn before_commit(folder: &Path) -> anyhow::Result<()> {
        if wanted(folder, "before") {
            bail!("no space left, says the test");
        }
        Ok(())
    }

    /// Everything reaches the disk, and yet it is not known.
    pub(super) fn after_commit(folder: &Path) -> anyhow::Result<()> {
        if wanted(folder, "after") {
            bail!("the disk did not answer, says the test");
        }
        Ok(())
    }
}
