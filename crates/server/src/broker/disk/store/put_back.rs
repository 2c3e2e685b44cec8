//! Putting back: what is readable in damaged tables returns to the store.

use std::collections::HashMap;

use trunkline_protocol::TopicName;

use super::super::record::{self, TopicRecord};
use super::opening::read_topic;
use super::quarantine::Quarantine;
use super::{Changes, Store, mend, numbers, tables};
use crate::broker::new_epoch;

/// Number of records that are put back in one commit.
const PUT_BACK_MAX: usize = 1000;

impl Store {
    /// Puts the readable records of damaged tables back: the topics that are not in the store any
    /// more, and of each topic the events and message ids that belong to it. Events that are lost
    /// are missed when their topic is read. Message ids are not, so the topics that may have lost
    /// some get another epoch at once.
    pub(super) fn put_back(&mut self, aside: &mut Quarantine) -> anyhow::Result<()> {
        let scratch = aside.open()?.join("salvage");
        let mut counts = [0; 3];
        let taken = aside.tables()?;
        let of = |keyspace| taken.iter().filter(move |table| table.keyspace == keyspace);
        for table in of(mend::TOPICS) {
            let found = tables::salvage(&table.path, &scratch)?;
            let is_topic = |key: &[u8], value: &[u8]| read_topic(key, value).is_some();
            counts[0] += self.put_records(mend::TOPICS, found.records, is_topic)?;
        }
        let (topics, _) = self.read_topics()?;
        let by_id: HashMap<_, _> = topics.iter().map(|(_, topic)| (topic.id, *topic)).collect();
        let topic_of = |key: &[u8]| by_id.get(&record::topic_in(key)?);
        for table in of(mend::EVENTS) {
            let found = tables::salvage(&table.path, &scratch)?;
            let is_kept = |key: &[u8], value: &[u8]| {
                topic_of(key).is_some_and(|topic| topic.has_event(key, value))
            };
            counts[1] += self.put_records(mend::EVENTS, found.records, is_kept)?;
        }
        let mut holes = Vec::new();
        for table in of(mend::COMMANDS) {
            let found = tables::salvage(&table.path, &scratch)?;
            let is_kept = |key: &[u8], value: &[u8]| {
                topic_of(key).is_some_and(|topic| topic.has_command(key, value))
            };
            counts[2] += self.put_records(mend::COMMANDS, found.records, is_kept)?;
            holes.extend(found.holes);
        }
        let renewed = self.renew_topics(topics, &holes)?;
        let [topics, events, ids] = counts;
        let line = format!(
            "put back: {topics} topics, {events} events, {ids} message ids; topics with another \
             epoch because message ids may be lost: {renewed}"
        );
        tracing::warn!("the history was repaired; {line}");
        aside.report(&line)?;
        Ok(())
    }

    /// Gives the topics of which message ids may be lost another epoch.
    fn renew_topics(
        &mut self,
        topics: Vec<(TopicName, TopicRecord)>,
        holes: &[tables::Hole],
    ) -> anyhow::Result<usize> {
        let id = |key: &Option<Vec<u8>>| key.as_deref().and_then(record::topic_in);
        let is_hit = |topic: &TopicRecord| {
            holes.iter().any(|(after, before)| {
                id(after).is_none_or(|after| after <= topic.id)
                    && id(before).is_none_or(|before| topic.id <= before)
            })
        };
        let mut changes = self.changes();
        let mut count = 0;
        for (name, mut topic) in topics.into_iter().filter(|(_, topic)| is_hit(topic)) {
            topic.epoch = new_epoch();
            self.put_topic(&mut changes, &name, &topic);
            count += 1;
        }
        if count > 0 {
            self.commit(changes)?;
        }
        Ok(count)
    }

    /// Puts records that the store does not have into one of its tables.
    fn put_records(
        &mut self,
        keyspace: u64,
        records: Vec<tables::Salvaged>,
        belongs: impl Fn(&[u8], &[u8]) -> bool,
    ) -> anyhow::Result<usize> {
        let table = match keyspace {
            mend::TOPICS => self.topics.clone(),
            mend::EVENTS => self.events.clone(),
            _ => self.commands.clone(),
        };
        let mut missing = Vec::new();
        for record in records {
            if belongs(&record.key, &record.value) && numbers::find(&table, &record.key)?.is_none()
            {
                missing.push(record);
            }
        }
        for records in missing.chunks(PUT_BACK_MAX) {
            let mut changes: Changes = self.changes();
            for tables::Salvaged { key, value } in records {
                changes.batch.insert(&table, key.clone(), value.clone());
            }
            self.commit(changes)?;
        }
        Ok(missing.len())
    }
}
