//! The judge of a stream: the decoder must come to one result however the bytes are cut, keep no
//! more than it may, and agree with tungstenite. Shared with the fuzz target, so it imports only
//! what the crate exports.

use std::io::{self, Read, Write};
use std::ops::ControlFlow;

use tungstenite::error::ProtocolError;
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::{Decoder, Incoming, Kind, Role, Violation};

/// What came, in words that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Came {
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

/// Reads a stream in pieces that end at `cuts`, each taken modulo the stream's length.
pub(super) fn read(
    role: Role,
    len_max: usize,
    stream: &[u8],
    cuts: &[usize],
) -> (Vec<Came>, Result<(), Violation>) {
    let mut decoder = Decoder::new(role, len_max);
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
        // A part of a message, and within it a control frame or a header.
        assert!(decoder.partial_len() <= len_max + CONTROL_LEN_MAX);
        if result.is_err() {
            assert_eq!(decoder.partial_len(), 0);
            return (came, result);
        }
    }
    (came, Ok(()))
}

const CONTROL_LEN_MAX: usize = 125;

/// Judges a stream, whole and in pieces.
pub(super) fn check(role: Role, len_max: usize, stream: &[u8], cuts: &[usize]) {
    let whole = read(role, len_max, stream, &[]);
    let pieces = read(role, len_max, stream, cuts);
    assert_eq!(pieces, whole, "the pieces made a difference");
    // A control frame whose length has more than one byte: section 5.5 forbids it, and tungstenite
    // takes it. It judges what is before.
    let long = |place: &Place| stream[place.start] & 8 != 0 && place.long;
    let (stream, (came, result)) = match places(role, stream).find(long) {
        None => (stream, whole),
        Some(place) => {
            let before = &stream[..place.start];
            (before, read(role, len_max, before, &[]))
        }
    };
    let (theirs, refused) = oracle(role, len_max, stream, &came);
    assert_eq!(came, theirs);
    if refused {
        assert!(result.is_err(), "only we take it");
    } else if result.is_err() {
        // We also refuse what has not come to its end, such as a wrong byte of a text. They must
        // come to the same when the frame is whole.
        let last = places(role, stream).last();
        let mut ended = stream.to_vec();
        // More than any message here may have is refused by its header.
        let end = last.map_or(0, |place| place.end.min(stream.len() + 100_000));
        ended.resize(end, 0);
        let (theirs, refused) = oracle(role, len_max, &ended, &came);
        assert_eq!(came, theirs);
        assert!(refused, "only we refuse it");
    }
}

/// Where a frame lies in a stream, as far as its header tells.
struct Place {
    start: usize,
    /// Whether its length has more than one byte.
    long: bool,
    end: usize,
}

fn places(role: Role, stream: &[u8]) -> impl Iterator<Item = Place> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let bytes = stream.get(start..).filter(|bytes| !bytes.is_empty())?;
        // What lacks of a header is taken as zeros, and as a mask where one must be.
        let mut header = [0; 10];
        header[1] = if role == Role::Server { 0x80 } else { 0 };
        let here = bytes.len().min(header.len());
        header[..here].copy_from_slice(&bytes[..here]);
        let [_, short, rest @ ..] = header;
        let [high, low, ..] = rest;
        let (header_len, len) = match short & 0x7f {
            126 => (4, u64::from(u16::from_be_bytes([high, low]))),
            127 => (10, u64::from_be_bytes(rest)),
            len => (2, u64::from(len)),
        };
        let header_len = header_len + if short & 0x80 != 0 { 4 } else { 0 };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let place = Place {
            start,
            long: short & 0x7f > 125,
            end: start.saturating_add(header_len).saturating_add(len),
        };
        start = place.end;
        Some(place)
    })
}

/// What tungstenite makes of a stream: what came, and whether it refused the rest.
fn oracle(role: Role, len_max: usize, stream: &[u8], ours: &[Came]) -> (Vec<Came>, bool) {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .max_message_size(Some(len_max))
        // It applies this to control frames, too.
        .max_frame_size(Some(len_max.max(CONTROL_LEN_MAX)));
    let line = Line(io::Cursor::new(stream));
    let their_role = match role {
        Role::Server => TheirRole::Server,
        Role::Client => TheirRole::Client,
    };
    let mut socket = WebSocket::from_raw_socket(line, their_role, Some(config));
    let mut came = Vec::new();
    loop {
        came.push(match socket.read() {
            Ok(Message::Text(text)) => Came::Text(text.to_string()),
            Ok(Message::Binary(bytes)) => Came::Binary(bytes.to_vec()),
            Ok(Message::Ping(payload)) => Came::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Came::Pong(payload.to_vec()),
            Ok(Message::Close(None)) => Came::Close(None, String::new()),
            Ok(Message::Close(Some(close))) => {
                Came::Close(Some(close.code.into()), close.reason.to_string())
            }
            Ok(Message::Frame(_)) => continue,
            // The stream has ended, within a frame or not.
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return (came, false),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                return (came, false);
            }
            Err(_) => return (came, true),
        });
        let Some(Came::Close(code, reason)) = came.last() else {
            continue;
        };
        // Its way to refuse a Close frame whose code nobody may send.
        let refused = *code == Some(1002) && reason == "Protocol violation";
        if refused && ours.len() < came.len() {
            came.pop();
            return (came, true);
        }
        if refused && matches!(ours.last(), Some(Came::Close(Some(1014), _))) {
            // Which 1014 is, there; it was registered later.
            came.pop();
            came.extend(ours.last().cloned());
        }
        return (came, false);
    }
}

/// A stream that is read and swallows what is written.
struct Line<'a>(io::Cursor<&'a [u8]>);

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
