//! The outbox of one connection: encoded frames in the order in which they go out.
//!
//! Its bound is in bytes, not in frames. Events give way at the bound as their delivery says;
//! answers to requests may use a reserve above it, since each request gets exactly one. Slices are
//! shared: one batch of events is the same bytes in every outbox, also when a socket took half.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

/// What waits to be sent to one connection.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// One frame each, or a batch of them.
    slices: VecDeque<Bytes>,
    len: usize,
    /// The bytes that were ever queued.
    end: u64,
}

impl Outbox {
    /// The bytes that wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.slices.is_empty()
    }

    /// What waits, in the order in which it goes out.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.slices.iter().map(|slice| &**slice)
    }

    pub(crate) fn push(&mut self, bytes: Bytes) {
        self.len += bytes.len();
        self.end += bytes.len() as u64;
        self.slices.push_back(bytes);
    }

    /// Where what is queued now ends: the bytes that were ever queued.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Tells whether what once ended here is sent.
    pub(crate) fn has_sent(&self, end: u64) -> bool {
        self.end - self.len as u64 >= end
    }

    /// Takes slices from the front, up to `len_max` bytes and at least one.
    pub(crate) fn take(&mut self, len_max: usize) -> Vec<Bytes> {
        let mut taken = Vec::new();
        let mut len = 0;
        while let Some(slice) = self.slices.front() {
            if !taken.is_empty() && len + slice.len() > len_max {
                break;
            }
            len += slice.len();
            taken.extend(self.slices.pop_front());
        }
        self.len -= len;
        taken
    }

    /// The first `len` bytes are sent.
    pub(crate) fn advance(&mut self, len: usize) {
        let mut left = len.min(self.len);
        self.len -= left;
        while left > 0
            && let Some(slice) = self.slices.front_mut()
        {
            if left < slice.len() {
                slice.advance(left);
                return;
            }
            left -= slice.len();
            self.slices.pop_front();
        }
        if self.slices.is_empty() && self.slices.capacity() > SPARE_SLICES {
            // Most connections have nothing to send for most of their life.
            self.slices.shrink_to(SPARE_SLICES);
        }
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
}
