//! The ledger: what every log was given, as the checker wrote it down itself.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::{Delivery, Epoch, Offset, Position, Publication, TopicName};

use super::{Verdict, ensure};
use crate::event::Event;

/// Users from here on are intruders, who count as they like.
pub(crate) const INTRUDERS: u64 = 1_000;

/// Users from here on are of the crowd, who send old commands again out of order.
pub(crate) const CROWD: u64 = 2_000;

/// The author of an event, its sender and its counter.
type EventId = (u64, u64, u32);

fn id_of(event: &Event) -> EventId {
    (event.author, event.sender, event.counter)
}

#[derive(Debug, Default)]
struct History {
    /// The offset before the first event: an epoch may begin with what another one left.
    base: Offset,
    /// That other one.
    parent: Option<Epoch>,
    events: Vec<Event>,
    taken: BTreeSet<EventId>,
    newest_of_sender: BTreeMap<u64, u32>,
    /// The oldest offset that the log keeps, at the highest. A store that is opened goes on from the
    /// time that it recorded last, and may have events again that were too old just before: a reader
    /// that was told they are gone was told the truth.
    first: Offset,
}

impl History {
    fn head(&self) -> Offset {
        self.base + self.events.len() as u64
    }
}

/// One topic through all its epochs.
#[derive(Debug)]
struct Topic {
    name: TopicName,
    delivery: Delivery,
    histories: BTreeMap<Epoch, History>,
    /// Time at which each event got its place, by the time of the run.
    placed_at_ms: BTreeMap<EventId, u64>,
}

/// What every log was given.
#[derive(Debug)]
pub(crate) struct Ledger {
    topics: Vec<Topic>,
}

impl Ledger {
    pub(crate) fn new(topics: usize) -> Self {
        Self {
            topics: Vec::with_capacity(topics),
        }
    }

    pub(crate) fn add_topic(&mut self, name: TopicName, delivery: Delivery) {
        self.topics.push(Topic {
            name,
            delivery,
            histories: BTreeMap::new(),
            placed_at_ms: BTreeMap::new(),
        });
    }

    pub(crate) fn topic_named(&self, name: &str) -> Option<usize> {
        self.topics
            .iter()
            .position(|topic| topic.name.as_str() == name)
    }

    pub(crate) fn delivery(&self, topic: usize) -> Delivery {
        self.topics[topic].delivery
    }

    /// An event has its place, and is on its way to the disk.
    pub(crate) fn placed(&mut self, topic: usize, event: &Event, at_ms: u64) {
        let placed_at_ms = &mut self.topics[topic].placed_at_ms;
        placed_at_ms.entry(id_of(event)).or_insert(at_ms);
    }

    /// Offsets have no holes, a command is taken once, and a sender's commands keep their order.
    pub(crate) fn append(&mut self, topic: usize, position: Position, event: &Event) -> Verdict {
        let Position { epoch, offset } = position;
        let id = id_of(event);
        let history = self.topics[topic].histories.entry(epoch).or_default();
        let expected = history.head() + 1;
        ensure("one total order", offset == expected, || {
            format!("topic {topic}: offset {offset} was given where {expected} was next")
        })?;
        history.events.push(event.clone());
        if event.author == 0 {
            return Ok(());
        }
        ensure("exactly once", history.taken.insert(id), || {
            format!("topic {topic}: {id:?} again, at {offset}")
        })?;
        if event.author >= INTRUDERS {
            return Ok(());
        }
        let newest = history
            .newest_of_sender
            .insert(event.sender, event.counter)
            .unwrap_or(0);
        ensure("a sender's order", newest < event.counter, || {
            format!(
                "topic {topic}: command {} of {} came after {newest}",
                event.counter, event.sender
            )
        })
    }

    /// An epoch begins with what is left of another one. It was never used before.
    pub(crate) fn begin(
        &mut self,
        topic: usize,
        (parent, position): (Option<Epoch>, Position),
        kept: &[(Publication, Event)],
    ) -> Verdict {
        let Position { epoch, offset } = position;
        let histories = &mut self.topics[topic].histories;
        let is_new = !histories.contains_key(&epoch);
        ensure("an epoch is used once", is_new, || {
            format!("topic {topic}: {epoch:?} again, at {offset}")
        })?;
        let history = histories.entry(epoch).or_default();
        history.base = offset - kept.len() as u64;
        history.first = history.base + 1;
        history.parent = parent;
        for (publication, event) in kept {
            let offset = publication.offset;
            self.append(topic, Position { epoch, offset }, event)?;
        }
        Ok(())
    }

