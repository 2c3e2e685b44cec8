//! Sizes: what a publication costs on the wire beside its event.
//!
//! It is at most 10 bytes, WebSocket header included, for offsets below 65,536 and topic ids up to
//! 250, and at most 14 for offsets below 2^32 and topic ids below 65,536, whatever the event's size.

use super::*;
use crate::{ServerFrame, TopicId};

/// The header of an unmasked WebSocket frame (RFC 6455, 5.2).
fn header_len(frame_len: usize) -> usize {
    match frame_len {
        0..=125 => 2,
        126..=65_535 => 4,
        _ => 10,
    }
}

/// The bytes that are not the event.
fn envelope_len(topic_id: u32, offset: Offset, event_len: usize) -> usize {
    let event = Payload::try_from(vec![0; event_len]).expect("a fitting event");
    let frame = ServerFrame::Publication {
        topic_id: TopicId(topic_id),
        offset,
        step: 1,
        event: Tail(event),
    };
    let frame_len = Codec::Bincode.encode(&frame).len();
    header_len(frame_len) + frame_len - event_len
}

/// The envelopes of a typing signal, of a short message, of the first with a longer header, of a
/// long message, and of the longest.
fn check(topic_id: u32, offset: Offset, expected: [usize; 5]) {
    let event_lens = [14, 71, 122, 678, PAYLOAD_LEN_MAX];
    let actual = event_lens.map(|event_len| envelope_len(topic_id, offset, event_len));
    assert_eq!(actual, expected, "topic {topic_id}, offset {offset}");
}

#[test]
fn the_envelope_of_a_publication_is_small() {
    check(1, 250, [6, 6, 8, 8, 8]);
    check(250, 65_535, [8, 8, 10, 10, 10]);
    check(250, 65_536, [10, 10, 12, 12, 12]);
    check(251, 65_536, [12, 12, 14, 14, 14]);
    check(65_535, u64::from(u32::MAX), [12, 12, 14, 14, 14]);
}

#[test]
fn no_event_costs_more_than_ten_bytes_nor_than_fourteen_at_high_numbers() {
    for event_len in (0..=1000).chain([60_000, PAYLOAD_LEN_MAX]) {
        assert!(envelope_len(250, 65_535, event_len) <= 10, "{event_len}");
        assert!(
            envelope_len(65_535, u64::from(u32::MAX), event_len) <= 14,
            "{event_len}"
        );
    }
}

#[test]
fn a_full_page_of_history_fits_into_a_frame() {
    // What the log puts into one page: 256 publications and 64 KiB of events.
    let event = Payload::try_from(vec![0; 256]).expect("a fitting event");
    let publication = crate::Publication {
        offset: 9_007_199_254_740_991,
        step: 1,
        event,
    };
    let frame = ServerFrame::History {
        id: u32::MAX,
        epoch: crate::Epoch(u32::MAX),
        first: 1,
        head: 9_007_199_254_740_991,
        publications: List::try_from(vec![publication; PAGE_MAX]).expect("a page"),
    };
    let bytes = Codec::Bincode.encode(&frame);
    assert!(bytes.len() <= SERVER_FRAME_LEN_MAX, "{}", bytes.len());
    assert_eq!(Codec::Bincode.decode(&bytes), Ok(frame));
}
