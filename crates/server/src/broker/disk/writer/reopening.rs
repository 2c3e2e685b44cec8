//! Reopening: a store that failed is opened again, and what it kept or lost meanwhile is told.

use std::time::Duration;

use trunkline_protocol::TopicName;

use super::{Writer, delivered};
use crate::broker::Delivered;
use crate::broker::disk::record::TopicRecord;
use crate::broker::disk::store::{Depth, Store};
use crate::broker::disk::time;

/// How long to wait before a store that failed is opened again.
pub(super) const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// Time for which all tables are not searched for damage again, unless one is found to be damaged.
pub(super) const SEARCH_INTERVAL: Duration = Duration::from_secs(600);

impl Writer {
    /// Opens a store that failed. What the failed commit was able to keep is delivered late.
    pub(super) fn reopen(&mut self) {
        let now = self.clock.now();
        if self.store.is_some() || now < self.reopen_at {
            return;
        }
        self.reopen_at = now + REOPEN_AFTER;
        if self.depth == Depth::Tables {
            self.searched_at = Some(now);
        }
        let opened = match Store::open(&self.folder, self.depth) {
            Ok(opened) => opened,
            Err(error) => {
                self.give_up(&error);
                return tracing::debug!("history cannot be opened yet: {error:#}");
            }
        };
        self.health.opened(&opened.report);
        tracing::info!("history is written again");
        {
            let mut shelf = self.shelf();
            shelf.time = time::after_failure(&shelf.time, opened.recorded, self.clock);
            shelf.set_epoch(opened.store.epoch());
            for topic in shelf.lost(&opened.topics) {
                shelf.remove(&topic);
                (self.deliver)(&topic, &Delivered::NewEpoch);
            }
        }
        for (topic, record) in &opened.topics {
            self.catch_up(&opened.store, topic, *record);
        }
        self.store = Some(opened.store);
    }

    /// Brings a topic in line with the store that was opened again.
    fn catch_up(&self, store: &Store, topic: &TopicName, record: TopicRecord) {
        let mut shelf = self.shelf();
        let Some((told, head)) = shelf.get(topic).map(|entry| (entry.epoch(), entry.head())) else {
            return shelf.adopt(topic, record);
        };
        if told.is_some_and(|told| told != record.epoch) {
            shelf.adopt(topic, record);
            return (self.deliver)(topic, &Delivered::NewEpoch);
        }
        if record.extent.head == head {
            return;
        }
        shelf.adopt(topic, record);
        // What cannot be read is found to be damaged when somebody asks for the log.
        let late = store.events_from(&record, head + 1).ok().flatten();
        for kept in late.unwrap_or_default() {
            (self.deliver)(topic, &delivered(&kept.publication));
        }
    }
}
