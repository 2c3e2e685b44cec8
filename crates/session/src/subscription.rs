//! One subscription as the client sees it: what it has, and what it makes of what arrives.
//!
//! A reader of a log accepts only the publication that follows the one it has. A repeated one is
//! dropped; a hole means that something was lost on the way, and the topic is asked for again.

use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::{
    Digest, Fingerprint, Moment, Offset, Payload, Position, RequestId, Text, TopicId, TopicName,
};

/// Names a subscription of one client. Never used again.
pub type SubscriptionId = u32;

/// What a subscriber wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The topic.
    pub topic: TopicName,
    /// The contract that its events are decoded with, where the codec needs one.
    pub contract: Option<Fingerprint>,
    /// Whether the topic is a log, so that holes are noticed and missed events are recovered.
    pub log: bool,
    /// How many kept publications to start with.
    pub newest: u16,
    /// Whether to be told who is present.
    pub presence: bool,
    /// How many updates per second and key are wanted at most, of a topic that delivers the latest.
    pub max_hz: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// There is no connection, or it was not asked for on this one yet.
    Wanting,
    /// It was asked for with this request. Publications that arrive now belong to an older
    /// subscription of this connection and are dropped.
    Asked(RequestId),
    /// It is confirmed under this topic id.
    Live(TopicId),
    /// It was refused for now and is asked for again at this moment.
    Deferred(Moment),
    /// It was refused and is not asked for again.
    Refused,
}

#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) wanted: Wanted,
    stage: Stage,
    position: Option<Position>,
    /// The event at the position, if it is known as the server sent it. Its digest is computed when
    /// it is asked for, since only few events are the last one before a line is lost.
    newest: Option<Payload>,
    /// It was confirmed before on this line, which goes on: nobody is told when it is again.
    resumes: bool,
}

/// What to do with a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one.
    Accept,
    /// It was there before, or nobody asked for it.
    Drop,
    /// Something before it is missing.
    Hole,
}

impl Subscription {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            stage: Stage::Wanting,
            position: None,
            newest: None,
            resumes: false,
        }
    }

    pub(crate) fn topic_id(&self) -> Option<TopicId> {
        match self.stage {
            Stage::Live(topic_id) => Some(topic_id),
            Stage::Wanting | Stage::Asked(_) | Stage::Deferred(_) | Stage::Refused => None,
        }
    }

    pub(crate) fn is_asked_as(&self, request: RequestId) -> bool {
        self.stage == Stage::Asked(request)
    }

    /// Tells whether it was asked for on this connection and is not answered yet.
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self.stage, Stage::Asked(_))
    }

    /// Tells whether it was asked for on this line, confirmed or not.
    pub(crate) fn is_on_the_line(&self) -> bool {
        matches!(self.stage, Stage::Asked(_) | Stage::Live(_))
    }

    /// Tells whether it is to be asked for now.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        match self.stage {
            Stage::Wanting => true,
            Stage::Deferred(until) => until <= now,
            Stage::Asked(_) | Stage::Live(_) | Stage::Refused => false,
        }
    }

    /// When it is to be asked for again, if it was refused for now.
    pub(crate) fn deferred_until(&self) -> Option<Moment> {
        match self.stage {
            Stage::Deferred(until) => Some(until),
            Stage::Wanting | Stage::Asked(_) | Stage::Live(_) | Stage::Refused => None,
        }
    }

    pub(crate) fn defer(&mut self, until: Moment) {
        self.stage = Stage::Deferred(until);
    }

    /// Makes the request for this subscription.
    pub(crate) fn ask(&mut self, id: RequestId) -> Subscribe {
        self.stage = Stage::Asked(id);
        let start = match self.position {
            Some(position) if self.wanted.log || self.resumes => {
                Start::after(position, self.newest.as_ref().map(Digest::of))
            }
            Some(_) | None => Start::Newest {
                count: self.wanted.newest,
            },
        };
        Subscribe {
            id,
            topic: Text::cut(self.wanted.topic.as_str()),
            contract: self.wanted.contract,
            start,
            presence: self.wanted.presence,
            max_hz: self.wanted.max_hz,
        }
    }

    /// The line goes on as another request or another transport: what is missed on the way comes
    /// after the position.
    pub(crate) fn carry_over(&mut self) {
        match self.stage {
            Stage::Live(_) => {
                self.stage = Stage::Wanting;
                self.resumes = true;
            }
            Stage::Asked(_) => self.stage = Stage::Wanting,
            Stage::Wanting | Stage::Deferred(_) | Stage::Refused => {}
        }
    }

    /// Tells whether it goes on where it was, so that nobody need be told that it was confirmed.
    pub(crate) fn resumes(&self) -> bool {
        self.resumes
    }

    /// The line is lost: what the subscription has, it keeps.
    pub(crate) fn detach(&mut self) {
        self.resumes = false;
        if self.stage != Stage::Refused {
            self.stage = Stage::Wanting;
        }
    }

    pub(crate) fn refuse(&mut self) {
        self.stage = Stage::Refused;
    }

    /// Confirmed: what follows comes after `position`. `recovered` is the server's word that it
    /// goes on from where this reader was.
    pub(crate) fn confirm(&mut self, topic_id: TopicId, position: Position, recovered: bool) {
        self.stage = Stage::Live(topic_id);
        if !recovered || self.position != Some(position) {
            self.newest = None;
        }
        self.position = Some(position);
        self.resumes = false;
    }

    pub(crate) fn position(&self) -> Option<Position> {
        self.position
    }

    /// Judges a publication, and moves on if it is the next one. Its event is kept to prove later
    /// that the reader had it; None if its bytes are not those that the server sent.
    pub(crate) fn judge(&mut self, offset: Offset, step: u32, event: Option<&Payload>) -> Verdict {
        // The rest of a page with a hole comes after the topic was asked for again.
        let (Stage::Live(_), Some(position)) = (self.stage, &mut self.position) else {
            return Verdict::Drop;
        };
        if offset <= position.offset {
            return Verdict::Drop;
        }
        if self.wanted.log && offset.checked_sub(u64::from(step)) != Some(position.offset) {
            return Verdict::Hole;
        }
        position.offset = offset;
        // Only logs are asked for by a proof.
        self.newest = event.filter(|_| self.wanted.log).cloned();
        Verdict::Accept
    }

    /// A gap was said: what follows comes after it.
    pub(crate) fn skip_to(&mut self, offset: Offset) {
        if let Some(position) = &mut self.position
            && offset > position.offset
        {
            position.offset = offset;
            self.newest = None;
        }
    }

    /// Tells whether the server has something that should have been here by now.
    pub(crate) fn is_behind(&self, head: Offset) -> bool {
        self.wanted.log && self.position.is_some_and(|position| position.offset < head)
    }
}
