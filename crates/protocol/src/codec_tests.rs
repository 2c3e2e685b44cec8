//! The five rules, each against bytes that break it. Vectors and round trips are in the folder.

use std::thread;

use serde_json::{Value, json};

use super::*;
use crate::frame::{PAGE_MAX, SUBSCRIPTIONS_MAX};
use crate::position::Offset;
use crate::presence::MEMBERS_MAX;
use crate::topic::TOPIC_NAME_LEN_MAX;
use crate::topics::chat::{CHAT_TEXT_CHARS_MAX, ChatCommand, Rooms, TypingCommand};
use crate::{ClientFrame, ServerFrame, TopicId};

#[path = "codec_tests/cases.rs"]
mod cases;
#[path = "codec_tests/protocol_md.rs"]
mod protocol_md;
#[path = "codec_tests/round_trips.rs"]
mod round_trips;
#[path = "codec_tests/samples.rs"]
mod samples;
#[path = "codec_tests/sizes.rs"]
mod sizes;
#[path = "codec_tests/vectors.rs"]
mod vectors;

/// A varint that says "2^60 of them follow".
const VERY_MANY: [u8; 9] = [253, 0, 0, 0, 0, 0, 0, 0, 16];

/// A value that takes one byte on the wire and two kilobytes in memory.
#[derive(Clone, Debug, PartialEq, Encode, Decode, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "it swells on purpose")]
enum Swelling {
    Small,
    Large([[u64; 16]; 16]),
}

fn binary(plain: impl Encode) -> Vec<u8> {
    bincode::encode_to_vec(plain, BINCODE).expect("a plain value can be encoded")
}

// Rule 1: decoding has a memory limit.

#[test]
fn a_length_that_no_frame_can_have_claims_no_memory() {
    assert_eq!(
        Codec::Bincode.decode::<List<u64, 4>>(&VERY_MANY),
        Err(CodecError::TooLong)
    );
    assert_eq!(
        Codec::Bincode.decode::<Text<4>>(&VERY_MANY),
        Err(CodecError::TooLong)
    );
    assert_eq!(
        Codec::Bincode.decode::<Payload>(&VERY_MANY),
        Err(CodecError::TooLong)
    );
    let connect = [binary((0_u32, 1_u16, "token", "agent")), VERY_MANY.to_vec()].concat();
    assert_eq!(
        Codec::Bincode.decode::<ClientFrame>(&connect),
        Err(CodecError::TooLong)
    );
}

#[test]
fn small_elements_that_swell_in_memory_are_stopped_at_the_limit() {
    let smalls = |count: usize| binary(vec![0_u32; count]);
    assert!(
        Codec::Bincode
            .decode::<List<Swelling, 60_000>>(&smalls(400))
            .is_ok()
    );
    let bomb = smalls(60_000);
    assert!(bomb.len() < CLIENT_FRAME_LEN_MAX);
    assert_eq!(
        Codec::Bincode.decode::<List<Swelling, 60_000>>(&bomb),
        Err(CodecError::TooLong)
    );
}

// Rule 2: no wire type is recursive. `Contract` refuses one with a compile error; frames have none.

#[test]
fn frames_are_decoded_on_a_small_stack() {
    let decode_all = || {
        for vector in vectors::bytes_of("client_frame") {
            assert!(Codec::Bincode.decode::<ClientFrame>(&vector).is_ok());
        }
        for vector in vectors::bytes_of("server_frame") {
            assert!(Codec::Bincode.decode::<ServerFrame>(&vector).is_ok());
        }
    };
    let small = thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(decode_all)
        .expect("a thread");
    small.join().expect("no frame needs a deep stack");
}

