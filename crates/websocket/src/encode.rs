//! Frames as bytes. A server's are not masked, so that one frame serves any number of readers.

use crate::header::{CONTROL_LEN_MAX, Opcode};
use crate::incoming::may_be_sent;
use crate::{Kind, mask};

/// The bytes of a header without a mask, before a payload of this many bytes.
pub const fn header_len(payload_len: usize) -> usize {
    match payload_len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    }
}

/// Appends a whole message in one frame, as a server sends it.
pub fn push_message(bytes: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    push(bytes, Opcode::Message(kind), payload, None);
}

/// Appends a whole message in one frame, as a client sends it.
pub fn push_masked_message(bytes: &mut Vec<u8>, kind: Kind, payload: &[u8], mask: [u8; 4]) {
    push(bytes, Opcode::Message(kind), payload, Some(mask));
}

/// Appends a ping, as a server sends it. Its payload is cut at 125 bytes.
pub fn push_ping(bytes: &mut Vec<u8>, payload: &[u8]) {
    push(bytes, Opcode::Ping, cut(payload), None);
}

/// Appends a pong, as a server sends it. Its payload is cut at 125 bytes.
pub fn push_pong(bytes: &mut Vec<u8>, payload: &[u8]) {
    push(bytes, Opcode::Pong, cut(payload), None);
}

/// Appends a ping, as a client sends it. Its payload is cut at 125 bytes.
pub fn push_masked_ping(bytes: &mut Vec<u8>, payload: &[u8], mask: [u8; 4]) {
    push(bytes, Opcode::Ping, cut(payload), Some(mask));
}

/// Appends a pong, as a client sends it. Its payload is cut at 125 bytes.
pub fn push_masked_pong(bytes: &mut Vec<u8>, payload: &[u8], mask: [u8; 4]) {
    push(bytes, Opcode::Pong, cut(payload), Some(mask));
}

/// Appends a Close frame, as a server sends it. The reason is cut at 123 bytes, before
/// the character that does not fit; the code is one that may be sent, so not 1005 or 1006.
pub fn push_close(bytes: &mut Vec<u8>, code: u16, reason: &str) {
    push(bytes, Opcode::Close, &close_payload(code, reason), None);
}

/// Appends a Close frame, as a client sends it. The reason is cut at 123 bytes, before
/// the character that does not fit; the code is one that may be sent, so not 1005 or 1006.
pub fn push_masked_close(bytes: &mut Vec<u8>, code: u16, reason: &str, mask: [u8; 4]) {
    push(
        bytes,
        Opcode::Close,
        &close_payload(code, reason),
        Some(mask),
    );
}

fn cut(payload: &[u8]) -> &[u8] {
    &payload[..payload.len().min(CONTROL_LEN_MAX)]
}

fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    debug_assert!(may_be_sent(code), "no peer takes close code {code}");
    let end = reason.floor_char_boundary(CONTROL_LEN_MAX - 2);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    payload
}

fn push(bytes: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    bytes.push(0x80 | opcode.bits());
    let len = payload.len();
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(short), _) if short <= 125 => bytes.push(masked | short),
        (_, Ok(medium)) => {
            bytes.push(masked | 126);
            bytes.extend_from_slice(&medium.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(masked | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask.into_iter().flatten());
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    if let Some(mask) = mask {
        mask::apply(&mut bytes[start..], mask, 0);
    }
}
