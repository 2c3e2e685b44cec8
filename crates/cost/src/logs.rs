//! Logs: a command from its place in a batch to its event in a topic's log.

use std::hint::black_box;
use std::time::Duration;

use trunkline_hub::{Append, Appended, Extent, Log, PublishKey, Stage, Staged};
use trunkline_protocol::{Codec, Delivery, Epoch, MessageId, Moment, SenderId, UserId};

use crate::operation::Operation;
use crate::samples;

/// Commands that were taken before, more than a user's window holds.
const BEFORE: u32 = 2000;

pub(crate) const OPERATIONS: [Operation; 2] = [
    Operation::new("a command of one user into a log", |times| append(times, 1)),
    Operation::new("a command of 500 users into a log", |times| {
        append(times, 500);
    }),
];

/// Stages and appends commands, as the broker on the disk does, one in a batch.
fn append(times: u32, users: u32) {
    let delivery = Delivery::Log {
        keep: 1000,
        max_age: Duration::from_secs(3600),
    };
    let mut log = Log::beside_store(Epoch(7), delivery);
    let mut extent = Extent::default();
    let event = samples::event(Codec::Bincode);
    for counter in 1..=BEFORE + times {
        let now = Moment::from_ms(u64::from(counter));
        let append = Append {
            key: Some(key(counter % users, counter)),
            event: event.clone(),
            conflation_key: None,
            keyframe: false,
        };
        let stage = log.stage(now, &mut Staged::default(), &append);
        assert_eq!(stage, Stage::New(u64::from(counter)));
        let trim = black_box(log.trim(&mut extent, 64));
        let appended = log.append(now, black_box(append));
        assert!(matches!(appended, Appended::New(_)));
        log.handle_trimmed(&trim);
    }
}

fn key(user: u32, counter: u32) -> PublishKey {
    PublishKey {
        user: UserId(u64::from(user)),
        message_id: MessageId {
            sender: SenderId::from_random(u64::from(user)),
            counter,
        },
    }
}