#[test]
fn json_that_nests_too_deep_is_refused() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let payload = |depth| {
        format!(
            r#"{{"type":"returned","id":1,"response":{}}}"#,
            nested(depth)
        )
    };
    let unknown = |depth| format!(r#"{{"type":"pong","more":{}}}"#, nested(depth));
    assert!(
        Codec::Json
            .decode::<ServerFrame>(payload(100).as_bytes())
            .is_ok()
    );
    assert!(
        Codec::Json
            .decode::<ClientFrame>(unknown(100).as_bytes())
            .is_ok()
    );
    for depth in [128, 1000, 30_000] {
        assert!(
            Codec::Json
                .decode::<ServerFrame>(payload(depth).as_bytes())
                .is_err(),
            "{depth}"
        );
        assert!(
            Codec::Json
                .decode::<ClientFrame>(unknown(depth).as_bytes())
                .is_err(),
            "{depth}"
        );
        assert!(
            Codec::Json
                .decode::<ClientFrame>("[".repeat(depth).as_bytes())
                .is_err(),
            "{depth}"
        );
    }
}

// Rule 3: no list has elements without a size. `List` refuses them with a compile error; see there.

#[test]
fn no_element_of_a_frame_is_without_bytes_on_the_wire() {
    // An element that takes no byte would let a short frame hold as many as its bound allows.
    assert!(!Codec::Bincode.encode(&TypingCommand::Started).is_empty());
    let members = [binary((6_u32, 8_u32, 9_u32)), VERY_MANY.to_vec()].concat();
    assert!(Codec::Bincode.decode::<ServerFrame>(&members).is_err());
}

// Rule 4: nothing follows the value.

/// The length of the event, where a frame has one to its end.
fn tail_len(frame: &[u8]) -> Option<usize> {
    vectors::tail_len(&Codec::Bincode.decode(frame).expect("a frame"))
}

#[test]
fn a_byte_after_the_value_is_refused() {
    for mut bytes in vectors::bytes_of("client_frame") {
        bytes.push(0);
        assert_eq!(
            Codec::Bincode.decode::<ClientFrame>(&bytes),
            Err(CodecError::TrailingBytes)
        );
    }
    for mut bytes in vectors::bytes_of("server_frame") {
        if tail_len(&bytes).is_some() {
            continue;
        }
        bytes.push(0);
        assert_eq!(
            Codec::Bincode.decode::<ServerFrame>(&bytes),
            Err(CodecError::TrailingBytes)
        );
    }
    assert_eq!(
        Codec::Json.decode(b"{\"type\":\"pong\"} \n"),
        Ok(ClientFrame::Pong)
    );
    assert!(
        Codec::Json
            .decode::<ClientFrame>(b"{\"type\":\"pong\"}x")
            .is_err()
    );
    assert!(
        Codec::Json
            .decode::<ClientFrame>(b"{\"type\":\"pong\"}{\"type\":\"pong\"}")
            .is_err()
    );
}

#[test]
fn a_frame_that_ends_early_is_refused() {
    for bytes in vectors::bytes_of("client_frame") {
        for len in 0..bytes.len() {
            assert!(
                Codec::Bincode.decode::<ClientFrame>(&bytes[..len]).is_err(),
                "{}",
                vectors::hex(&bytes)
            );
        }
    }
    for bytes in vectors::bytes_of("server_frame") {
        for len in 0..bytes.len() - tail_len(&bytes).unwrap_or(0) {
            assert!(
                Codec::Bincode.decode::<ServerFrame>(&bytes[..len]).is_err(),
                "{}",
                vectors::hex(&bytes)
            );
        }
    }
}

