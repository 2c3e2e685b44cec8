//! The store: commits go to a journal, and from there into tables.
//!
//! It follows the procedure of the real one. A commit is acknowledged once its journal is synced;
//! the watermark then has its number. `opening` brings a store up, and trusts no page cache.

use std::collections::BTreeMap;

use trunkline_hub::StoreTime;
use trunkline_protocol::{Epoch, Moment};

use super::device::{Device, Unavailable, overlay};
use super::record::{Change, Commit, Key, Own, Record};

/// A store that takes commits.
#[derive(Debug)]
pub(super) struct Store {
    journal: u64,
    /// The newest content of the journal, which the tables do not have yet.
    memory: BTreeMap<Key, Option<Record>>,
    commits: u64,
    identity: u64,
    epoch: Epoch,
    clock: StoreTime,
}

impl Store {
    pub(super) fn new(journal: u64, own: Own, clock: StoreTime) -> Self {
        Self {
            journal,
            memory: BTreeMap::new(),
            commits: own.commits,
            identity: own.identity,
            epoch: own.epoch,
            clock,
        }
    }

    pub(super) fn time(&self, now: Moment) -> Moment {
        self.clock.now(now)
    }

    /// The epoch of topics without a record.
    pub(super) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Gives `changes` a number and puts them into the journal, in the page cache only.
    pub(super) fn append(
        &mut self,
        device: &mut Device,
        number: u64,
        mut changes: Vec<Change>,
        time: Moment,
    ) -> Result<Commit, Unavailable> {
        let own = Own {
            commits: number,
            identity: self.identity,
            epoch: self.epoch,
            time,
        };
        changes.push((Key::Own, Some(Record::Own(own))));
        let commit = Commit {
            number,
            changes: changes.into(),
        };
        device.append(self.journal, commit.clone())?;
        Ok(commit)
    }

    /// Puts `changes` on the device. What returns an error may be there all the same.
    pub(super) fn commit(
        &mut self,
        device: &mut Device,
        number: u64,
        changes: Vec<Change>,
        time: Moment,
    ) -> Result<(), Unavailable> {
        let commit = self.append(device, number, changes, time)?;
        device.sync_journal(self.journal)?;
        overlay(&mut self.memory, &commit.changes);
        self.commits = number;
        device.write_watermark(number);
        Ok(())
    }

    /// The number of the last commit.
    pub(super) fn commits(&self) -> u64 {
        self.commits
    }

    /// Moves the content of a journal that is long enough into the tables, and begins another one.
    pub(super) fn flush(&mut self, device: &mut Device, len_max: usize) -> Result<(), Unavailable> {
        if device.journal_len(self.journal) < len_max {
            return Ok(());
        }
        device.create_journal(self.journal + 1)?;
        device.write_tables(&self.memory)?;
        self.memory.clear();
        self.journal += 1;
        device.remove_journals_before(self.journal);
        Ok(())
    }

    /// Moves everything into the tables, so that they can be read.
    pub(super) fn flush_all(&mut self, device: &mut Device) -> Result<(), Unavailable> {
        self.flush(device, 1)
    }
}
