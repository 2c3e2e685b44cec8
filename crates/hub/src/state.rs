//! What a hub keeps of each connection, subscription and topic.

use std::collections::BTreeMap;

use bytes::Bytes;
use trunkline_protocol::{
    Codec, Delivery, Epoch, Gap, GapCause, Member, Moment, Offset, ServerFrame, TopicId, TopicName,
    UserId,
};

use crate::batch::{Batch, Form};
use crate::hub::{ConnectionId, Framing, Kind};
use crate::outbox::Outbox;

/// How events reach a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It waits for its confirmation.
    Joining,
    /// It is fed from history; the last offset that it was given.
    Behind { after: Offset },
    /// It takes part in fan-out.
    Live,
    /// It waits for the next keyframe.
    AwaitingKeyframe,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) flow: Flow,
    /// The epoch that it was confirmed in; none before.
    pub(crate) epoch: Option<Epoch>,
    /// The topic began a new epoch while it waited for its confirmation, which may be of the old one.
    pub(crate) outdated: bool,
    pub(crate) presence: bool,
    /// Where the connection stands among the topic's subscribers.
    pub(crate) place: u32,
    /// The newest head that a heartbeat told the reader. A publication does not count, since it
    /// may be lost on the way.
    pub(crate) head_told: Offset,
    /// The last offset that was queued or is counted as skipped. History may be ahead of fan-out,
    /// which then brings what the reader has already.
    pub(crate) given: Offset,
    /// Where the newest values of the topic end in the outbox, if it delivers the latest ones: until
    /// then is sent, no others follow.
    pub(crate) values_end: u64,
    /// What gave way and was not said yet.
    pub(crate) skipped: Option<Gap>,
    /// Who joined or left while there was no room to say so, as they are now: said later.
    pub(crate) untold: BTreeMap<UserId, Option<Member>>,
}

impl Subscription {
    pub(crate) fn joining(presence: bool, place: u32) -> Self {
        let (flow, untold) = (Flow::Joining, BTreeMap::new());
        Self {
            flow,
            epoch: None,
            outdated: false,
            presence,
            place,
            head_told: 0,
            given: 0,
            values_end: 0,
            skipped: None,
            untold,
        }
    }

    pub(crate) fn is_behind(&self) -> bool {
        matches!(self.flow, Flow::Behind { .. })
    }

    /// It was confirmed, and its reader has everything up to `after`; up to `current` is past.
    /// `follows` tells, of a run, whether what comes after that is of use to the reader: it has the
    /// run up to there, or that is just before a keyframe.
    pub(crate) fn begin(&mut self, topic: &Topic, after: Offset, current: Offset, follows: bool) {
        self.given = after;
        let reads_on = follows && matches!(topic.kind.delivery, Delivery::Keyframed { .. });
        let missed = current > after && !reads_on;
        self.flow = match topic.kind.delivery {
            Delivery::Log { .. } | Delivery::Latest { .. } if topic.head > after => {
                Flow::Behind { after }
            }
            Delivery::Keyframed { .. } if !follows => Flow::AwaitingKeyframe,
            Delivery::Keyframed { .. } if topic.head > after => Flow::Behind { after },
            Delivery::Log { .. }
            | Delivery::Latest { .. }
            | Delivery::Keyframed { .. }
            | Delivery::Volatile => Flow::Live,
        };
        if missed
            && matches!(
                topic.kind.delivery,
                Delivery::Keyframed { .. } | Delivery::Volatile
            )
        {
            let (from, count) = (after + 1, current - after);
            self.skipped = Some(Gap {
                from,
                to: current,
                count,
                cause: GapCause::Slow,
            });
            self.given = current;
        }
    }
}

/// A connection's subscriptions, by topic. Most have one or a few, so they stand in a row.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Vec<(TopicId, Subscription)>);

