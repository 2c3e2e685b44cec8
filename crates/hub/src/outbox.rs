//! The outbox of one connection: encoded frames in the order in which they go out.
//!
//! Its bound is in bytes, not in frames. Events give way at the bound as their delivery says;
//! answers to requests may use a reserve above it, since each request gets exactly one.

use std::collections::VecDeque;

use bytes::Bytes;
use trunkline_protocol::{Offset, TopicId};

/// What a frame is about, for frames that may be overtaken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) topic: TopicId,
    pub(crate) key: String,
    pub(crate) offset: Offset,
}

#[derive(Clone, Debug)]
struct Entry {
    frame: Bytes,
    value: Option<Value>,
}

/// What waits to be sent to one connection.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    len: usize,
}

impl Outbox {
    /// The bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn push(&mut self, frame: Bytes) {
        self.len += frame.len();
        self.entries.push_back(Entry { frame, value: None });
    }

    /// Queues the newest version of a value. A version that still waits is taken out, and its
    /// offset comes back.
    pub(crate) fn push_value(&mut self, frame: Bytes, value: Value) -> Option<Offset> {
        let same = |entry: &Entry| {
            entry
                .value
                .as_ref()
                .is_some_and(|waiting| waiting.topic == value.topic && waiting.key == value.key)
        };
        let overtaken = self
            .entries
            .iter()
            .position(same)
            .and_then(|place| self.entries.remove(place));
        if let Some(entry) = &overtaken {
            self.len -= entry.frame.len();
        }
        self.len += frame.len();
        self.entries.push_back(Entry {
            frame,
            value: Some(value),
        });
        overtaken
            .and_then(|entry| entry.value)
            .map(|value| value.offset)
    }

    /// Lets go of the values of a topic: its reader has left it, and its id may come to stand for
    /// another topic.
    pub(crate) fn forget(&mut self, topic: TopicId) {
        let of_topic = |entry: &Entry| {
            entry
                .value
                .as_ref()
                .is_some_and(|value| value.topic == topic)
        };
        let forgotten: usize = self
            .entries
            .iter()
            .filter(|entry| of_topic(entry))
            .map(|entry| entry.frame.len())
            .sum();
        self.len -= forgotten;
        self.entries.retain(|entry| !of_topic(entry));
    }

    /// Takes frames from the front, up to `len_max` bytes and at least one.
    pub(crate) fn take(&mut self, len_max: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut len = 0;
        while let Some(entry) = self.entries.front() {
            if !taken.is_empty() && len + entry.frame.len() > len_max {
                break;
            }
            len += entry.frame.len();
            if let Some(entry) = self.entries.pop_front() {
                self.len -= entry.frame.len();
                taken.push(entry.frame);
            }
        }
        taken
    }
}
