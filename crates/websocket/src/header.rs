//! The header of a frame (RFC 6455 section 5.2).

use crate::incoming::Violation;
use crate::{Kind, Role};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Message(Kind),
    Close,
    Ping,
    Pong,
}

impl Opcode {
    pub(crate) fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Message(Kind::Text) => 0x1,
            Self::Message(Kind::Binary) => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xa,
        }
    }

    fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Message(Kind::Text),
            0x2 => Self::Message(Kind::Binary),
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    pub(crate) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A header that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) fin: bool,
    pub(crate) opcode: Opcode,
    pub(crate) mask: [u8; 4],
    /// The bytes of the header itself.
    pub(crate) len: usize,
    /// The bytes that follow it. Not checked against any bound.
    pub(crate) payload_len: u64,
}

/// The longest payload of a control frame.
pub(crate) const CONTROL_LEN_MAX: usize = 125;

/// The longest header: two bytes, a length of eight, a mask of four.
pub(crate) const HEADER_LEN_MAX: usize = 14;

impl Header {
    /// Reads a header. None if `bytes` end within it.
    ///
    /// A length of a message in a longer form than it needs is taken: section 5.2 forbids it to
    /// senders, tungstenite takes it, Autobahn's own library refuses it, and it does no harm.
    pub(crate) fn read(bytes: &[u8], role: Role) -> Result<Option<Self>, Violation> {
        let Some(first) = bytes.first() else {
            return Ok(None);
        };
        let (fin, reserved) = (first & 0x80 != 0, first & 0x70);
        let opcode = Opcode::of(first & 0x0f).ok_or(Violation::Protocol)?;
        if reserved != 0 || (opcode.is_control() && !fin) {
            return Err(Violation::Protocol);
        }
        let Some(second) = bytes.get(1) else {
            return Ok(None);
        };
        if (second & 0x80 != 0) != (role == Role::Server) {
            return Err(Violation::Protocol);
        }
        let short = second & 0x7f;
        if opcode.is_control() && usize::from(short) > CONTROL_LEN_MAX {
            return Err(Violation::Protocol);
        }
        let after = &bytes[2..];
        let (payload_len, len) = match short {
            126 => match after.first_chunk() {
                Some(len) => (u64::from(u16::from_be_bytes(*len)), 4),
                None => return Ok(None),
            },
            127 => match after.first_chunk() {
                Some(len) => (u64::from_be_bytes(*len), 10),
                None => return Ok(None),
            },
            short => (u64::from(short), 2),
        };
        if payload_len >> 63 != 0 {
            return Err(Violation::Protocol);
        }
        let (mask, len) = match role {
            Role::Client => ([0; 4], len),
            Role::Server => match bytes[len..].first_chunk() {
                Some(mask) => (*mask, len + 4),
                None => return Ok(None),
            },
        };
        Ok(Some(Self {
            fin,
            opcode,
            mask,
            len,
            payload_len,
        }))
    }
}
