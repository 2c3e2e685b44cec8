//! The catalog: every kind of topic and of call, with what there is to say about it.
//!
//! A new kind is one line in [`Catalog::of_all`]; a test of the server compares the catalog with
//! the handlers that it has.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};
use trunkline_protocol::topics::alerts::Alerts;
use trunkline_protocol::topics::arena::{
    Arena, JoinArena, LeaveArena, ListArenaPlayers, ListArenas, SteerArena,
};
use trunkline_protocol::topics::chat::{Chat, ListRooms, Typing};
use trunkline_protocol::topics::lab::{
    Echo, Lab, ListLanes, ReportRace, ShowHandshake, StartRace, TellTime,
};
use trunkline_protocol::topics::live::{BeginLive, CountLive, ListLive, Live, ReportLive};
use trunkline_protocol::topics::ticker::{
    DropAlarm, ListAlarms, ListSymbols, Listing, ReadCandles, ReadTrades, SetAlarm,
    SummarizeSymbols, Ticker,
};
use trunkline_protocol::{Call, Delivery, Topic};

/// Every kind of topic and call. The schemas are references into the generator's definitions.
pub(crate) struct Catalog {
    pub(crate) topics: Vec<TopicEntry>,
    pub(crate) calls: Vec<CallEntry>,
}

/// A kind of topic.
pub(crate) struct TopicEntry {
    pub(crate) namespace: &'static str,
    pub(crate) about: &'static str,
    pub(crate) delivery: Delivery,
    pub(crate) contract: u32,
    pub(crate) key: Schema,
    pub(crate) command: Schema,
    pub(crate) event: Schema,
}

/// A kind of call.
pub(crate) struct CallEntry {
    pub(crate) method: &'static str,
    pub(crate) about: &'static str,
    pub(crate) contract: u32,
    pub(crate) request: Schema,
    pub(crate) response: Schema,
}

impl Catalog {
    /// Collects all kinds, and defines their messages in `generator`.
    pub(crate) fn of_all(generator: &mut SchemaGenerator) -> Self {
        Self {
            topics: vec![
                topic::<Chat>("A room. What is said is kept, in order.", generator),
                topic::<Typing>(
                    "Who is typing in a room. Never kept, and dropped for slow readers.",
                    generator,
                ),
                topic::<Ticker>(
                    "A board of quotes, or one symbol of it. Of each symbol the newest is kept.",
                    generator,
                ),
                topic::<Listing>(
                    "What the symbols of a board are called. Of each the newest is kept.",
                    generator,
                ),
                topic::<Lab>(
                    "Ticks of a user's own, to see what becomes of them; and the feed of a race, \
                     which only the lanes of the lab carry.",
                    generator,
                ),
                topic::<Arena>(
                    "The game of a room: a snapshot after every tick, 30 a second. Kept are the \
                     newest keyframe and what followed. What players do comes by `arena.steer`.",
                    generator,
                ),
                topic::<Alerts>(
                    "What one user is told, and what of it they have read and put away. Nobody \
                     else reads it.",
                    generator,
                ),
                topic::<Live>(
                    "What is broadcast in a room: runs of encoded pictures and sounds. The newest run \
                     is kept, in memory.",
                    generator,
                ),
            ],
            calls: vec![
                call::<JoinArena>(
                    "Takes a seat in a room of the arena, or returns to one's own.",
                    generator,
                ),
                call::<SteerArena>(
                    "Says what a player does in ticks to come, and tells what became of it.",
                    generator,
                ),
                call::<LeaveArena>("Gives a seat up.", generator),
                call::<ListArenaPlayers>("Tells who sits where in a room.", generator),
                call::<ListArenas>(
                    "Lists the rooms of the arena, with most players first.",
                    generator,
                ),
                call::<ListRooms>(
                    "Lists the rooms in use: those with people or with something said.",
                    generator,
                ),
                call::<ListSymbols>(
                    "Lists the symbols of a board, those with the lowest numbers first.",
                    generator,
                ),
                call::<SummarizeSymbols>(
                    "Tells how the day of some symbols has been so far.",
                    generator,
                ),
                call::<ReadCandles>("Tells the newest candles of a symbol.", generator),
                call::<ReadTrades>("Tells the newest trades of a symbol.", generator),
                call::<SetAlarm>(
                    "Sets an alarm: a notification, once, when a price has come so far.",
                    generator,
                ),
                call::<ListAlarms>("Lists one's own alarms that wait.", generator),
                call::<DropAlarm>("Drops an alarm of one's own.", generator),
                call::<Echo>(
                    "Sends a text back as it came: for measurements, and to try a client.",
                    generator,
                ),
                call::<TellTime>(
                    "Tells the server's time, to find out how far one's own clock is from it.",
                    generator,
                ),
                call::<ListLanes>(
                    "Tells at which ports the lanes of the lab listen, and its witness.",
                    generator,
                ),
                call::<StartRace>(
                    "Begins a race: one feed over all lanes. There is one race at a time.",
                    generator,
                ),
                call::<ReportRace>(
                    "Tells what a race has taken so far, counted at the server's sockets.",
                    generator,
                ),
                call::<ShowHandshake>(
                    "Shows how a connection began that went by the witness, byte by byte.",
                    generator,
                ),
                call::<BeginLive>(
                    "Takes the broadcaster's seat of a room, also anew after the line was lost.",
                    generator,
                ),
                call::<ListLive>(
                    "Lists what is broadcast, with most viewers first.",
                    generator,
                ),
                call::<ReportLive>(
                    "Tells the broadcaster how well a viewer sees, and the viewer how many watch.",
                    generator,
                ),
                call::<CountLive>(
                    "Tells a broadcaster how many watch, and how well.",
                    generator,
                ),
            ],
        }
    }
}

fn topic<T: Topic>(about: &'static str, generator: &mut SchemaGenerator) -> TopicEntry
where
    T::Key: JsonSchema,
    T::Command: JsonSchema,
    T::Event: JsonSchema,
{
    TopicEntry {
        namespace: T::NAMESPACE,
        about,
        delivery: T::DELIVERY,
        contract: T::contract().0,
        key: generator.subschema_for::<T::Key>(),
        command: generator.subschema_for::<T::Command>(),
        event: generator.subschema_for::<T::Event>(),
    }
}

fn call<C: Call>(about: &'static str, generator: &mut SchemaGenerator) -> CallEntry
where
    C::Request: JsonSchema,
    C::Response: JsonSchema,
{
    CallEntry {
        method: C::METHOD,
        about,
        contract: C::contract().0,
        request: generator.subschema_for::<C::Request>(),
        response: generator.subschema_for::<C::Response>(),
    }
}

/// A delivery with its numbers; times in whole seconds.
pub(crate) fn delivery(delivery: Delivery) -> Value {
    let kind = delivery.kind();
    match delivery {
        Delivery::Log { keep, max_age } => {
            json!({ "kind": kind, "keep": keep, "max_age_s": max_age.as_secs() })
        }
        Delivery::Latest { max_hz } => json!({ "kind": kind, "max_hz": max_hz }),
        Delivery::Volatile => json!({ "kind": kind }),
        Delivery::Keyframed { max_run } => json!({ "kind": kind, "max_run": max_run }),
    }
}
