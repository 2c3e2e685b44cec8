//! Frames: the units of the conversation. One WebSocket message is one frame.
//!
//! `PROTOCOL.md` tells the rules; here are the shapes. New variants go last, since a binary frame
//! names its variant by its place.

use crate::bounded::{List, Text};
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Fingerprint;
use crate::digest::Digest;
use crate::error::Error;
use crate::payload::{MessageId, Payload, Publication, Tail};
use crate::position::{Epoch, Gap, Offset, Position};
use crate::presence::{Member, Members};
use crate::topic::{TOPIC_NAME_LEN_MAX, TopicId};
use crate::user::{User, UserId};

/// A number that a client gives to a request, and that comes back in its one answer. Unused among
/// the requests that wait; the client chooses.
pub type RequestId = u32;

/// The name of a topic as a peer wrote it; it is parsed where it can be refused.
pub type TopicText = Text<TOPIC_NAME_LEN_MAX>;

/// The most topics that one connection is subscribed to.
pub const SUBSCRIPTIONS_MAX: usize = 128;

/// The most publications in one frame.
pub const PAGE_MAX: usize = 256;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// Opens the conversation: the first frame, once.
    Connect {
        /// The version of the conversation that the client speaks: 1
        /// ([`PROTOCOL_VERSION`](crate::PROTOCOL_VERSION)).
        version: u16,
        /// Who connects: an access token from `POST /auth/token`.
        token: Text<2048>,
        /// The program and its version, for the server's log.
        agent: Text<64>,
        /// What to subscribe to at once. Each is answered like a `Subscribe` frame, after
        /// `Connected`, so that the first event arrives after one round trip.
        #[serde(default)]
        subscriptions: List<Subscribe, SUBSCRIPTIONS_MAX>,
    },
    /// Asks for a topic. Answered by `Subscribed` or `Refused`.
    Subscribe(Subscribe),
    /// Leaves a topic. Answered by `Unsubscribed` or `Refused`.
    Unsubscribe {
        /// Comes back in the answer.
        id: RequestId,
        /// The topic to leave.
        topic: TopicText,
    },
    /// Hands a command to a topic's handler. Answered by `Published` or `Refused`.
    Publish {
        /// Comes back in the answer.
        id: RequestId,
        /// Stays the same when the command is sent again.
        message_id: MessageId,
        /// The topic.
        topic: TopicText,
        /// The contract that the command was encoded with. JSON clients leave it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contract: Option<Fingerprint>,
        /// The command.
        command: Payload,
    },
    /// Calls a method. Answered by `Returned` or `Refused`.
    Call {
        /// Comes back in the answer.
        id: RequestId,
        /// The method, such as `chat.rooms`.
        method: Text<64>,
        /// The contract that the request was encoded with. JSON clients leave it out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contract: Option<Fingerprint>,
        /// How long the caller waits, in milliseconds; the server stops working on it then.
        deadline_ms: u32,
        /// The request.
        request: Payload,
    },
    /// Gives up a call. The call is answered by `Refused` unless its answer is under way.
    Cancel {
        /// The id of the call.
        id: RequestId,
    },
    /// Reads kept publications of a topic. Answered by `History` or `Refused`.
    History {
        /// Comes back in the answer.
        id: RequestId,
        /// The topic.
        topic: TopicText,
        /// Which publications.
        range: Range,
        /// At most how many; 256 ([`PAGE_MAX`]) if more.
        limit: u16,
    },
    /// Asks who is present. Answered by `Present` or `Refused`.
    Presence {
        /// Comes back in the answer.
        id: RequestId,
        /// The topic.
        topic: TopicText,
    },
    /// Brings a new token before the old one expires. Answered by `Refreshed` or `Refused`.
    Refresh {
        /// Comes back in the answer.
        id: RequestId,
        /// The new token, of the same user.
        token: Text<2048>,
    },
    /// Answers `Ping`.
    Pong,
    /// Asks whether the line is alive. Answered by `Probed` at once.
    Probe {
        /// Comes back in the answer.
        nonce: u32,
    },
}

