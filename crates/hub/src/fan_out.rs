//! Fan-out: publications to all subscribers, encoded once per codec, in batches.

use std::ops::{Range, RangeInclusive};

use bytes::Bytes;
use trunkline_protocol::{
    Codec, Delivery, Gap, GapCause, Moment, Offset, Payload, Publication, ServerFrame, TopicId,
    TopicName,
};

use crate::batch::Fanned;
use crate::hub::{Hub, ToJson};
use crate::outbox::Outbox;
use crate::state::{Encoder, Flow, Subscription};

/// A frame for any number of connections, encoded when the first of a codec needs it.
pub(crate) struct Encoded {
    frame: ServerFrame,
    bincode: Option<Bytes>,
    json: Option<Bytes>,
}

impl Encoded {
    pub(crate) fn new(frame: ServerFrame) -> Self {
        Self {
            frame,
            bincode: None,
            json: None,
        }
    }

    pub(crate) fn get(&mut self, encoder: Encoder) -> Bytes {
        let slot = match encoder.codec {
            Codec::Bincode => &mut self.bincode,
            Codec::Json => &mut self.json,
        };
        slot.get_or_insert_with(|| encoder.encode(&self.frame))
            .clone()
    }
}

/// An event as `codec` carries it. Brokers keep bincode, the canonical form.
///
/// One that cannot be turned into JSON is `null` there: to leave it out would be a hole that the
/// reader tries to recover for ever.
pub(crate) fn event_in(codec: Codec, event: &Payload, to_json: ToJson) -> Payload {
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
    /// Takes a publication for everybody who is subscribed to `topic`. Call it in the order of
    /// offsets. `conflation_key` and `keyframe` are what the topic says of the event. [`Hub::flush`]
    /// gives it to them.
    pub fn broadcast(
        &mut self,
        now: Moment,
        name: &TopicName,
        publication: &Publication,
        conflation_key: Option<&str>,
        keyframe: bool,
    ) {
        for topic_id in self.groups_of(name) {
            self.broadcast_to_group(now, topic_id, publication, conflation_key, keyframe);
        }
    }

    fn broadcast_to_group(
        &mut self,
        now: Moment,
        topic_id: TopicId,
        publication: &Publication,
        conflation_key: Option<&str>,
        keyframe: bool,
    ) {
        let framing = self.config.framing;
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        if topic.batch.is_empty() {
            self.waiting.push(topic_id);
            topic.batch.due = topic.flush_from.max(now);
        }
        if matches!(topic.kind.delivery, Delivery::Latest { .. }) {
            let key = conflation_key.unwrap_or_default();
            topic.batch.put(key, publication);
        } else {
            let form = topic.form(topic_id, framing);
            topic.batch.push(&form, publication, keyframe);
        }
        if topic.batch.is_full() {
            self.fan_out(now, topic_id);
        }
    }

    /// Gives the publications to the subscribers whose time to wait for others is over.
    pub fn flush(&mut self, now: Moment) {
        let waiting = std::mem::take(&mut self.waiting);
        for topic_id in waiting {
            match self.topics.get(&topic_id) {
                Some(topic) if !topic.batch.is_empty() && topic.batch.due > now => {
                    self.waiting.push(topic_id);
                }
                Some(_) => self.fan_out(now, topic_id),
                None => {}
            }
        }
    }

    /// When to call `flush` at the latest.
    pub fn poll_flush(&self) -> Option<Moment> {
        let due = |topic_id| Some(self.topics.get(topic_id)?.batch.due);
        self.waiting.iter().filter_map(due).min()
    }

    /// Takes note that publications up to `offset` do not come: more were on their way to this hub
    /// than it took. Readers of what is kept read history, the others are told what they missed.
    pub fn miss(&mut self, now: Moment, name: &TopicName, offset: Offset) {
        for topic_id in self.groups_of(name) {
            self.miss_in_group(now, topic_id, offset);
        }
    }

    fn miss_in_group(&mut self, now: Moment, topic_id: TopicId, offset: Offset) {
        self.fan_out(now, topic_id);
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        topic.head = topic.head.max(offset);
        topic.fanned_out = topic.fanned_out.max(offset);
        let delivery = topic.kind.delivery;
        self.reach_subscribers(topic_id, |connection| {
            let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
                return false;
            };
            let after = subscription.given;
            if !matches!(subscription.flow, Flow::Live | Flow::AwaitingKeyframe) || after >= offset
            {
                return false;
            }
            match delivery {
                Delivery::Log { .. } | Delivery::Latest { .. } => {
                    subscription.flow = Flow::Behind { after };
                    connection.lags = true;
                    return true;
                }
                Delivery::Keyframed { .. } => subscription.flow = Flow::AwaitingKeyframe,
                Delivery::Volatile => {}
            }
            skip(subscription, after + 1..=offset);
            subscription.given = offset;
            false
        });
    }

    /// Gives a batch to the subscribers.
    pub(crate) fn fan_out(&mut self, now: Moment, topic_id: TopicId) {
        let framing = self.config.framing;
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        let form = topic.form(topic_id, framing);
        let batch = topic.batch.take(&form);
        let last = batch.last();
        if last == 0 {
            return;
        }
        topic.head = topic.head.max(last);
        topic.fanned_out = topic.fanned_out.max(last);
        topic.flush_from = now + topic.kind.flush_window;
        let delivery = topic.kind.delivery;
        let offer = Offer {
            topic_id,
            batch: &batch,
            len_max: self.config.outbox_len_max,
        };
        self.reach_subscribers(topic_id, |connection| {
            let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
                return false;
            };
            let places = batch.first_after(subscription.given)..batch.publications.len();
            if !matches!(subscription.flow, Flow::Live | Flow::AwaitingKeyframe)
                || places.is_empty()
            {
                return false;
            }
            let reader = Reader {
                encoder: connection.encoder,
                outbox: &mut connection.outbox,
                lags: &mut connection.lags,
                subscription,
            };
            match delivery {
                Delivery::Log { .. } => offer.offer_log(reader, places),
                Delivery::Latest { .. } => offer.offer_latest(reader),
                Delivery::Volatile => offer.offer_volatile(reader, places),
                Delivery::Keyframed { .. } => offer.offer_keyframed(reader, places),
            }
        });
    }
}

