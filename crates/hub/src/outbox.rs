//! The outbox of one connection: encoded frames in the order in which they go out.
//!
//! It has two lanes. Answers, heartbeats, logs and newest values go first; *streams*, which are the
//! events of volatile and keyframed topics, go when nothing else waits, so that nobody's words wait
//! behind pictures. Within a lane nothing is overtaken, and a slice of which a part is sent is
//! finished before anything else. What ends a subscription takes what waits of its stream along
//! (`forget`), so that nothing of a topic follows the frame that says so.
//!
//! Its bound is in bytes, of both lanes together. Events give way at the bound as their delivery
//! says; answers to requests may use a reserve above it, since each request gets exactly one. Slices
//! are shared: one batch of events is the same bytes in every outbox, also when a socket took half.

use std::collections::{VecDeque, vec_deque};

use bytes::{Buf, Bytes};
use trunkline_protocol::TopicId;

/// What waits to be sent to one connection.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// What goes first: one frame each, or a batch of them.
    slices: VecDeque<Bytes>,
    /// The bytes of both lanes.
    len: usize,
    /// The bytes that were ever queued to go first.
    end: u64,
    /// Streams are queued like everything else.
    plain: bool,
    /// Most connections read no streams.
    streams: Option<Box<Streams>>,
}

/// The lane of the streams.
#[derive(Clone, Debug, Default)]
struct Streams {
    slices: VecDeque<(TopicId, Bytes)>,
    len: usize,
    /// A part of the first slice is sent.
    begun: bool,
}

impl Streams {
    fn advance(&mut self, len: usize) {
        let mut left = len.min(self.len);
        self.len -= left;
        while left > 0
            && let Some((_, slice)) = self.slices.front_mut()
        {
            if left < slice.len() {
                slice.advance(left);
                self.begun = true;
                break;
            }
            left -= slice.len();
            self.slices.pop_front();
            self.begun = false;
        }
        if self.slices.is_empty() && self.slices.capacity() > SPARE_SLICES {
            self.slices.shrink_to(SPARE_SLICES);
        }
    }

    /// The bytes that are left of a slice of which a part is sent.
    fn begun_len(&self) -> usize {
        let first = self.slices.front().filter(|_| self.begun);
        first.map_or(0, |(_, slice)| slice.len())
    }
}

impl Outbox {
    /// An empty outbox, with a lane for streams or without.
    pub(crate) fn new(priorities: bool) -> Self {
        Self {
            plain: !priorities,
            ..Self::default()
        }
    }

    /// The bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What waits, in the order in which it goes out.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut streams = self.streams.as_ref().map(|it| it.slices.iter());
        let begun = match &mut streams {
            Some(waiting) if self.has_begun() => waiting.next(),
            Some(_) | None => None,
        };
        Slices {
            begun,
            first: self.slices.iter(),
            streams,
        }
    }

    /// Tells whether a part of a slice of a stream is sent.
    fn has_begun(&self) -> bool {
        self.streams.as_ref().is_some_and(|it| it.begun)
    }

    /// Tells whether it ever had something of a stream.
    pub fn has_streams(&self) -> bool {
        self.streams.is_some()
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        self.end += bytes.len() as u64;
        self.slices.push_back(bytes);
    }

    /// Queues events of a stream behind everything else.
    pub(crate) fn push_stream(&mut self, topic: TopicId, bytes: Bytes) {
        if self.plain {
            return self.push(bytes);
        }
        self.len += bytes.len();
        let streams = self.streams.get_or_insert_default();
        streams.len += bytes.len();
        streams.slices.push_back((topic, bytes));
    }

    /// Drops what waits of a stream, but for a slice of which a part is sent.
    pub(crate) fn forget(&mut self, topic: TopicId) {
        let Some(streams) = &mut self.streams else {
            return;
        };
        let (mut begun, mut dropped) = (streams.begun, 0);
        streams.slices.retain(|(of, slice)| {
            let keep = std::mem::take(&mut begun) || *of != topic;
            dropped += if keep { 0 } else { slice.len() };
            keep
        });
        streams.len -= dropped;
        self.len -= dropped;
    }

    /// Where what goes first ends now: its bytes that were ever queued.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The bytes of streams that wait.
    fn streams_len(&self) -> usize {
        self.streams.as_ref().map_or(0, |it| it.len)
    }

    /// Tells whether what once ended here is sent.
    pub(crate) fn has_sent(&self, end: u64) -> bool {
        self.end - (self.len - self.streams_len()) as u64 >= end
    }

    /// Takes slices from the front, up to `len_max` bytes and at least one.
    pub(crate) fn take(&mut self, len_max: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut len = 0;
        while let Some(slice) = self.first() {
            if !taken.is_empty() && len + slice.len() > len_max {
                break;
            }
            len += slice.len();
            let slice = slice.clone();
            self.advance(slice.len());
            taken.push(slice);
        }
        taken
    }

    /// The slice that goes out next.
    fn first(&self) -> Option<&Bytes> {
        let stream = self.streams.as_ref().and_then(|it| it.slices.front());
        let stream = stream.map(|(_, slice)| slice);
        let begun = stream.filter(|_| self.has_begun());
        begun.or(self.slices.front()).or(stream)
    }

    /// The first `len` bytes are sent.
    pub(crate) fn advance(&mut self, len: usize) {
        let len = len.min(self.len);
        self.len -= len;
        if self.streams.is_none() {
            self.advance_first(len);
        } else {
            self.advance_lanes(len);
        }
    }

    /// Takes bytes off what goes first, and returns how many are left to take off.
    fn advance_first(&mut self, len: usize) -> usize {
        let mut left = len;
        while left > 0
            && let Some(slice) = self.slices.front_mut()
        {
            if left < slice.len() {
                slice.advance(left);
                return 0;
            }
            left -= slice.len();
            self.slices.pop_front();
        }
        if self.slices.is_empty() && self.slices.capacity() > SPARE_SLICES {
            // Most connections have nothing to send for most of their life.
            self.slices.shrink_to(SPARE_SLICES);
        }
        left
    }

    #[inline(never)]
    fn advance_lanes(&mut self, len: usize) {
        let begun = self.streams.as_ref().map_or(0, |it| it.begun_len());
        let finished = len.min(begun);
        if let Some(streams) = &mut self.streams {
            streams.advance(finished);
        }
        let left = self.advance_first(len - finished);
        if let Some(streams) = &mut self.streams {
            streams.advance(left);
        }
    }
}

