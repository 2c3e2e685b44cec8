//! Fan-out: one publication to all subscribers, encoded once per codec.

use bytes::Bytes;
use trunkline_protocol::{Codec, Delivery, Gap, GapCause, Offset, Payload, Publication, ServerFrame, TopicId, TopicName};

use crate::hub::{Connection, ConnectionId, Flow, Hub, Subscription, ToJson};
use crate::log::Page;
use crate::outbox::Value;
use crate::presence::Change;

/// A frame for any number of connections, encoded when the first of a codec needs it.
struct Encoded<F: Fn(Codec) -> Option<ServerFrame>> {
    frame: F,
    bincode: Option<Bytes>,
    json: Option<Bytes>,
}

impl<F: Fn(Codec) -> Option<ServerFrame>> Encoded<F> {
    fn new(frame: F) -> Self {
        Self { frame, bincode: None, json: None }
    }

    /// The bytes for `codec`. None if the event cannot be turned into it.
    fn get(&mut self, codec: Codec) -> Option<Bytes> {
        let slot = match codec {
            Codec::Bincode => &mut self.bincode,
            Codec::Json => &mut self.json,
        };
        if slot.is_none() {
            *slot = (self.frame)(codec).map(|frame| codec.encode(&frame));
        }
        slot.clone()
    }
}

/// The event of `publication` as `codec` carries it. Brokers keep bincode, the canonical form.
fn event_in(codec: Codec, event: &Payload, to_json: ToJson) -> Option<Payload> {
    match codec {
        Codec::Bincode => Some(event.clone()),
        Codec::Json => Payload::try_from(to_json(event.as_bytes())?).ok(),
    }
}

/// `publications` as `codec` carries them.
pub fn publications_in(codec: Codec, publications: &[Publication], to_json: ToJson) -> Vec<Publication> {
    let convert = |publication: &Publication| {
        Some(Publication { event: event_in(codec, &publication.event, to_json)?, ..publication.clone() })
    };
    publications.iter().filter_map(convert).collect()
}

impl Hub {
    /// Gives a publication to everybody who is subscribed to `topic`. Call it in the order of
    /// offsets. `conflation_key` and `keyframe` are what the topic says of the event.
    pub fn broadcast(&mut self, name: &TopicName, publication: &Publication, conflation_key: Option<&str>, keyframe: bool) {
        let Some(topic_id) = self.topic_id_of(name) else { return };
        let Some(topic) = self.topics.get_mut(&topic_id) else { return };
        topic.head = topic.head.max(publication.offset);
        let (delivery, to_json) = (topic.delivery, topic.to_json);
        let subscribers: Vec<ConnectionId> = topic.subscribers.iter().copied().collect();
        let mut encoded = Encoded::new(|codec| {
            let event = event_in(codec, &publication.event, to_json)?;
            Some(ServerFrame::of_publication(topic_id, Publication { event, ..publication.clone() }))
        });
        let len_max = self.config.outbox_len_max;
        for id in subscribers {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let Some(frame) = encoded.get(connection.codec) else { continue };
            let mut offer = Offer { topic_id, publication, frame, len_max };
            let queued = match delivery {
                Delivery::Log { .. } => offer.to_log(connection),
                Delivery::Latest { .. } => offer.to_latest(connection, conflation_key.unwrap_or_default()),
                Delivery::Volatile => offer.to_volatile(connection),
                Delivery::Keyframed { .. } => offer.to_keyframed(connection, keyframe),
            };
            if queued {
                self.touch(id);
            }
        }
    }

    /// Feeds a subscription that is behind with the page of history after what it has. It rejoins
    /// live fan-out when it has reached the head.
    pub fn feed(&mut self, id: ConnectionId, topic_id: TopicId, page: &Page) {
        let Some(topic) = self.topics.get_mut(&topic_id) else { return };
        topic.head = topic.head.max(page.head);
        let (head, to_json) = (topic.head, topic.to_json);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let codec = connection.codec;
        let Some(subscription) = connection.subscriptions.get_mut(&topic_id) else { return };
        let Flow::Behind { after } = subscription.flow else { return };
        let mut last = after;
        // Retention went past the reader while it was behind: say so.
        if page.first > last + 1 {
            let to = page.first - 1;
            let gap = Gap { from: last + 1, to, count: to - last, cause: GapCause::Retention };
            connection.outbox.push(codec.encode(&ServerFrame::Gap { topic_id, gap }));
            last = to;
        }
        for publication in publications_in(codec, &page.publications, to_json) {
            if publication.offset > last {
                connection.outbox.push(codec.encode(&ServerFrame::of_publication(topic_id, publication)));
            }
        }
        last = page.publications.last().map_or(last, |publication| last.max(publication.offset));
        // A page that brings nothing would be asked for for ever. The heads of the next heartbeat
        // tell the reader if something is missing.
        let done = last >= head || last == after;
        subscription.flow = if done { Flow::Live } else { Flow::Behind { after: last } };
        self.touch(id);
    }

