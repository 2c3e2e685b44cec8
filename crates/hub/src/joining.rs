//! Joining and leaving: subscriptions, from the wish to the confirmation and to the end, and the
//! short ids of topics that have any.

use trunkline_protocol::{
    Delivery, List, Moment, Offset, Publication, ServerFrame, TopicId, TopicName,
};

use crate::announce::end_epoch;
use crate::batch::Batch;
use crate::groups::Groups;
use crate::hub::{ConnectionId, Hub, Kind, OutboxOverflow};
use crate::state::{Dirty, Flow, Subscription, Topic, index};

/// The most bytes of a run's events that a confirmation brings.
const RUN_IN_ANSWER_LEN_MAX: usize = 16 * 1024;

/// A connection has joined a topic and is to be confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// What the topic is called on the wire.
    pub topic_id: TopicId,
    /// The connection was subscribed before.
    pub again: bool,
}

impl Hub {
    /// Lets a connection join a topic, in place of an earlier subscription to it. Confirm it next.
    ///
    /// # Errors
    ///
    /// None when there are as many topics as there may be, or the connection is not open.
    pub fn join(
        &mut self,
        connection: ConnectionId,
        topic: &TopicName,
        kind: Kind,
        presence: bool,
    ) -> Option<Joined> {
        let codec = self.connection(connection)?.encoder.codec;
        let topic_id = self.topic_id(topic, kind)?;
        let moves = self
            .topic_id_of(connection, topic)
            .filter(|id| *id != topic_id);
        if let Some(other_pace) = moves {
            self.leave(connection, other_pace);
        }
        let (entry, state) = self.both_mut(topic_id, connection)?;
        let before = state.subscriptions.get(topic_id);
        let before = before.map(|it| (it.place, it.presence));
        let place = before.map_or_else(
            || {
                entry.subscribers.push(connection);
                entry.readers[index(codec)] += 1;
                (entry.subscribers.len() - 1) as u32
            },
            |(place, watched)| {
                entry.watchers -= u32::from(watched);
                place
            },
        );
        entry.watchers += u32::from(presence);
        state
            .subscriptions
            .insert(topic_id, Subscription::joining(presence, place));
        // The confirmation would overtake what waits of the subscription before.
        state.outbox.forget(topic_id);
        Some(Joined {
            topic_id,
            again: before.is_some() || moves.is_some(),
        })
    }

    /// Confirms a subscription with the `Subscribed` frame that answers it. `after` is the last
    /// offset that the reader has with it, `head` the log's head when it was read.
    ///
    /// It goes by the topic's name: while history was read, the subscription may have ended and
    /// its id may stand for another topic. Publications for which there is no room are left out
    /// and come from history later. Who is present must be as of now, since what was announced
    /// meanwhile was not told to this reader.
    ///
    /// # Errors
    ///
    /// [`OutboxOverflow`] if there is no room for the answer.
    pub fn confirm(
        &mut self,
        connection: ConnectionId,
        topic: &TopicName,
        mut frame: ServerFrame,
        after: Offset,
        head: Offset,
    ) -> Result<(), OutboxOverflow> {
        let (mut start, mut reached, mut follows) = (after, after, false);
        let mut epoch = None;
        let is_run = self.is_run(connection, topic);
        if let ServerFrame::Subscribed {
            publications,
            position,
            recovered,
            ..
        } = &mut frame
        {
            (epoch, start) = (Some(position.epoch), position.offset);
            follows = *recovered || !publications.is_empty();
            if !publications.is_empty() && !self.has_room(connection, publications, is_run) {
                (*publications, reached) = (List::default(), start);
            }
        }
        self.reply(connection, &frame)?;
        let Some(topic_id) = self.topic_id_of(connection, topic) else {
            return Ok(());
        };
        if let Some((topic, state)) = self.both_mut(topic_id, connection)
            && let Some(subscription) = state.subscriptions.get_mut(topic_id)
            && subscription.flow == Flow::Joining
        {
            if subscription.outdated {
                end_epoch(state.encoder, &mut state.outbox, subscription, topic_id);
                self.touch(connection, Dirty::Answer);
                return Ok(());
            }
            topic.head = topic.head.max(head);
            subscription.epoch = epoch;
            subscription.begin(topic, reached, topic.fanned_out.max(after), follows);
            state.lags |= subscription.is_behind();
            // The confirmation tells who is present. Its publications may be lost on the way.
            subscription.untold.clear();
            subscription.head_told = start;
        }
        self.touch(connection, Dirty::Answer);
        Ok(())
    }