/// Goes through what waits: the rest of a slice of which a part is sent, what goes first, streams.
struct Slices<'a> {
    begun: Option<&'a (TopicId, Bytes)>,
    first: vec_deque::Iter<'a, Bytes>,
    streams: Option<vec_deque::Iter<'a, (TopicId, Bytes)>>,
}

impl<'a> Iterator for Slices<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some((_, begun)) = self.begun.take() {
            return Some(begun);
        }
        if let Some(slice) = self.first.next() {
            return Some(slice);
        }
        self.streams.as_mut()?.next().map(|(_, slice)| &**slice)
    }
}

/// The slices that an empty outbox keeps room for.
const SPARE_SLICES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_ended_somewhere_is_sent_when_its_last_byte_is() {
        let mut outbox = Outbox::default();
        assert!(outbox.has_sent(outbox.end()), "nothing ever waited");
        outbox.push(Bytes::from_static(b"one"));
        let one = outbox.end();
        outbox.push(Bytes::from_static(b"two"));
        outbox.advance(2);
        assert!(!outbox.has_sent(one));
        outbox.advance(1);
        assert!(outbox.has_sent(one) && !outbox.has_sent(outbox.end()));
        outbox.take(usize::MAX);
        assert!(outbox.has_sent(outbox.end()));
    }

    const VIDEO: TopicId = TopicId(1);
    const GAME: TopicId = TopicId(2);

    fn with_streams(slices: &[(TopicId, &'static str)]) -> Outbox {
        let mut outbox = Outbox::default();
        for (topic, slice) in slices {
            outbox.push_stream(*topic, Bytes::from_static(slice.as_bytes()));
        }
        outbox
    }

    #[test]
    fn streams_are_overtaken_but_never_within_a_slice() {
        let mut outbox = with_streams(&[(VIDEO, "video"), (GAME, "game")]);
        outbox.push(Bytes::from_static(b"chat"));
        assert_eq!(told(&outbox), "chat|video|game");
        // The socket takes all that was said, and some of a picture.
        outbox.advance(6);
        outbox.push(Bytes::from_static(b"more"));
        assert_eq!(
            (told(&outbox).as_str(), outbox.len()),
            ("deo|more|game", 11)
        );
        outbox.advance(3);
        assert_eq!(told(&outbox), "more|game");
        outbox.advance(5);
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("ame", 3));
        outbox.advance(3);
        assert!(outbox.is_empty());
    }

    #[test]
    fn what_is_forgotten_is_not_sent_but_what_is_begun_is_finished() {
        let slices = [(VIDEO, "one"), (GAME, "two"), (VIDEO, "three")];
        let mut outbox = with_streams(&slices);
        outbox.forget(VIDEO);
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("two", 3));

        let mut outbox = with_streams(&slices);
        outbox.advance(1);
        outbox.forget(VIDEO);
        outbox.push(Bytes::from_static(b"left"));
        assert_eq!((told(&outbox).as_str(), outbox.len()), ("ne|left|two", 9));
        outbox.forget(GAME);
        outbox.advance(6);
        assert!(outbox.is_empty(), "{}", told(&outbox));
    }

    #[test]
    fn taking_goes_in_the_order_of_sending() {
        let mut outbox = with_streams(&[(VIDEO, "one"), (VIDEO, "two")]);
        outbox.push(Bytes::from_static(b"first"));
        let end = outbox.end();
        assert!(!outbox.has_sent(end));
        assert_eq!(outbox.take(8), ["first", "one"]);
        assert!(outbox.has_sent(end), "streams do not count");
        outbox.advance(1);
        outbox.push(Bytes::from_static(b"next"));
        assert_eq!(outbox.take(usize::MAX), ["wo", "next"]);
        assert!(outbox.is_empty());
    }
}
