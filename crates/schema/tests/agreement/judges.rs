//! The two judges of a value: the schema as it is written, and the decoder.

use std::collections::BTreeMap;
use std::rc::Rc;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError, Validator};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use trunkline_protocol::topics::alerts::{AlertCommand, AlertEvent};
use trunkline_protocol::topics::arena::{
    ArenaAsked, ArenaEvent, ArenaJoined, ArenaLeft, ArenaNamed, ArenaPlayers, ArenaRooms,
    ArenaSteer, ArenaSteered, ArenaWish,
};
use trunkline_protocol::topics::chat::{
    ChatCommand, ChatEvent, ListRoomsRequest, Rooms, TypingCommand, TypingEvent,
};
use trunkline_protocol::topics::lab::{
    EchoText, Handshake, LabAsked, Lanes, Nonce, Race, RaceId, RaceReport, RaceWish, ServerTime,
    Tick,
};
use trunkline_protocol::topics::live::{
    LiveAsked, LiveAudience, LiveCrowd, LiveEvent, LiveNamed, LiveReport, LiveRooms, LiveSeat,
    LiveWish,
};
use trunkline_protocol::topics::ticker::{
    Alarm, AlarmNamed, AlarmRequest, Alarms, AlarmsRequest, Candles, CandlesRequest, Listed, Quote,
    Summaries, SummaryRequest, Symbols, SymbolsRequest, Trades, TradesRequest,
};
use trunkline_protocol::{ClientFrame, Codec, ServerFrame, Wire};

/// A golden vector.
#[derive(Clone, Deserialize)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) json: Value,
}

pub(crate) fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("../../../protocol/vectors/frames.json"))
        .expect("the vectors are JSON")
}

/// `schema.json` as it is written.
pub(crate) fn schema() -> Value {
    let files = trunkline_schema::files();
    let schema = files.iter().find(|file| file.name == "schema.json");
    serde_json::from_str(&schema.expect("a schema").text).expect("a schema is JSON")
}

/// Judges values of one kind.
#[derive(Clone)]
pub(crate) struct Judge {
    validator: Rc<Validator>,
    reads: fn(&[u8]) -> bool,
}

impl Judge {
    /// The judge of a kind of vector, or of a definition that no vector is of.
    pub(crate) fn of(kind: &str) -> Self {
        thread_local! {
            static JUDGES: BTreeMap<&'static str, Judge> = judges();
        }
        JUDGES.with(|judges| judges[kind].clone())
    }

