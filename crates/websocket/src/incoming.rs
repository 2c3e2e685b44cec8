//! What a peer sent: what came whole, or the rule that was broken.

use std::fmt;

use crate::Kind;

/// Something that a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole message. The payload of a text is UTF-8.
    Message {
        /// What it holds.
        kind: Kind,
        /// Its bytes, unmasked.
        payload: &'a [u8],
    },
    /// A ping, to be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The peer closes. Nothing that follows is read.
    Close {
        /// Its code, if it gave one.
        code: Option<u16>,
        /// Its words. Empty if it gave none.
        reason: &'a str,
    },
}

/// A peer broke a rule. The connection is to be closed with [`code`](Self::code).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// It is no frame, or none that may come here.
    Protocol,
    /// A text, or the reason of a Close frame, is not UTF-8.
    NotUtf8,
    /// A message is longer than it may be.
    TooLong,
}

impl Violation {
    /// The close code (RFC 6455 section 7.4.1).
    pub fn code(self) -> u16 {
        match self {
            Self::Protocol => 1002,
            Self::NotUtf8 => 1007,
            Self::TooLong => 1009,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Protocol => "not a frame that may come here",
            Self::NotUtf8 => "text that is not UTF-8",
            Self::TooLong => "a message that is too long",
        })
    }
}

impl std::error::Error for Violation {}

/// Reads what a Close frame says (RFC 6455 sections 5.5.1 and 7.4).
pub(crate) fn read_close(payload: &[u8]) -> Result<(Option<u16>, &str), Violation> {
    if payload.is_empty() {
        return Ok((None, ""));
    }
    let (code, reason) = payload.split_first_chunk().ok_or(Violation::Protocol)?;
    let code = u16::from_be_bytes(*code);
    if !may_be_sent(code) {
        return Err(Violation::Protocol);
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation::NotUtf8)?;
    Ok((Some(code), reason))
}

/// Whether a close code may be in a frame (RFC 6455 section 7.4). 1012 to 1014 are registered with
/// IANA; 1005, 1006 and 1015 are for the words of a program about its connection.
pub(crate) fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
