//! The store: topics, events and message ids in files that survive a crash.
//!
//! Four tables: `topics` by name, `events` and `commands` by the topic's number and the offset,
//! and `store` for what belongs to none. One commit writes to all of them or to none, and is on
//! the disk when it returns.
//!
//! Beside the store stands a file with the number of its last commit. A store that is behind it
//! has lost commits that were acknowledged (its journal was cut or damaged): every topic then gets
//! a new epoch, so that no reader takes other events for the ones it has.

mod fault;
mod files;
mod journals;
mod library;
mod loading;
mod mend;
mod numbers;
mod opening;
mod put_back;
mod quarantine;
mod tables;
mod version;
mod watermark;

#[cfg(test)]
use std::path::PathBuf;

use fjall::{Database, Keyspace, OwnedWriteBatch, PersistMode};
use trunkline_hub::{Append, Trim};
use trunkline_protocol::{Epoch, Moment, Offset, TopicName};

use self::watermark::Watermark;
use super::record::{self, TimeRecord, TopicRecord, event_key};
use crate::broker::new_epoch;

pub(super) use self::fault::{is_damage, is_poison};
pub(super) use self::loading::Loaded;
pub(super) use self::mend::Depth;
pub(super) use self::opening::Report;
pub(crate) use self::opening::mark_as_restored;

/// The version of the tables and records. A newer one is not read. In format 1 the ids of commands
/// had no time; a store of that format is read, and becomes one of this format when it is opened.
const FORMAT: u64 = 2;

const FORMAT_KEY: &str = "format";
const EPOCH_KEY: &str = "epoch";
const COMMITS_KEY: &str = "commits";
const NEXT_ID_KEY: &str = "next-id";
const HOME_KEY: &str = "home";
const NEXT_HOME_KEY: &str = "next-home";
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
    watermark: Watermark,
    commits: u64,
    next_id: u64,
    epoch: Epoch,
    /// The moment from which ids of format 1 count.
    ids_since: Moment,
}

/// Changes that are committed together.
pub(super) struct Changes {
    batch: OwnedWriteBatch,
}

impl Store {
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
        let first = event_key(topic.id, topic.extent.first_key);
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
        if let Err(error) = self.watermark.write(commits) {
            tracing::warn!(%error, "cannot note the number of a commit");
        }
        Ok(())
    }
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