    pub(crate) fn schema_takes(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    pub(crate) fn decoder_reads(&self, value: &Value) -> bool {
        (self.reads)(value.to_string().as_bytes())
    }
}

fn judges() -> BTreeMap<&'static str, Judge> {
    let schema = schema();
    let judge = |kind, definition: &str, reads| {
        let validator = Rc::new(validator(&schema, definition));
        (kind, Judge { validator, reads })
    };
    BTreeMap::from([
        judge("client_frame", "ClientFrame", reads::<ClientFrame>),
        judge("server_frame", "ServerFrame", reads::<ServerFrame>),
        judge("chat_command", "ChatCommand", reads::<ChatCommand>),
        judge("chat_event", "ChatEvent", reads::<ChatEvent>),
        judge("typing_command", "TypingCommand", reads::<TypingCommand>),
        judge("typing_event", "TypingEvent", reads::<TypingEvent>),
        judge(
            "rooms_request",
            "ListRoomsRequest",
            reads::<ListRoomsRequest>,
        ),
        judge("rooms_response", "Rooms", reads::<Rooms>),
        judge("echo_text", "EchoText", reads::<EchoText>),
        judge("tick", "Tick", reads::<Tick>),
        judge("clock_request", "LabAsked", reads::<LabAsked>),
        judge("clock_response", "ServerTime", reads::<ServerTime>),
        judge("lanes_request", "LabAsked", reads::<LabAsked>),
        judge("lanes_response", "Lanes", reads::<Lanes>),
        judge("race_request", "RaceWish", reads::<RaceWish>),
        judge("race_response", "Race", reads::<Race>),
        judge("report_request", "RaceId", reads::<RaceId>),
        judge("report_response", "RaceReport", reads::<RaceReport>),
        judge("handshake_request", "Nonce", reads::<Nonce>),
        judge("handshake_response", "Handshake", reads::<Handshake>),
        judge("arena_event", "ArenaEvent", reads::<ArenaEvent>),
        judge("join_request", "ArenaWish", reads::<ArenaWish>),
        judge("join_response", "ArenaJoined", reads::<ArenaJoined>),
        judge("steer_request", "ArenaSteer", reads::<ArenaSteer>),
        judge("steer_response", "ArenaSteered", reads::<ArenaSteered>),
        judge("leave_request", "ArenaNamed", reads::<ArenaNamed>),
        judge("leave_response", "ArenaLeft", reads::<ArenaLeft>),
        judge("players_request", "ArenaNamed", reads::<ArenaNamed>),
        judge("players_response", "ArenaPlayers", reads::<ArenaPlayers>),
        judge("list_request", "ArenaAsked", reads::<ArenaAsked>),
        judge("list_response", "ArenaRooms", reads::<ArenaRooms>),
        judge("quote", "Quote", reads::<Quote>),
        judge("listed", "Listed", reads::<Listed>),
        judge("symbols_request", "SymbolsRequest", reads::<SymbolsRequest>),
        judge("symbols_response", "Symbols", reads::<Symbols>),
        judge("summary_request", "SummaryRequest", reads::<SummaryRequest>),
        judge("summary_response", "Summaries", reads::<Summaries>),
        judge("candles_request", "CandlesRequest", reads::<CandlesRequest>),
        judge("candles_response", "Candles", reads::<Candles>),
        judge("trades_request", "TradesRequest", reads::<TradesRequest>),
        judge("trades_response", "Trades", reads::<Trades>),
        judge("set_alarm_request", "AlarmRequest", reads::<AlarmRequest>),
        judge("set_alarm_response", "Alarm", reads::<Alarm>),
        judge("alarms_request", "AlarmsRequest", reads::<AlarmsRequest>),
        judge("alarms_response", "Alarms", reads::<Alarms>),
        judge("alarm_named", "AlarmNamed", reads::<AlarmNamed>),
        judge("live_event", "LiveEvent", reads::<LiveEvent>),
        judge("live_begin_request", "LiveWish", reads::<LiveWish>),
        judge("live_begin_response", "LiveSeat", reads::<LiveSeat>),
        judge("live_rooms_request", "LiveAsked", reads::<LiveAsked>),
        judge("live_rooms_response", "LiveRooms", reads::<LiveRooms>),
        judge("live_report_request", "LiveReport", reads::<LiveReport>),
        judge("live_report_response", "LiveCrowd", reads::<LiveCrowd>),
        judge("live_audience_request", "LiveNamed", reads::<LiveNamed>),
        judge(
            "live_audience_response",
            "LiveAudience",
            reads::<LiveAudience>,
        ),
        judge("alerts_command", "AlertCommand", reads::<AlertCommand>),
        judge("alerts_event", "AlertEvent", reads::<AlertEvent>),
        judge("RoomName", "RoomName", |_| {
            unreachable!("parsed, not decoded")
        }),
        judge("TopicName", "TopicName", |_| {
            unreachable!("parsed, not decoded")
        }),
    ])
}

fn reads<T: Wire>(bytes: &[u8]) -> bool {
    Codec::Json.decode::<T>(bytes).is_ok()
}

fn validator(schema: &Value, definition: &str) -> Validator {
    let alone = json!({
        "$schema": schema["$schema"],
        "$ref": format!("#/$defs/{definition}"),
        "$defs": schema["$defs"],
    });
    jsonschema::options()
        .with_keyword("x-max-bytes", max_bytes)
        .build(&alone)
        .expect("a schema that can be used")
}

/// Beside `maxLength`, the bytes of a text; elsewhere, those of a value as JSON.
struct MaxBytes {
    max: usize,
    of_text: bool,
}

fn max_bytes<'a>(
    parent: &'a Map<String, Value>,
    value: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let max = value.as_u64().and_then(|max| usize::try_from(max).ok());
    Ok(Box::new(MaxBytes {
        max: max.ok_or_else(|| ValidationError::custom("x-max-bytes is a length"))?,
        of_text: parent.contains_key("maxLength"),
    }))
}

impl<'i> Keyword<'i> for MaxBytes {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("too many bytes"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        match instance {
            Value::String(text) if self.of_text => text.len() <= self.max,
            // Its type is refused by another keyword.
            _ if self.of_text => true,
            value => value.to_string().len() <= self.max,
        }
    }
}
