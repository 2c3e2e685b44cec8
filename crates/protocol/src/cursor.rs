//! Cursors: positions in several topics as one text, which a reader hands back to go on.
//!
//! An event stream over HTTP has one id for its place; here it is a place in each of its topics:
//! `chat:lobby@7-12,typing:lobby@3-0`, by name, each with epoch and offset.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::position::{Epoch, Offset, Position};
use crate::topic::TopicName;

/// The most topics that a cursor names.
pub const CURSOR_TOPICS_MAX: usize = 16;

/// The greatest offset, so that every JSON reader holds it exactly.
const OFFSET_MAX: Offset = (1 << 53) - 1;

/// Where a reader of several topics stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(BTreeMap<TopicName, Position>);

impl Cursor {
    /// The position in a topic, if it has one.
    pub fn position(&self, topic: &TopicName) -> Option<Position> {
        self.0.get(topic).copied()
    }

    /// Moves to a position in a topic. A topic beyond [`CURSOR_TOPICS_MAX`] is left out.
    pub fn place(&mut self, topic: &TopicName, position: Position) {
        if let Some(place) = self.0.get_mut(topic) {
            *place = position;
        } else if self.0.len() < CURSOR_TOPICS_MAX {
            self.0.insert(topic.clone(), position);
        }
    }

    /// Moves on to an offset in a topic that it has a position in, never back.
    pub fn advance(&mut self, topic: &TopicName, offset: Offset) {
        if let Some(position) = self.0.get_mut(topic) {
            position.offset = position.offset.max(offset);
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (topic, position)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let Position { epoch, offset } = position;
            write!(f, "{comma}{topic}@{}-{offset}", epoch.0)?;
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
            let (epoch, offset) = place.split_once('-').ok_or(InvalidCursor)?;
            let topic = topic.parse().map_err(|_| InvalidCursor)?;
            let position = Position {
                epoch: Epoch(number(epoch)?),
                offset: number(offset)?,
            };
            let again = places.insert(topic, position).is_some();
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
        f.write_str("invalid cursor, expected namespace:key@epoch-offset, separated by commas")
    }
}

impl std::error::Error for InvalidCursor {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_from_its_text() {
        let text = "chat:lobby@7-12,typing:lobby@4294967295-9007199254740991";
        let cursor: Cursor = text.parse().expect("a cursor");
        assert_eq!(cursor.to_string(), text);
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
        cursor.advance(&topic, 5);
        assert_eq!(cursor.position(&topic), None);
        let epoch = Epoch(7);
        cursor.place(&topic, Position { epoch, offset: 3 });
        cursor.advance(&topic, 5);
        cursor.advance(&topic, 4);
        assert_eq!(cursor.position(&topic), Some(Position { epoch, offset: 5 }));
    }
}
