//! What a client's half says: what its driver does next, how its connection is, what its application
//! is told.

use std::time::Duration;

use trunkline_protocol::{
    DisconnectReason, Error, Gap, Member, Members, Moment, Offset, Payload, Position, Publication,
    RequestId, User, UserId,
};

use crate::fallback::Transport;
use crate::outgoing::CommandId;
use crate::saved::DropCause;
use crate::subscription::SubscriptionId;

/// What the driver does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Get an access token, then call `handle_token`.
    FetchToken,
    /// Open this transport, then call `handle_opened` or `handle_closed`. One that goes one way is
    /// open at once; its requests come from `poll_request`.
    Dial(Transport),
    /// Close the transport with this reason and forget it. Nothing of it may be handed in again.
    Hangup(DisconnectReason),
    /// Open a WebSocket beside the transport in use, then call `handle_beside_opened` or
    /// `handle_beside_closed`.
    DialBeside,
    /// Close the WebSocket beside, and forget it.
    HangupBeside,
    /// Drop the conversation in use and put the WebSocket beside in its place. Requests with an
    /// answer of their own go on.
    MoveOver,
}

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFailure {
    /// Nobody is signed in. The client stops.
    SignedOut,
    /// The token could not be fetched now. The client tries again.
    Unavailable,
}

/// How the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was not started.
    Idle,
    /// A connection is being made; this is attempt number `attempt`, counted from 0.
    Connecting {
        /// How many attempts failed before.
        attempt: u32,
    },
    /// The next attempt comes at `until`.
    Waiting {
        /// How many attempts failed.
        attempt: u32,
        /// When the next one starts.
        until: Moment,
    },
    /// Frames travel.
    Live {
        /// Since when.
        since: Moment,
        /// The last measured round trip.
        round_trip: Option<Duration>,
        /// Over what.
        transport: Transport,
    },
    /// The connection does not come back by itself.
    Stopped(DisconnectReason),
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEvent {
    /// The status is another one; ask for it.
    StatusChanged,
    /// Who the server says this client is.
    Identified(User),
    /// This transport works here: worth remembering for the next client.
    Works(Transport),
    /// A subscription is confirmed, for the first time or again. Its publications follow.
    Subscribed {
        /// Which.
        subscription: SubscriptionId,
        /// How many missed publications follow, when nothing was lost since the last time.
        recovered: Option<u64>,
        /// The newest offset of the topic.
        head: Offset,
        /// Who is present, if that was asked for.
        members: Option<Members>,
    },
    /// A subscription goes on over another request or transport, and nothing is missing. Told only
    /// where presence was asked for.
    Members {
        /// Which.
        subscription: SubscriptionId,
        /// Who is present now.
        members: Members,
    },
    /// An event.
    Publication {
        /// Of which subscription.
        subscription: SubscriptionId,
        /// Where it stands.
        offset: Offset,
        /// The event.
        event: Payload,
    },
    /// Publications that will not come.
    Gap {
        /// Of which subscription.
        subscription: SubscriptionId,
        /// Which and why.
        gap: Gap,
    },
    /// A user joined, or has another number of connections.
    Joined {
        /// What they joined.
        subscription: SubscriptionId,
        /// How many users are present.
        count: u32,
        /// Who.
        member: Member,
    },
    /// A user left.
    Left {
        /// What they left.
        subscription: SubscriptionId,
        /// How many users are present.
        count: u32,
        /// Who.
        user: UserId,
    },
    /// A subscription was refused. It comes back by itself only if the error says "later".
    SubscriptionRefused {
        /// Which.
        subscription: SubscriptionId,
        /// Why.
        error: Error,
    },
    /// A command was taken.
    Published {
        /// Which.
        command: CommandId,
        /// Where its event stands.
        position: Position,
        /// Whether it had been taken before.
        duplicate: bool,
    },
    /// A saved command was not taken back. Nobody sends it any more.
    CommandDropped {
        /// Which.
        command: CommandId,
        /// Why.
        cause: DropCause,
    },
    /// A command was not taken and is given up. Commands of logs that are refused only for now are
    /// not: they go out again.
    CommandRefused {
        /// Which.
        command: CommandId,
        /// Why.
        error: Error,
    },
    /// The answer to a call.
    Returned {
        /// Which.
        request: RequestId,
        /// The response or the refusal.
        result: Result<Payload, Error>,
    },
    /// The answer to a read of history.
    History {
        /// Which.
        request: RequestId,
        /// The page or the refusal.
        result: Result<HistoryPage, Error>,
    },
}

/// A page of kept publications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The oldest offset that is kept.
    pub first: Offset,
    /// The newest offset of the topic.
    pub head: Offset,
    /// The publications, oldest first.
    pub publications: Vec<Publication>,
}
