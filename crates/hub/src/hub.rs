//! The hub: who is subscribed to what, and what waits for each connection.
//!
//! Here are its connections and what goes out to them; `joining` holds subscriptions, `fan_out`
//! publications, `catch_up` those that are behind. A subscription of a log topic joins the hub first, then history is read, then it is confirmed.
//! Whatever is published in between is read from history afterwards, so nothing falls through and
//! nothing overtakes the confirmation. The same road serves a reader that falls behind: it leaves
//! live fan-out, is fed from history at its own pace, and rejoins when it has reached the head.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use trunkline_protocol::{Codec, Delivery, ServerFrame, TopicId, TopicName};

use crate::groups::Groups;
use crate::outbox::Outbox;
use crate::state::{Connection, Dirty, Encoder, Subscriptions, Topic};

/// Names a connection of this node. Its low 32 bits are its slot in the hub: a small number that
/// only one open connection has. The others tell apart those that have a slot one after another.
pub type ConnectionId = u64;

/// Turns an event from the canonical codec into JSON. None if it cannot be read.
pub type ToJson = fn(&[u8]) -> Option<Vec<u8>>;

/// Appends a frame to some bytes as its transport sends it.
pub type Framing = fn(Codec, &[u8], &mut Vec<u8>);

/// The bounds of a hub.
#[derive(Clone, Copy, Debug)]
pub struct HubConfig {
    /// The bytes that may wait for one connection before events give way.
    pub outbox_len_max: usize,
    /// The bytes above that which answers may use. Beyond it the connection is closed.
    pub reserve_len_max: usize,
    /// The most topics with subscribers.
    pub topics_max: usize,
    /// How frames are wrapped for the transport.
    pub framing: Framing,
    /// Whether streams, which are the events of volatile and keyframed topics, let everything else
    /// overtake them in an outbox. False only to measure what that is good for.
    pub priorities: bool,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            outbox_len_max: 256 * 1024,
            reserve_len_max: 256 * 1024,
            topics_max: 100_000,
            framing: |_, frame, bytes| bytes.extend_from_slice(frame),
            priorities: true,
        }
    }
}

/// What the hub has to know of a kind of topic.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What it promises.
    pub delivery: Delivery,
    /// How its events become JSON.
    pub to_json: ToJson,
    /// How long an event may wait for others to go out with it. The first after a pause does not
    /// wait. The delivery's [`interval_min`](Delivery::interval_min) counts if it is longer.
    pub flush_window: Duration,
}

/// More answers wait for a connection than it has room for: it sends and does not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxOverflow;

/// The subscribers of a node, or of one of its shards.
#[derive(Debug, Default)]
pub struct Hub {
    pub(crate) config: HubConfig,
    pub(crate) topics: BTreeMap<TopicId, Topic>,
    pub(crate) groups: BTreeMap<TopicName, Groups>,
    /// Ids below the highest one in use that are free.
    pub(crate) free_ids: BTreeSet<TopicId>,
    /// By their slots.
    connections: Vec<Option<Connection>>,
    open: usize,
    /// Topics with publications that wait to be fanned out.
    pub(crate) waiting: Vec<TopicId>,
    dirty: VecDeque<ConnectionId>,
    answered: VecDeque<ConnectionId>,
}