#[test]
fn an_event_is_what_follows_the_head_of_its_publication() {
    let head = binary((9_u32, 1_u32, 300_u64, 1_u32));
    let check = |len: usize| {
        let event = Payload::try_from(vec![9; len]).expect("a fitting event");
        let frame = ServerFrame::Publication {
            topic_id: TopicId(1),
            offset: 300,
            step: 1,
            event: Tail(event),
        };
        let bytes = [head.clone(), vec![9; len]].concat();
        assert_eq!(Codec::Bincode.encode(&frame), bytes, "{len}");
        assert_eq!(Codec::Bincode.decode(&bytes), Ok(frame), "{len}");
    };
    for len in [0, 1, 2, 127, 128, 250, 251, 4095, 65_535 - 8192] {
        check(len);
    }
    check(PAYLOAD_LEN_MAX - 1);
    check(PAYLOAD_LEN_MAX);
    for len in [PAYLOAD_LEN_MAX + 1, 65_535, 65_536, 65_537, 200_000] {
        let bytes = [head.clone(), vec![9; len]].concat();
        let read = Codec::Bincode.decode::<ServerFrame>(&bytes);
        assert!(matches!(read, Err(CodecError::Malformed(_))), "{len}");
    }
    for len in 0..head.len() {
        assert!(Codec::Bincode.decode::<ServerFrame>(&head[..len]).is_err());
    }
}

