//! Languages: what a load says to a server, and how it understands what comes back.
//!
//! Trunkline's frames are built from the protocol's own types. Only a delivery is not decoded:
//! its kind is told by its first bytes, the rest by its stamp.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use trunkline_protocol::frame::{Start, Subscribe, TopicText};
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::topics::lab::{Echo, EchoText};
use trunkline_protocol::{
    Call, ClientFrame, Codec, List, MessageId, PROTOCOL_VERSION, SenderId, ServerFrame,
    Subprotocol, Text, Topic,
};

use super::framing::Opcode;
use crate::peer::topic;

/// What a server speaks.
#[derive(Clone, Debug)]
pub(crate) enum Language {
    /// Ours.
    Trunkline { codec: Codec, token: String },
    /// One message of text is one message of the room.
    Plain,
    /// Engine.IO 4, in WebSockets from the first byte on.
    SocketIo,
}

/// Where a connection takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the room of this number.
    Room(u32),
    /// In no room: what it sends comes back.
    Echo,
}

/// What a message of the server means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing to act on.
    Nothing,
    /// The conversation is open; messages may come.
    Open,
    /// A message, with its stamp.
    Message,
    /// A publish was taken.
    Taken,
    /// This is to be answered.
    Answer(Vec<u8>),
}

impl Language {
    /// What opens a connection.
    pub(crate) fn upgrade(&self, address: SocketAddr, place: Place) -> String {
        let path = match (self, place) {
            (Self::Trunkline { .. }, _) => "/ws".to_owned(),
            (Self::Plain, Place::Room(room)) => format!("/room/{}", room_name(room)),
            (Self::Plain, Place::Echo) => "/echo".to_owned(),
            (Self::SocketIo, Place::Room(room)) => {
                format!("{SOCKET_IO}&room={}", room_name(room))
            }
            (Self::SocketIo, Place::Echo) => SOCKET_IO.to_owned(),
        };
        let protocol = match self {
            Self::Trunkline { codec, .. } => {
                format!("Sec-WebSocket-Protocol: {}\r\n", Subprotocol::name(*codec))
            }
            Self::Plain | Self::SocketIo => String::new(),
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n{protocol}\r\n"
        )
    }

    /// What a connection says first, when it is upgraded. Nothing where the server speaks first,
    /// or where being upgraded is all.
    pub(crate) fn first(&self, place: Place) -> Option<Vec<u8>> {
        let Self::Trunkline { codec, token } = self else {
            return None;
        };
        let subscribe = |room| Subscribe {
            id: 0,
            topic: topic_of(room),
            contract: Some(Chat::contract()),
            start: Start::Newest { count: 0 },
            presence: false,
            max_hz: None,
        };
        let subscriptions = match place {
            Place::Room(room) => vec![subscribe(room)],
            Place::Echo => Vec::new(),
        };
        let connect = ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(token),
            agent: Text::cut("bench"),
            subscriptions: List::cut(subscriptions),
        };
        Some(codec.encode(&connect).to_vec())
    }

    /// Whether a connection is open as soon as it is upgraded.
    pub(crate) fn opens_with_upgrade(&self) -> bool {
        matches!(self, Self::Plain)
    }

    /// Whether a publish is acknowledged to whoever sent it.
    pub(crate) fn acknowledges(&self) -> bool {
        matches!(self, Self::Trunkline { .. })
    }

    /// In which kind of frames it travels.
    pub(crate) fn opcode(&self) -> Opcode {
        match self {
            Self::Trunkline { codec, .. } if !codec.is_text() => Opcode::Binary,
            Self::Trunkline { .. } | Self::Plain | Self::SocketIo => Opcode::Text,
        }
    }

    /// Says a text in a room, as the `counter`th thing of this connection.
    pub(crate) fn say(&self, room: u32, counter: u32, sender: SenderId, text: &str) -> Vec<u8> {
        match self {
            Self::Trunkline { codec, .. } => {
                let command = ChatCommand::Say {
                    text: Text::cut(text),
                };
                let publish = ClientFrame::Publish {
                    id: counter,
                    message_id: MessageId { sender, counter },
                    topic: topic_of(room),
                    contract: Some(Chat::contract()),
                    command: codec.payload(&command).expect("a short text"),
                };
                codec.encode(&publish).to_vec()
            }
            Self::Plain => text.as_bytes().to_vec(),
            Self::SocketIo => socket_io_event(text),
        }
    }

    /// Asks for a text to be sent back.
    pub(crate) fn call(&self, counter: u32, text: &str) -> Vec<u8> {
        match self {
            Self::Trunkline { codec, .. } => {
                let request = EchoText {
                    text: Text::cut(text),
                };
                let call = ClientFrame::Call {
                    id: counter,
                    method: Text::cut(Echo::METHOD),
                    contract: Some(Echo::contract()),
                    deadline_ms: 10_000,
                    request: codec.payload(&request).expect("a short text"),
                };
                codec.encode(&call).to_vec()
            }
            Self::Plain => text.as_bytes().to_vec(),
            Self::SocketIo => socket_io_event(text),
        }
    }

    /// Understands a message of the server.
    pub(crate) fn hear(&self, place: Place, message: &[u8]) -> Result<Heard> {
        match self {
            Self::Trunkline { codec, .. } => {
                let [publication, returned, taken] = if codec.is_text() {
                    JSON_BEGINNINGS
                } else {
                    BINARY_BEGINNINGS
                };
                if message.starts_with(publication) || message.starts_with(returned) {
                    return Ok(Heard::Message);
                }
                if message.starts_with(taken) {
                    return Ok(Heard::Taken);
                }
                hear_frame(*codec, place, message)
            }
            Self::Plain => Ok(Heard::Message),
            Self::SocketIo => hear_socket_io(message),
        }
    }
}