    /// Tells whether there is a history of this epoch.
    pub(crate) fn knows(&self, topic: usize, epoch: Epoch) -> bool {
        self.topics[topic].histories.contains_key(&epoch)
    }

    /// The newest offset that was given.
    pub(crate) fn head(&self, topic: usize, epoch: Epoch) -> Offset {
        let history = self.topics[topic].histories.get(&epoch);
        history.map_or(0, History::head)
    }

    /// The log of `topic` keeps what begins at `first`. What it does not keep any more is more than
    /// it is to keep, or older.
    pub(crate) fn keeps(
        &mut self,
        topic: usize,
        epoch: Epoch,
        first: Offset,
        at_ms: u64,
    ) -> Verdict {
        let Topic {
            delivery,
            histories,
            placed_at_ms,
            ..
        } = &mut self.topics[topic];
        let history = histories.entry(epoch).or_default();
        let before = history.first;
        history.first = before.max(first);
        let Delivery::Log { keep, max_age } = *delivery else {
            return Ok(());
        };
        let head = history.head();
        for gone in before.max(history.base + 1)..first.min(head + 1) {
            let place = (gone - history.base - 1) as usize;
            let placed_at_ms = placed_at_ms.get(&id_of(&history.events[place]));
            let age_ms = at_ms - placed_at_ms.copied().unwrap_or(at_ms);
            let fair = head - gone >= u64::from(keep) || u128::from(age_ms) > max_age.as_millis();
            ensure("nothing is deleted early", fair, || {
                format!("topic {topic}: {gone} of {epoch:?} is gone after {age_ms} ms")
            })?;
        }
        Ok(())
    }

    /// Tells whether the log has let `offset` go.
    pub(crate) fn is_gone(&self, topic: usize, position: Position) -> bool {
        self.topics[topic]
            .histories
            .get(&position.epoch)
            .is_none_or(|history| position.offset < history.first)
    }

    pub(crate) fn event(&self, topic: usize, position: Position) -> Option<&Event> {
        let history = self.topics[topic].histories.get(&position.epoch)?;
        match position.offset.checked_sub(history.base + 1) {
            Some(place) => history.events.get(usize::try_from(place).ok()?),
            // Only a message id remembers it. It kept its offset.
            None => {
                let epoch = history.parent?;
                self.event(topic, Position { epoch, ..position })
            }
        }
    }

    /// The events of an epoch after `offset`, with their offsets.
    pub(crate) fn after(
        &self,
        topic: usize,
        position: Position,
    ) -> impl Iterator<Item = (Offset, &Event)> {
        let history = self.topics[topic].histories.get(&position.epoch);
        let (base, events) = history.map_or((0, [].as_slice()), |history| {
            (history.base, history.events.as_slice())
        });
        let skip = usize::try_from(position.offset.saturating_sub(base)).unwrap_or(usize::MAX);
        (base + 1..).zip(events).skip(skip)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trunkline_protocol::Text;

    use super::*;

    #[test]
    fn what_was_gone_once_was_rightly_said_to_be_gone() {
        let mut ledger = Ledger::new(1);
        let max_age = Duration::from_secs(3);
        let name = "chat:a".parse().expect("a name");
        ledger.add_topic(name, Delivery::Log { keep: 9, max_age });
        let epoch = Epoch(1);
        let at = |offset| Position { epoch, offset };
        for offset in 1..=3 {
            let event = Event {
                counter: offset as u32,
                author: 0,
                sender: 0,
                key: 0,
                keyframe: false,
                filling: Text::default(),
            };
            ledger.placed(0, &event, 0);
            ledger.append(0, at(offset), &event).expect("in order");
        }
        ledger.keeps(0, epoch, 3, 4_000).expect("too old");
        // The server starts again, and its time goes on from what it recorded.
        ledger.keeps(0, epoch, 1, 5_000).expect("kept again");
        assert!(ledger.is_gone(0, at(2)) && !ledger.is_gone(0, at(3)));
    }
}
