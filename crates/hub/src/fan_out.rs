//! Fan-out: one publication to all subscribers, encoded once per codec.

use bytes::Bytes;
use trunkline_protocol::{
    Codec, Delivery, Gap, GapCause, Offset, Payload, Publication, ServerFrame, TopicId, TopicName,
};

use crate::hub::{Hub, ToJson};
use crate::outbox::{Outbox, Value};
use crate::state::{Connection, Flow, Subscription};

/// A frame for any number of connections, encoded when the first of a codec needs it.
pub(crate) struct Encoded<F: Fn(Codec) -> ServerFrame> {
    frame: F,
    bincode: Option<Bytes>,
    json: Option<Bytes>,
}

impl<F: Fn(Codec) -> ServerFrame> Encoded<F> {
    pub(crate) fn new(frame: F) -> Self {
        Self {
            frame,
            bincode: None,
            json: None,
        }
    }

    pub(crate) fn get(&mut self, codec: Codec) -> Bytes {
        let slot = match codec {
            Codec::Bincode => &mut self.bincode,
            Codec::Json => &mut self.json,
        };
        slot.get_or_insert_with(|| codec.encode(&(self.frame)(codec)))
            .clone()
    }
}

/// An event as `codec` carries it. Brokers keep bincode, the canonical form.
///
/// One that cannot be turned into JSON is `null` there: to leave it out would be a hole that the
/// reader tries to recover for ever.
fn event_in(codec: Codec, event: &Payload, to_json: ToJson) -> Payload {
    match codec {
        Codec::Bincode => event.clone(),
        Codec::Json => {
            let json = to_json(event.as_bytes()).and_then(|json| Payload::try_from(json).ok());
            json.unwrap_or_else(|| {
                Payload::try_from(b"null".to_vec()).expect("null is a short payload")
            })
        }
    }
}

/// `publications` as `codec` carries them.
pub fn publications_in(
    codec: Codec,
    publications: &[Publication],
    to_json: ToJson,
) -> Vec<Publication> {
    let convert = |publication: &Publication| Publication {
        event: event_in(codec, &publication.event, to_json),
        ..*publication
    };
    publications.iter().map(convert).collect()
}

impl Hub {
    /// Gives a publication to everybody who is subscribed to `topic`. Call it in the order of
    /// offsets. `conflation_key` and `keyframe` are what the topic says of the event.
    pub fn broadcast(
        &mut self,
        name: &TopicName,
        publication: &Publication,
        conflation_key: Option<&str>,
        keyframe: bool,
    ) {
        let Some(topic_id) = self.topic_id_of(name) else {
            return;
        };
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        topic.head = topic.head.max(publication.offset);
        topic.fanned_out = topic.fanned_out.max(publication.offset);
        let (delivery, to_json) = (topic.delivery, topic.to_json);
        let mut encoded = Encoded::new(|codec| {
            let event = event_in(codec, &publication.event, to_json);
            ServerFrame::of_publication(
                topic_id,
                Publication {
                    event,
                    ..*publication
                },
            )
        });
        let len_max = self.config.outbox_len_max;
        self.reach_subscribers(topic_id, |_, connection| {
            let Some(subscription) = connection.subscriptions.get(&topic_id) else {
                return false;
            };
            let listens = matches!(subscription.flow, Flow::Live | Flow::AwaitingKeyframe);
            if !listens || publication.offset <= subscription.given {
                return false;
            }
            let frame = encoded.get(connection.codec);
            let offer = Offer {
                topic_id,
                publication,
                frame,
                len_max,
            };
            match delivery {
                Delivery::Log { .. } => offer.offer_log(connection),
                Delivery::Latest { .. } => {
                    offer.offer_latest(connection, conflation_key.unwrap_or_default())
                }
                Delivery::Volatile => offer.offer_volatile(connection),
                Delivery::Keyframed { .. } => offer.offer_keyframed(connection, keyframe),
            }
        });
    }
}

