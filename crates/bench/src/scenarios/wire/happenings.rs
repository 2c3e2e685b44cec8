//! Happenings: what there is to tell, as our frames.
//!
//! A quote and a snapshot are of topics that no server of ours has: they are declared here as a topic
//! declares its events.

use anyhow::Result;
use serde_json::Value;
use trunkline_protocol::codec::{Decode, Deserialize, Encode, Serialize};
use trunkline_protocol::topics::chat::ChatEvent;
use trunkline_protocol::{
    Codec, Contract, List, Member, ServerFrame, Tail, Text, Timestamp, TopicId, User, UserId, Wire,
};

/// Where each event stands in its topic.
pub(super) const OFFSET: u64 = 1234;

/// What happens, and what it is called.
pub(super) struct Happening {
    pub(super) name: &'static str,
    pub(super) topic: &'static str,
    pub(super) event: &'static str,
    pub(super) frame: fn(Codec) -> Result<ServerFrame>,
    /// Where a message stands in our JSON frame; the whole frame without its number, otherwise.
    pub(super) message: fn(&Value) -> Value,
}

pub(super) const HAPPENINGS: [Happening; 4] = [
    Happening {
        name: "chat message of 50 characters",
        topic: "chat:lobby",
        event: "said",
        frame: |codec| publication(codec, &said()),
        message: |frame| without(&frame["event"], &["type"]),
    },
    Happening {
        name: "quote",
        topic: "quotes:main",
        event: "quote",
        frame: |codec| publication(codec, &quote()),
        message: |frame| frame["event"].clone(),
    },
    Happening {
        name: "somebody joins",
        topic: "chat:lobby",
        event: "joined",
        frame: |_| Ok(joined()),
        message: |frame| without(frame, &["type", "topic_id"]),
    },
    Happening {
        name: "snapshot of 32 entities",
        topic: "arena:north",
        event: "snapshot",
        frame: |codec| publication(codec, &snapshot()),
        message: |frame| frame["event"].clone(),
    },
];

/// What a share costs now. Prices are in cents.
#[derive(Clone, Debug, PartialEq, Contract, Encode, Decode, Serialize, Deserialize)]
struct Quote {
    symbol: u16,
    bid: u32,
    ask: u32,
    last: u32,
    volume: u32,
}

/// The most entities of an arena.
const ENTITIES_MAX: usize = 64;

/// Where everything in an arena is, thirty times a second.
#[derive(Clone, Debug, PartialEq, Contract, Encode, Decode, Serialize, Deserialize)]
struct Snapshot {
    tick: u32,
    entities: List<Entity, ENTITIES_MAX>,
}

/// Coordinates are in centimetres, the angle in 256ths of a turn.
#[derive(Clone, Debug, PartialEq, Contract, Encode, Decode, Serialize, Deserialize)]
struct Entity {
    id: u16,
    x: u16,
    y: u16,
    angle: u8,
    health: u8,
}

fn publication<T: Wire>(codec: Codec, event: &T) -> Result<ServerFrame> {
    Ok(ServerFrame::Publication {
        topic_id: TopicId(7),
        offset: OFFSET,
        step: 1,
        event: Tail(codec.payload(event)?),
    })
}

fn user() -> User {
    User {
        id: UserId(0x0123_4567_89ab_cdef),
        name: Text::cut("Mina"),
    }
}

const TEXT: &str = "See you at eight in front of the cinema, I'm late!";

fn said() -> ChatEvent {
    ChatEvent::Said {
        author: user(),
        at: Timestamp(1_800_000_000),
        text: Text::cut(TEXT),
    }
}

fn quote() -> Quote {
    Quote {
        symbol: 311,
        bid: 18_427,
        ask: 18_429,
        last: 18_428,
        volume: 4200,
    }
}

fn joined() -> ServerFrame {
    ServerFrame::Joined {
        topic_id: TopicId(7),
        count: 42,
        member: Member {
            user: user(),
            connections: 1,
        },
    }
}

/// Spread over an arena of 400 by 300 metres, as if at random.
fn snapshot() -> Snapshot {
    let entity = |number: u16| Entity {
        id: number,
        x: (u32::from(number) * 7919 % 40_000) as u16,
        y: (u32::from(number) * 6101 % 30_000) as u16,
        angle: (number * 37 % 256) as u8,
        health: 100 - (number % 5) as u8 * 20,
    };
    Snapshot {
        tick: 54_321,
        entities: List::cut((1..=32).map(entity)),
    }
}

fn without(value: &Value, fields: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !fields.contains(&name.as_str()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_as_long_as_they_are_said_to_be() {
        assert_eq!(TEXT.chars().count(), 50);
        assert_eq!(snapshot().entities.len(), 32);
        assert!(Codec::Bincode.encode(&quote()).len() <= 16);
    }

    #[test]
    fn others_are_told_all_of_a_message() {
        for happening in &HAPPENINGS {
            let frame = (happening.frame)(Codec::Json).expect("a frame");
            let frame = serde_json::from_slice(&Codec::Json.encode(&frame)).expect("JSON");
            let message = (happening.message)(&frame);
            let fields = message.as_object().map_or(0, serde_json::Map::len);
            assert!(fields >= 2, "{}: {message}", happening.name);
        }
    }
}
