//! Samples: one value of everything that travels, in the order of `vectors/frames.json`.
//!
//! What must be there is in `cases`.

pub(super) mod alert_samples;
pub(super) mod arena_samples;
pub(super) mod lab_samples;
pub(super) mod live_samples;
mod message_samples;
mod server_samples;
pub(super) mod ticker_samples;

pub(super) use message_samples::*;
pub(super) use server_samples::server_frames;

use super::*;
use crate::frame::{Head, Limits, Range, Start, Subscribe};
use crate::topics::chat::{
    Chat, ChatCommand, ChatEvent, ListRooms, ListRoomsRequest, RoomInfo, Rooms, Typing,
    TypingCommand, TypingEvent,
};
use crate::topics::ticker::{PRICE_MAX, Quote, Ticker};
use crate::{
    Call, ClientFrame, Digest, Epoch, Error, Gap, GapCause, Member, Members, MessageId, Position,
    Publication, ServerFrame, Timestamp, Topic, TopicId, User, UserId,
};

/// What a sample's messages inside frames look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As the codec writes them.
    Written(Codec),
    /// As they are after a JSON frame was read: with their fields in alphabetical order.
    ReadFromJson,
}

impl Form {
    fn payload<T: Wire>(self, message: &T) -> Payload {
        match self {
            Self::Written(codec) => codec.payload(message).expect("a sample fits"),
            Self::ReadFromJson => {
                let value = serde_json::to_value(message).expect("a sample is JSON");
                Payload::try_from(serde_json::to_vec(&value).expect("a sample is JSON"))
                    .expect("a sample fits")
            }
        }
    }
}

/// A named value.
pub(super) struct Sample<T> {
    pub(super) name: &'static str,
    pub(super) value: T,
}

fn sample<T>(name: &'static str, value: T) -> Sample<T> {
    Sample { name, value }
}

pub(super) fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::try_from(text).expect("a sample fits")
}

fn list<T, const MAX: usize>(all: Vec<T>) -> List<T, MAX> {
    List::try_from(all).expect("a sample fits")
}

fn mina() -> User {
    User {
        id: UserId(0x0123_4567_89ab_cdef),
        name: text("Mina 미나"),
    }
}

fn sam() -> User {
    User {
        id: UserId(7),
        name: text("Sam"),
    }
}

/// The first moment of 2026.
const NEW_YEAR: Timestamp = Timestamp(1_767_225_600);

fn said(words: &str) -> ChatEvent {
    ChatEvent::Said {
        author: mina(),
        at: NEW_YEAR,
        text: text(words),
    }
}

fn publication(form: Form, offset: Offset, words: &str) -> Publication {
    Publication {
        offset,
        step: 1,
        event: form.payload(&said(words)),
    }
}

fn position(epoch: u32, offset: Offset) -> Position {
    Position {
        epoch: Epoch(epoch),
        offset,
    }
}

fn gap(from: Offset, to: Offset, count: u64, cause: GapCause) -> Gap {
    Gap {
        from,
        to,
        count,
        cause,
    }
}

fn here() -> Members {
    let member = |user, connections| Member { user, connections };
    Members {
        count: 2,
        listed: list(vec![member(sam(), 1), member(mina(), 2)]),
    }
}

