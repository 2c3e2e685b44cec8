//! What a hub keeps of each connection, subscription and topic.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::{
    Codec, Delivery, Gap, GapCause, Offset, TopicId, TopicName, User, UserId,
};

use crate::hub::{ConnectionId, ToJson};
use crate::outbox::Outbox;
use crate::presence::Presence;

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
    pub(crate) presence: bool,
    /// The newest head that a heartbeat told the reader. A publication does not count, since it
    /// may be lost on the way.
    pub(crate) head_told: Offset,
    /// The last offset that was queued or is counted as skipped. History may be ahead of fan-out,
    /// which then brings what the reader has already.
    pub(crate) given: Offset,
    /// What gave way and was not said yet.
    pub(crate) skipped: Option<Gap>,
    /// Who joined or left while there was no room to say so: the newest state is said later.
    pub(crate) untold: BTreeSet<UserId>,
}

impl Subscription {
    pub(crate) fn joining(presence: bool) -> Self {
        let (flow, untold) = (Flow::Joining, BTreeSet::new());
        Self {
            flow,
            presence,
            head_told: 0,
            given: 0,
            skipped: None,
            untold,
        }
    }

    /// It was confirmed, and its reader has everything up to `after`; up to `current` is past.
    /// `has_page` tells whether the confirmation brought publications, which for a run means from
    /// its keyframe on.
    pub(crate) fn begin(&mut self, topic: &Topic, after: Offset, current: Offset, has_page: bool) {
        self.given = after;
        let missed = current > after;
        self.flow = match topic.delivery {
            Delivery::Log { .. } | Delivery::Latest { .. } if topic.head > after => {
                Flow::Behind { after }
            }
            Delivery::Keyframed { .. } if missed || !has_page => Flow::AwaitingKeyframe,
            Delivery::Log { .. }
            | Delivery::Latest { .. }
            | Delivery::Keyframed { .. }
            | Delivery::Volatile => Flow::Live,
        };
        if missed
            && matches!(
                topic.delivery,
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

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) codec: Codec,
    pub(crate) user: User,
    pub(crate) outbox: Outbox,
    pub(crate) subscriptions: BTreeMap<TopicId, Subscription>,
    /// The subscription that was fed last, so that the others have their turn.
    pub(crate) fed_last: TopicId,
    /// Whether its driver is about to be told that something waits.
    pub(crate) dirty: bool,
}

#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: TopicName,
    pub(crate) delivery: Delivery,
    pub(crate) to_json: ToJson,
    /// The newest offset that is known of, from fan-out or from history.
    pub(crate) head: Offset,
    /// The newest offset that was fanned out.
    pub(crate) fanned_out: Offset,
    pub(crate) subscribers: BTreeSet<ConnectionId>,
    pub(crate) presence: Presence,
}
