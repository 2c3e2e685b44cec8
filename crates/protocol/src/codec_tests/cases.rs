//! The cases that samples must have: each variant, and what of it decides its bytes.
//!
//! The functions match exhaustively, so that a new variant does not compile until it has a name here,
//! and does not pass until it has a sample.

use crate::frame::{Range, Start, Subscribe};
use crate::topics::alerts::{AlertCommand, AlertEvent};
use crate::topics::chat::{ChatCommand, ChatEvent, TypingCommand};
use crate::{ClientFrame, Error, GapCause, ServerFrame};

/// Names the case that a value is, and lists all cases there are.
macro_rules! cases {
    ($all:ident, $of:ident, $kind:ty; $($pattern:pat => $name:literal,)+) => {
        pub(super) const $all: &[&str] = &[$($name),+];

        pub(super) fn $of(value: &$kind) -> &'static str {
            match value {
                $($pattern => $name,)+
            }
        }
    };
}

cases! { CLIENT_FRAMES, client_frame_case, ClientFrame;
    ClientFrame::Connect { .. } => "connect",
    ClientFrame::Subscribe(Subscribe { max_hz: Some(_), .. }) => "subscribe at a pace",
    ClientFrame::Subscribe(Subscribe { contract: None, .. }) => "subscribe without contract",
    ClientFrame::Subscribe(Subscribe { contract: Some(_), .. }) => "subscribe with contract",
    ClientFrame::Unsubscribe { .. } => "unsubscribe",
    ClientFrame::Publish { contract: None, .. } => "publish without contract",
    ClientFrame::Publish { contract: Some(_), .. } => "publish with contract",
    ClientFrame::Call { contract: None, .. } => "call without contract",
    ClientFrame::Call { contract: Some(_), .. } => "call with contract",
    ClientFrame::Cancel { .. } => "cancel",
    ClientFrame::History { range: Range::Before { .. }, .. } => "history before",
    ClientFrame::History { range: Range::After { .. }, .. } => "history after",
    ClientFrame::Presence { .. } => "presence",
    ClientFrame::Refresh { .. } => "refresh",
    ClientFrame::Pong => "pong",
    ClientFrame::Probe { .. } => "probe",
}

cases! { STARTS, start_case, Start;
    Start::Newest { .. } => "newest",
    Start::After(_) => "after",
    Start::AfterEvent { .. } => "after event",
}

cases! { SERVER_FRAMES, server_frame_case, ServerFrame;
    ServerFrame::Connected { .. } => "connected",
    ServerFrame::Subscribed { gap: None, members: None, .. } => "subscribed plainly",
    ServerFrame::Subscribed { gap: Some(_), .. } => "subscribed with gap",
    ServerFrame::Subscribed { gap: None, members: Some(_), .. } => "subscribed with members",
    ServerFrame::Unsubscribed { .. } => "unsubscribed",
    ServerFrame::Published { duplicate: false, .. } => "published",
    ServerFrame::Published { duplicate: true, .. } => "published before",
    ServerFrame::Refused { error: Error { retry_after_ms: None, .. }, .. } => "refused",
    ServerFrame::Refused { error: Error { retry_after_ms: Some(_), .. }, .. } => "refused for now",
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
}

cases! { GAP_CAUSES, gap_cause_case, GapCause;
    GapCause::Retention => "retention",
    GapCause::Epoch => "epoch",
    GapCause::Slow => "slow",
    GapCause::Conflated => "conflated",
}

cases! { CHAT_COMMANDS, chat_command_case, ChatCommand;
    ChatCommand::Say { .. } => "say",
    ChatCommand::Edit { .. } => "edit",
    ChatCommand::Delete { .. } => "delete",
}

cases! { CHAT_EVENTS, chat_event_case, ChatEvent;
    ChatEvent::Said { .. } => "said",
    ChatEvent::Edited { .. } => "edited",
    ChatEvent::Deleted { .. } => "deleted",
}

cases! { TYPING_COMMANDS, typing_command_case, TypingCommand;
    TypingCommand::Started => "started",
    TypingCommand::Stopped => "stopped",
}

cases! { ALERT_COMMANDS, alert_command_case, AlertCommand;
    AlertCommand::Notify { .. } => "notify",
    AlertCommand::Read { .. } => "read",
    AlertCommand::ReadUpTo { .. } => "read up to",
    AlertCommand::Dismiss { .. } => "dismiss",
}

cases! { ALERT_EVENTS, alert_event_case, AlertEvent;
    AlertEvent::Notified { .. } => "notified",
    AlertEvent::Read { .. } => "read",
    AlertEvent::ReadUpTo { .. } => "read up to",
    AlertEvent::Dismissed { .. } => "dismissed",
}
