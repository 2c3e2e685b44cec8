//! Pieces: what is read does not depend on how it comes, and nothing is kept that need not be.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Streams of frames, most of them good.
pub(super) fn streams() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![
        4 => vec(any::<u8>(), 0..20),
        4 => "[a-zé한🦀]{0,40}".prop_map(String::into_bytes),
        1 => (100_usize..300).prop_map(|len| vec![b'x'; len]),
        1 => (65_000_usize..66_000).prop_map(|len| vec![b'x'; len]),
    ];
    let frames = vec((first, payload), 0..12);
    let good = frames.prop_map(|frames| {
        let frames = frames.iter().map(|(first, payload)| frame(*first, payload));
        frames.collect::<Vec<_>>().concat()
    });
    let changed = (good, vec((any::<prop::sample::Index>(), any::<u8>()), 0..3));
    changed.prop_map(|(mut stream, changes)| {
        for (place, byte) in changes {
            if !stream.is_empty() {
                let place = place.index(stream.len());
                stream[place] = byte;
            }
        }
        stream
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn pieces_make_no_difference(
        stream in prop_oneof![9 => streams(), 1 => vec(any::<u8>(), 0..200)],
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let whole = read(Role::Server, &stream, &[]);
        prop_assert_eq!(read(Role::Server, &stream, &cuts), whole);
    }

    #[test]
    fn what_is_written_is_read(
        payloads in vec(vec(any::<u8>(), 0..300), 0..10),
        mask in any::<[u8; 4]>(),
        cuts in vec(any::<usize>(), 0..20),
    ) {
        let mut stream = Vec::new();
        for payload in &payloads {
            push_masked_message(&mut stream, Kind::Binary, payload, mask);
        }
        let expected: Vec<Came> = payloads.into_iter().map(Came::Binary).collect();
        prop_assert_eq!(read(Role::Server, &stream, &cuts), (expected, Ok(())));
    }
}

#[test]
fn between_messages_nothing_is_kept() {
    assert!(size_of::<Decoder>() <= 32);
    let mut decoder = Decoder::new(Role::Server, LEN_MAX);
    let stream = [frame(0x01, b"a"), frame(0x89, b"b"), frame(0x80, b"c")].concat();
    for byte in &stream {
        let _ = decoder.read(&mut [*byte], &mut |_| ControlFlow::Continue(()));
    }
    assert!(decoder.partial.is_none());
}

#[test]
fn what_is_kept_of_a_header_or_a_payload_is_told() {
    let mut decoder = Decoder::new(Role::Server, LEN_MAX);
    let stream = [frame(0x01, b"abc"), frame(0x89, b"de"), frame(0x80, b"f")].concat();
    let header = [1, 2, 3, 4, 5];
    // The first fragment, then a ping beside it, then the last one, which leaves nothing.
    let first = header.into_iter().chain([0, 1, 2, 3]);
    let ping = header.map(|len| 3 + len).into_iter().chain([3, 4, 3]);
    let last = header.map(|len| 3 + len).into_iter().chain([3, 0]);
    for (byte, expected) in stream.iter().zip(first.chain(ping).chain(last)) {
        let result = decoder.read(&mut [*byte], &mut |_| ControlFlow::Continue(()));
        assert_eq!((result, decoder.partial_len()), (Ok(()), expected));
    }
}

fn check_break(stream: &[u8], piece_len: usize) {
    let mut decoder = Decoder::new(Role::Server, LEN_MAX);
    let mut came = 0;
    for piece in stream.to_vec().chunks_mut(piece_len) {
        let result = decoder.read(piece, &mut |_| {
            came += 1;
            ControlFlow::Break(())
        });
        assert_eq!(result, Ok(()));
    }
    assert_eq!((came, decoder.partial_len()), (1, 0));
    assert!(decoder.partial.is_none());
}

#[test]
fn a_handler_that_has_enough_gets_no_more() {
    for first in [0x81, 0x82, 0x89, 0x8a, 0x88] {
        // What follows would be handed on, would be refused, or would be kept.
        for next in [frame(0x81, b"b"), frame(0xff, b"b"), vec![0x81]] {
            let stream = [frame(first, b""), next].concat();
            check_break(&stream, 1);
            check_break(&stream, stream.len());
        }
    }
    let fragments = [frame(0x01, b"a"), frame(0x80, b"b"), frame(0x81, b"c")].concat();
    check_break(&fragments, 1);
    check_break(&fragments, fragments.len());
}

#[test]
fn after_a_violation_nothing_is_read() {
    let mut decoder = Decoder::new(Role::Server, LEN_MAX);
    let mut nothing = |_: Incoming<'_>| -> ControlFlow<()> { panic!("nothing was to come") };
    let begun = decoder.read(&mut frame(0x02, b"a"), &mut nothing);
    let broken = decoder.read(&mut frame(0x82, b"b"), &mut nothing);
    assert_eq!((begun, broken), (Ok(()), Err(Violation::Protocol)));
    assert!(decoder.partial.is_none());
    for first in [0x80, 0x81, 0xff] {
        let after = decoder.read(&mut frame(first, b"c"), &mut nothing);
        assert_eq!(after, Ok(()));
    }
}

/// Reads a message of the greatest length and returns how often its buffer grew.
fn check_buffer(frames: &[Vec<u8>], piece_len: usize) -> usize {
    let mut decoder = Decoder::new(Role::Server, LEN_MAX);
    let (mut came, mut capacity, mut grew) = (0, 0, 0);
    for piece in frames.concat().chunks_mut(piece_len) {
        let result = decoder.read(piece, &mut |incoming| {
            assert!(
                matches!(incoming, Incoming::Message { payload, .. } if payload.len() == LEN_MAX)
            );
            came += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(result, Ok(()));
        if let Some(partial) = &decoder.partial {
            assert!(partial.message.capacity() <= LEN_MAX);
            grew += usize::from(partial.message.capacity() > capacity);
            capacity = partial.message.capacity();
        }
    }
    assert_eq!(came, 1);
    grew
}

#[test]
fn a_message_in_many_pieces_or_fragments_grows_seldom_and_never_above_its_bound() {
    let whole = [frame(0x82, &[7; LEN_MAX])];
    let mut bytes = vec![frame(0x00, &[7]); LEN_MAX];
    bytes[0] = frame(0x02, &[7]);
    bytes[LEN_MAX - 1] = frame(0x80, &[7]);
    for piece_len in [1, 1000, 65_000] {
        assert!(check_buffer(&whole, piece_len) <= 17);
        assert!(check_buffer(&bytes, piece_len) <= 17);
    }
}

#[test]
fn a_length_that_overflows_is_no_panic_where_no_message_is_too_long() {
    for len in [u64::MAX >> 1, (u64::MAX >> 1) - 14, u64::from(u32::MAX)] {
        let mut stream = vec![0x82, 0xff];
        stream.extend_from_slice(&len.to_be_bytes());
        stream.extend_from_slice(&[0; 8]);
        for piece_len in [1, stream.len()] {
            let mut decoder = Decoder::new(Role::Server, usize::MAX);
            for piece in stream.clone().chunks_mut(piece_len) {
                assert_eq!(
                    decoder.read(piece, &mut |_| ControlFlow::Continue(())),
                    Ok(())
                );
            }
            assert_eq!(decoder.partial_len(), 4);
        }
    }
}