#[test]
fn a_variant_that_is_not_known_is_refused() {
    assert!(Codec::Bincode.decode::<ClientFrame>(&[11]).is_err());
    assert!(Codec::Bincode.decode::<ServerFrame>(&[16]).is_err());
    assert!(
        Codec::Json
            .decode::<ClientFrame>(br#"{"type":"no_such_frame"}"#)
            .is_err()
    );
    assert!(Codec::Json.decode::<ClientFrame>(b"{}").is_err());
}

// Rule 5: every field has a bound.

/// `T` is read with `max` of something in it and refused with one more, in both codecs.
fn check<T: Wire>(
    max: usize,
    as_binary: impl Fn(usize) -> Vec<u8>,
    as_json: impl Fn(usize) -> Value,
) {
    let json = |count| serde_json::to_vec(&as_json(count)).expect("a value is JSON");
    assert!(
        Codec::Bincode.decode::<T>(&as_binary(max)).is_ok(),
        "{}",
        vectors::hex(&as_binary(max))
    );
    assert!(
        Codec::Bincode.decode::<T>(&as_binary(max + 1)).is_err(),
        "binary above {max}"
    );
    assert!(
        Codec::Json.decode::<T>(&json(max)).is_ok(),
        "{}",
        as_json(max)
    );
    assert!(
        Codec::Json.decode::<T>(&json(max + 1)).is_err(),
        "JSON above {max}"
    );
}

fn a(count: usize) -> String {
    "a".repeat(count)
}

#[test]
fn the_bounded_types_refuse_what_is_above_their_bound() {
    check::<Text<5>>(5, |n| binary(a(n)), |n| json!(a(n)));
    check::<List<u8, 5>>(5, |n| binary(vec![1_u8; n]), |n| json!(vec![1; n]));
    check::<Payload>(
        PAYLOAD_LEN_MAX,
        |n| binary(vec![1_u8; n]),
        |n| json!(a(n - 2)),
    );
    check::<SenderId>(SenderId::MAX as usize, |n| binary(n as u64), |n| json!(n));
}

#[test]
fn a_text_is_bounded_in_bytes_and_is_utf_8() {
    assert!(
        Codec::Json
            .decode::<Text<5>>("\"가가\"".as_bytes())
            .is_err()
    );
    assert!(Codec::Bincode.decode::<Text<5>>(&[2, 0xc3, 0x28]).is_err());
}

#[test]
fn every_bounded_field_of_a_client_frame_is_refused_above_its_bound() {
    type Nothing = Vec<u8>;
    const NONE: Nothing = Vec::new();
    let subscribes = |n| vec![(1_u32, "chat:a", 0_u8, (0_u32, 0_u16), false, 0_u8); n];
    let subscribe = json!({"id": 1, "topic": "chat:a"});
    check::<ClientFrame>(
        2048,
        |n| binary((0_u32, 1_u16, a(n), "", NONE)),
        |n| json!({"type": "connect", "version": 1, "token": a(n), "agent": ""}),
    );
    check::<ClientFrame>(
        64,
        |n| binary((0_u32, 1_u16, "", a(n), NONE)),
        |n| json!({"type": "connect", "version": 1, "token": "", "agent": a(n)}),
    );
    check::<ClientFrame>(
        SUBSCRIPTIONS_MAX,
        |n| binary((0_u32, 1_u16, "", "", subscribes(n))),
        |n| json!({"type": "connect", "version": 1, "token": "", "agent": "", "subscriptions": vec![subscribe.clone(); n]}),
    );
    check::<ClientFrame>(
        TOPIC_NAME_LEN_MAX,
        |n| binary((1_u32, 1_u32, a(n), 0_u8, (0_u32, 0_u16), false, 0_u8)),
        |n| json!({"type": "subscribe", "id": 1, "topic": a(n)}),
    );
    for (variant, name) in [(2_u32, "unsubscribe"), (7, "presence")] {
        check::<ClientFrame>(
            TOPIC_NAME_LEN_MAX,
            |n| binary((variant, 1_u32, a(n))),
            |n| json!({"type": name, "id": 1, "topic": a(n)}),
        );
    }
    check::<ClientFrame>(
        TOPIC_NAME_LEN_MAX,
        |n| binary((3_u32, 1_u32, (1_u64, 1_u32), a(n), 0_u8, NONE)),
        |n| json!({"type": "publish", "id": 1, "message_id": {"sender": 1, "counter": 1}, "topic": a(n), "command": 0}),
    );
    check::<ClientFrame>(
        PAYLOAD_LEN_MAX,
        |n| binary((3_u32, 1_u32, (1_u64, 1_u32), "chat:a", 0_u8, vec![1_u8; n])),
        |n| json!({"type": "publish", "id": 1, "message_id": {"sender": 1, "counter": 1}, "topic": "chat:a", "command": a(n - 2)}),
    );
    check::<ClientFrame>(
        SenderId::MAX as usize,
        |n| binary((3_u32, 1_u32, (n as u64, 1_u32), "chat:a", 0_u8, NONE)),
        |n| json!({"type": "publish", "id": 1, "message_id": {"sender": n, "counter": 1}, "topic": "chat:a", "command": 0}),
    );
    check::<ClientFrame>(
        64,
        |n| binary((4_u32, 1_u32, a(n), 0_u8, 1_u32, NONE)),
        |n| json!({"type": "call", "id": 1, "method": a(n), "deadline_ms": 1, "request": 0}),
    );
    check::<ClientFrame>(
        PAYLOAD_LEN_MAX,
        |n| binary((4_u32, 1_u32, "m", 0_u8, 1_u32, vec![1_u8; n])),
        |n| json!({"type": "call", "id": 1, "method": "m", "deadline_ms": 1, "request": a(n - 2)}),
    );
    check::<ClientFrame>(
        TOPIC_NAME_LEN_MAX,
        |n| binary((6_u32, 1_u32, a(n), (0_u32, 1_u64), 1_u16)),
        |n| json!({"type": "history", "id": 1, "topic": a(n), "range": {"type": "before", "offset": 1}, "limit": 1}),
    );
    check::<ClientFrame>(
        2048,
        |n| binary((8_u32, 1_u32, a(n))),
        |n| json!({"type": "refresh", "id": 1, "token": a(n)}),
    );
}

#[test]
fn every_bounded_field_of_a_server_frame_is_refused_above_its_bound() {
    let user = |n| json!({"id": "0000000000000001", "name": a(n)});
    let member = |n| json!({"user": user(n), "connections": 1});
    let publication = json!({"offset": 1, "step": 1, "event": 0});
    let binary_publications = |n| vec![(1_u64, 1_u32, Vec::<u8>::new()); n];
    let position = json!({"epoch": 1, "offset": 0});
    check::<ServerFrame>(
        128,
        |n| {
            binary((
                0_u32,
                1_u32,
                (1_u64, a(n)),
                1_u32,
                1_u32,
                (1_u32, 1_u32, 1_u32),
            ))
        },
        |n| {
            let limits = json!({"frame_len_max": 1, "subscriptions_max": 1, "requests_max": 1});
            json!({"type": "connected", "session": 1, "user": user(n), "ping_interval_ms": 1, "token_ttl_ms": 1, "limits": limits})
        },
    );
    check::<ServerFrame>(
        PAGE_MAX,
        |n| {
            binary((
                1_u32,
                1_u32,
                1_u32,
                (1_u32, 0_u64),
                false,
                0_u8,
                0_u64,
                0_u8,
                binary_publications(n),
            ))
        },
        |n| {
            let publications = vec![publication.clone(); n];
            json!({"type": "subscribed", "id": 1, "topic_id": 1, "position": position, "recovered": false, "head": 0, "publications": publications})
        },
    );
    check::<ServerFrame>(
        200,
        |n| binary((4_u32, 1_u32, (100_u16, a(n), 0_u8))),
        |n| json!({"type": "refused", "id": 1, "error": {"code": 100, "detail": a(n)}}),
    );
    check::<ServerFrame>(
        PAYLOAD_LEN_MAX,
        |n| binary((5_u32, 1_u32, vec![1_u8; n])),
        |n| json!({"type": "returned", "id": 1, "response": a(n - 2)}),
    );
    check::<ServerFrame>(
        PAGE_MAX,
        |n| binary((6_u32, 1_u32, 1_u32, 1_u64, 1_u64, binary_publications(n))),
        |n| json!({"type": "history", "id": 1, "epoch": 1, "first": 1, "head": 1, "publications": vec![publication.clone(); n]}),
    );
    check::<ServerFrame>(
        MEMBERS_MAX,
        |n| binary((7_u32, 1_u32, (1_u32, vec![((1_u64, ""), 1_u32); n]))),
        |n| json!({"type": "present", "id": 1, "members": {"count": 1, "listed": vec![member(0); n]}}),
    );
    check::<ServerFrame>(
        PAYLOAD_LEN_MAX,
        |n| [binary((9_u32, 1_u32, 1_u64, 1_u32)), vec![1_u8; n]].concat(),
        |n| json!({"type": "publication", "topic_id": 1, "offset": 1, "step": 1, "event": a(n - 2)}),
    );
    check::<ServerFrame>(
        128,
        |n| binary((11_u32, 1_u32, 1_u32, ((1_u64, a(n)), 1_u32))),
        |n| json!({"type": "joined", "topic_id": 1, "count": 1, "member": member(n)}),
    );
    check::<ServerFrame>(
        SUBSCRIPTIONS_MAX,
        |n| binary((13_u32, vec![(1_u32, 1_u64); n])),
        |n| json!({"type": "ping", "heads": vec![json!({"topic_id": 1, "offset": 1}); n]}),
    );
}

#[test]
fn every_bounded_field_of_a_message_is_refused_above_its_bound() {
    let text_len_max = CHAT_TEXT_CHARS_MAX * 4;
    check::<ChatCommand>(
        text_len_max,
        |n| binary((0_u32, a(n))),
        |n| json!({"type": "say", "text": a(n)}),
    );
    check::<ChatCommand>(
        text_len_max,
        |n| binary((1_u32, 1 as Offset, a(n))),
        |n| json!({"type": "edit", "offset": 1, "text": a(n)}),
    );
    let room = |name: String| json!({"name": name, "people": 0, "events": 0});
    check::<Rooms>(
        100,
        |n| binary(vec![("a", 0_u32, 0_u64); n]),
        |n| json!({"rooms": vec![room(a(1)); n]}),
    );
    check::<Rooms>(
        32,
        |n| binary(vec![(a(n), 0_u32, 0_u64)]),
        |n| json!({"rooms": [room(a(n))]}),
    );
}
