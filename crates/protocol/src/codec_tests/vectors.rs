//! The golden vectors: what every frame and message is in bytes, for readers in any language.
//!
//! A byte that differs from `vectors/frames.json` breaks programs that are out there. If it is
//! meant, it is a new version of the protocol: put what the failing test prints into the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use wincode::config::Configuration;
use wincode::int_encoding::{LittleEndian, VarInt};
use wincode::len::BincodeLen;
use wincode::{SchemaRead, SchemaWrite};

use super::cases;
use super::samples::{
    self, Form, Sample, alert_samples, arena_samples, lab_samples, live_samples, ticker_samples,
};
use super::*;
use crate::frame::{Start, Subscribe};
use crate::{ClientFrame, ServerFrame};

const FILE: &str = include_str!("../../vectors/frames.json");

/// wincode, set up to write what bincode writes.
type Twin = Configuration<
    true,
    DECODE_MEMORY_MAX,
    BincodeLen,
    LittleEndian,
    VarInt,
    u32,
    DECODE_MEMORY_MAX,
>;

// wincode's derives know nothing of our bounds, so it is a twin of the bytes, not of the checks.
impl From<&ErrorCode> for u16 {
    fn from(code: &ErrorCode) -> Self {
        code.number()
    }
}

#[derive(Deserialize)]
pub(super) struct Vector<'a> {
    pub(super) name: String,
    pub(super) kind: String,
    #[serde(borrow)]
    pub(super) json: &'a RawValue,
    pub(super) bincode: String,
}

pub(super) fn vectors() -> Vec<Vector<'static>> {
    serde_json::from_str(FILE).expect("the vectors are JSON")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

pub(super) fn unhex(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hexadecimal digits");
    (0..hex.len()).step_by(2).map(digits).collect()
}

/// The binary form of all vectors of a kind.
pub(super) fn bytes_of(kind: &str) -> Vec<Vec<u8>> {
    let of_kind: Vec<Vec<u8>> = vectors()
        .iter()
        .filter(|vector| vector.kind == kind)
        .map(|vector| unhex(&vector.bincode))
        .collect();
    assert!(!of_kind.is_empty(), "there are vectors of {kind}");
    of_kind
}

/// How a vector stands in the file.
fn entry<T: Wire>(kind: &str, name: &str, as_bincode: &T, as_json: &T) -> String {
    let json = String::from_utf8(Codec::Json.encode_to_vec(as_json)).expect("JSON is text");
    let bincode = hex(&Codec::Bincode.encode_to_vec(as_bincode));
    format!(
        "  {{\n    \"name\": \"{name}\",\n    \"kind\": \"{kind}\",\n    \"json\": {json},\n    \"bincode\": \"{bincode}\"\n  }}"
    )
}

