//! The rules of RFC 6455, one by one.

use super::*;

fn check(stream: &[u8], expected: Result<&[Came], Violation>) {
    // As one piece, and byte by byte.
    for cuts in [Vec::new(), (0..stream.len()).collect()] {
        let (came, result) = read(Role::Server, stream, &cuts);
        match expected {
            Ok(expected) => assert_eq!((&*came, result), (expected, Ok(())), "{stream:02x?}"),
            Err(violation) => assert_eq!(result, Err(violation), "{stream:02x?} {came:?}"),
        }
    }
}

fn text(text: &str) -> Came {
    Came::Text(text.to_owned())
}

#[test]
fn the_examples_of_section_5_7_are_read() {
    let hello = [
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    check(&hello, Ok(&[text("Hello")]));
    let unmasked = [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(read(Role::Client, &unmasked, &[]).0, [text("Hello")]);
    let fragments = [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f];
    assert_eq!(read(Role::Client, &fragments, &[]).0, [text("Hello")]);
    let ping = [0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    assert_eq!(
        read(Role::Client, &ping, &[]).0,
        [Came::Ping(b"Hello".to_vec())]
    );
    let pong = [
        0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ];
    check(&pong, Ok(&[Came::Pong(b"Hello".to_vec())]));
    let medium: &[u8] = &[0x82, 0x7e, 0x01, 0x00];
    let long: &[u8] = &[0x82, 0x7f, 0, 0, 0, 0, 0, 0x01, 0, 0];
    for (header, payload) in [(medium, [1; 256].to_vec()), (long, [2; 65_536].to_vec())] {
        let bytes = [header, &payload].concat();
        let expected = vec![Came::Binary(payload)];
        assert_eq!(read(Role::Client, &bytes, &[]), (expected, Ok(())));
    }
}

#[test]
fn the_examples_of_section_5_7_are_written() {
    let (mut bytes, mask) = (Vec::new(), [0x37, 0xfa, 0x21, 0x3d]);
    push_message(&mut bytes, Kind::Text, b"Hello");
    assert_eq!(bytes, *b"\x81\x05Hello");
    bytes.clear();
    push_ping(&mut bytes, b"Hello");
    assert_eq!(bytes, *b"\x89\x05Hello");
    bytes.clear();
    push_masked_message(&mut bytes, Kind::Text, b"Hello", mask);
    assert_eq!(bytes, *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    bytes.clear();
    push_masked_pong(&mut bytes, b"Hello", mask);
    assert_eq!(bytes, *b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

#[test]
fn a_longer_form_of_a_length_is_taken_of_a_message() {
    let mask = [0; 4];
    for header in [
        &[0x82, 0xfe, 0, 1][..],
        &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 1],
    ] {
        let bytes = [header, &mask, b"a"].concat();
        check(&bytes, Ok(&[Came::Binary(b"a".to_vec())]));
    }
}

#[test]
fn control_frames_come_between_fragments() {
    let stream = [
        frame(0x01, b"Hel"),
        frame(0x89, b"1"),
        frame(0x8a, b"2"),
        frame(0x80, b"lo"),
    ];
    let expected = [
        Came::Ping(b"1".to_vec()),
        Came::Pong(b"2".to_vec()),
        text("Hello"),
    ];
    check(&stream.concat(), Ok(&expected));
}

#[test]
fn lengths_take_the_short_form_that_holds_them() {
    for len in [0, 1, 125, 126, 127, 65_535, 65_536, LEN_MAX] {
        let payload = vec![7; len];
        let mut bytes = Vec::new();
        push_message(&mut bytes, Kind::Binary, &payload);
        assert_eq!(bytes.len(), header_len(len) + len);
        assert_eq!(
            read(Role::Client, &bytes, &[1, 3, 9]).0,
            [Came::Binary(payload.clone())]
        );
        let mut masked = Vec::new();
        push_masked_message(&mut masked, Kind::Binary, &payload, [9, 8, 7, 6]);
        assert_eq!(masked.len(), header_len(len) + 4 + len);
        check(&masked, Ok(&[Came::Binary(payload)]));
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    for reserved in [0x40, 0x20, 0x10] {
        check(&frame(0x81 | reserved, b""), Err(Violation::Protocol));
    }
    check(&frame(0x83, b""), Err(Violation::Protocol)); // A reserved opcode.
    check(&frame(0x8b, b""), Err(Violation::Protocol));
    check(&[0x81, 0x00], Err(Violation::Protocol)); // Not masked.
    assert_eq!(
        read(Role::Client, &frame(0x81, b""), &[]).1,
        Err(Violation::Protocol)
    );
    check(&frame(0x09, b""), Err(Violation::Protocol)); // A control frame in fragments.
    check(&frame(0x89, &[0; 126]), Err(Violation::Protocol)); // A long one.
    check(&[0x89, 0xfe], Err(Violation::Protocol)); // One that might be long.
    check(&frame(0x80, b""), Err(Violation::Protocol)); // Nothing is continued.
    check(
        &[frame(0x01, b""), frame(0x81, b"")].concat(),
        Err(Violation::Protocol),
    );
    let negative = [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    check(&negative, Err(Violation::Protocol));
}

#[test]
fn a_message_that_is_too_long_is_refused_by_its_header() {
    let mut header = frame(0x82, &[0; LEN_MAX + 1]);
    header.truncate(14);
    check(&header, Err(Violation::TooLong));
    let rest = LEN_MAX - 10;
    let just = [frame(0x02, &[1; 10]), frame(0x80, &vec![1; rest])].concat();
    check(&just, Ok(&[Came::Binary(vec![1; LEN_MAX])]));
    let over = [frame(0x02, &[1; 10]), frame(0x80, &vec![1; rest + 1])].concat();
    check(&over, Err(Violation::TooLong));
}

#[test]
fn text_is_utf_8_over_fragments_and_a_wrong_byte_is_noticed_at_once() {
    let word = "κόσμε".as_bytes();
    for cut in 0..word.len() {
        let stream = [frame(0x01, &word[..cut]), frame(0x80, &word[cut..])].concat();
        check(&stream, Ok(&[text("κόσμε")]));
    }
    check(
        &frame(0x81, &word[..word.len() - 1]),
        Err(Violation::NotUtf8),
    );
    let unfinished = [frame(0x01, &word[..1]), frame(0x80, b"")].concat();
    check(&unfinished, Err(Violation::NotUtf8));
    // A surrogate, in a frame that has not come to its end.
    let mut begun = frame(0x01, &[b'a', 0xed, 0xa0, 0x80, b'b', b'c', b'd']);
    begun.truncate(6 + 4);
    assert_eq!(read(Role::Server, &begun, &[]).1, Err(Violation::NotUtf8));
    check(&frame(0x82, &[0xff]), Ok(&[Came::Binary(vec![0xff])]));
}

#[test]
fn a_close_frame_says_why_and_is_the_last() {
    let close = |code: u16, reason: &str| {
        let mut payload = code.to_be_bytes().to_vec();
        payload.extend_from_slice(reason.as_bytes());
        frame(0x88, &payload)
    };
    check(&frame(0x88, b""), Ok(&[Came::Close(None, String::new())]));
    for code in [1000, 1001, 1002, 1003, 1007, 1011, 1013, 3000, 4999] {
        check(
            &close(code, "bye"),
            Ok(&[Came::Close(Some(code), "bye".to_owned())]),
        );
    }
    for code in [
        0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65_535,
    ] {
        check(&close(code, ""), Err(Violation::Protocol));
    }
    check(&frame(0x88, &[3]), Err(Violation::Protocol));
    check(&frame(0x88, &[0x03, 0xe8, 0xff]), Err(Violation::NotUtf8));
    let more = [close(1000, ""), frame(0xff, b"no frame")].concat();
    check(&more, Ok(&[Came::Close(Some(1000), String::new())]));
}

#[test]
fn a_violation_has_the_close_code_of_section_7_4_1() {
    let codes = [Violation::Protocol, Violation::NotUtf8, Violation::TooLong].map(Violation::code);
    assert_eq!(codes, [1002, 1007, 1009]);
}
