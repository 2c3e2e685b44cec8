//! The kind of a frame, by the name that it has in JSON.

use trunkline_client::tap::What;
use trunkline_protocol::{ClientFrame, ServerFrame};

/// The kind of what has travelled: that of its frame, or of the request over HTTP.
pub fn kind(what: &What) -> &'static str {
    match what {
        What::Sent(frame) => match frame {
            ClientFrame::Connect { .. } => "connect",
            ClientFrame::Subscribe(_) => "subscribe",
            ClientFrame::Unsubscribe { .. } => "unsubscribe",
            ClientFrame::Publish { .. } => "publish",
            ClientFrame::Call { .. } => "call",
            ClientFrame::Cancel { .. } => "cancel",
            ClientFrame::History { .. } => "history",
            ClientFrame::Presence { .. } => "presence",
            ClientFrame::Refresh { .. } => "refresh",
            ClientFrame::Pong => "pong",
            ClientFrame::Probe { .. } => "probe",
        },
        What::Received(frame) => match frame {
            ServerFrame::Connected { .. } => "connected",
            ServerFrame::Subscribed { .. } => "subscribed",
            ServerFrame::Unsubscribed { .. } => "unsubscribed",
            ServerFrame::Published { .. } => "published",
            ServerFrame::Refused { .. } => "refused",
            ServerFrame::Returned { .. } => "returned",
            ServerFrame::History { .. } => "history",
            ServerFrame::Present { .. } => "present",
            ServerFrame::Refreshed { .. } => "refreshed",
            ServerFrame::Publication { .. } => "publication",
            ServerFrame::Gap { .. } => "gap",
            ServerFrame::Joined { .. } => "joined",
            ServerFrame::Left { .. } => "left",
            ServerFrame::Ping { .. } => "ping",
            ServerFrame::Probed { .. } => "probed",
            ServerFrame::Drain { .. } => "drain",
            ServerFrame::Disconnect { .. } => "disconnect",
        },
        What::Asked(_) => "get",
        What::Refused(_) => "problem",
        What::Unreadable => "unreadable",
    }
}