/// All entries, as they must stand in the file.
fn entries() -> Vec<String> {
    fn of<T: Wire>(kind: &str, samples: impl Fn(Form) -> Vec<Sample<T>>) -> Vec<String> {
        let pairs = samples(Form::Written(Codec::Bincode))
            .into_iter()
            .zip(samples(Form::Written(Codec::Json)));
        pairs
            .map(|(binary, json)| entry(kind, binary.name, &binary.value, &json.value))
            .collect()
    }
    [
        of("client_frame", samples::client_frames),
        of("server_frame", samples::server_frames),
        of("chat_command", |_| samples::chat_commands()),
        of("chat_event", |_| samples::chat_events()),
        of("typing_command", |_| samples::typing_commands()),
        of("typing_event", |_| samples::typing_events()),
        of("rooms_request", |_| samples::rooms_requests()),
        of("rooms_response", |_| samples::rooms()),
        of("quote", |_| samples::quotes()),
        of("listed", |_| ticker_samples::listed()),
        of("symbols_request", |_| ticker_samples::symbols_requests()),
        of("symbols_response", |_| ticker_samples::symbols()),
        of("summary_request", |_| ticker_samples::summary_requests()),
        of("summary_response", |_| ticker_samples::summaries()),
        of("candles_request", |_| ticker_samples::candles_requests()),
        of("candles_response", |_| ticker_samples::candles()),
        of("trades_request", |_| ticker_samples::trades_requests()),
        of("trades_response", |_| ticker_samples::trades()),
        of("echo_text", |_| lab_samples::echo_texts()),
        of("tick", |_| lab_samples::ticks()),
        of("clock_request", |_| lab_samples::asked("lab.clock.request")),
        of("clock_response", |_| lab_samples::times()),
        of("lanes_request", |_| lab_samples::asked("lab.lanes.request")),
        of("lanes_response", |_| lab_samples::lanes()),
        of("race_request", |_| lab_samples::race_wishes()),
        of("race_response", |_| lab_samples::races()),
        of("report_request", |_| lab_samples::race_ids()),
        of("report_response", |_| lab_samples::race_reports()),
        of("handshake_request", |_| lab_samples::nonces()),
        of("handshake_response", |_| lab_samples::handshakes()),
        of("arena_event", |_| arena_samples::events()),
        of("join_request", |_| arena_samples::wishes()),
        of("join_response", |_| arena_samples::joined()),
        of("steer_request", |_| arena_samples::steer()),
        of("steer_response", |_| arena_samples::steered()),
        of("leave_request", |_| {
            arena_samples::named("arena.leave.request")
        }),
        of("leave_response", |_| arena_samples::left()),
        of("players_request", |_| {
            arena_samples::named("arena.players.request")
        }),
        of("players_response", |_| arena_samples::players()),
        of("list_request", |_| arena_samples::asked()),
        of("list_response", |_| arena_samples::rooms()),
        of("alerts_command", |_| alert_samples::commands()),
        of("alerts_event", |_| alert_samples::events()),
        of("set_alarm_request", |_| ticker_samples::alarm_requests()),
        of("set_alarm_response", |_| ticker_samples::alarm_responses()),
        of("alarms_request", |_| ticker_samples::alarms_requests()),
        of("alarms_response", |_| ticker_samples::alarms()),
        of("alarm_named", |_| ticker_samples::alarms_named()),
        of("live_event", |_| live_samples::events()),
        of("live_begin_request", |_| live_samples::wishes()),
        of("live_begin_response", |_| live_samples::seats()),
        of("live_rooms_request", |_| live_samples::asked()),
        of("live_rooms_response", |_| live_samples::rooms()),
        of("live_report_request", |_| live_samples::reports()),
        of("live_report_response", |_| live_samples::crowds()),
        of("live_audience_request", |_| live_samples::named()),
        of("live_audience_response", |_| live_samples::audiences()),
    ]
    .concat()
}

/// The length of the event of a publication, which reaches to the end of its frame.
pub(super) fn tail_len(frame: &ServerFrame) -> Option<usize> {
    match frame {
        ServerFrame::Publication { event, .. } => Some(event.0.len()),
        _ => None,
    }
}

/// Nothing reaches to the end of this.
pub(super) fn no_tail<T>(_: &T) -> Option<usize> {
    None
}

/// Every codec, and wincode beside bincode, reads the vector of each sample as the sample.
fn check<T>(kind: &str, samples: impl Fn(Form) -> Vec<Sample<T>>, tail_len: fn(&T) -> Option<usize>)
where
    T: Wire
        + PartialEq
        + fmt::Debug
        + SchemaWrite<Twin, Src = T>
        + for<'de> SchemaRead<'de, Twin, Dst = T>,
{
    let of_kind: Vec<Vector<'_>> = vectors()
        .into_iter()
        .filter(|vector| vector.kind == kind)
        .collect();
    let binary = samples(Form::Written(Codec::Bincode));
    let json = samples(Form::ReadFromJson);
    assert_eq!(
        of_kind.len(),
        binary.len(),
        "a vector for each sample of {kind}"
    );
    for ((vector, binary), json) in of_kind.iter().zip(binary).zip(json) {
        assert_eq!(vector.name, binary.name);
        let bytes = unhex(&vector.bincode);
        assert_eq!(
            Codec::Bincode.decode::<T>(&bytes).as_ref(),
            Ok(&binary.value),
            "{}",
            vector.name
        );
        assert_eq!(
            hex(&Codec::Bincode.encode(&binary.value)),
            vector.bincode,
            "{}",
            vector.name
        );
        assert_eq!(
            Codec::Json.decode::<T>(vector.json.get().as_bytes()),
            Ok(json.value),
            "{}",
            vector.name
        );
        check_twin(&binary.value, &bytes, tail_len);
    }
}

