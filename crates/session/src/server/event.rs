//! What a server's half tells its driver: what to do, and how to end.

use std::time::Duration;

use trunkline_protocol::frame::{Range, Start};
use trunkline_protocol::{DisconnectReason, Fingerprint, MessageId, Payload, RequestId, TopicName};

/// What the server does for this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Check the token, then call `handle_authenticated` or `close`.
    Authenticate {
        /// The token.
        token: String,
        /// The client program.
        agent: String,
    },
    /// Subscribe this connection, in place of an earlier subscription of it to the same topic.
    Subscribe {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// Where to start.
        start: Start,
        /// Whether to tell who is present.
        presence: bool,
        /// How many updates per second and key are wanted at most.
        max_hz: Option<u16>,
    },
    /// End the subscription of this connection.
    Unsubscribe {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
    },
    /// Hand a command to the topic's handler, after those that came before.
    Publish {
        /// The request to answer.
        id: RequestId,
        /// The id that makes a retry harmless.
        message_id: MessageId,
        /// The topic.
        topic: TopicName,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// The command.
        command: Payload,
    },
    /// Call a method.
    Call {
        /// The request to answer.
        id: RequestId,
        /// The method.
        method: String,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// How long it may take.
        deadline: Duration,
        /// The request.
        request: Payload,
    },
    /// Stop working on a call. It has been answered.
    Cancel {
        /// The request.
        id: RequestId,
    },
    /// Read kept publications.
    History {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
        /// Which.
        range: Range,
        /// At most how many.
        limit: u16,
    },
    /// Tell who is present.
    Presence {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
    },
    /// Check a new token of the same user, then call `handle_refreshed` or answer with a refusal.
    Refresh {
        /// The request to answer.
        id: RequestId,
        /// The token.
        token: String,
    },
    /// A heartbeat is due: send `Ping` with the heads that moved.
    Heartbeat,
}

/// How this connection ends: send a Close frame with this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Its code.
    pub reason: DisconnectReason,
    /// Its words, at most 123 bytes.
    pub text: String,
}

impl Close {
    /// A close with the reason's own words.
    pub fn new(reason: DisconnectReason) -> Self {
        Self {
            reason,
            text: reason.text().to_owned(),
        }
    }

    /// A close that says more.
    pub fn saying(reason: DisconnectReason, text: &str) -> Self {
        Self {
            reason,
            text: trunkline_protocol::Text::<123>::cut(text).into(),
        }
    }
}
