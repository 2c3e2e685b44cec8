//! Summaries: a frame as one line of the trace.

use trunkline_protocol::{ClientFrame, ServerFrame};

/// The kind of a client's frame, with what matters most of it.
pub(crate) fn of_client(frame: &ClientFrame) -> (&'static str, u64) {
    match frame {
        ClientFrame::Connect { subscriptions, .. } => ("> connect", subscriptions.len() as u64),
        ClientFrame::Subscribe(subscribe) => ("> subscribe", u64::from(subscribe.id)),
        ClientFrame::Unsubscribe { id, .. } => ("> unsubscribe", u64::from(*id)),
        ClientFrame::Publish { message_id, .. } => ("> publish", u64::from(message_id.counter)),
        ClientFrame::Call { id, .. } => ("> call", u64::from(*id)),
        ClientFrame::Cancel { id } => ("> cancel", u64::from(*id)),
        ClientFrame::History { id, .. } => ("> history", u64::from(*id)),
        ClientFrame::Presence { id, .. } => ("> presence", u64::from(*id)),
        ClientFrame::Refresh { id, .. } => ("> refresh", u64::from(*id)),
        ClientFrame::Pong => ("> pong", 0),
        ClientFrame::Probe { nonce } => ("> probe", u64::from(*nonce)),
    }
}

/// The kind of a server's frame, with what matters most of it.
pub(crate) fn of_server(frame: &ServerFrame) -> (&'static str, [u64; 2]) {
    match frame {
        ServerFrame::Connected { session, .. } => ("< connected", [u64::from(*session), 0]),
        ServerFrame::Subscribed {
            topic_id, position, ..
        } => ("< subscribed", [u64::from(topic_id.0), position.offset]),
        ServerFrame::Unsubscribed { topic_id, .. } => {
            ("< unsubscribed", [u64::from(topic_id.0), 0])
        }
        ServerFrame::Published {
            position,
            duplicate,
            ..
        } => ("< published", [position.offset, u64::from(*duplicate)]),
        ServerFrame::Refused { id, error } => (
            "< refused",
            [u64::from(*id), u64::from(error.code.number())],
        ),
        ServerFrame::Returned { id, .. } => ("< returned", [u64::from(*id), 0]),
        ServerFrame::History { id, .. } => ("< history", [u64::from(*id), 0]),
        ServerFrame::Present { id, .. } => ("< present", [u64::from(*id), 0]),
        ServerFrame::Refreshed { id, .. } => ("< refreshed", [u64::from(*id), 0]),
        ServerFrame::Publication {
            topic_id, offset, ..
        } => ("< publication", [u64::from(topic_id.0), *offset]),
        ServerFrame::Gap { topic_id, gap } => ("< gap", [u64::from(topic_id.0), gap.count]),
        ServerFrame::Joined {
            topic_id, member, ..
        } => ("< joined", [u64::from(topic_id.0), member.user.id.0]),
        ServerFrame::Left { topic_id, user, .. } => ("< left", [u64::from(topic_id.0), user.0]),
        ServerFrame::Ping { heads } => ("< ping", [heads.len() as u64, 0]),
        ServerFrame::Probed { nonce } => ("< probed", [u64::from(*nonce), 0]),
        ServerFrame::Drain { after_ms } => ("< drain", [u64::from(*after_ms), 0]),
        ServerFrame::Disconnect { code, .. } => ("< disconnect", [u64::from(*code), 0]),
    }
}
