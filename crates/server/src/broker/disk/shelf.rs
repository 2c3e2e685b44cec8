//! The shelf: what the disk broker keeps in memory of all topics, under one lock.
//!
//! Every topic has an entry, and the ones in use have their log beside it. Logs that were not used
//! for long give way when all of them together are too large; the store has them.

use std::collections::{HashMap, HashSet};

use trunkline_hub::{Log, StoreTime};
use trunkline_protocol::{Delivery, Epoch, Moment, Offset, TopicName};

use super::record::TopicRecord;
use crate::broker::{BrokerError, TOPICS_MAX};

/// The most memory that the events of logs take, in bytes.
pub(super) const LOGS_LEN_MAX: usize = 64 * 1024 * 1024;

/// The most memory that the message ids of logs take, as a multiple of that of events. A busy topic
/// may have 60 MB of them, and a few such topics must not push each other out with every publish.
const IDS_TO_EVENTS_MAX: usize = 3;

/// A topic in memory.
#[derive(Debug)]
pub(super) struct Entry {
    /// What the store has of it; none before its first event.
    pub(super) record: Option<TopicRecord>,
    /// The log, if it is in memory.
    pub(super) log: Option<Log>,
    len: Len,
    used: u64,
}

/// Memory of logs, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Len {
    events: usize,
    ids: usize,
}

impl Len {
    fn of(log: &Log) -> Self {
        Self {
            events: log.events_memory_len(),
            ids: log.ids_memory_len(),
        }
    }

    fn add(&mut self, other: Self) {
        self.events += other.events;
        self.ids += other.ids;
    }

    fn remove(&mut self, other: Self) {
        self.events -= other.events;
        self.ids -= other.ids;
    }

    /// Tells whether logs take no more than they may if their events may take `max`.
    fn is_within(self, max: usize) -> bool {
        self.events <= max && self.ids <= max * IDS_TO_EVENTS_MAX
    }
}

impl Entry {
    fn of(record: Option<TopicRecord>) -> Self {
        Self {
            record,
            log: None,
            len: Len::default(),
            used: 0,
        }
    }

    /// The newest offset given.
    pub(super) fn head(&self) -> Offset {
        self.record.map_or(0, |record| record.extent.head)
    }

    /// The epoch that readers were told, if they were told one.
    pub(super) fn epoch(&self) -> Option<Epoch> {
        let of_record = self.record.map(|record| record.epoch);
        of_record.or_else(|| self.log.as_ref().map(Log::epoch))
    }
}

#[derive(Debug)]
pub(super) struct Shelf {
    entries: HashMap<TopicName, Entry>,
    /// The memory of all logs.
    len: Len,
    /// Counts uses.
    uses: u64,
    /// The epoch of topics before their first event.
    epoch: Epoch,
    /// By which events and ids age.
    pub(super) time: StoreTime,
}

impl Shelf {
    /// A shelf that knows these topics and has no log yet.
    pub(super) fn new(
        epoch: Epoch,
        topics: Vec<(TopicName, TopicRecord)>,
        time: StoreTime,
    ) -> Self {
        let entries = topics
            .into_iter()
            .map(|(name, record)| (name, Entry::of(Some(record))))
            .collect();
        Self {
            entries,
            len: Len::default(),
            uses: 0,
            epoch,
            time,
        }
    }

    /// Begins another epoch for topics that have no events yet.
    pub(super) fn set_epoch(&mut self, epoch: Epoch) {
        self.epoch = epoch;
    }

    pub(super) fn get(&self, topic: &TopicName) -> Option<&Entry> {
        self.entries.get(topic)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicName, &Entry)> {
        self.entries.iter()
    }

    /// The log of a topic, if it is in memory. It counts as used.
    pub(super) fn log(&mut self, topic: &TopicName) -> Option<&mut Log> {
        self.uses += 1;
        let entry = self.entries.get_mut(topic)?;
        entry.used = self.uses;
        entry.log.as_mut()
    }

