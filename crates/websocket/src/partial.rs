//! What is kept between two pieces.

use crate::Kind;
use crate::header::Opcode;
use crate::utf8::Unfinished;

/// The frame whose payload is coming.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) opcode: Opcode,
    pub(crate) fin: bool,
    pub(crate) mask: [u8; 4],
    /// The bytes of its payload that have come, and those that are to come.
    pub(crate) here: usize,
    pub(crate) left: usize,
}

/// What is kept while something is incomplete. Boxed, since most connections have nothing of it
/// most of the time.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    /// The begin of a header.
    pub(crate) header: Vec<u8>,
    pub(crate) current: Option<Current>,
    /// The payload of a control frame that comes in pieces.
    pub(crate) control: Vec<u8>,
    /// The kind of a message that comes in fragments, or in pieces.
    pub(crate) kind: Option<Kind>,
    pub(crate) message: Vec<u8>,
    pub(crate) text: Unfinished,
}

/// Appends a piece of a frame to its message. The capacity grows by doubling, so that many pieces
/// cost no more than one, but not above what the message may come to.
pub(crate) fn append(message: &mut Vec<u8>, piece: &[u8], current: &Current, len_max: usize) {
    let len = message.len() + piece.len();
    if len > message.capacity() {
        let capacity_max = if current.fin {
            len + current.left
        } else {
            len_max
        };
        let capacity = len.saturating_mul(2).min(capacity_max);
        message.reserve_exact(capacity - message.len());
    }
    message.extend_from_slice(piece);
}
