//! Rooms of the arena, by name.

use std::fmt;
use std::str::FromStr;

use crate::topics::is_plain_name;

/// The longest name of a room, in bytes.
pub const ARENA_ROOM_LEN_MAX: usize = 24;

/// The name of a room: 1 to 24 lowercase letters, digits and dashes, no dash at the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArenaRoom(String);

impl ArenaRoom {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArenaRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ArenaRoom {
    type Err = InvalidArenaRoom;

    fn from_str(text: &str) -> Result<Self, InvalidArenaRoom> {
        if is_plain_name(text, ARENA_ROOM_LEN_MAX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidArenaRoom)
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ArenaRoom {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ArenaRoom".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a room of the arena: 1 to 24 lowercase letters, digits and \
                            dashes, no dash at the ends.",
            "type": "string",
            "maxLength": ARENA_ROOM_LEN_MAX,
            "pattern": "^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$",
            "examples": ["room-1"],
        })
    }
}

/// A text was not the name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidArenaRoom;

impl fmt::Display for InvalidArenaRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid name of a room, expected 1 to 24 lowercase letters, digits and inner dashes",
        )
    }
}

impl std::error::Error for InvalidArenaRoom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_a_plain_name() {
        let check = |name: &str, expected| {
            assert_eq!(name.parse::<ArenaRoom>().is_ok(), expected, "{name:?}");
        };
        check("a", true);
        check("room-1", true);
        check(&"a".repeat(24), true);
        check(&"a".repeat(25), false);
        for bad in ["", "-a", "a-", "A", "a b", "a.b", "a:b", "방"] {
            check(bad, false);
        }
    }
}
