//! Cursors: positions in several topics as one text, which a reader hands back to go on.
//!
//! An event stream over HTTP has one id for its place; here it is a place in each of its topics:
//! `chat:lobby@7-12-2299246169,typing:lobby@3-0`, by name, each with epoch and offset, and with the
//! digest of the event at that offset where it is known.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::frame::Start;
use crate::position::{Epoch, Offset, Position};
use crate::topic::TopicName;

/// The most topics that a cursor names.
pub const CURSOR_TOPICS_MAX: usize = 16;

/// The greatest offset, so that every JSON reader holds it exactly.
const OFFSET_MAX: Offset = (1 << 53) - 1;

/// Where a reader of several topics stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<TopicName, Place>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    position: Position,
    /// Of the event at this position.
    digest: Option<Digest>,
}

impl Cursor {
    /// The position in a topic, if it has one.
    pub fn position(&self, topic: &TopicName) -> Option<Position> {
        self.0.get(topic).map(|place| place.position)
    }

    /// Returns where a subscription to a topic goes on, if it has a position there.
    pub fn start(&self, topic: &TopicName) -> Option<Start> {
        let place = self.0.get(topic)?;
        Some(Start::after(place.position, place.digest))
    }

    /// Moves to a position in a topic, of which the event is not known. A topic beyond
    /// [`CURSOR_TOPICS_MAX`] is left out.
    pub fn place(&mut self, topic: &TopicName, position: Position) {
        let place = Place {
            position,
            digest: None,
        };
        if let Some(before) = self.0.get_mut(topic) {
            *before = place;
        } else if self.0.len() < CURSOR_TOPICS_MAX {
            self.0.insert(topic.clone(), place);
        }
    }

    /// Moves on to an offset in a topic that it has a position in, never back. The digest is that
    /// of the event at this offset, if there is one and it is known.
    pub fn advance(&mut self, topic: &TopicName, offset: Offset, digest: Option<Digest>) {
        if let Some(place) = self.0.get_mut(topic)
            && offset > place.position.offset
        {
            place.position.offset = offset;
            place.digest = digest;
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (topic, place)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let Position { epoch, offset } = place.position;
            write!(f, "{comma}{topic}@{}-{offset}", epoch.0)?;
            if let Some(digest) = place.digest {
                write!(f, "-{}", digest.0)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut places = BTreeMap::new();
        for place in text.split(',') {
            let (topic, place) = place.split_once('@').ok_or(InvalidCursor)?;
            let (epoch, place) = place.split_once('-').ok_or(InvalidCursor)?;
            let (offset, digest) = match place.split_once('-') {
                Some((offset, digest)) => (offset, Some(Digest(number(digest)?))),
                None => (place, None),
            };
            let topic = topic.parse().map_err(|_| InvalidCursor)?;
            let position = Position {
                epoch: Epoch(number(epoch)?),
                offset: number(offset)?,
            };
            let again = places.insert(topic, Place { position, digest }).is_some();
            if again || position.offset > OFFSET_MAX || places.len() > CURSOR_TOPICS_MAX {
                return Err(InvalidCursor);
            }
        }
        Ok(Self(places))
    }
}

/// A number as we write it: digits, and nothing else that Rust would read, such as a sign.
fn number<N: FromStr>(text: &str) -> Result<N, InvalidCursor> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    number.ok_or(InvalidCursor)
}

/// A text was not a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCursor;

impl fmt::Display for InvalidCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid cursor, expected namespace:key@epoch-offset, perhaps with -digest, separated by commas")
    }
}

impl std::error::Error for InvalidCursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_text() {
        for text in [
            "chat:lobby@7-12,typing:lobby@4294967295-9007199254740991",
            "chat:a@7-12-4294967295,chat:b@7-12-0,typing:lobby@3-0",
        ] {
            let cursor: Cursor = text.parse().expect("a cursor");
            assert_eq!(cursor.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        for text in [
            "",
            "chat:lobby",
            "chat:lobby@7",
            "chat:lobby@7-",
            "chat:lobby@-12",
            "chat:lobby@7-+12",
            "chat:lobby@7-1 2",
            "chat:lobby@7-12-",
            "chat:lobby@7-12--1",
            "chat:lobby@7-12-x",
            "chat:lobby@7-12-4294967296",
            "chat:lobby@7-12-1-1",
            "lobby@7-12",
            "chat:lobby@7-12,",
            "chat:lobby@7-12,chat:lobby@7-13",
            "chat:lobby@4294967296-1",
            "chat:lobby@1-9007199254740992",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(InvalidCursor), "{text:?}");
        }
        let many = |count: usize| {
            let places: Vec<_> = (0..count).map(|it| format!("chat:{it}@1-1")).collect();
            places.join(",").parse::<Cursor>()
        };
        assert!(many(CURSOR_TOPICS_MAX).is_ok());
        assert!(many(CURSOR_TOPICS_MAX + 1).is_err());
    }

    #[test]
    fn a_cursor_advances_where_it_stands_and_never_back() {
        let topic = "chat:lobby".parse().expect("a topic");
        let mut cursor = Cursor::default();
        cursor.advance(&topic, 5, None);
        assert_eq!(cursor.position(&topic), None);
        let epoch = Epoch(7);
        cursor.place(&topic, Position { epoch, offset: 3 });
        cursor.advance(&topic, 5, None);
        cursor.advance(&topic, 4, None);
        assert_eq!(cursor.position(&topic), Some(Position { epoch, offset: 5 }));
    }

    #[test]
    fn cursor_has_the_digest_of_the_event_that_it_stands_at() {
        let topic = "chat:lobby".parse().expect("a topic");
        let mut cursor = Cursor::default();
        let at = |epoch, offset| Position {
            epoch: Epoch(epoch),
            offset,
        };
        let start = |position| Some(Start::after(position, None));
        let proven = |position, digest| Some(Start::after(position, Some(Digest(digest))));
        cursor.place(&topic, at(7, 3));
        assert_eq!(cursor.start(&topic), start(at(7, 3)));
        cursor.advance(&topic, 4, Some(Digest(40)));
        assert_eq!(cursor.start(&topic), proven(at(7, 4), 40));
        cursor.advance(&topic, 3, Some(Digest(30)));
        assert_eq!(cursor.start(&topic), proven(at(7, 4), 40));
        // A gap has no event at its end, and another history may have another event anywhere.
        cursor.advance(&topic, 9, None);
        assert_eq!(cursor.start(&topic), start(at(7, 9)));
        cursor.advance(&topic, 10, Some(Digest(50)));
        cursor.place(&topic, at(7, 10));
        assert_eq!(cursor.start(&topic), start(at(7, 10)));
    }
}