pub(super) fn client_frames(form: Form) -> Vec<Sample<ClientFrame>> {
    let lobby = || text("chat:lobby");
    let subscribe = |id, contract, start, presence| Subscribe {
        id,
        topic: lobby(),
        contract,
        start,
        presence,
        max_hz: None,
    };
    let typing = Subscribe {
        topic: text("typing:lobby"),
        ..subscribe(2, None, Start::default(), false)
    };
    let contract = Some(Chat::contract());
    let message_id = MessageId {
        sender: SenderId::from_random(SenderId::MAX),
        counter: 1,
    };
    let hello = || {
        form.payload(&ChatCommand::Say {
            text: text("hello"),
        })
    };
    let rooms = || form.payload(&ListRoomsRequest {});
    vec![
        sample(
            "client.connect",
            ClientFrame::Connect {
                version: 1,
                token: text("g1.sample.token"),
                agent: text("sample/1.0"),
                subscriptions: list(vec![
                    subscribe(1, contract, Start::After(position(9, 300)), true),
                    typing,
                ]),
            },
        ),
        sample(
            "client.connect.alone",
            ClientFrame::Connect {
                version: 1,
                token: text(""),
                agent: text(""),
                subscriptions: List::default(),
            },
        ),
        sample(
            "client.subscribe.newest",
            ClientFrame::Subscribe(subscribe(3, None, Start::Newest { count: 50 }, true)),
        ),
        sample(
            "client.subscribe.after",
            ClientFrame::Subscribe(subscribe(
                3,
                contract,
                Start::After(position(9, 70_000)),
                false,
            )),
        ),
        sample(
            "client.subscribe.pace",
            ClientFrame::Subscribe(Subscribe {
                topic: text("ticker:market"),
                max_hz: Some(5),
                ..subscribe(3, None, Start::Newest { count: 256 }, false)
            }),
        ),
        sample(
            "client.subscribe.after_event",
            ClientFrame::Subscribe(subscribe(
                3,
                contract,
                Start::after(position(9, 70_000), Some(Digest(0xcbf4_3926))),
                false,
            )),
        ),
        sample(
            "client.unsubscribe",
            ClientFrame::Unsubscribe {
                id: 4,
                topic: lobby(),
            },
        ),
        sample(
            "client.publish",
            ClientFrame::Publish {
                id: 5,
                message_id,
                topic: lobby(),
                contract: None,
                command: hello(),
            },
        ),
        sample(
            "client.publish.contract",
            ClientFrame::Publish {
                id: 5,
                message_id,
                topic: lobby(),
                contract,
                command: hello(),
            },
        ),
        sample(
            "client.call",
            ClientFrame::Call {
                id: 6,
                method: text("chat.rooms"),
                contract: None,
                deadline_ms: 5000,
                request: rooms(),
            },
        ),
        sample(
            "client.call.contract",
            ClientFrame::Call {
                id: 6,
                method: text("chat.rooms"),
                contract: Some(ListRooms::contract()),
                deadline_ms: 5000,
                request: rooms(),
            },
        ),
        sample("client.cancel", ClientFrame::Cancel { id: 6 }),
        sample(
            "client.history.before",
            ClientFrame::History {
                id: 7,
                topic: lobby(),
                range: Range::Before { offset: 250 },
                limit: 100,
            },
        ),
        sample(
            "client.history.after",
            ClientFrame::History {
                id: 7,
                topic: lobby(),
                range: Range::After { offset: 251 },
                limit: 100,
            },
        ),
        sample(
            "client.presence",
            ClientFrame::Presence {
                id: 8,
                topic: lobby(),
            },
        ),
        sample(
            "client.refresh",
            ClientFrame::Refresh {
                id: 9,
                token: text("g1.newer.token"),
            },
        ),
        sample("client.pong", ClientFrame::Pong),
        sample("client.probe", ClientFrame::Probe { nonce: u32::MAX }),
        sample(
            "example.1.connect",
            connect_example(1, Start::Newest { count: 50 }),
        ),
        sample("example.4.publish", publish_example(form, 2)),
        sample("example.7.publish_again", publish_example(form, 3)),
        sample("example.10.pong", ClientFrame::Pong),
        sample("example.11.call", rooms_example(form)),
        sample(
            "example.13.unsubscribe",
            ClientFrame::Unsubscribe {
                id: 5,
                topic: lobby(),
            },
        ),
        sample(
            "example.15.connect_again",
            connect_example(1, Start::After(position(7, 1))),
        ),
    ]
}

/// The conversation that PROTOCOL.md tells, frame by frame.
fn connect_example(id: u32, start: Start) -> ClientFrame {
    let lobby = Subscribe {
        id,
        topic: text("chat:lobby"),
        contract: None,
        start,
        presence: true,
        max_hz: None,
    };
    let subscriptions = list(vec![lobby]);
    ClientFrame::Connect {
        version: 1,
        token: text("TOKEN"),
        agent: text("by hand"),
        subscriptions,
    }
}

fn publish_example(form: Form, id: u32) -> ClientFrame {
    let message_id = MessageId {
        sender: SenderId::from_random(5),
        counter: 1,
    };
    let command = form.payload(&ChatCommand::Say {
        text: text("hello"),
    });
    ClientFrame::Publish {
        id,
        message_id,
        topic: text("chat:lobby"),
        contract: None,
        command,
    }
}

fn rooms_example(form: Form) -> ClientFrame {
    let request = form.payload(&ListRoomsRequest {});
    ClientFrame::Call {
        id: 4,
        method: text("chat.rooms"),
        contract: None,
        deadline_ms: 5000,
        request,
    }
}

fn all_rooms() -> Rooms {
    let room = |name, people, events| RoomInfo {
        name: text(name),
        people,
        events,
    };
    Rooms {
        rooms: list(vec![room("lobby", 2, 303), room("rust-2024", 0, 17)]),
    }
}
