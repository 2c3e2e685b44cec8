//! The outbox of one connection: encoded frames in the order in which they go out.
//!
//! Its bound is in bytes, not in frames. Events give way at the bound as their delivery says;
//! answers to requests may use a reserve above it, since each request gets exactly one. Slices are
//! shared: one batch of events is the same bytes in every outbox, also when a socket took half.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};
use trunkline_protocol::{Offset, TopicId};

/// What a slice is about, for values that may be overtaken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) topic: TopicId,
    pub(crate) key: Box<str>,
    pub(crate) offset: Offset,
}

#[derive(Clone, Debug)]
struct Entry {
    /// One frame, or a batch of them.
    bytes: Bytes,
    value: Option<Box<Value>>,
}

impl Entry {
    fn is_of(&self, topic: TopicId) -> bool {
        self.value
            .as_ref()
            .is_some_and(|value| value.topic == topic)
    }
}

/// What waits to be sent to one connection.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    entries: VecDeque<Entry>,
    len: usize,
    /// A part of the first entry is sent, so that it can not be taken back any more.
    begun: bool,
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

    /// What waits, in the order in which it goes out.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|entry| &*entry.bytes)
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        self.entries.push_back(Entry { bytes, value: None });
    }

    /// Queues the newest version of a value. A version that still waits is taken out, and its
    /// offset comes back.
    pub(crate) fn push_value(&mut self, bytes: Bytes, value: Value) -> Option<Offset> {
        let same = |entry: &Entry| {
            entry
                .value
                .as_ref()
                .is_some_and(|waiting| waiting.topic == value.topic && waiting.key == value.key)
        };
        let place = self
            .entries
            .iter()
            .skip(usize::from(self.begun))
            .position(same);
        let overtaken =
            place.and_then(|place| self.entries.remove(place + usize::from(self.begun)));
        if let Some(entry) = &overtaken {
            self.len -= entry.bytes.len();
        }
        self.len += bytes.len();
        self.entries.push_back(Entry {
            bytes,
            value: Some(Box::new(value)),
        });
        overtaken
            .and_then(|entry| entry.value)
            .map(|value| value.offset)
    }

    /// Lets go of the values of a topic: its reader has left it, and its id may come to stand for
    /// another topic.
    pub(crate) fn forget(&mut self, topic: TopicId) {
        let begun = self.begun;
        let mut place = 0;
        self.entries.retain(|entry| {
            let keep = (begun && place == 0) || !entry.is_of(topic);
            place += 1;
            keep
        });
        self.len = self.entries.iter().map(|entry| entry.bytes.len()).sum();
    }

    /// Takes slices from the front, up to `len_max` bytes and at least one.
    pub(crate) fn take(&mut self, len_max: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut len = 0;
        while let Some(entry) = self.entries.front() {
            if !taken.is_empty() && len + entry.bytes.len() > len_max {
                break;
            }
            len += entry.bytes.len();
            if let Some(entry) = self.entries.pop_front() {
                taken.push(entry.bytes);
            }
            self.begun = false;
        }
        self.len -= len;
        taken
    }

    /// The first `len` bytes are sent.
    pub(crate) fn advance(&mut self, len: usize) {
        let mut left = len.min(self.len);
        self.len -= left;
        while left > 0
            && let Some(entry) = self.entries.front_mut()
        {
            if left < entry.bytes.len() {
                entry.bytes.advance(left);
                self.begun = true;
                return;
            }
            left -= entry.bytes.len();
            self.entries.pop_front();
            self.begun = false;
        }
        if self.entries.is_empty() {
            // Most connections have nothing to send for most of their life.
            self.entries.shrink_to(SPARE_ENTRIES);
        }
    }
}

/// The entries that an empty outbox keeps room for.
const SPARE_ENTRIES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &str, offset: Offset) -> Value {
        Value {
            topic: TopicId(1),
            key: key.into(),
            offset,
        }
    }

    fn told(outbox: &Outbox) -> String {
        let slices: Vec<_> = outbox.slices().map(String::from_utf8_lossy).collect();
        slices.join("|")
    }

    #[test]
    fn a_part_that_was_sent_is_not_sent_again() {
        let mut outbox = Outbox::default();
        outbox.push(Bytes::from_static(b"one"));
        outbox.push(Bytes::from_static(b"two"));
        outbox.advance(2);
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("e|two", 4));
        outbox.advance(3);
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("o", 1));
        outbox.advance(9);
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("", 0));
    }

    #[test]
    fn a_value_that_is_half_sent_is_not_taken_back() {
        let mut outbox = Outbox::default();
        outbox.push_value(Bytes::from_static(b"x=1"), value("x", 1));
        outbox.advance(1);
        assert_eq!(
            outbox.push_value(Bytes::from_static(b"x=2"), value("x", 2)),
            None
        );
        assert_eq!(
            outbox.push_value(Bytes::from_static(b"x=3"), value("x", 3)),
            Some(2)
        );
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("=1|x=3", 5));
        outbox.forget(TopicId(1));
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("=1", 2));
        outbox.advance(2);
        outbox.push_value(Bytes::from_static(b"x=4"), value("x", 4));
        outbox.forget(TopicId(1));
        assert!(outbox.is_empty());
    }
}
