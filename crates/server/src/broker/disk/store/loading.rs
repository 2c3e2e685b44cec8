//! Loading: the log of a topic as the store has it, or what is left of it behind damage.

use fjall::Keyspace;
use trunkline_hub::{Kept, KeptId, Log};
use trunkline_protocol::{Delivery, Offset};

use super::super::record::{self, TopicRecord, event_key, offset_in};
use super::fault::Fault;
use super::{Changes, Store};
use crate::broker::new_epoch;

/// Contents of a store for a topic's log.
pub(in crate::broker::disk) enum Loaded {
    /// All that the topic's record promises.
    Whole(Log),
    /// Events or message ids are damaged or missing. The log has the events that follow the last
    /// damaged one, and, if an id is damaged, no ids. It and its record have another epoch, and are
    /// not in the store yet.
    Rest(TopicRecord, Log),
}

/// Records of one topic in the order of their offsets; `None` where one is damaged.
type Found<T> = Vec<(Offset, Option<T>)>;

impl Store {
    /// Reads the log of a topic.
    ///
    /// # Errors
    ///
    /// A table is damaged, which a repair will mend ([`is_damage`](super::is_damage)), or cannot be
    /// read now.
    pub(in crate::broker::disk) fn load(
        &self,
        topic: &TopicRecord,
        delivery: Delivery,
    ) -> anyhow::Result<Loaded> {
        let events = self.found_events(topic, topic.extent.first)?;
        let mut rest = *topic;
        let whole = events
            .iter()
            .map(|(offset, event)| (*offset, event.is_some()));
        if let Some(damaged) = topic.extent.damaged_at(whole) {
            rest.extent = rest.extent.behind(damaged);
        }
        let ids = self.ids_from(&rest, rest.extent.first_key)?;
        if ids.is_none() {
            rest.extent.first_key = rest.extent.head + 1;
        }
        let is_whole = rest == *topic && ids.is_some();
        if !is_whole {
            rest.epoch = new_epoch();
        }
        let kept = events.into_iter().filter_map(|(_, event)| event);
        let kept = kept.filter(|it| it.publication.offset >= rest.extent.first);
        let log = Log::restore(
            (rest.epoch, delivery),
            rest.extent,
            kept,
            ids.unwrap_or_default(),
        );
        let log =
            log.map_err(|_| Fault::damaged("the records of a topic contradict each other"))?;
        Ok(match is_whole {
            true => Loaded::Whole(log),
            false => Loaded::Rest(rest, log),
        })
    }

    /// Reads the events of a topic from `first` on. `None` if one is damaged.
    pub(in crate::broker::disk) fn events_from(
        &self,
        topic: &TopicRecord,
        first: Offset,
    ) -> anyhow::Result<Option<Vec<Kept>>> {
        let found = self.found_events(topic, first)?;
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    fn found_events(&self, topic: &TopicRecord, first: Offset) -> anyhow::Result<Found<Kept>> {
        read_all(&self.events, (topic.id, first), record::read_event)
    }

    /// Reads the message ids of a topic from `first` on. `None` if one is damaged, or above the
    /// topic's head.
    fn ids_from(&self, topic: &TopicRecord, first: Offset) -> anyhow::Result<Option<Vec<KeptId>>> {
        let since = self.ids_since;
        let read = |key: &[u8], value: &[u8]| record::read_command(key, value, since);
        let found = read_all(&self.commands, (topic.id, first), read)?;
        let head = topic.extent.head;
        let ids = found
            .into_iter()
            .map(|(offset, id)| id.filter(|_| offset <= head));
        Ok(ids.collect())
    }

    /// Removes what a topic had before damage was found, and has not in its `rest`.
    pub(in crate::broker::disk) fn remove_damaged(
        &self,
        changes: &mut Changes,
        before: &TopicRecord,
        rest: &TopicRecord,
    ) -> anyhow::Result<()> {
        let (was, is) = (before.extent, rest.extent);
        for (table, first, kept) in [
            (&self.events, was.first, is.first..=is.head),
            (&self.commands, was.first_key, is.first_key..=is.head),
        ] {
            let all = event_key(before.id, first)..=event_key(before.id, Offset::MAX);
            for entry in table.range(all) {
                let key = entry.key()?;
                if !offset_in(&key).is_some_and(|offset| kept.contains(&offset)) {
                    changes.batch.remove(table, key);
                }
            }
        }
        Ok(())
    }
}

/// Reads the records of a topic from an offset on.
fn read_all<T>(
    table: &Keyspace,
    (topic, first): (u64, Offset),
    read: impl Fn(&[u8], &[u8]) -> Option<T>,
) -> anyhow::Result<Found<T>> {
    let mut all = Vec::new();
    for entry in table.range(event_key(topic, first)..=event_key(topic, Offset::MAX)) {
        let (key, value) = entry.into_inner()?;
        if let Some(offset) = offset_in(&key) {
            all.push((offset, read(&key, &value)));
        }
    }
    Ok(all)
}