    /// Tells whether publications fit below the bound, where answers do not need the reserve. An
    /// empty outbox takes them in any case. Of a run only a short begin is part of an answer, which
    /// goes first: the rest follows where it can be overtaken.
    fn has_room(
        &self,
        connection: ConnectionId,
        publications: &[Publication],
        is_run: bool,
    ) -> bool {
        let Some(state) = self.connection(connection) else {
            return true;
        };
        let len: usize = publications.iter().map(|it| it.event.len()).sum();
        if is_run && len > RUN_IN_ANSWER_LEN_MAX {
            return false;
        }
        state.outbox.is_empty() || state.outbox.len() + len <= self.config.outbox_len_max
    }

    /// Tells whether a topic that a connection is subscribed to delivers runs.
    fn is_run(&self, connection: ConnectionId, topic: &TopicName) -> bool {
        let topic = self.topic_id_of(connection, topic);
        let topic = topic.and_then(|topic_id| self.topics.get(&topic_id));
        topic.is_some_and(|topic| matches!(topic.kind.delivery, Delivery::Keyframed { .. }))
    }

    /// Ends a subscription. None if there is none.
    pub fn unsubscribe(&mut self, connection: ConnectionId, topic: &TopicName) -> Option<TopicId> {
        let topic_id = self.topic_id_of(connection, topic)?;
        self.leave(connection, topic_id);
        Some(topic_id)
    }

    /// Ends all subscriptions of a connection, and returns their topics. What waits still goes out.
    pub fn leave_all(&mut self, connection: ConnectionId) -> Vec<TopicName> {
        let Some(state) = self.connection(connection) else {
            return Vec::new();
        };
        let ids: Vec<TopicId> = state.subscriptions.topics().collect();
        let left = ids.into_iter().filter_map(|topic_id| {
            let name = self.topics.get(&topic_id)?.name.clone();
            self.leave(connection, topic_id);
            Some(name)
        });
        left.collect()
    }

    /// Finds the id of a topic or gives it the lowest one that is free: low numbers are short on
    /// the wire.
    fn topic_id(&mut self, name: &TopicName, kind: Kind) -> Option<TopicId> {
        let flush_window = kind.flush_window.max(kind.delivery.interval_min());
        let groups = self.groups.get(name);
        let is_of_pace = |id: &TopicId| {
            let topic = self.topics.get(id);
            topic.is_some_and(|topic| topic.kind.flush_window == flush_window)
        };
        if let Some(topic_id) = groups.and_then(|groups| groups.iter().find(is_of_pace)) {
            return Some(topic_id);
        }
        if self.topics.len() >= self.config.topics_max {
            return None;
        }
        // When no id below the highest one is free, the ids in use are 1 to the number of topics.
        let next = TopicId(u32::try_from(self.topics.len() + 1).ok()?);
        let topic_id = self.free_ids.pop_first().unwrap_or(next);
        let topic = Topic {
            name: name.clone(),
            kind: Kind {
                flush_window,
                ..kind
            },
            head: 0,
            fanned_out: 0,
            subscribers: Vec::new(),
            readers: [0, 0],
            watchers: 0,
            batch: Batch::default(),
            flush_from: Moment::default(),
            people: 0,
        };
        self.topics.insert(topic_id, topic);
        match self.groups.get_mut(name) {
            Some(groups) => groups.add(topic_id),
            None => drop(self.groups.insert(name.clone(), Groups::new(topic_id))),
        }
        Some(topic_id)
    }

    /// Ends a subscription. The last subscriber's place among the topic's goes to the one that
    /// moves up into it.
    fn leave(&mut self, connection: ConnectionId, topic_id: TopicId) {
        let Some((topic, state)) = self.both_mut(topic_id, connection) else {
            return;
        };
        let Some(subscription) = state.subscriptions.remove(topic_id) else {
            return;
        };
        topic.readers[index(state.encoder.codec)] -= 1;
        topic.watchers -= u32::from(subscription.presence);
        let place = subscription.place as usize;
        topic.subscribers.swap_remove(place);
        // What ends the subscription would overtake it.
        state.outbox.forget(topic_id);
        match topic.subscribers.get(place).copied() {
            Some(moved) => {
                if let Some(state) = self.connection_mut(moved)
                    && let Some(subscription) = state.subscriptions.get_mut(topic_id)
                {
                    subscription.place = place as u32;
                }
            }
            None if topic.subscribers.is_empty() => self.collect(topic_id),
            None => {}
        }
    }

    /// Forgets a topic without subscribers.
    fn collect(&mut self, topic_id: TopicId) {
        if let Some(topic) = self.topics.remove(&topic_id) {
            if let Some(groups) = self.groups.get_mut(&topic.name)
                && !groups.remove(topic_id)
            {
                self.groups.remove(&topic.name);
            }
            self.free_ids.insert(topic_id);
            self.waiting.retain(|waiting| *waiting != topic_id);
        }
    }
}