/// How publications, answers to calls, and acknowledgements of publishes begin.
const BINARY_BEGINNINGS: [&[u8]; 3] = [&[9], &[5], &[3]];
const JSON_BEGINNINGS: [&[u8]; 3] = [
    br#"{"type":"publication","#,
    br#"{"type":"returned","#,
    br#"{"type":"published","#,
];

const SOCKET_IO: &str = "/socket.io/?EIO=4&transport=websocket";

fn room_name(room: u32) -> String {
    format!("bench-{room}")
}

fn topic_of(room: u32) -> TopicText {
    topic(&room_name(room))
}

fn hear_frame(codec: Codec, place: Place, message: &[u8]) -> Result<Heard> {
    match codec.decode(message)? {
        ServerFrame::Connected { .. } if place == Place::Echo => Ok(Heard::Open),
        ServerFrame::Connected { .. } => Ok(Heard::Nothing),
        ServerFrame::Subscribed { .. } => Ok(Heard::Open),
        ServerFrame::Ping { .. } => Ok(Heard::Answer(codec.encode(&ClientFrame::Pong).to_vec())),
        other => bail!("nobody asked for this: {other:?}"),
    }
}

/// Engine.IO's type of packet stands first, Socket.IO's second.
fn hear_socket_io(message: &[u8]) -> Result<Heard> {
    match message {
        [b'4', b'2', ..] => Ok(Heard::Message),
        // The transport is open: join the namespace.
        [b'0', ..] => Ok(Heard::Answer(b"40".to_vec())),
        [b'4', b'0', ..] => Ok(Heard::Open),
        [b'2', ..] => Ok(Heard::Answer(b"3".to_vec())),
        [b'6', ..] => Ok(Heard::Nothing),
        other => Err(anyhow::anyhow!("{}", String::from_utf8_lossy(other)))
            .context("nobody asked for this"),
    }
}

fn socket_io_event(text: &str) -> Vec<u8> {
    format!(r#"42["m","{text}"]"#).into_bytes()
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{Epoch, Payload, Position, Tail, TopicId};

    use super::*;
    use crate::load::stamp::Stamp;

    const PLACE: Place = Place::Room(7);

    fn trunkline(codec: Codec) -> Language {
        Language::Trunkline {
            codec,
            token: String::new(),
        }
    }

    fn event(codec: Codec, text: &str) -> Payload {
        let event = EchoText {
            text: Text::cut(text),
        };
        codec.payload(&event).expect("a short text")
    }

    #[test]
    fn what_comes_most_is_told_by_how_it_begins() {
        let stamp = Stamp {
            place: 7,
            number: 300,
            due_ns: 9,
        };
        for codec in [Codec::Bincode, Codec::Json] {
            let hear = |frame: &ServerFrame| {
                let frame = codec.encode(frame);
                let heard = trunkline(codec).hear(PLACE, &frame).expect("a frame");
                (heard, Stamp::find(&frame))
            };
            let publication = ServerFrame::Publication {
                topic_id: TopicId(0x23),
                offset: 0x2323,
                step: 1,
                event: Tail(event(codec, &stamp.text())),
            };
            assert_eq!(hear(&publication), (Heard::Message, Some(stamp)));
            let returned = ServerFrame::Returned {
                id: 1,
                response: event(codec, &stamp.text()),
            };
            assert_eq!(hear(&returned), (Heard::Message, Some(stamp)));
            let published = ServerFrame::Published {
                id: 1,
                position: Position {
                    epoch: Epoch(1),
                    offset: 1,
                },
                duplicate: false,
            };
            assert_eq!(hear(&published), (Heard::Taken, None));
            let ping = ServerFrame::Ping {
                heads: List::default(),
            };
            let pong = codec.encode(&ClientFrame::Pong).to_vec();
            assert_eq!(hear(&ping), (Heard::Answer(pong), None));
        }
    }

    #[test]
    fn a_refusal_is_a_fault() {
        let refused = ServerFrame::Unsubscribed {
            id: 1,
            topic_id: TopicId(1),
        };
        let refused = Codec::Bincode.encode(&refused);
        assert!(trunkline(Codec::Bincode).hear(PLACE, &refused).is_err());
    }

    #[test]
    fn socket_io_opens_in_two_steps_and_keeps_its_heartbeat() {
        let hear = |text: &str| Language::SocketIo.hear(PLACE, text.as_bytes());
        assert_eq!(hear("0{}").expect("heard"), Heard::Answer(b"40".to_vec()));
        assert_eq!(hear("40{}").expect("heard"), Heard::Open);
        assert_eq!(hear("2").expect("heard"), Heard::Answer(b"3".to_vec()));
        assert_eq!(hear("42[\"m\",\"x\"]").expect("heard"), Heard::Message);
        assert!(hear("44{\"message\":\"no\"}").is_err());
    }
}