/// One subscription that takes part in fan-out.
struct Reader<'a> {
    encoder: Encoder,
    outbox: &'a mut Outbox,
    /// See [`Connection::lags`](crate::state::Connection::lags).
    lags: &'a mut bool,
    subscription: &'a mut Subscription,
}

impl Reader<'_> {
    /// Says what gave way: before the next publication of the topic, or with the next heartbeat.
    fn say_skipped(&mut self, topic_id: TopicId) {
        say_skipped(self.encoder, self.outbox, self.subscription, topic_id);
    }

    /// Leaves live fan-out: what it lacks is read from history.
    fn fall_behind(self) -> bool {
        *self.lags = true;
        self.subscription.flow = Flow::Behind {
            after: self.subscription.given,
        };
        true
    }
}

/// A batch on its way into outboxes. What takes it tells whether there is something to do for the
/// connection afterwards.
struct Offer<'a> {
    topic_id: TopicId,
    batch: &'a Fanned,
    len_max: usize,
}

impl Offer<'_> {
    /// Some publications, if they were encoded for this reader and there is room for them.
    fn bytes(&self, reader: &Reader<'_>, places: Range<usize>, len_max: usize) -> Option<Bytes> {
        let bytes = self.batch.slice(reader.encoder.codec, places)?;
        (reader.outbox.len() + bytes.len() <= len_max).then_some(bytes)
    }

    /// Every event in order: a reader without room leaves live fan-out and reads history instead.
    fn offer_log(&self, reader: Reader<'_>, places: Range<usize>) -> bool {
        let Some(bytes) = self.bytes(&reader, places, self.len_max) else {
            return reader.fall_behind();
        };
        reader.subscription.given = self.batch.last();
        reader.outbox.push(bytes);
        true
    }

    /// The newest value per key, all in one slice. A reader that has not taken the last one yet, or
    /// has no room, is left out: when it has taken that, it reads the newest values from history,
    /// which are then newer than these. So no more than one batch of a topic waits for a reader, and
    /// the last value of a key, which may be the last for long, is never lost.
    fn offer_latest(&self, reader: Reader<'_>) -> bool {
        let (encoder, given) = (reader.encoder, reader.subscription.given);
        if !reader.outbox.has_sent(reader.subscription.values_end) {
            return reader.fall_behind();
        }
        let room = self.len_max.saturating_sub(reader.outbox.len());
        match self.batch.values(encoder.codec, given) {
            Some((bytes, gap)) if bytes.len() <= room => {
                reader.outbox.push(bytes);
                if let Some(gap) = gap {
                    let topic_id = self.topic_id;
                    let frame = ServerFrame::Gap { topic_id, gap };
                    reader.outbox.push(encoder.encode(&frame));
                }
                reader.subscription.given = self.batch.last();
                reader.subscription.values_end = reader.outbox.end();
                true
            }
            Some(_) | None => reader.fall_behind(),
        }
    }

    /// Only what is fresh: dropped and counted when there is no room in half the outbox, so that
    /// logs have room longer.
    fn offer_volatile(&self, mut reader: Reader<'_>, places: Range<usize>) -> bool {
        reader.subscription.given = self.batch.last();
        let Some(bytes) = self.bytes(&reader, places.clone(), self.len_max / 2) else {
            for it in &self.batch.publications[places] {
                skip(reader.subscription, it.offset..=it.offset);
            }
            return false;
        };
        reader.say_skipped(self.topic_id);
        reader.outbox.push_stream(self.topic_id, bytes);
        true
    }

    /// Runs that start at a keyframe: after a drop, nothing until the next keyframe. A keyframe that
    /// ends a drop needs half the room of a stream to be left, because a keyframe is small where it
    /// only says what follows: a reader that takes nothing would be given the begin of every run and
    /// nothing of what makes it useful. Without that room, the newest run is read from history when
    /// there is room again.
    fn offer_keyframed(&self, mut reader: Reader<'_>, places: Range<usize>) -> bool {
        let mut pushed = false;
        for place in places {
            let it = &self.batch.publications[place];
            let live = reader.subscription.flow == Flow::Live;
            let starts = live || it.keyframe;
            let len_max = self.len_max / if live { 2 } else { 4 };
            reader.subscription.given = it.offset;
            match self.bytes(&reader, place..place + 1, len_max) {
                Some(bytes) if starts => {
                    reader.subscription.flow = Flow::Live;
                    reader.say_skipped(self.topic_id);
                    reader.outbox.push_stream(self.topic_id, bytes);
                    pushed = true;
                }
                None if it.keyframe => {
                    reader.subscription.given = it.offset - 1;
                    return reader.fall_behind();
                }
                Some(_) | None => {
                    reader.subscription.flow = Flow::AwaitingKeyframe;
                    skip(reader.subscription, it.offset..=it.offset);
                }
            }
        }
        pushed
    }
}

/// Counts publications that give way.
pub(crate) fn skip(subscription: &mut Subscription, offsets: RangeInclusive<Offset>) {
    let (from, to) = offsets.into_inner();
    let gap = subscription.skipped.get_or_insert(Gap {
        from,
        to,
        count: 0,
        cause: GapCause::Slow,
    });
    gap.from = gap.from.min(from);
    gap.to = gap.to.max(to);
    gap.count += to - from + 1;
}

/// Says what gave way: before the next publication of the topic, or with the next heartbeat.
pub(crate) fn say_skipped(
    encoder: Encoder,
    outbox: &mut Outbox,
    subscription: &mut Subscription,
    topic_id: TopicId,
) {
    if let Some(gap) = subscription.skipped.take() {
        let frame = encoder.encode(&ServerFrame::Gap { topic_id, gap });
        outbox.push_stream(topic_id, frame);
    }
}
