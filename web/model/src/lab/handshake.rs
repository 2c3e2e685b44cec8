//! A handshake byte by byte: what stands in its heads, and what the bits of its first frames say.

use trunkline_protocol::{ClientFrame, Codec, ServerFrame, Text};

/// A line of a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadLine {
    /// The first one.
    First(String),
    /// A header.
    Header {
        /// Its name, as it was sent.
        name: String,
        /// Its value.
        value: String,
    },
}

/// The lines of a head. What is no UTF-8 is replaced.
pub fn head_lines(head: &[u8]) -> Vec<HeadLine> {
    let text = String::from_utf8_lossy(head);
    let lines = text.split("\r\n").filter(|line| !line.is_empty());
    let line = |(index, line): (usize, &str)| match line.split_once(": ") {
        Some((name, value)) if index > 0 => HeadLine::Header {
            name: name.to_owned(),
            value: value.to_owned(),
        },
        _ => HeadLine::First(line.to_owned()),
    };
    lines.enumerate().map(line).collect()
}

/// What a frame is for (RFC 6455 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// Goes on with a message.
    Continuation,
    /// Begins a message in text.
    Text,
    /// Begins a message in bytes.
    Binary,
    /// Says goodbye.
    Close,
    /// Asks whether the other side lives.
    Ping,
    /// Answers that.
    Pong,
    /// Not in the standard.
    Reserved(u8),
}

impl Opcode {
    fn of(nibble: u8) -> Self {
        match nibble {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => Self::Reserved(other),
        }
    }
}

/// A frame as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameSeen {
    /// Its header, byte by byte.
    pub header: Vec<u8>,
    /// Whether it is the last of its message.
    pub fin: bool,
    /// What it is for.
    pub opcode: Opcode,
    /// What its payload was masked with, if it was.
    pub mask: Option<[u8; 4]>,
    /// How many bytes of payload it has.
    pub len: u64,
    /// The payload without the mask.
    pub payload: Vec<u8>,
}

/// The complete frames at the begin of some bytes.
pub fn frames(mut bytes: &[u8]) -> Vec<FrameSeen> {
    let mut all = Vec::new();
    while let Some((frame, rest)) = frame(bytes) {
        all.push(frame);
        bytes = rest;
    }
    all
}

fn frame(bytes: &[u8]) -> Option<(FrameSeen, &[u8])> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let mut at = 2;
    let mut take = |count: usize| {
        let taken = bytes.get(at..at + count)?;
        at += count;
        Some(taken)
    };
    let len = match second & 0x7f {
        126 => u64::from(u16::from_be_bytes(take(2)?.try_into().ok()?)),
        127 => u64::from_be_bytes(take(8)?.try_into().ok()?),
        short => u64::from(short),
    };
    let mask: Option<[u8; 4]> = match second & 0x80 {
        0 => None,
        _ => Some(take(4)?.try_into().ok()?),
    };
    let end = usize::try_from(len).ok()?.checked_add(at)?;
    let mut payload = bytes.get(at..end)?.to_vec();
    if let Some(mask) = mask {
        for (byte, key) in payload.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= key;
        }
    }
    let frame = FrameSeen {
        header: bytes[..at].to_vec(),
        fin: first & 0x80 != 0,
        opcode: Opcode::of(first & 0x0f),
        mask,
        len,
        payload,
    };
    Some((frame, &bytes[end..]))
}

/// What a binary frame of ours says, as JSON. Nothing for others. An access token is never shown.
pub fn said(frame: &FrameSeen, from_client: bool) -> Option<String> {
    if frame.opcode != Opcode::Binary {
        return None;
    }
    let json = if from_client {
        let mut said = Codec::Bincode.decode::<ClientFrame>(&frame.payload).ok()?;
        if let ClientFrame::Connect { token, .. } | ClientFrame::Refresh { token, .. } = &mut said {
            *token = Text::cut("…");
        }
        Codec::Json.encode(&said)
    } else {
        Codec::Json.encode(&Codec::Bincode.decode::<ServerFrame>(&frame.payload).ok()?)
    };
    String::from_utf8(json.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_are_read_as_it_says() {
        // RFC 6455 section 5.7.
        let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
        let masked = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        let both = frames(&[&unmasked[..], &masked].concat());
        assert_eq!(both.len(), 2);
        for frame in &both {
            assert_eq!(
                (frame.fin, frame.opcode, frame.len),
                (true, Opcode::Text, 5)
            );
            assert_eq!(frame.payload, b"Hello");
        }
        assert_eq!((&*both[0].header, both[0].mask), (&[0x81, 0x05][..], None));
        assert_eq!(both[1].mask, Some([0x37, 0xfa, 0x21, 0x3d]));
        assert_eq!(both[1].header.len(), 6);
    }

    #[test]
    fn longer_frames_have_longer_headers() {
        let check = |len: usize, header: &[u8]| {
            let bytes = [header, &vec![7; len]].concat();
            let all = frames(&bytes);
            assert_eq!(all.len(), 1);
            assert_eq!((&*all[0].header, all[0].len), (header, len as u64));
            // A frame that is not all there is none.
            assert_eq!(frames(&bytes[..bytes.len() - 1]), []);
        };
        check(125, &[0x82, 125]);
        check(126, &[0x82, 126, 0, 126]);
        check(70_000, &[0x02, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
    }

    #[test]
    fn no_bytes_are_too_strange() {
        for bytes in [
            &[][..],
            &[0x82],
            &[0x82, 0x7e],
            &[0xff; 14],
            &[
                0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
            ],
        ] {
            assert_eq!(frames(bytes), [], "{bytes:x?}");
        }
    }

    #[test]
    fn a_frame_is_told_without_its_token() {
        let connect = ClientFrame::Connect {
            version: 1,
            token: Text::cut("secret"),
            agent: Text::cut("test"),
            subscriptions: Default::default(),
        };
        let frame = |opcode| FrameSeen {
            header: Vec::new(),
            fin: true,
            opcode,
            mask: None,
            len: 0,
            payload: Codec::Bincode.encode(&connect).to_vec(),
        };
        let told = said(&frame(Opcode::Binary), true).expect("a frame of ours");
        assert!(told.contains("\"connect\"") && told.contains("…"), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert_eq!(said(&frame(Opcode::Binary), false), None);
        assert_eq!(said(&frame(Opcode::Text), true), None);
    }

    #[test]
    fn a_head_has_a_first_line_and_headers() {
        let lines = head_lines(b"GET /ws HTTP/1.1\r\nHost: a:1\r\nX-Odd\r\n\r\n");
        let first = |text: &str| HeadLine::First(text.to_owned());
        assert_eq!(lines[0], first("GET /ws HTTP/1.1"));
        let (name, value) = ("Host".to_owned(), "a:1".to_owned());
        assert_eq!(lines[1], HeadLine::Header { name, value });
        assert_eq!(lines[2], first("X-Odd"));
        assert_eq!(head_lines(b"").len(), 0);
    }
}
