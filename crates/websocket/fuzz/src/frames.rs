//! Streams of frames from arbitrary bytes: most are allowed, and lengths are near a boundary.
//!
//! Mutating masked bytes finds little, since a changed byte of a mask changes every fourth of a
//! payload; so the input holds payloads as they are, and masks are put on here.

use crate::Role;

/// The input that is left. At its end, zeros.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// A number of two bytes.
    pub(crate) fn number(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

/// Makes all that is left into a stream.
pub(crate) fn stream(input: &mut Input<'_>, role: Role, len_max: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    // A stream of many long frames finds nothing that one of a few does not.
    while !input.0.is_empty() && stream.len() < len_max.max(1000) + 1000 {
        push_frame(&mut stream, input, role, len_max);
    }
    stream
}

fn push_frame(stream: &mut Vec<u8>, input: &mut Input<'_>, role: Role, len_max: usize) {
    let shape = input.byte();
    let first = match usize::from(shape & 0xf) {
        raw @ 0..6 => input.byte() | if raw == 0 { 0 } else { 0x80 },
        known => FIRSTS[known - 6],
    };
    let mut payload = payload(input, shape >> 4 & 7, len_max);
    if first == 0x88
        && let [high, low, ..] = &mut payload[..]
        && *high < 0x80
    {
        // A code that is known, or nearly.
        [*high, *low] = (996 + u16::from(*low % 24)).to_be_bytes();
    }
    let mask = match (shape >> 7, role) {
        (0, Role::Server) => Some([0x37, 0xfa, 0x21, 0x3d]),
        (0, Role::Client) => None,
        _ => input.take(4).try_into().ok(),
    };
    let masked = if mask.is_some() { 0x80 } else { 0 };
    stream.push(first);
    // Now and then in a longer form than it needs.
    let longer = if shape == 0xff { input.number() } else { 0 };
    match payload.len() + longer {
        0..=125 => stream.push(masked | payload.len() as u8),
        126..=0xffff => {
            stream.push(masked | 126);
            stream.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        _ => {
            stream.push(masked | 127);
            stream.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    stream.extend(mask.into_iter().flatten());
    let mask = mask.unwrap_or_default().into_iter().cycle();
    stream.extend(
        payload
            .into_iter()
            .zip(mask)
            .map(|(byte, mask)| byte ^ mask),
    );
}

/// First bytes of frames: two whole messages, two that begin, two that go on, control frames.
const FIRSTS: [u8; 10] = [0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x80, 0x89, 0x8a, 0x88];

fn payload(input: &mut Input<'_>, shape: u8, len_max: usize) -> Vec<u8> {
    // A boundary, and at most four bytes to either side of it.
    let boundary = match shape {
        0..4 => {
            let len = usize::from(input.byte());
            return input.take(len).to_vec();
        }
        4 => 125,
        5 => 65_535,
        6 => len_max,
        _ => len_max / 2,
    };
    let change = input.byte();
    let len = (boundary + usize::from(change & 7)).saturating_sub(4);
    // Of two, three or four bytes a character, so that it ends where it may and where it may not.
    let character = ["x", "é", "한", "🦀"][usize::from(change >> 3 & 3)];
    let mut payload: Vec<u8> = character.bytes().cycle().take(len).collect();
    if change >> 5 == 1 && len > 0 {
        let place = input.number() % len;
        payload[place] = input.byte();
    }
    payload
}