    /// Tells those who watch a topic that somebody joined or left.
    pub(crate) fn announce(&mut self, topic_id: TopicId, change: Change, except: Option<ConnectionId>) {
        let Some(topic) = self.topics.get(&topic_id) else { return };
        let count = topic.presence.count();
        let frame = match change {
            Change::Joined(member) => ServerFrame::Joined { topic_id, count, member },
            Change::Left(user) => ServerFrame::Left { topic_id, count, user },
        };
        let subscribers: Vec<ConnectionId> = topic.subscribers.iter().copied().collect();
        let mut encoded = Encoded::new(|_| Some(frame.clone()));
        let len_max = self.config.outbox_len_max;
        for id in subscribers {
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            let watches = connection
                .subscriptions
                .get(&topic_id)
                .is_some_and(|subscription| subscription.presence && subscription.flow != Flow::Joining);
            // A reader that is this far behind sees who is present when it asks.
            let room = connection.outbox.len() < len_max;
            if watches && room && Some(id) != except
                && let Some(bytes) = encoded.get(connection.codec)
            {
                connection.outbox.push(bytes);
                self.touch(id);
            }
        }
    }
}

/// One publication on its way into one outbox.
struct Offer<'a> {
    topic_id: TopicId,
    publication: &'a Publication,
    frame: Bytes,
    len_max: usize,
}

impl Offer<'_> {
    /// Every event in order: a reader without room leaves live fan-out and reads history instead.
    fn to_log(&mut self, connection: &mut Connection) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else { return false };
        if subscription.flow != Flow::Live {
            return false;
        }
        if !room {
            subscription.flow = Flow::Behind { after: self.publication.offset - u64::from(self.publication.step) };
            return false;
        }
        connection.outbox.push(self.frame.clone());
        true
    }

    /// The newest value per key: an older one that still waits is taken out and counted.
    fn to_latest(&mut self, connection: &mut Connection, key: &str) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else { return false };
        if subscription.flow != Flow::Live {
            return false;
        }
        let offset = self.publication.offset;
        if !room {
            skip(subscription, offset, GapCause::Slow);
            return false;
        }
        say_skipped(connection.codec, &mut connection.outbox, subscription, self.topic_id);
        let value = Value { topic: self.topic_id, key: key.to_owned(), offset };
        if let Some(overtaken) = connection.outbox.push_value(self.frame.clone(), value) {
            skip(subscription, overtaken, GapCause::Conflated);
        }
        true
    }

    /// Only what is fresh: dropped and counted when there is no room in half the outbox, so that
    /// logs have room longer.
    fn to_volatile(&mut self, connection: &mut Connection) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max / 2;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else { return false };
        if subscription.flow != Flow::Live {
            return false;
        }
        if !room {
            skip(subscription, self.publication.offset, GapCause::Slow);
            return false;
        }
        say_skipped(connection.codec, &mut connection.outbox, subscription, self.topic_id);
        connection.outbox.push(self.frame.clone());
        true
    }

    /// Runs that start at a keyframe: after a drop, nothing until the next keyframe.
    fn to_keyframed(&mut self, connection: &mut Connection, keyframe: bool) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max / 2;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else { return false };
        let starts = subscription.flow == Flow::Live || (subscription.flow == Flow::AwaitingKeyframe && keyframe);
        if subscription.flow == Flow::Joining {
            return false;
        }
        if !room || !starts {
            subscription.flow = Flow::AwaitingKeyframe;
            skip(subscription, self.publication.offset, GapCause::Slow);
            return false;
        }
        subscription.flow = Flow::Live;
        say_skipped(connection.codec, &mut connection.outbox, subscription, self.topic_id);
        connection.outbox.push(self.frame.clone());
        true
    }
}

/// Counts a publication that gives way.
fn skip(subscription: &mut Subscription, offset: Offset, cause: GapCause) {
    let gap = subscription.skipped.get_or_insert(Gap { from: offset, to: offset, count: 0, cause });
    gap.from = gap.from.min(offset);
    gap.to = gap.to.max(offset);
    gap.count += 1;
    // Being slow is the graver news.
    if cause == GapCause::Slow {
        gap.cause = cause;
    }
}

/// Says what gave way, before the next publication of the topic.
fn say_skipped(codec: Codec, outbox: &mut crate::outbox::Outbox, subscription: &mut Subscription, topic_id: TopicId) {
    if let Some(gap) = subscription.skipped.take() {
        outbox.push(codec.encode(&ServerFrame::Gap { topic_id, gap }));
    }
}
