//! PROTOCOL.md says what the code does: every frame, code, limit and contract stands in it.

use std::path::Path;

use super::*;
use crate::topics::alerts::AlertLevel;
use crate::topics::chat::TypingCommand;
use crate::topics::ticker::{BOARD_NAME_LEN_MAX, PRICE_MAX, PRICE_SCALE};
use crate::{DisconnectClass, DisconnectReason};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../PROTOCOL.md");
    std::fs::read_to_string(path).expect("PROTOCOL.md stands at the root of the repository")
}

/// What stands between the heading `from` and the next one of the same or a higher level.
fn section(from: &str) -> String {
    let page = page();
    let level = from
        .split(' ')
        .next()
        .expect("a heading begins with hashes")
        .len();
    let ends =
        |line: &str| (1..=level).any(|level| line.starts_with(&format!("{} ", "#".repeat(level))));
    let lines = page.lines().skip_while(|line| *line != from).skip(1);
    let section: Vec<&str> = lines.take_while(|line| !ends(line)).collect();
    assert!(!section.is_empty(), "PROTOCOL.md has the section {from:?}");
    section.join("\n")
}

/// The rows of the tables of a section, as their first two cells.
fn rows(section: &str) -> Vec<(String, String)> {
    let cells = |line: &str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ").map(str::to_owned);
        Some((cells.next()?, cells.next()?))
    };
    section.lines().filter_map(cells).collect()
}

/// A number as the page writes it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|it| str::from_utf8(it).ok())
        .collect();
    groups.join(",")
}

#[test]
fn every_frame_stands_there_under_its_number() {
    for (kind, heading) in [
        ("client_frame", "### From the client"),
        ("server_frame", "### From the server"),
    ] {
        let rows = rows(&section(heading));
        for vector in vectors::vectors()
            .iter()
            .filter(|vector| vector.kind == kind)
        {
            let frame: Value = serde_json::from_str(vector.json.get()).expect("a vector is JSON");
            let name = format!("`{}`", frame["type"].as_str().expect("a frame has a type"));
            let number = vectors::unhex(&vector.bincode)[0].to_string();
            assert!(
                rows.contains(&(number.clone(), name.clone())),
                "{heading} lacks {number} {name}"
            );
        }
    }
}

#[test]
fn every_field_of_a_frame_stands_there() {
    for (kind, heading) in [
        ("client_frame", "### From the client"),
        ("server_frame", "### From the server"),
    ] {
        let section = section(heading);
        for vector in vectors::vectors()
            .iter()
            .filter(|vector| vector.kind == kind)
        {
            let frame: Value = serde_json::from_str(vector.json.get()).expect("a vector is JSON");
            let fields = frame.as_object().expect("a frame is an object");
            let row = section.lines().find(|line| {
                line.contains(&format!(
                    " | `{}` | ",
                    fields["type"].as_str().unwrap_or_default()
                ))
            });
            let row = row.expect("every frame has a row");
            for field in fields.keys().filter(|field| *field != "type") {
                assert!(row.contains(&format!("`{field}`")), "{row} lacks {field}");
            }
        }
    }
}

#[test]
fn every_error_code_stands_there_and_no_other() {
    let listed = rows(&section("### Error codes"));
    let known = ErrorCode::ALL
        .iter()
        .map(|code| (code.number().to_string(), format!("`{}`", code.name())));
    let table: Vec<(String, String)> = listed
        .into_iter()
        .filter(|(number, _)| number.parse::<u16>().is_ok())
        .collect();
    assert_eq!(table, known.collect::<Vec<_>>());
}

#[test]
fn every_close_code_stands_there_with_its_class_and_no_other() {
    let class = |reason: DisconnectReason| match reason.class() {
        DisconnectClass::RetryNow => "retry now",
        DisconnectClass::RetryLater => "retry later",
        DisconnectClass::Refresh => "refresh",
        DisconnectClass::Stop => "stop",
        DisconnectClass::Incompatible => "incompatible",
    };
    let listed = rows(&section("### Close codes"));
    let known = DisconnectReason::ALL
        .iter()
        .map(|it| (it.code().to_string(), class(*it).to_owned()));
    let table: Vec<(String, String)> = listed
        .into_iter()
        .filter(|(code, _)| code.parse::<u16>().is_ok())
        .collect();
    assert_eq!(table, known.collect::<Vec<_>>());
}

