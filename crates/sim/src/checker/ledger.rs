//! The ledger: what every log was given, as the checker wrote it down itself.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::{Delivery, Epoch, Offset, Position, TopicName};

use super::{Verdict, ensure};
use crate::event::Event;

/// Users from here on are intruders, who count as they like.
pub(crate) const INTRUDERS: u64 = 1_000;

/// Users from here on are of the crowd, who send old commands again out of order.
pub(crate) const CROWD: u64 = 2_000;

#[derive(Debug, Default)]
struct History {
    /// The offset before the first event: an epoch may begin with what another one left.
    base: Offset,
    events: Vec<Event>,
    taken: BTreeSet<(u64, u64, u32)>,
    newest_of_sender: BTreeMap<u64, u32>,
    /// The oldest offset that the log still keeps.
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

    /// Offsets have no holes, a command is taken once, and a sender's commands keep their order.
    pub(crate) fn append(
        &mut self,
        topic: usize,
        epoch: Epoch,
        offset: Offset,
        event: &Event,
    ) -> Verdict {
        let history = self.topics[topic].histories.entry(epoch).or_default();
        let expected = history.head() + 1;
        ensure("one total order", offset == expected, || {
            format!("topic {topic}: offset {offset} was given where {expected} was next")
        })?;
        history.events.push(event.clone());
        if event.author == 0 {
            return Ok(());
        }
        let id = (event.author, event.sender, event.counter);
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

    /// An epoch begins with what is left of another one, from `first` on.
    pub(crate) fn begin(&mut self, topic: usize, epoch: Epoch, first: Offset) {
        let history = self.topics[topic].histories.entry(epoch).or_default();
        history.base = first - 1;
    }

    /// The newest offset that was given.
    pub(crate) fn head(&self, topic: usize, epoch: Epoch) -> Offset {
        let history = self.topics[topic].histories.get(&epoch);
        history.map_or(0, History::head)
    }

    /// The log of `topic` keeps what begins at `first`.
    pub(crate) fn keeps(&mut self, topic: usize, epoch: Epoch, first: Offset) {
        self.topics[topic].histories.entry(epoch).or_default().first = first;
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
        let place = position.offset.checked_sub(history.base + 1)?;
        history.events.get(usize::try_from(place).ok()?)
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
