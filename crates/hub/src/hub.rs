//! The hub: who is subscribed to what, and what waits for each connection.
//!
//! A subscription of a log topic joins the hub first, then history is read, then it is confirmed.
//! Whatever is published in between is read from history afterwards, so nothing falls through and
//! nothing overtakes the confirmation. The same road serves a reader that falls behind: it leaves
//! live fan-out, is fed from history at its own pace, and rejoins when it has reached the head.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use trunkline_protocol::{
    Codec, Delivery, List, Members, Moment, Offset, Publication, ServerFrame, TopicId, TopicName,
    User,
};

use crate::outbox::Outbox;
use crate::presence::{Change, Presence};
use crate::state::{Connection, Flow, Subscription, Topic};

/// Names a connection of this node. Chosen by whoever opens it, never used again.
pub type ConnectionId = u64;

/// Turns an event from the canonical codec into JSON. None if it cannot be read.
pub type ToJson = fn(&[u8]) -> Option<Vec<u8>>;

/// The bounds of a hub.
#[derive(Clone, Copy, Debug)]
pub struct HubConfig {
    /// The bytes that may wait for one connection before events give way.
    pub outbox_len_max: usize,
    /// The bytes above that which answers may use. Beyond it the connection is closed.
    pub reserve_len_max: usize,
    /// The most topics with subscribers.
    pub topics_max: usize,
    /// How long a user without a connection counts as present.
    pub linger: Duration,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            outbox_len_max: 256 * 1024,
            reserve_len_max: 256 * 1024,
            topics_max: 100_000,
            linger: Duration::from_secs(1),
        }
    }
}

/// More answers wait for a connection than it has room for: it sends and does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxOverflow;

/// A connection has joined a topic and is to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// What the topic is called on the wire.
    pub topic_id: TopicId,
    /// Who is present, the new connection included. The confirmation brings it up to date.
    pub members: Members,
}

/// One node's or shard's subscribers.
#[derive(Debug, Default)]
pub struct Hub {
    pub(crate) config: HubConfig,
    pub(crate) topics: BTreeMap<TopicId, Topic>,
    ids: BTreeMap<TopicName, TopicId>,
    /// Ids below the highest one in use that are free.
    free_ids: BTreeSet<TopicId>,
    pub(crate) connections: BTreeMap<ConnectionId, Connection>,
    dirty: VecDeque<ConnectionId>,
}

impl Hub {
    /// A hub without connections.
    pub fn new(config: HubConfig) -> Self {
        Self {
            config,
            ..Self::default()
        }
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// The topics that have subscribers or lingering members, with the number of users present.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, u32)> {
        self.topics
            .values()
            .map(|topic| (&topic.name, topic.presence.count()))
    }

    /// Tells whether a topic has subscribers or lingering members.
    pub fn is_in_use(&self, topic: &TopicName) -> bool {
        self.ids.contains_key(topic)
    }

    /// Who is present in a topic.
    pub fn members(&self, topic: &TopicName) -> Members {
        self.ids
            .get(topic)
            .and_then(|id| self.topics.get(id))
            .map(|it| it.presence.members())
            .unwrap_or_default()
    }

    /// Opens a connection.
    pub fn open(&mut self, connection: ConnectionId, codec: Codec, user: User) {
        let (outbox, subscriptions) = (Outbox::default(), BTreeMap::new());
        let state = Connection {
            codec,
            user,
            outbox,
            subscriptions,
            fed_last: TopicId(0),
            dirty: false,
        };
        self.connections.insert(connection, state);
    }

    /// Closes a connection: it leaves all its topics.
    pub fn close(&mut self, now: Moment, connection: ConnectionId) {
        let Some(state) = self.connections.remove(&connection) else {
            return;
        };
        for topic_id in state.subscriptions.keys() {
            self.leave(now, connection, &state.user, *topic_id, self.config.linger);
        }
    }