/// One publication on its way into one outbox. What takes it tells whether there is something to
/// do for the connection afterwards.
struct Offer<'a> {
    topic_id: TopicId,
    publication: &'a Publication,
    frame: Bytes,
    len_max: usize,
}

impl Offer<'_> {
    /// Every event in order: a reader without room leaves live fan-out and reads history instead.
    fn offer_log(&self, connection: &mut Connection) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else {
            return false;
        };
        if room {
            subscription.given = self.publication.offset;
            connection.outbox.push(self.frame.clone());
        } else {
            subscription.flow = Flow::Behind {
                after: subscription.given,
            };
        }
        true
    }

    /// The newest value per key: an older one that still waits is taken out and counted. A reader
    /// without room reads the newest ones from history, because the last of a key may be the last
    /// for long.
    fn offer_latest(&self, connection: &mut Connection, key: &str) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else {
            return false;
        };
        if !room {
            subscription.flow = Flow::Behind {
                after: subscription.given,
            };
            return true;
        }
        subscription.given = self.publication.offset;
        // Said once for all that was overtaken while the reader took nothing: a gap for each would
        // cost more than the values.
        if connection.outbox.is_empty() {
            say_skipped(
                connection.codec,
                &mut connection.outbox,
                subscription,
                self.topic_id,
            );
        }
        let value = Value {
            topic: self.topic_id,
            key: key.to_owned(),
            offset: self.publication.offset,
        };
        if let Some(overtaken) = connection.outbox.push_value(self.frame.clone(), value) {
            skip(subscription, overtaken, GapCause::Conflated);
        }
        true
    }

    /// Only what is fresh: dropped and counted when there is no room in half the outbox, so that
    /// logs have room longer.
    fn offer_volatile(&self, connection: &mut Connection) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max / 2;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else {
            return false;
        };
        subscription.given = self.publication.offset;
        if !room {
            skip(subscription, self.publication.offset, GapCause::Slow);
            return false;
        }
        say_skipped(
            connection.codec,
            &mut connection.outbox,
            subscription,
            self.topic_id,
        );
        connection.outbox.push(self.frame.clone());
        true
    }

    /// Runs that start at a keyframe: after a drop, nothing until the next keyframe.
    fn offer_keyframed(&self, connection: &mut Connection, keyframe: bool) -> bool {
        let room = connection.outbox.len() + self.frame.len() <= self.len_max / 2;
        let Some(subscription) = connection.subscriptions.get_mut(&self.topic_id) else {
            return false;
        };
        let starts = subscription.flow == Flow::Live || keyframe;
        subscription.given = self.publication.offset;
        if !room || !starts {
            subscription.flow = Flow::AwaitingKeyframe;
            skip(subscription, self.publication.offset, GapCause::Slow);
            return false;
        }
        subscription.flow = Flow::Live;
        say_skipped(
            connection.codec,
            &mut connection.outbox,
            subscription,
            self.topic_id,
        );
        connection.outbox.push(self.frame.clone());
        true
    }
}

/// Counts a publication that gives way.
fn skip(subscription: &mut Subscription, offset: Offset, cause: GapCause) {
    let gap = subscription.skipped.get_or_insert(Gap {
        from: offset,
        to: offset,
        count: 0,
        cause,
    });
    gap.from = gap.from.min(offset);
    gap.to = gap.to.max(offset);
    gap.count += 1;
    // Being slow is the graver news.
    if cause == GapCause::Slow {
        gap.cause = cause;
    }
}

/// Says what gave way: before the next publication of the topic, or with the next heartbeat.
pub(crate) fn say_skipped(
    codec: Codec,
    outbox: &mut Outbox,
    subscription: &mut Subscription,
    topic_id: TopicId,
) {
    if let Some(gap) = subscription.skipped.take() {
        outbox.push(codec.encode(&ServerFrame::Gap { topic_id, gap }));
    }
}