/// wincode reads and writes the same bytes, with the length before a tail that only our impl
/// leaves out.
pub(super) fn check_twin<T>(value: &T, bytes: &[u8], tail_len: fn(&T) -> Option<usize>)
where
    T: PartialEq
        + fmt::Debug
        + SchemaWrite<Twin, Src = T>
        + for<'de> SchemaRead<'de, Twin, Dst = T>,
{
    let bytes = match tail_len(value) {
        Some(len) => {
            let (head, tail) = bytes.split_at(bytes.len() - len);
            [head, &binary(len), tail].concat()
        }
        None => bytes.to_vec(),
    };
    let read: T = wincode::config::deserialize_exact(&bytes, Twin::new())
        .expect("wincode reads what bincode wrote");
    assert_eq!(&read, value);
    let written =
        wincode::config::serialize(value, Twin::new()).expect("wincode writes what bincode writes");
    assert_eq!(hex(&written), hex(&bytes));
}

#[test]
fn every_frame_and_message_has_the_bytes_in_the_file() {
    let expected = format!("[\n{}\n]\n", entries().join(",\n"));
    if FILE != expected {
        let differing: Vec<String> = entries()
            .into_iter()
            .filter(|entry| !FILE.contains(entry.as_str()))
            .collect();
        panic!(
            "vectors/frames.json is not these entries in this order; differing:\n{}",
            differing.join(",\n")
        );
    }
}

#[test]
fn both_codecs_and_wincode_agree_on_client_frames() {
    check("client_frame", samples::client_frames, no_tail);
}

#[test]
fn both_codecs_and_wincode_agree_on_server_frames() {
    check("server_frame", samples::server_frames, tail_len);
}

#[test]
fn both_codecs_and_wincode_agree_on_messages() {
    check("chat_command", |_| samples::chat_commands(), no_tail);
    check("chat_event", |_| samples::chat_events(), no_tail);
    check("typing_command", |_| samples::typing_commands(), no_tail);
    check("typing_event", |_| samples::typing_events(), no_tail);
    check("rooms_request", |_| samples::rooms_requests(), no_tail);
    check("rooms_response", |_| samples::rooms(), no_tail);
    check("quote", |_| samples::quotes(), no_tail);
    check("echo_text", |_| lab_samples::echo_texts(), no_tail);
    check("tick", |_| lab_samples::ticks(), no_tail);
    check(
        "clock_request",
        |_| lab_samples::asked("lab.clock.request"),
        no_tail,
    );
    check("clock_response", |_| lab_samples::times(), no_tail);
    check(
        "lanes_request",
        |_| lab_samples::asked("lab.lanes.request"),
        no_tail,
    );
    check("lanes_response", |_| lab_samples::lanes(), no_tail);
    check("race_request", |_| lab_samples::race_wishes(), no_tail);
    check("race_response", |_| lab_samples::races(), no_tail);
    check("report_request", |_| lab_samples::race_ids(), no_tail);
    check("report_response", |_| lab_samples::race_reports(), no_tail);
    check("handshake_request", |_| lab_samples::nonces(), no_tail);
    check("handshake_response", |_| lab_samples::handshakes(), no_tail);
    check("alerts_command", |_| alert_samples::commands(), no_tail);
    check("alerts_event", |_| alert_samples::events(), no_tail);
}

#[test]
fn both_codecs_and_wincode_agree_on_the_arena() {
    let named = |name| move |_| arena_samples::named(name);
    check("arena_event", |_| arena_samples::events(), no_tail);
    check("join_request", |_| arena_samples::wishes(), no_tail);
    check("join_response", |_| arena_samples::joined(), no_tail);
    check("steer_request", |_| arena_samples::steer(), no_tail);
    check("steer_response", |_| arena_samples::steered(), no_tail);
    check("leave_request", named("arena.leave.request"), no_tail);
    check("leave_response", |_| arena_samples::left(), no_tail);
    check("players_request", named("arena.players.request"), no_tail);
    check("players_response", |_| arena_samples::players(), no_tail);
    check("list_request", |_| arena_samples::asked(), no_tail);
    check("list_response", |_| arena_samples::rooms(), no_tail);
}