#[test]
fn every_limit_of_this_crate_stands_there() {
    let limits = section("### Limits");
    for limit in [
        CLIENT_FRAME_LEN_MAX,
        SERVER_FRAME_LEN_MAX,
        DECODE_MEMORY_MAX,
        PAYLOAD_LEN_MAX,
        SUBSCRIPTIONS_MAX,
        PAGE_MAX,
        MEMBERS_MAX,
    ] {
        assert!(
            limits.contains(&grouped(limit)),
            "the limits lack {}",
            grouped(limit)
        );
    }
    assert!(section("### Rooms: `chat:ROOM`").contains(&grouped(CHAT_TEXT_CHARS_MAX)));
    let boards = section("### Boards: `ticker:BOARD`");
    for limit in [BOARD_NAME_LEN_MAX, PRICE_SCALE as usize, PRICE_MAX as usize] {
        assert!(boards.contains(&grouped(limit)), "{}", grouped(limit));
    }
    assert!(section("## Frames").contains(&format!("text {TOPIC_NAME_LEN_MAX} ")));
}

#[test]
fn every_subprotocol_and_contract_stands_there() {
    let opening = section("### Subprotocols");
    assert!(
        crate::Subprotocol::ALL
            .iter()
            .all(|name| opening.contains(&format!("| `{name}` |")))
    );
    let listed = rows(&section("### Contracts"));
    for (name, contract) in samples::contracts() {
        let last = format!("{contract} |");
        assert!(
            listed.contains(&(format!("`{name}`"), last)),
            "{name} has the contract {contract}"
        );
    }
}

#[test]
fn the_example_is_made_of_vectors() {
    let example = section("## A conversation by hand");
    let in_example: Vec<_> = vectors::vectors()
        .into_iter()
        .filter(|it| it.name.starts_with("example."))
        .collect();
    for vector in &in_example {
        let arrow = if vector.kind == "client_frame" {
            "→"
        } else {
            "←"
        };
        let told = format!("{arrow} {}\n  {}\n", vector.json.get(), vector.bincode);
        assert!(
            example.contains(&told),
            "the example lacks {}:\n{told}",
            vector.name
        );
    }
    assert_eq!(
        example.matches("→ {").count() + example.matches("← {").count(),
        in_example.len()
    );
}

#[test]
fn the_varints_are_those_of_the_codec() {
    let listed = rows(&section("### Numbers"));
    let examples = listed.iter().filter_map(|(value, bytes)| {
        let bytes = bytes.strip_prefix('`')?.split('`').next()?;
        Some((
            value.replace(',', "").parse::<u64>().ok()?,
            bytes.to_owned(),
        ))
    });
    let examples: Vec<(u64, String)> = examples.collect();
    assert_eq!(examples.len(), 6);
    for (value, bytes) in examples {
        assert_eq!(vectors::hex(&binary(value)), bytes, "{value}");
    }
    let page = section("### Numbers");
    assert!(page.contains("(`fb0500` for 5)") && page.contains("`ff` for 255"));
    let decoded = |bytes: &[u8]| Codec::Bincode.decode::<u64>(bytes);
    assert_eq!(decoded(&[0xfb, 5, 0]), Ok(5), "a longer form");
    assert_eq!(Codec::Bincode.decode::<u8>(&[0xff]), Ok(255));
    assert!(Codec::Bincode.decode::<ClientFrame>(&[5, 0xfe]).is_err());
    assert!(Codec::Bincode.decode::<ClientFrame>(&[5, 0xff]).is_err());
    // A number that is too great for its type.
    assert!(
        Codec::Bincode
            .decode::<ClientFrame>(&[5, 0xfd, 0, 0, 0, 0, 1, 0, 0, 0])
            .is_err()
    );
}

#[test]
fn choices_are_written_as_it_says() {
    let page = section("## JSON");
    let tagged = Codec::Json.encode(&TypingCommand::Started);
    let plain = Codec::Json.encode(&AlertLevel::Warning);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("JSON is UTF-8");
    assert!(page.contains(&format!("`{}`", text(&tagged))));
    assert!(page.contains(&format!("`\"level\":{}`", text(&plain))));
}

#[test]
fn json_nests_as_deep_as_it_says() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    // The frame is a level of its own.
    let frame = |levels: usize| format!(r#"{{"type":"pong","more":{}}}"#, nested(levels - 1));
    assert!(section("### Limits").contains("| nesting of JSON | 127 levels |"));
    assert!(
        Codec::Json
            .decode::<ClientFrame>(frame(127).as_bytes())
            .is_ok()
    );
    assert!(
        Codec::Json
            .decode::<ClientFrame>(frame(128).as_bytes())
            .is_err()
    );
}

#[test]
fn json_frames_on_the_page_can_be_read() {
    let page = page();
    let blocks = page
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let frames: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert!(!frames.is_empty());
    for frame in frames {
        assert!(
            Codec::Json.decode::<ClientFrame>(frame.as_bytes()).is_ok(),
            "{frame}"
        );
    }
    let twice = br#"{"type":"probe","nonce":1,"nonce":2}"#;
    assert!(Codec::Json.decode::<ClientFrame>(twice).is_err());
}