    /// Lets a connection join a topic, in place of an earlier subscription to it. Confirm it next.
    ///
    /// # Errors
    ///
    /// None when there are as many topics as there may be, or the connection is not open.
    pub fn join(
        &mut self,
        connection: ConnectionId,
        topic: &TopicName,
        delivery: Delivery,
        to_json: ToJson,
        presence: bool,
    ) -> Option<Joined> {
        let user = self.connections.get(&connection)?.user.clone();
        let topic_id = self.topic_id(topic, delivery, to_json)?;
        let state = self.connections.get_mut(&connection)?;
        state
            .subscriptions
            .insert(topic_id, Subscription::joining(presence));
        state.outbox.forget(topic_id);
        let entry = self.topics.get_mut(&topic_id)?;
        entry.subscribers.insert(connection);
        let change = entry.presence.join(&user, connection);
        let members = entry.presence.members();
        if let Some(change) = change {
            // The newcomer reads about itself in the confirmation.
            self.announce(topic_id, change, Some(connection));
        }
        Some(Joined { topic_id, members })
    }

    /// Confirms a subscription with the `Subscribed` frame that answers it. `after` is the last
    /// offset that the reader has with it, `head` the log's head when it was read.
    ///
    /// It goes by the topic's name: while history was read, the subscription may have ended and
    /// its id may stand for another topic. Publications for which there is no room are left out
    /// and come from history later.
    ///
    /// # Errors
    ///
    /// [`OutboxOverflow`] if there is no room for the answer.
    pub fn confirm(
        &mut self,
        connection: ConnectionId,
        topic: &TopicName,
        frame: &ServerFrame,
        after: Offset,
        head: Offset,
    ) -> Result<(), OutboxOverflow> {
        let mut frame = frame.clone();
        let (mut start, mut reached, mut has_page) = (after, after, false);
        if let ServerFrame::Subscribed {
            members,
            publications,
            position,
            ..
        } = &mut frame
        {
            // Who joined or left while history was read was not announced to this reader.
            *members = members.take().map(|_| self.members(topic));
            (start, has_page) = (position.offset, !publications.is_empty());
            if has_page && !self.has_room(connection, publications) {
                (*publications, reached, has_page) = (List::default(), start, false);
            }
        }
        self.reply(connection, &frame)?;
        let Some(topic_id) = self.topic_id_of(topic) else {
            return Ok(());
        };
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return Ok(());
        };
        topic.head = topic.head.max(head);
        if let Some(state) = self.connections.get_mut(&connection)
            && let Some(subscription) = state.subscriptions.get_mut(&topic_id)
            && subscription.flow == Flow::Joining
        {
            subscription.begin(topic, reached, topic.fanned_out.max(after), has_page);
            // The confirmation tells who is present. Its publications may be lost on the way.
            subscription.untold.clear();
            subscription.head_told = start;
        }
        self.touch(connection);
        Ok(())
    }

    /// Tells whether publications fit below the bound, where answers do not need the reserve. An
    /// empty outbox takes them in any case.
    fn has_room(&self, connection: ConnectionId, publications: &[Publication]) -> bool {
        let Some(state) = self.connections.get(&connection) else {
            return true;
        };
        let len: usize = publications.iter().map(|it| it.event.len()).sum();
        state.outbox.is_empty() || state.outbox.len() + len <= self.config.outbox_len_max
    }

    /// Ends a subscription. None if there is none.
    pub fn unsubscribe(
        &mut self,
        now: Moment,
        connection: ConnectionId,
        topic: &TopicName,
    ) -> Option<TopicId> {
        let topic_id = *self.ids.get(topic)?;
        let state = self.connections.get_mut(&connection)?;
        state.subscriptions.remove(&topic_id)?;
        state.outbox.forget(topic_id);
        let user = state.user.clone();
        self.leave(now, connection, &user, topic_id, Duration::ZERO);
        Some(topic_id)
    }

    /// Queues an answer.
    ///
    /// # Errors
    ///
    /// [`OutboxOverflow`] if even the reserve is used up.
    pub fn reply(
        &mut self,
        connection: ConnectionId,
        frame: &ServerFrame,
    ) -> Result<(), OutboxOverflow> {
        let room = self.config.outbox_len_max + self.config.reserve_len_max;
        let Some(state) = self.connections.get_mut(&connection) else {
            return Ok(());
        };
        let bytes = state.codec.encode(frame);
        // One answer may be longer than the reserve; an empty outbox always takes it.
        if !state.outbox.is_empty() && state.outbox.len() + bytes.len() > room {
            return Err(OutboxOverflow);
        }
        state.outbox.push(bytes);
        self.touch(connection);
        Ok(())
    }

    /// Takes what waits for a connection, up to `len_max` bytes and at least one frame.
    pub fn take(&mut self, connection: ConnectionId, len_max: usize) -> Vec<Bytes> {
        let taken = self
            .connections
            .get_mut(&connection)
            .map(|state| state.outbox.take(len_max))
            .unwrap_or_default();
        self.tell_untold(connection);
        taken
    }

    /// The bytes that wait for a connection.
    pub fn waiting_len(&self, connection: ConnectionId) -> usize {
        self.connections
            .get(&connection)
            .map_or(0, |state| state.outbox.len())
    }

    /// Lets lingering members go whose time is over.
    pub fn handle_timeout(&mut self, now: Moment) {
        let ids: Vec<TopicId> = self.topics.keys().copied().collect();
        for topic_id in ids {
            let Some(topic) = self.topics.get_mut(&topic_id) else {
                continue;
            };
            for user in topic.presence.expire(now) {
                self.announce(topic_id, Change::Left(user), None);
            }
            self.collect(topic_id);
        }
    }

    /// When to call `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.topics
            .values()
            .filter_map(|topic| topic.presence.poll_timeout())
            .min()
    }

    /// The next connection for which something waits that its driver may not know of.
    pub fn poll_dirty(&mut self) -> Option<ConnectionId> {
        let connection = self.dirty.pop_front()?;
        if let Some(state) = self.connections.get_mut(&connection) {
            state.dirty = false;
        }
        Some(connection)
    }

    pub(crate) fn topic_id_of(&self, topic: &TopicName) -> Option<TopicId> {
        self.ids.get(topic).copied()
    }

    pub(crate) fn touch(&mut self, connection: ConnectionId) {
        if let Some(state) = self.connections.get_mut(&connection)
            && !state.dirty
        {
            state.dirty = true;
            self.dirty.push_back(connection);
        }
    }

    /// Goes through the connections that are subscribed to a topic. `reach` tells whether there is
    /// something to do for one afterwards.
    pub(crate) fn reach_subscribers(
        &mut self,
        topic_id: TopicId,
        mut reach: impl FnMut(ConnectionId, &mut Connection) -> bool,
    ) {
        let Some(topic) = self.topics.get(&topic_id) else {
            return;
        };
        let subscribers: Vec<ConnectionId> = topic.subscribers.iter().copied().collect();
        for id in subscribers {
            if let Some(connection) = self.connections.get_mut(&id)
                && reach(id, connection)
            {
                self.touch(id);
            }
        }
    }

    /// Finds the id of a topic or gives it the lowest one that is free: low numbers are short on
    /// the wire.
    fn topic_id(
        &mut self,
        name: &TopicName,
        delivery: Delivery,
        to_json: ToJson,
    ) -> Option<TopicId> {
        if let Some(topic_id) = self.ids.get(name) {
            return Some(*topic_id);
        }
        if self.topics.len() >= self.config.topics_max {
            return None;
        }
        // When no id below the highest one is free, the ids in use are 1 to the number of topics.
        let next = TopicId(u32::try_from(self.topics.len() + 1).ok()?);
        let topic_id = self.free_ids.pop_first().unwrap_or(next);
        let topic = Topic {
            name: name.clone(),
            delivery,
            to_json,
            head: 0,
            fanned_out: 0,
            subscribers: BTreeSet::new(),
            presence: Presence::default(),
        };
        self.topics.insert(topic_id, topic);
        self.ids.insert(name.clone(), topic_id);
        Some(topic_id)
    }

    fn leave(
        &mut self,
        now: Moment,
        connection: ConnectionId,
        user: &User,
        topic_id: TopicId,
        linger: Duration,
    ) {
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        topic.subscribers.remove(&connection);
        if let Some(change) = topic.presence.leave(user.id, connection, now, linger) {
            self.announce(topic_id, change, None);
        }
        self.collect(topic_id);
    }

    /// Forgets a topic that nobody is subscribed to and nobody lingers in.
    fn collect(&mut self, topic_id: TopicId) {
        if let Some(topic) = self.topics.get(&topic_id)
            && topic.subscribers.is_empty()
            && topic.presence.count() == 0
        {
            self.ids.remove(&topic.name);
            self.topics.remove(&topic_id);
            self.free_ids.insert(topic_id);
        }
    }
}
