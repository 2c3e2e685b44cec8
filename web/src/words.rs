//! Words for codes: errors and disconnects in the reader's language.

use leptos_i18n::I18nContext;
use trunkline_client::{Kept, StoreError, Transport};
use trunkline_protocol::{DisconnectReason, ErrorCode};

use crate::i18n::{Locale, t_string};
use crate::line::Line;

/// The form of a text for a number: `one` or `many`, with the number in it.
macro_rules! counted {
    ($i18n:expr, $n:expr, $($key:ident).+) => {{
        let n = $n;
        if n == 1 {
            $crate::i18n::t_string!($i18n, $($key).+.one, n = n)
        } else {
            $crate::i18n::t_string!($i18n, $($key).+.many, n = n)
        }
    }};
}

pub(crate) use counted;

/// Why something was refused, to stand behind a colon.
pub(crate) fn error(i18n: I18nContext<Locale>, code: ErrorCode) -> String {
    match code {
        ErrorCode::Forbidden | ErrorCode::OtherUser => t_string!(i18n, error.forbidden).to_owned(),
        ErrorCode::TooFast => t_string!(i18n, error.too_fast).to_owned(),
        ErrorCode::TooLong => t_string!(i18n, error.too_long).to_owned(),
        ErrorCode::Invalid => t_string!(i18n, error.invalid).to_owned(),
        ErrorCode::TooManyRequests => t_string!(i18n, error.too_many_waiting).to_owned(),
        ErrorCode::NotKept => t_string!(i18n, error.not_kept).to_owned(),
        ErrorCode::InvalidTopic | ErrorCode::InvalidKey | ErrorCode::UnknownNamespace => {
            t_string!(i18n, error.invalid_name).to_owned()
        }
        ErrorCode::TooManySubscriptions => t_string!(i18n, error.too_many_rooms).to_owned(),
        ErrorCode::ContractMismatch | ErrorCode::UnknownMethod | ErrorCode::Malformed => {
            t_string!(i18n, error.outdated).to_owned()
        }
        ErrorCode::Unavailable
        | ErrorCode::DeadlineExceeded
        | ErrorCode::Internal
        | ErrorCode::Cancelled => t_string!(i18n, error.unavailable).to_owned(),
        ErrorCode::AlreadySubscribed
        | ErrorCode::NotSubscribed
        | ErrorCode::DuplicateId
        | ErrorCode::Unknown(_) => t_string!(i18n, error.other, code = code.number().to_string()),
    }
}

/// The word of the badge.
pub(crate) fn line(i18n: I18nContext<Locale>, line: Line) -> &'static str {
    match line {
        Line::Live(Transport::WebSocket) => t_string!(i18n, line.live),
        Line::Live(Transport::Stream | Transport::Poll) => t_string!(i18n, line.live_http),
        Line::Connecting { .. } => t_string!(i18n, line.connecting),
        Line::Waiting { .. } => t_string!(i18n, line.waiting),
        Line::Offline => t_string!(i18n, line.offline),
        Line::Cut => t_string!(i18n, line.cut),
        Line::SignedOut => t_string!(i18n, line.signed_out),
        Line::Stopped(_) => t_string!(i18n, line.stopped),
    }
}

/// A sentence about the line, and what to do.
pub(crate) fn line_why(i18n: I18nContext<Locale>, line: Line) -> String {
    match line {
        Line::Live(Transport::WebSocket) => t_string!(i18n, line.why.live).to_owned(),
        Line::Live(Transport::Stream) => t_string!(i18n, line.why.stream).to_owned(),
        Line::Live(Transport::Poll) => t_string!(i18n, line.why.poll).to_owned(),
        Line::Connecting { .. } => t_string!(i18n, line.why.connecting).to_owned(),
        Line::Waiting { .. } => t_string!(i18n, line.why.waiting).to_owned(),
        Line::Offline => t_string!(i18n, line.why.offline).to_owned(),
        Line::Cut => t_string!(i18n, line.why.cut).to_owned(),
        Line::SignedOut => t_string!(i18n, line.why.signed_out).to_owned(),
        Line::Stopped(DisconnectReason::Kicked) => t_string!(i18n, line.why.kicked).to_owned(),
        Line::Stopped(DisconnectReason::Forbidden) => {
            t_string!(i18n, line.why.forbidden).to_owned()
        }
        Line::Stopped(DisconnectReason::TooManyConnections) => {
            t_string!(i18n, line.why.too_many).to_owned()
        }
        Line::Stopped(reason) if is_outdated(reason) => {
            t_string!(i18n, line.why.outdated).to_owned()
        }
        Line::Stopped(reason) => t_string!(i18n, line.why.other, reason = reason.to_string()),
    }
}

/// What messages travel over, while they do.
pub(crate) fn transport(i18n: I18nContext<Locale>, line: Line) -> &'static str {
    match line {
        Line::Live(Transport::WebSocket) => t_string!(i18n, line.websocket),
        Line::Live(Transport::Stream) => t_string!(i18n, line.stream),
        Line::Live(Transport::Poll) => t_string!(i18n, line.poll),
        _ => t_string!(i18n, line.no_transport),
    }
}

/// Why what waits to be sent would not be there after a reload, if that is so.
pub(crate) fn not_kept(i18n: I18nContext<Locale>, kept: Kept) -> Option<&'static str> {
    match kept {
        Kept::All => None,
        Kept::NotAll(StoreError::Full) => Some(t_string!(i18n, line.not_kept.full)),
        Kept::NotAll(StoreError::Unavailable) | Kept::Nothing => {
            Some(t_string!(i18n, line.not_kept.unavailable))
        }
    }
}

/// True when a newer page is likely to help.
pub(crate) fn is_outdated(reason: DisconnectReason) -> bool {
    reason.class() == trunkline_protocol::DisconnectClass::Incompatible
}
