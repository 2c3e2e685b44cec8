//! Fan-out: a publication through a hub to all readers' outboxes, and out of them.

use std::hint::black_box;
use std::time::Duration;

use trunkline_hub::{ConnectionId, Hub, HubConfig, Kind};
use trunkline_protocol::topics::chat::ChatEvent;
use trunkline_protocol::{
    Codec, Delivery, Epoch, List, Moment, Position, RequestId, ServerFrame, TopicName,
};
use trunkline_websocket as websocket;

use crate::operation::Operation;
use crate::samples;

const READERS: u32 = 1000;

pub(crate) const OPERATIONS: [Operation; 3] = [
    Operation::new("fan out a publication to one reader, bincode", |times| {
        fan_out(times, Codec::Bincode, 1);
    }),
    Operation::new("fan out a publication to one reader, JSON", |times| {
        fan_out(times, Codec::Json, 1);
    }),
    Operation {
        name: "fan out to one of 1,000 readers",
        times: 50,
        units: READERS,
        perform: |times| fan_out(times, Codec::Bincode, READERS),
    },
];

/// Publishes, and takes what waits for each reader as if a socket had taken it.
fn fan_out(times: u32, codec: Codec, readers: u32) {
    let topic: TopicName = samples::ROOM.parse().expect("a topic");
    let mut hub = Hub::new(HubConfig {
        framing,
        ..HubConfig::default()
    });
    for reader in 0..readers {
        subscribe(&mut hub, codec, &topic, reader);
    }
    write_all(&mut hub);
    let event = samples::event(Codec::Bincode);
    for number in 1..=times {
        let now = Moment::from_ms(u64::from(number));
        let publication = samples::publication(u64::from(number), &event);
        hub.broadcast(now, &topic, black_box(&publication), None, false);
        hub.flush(now);
        assert_eq!(write_all(&mut hub), readers, "everybody gets it");
    }
}

fn subscribe(hub: &mut Hub, codec: Codec, topic: &TopicName, reader: RequestId) {
    let connection = ConnectionId::from(reader);
    hub.open(connection, codec);
    let kind = Kind {
        delivery: Delivery::Log {
            keep: 1000,
            max_age: Duration::from_secs(3600),
        },
        to_json,
        flush_window: Duration::ZERO,
    };
    let joined = hub.join(connection, topic, kind, false).expect("room");
    let frame = ServerFrame::Subscribed {
        id: reader,
        topic_id: joined.topic_id,
        position: Position {
            epoch: Epoch(7),
            offset: 0,
        },
        recovered: false,
        gap: None,
        head: 0,
        members: None,
        publications: List::default(),
    };
    hub.confirm(connection, topic, frame, 0, 0).expect("room");
}

/// Takes what waits for all, and tells for how many something did.
fn write_all(hub: &mut Hub) -> u32 {
    let mut count = 0;
    while let Some(connection) = hub.poll_dirty() {
        let len = hub.waiting_len(connection);
        hub.wrote(connection, black_box(len));
        count += 1;
    }
    count
}

fn to_json(event: &[u8]) -> Option<Vec<u8>> {
    let event: ChatEvent = Codec::Bincode.decode(event).ok()?;
    Some(Codec::Json.encode(&event).to_vec())
}

/// As the server frames what it sends.
fn framing(codec: Codec, frame: &[u8], bytes: &mut Vec<u8>) {
    let kind = if codec.is_text() {
        websocket::Kind::Text
    } else {
        websocket::Kind::Binary
    };
    websocket::push_message(bytes, kind, frame);
}