#[test]
fn both_codecs_and_wincode_agree_on_what_is_told_of_a_board() {
    check("listed", |_| ticker_samples::listed(), no_tail);
    check(
        "symbols_request",
        |_| ticker_samples::symbols_requests(),
        no_tail,
    );
    check("symbols_response", |_| ticker_samples::symbols(), no_tail);
    check(
        "summary_request",
        |_| ticker_samples::summary_requests(),
        no_tail,
    );
    check("summary_response", |_| ticker_samples::summaries(), no_tail);
    check(
        "candles_request",
        |_| ticker_samples::candles_requests(),
        no_tail,
    );
    check("candles_response", |_| ticker_samples::candles(), no_tail);
    check(
        "trades_request",
        |_| ticker_samples::trades_requests(),
        no_tail,
    );
    check("trades_response", |_| ticker_samples::trades(), no_tail);
    check(
        "set_alarm_request",
        |_| ticker_samples::alarm_requests(),
        no_tail,
    );
    check(
        "set_alarm_response",
        |_| ticker_samples::alarm_responses(),
        no_tail,
    );
    check(
        "alarms_request",
        |_| ticker_samples::alarms_requests(),
        no_tail,
    );
    check("alarms_response", |_| ticker_samples::alarms(), no_tail);
    check("alarm_named", |_| ticker_samples::alarms_named(), no_tail);
}

#[test]
fn both_codecs_and_wincode_agree_on_broadcasts() {
    check("live_event", |_| live_samples::events(), no_tail);
    check("live_begin_request", |_| live_samples::wishes(), no_tail);
    check("live_begin_response", |_| live_samples::seats(), no_tail);
    check("live_rooms_request", |_| live_samples::asked(), no_tail);
    check("live_rooms_response", |_| live_samples::rooms(), no_tail);
    check("live_report_request", |_| live_samples::reports(), no_tail);
    check("live_report_response", |_| live_samples::crowds(), no_tail);
    check("live_audience_request", |_| live_samples::named(), no_tail);
    check(
        "live_audience_response",
        |_| live_samples::audiences(),
        no_tail,
    );
}