fn slot(connection: ConnectionId) -> usize {
    connection as u32 as usize
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
        self.open
    }

    /// The topics that have subscribers.
    pub fn topics(&self) -> impl Iterator<Item = &TopicName> {
        self.groups.keys()
    }

    /// Opens a connection.
    pub fn open(&mut self, connection: ConnectionId, codec: Codec) {
        let at = slot(connection);
        if self.connections.len() <= at {
            self.connections.resize_with(at + 1, || None);
        }
        let framing = self.config.framing;
        let state = Connection {
            id: connection,
            encoder: Encoder { codec, framing },
            outbox: Outbox::new(self.config.priorities),
            subscriptions: Subscriptions::default(),
            lags: false,
            fed_last: TopicId(0),
            dirty: Dirty::No,
        };
        if self.connections[at].replace(state).is_none() {
            self.open += 1;
        }
    }

    /// Closes a connection, and returns the topics that it was subscribed to.
    pub fn close(&mut self, connection: ConnectionId) -> Vec<TopicName> {
        let left = self.leave_all(connection);
        if self.connection(connection).is_some() {
            self.connections[slot(connection)] = None;
            self.open -= 1;
        }
        left
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
        let Some(state) = self.connection(connection) else {
            return Ok(());
        };
        self.push(connection, state.encoder.encode(frame))
    }

    /// Queues bytes that are framed already: what a transport says for itself.
    ///
    /// # Errors
    ///
    /// [`OutboxOverflow`] if even the reserve is used up.
    pub fn push(&mut self, connection: ConnectionId, bytes: Bytes) -> Result<(), OutboxOverflow> {
        let room = self.config.outbox_len_max + self.config.reserve_len_max;
        let Some(state) = self.connection_mut(connection) else {
            return Ok(());
        };
        // One answer may be longer than the reserve; an empty outbox always takes it.
        if !state.outbox.is_empty() && state.outbox.len() + bytes.len() > room {
            return Err(OutboxOverflow);
        }
        state.outbox.push(bytes);
        self.touch(connection, Dirty::Answer);
        Ok(())
    }

    /// Queues bytes that are framed already, whatever waits before them. For what ends a connection,
    /// and for transports that bound what they queue in another way.
    pub fn push_unbounded(&mut self, connection: ConnectionId, bytes: Bytes) {
        if let Some(state) = self.connection_mut(connection) {
            state.outbox.push(bytes);
            self.touch(connection, Dirty::Answer);
        }
    }

    /// Takes what waits for a connection, up to `len_max` bytes and at least one slice: a frame, or
    /// a batch of them.
    pub fn take(&mut self, connection: ConnectionId, len_max: usize) -> Vec<Bytes> {
        let taken = self
            .connection_mut(connection)
            .map(|state| state.outbox.take(len_max))
            .unwrap_or_default();
        self.tell_untold(connection);
        taken
    }

    /// What waits for a connection.
    pub fn outbox(&self, connection: ConnectionId) -> Option<&Outbox> {
        self.connection(connection).map(|state| &state.outbox)
    }

    /// The first `len` bytes of what waits are sent.
    pub fn wrote(&mut self, connection: ConnectionId, len: usize) {
        if let Some(state) = self.connection_mut(connection) {
            state.outbox.advance(len);
            self.tell_untold(connection);
        }
    }

    /// The bytes that wait for a connection.
    pub fn waiting_len(&self, connection: ConnectionId) -> usize {
        self.outbox(connection).map_or(0, Outbox::len)
    }

    /// Tells whether a connection has room for a further answer, so that a request of it may be carried
    /// out. What is left above is for answers that nobody can hold back.
    pub fn may_answer(&self, connection: ConnectionId) -> bool {
        self.waiting_len(connection) <= self.config.outbox_len_max
    }

    /// The next connection for which something waits that its driver may not know of. Those with
    /// answers come first.
    pub fn poll_dirty(&mut self) -> Option<ConnectionId> {
        self.poll_answered().or_else(|| {
            while let Some(connection) = self.dirty.pop_front() {
                if self.clean(connection) {
                    return Some(connection);
                }
            }
            None
        })
    }

    /// The next connection for which an answer waits that its driver may not know of.
    pub fn poll_answered(&mut self) -> Option<ConnectionId> {
        while let Some(connection) = self.answered.pop_front() {
            if self.clean(connection) {
                return Some(connection);
            }
        }
        None
    }

    /// Tells whether `poll_dirty` has something.
    pub fn is_dirty(&self) -> bool {
        !self.dirty.is_empty() || !self.answered.is_empty()
    }

    /// Takes the mark of a connection off. False if it has none any more.
    fn clean(&mut self, connection: ConnectionId) -> bool {
        let marked =
            |state: &mut Connection| std::mem::replace(&mut state.dirty, Dirty::No) != Dirty::No;
        self.connection_mut(connection).is_some_and(marked)
    }

    /// What a topic is called on the wire for a connection that is subscribed to it.
    pub fn topic_id_of(&self, connection: ConnectionId, topic: &TopicName) -> Option<TopicId> {
        let groups = self.groups.get(topic)?;
        let subscriptions = &self.connection(connection)?.subscriptions;
        groups.iter().find(|id| subscriptions.get(*id).is_some())
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        let state = self.connections.get(slot(id))?.as_ref()?;
        (state.id == id).then_some(state)
    }

    pub(crate) fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let state = self.connections.get_mut(slot(id))?.as_mut()?;
        (state.id == id).then_some(state)
    }

    /// A topic and a connection at once.
    pub(crate) fn both_mut(
        &mut self,
        topic: TopicId,
        id: ConnectionId,
    ) -> Option<(&mut Topic, &mut Connection)> {
        let topic = self.topics.get_mut(&topic)?;
        let state = self.connections.get_mut(slot(id))?.as_mut()?;
        (state.id == id).then_some((topic, state))
    }

    /// Notes that something waits for a connection.
    pub(crate) fn touch(&mut self, connection: ConnectionId, what: Dirty) {
        let Some(state) = self.connection_mut(connection) else {
            return;
        };
        match (state.dirty, what) {
            (Dirty::No | Dirty::Events, Dirty::Answer) => {
                state.dirty = Dirty::Answer;
                self.answered.push_back(connection);
            }
            (Dirty::No, Dirty::Events) => {
                state.dirty = Dirty::Events;
                self.dirty.push_back(connection);
            }
            (_, Dirty::No) | (Dirty::Events | Dirty::Answer, Dirty::Events) => {}
            (Dirty::Answer, Dirty::Answer) => {}
        }
    }

    /// Goes through the connections that are subscribed to a topic. `reach` tells whether there is
    /// something to do for one afterwards.
    pub(crate) fn reach_subscribers(
        &mut self,
        topic_id: TopicId,
        mut reach: impl FnMut(&mut Connection) -> bool,
    ) {
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        let subscribers = std::mem::take(&mut topic.subscribers);
        for id in &subscribers {
            if self.connection_mut(*id).is_some_and(&mut reach) {
                self.touch(*id, Dirty::Events);
            }
        }
        if let Some(topic) = self.topics.get_mut(&topic_id) {
            topic.subscribers = subscribers;
        }
    }
}
