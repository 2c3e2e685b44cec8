//! Samples: the messages that operations are performed with.

use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent};
use trunkline_protocol::{
    ClientFrame, Codec, MessageId, Offset, Payload, Publication, SenderId, ServerFrame, Text,
    Timestamp, Topic, TopicId, User, UserId,
};

/// A chat message of usual length.
const WORDS: &str = "See you at eight in front of the cinema, I'm late!";

pub(crate) const ROOM: &str = "chat:lobby";

pub(crate) const TOPIC_ID: TopicId = TopicId(1);

pub(crate) fn user() -> User {
    User {
        id: UserId(0x0123_4567_89ab_cdef),
        name: Text::cut("Mina"),
    }
}

/// What subscribers of a room receive.
pub(crate) fn event(codec: Codec) -> Payload {
    let event = ChatEvent::Said {
        author: user(),
        at: Timestamp(1_800_000_000),
        text: Text::cut(WORDS),
    };
    codec.payload(&event).expect("a short event")
}

pub(crate) fn publication(offset: Offset, event: &Payload) -> Publication {
    Publication {
        offset,
        step: 1,
        event: event.clone(),
    }
}

pub(crate) fn publication_frame(codec: Codec) -> ServerFrame {
    ServerFrame::of_publication(TOPIC_ID, publication(1234, &event(codec)))
}

/// What somebody sends to say it.
pub(crate) fn publish_frame(codec: Codec, counter: u32) -> ClientFrame {
    let command = ChatCommand::Say {
        text: Text::cut(WORDS),
    };
    ClientFrame::Publish {
        id: counter,
        message_id: MessageId {
            sender: SenderId::from_random(0x0123_4567_89ab_cdef),
            counter,
        },
        topic: Text::cut(ROOM),
        contract: Some(Chat::contract()),
        command: codec.payload(&command).expect("a short command"),
    }
}