impl Subscriptions {
    fn find(&self, topic: TopicId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&topic, |(id, _)| *id)
    }

    pub(crate) fn get(&self, topic: TopicId) -> Option<&Subscription> {
        self.find(topic).ok().map(|at| &self.0[at].1)
    }

    pub(crate) fn get_mut(&mut self, topic: TopicId) -> Option<&mut Subscription> {
        self.find(topic).ok().map(|at| &mut self.0[at].1)
    }

    /// Adds a subscription, or puts it in the place of an earlier one.
    pub(crate) fn insert(&mut self, topic: TopicId, subscription: Subscription) {
        match self.find(topic) {
            Ok(at) => self.0[at].1 = subscription,
            Err(at) => {
                if self.0.len() < 4 {
                    self.0.reserve_exact(1);
                }
                self.0.insert(at, (topic, subscription));
            }
        }
    }

    pub(crate) fn remove(&mut self, topic: TopicId) -> Option<Subscription> {
        self.find(topic).ok().map(|at| self.0.remove(at).1)
    }

    /// All of them, from the one after `topic` on, and around.
    pub(crate) fn around(&self, topic: TopicId) -> impl Iterator<Item = (TopicId, &Subscription)> {
        let (before, after) = self
            .0
            .split_at(self.0.partition_point(|(id, _)| *id <= topic));
        after.iter().chain(before).map(|(id, it)| (*id, it))
    }

    /// The topics of which there is something to tell about people.
    pub(crate) fn with_untold(&self) -> impl Iterator<Item = TopicId> {
        let untold = self.0.iter().filter(|(_, it)| !it.untold.is_empty());
        untold.map(|(id, _)| *id)
    }

    pub(crate) fn topics(&self) -> impl Iterator<Item = TopicId> {
        self.0.iter().map(|(id, _)| *id)
    }
}

/// How a connection wants its frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoder {
    pub(crate) codec: Codec,
    pub(crate) framing: Framing,
}

impl Encoder {
    /// A frame as it goes over the connection's transport.
    pub(crate) fn encode(self, frame: &ServerFrame) -> Bytes {
        let frame = self.codec.encode(frame);
        let mut framed = Vec::with_capacity(frame.len() + FRAMING_LEN_MAX);
        (self.framing)(self.codec, &frame, &mut framed);
        framed.into()
    }
}

/// What a transport usually adds to a frame, in bytes. More costs an allocation.
const FRAMING_LEN_MAX: usize = 10;

/// Whether the driver is to be told that something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dirty {
    No,
    /// Events wait.
    Events,
    /// An answer waits: it goes before other connections' events.
    Answer,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) encoder: Encoder,
    pub(crate) outbox: Outbox,
    pub(crate) subscriptions: Subscriptions,
    /// A subscription may be behind. Saves a look at all of them before each write.
    pub(crate) lags: bool,
    /// The subscription that was fed last, so that the others have their turn.
    pub(crate) fed_last: TopicId,
    pub(crate) dirty: Dirty,
}

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) kind: Kind,
    /// The newest offset that is known of, from fan-out or from history.
    pub(crate) head: Offset,
    /// The newest offset that was fanned out.
    pub(crate) fanned_out: Offset,
    pub(crate) subscribers: Vec<ConnectionId>,
    /// How many of them read bincode, and how many JSON.
    pub(crate) readers: [u32; 2],
    /// How many of them want to know who is present.
    pub(crate) watchers: u32,
    /// What waits to be fanned out.
    pub(crate) batch: Batch,
    /// When the next batch may go out.
    pub(crate) flush_from: Moment,
    /// How many users are present, as was announced last.
    pub(crate) people: u32,
}

impl Topic {
    /// How its publications are written.
    pub(crate) fn form(&self, topic_id: TopicId, framing: Framing) -> Form {
        Form {
            topic_id,
            to_json: self.kind.to_json,
            framing,
            readers: self.readers,
        }
    }
}

/// Where a codec stands in what is kept for each.
pub(crate) fn index(codec: Codec) -> usize {
    match codec {
        Codec::Bincode => 0,
        Codec::Json => 1,
    }
}
