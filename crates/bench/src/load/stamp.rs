//! Stamps: what a message tells of itself, found in a frame without decoding it.
//!
//! Every message is a text of [`TEXT_LEN`] letters that begins with a stamp. Hexadecimal digits
//! between two marks are the same bytes in every language that the servers speak.

use std::io::Write as _;

/// The length of a message, in bytes and in characters.
pub(crate) const TEXT_LEN: usize = 100;

/// The length of a stamp with its marks.
const STAMP_LEN: usize = 31;

const MARK: u8 = b'#';

/// Which message it is, and when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The room that it was said in, or the connection that it is an answer to.
    pub(crate) place: u32,
    /// Its number there, from 0.
    pub(crate) number: u32,
    /// When it was due, in nanoseconds of the load's own clock.
    pub(crate) due_ns: u64,
}

impl Stamp {
    /// Writes the message.
    pub(crate) fn text(self) -> String {
        let mut text = Vec::with_capacity(TEXT_LEN);
        let Self {
            place,
            number,
            due_ns,
        } = self;
        // Writing to memory does not fail.
        let _ = write!(text, "#{place:06x} {number:08x} {due_ns:013x}#");
        text.resize(TEXT_LEN, b'x');
        String::from_utf8(text).unwrap_or_default()
    }

    /// Finds the stamp in a frame that holds a message.
    pub(crate) fn find(frame: &[u8]) -> Option<Self> {
        // Most frames end with the text.
        let at = frame.len().checked_sub(TEXT_LEN);
        at.and_then(|at| Self::read(&frame[at..])).or_else(|| {
            let marks = (0..frame.len()).filter(|&at| frame[at] == MARK);
            marks.into_iter().find_map(|at| Self::read(&frame[at..]))
        })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..STAMP_LEN)?;
        if bytes[0] != MARK || bytes[STAMP_LEN - 1] != MARK {
            return None;
        }
        Some(Self {
            place: u32::try_from(hex(&bytes[1..7])?).ok()?,
            number: u32::try_from(hex(&bytes[8..16])?).ok()?,
            due_ns: hex(&bytes[17..30])?,
        })
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: Stamp = Stamp {
        place: 499,
        number: 0xdead_beef,
        due_ns: 3_600_000_000_000,
    };

    #[test]
    fn a_stamp_is_found_wherever_the_text_stands() {
        let text = STAMP.text();
        assert_eq!(text.len(), TEXT_LEN);
        for (before, after) in [
            ("", ""),
            ("\t\u{1}##!", ""),
            ("42[\"m\",\"", "\"]"),
            ("{\"text\":\"", "\",\"more\":\"#\"}"),
        ] {
            let frame = format!("{before}{text}{after}");
            assert_eq!(Stamp::find(frame.as_bytes()), Some(STAMP), "{frame}");
        }
    }

    #[test]
    fn a_damaged_stamp_is_none() {
        let mut text = STAMP.text().into_bytes();
        text[3] = b'g';
        assert_eq!(Stamp::find(&text), None);
        assert_eq!(Stamp::find(b"#"), None);
        assert_eq!(Stamp::find(b""), None);
    }
}
