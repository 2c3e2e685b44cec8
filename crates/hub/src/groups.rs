//! Groups: the readers of a topic by their pace. Those of one pace share batches, and a short id of the
//! topic; most topics have one.

use trunkline_protocol::{TopicId, TopicName};

use crate::hub::Hub;

/// The groups of one topic. There is at least one.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    first: TopicId,
    /// Takes no memory of its own as long as there is none.
    others: Vec<TopicId>,
}

impl Groups {
    pub(crate) fn new(first: TopicId) -> Self {
        Self {
            first,
            others: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, topic_id: TopicId) {
        self.others.push(topic_id);
    }

    /// Removes one. False if none is left.
    pub(crate) fn remove(&mut self, topic_id: TopicId) -> bool {
        if self.first != topic_id {
            self.others.retain(|other| *other != topic_id);
            return true;
        }
        match self.others.pop() {
            Some(other) => {
                self.first = other;
                true
            }
            None => false,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TopicId> {
        std::iter::once(self.first).chain(self.others.iter().copied())
    }
}

impl Hub {
    /// The groups of a topic that has subscribers.
    pub(crate) fn groups_of(&self, topic: &TopicName) -> impl Iterator<Item = TopicId> + use<> {
        let groups = self.groups.get(topic).cloned();
        groups
            .into_iter()
            .flat_map(|groups| std::iter::once(groups.first).chain(groups.others))
    }
}