/// A wish to receive a topic.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscribe {
    /// Comes back in the answer.
    pub id: RequestId,
    /// The topic.
    pub topic: TopicText,
    /// The contract that events will be decoded with. JSON clients leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Fingerprint>,
    /// Where to start.
    #[serde(default)]
    pub start: Start,
    /// Whether to be told who is present, who joins and who leaves.
    #[serde(default)]
    pub presence: bool,
    /// How many updates per second and key are wanted at most, of a topic that delivers the latest.
    /// What is given is the next lower of [`PACES`](crate::PACES), or what the topic gives if that
    /// is less. Refused as invalid if it is 0, or the topic delivers in another way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_hz: Option<u16>,
}

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Start {
    /// With the newest kept publications, at most `count` and at most 256
    /// ([`PAGE_MAX`]).
    Newest {
        /// How many; 0 for only what is new from now on.
        count: u16,
    },
    /// After this position: recovers what was missed since.
    After(Position),
    /// After this event: as `After`, and the digest proves which event the client has there. If the
    /// server keeps another event at this offset, the client comes from another branch of the
    /// history and is answered like one from another epoch.
    AfterEvent {
        /// The lifetime of the history.
        epoch: Epoch,
        /// The last offset that the client has.
        offset: Offset,
        /// The digest of the event at this offset, as the server sent it to this client.
        digest: Digest,
    },
}

impl Start {
    /// Starts after a position, with the proof if there is one.
    pub fn after(position: Position, digest: Option<Digest>) -> Self {
        let Position { epoch, offset } = position;
        match digest {
            Some(digest) => Self::AfterEvent {
                epoch,
                offset,
                digest,
            },
            None => Self::After(position),
        }
    }

    /// Returns the position that the client resumes from.
    pub fn position(&self) -> Option<Position> {
        match *self {
            Self::Newest { .. } => None,
            Self::After(position) => Some(position),
            Self::AfterEvent { epoch, offset, .. } => Some(Position { epoch, offset }),
        }
    }

    /// Returns the proof of the event that the client has at its position.
    pub fn digest(&self) -> Option<Digest> {
        match *self {
            Self::Newest { .. } | Self::After(_) => None,
            Self::AfterEvent { digest, .. } => Some(digest),
        }
    }
}

impl Default for Start {
    fn default() -> Self {
        Self::Newest { count: 0 }
    }
}

