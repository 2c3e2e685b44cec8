//! Codecs: frames to bytes and back.

use std::hint::black_box;

use trunkline_protocol::topics::chat::ChatEvent;
use trunkline_protocol::{ClientFrame, Codec, ServerFrame, Wire};

use crate::operation::Operation;
use crate::samples;

pub(crate) const OPERATIONS: [Operation; 10] = [
    Operation::new("encode a publication, bincode", |times| {
        encode(
            times,
            Codec::Bincode,
            &samples::publication_frame(Codec::Bincode),
        );
    }),
    Operation::new("encode a publication, JSON", |times| {
        encode(times, Codec::Json, &samples::publication_frame(Codec::Json));
    }),
    Operation::new("decode a publication, bincode", |times| {
        decode(
            times,
            Codec::Bincode,
            &samples::publication_frame(Codec::Bincode),
        );
    }),
    Operation::new("decode a publication, JSON", |times| {
        decode(times, Codec::Json, &samples::publication_frame(Codec::Json));
    }),
    Operation::new("encode a publish, bincode", |times| {
        encode(
            times,
            Codec::Bincode,
            &samples::publish_frame(Codec::Bincode, 7),
        );
    }),
    Operation::new("decode a publish, bincode", |times| {
        decode(
            times,
            Codec::Bincode,
            &samples::publish_frame(Codec::Bincode, 7),
        );
    }),
    Operation::new("decode a publish, JSON", |times| {
        decode(times, Codec::Json, &samples::publish_frame(Codec::Json, 7));
    }),
    Operation::new("decode a pong, bincode", |times| {
        decode(times, Codec::Bincode, &ClientFrame::Pong);
    }),
    Operation::new("decode an event, bincode", |times| {
        decode_message::<ChatEvent>(times, Codec::Bincode);
    }),
    Operation::new("decode an event, JSON", |times| {
        decode_message::<ChatEvent>(times, Codec::Json);
    }),
];

fn encode<T: Wire>(times: u32, codec: Codec, frame: &T) {
    for _ in 0..times {
        black_box(codec.encode(black_box(frame)));
    }
}

fn decode<T: Wire>(times: u32, codec: Codec, frame: &T) {
    let bytes = codec.encode(frame);
    for _ in 0..times {
        black_box(codec.decode::<T>(black_box(&bytes)).expect("a frame"));
    }
}

/// The message inside a publication.
fn decode_message<T: Wire>(times: u32, codec: Codec) {
    let ServerFrame::Publication { event, .. } = samples::publication_frame(codec) else {
        return;
    };
    for _ in 0..times {
        let message = codec.decode::<T>(black_box(event.0.as_bytes()));
        black_box(message.expect("a message"));
    }
}
