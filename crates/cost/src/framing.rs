//! Framing: WebSocket messages in, as a client sends them, and out.

use std::hint::black_box;
use std::ops::ControlFlow;

use trunkline_websocket::{Decoder, Incoming, Kind, Role, push_masked_message, push_message};

use crate::operation::Operation;

pub(crate) const OPERATIONS: [Operation; 4] = [
    Operation::new("unmask a message of 100 bytes", |times| {
        decode(times, Kind::Binary, 100);
    }),
    Operation::new("unmask a message of 4,096 bytes", |times| {
        decode(times, Kind::Binary, 4096);
    }),
    Operation::new("unmask a text of 4,096 bytes", |times| {
        decode(times, Kind::Text, 4096);
    }),
    Operation::new("frame a message of 100 bytes", |times| encode(times, 100)),
];

/// Reads a message that lies whole in the buffer, where it is unmasked; so it is put there anew each
/// time.
fn decode(times: u32, kind: Kind, len: usize) {
    let mut sent = Vec::new();
    push_masked_message(&mut sent, kind, &vec![b'a'; len], [0x37, 0xfa, 0x21, 0x3d]);
    let mut buffer = sent.clone();
    let mut decoder = Decoder::new(Role::Server, 64 * 1024);
    for _ in 0..times {
        buffer.copy_from_slice(black_box(&sent));
        let mut read = 0;
        let took = decoder.read(&mut buffer, &mut |incoming| {
            if let Incoming::Message { payload, .. } = black_box(incoming) {
                read += payload.len();
            }
            ControlFlow::Continue(())
        });
        took.expect("no rule is broken");
        assert_eq!(read, len, "the message came");
    }
}

/// Frames a message into a buffer that has room.
fn encode(times: u32, len: usize) {
    let payload = vec![7; len];
    let mut bytes = Vec::with_capacity(len + 10);
    for _ in 0..times {
        bytes.clear();
        push_message(&mut bytes, Kind::Binary, black_box(&payload));
        black_box(&bytes);
    }
}
