//! The JSON Schema and the decoder agree about every frame and message, whole or broken.
//!
//! Broken ones are the golden vectors with one thing changed, every thing at every place, and with
//! several. Where the decoder takes more than the schema, it is one of three things that
//! [`Mutant::lenient`] names.

mod judges;
mod mutants;

use proptest::prelude::*;
use serde_json::{Value, json};
use trunkline_protocol::TopicName;
use trunkline_protocol::topics::chat::RoomName;

use judges::{Judge, schema, vectors};
use mutants::{Mutant, mutants};

/// The schema and the decoder say the same of `mutant`.
fn agree(judge: &Judge, mutant: &Mutant) -> Result<bool, String> {
    let valid = judge.schema_takes(&mutant.value);
    let read = judge.decoder_reads(&mutant.value);
    if valid == read || (read && mutant.lenient) {
        return Ok(valid);
    }
    let short: String = mutant.value.to_string().chars().take(300).collect();
    Err(format!(
        "{}: the schema {} it, the decoder {} it: {short}",
        mutant.what,
        if valid { "takes" } else { "refuses" },
        if read { "reads" } else { "refuses" },
    ))
}

#[test]
fn the_schema_is_one() {
    let schema = schema();
    let valid = jsonschema::meta::validate(&schema);
    assert!(valid.is_ok(), "{valid:?}");
}

#[test]
fn every_vector_is_taken_and_read() {
    for vector in vectors() {
        let judge = Judge::of(&vector.kind);
        assert!(judge.schema_takes(&vector.json), "{}", vector.name);
        assert!(judge.decoder_reads(&vector.json), "{}", vector.name);
    }
}

#[test]
fn the_page_shows_every_message_of_a_call_or_topic() {
    let page = include_str!("../../../../schema/index.html");
    let cards = page.split("<article id=\"").skip(1);
    let mut seen = 0;
    for card in cards.filter(|card| card.starts_with("call-") || card.starts_with("topic-")) {
        let (name, _) = card.split_once('"').expect("an id ends");
        let count = |what: &str| card.matches(what).count();
        let shown = (count("<h4>"), count("<summary>"));
        let expected = if card.contains("takes no commands") {
            (2, 1)
        } else {
            (2, 2)
        };
        assert_eq!(shown, expected, "{name}: messages, and those with examples");
        seen += 1;
    }
    assert!(seen > 0, "the page has no cards");
}

#[test]
fn whatever_is_changed_in_a_vector_both_say_the_same() {
    let (mut taken, mut refused, mut wrong) = (0, 0, Vec::new());
    for vector in vectors() {
        let judge = Judge::of(&vector.kind);
        for mutant in mutants(&vector.json) {
            match agree(&judge, &mutant) {
                Ok(true) => taken += 1,
                Ok(false) => refused += 1,
                Err(what) => wrong.push(format!("{}, {what}", vector.name)),
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Both kinds are there, so that the test says something.
    assert!(
        taken > 1000 && refused > 10_000,
        "{taken} taken, {refused} refused"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_few_things_are_changed_both_say_the_same(
        vector in 0..vectors().len(),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 2..4),
    ) {
        let vector = &vectors()[vector];
        let mut mutant = Mutant::whole(vector.json.clone());
        for choice in choices {
            let all = mutants(&mutant.value);
            let Some(next) = all.get(choice.index(all.len().max(1))) else { break };
            mutant = mutant.then(next);
        }
        if let Err(what) = agree(&Judge::of(&vector.kind), &mutant) {
            prop_assert!(false, "{}, {}", vector.name, what);
        }
    }

    #[test]
    fn a_room_is_what_the_parser_takes(name in "[a-cA-C0-2:. -]{0,4}|[a-z0-9-]{30,34}") {
        let valid = Judge::of("RoomName").schema_takes(&json!(name));
        prop_assert_eq!(valid, name.parse::<RoomName>().is_ok());
    }

    #[test]
    fn a_topic_is_what_the_parser_takes(
        name in "[a-zA-Z0-9_./-]{0,2}:?[a-zA-Z0-9_./ :-]{0,3}|[a-z]{31,33}:[a-z/]{62,64}",
    ) {
        let valid = Judge::of("TopicName").schema_takes(&json!(name));
        prop_assert_eq!(valid, name.parse::<TopicName>().is_ok());
    }
}

/// A change of `pong` or of a subscribe frame, and whether it is still a frame.
fn check(frame: &Value, expected: bool) {
    let judge = Judge::of("client_frame");
    assert_eq!(judge.schema_takes(frame), expected, "{frame}");
    assert_eq!(judge.decoder_reads(frame), expected, "{frame}");
}

#[test]
fn what_is_missing_wrong_or_too_long_is_refused_and_what_is_new_is_not() {
    let topic = "chat:lobby";
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": topic }),
        true,
    );
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": topic, "new": [] }),
        true,
    );
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": topic, "contract": null }),
        true,
    );
    check(&json!({ "type": "subscribe", "topic": topic }), false);
    check(
        &json!({ "type": "subscribed", "id": 1, "topic": topic }),
        false,
    );
    check(&json!({ "id": 1, "topic": topic }), false);
    check(
        &json!({ "type": "subscribe", "id": "1", "topic": topic }),
        false,
    );
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": "x".repeat(97) }),
        false,
    );
    // 32 characters of three bytes are 96 bytes, and 33 are too many.
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": "가".repeat(32) }),
        true,
    );
    check(
        &json!({ "type": "subscribe", "id": 1, "topic": "가".repeat(33) }),
        false,
    );
}

#[test]
fn a_whole_number_is_written_without_a_fraction() {
    // JSON Schema calls 5.0 an integer, and cannot be told otherwise.
    let judge = Judge::of("client_frame");
    let frame = json!({ "type": "probe", "nonce": 5.0 });
    assert!(judge.schema_takes(&frame) && !judge.decoder_reads(&frame));
}