/// Each of the cases occurs among the samples.
fn covers(all: &[&'static str], seen: impl IntoIterator<Item = &'static str>) {
    assert_eq!(
        seen.into_iter().collect::<BTreeSet<_>>(),
        all.iter().copied().collect::<BTreeSet<_>>()
    );
}

fn values<T>(samples: Vec<Sample<T>>) -> impl Iterator<Item = T> {
    samples.into_iter().map(|sample| sample.value)
}

#[test]
fn every_variant_has_a_vector() {
    let form = Form::Written(Codec::Bincode);
    covers(
        cases::CLIENT_FRAMES,
        values(samples::client_frames(form)).map(|it| cases::client_frame_case(&it)),
    );
    covers(
        cases::SERVER_FRAMES,
        values(samples::server_frames(form)).map(|it| cases::server_frame_case(&it)),
    );
    covers(
        cases::CHAT_COMMANDS,
        values(samples::chat_commands()).map(|it| cases::chat_command_case(&it)),
    );
    covers(
        cases::CHAT_EVENTS,
        values(samples::chat_events()).map(|it| cases::chat_event_case(&it)),
    );
    covers(
        cases::TYPING_COMMANDS,
        values(samples::typing_commands()).map(|it| cases::typing_command_case(&it)),
    );
    covers(
        cases::ALERT_COMMANDS,
        values(alert_samples::commands()).map(|it| cases::alert_command_case(&it)),
    );
    covers(
        cases::ALERT_EVENTS,
        values(alert_samples::events()).map(|it| cases::alert_event_case(&it)),
    );
}

/// The `type` of all vectors of a kind.
fn types_of(kind: &str) -> Vec<String> {
    let of_kind = vectors().into_iter().filter(|vector| vector.kind == kind);
    let json = of_kind.map(|vector| serde_json::from_str::<Value>(vector.json.get()));
    let name = |json: Value| json["type"].as_str().map(str::to_owned);
    json.map(|json| name(json.expect("a vector is JSON")).expect("a frame has a type"))
        .collect()
}

#[test]
fn a_frame_has_the_kind_that_is_its_type_in_json() {
    let form = Form::Written(Codec::Json);
    let kinds = |kinds: Vec<&str>| kinds.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let sent = values(samples::client_frames(form)).map(|it| it.kind());
    assert_eq!(kinds(sent.collect()), types_of("client_frame"));
    let received = values(samples::server_frames(form)).map(|it| it.kind());
    assert_eq!(kinds(received.collect()), types_of("server_frame"));
}

#[test]
fn what_is_asked_is_what_is_answered() {
    let form = Form::Written(Codec::Json);
    let ids = |json: Value| json["id"].as_u64();
    // A frame with an id asks or answers under it, unless nothing is asked by it.
    for frame in values(samples::client_frames(form)) {
        let id = ids(serde_json::to_value(&frame).expect("a sample is JSON"));
        let silent = ["cancel", "refresh"].contains(&frame.kind());
        let asked = frame.asks().map(|(id, _)| u64::from(id));
        assert_eq!(asked, id.filter(|_| !silent), "{frame:?}");
        assert!(frame.asks().is_none_or(|(_, about)| !about.is_empty()));
    }
    for frame in values(samples::server_frames(form)) {
        let id = ids(serde_json::to_value(&frame).expect("a sample is JSON"));
        assert_eq!(frame.answers().map(u64::from), id, "{frame:?}");
    }
}

#[test]
fn every_start_and_gap_cause_has_a_vector() {
    let form = Form::Written(Codec::Bincode);
    let starts = values(samples::client_frames(form)).filter_map(|frame| match frame {
        ClientFrame::Subscribe(Subscribe { start, .. }) => Some(cases::start_case(&start)),
        _ => None,
    });
    covers(cases::STARTS, starts);
    let causes = values(samples::server_frames(form)).filter_map(|frame| match frame {
        ServerFrame::Gap { gap, .. } => Some(cases::gap_cause_case(&gap.cause)),
        _ => None,
    });
    covers(cases::GAP_CAUSES, causes);
}

#[test]
fn names_of_vectors_are_unique() {
    let vectors = vectors();
    let names: BTreeSet<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
    assert_eq!(names.len(), vectors.len());
}

#[test]
fn json_may_leave_out_what_has_a_default_and_order_fields_freely() {
    let plain: ClientFrame = Codec::Json
        .decode(br#"{"topic":"chat:lobby","id":3,"type":"subscribe"}"#)
        .expect("a frame");
    let Start::Newest { count } = Start::default() else {
        panic!("the default start is the newest")
    };
    assert_eq!(count, 0);
    let expected = Subscribe {
        id: 3,
        topic: samples::text("chat:lobby"),
        contract: None,
        start: Start::default(),
        presence: false,
        max_hz: None,
    };
    assert_eq!(plain, ClientFrame::Subscribe(expected));
}

#[test]
fn json_may_hold_fields_that_are_not_known() {
    let newer = br#"{"type":"probed","nonce":1,"since":"next year"}"#;
    assert_eq!(
        Codec::Json.decode::<ServerFrame>(newer),
        Ok(ServerFrame::Probed { nonce: 1 })
    );
}

#[test]
fn frames_of_kinds_that_are_not_known_are_told_apart_from_damage() {
    let count = ServerFrame::KINDS.len();
    let listed: Vec<String> = vectors()
        .iter()
        .filter(|vector| vector.kind == "server_frame")
        .map(|vector| {
            let number = usize::from(unhex(&vector.bincode)[0]);
            ServerFrame::KINDS[number].to_owned()
        })
        .collect();
    assert_eq!(listed, types_of("server_frame"));
    let seen: BTreeSet<_> = listed.into_iter().collect();
    assert_eq!(seen.len(), count, "every kind has a vector");

    let binary = |bytes: &[u8]| Codec::Bincode.decode_server_frame(bytes);
    let first_later = u8::try_from(count).expect("few kinds");
    assert_eq!(binary(&[first_later, 1, 2, 3]), Ok(None));
    assert_eq!(binary(&[0xfb, 0, 1]), Ok(None));
    assert!(binary(&[first_later - 1]).is_err(), "a part of a frame");
    assert!(binary(&[]).is_err() && binary(&[0xff]).is_err());

    let json = |text: &str| Codec::Json.decode_server_frame(text.as_bytes());
    assert_eq!(json(r#"{"type":"later","more":[1]}"#), Ok(None));
    assert!(json(r#"{"type":"ping","heads":5}"#).is_err());
    assert!(json(r#"{"type":7}"#).is_err() && json("{}").is_err() && json("[").is_err());
}
