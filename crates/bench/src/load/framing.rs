//! WebSocket frames, as far as a load needs them: masked ones out, whole unmasked ones in.
//!
//! It does not use the server's framing, so that this is not judged by itself.

use anyhow::{Result, bail, ensure};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// A frame from a server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) payload: &'a [u8],
}

impl Opcode {
    fn number(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }
}

/// Reads the first frame, and tells how many bytes it has with its header. Nothing while it is
/// not complete.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = match first {
        0x81 => Opcode::Text,
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        other => bail!("a frame that begins with {other:#04x}"),
    };
    ensure!(second & 0x80 == 0, "a masked frame from a server");
    let (start, len) = match (second, rest) {
        (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            let len = u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (10, usize::try_from(len)?)
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (2, usize::from(*short)),
    };
    let end = start + len;
    let frame = bytes.get(start..end);
    Ok(frame.map(|payload| (Frame { opcode, payload }, end)))
}

/// Appends a frame of a client.
pub(crate) fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], mask: [u8; 4]) {
    out.push(0x80 | opcode.number());
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    let masked = payload.iter().zip(mask.iter().cycle());
    out.extend(masked.map(|(byte, mask)| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(len: usize, header_len: usize) {
        let payload = vec![7; len];
        let mut bytes = vec![0x82];
        match header_len {
            2 => bytes.push(len as u8),
            4 => {
                bytes.push(126);
                bytes.extend_from_slice(&(len as u16).to_be_bytes());
            }
            _ => {
                bytes.push(127);
                bytes.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&payload);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]).expect("no fault"), None, "{len}: {cut}");
        }
        bytes.push(0x89);
        let (frame, used) = read(&bytes).expect("no fault").expect("a frame");
        assert_eq!((frame.opcode, frame.payload), (Opcode::Binary, &*payload));
        assert_eq!(used, header_len + len);
    }

    #[test]
    fn a_frame_is_read_when_it_is_whole() {
        check(0, 2);
        check(125, 2);
        check(126, 4);
        check(300, 4);
        check(66_000, 10);
    }

    #[test]
    fn fragments_masks_and_unknown_frames_are_refused() {
        assert!(read(&[0x01, 0]).is_err());
        assert!(read(&[0x82, 0x81, 0, 0, 0, 0, 1]).is_err());
        assert!(read(&[0x83, 0]).is_err());
    }

    #[test]
    fn what_is_written_is_masked() {
        let mut out = Vec::new();
        write(&mut out, Opcode::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]);
        // RFC 6455, 5.7.
        let expected = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(out, expected);
    }
}
