//! Rooms of broadcasts, by name.

use std::fmt;
use std::str::FromStr;

use crate::topics::chat::RoomName;
use crate::topics::is_plain_name;

/// The longest name of a room, in bytes: with `live-` before it, it is the name of a chat room.
pub const LIVE_ROOM_LEN_MAX: usize = 27;

/// The name of a room: 1 to 27 lowercase letters, digits and dashes, no dash at the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LiveRoom(String);

impl LiveRoom {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room in which viewers talk: `chat:live-ROOM`.
    pub fn chat(&self) -> RoomName {
        let name = format!("live-{}", self.0).parse();
        name.expect("a room's name is short enough for that of its chat")
    }
}

impl fmt::Display for LiveRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for LiveRoom {
    type Err = InvalidLiveRoom;

    fn from_str(text: &str) -> Result<Self, InvalidLiveRoom> {
        if is_plain_name(text, LIVE_ROOM_LEN_MAX) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidLiveRoom)
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for LiveRoom {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LiveRoom".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a room of a broadcast: 1 to 27 lowercase letters, digits and \
                            dashes, no dash at the ends.",
            "type": "string",
            "maxLength": LIVE_ROOM_LEN_MAX,
            "pattern": "^[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?$",
            "examples": ["studio"],
        })
    }
}

/// A text was not the name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLiveRoom;

impl fmt::Display for InvalidLiveRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid name of a room, expected 1 to 27 lowercase letters, digits and inner dashes",
        )
    }
}

impl std::error::Error for InvalidLiveRoom {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_a_plain_name_and_a_chat_beside_it() {
        let longest = "a".repeat(LIVE_ROOM_LEN_MAX);
        for good in ["studio", "a", "0-1", longest.as_str()] {
            let room: LiveRoom = good.parse().expect("a good name");
            assert_eq!(room.chat().as_str(), format!("live-{good}"));
        }
        let too_long = format!("{longest}a");
        for bad in ["", "-a", "a-", "A", "a b", "방", "a.b", too_long.as_str()] {
            assert_eq!(bad.parse::<LiveRoom>(), Err(InvalidLiveRoom), "{bad:?}");
        }
    }
}
