//! What a frame is called, what it asks about and what it answers, for whoever looks at frames
//! without taking part in the conversation.

use crate::frame::{ClientFrame, RequestId, ServerFrame};

impl ClientFrame {
    /// Its kind, which is its `type` in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connect { .. } => "connect",
            Self::Subscribe(_) => "subscribe",
            Self::Unsubscribe { .. } => "unsubscribe",
            Self::Publish { .. } => "publish",
            Self::Call { .. } => "call",
            Self::Cancel { .. } => "cancel",
            Self::History { .. } => "history",
            Self::Presence { .. } => "presence",
            Self::Refresh { .. } => "refresh",
            Self::Pong => "pong",
            Self::Probe { .. } => "probe",
        }
    }

    /// The id that its answer will have, and the topic or the method that it is about. Nothing where
    /// it is about neither.
    pub fn asks(&self) -> Option<(RequestId, &str)> {
        match self {
            Self::Subscribe(subscribe) => Some((subscribe.id, &subscribe.topic)),
            Self::Unsubscribe { id, topic }
            | Self::Publish { id, topic, .. }
            | Self::History { id, topic, .. }
            | Self::Presence { id, topic } => Some((*id, topic)),
            Self::Call { id, method, .. } => Some((*id, method)),
            Self::Connect { .. }
            | Self::Cancel { .. }
            | Self::Refresh { .. }
            | Self::Pong
            | Self::Probe { .. } => None,
        }
    }
}

impl ServerFrame {
    /// All kinds, in the order of their numbers in the binary form.
    pub(crate) const KINDS: [&str; 17] = [
        "connected",
        "subscribed",
        "unsubscribed",
        "published",
        "refused",
        "returned",
        "history",
        "present",
        "refreshed",
        "publication",
        "gap",
        "joined",
        "left",
        "ping",
        "probed",
        "drain",
        "disconnect",
    ];

    /// Its kind, which is its `type` in JSON.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connected",
            Self::Subscribed { .. } => "subscribed",
            Self::Unsubscribed { .. } => "unsubscribed",
            Self::Published { .. } => "published",
            Self::Refused { .. } => "refused",
            Self::Returned { .. } => "returned",
            Self::History { .. } => "history",
            Self::Present { .. } => "present",
            Self::Refreshed { .. } => "refreshed",
            Self::Publication { .. } => "publication",
            Self::Gap { .. } => "gap",
            Self::Joined { .. } => "joined",
            Self::Left { .. } => "left",
            Self::Ping { .. } => "ping",
            Self::Probed { .. } => "probed",
            Self::Drain { .. } => "drain",
            Self::Disconnect { .. } => "disconnect",
        }
    }

    /// The id of the request that it answers. Nothing where it answers none, or has no id for it.
    pub const fn answers(&self) -> Option<RequestId> {
        match self {
            Self::Subscribed { id, .. }
            | Self::Unsubscribed { id, .. }
            | Self::Published { id, .. }
            | Self::Refused { id, .. }
            | Self::Returned { id, .. }
            | Self::History { id, .. }
            | Self::Present { id, .. }
            | Self::Refreshed { id, .. } => Some(*id),
            Self::Connected { .. }
            | Self::Publication { .. }
            | Self::Gap { .. }
            | Self::Joined { .. }
            | Self::Left { .. }
            | Self::Ping { .. }
            | Self::Probed { .. }
            | Self::Drain { .. }
            | Self::Disconnect { .. } => None,
        }
    }
}