    /// Prepares for a topic: one that the store does not have begins with an empty log.
    ///
    /// # Errors
    ///
    /// [`BrokerError::Full`] if it would be one topic too many.
    pub(super) fn prepare(
        &mut self,
        topic: &TopicName,
        delivery: Delivery,
    ) -> Result<(), BrokerError> {
        if !self.entries.contains_key(topic) {
            if self.entries.len() >= TOPICS_MAX {
                return Err(BrokerError::Full);
            }
            self.entries.insert(topic.clone(), Entry::of(None));
        }
        if let Some(entry) = self.entries.get_mut(topic)
            && entry.record.is_none()
        {
            entry
                .log
                .get_or_insert_with(|| Log::beside_store(self.epoch, delivery));
        }
        Ok(())
    }

    /// Puts a log into memory, in place of an earlier one.
    pub(super) fn put(&mut self, topic: &TopicName, log: Log) {
        if let Some(entry) = self.entries.get_mut(topic) {
            entry.log = Some(log);
            self.measure(topic);
        }
    }

    /// Takes note of how large a log has become, and of what the store has of it.
    pub(super) fn note(&mut self, topic: &TopicName, record: TopicRecord) {
        if let Some(entry) = self.entries.get_mut(topic) {
            entry.record = Some(record);
            self.measure(topic);
        }
    }

    /// The topics that had events and are not in the store that was opened.
    pub(super) fn lost(&self, stored: &[(TopicName, TopicRecord)]) -> Vec<TopicName> {
        let stored: HashSet<_> = stored.iter().map(|(topic, _)| topic).collect();
        let lost = self
            .entries
            .iter()
            .filter(|(topic, entry)| entry.record.is_some() && !stored.contains(topic));
        lost.map(|(topic, _)| topic.clone()).collect()
    }

    /// Takes over what an opened store has of a topic, in place of what was known.
    pub(super) fn adopt(&mut self, topic: &TopicName, record: TopicRecord) {
        let known = self.entries.get(topic).and_then(|entry| entry.record);
        if known == Some(record) {
            return;
        }
        self.unload(topic);
        self.entries.insert(topic.clone(), Entry::of(Some(record)));
    }

    fn measure(&mut self, topic: &TopicName) {
        self.uses += 1;
        if let Some(entry) = self.entries.get_mut(topic) {
            let len = entry.log.as_ref().map(Len::of).unwrap_or_default();
            self.len.remove(entry.len);
            self.len.add(len);
            (entry.len, entry.used) = (len, self.uses);
        }
    }

    /// Lets the logs go that were not used for longest, while all together are too large. A tenth
    /// more goes, so that this is not asked for with every event. What the store does not have
    /// stays: it is empty, and its epoch was told.
    pub(super) fn evict(&mut self, len_max: usize) {
        if self.len.is_within(len_max) {
            return;
        }
        let mut by_use: Vec<_> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.log.is_some() && entry.record.is_some())
            .map(|(topic, entry)| (entry.used, topic.clone()))
            .collect();
        by_use.sort_unstable();
        for (_, topic) in by_use {
            if self.len.is_within(len_max / 10 * 9) {
                return;
            }
            self.unload(&topic);
        }
    }

    fn unload(&mut self, topic: &TopicName) {
        if let Some(entry) = self.entries.get_mut(topic) {
            entry.log = None;
            self.len.remove(entry.len);
            entry.len = Len::default();
        }
    }

    /// Forgets a topic.
    pub(super) fn remove(&mut self, topic: &TopicName) {
        self.unload(topic);
        self.entries.remove(topic);
    }

    /// Forgets what was never kept and what is not in use, and returns the topics in the store
    /// whose events are all too old and that nobody uses.
    pub(super) fn sweep(
        &mut self,
        now: Moment,
        in_use: &(dyn Fn(&TopicName) -> bool + Send + Sync),
    ) -> Vec<TopicName> {
        let mut expired = Vec::new();
        let mut unused = Vec::new();
        for (topic, entry) in &self.entries {
            match entry.record {
                Some(record) if record.expires <= now && !in_use(topic) => {
                    expired.push(topic.clone());
                }
                Some(_) => {}
                None if !in_use(topic) => unused.push(topic.clone()),
                None => {}
            }
        }
        for topic in unused {
            self.remove(&topic);
        }
        expired
    }
}