/// Which kept publications to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Range {
    /// The newest of those below this offset.
    Before {
        /// The first offset that is not wanted.
        offset: Offset,
    },
    /// The oldest of those above this offset.
    After {
        /// The last offset that is not wanted.
        offset: Offset,
    },
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers `Connect`: the first frame.
    Connected {
        /// Names this conversation in logs and on the console. Not a secret.
        session: u32,
        /// Who the token says is speaking.
        user: User,
        /// How often `Ping` comes, in milliseconds. A client that hears nothing for longer probes.
        ping_interval_ms: u32,
        /// When the token expires, in milliseconds from now. Refresh it before.
        token_ttl_ms: u32,
        /// What the client may do.
        limits: Limits,
    },
    /// Answers `Subscribe`. The topic's publications follow it, never precede it.
    Subscribed {
        /// The id of the request.
        id: RequestId,
        /// What the topic is called from here on.
        topic_id: TopicId,
        /// The epoch of its history, and the offset before the first of what follows: the
        /// publications in this frame, then those to come.
        position: Position,
        /// True when the start was `After` and nothing was missed.
        recovered: bool,
        /// What was missed and will not come, when the start was `After` and `recovered` is false.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gap: Option<Gap>,
        /// The newest offset of the topic now.
        head: Offset,
        /// Who is present, if that was asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        members: Option<Members>,
        /// The first publications, in order. The others follow as `Publication` frames.
        publications: List<Publication, PAGE_MAX>,
    },
    /// Answers `Unsubscribe`. No publication of the topic follows it.
    Unsubscribed {
        /// The id of the request.
        id: RequestId,
        /// The topic that was left.
        topic_id: TopicId,
    },
    /// Answers `Publish`.
    Published {
        /// The id of the request.
        id: RequestId,
        /// Where the event stands.
        position: Position,
        /// True when the command had been taken before, and this is where its event stands.
        duplicate: bool,
    },
    /// Answers any request that is not done. Nothing has changed.
    Refused {
        /// The id of the request.
        id: RequestId,
        /// Why.
        error: Error,
    },
    /// Answers `Call`.
    Returned {
        /// The id of the request.
        id: RequestId,
        /// The response.
        response: Payload,
    },
    /// Answers `History`.
    History {
        /// The id of the request.
        id: RequestId,
        /// The epoch of the history.
        epoch: Epoch,
        /// The oldest offset that is kept; above `head` when nothing is kept.
        first: Offset,
        /// The newest offset of the topic.
        head: Offset,
        /// The publications, oldest first.
        publications: List<Publication, PAGE_MAX>,
    },
    /// Answers `Presence`.
    Present {
        /// The id of the request.
        id: RequestId,
        /// Who is present.
        members: Members,
    },
    /// Answers `Refresh`.
    Refreshed {
        /// The id of the request.
        id: RequestId,
        /// When the new token expires, in milliseconds from now.
        token_ttl_ms: u32,
    },
    /// An event of a topic. The same bytes for every subscriber.
    Publication {
        /// The topic.
        topic_id: TopicId,
        /// Its number in the topic.
        offset: Offset,
        /// Its offset minus that of the publication before it.
        step: u32,
        /// The event. In a binary frame it reaches to the end.
        event: Tail,
    },
    /// Publications of a topic that this reader will not get.
    Gap {
        /// The topic.
        topic_id: TopicId,
        /// Which, and why.
        gap: Gap,
    },
    /// A user joined a topic, or has another number of connections.
    Joined {
        /// The topic.
        topic_id: TopicId,
        /// How many users are present now.
        count: u32,
        /// Who joined.
        member: Member,
    },
    /// A user left a topic.
    Left {
        /// The topic.
        topic_id: TopicId,
        /// How many users are present now.
        count: u32,
        /// Who left.
        user: UserId,
    },
    /// The heartbeat. Answered by `Pong`.
    Ping {
        /// The newest offsets of subscribed log topics that moved since they were last told, so
        /// that a reader notices even a lost last publication.
        heads: List<Head, SUBSCRIPTIONS_MAX>,
    },
    /// Answers `Probe`.
    Probed {
        /// The nonce of the probe.
        nonce: u32,
    },
    /// The server is about to close the connection and says when to come back.
    Drain {
        /// How long to wait before connecting again, in milliseconds.
        after_ms: u32,
    },
    /// Ends a conversation over HTTP, as a Close frame ends one over WebSocket: nothing follows.
    /// It never travels in a WebSocket.
    Disconnect {
        /// What a Close frame would say: a close code.
        code: u16,
        /// For developers.
        reason: Text<123>,
    },
}

/// The newest offset of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Head {
    /// The topic.
    pub topic_id: TopicId,
    /// Its newest offset.
    pub offset: Offset,
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// The longest frame, in bytes.
    pub frame_len_max: u32,
    /// The most subscriptions.
    pub subscriptions_max: u32,
    /// The most requests that wait for an answer.
    pub requests_max: u32,
}

impl ServerFrame {
    /// The frame of `publication`, the same for all subscribers.
    pub fn of_publication(topic_id: TopicId, publication: Publication) -> Self {
        let Publication {
            offset,
            step,
            event,
        } = publication;
        Self::Publication {
            topic_id,
            offset,
            step,
            event: Tail(event),
        }
    }
}
