//! The decoder over pieces of streams, beside the examples of the RFC and another implementation.

use std::ops::ControlFlow;

use super::*;

mod pieces;
mod rules;
mod oracle;

/// What came, in words that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
}

impl From<Incoming<'_>> for Came {
    fn from(incoming: Incoming<'_>) -> Self {
        match incoming {
            Incoming::Message {
                kind: Kind::Text,
                payload,
            } => Self::Text(String::from_utf8(payload.to_vec()).expect("a text is UTF-8")),
            Incoming::Message {
                kind: Kind::Binary,
                payload,
            } => Self::Binary(payload.to_vec()),
            Incoming::Ping(payload) => Self::Ping(payload.to_vec()),
            Incoming::Pong(payload) => Self::Pong(payload.to_vec()),
            Incoming::Close { code, reason } => Self::Close(code, reason.to_owned()),
        }
    }
}

/// The longest message in these tests.
const LEN_MAX: usize = 70_000;

/// Reads a stream in pieces that end at `cuts`.
fn read(role: Role, stream: &[u8], cuts: &[usize]) -> (Vec<Came>, Result<(), Violation>) {
    let mut decoder = Decoder::new(role, LEN_MAX);
    let (mut came, mut start) = (Vec::new(), 0);
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (stream.len() + 1)).collect();
    cuts.push(stream.len());
    cuts.sort_unstable();
    for end in cuts {
        let mut piece = stream[start..end].to_vec();
        start = end;
        let result = decoder.read(&mut piece, &mut |incoming| {
            came.push(incoming.into());
            ControlFlow::Continue(())
        });
        if result.is_err() {
            return (came, result);
        }
        assert!(decoder.partial_len() <= LEN_MAX + header::HEADER_LEN_MAX + 125);
    }
    (came, Ok(()))
}

/// A frame in any form, allowed or not, masked for a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}
