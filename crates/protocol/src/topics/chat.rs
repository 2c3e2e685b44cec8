//! Chat: rooms in which people talk. The words; the server's `topics/chat.rs` has the rules.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::bounded::{List, Text};
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::position::Offset;
use crate::time::Timestamp;
use crate::topic::{Delivery, Topic};
use crate::topics::is_plain_name;
use crate::user::User;

/// The longest text of a message, in characters after trimming.
pub const CHAT_TEXT_CHARS_MAX: usize = 2000;

/// What somebody says: at most [`CHAT_TEXT_CHARS_MAX`] characters, each at most four bytes.
pub type ChatText = Text<{ CHAT_TEXT_CHARS_MAX * 4 }>;

/// A room: `chat:ROOM`. What is said is kept, in order.
pub enum Chat {}

impl Topic for Chat {
    const NAMESPACE: &'static str = "chat";
    const DELIVERY: Delivery = Delivery::Log {
        keep: 1000,
        max_age: Duration::from_secs(7 * 24 * 60 * 60),
    };
    type Key = RoomName;
    type Event = ChatEvent;
    type Command = ChatCommand;
}

/// What a person does in a room.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatCommand {
    /// Says something.
    Say {
        /// What to say. It is trimmed; nothing but white space is refused.
        text: ChatText,
    },
    /// Puts other words in place of what the same person said before.
    Edit {
        /// Where it was said.
        offset: Offset,
        /// The new words.
        text: ChatText,
    },
    /// Takes back what the same person said before.
    Delete {
        /// Where it was said.
        offset: Offset,
    },
}

/// What happened in a room. Edits and deletions are events of their own and name what they change.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChatEvent {
    /// Somebody said something.
    Said {
        /// Who, as the server knows them.
        author: User,
        /// When, by the server's clock.
        at: Timestamp,
        /// What.
        text: ChatText,
    },
    /// The author put other words in place.
    Edited {
        /// Where the words were said.
        offset: Offset,
        /// When they were replaced.
        at: Timestamp,
        /// The new words.
        text: ChatText,
    },
    /// The author took the words back.
    Deleted {
        /// Where the words were said.
        offset: Offset,
        /// When they were taken back.
        at: Timestamp,
    },
}

/// Who is typing in a room: `typing:ROOM`. Never kept, and dropped for slow readers.
pub enum Typing {}

impl Topic for Typing {
    const NAMESPACE: &'static str = "typing";
    const DELIVERY: Delivery = Delivery::Volatile;
    type Key = RoomName;
    type Event = TypingEvent;
    type Command = TypingCommand;
}

/// What a composer tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TypingCommand {
    /// Keys are being pressed. Repeat it every few seconds while that is so.
    Started,
    /// The composer is empty again.
    Stopped,
}

/// Somebody types, or has stopped. Who is not heard of for six seconds has stopped, too.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TypingEvent {
    /// Who.
    pub user: User,
    /// True while they type.
    pub typing: bool,
}

/// Lists the rooms in use: those with people or with something said.
pub enum ListRooms {}

impl Call for ListRooms {
    const METHOD: &'static str = "chat.rooms";
    type Request = ListRoomsRequest;
    type Response = Rooms;
}

/// Asks for the rooms in use.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ListRoomsRequest {}

/// The rooms in use, those with most people first.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rooms {
    /// At most a hundred of them.
    pub rooms: List<RoomInfo, 100>,
}

/// A room in use.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RoomInfo {
    /// Its name.
    pub name: Text<32>,
    /// How many users are present.
    pub people: u32,
    /// How many events it has had.
    pub events: u64,
}

/// The name of a room: 1 to 32 lowercase letters, digits and dashes, no dash at the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(String);

impl RoomName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoomName {
    type Err = InvalidRoomName;

    fn from_str(text: &str) -> Result<Self, InvalidRoomName> {
        if is_plain_name(text, 32) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRoomName)
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for RoomName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RoomName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a room: 1 to 32 lowercase letters, digits and dashes, no \
                            dash at the ends.",
            "type": "string",
            "maxLength": 32,
            "pattern": "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
            "examples": ["lobby"],
        })
    }
}

/// A text was not the name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRoomName;

impl fmt::Display for InvalidRoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid room name, expected 1 to 32 lowercase letters, digits and inner dashes",
        )
    }
}

impl std::error::Error for InvalidRoomName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_name_is_short_and_plain() {
        for good in ["lobby", "a", "rust-2024", "0"] {
            assert!(good.parse::<RoomName>().is_ok(), "{good:?}");
        }
        let long = "a".repeat(33);
        for bad in [
            "",
            "Lobby",
            "a b",
            "-a",
            "a-",
            "카페",
            "a/b",
            "a.b",
            long.as_str(),
        ] {
            assert!(bad.parse::<RoomName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_topic_is_named_by_namespace_and_key() {
        let lobby: RoomName = "lobby".parse().expect("valid");
        assert_eq!(Chat::name(&lobby).as_str(), "chat:lobby");
        assert_eq!(Typing::name(&lobby).as_str(), "typing:lobby");
        assert_ne!(Chat::contract(), Typing::contract());
    }
}
