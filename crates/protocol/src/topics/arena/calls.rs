//! What players ask of a room: a seat, to steer, who else is there.

use super::ARENA_SEATS;
use super::key::ARENA_ROOM_LEN_MAX;
use crate::bounded::{List, Text};
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::user::User;

/// The most inputs of one call.
pub const ARENA_INPUTS_MAX: usize = 8;

/// The most rooms that are listed.
pub const ARENA_LISTED_MAX: usize = 100;

/// The name of a room as a message carries it. It is parsed where it arrives.
pub type ArenaRoomText = Text<ARENA_ROOM_LEN_MAX>;

/// Takes a seat, or returns to one's own. A user has one seat at most: another is given up for it.
pub enum JoinArena {}

impl Call for JoinArena {
    const METHOD: &'static str = "arena.join";
    type Request = ArenaWish;
    type Response = ArenaJoined;
}

/// Says what a player does in ticks to come.
pub enum SteerArena {}

impl Call for SteerArena {
    const METHOD: &'static str = "arena.steer";
    type Request = ArenaSteer;
    type Response = ArenaSteered;
}

/// Gives a seat up.
pub enum LeaveArena {}

impl Call for LeaveArena {
    const METHOD: &'static str = "arena.leave";
    type Request = ArenaNamed;
    type Response = ArenaLeft;
}

/// Tells who sits where.
pub enum ListArenaPlayers {}

impl Call for ListArenaPlayers {
    const METHOD: &'static str = "arena.players";
    type Request = ArenaNamed;
    type Response = ArenaPlayers;
}

/// Lists the rooms in which somebody plays.
pub enum ListArenas {}

impl Call for ListArenas {
    const METHOD: &'static str = "arena.list";
    type Request = ArenaAsked;
    type Response = ArenaRooms;
}

/// Asks for a seat.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaWish {
    /// In which room; one that there is not begins. Without it: where one sits already, else in the
    /// fullest room that has a free seat, else in a new one.
    #[serde(default)]
    pub room: Option<ArenaRoomText>,
}

/// What came of a wish for a seat.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ArenaJoined {
    /// One sits. What is on the field comes with the room's topic.
    Seated {
        /// In this room.
        room: ArenaRoomText,
        /// On this seat, from 0.
        seat: u8,
        /// The room has made the steps up to this tick.
        tick: u32,
        /// How many ticks there are in a second.
        ticks_per_second: u8,
        /// How long the seat is kept for a player who is neither there nor steers, in milliseconds.
        kept_ms: u32,
    },
    /// People sit on all seats of the room that was asked for. One may watch.
    Full {
        /// How many seats it has.
        seats: u8,
    },
}

/// Says what a player does.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaSteer {
    /// In which room.
    pub room: ArenaRoomText,
    /// The tick that the first input is for. The others are for those that follow.
    pub tick: u32,
    /// What is done in each tick.
    pub inputs: List<ArenaInput, ARENA_INPUTS_MAX>,
}

/// What a player does in one tick.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaInput {
    /// The sum of 1 for up, 2 for down, 4 for left, 8 for right, and 16 to fire.
    pub does: u8,
    /// Where the disc looks, in 256ths of a turn: 0 is to the right, 64 down.
    pub aim: u8,
    /// How many ticks before this one the others were as the player saw them, at most 12.
    pub view_back: u8,
}

/// What became of inputs.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaSteered {
    /// The room had made the steps up to this tick when they came.
    pub tick: u32,
    /// What became of each, in their order.
    pub inputs: List<ArenaTaken, ARENA_INPUTS_MAX>,
}

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ArenaTaken {
    /// It waits for its tick.
    Taken,
    /// Its tick is over.
    TooLate,
    /// Its tick is more than a second ahead.
    TooEarly,
    /// There is one for its tick already, and that one counts.
    Twice,
    /// The sender has no seat in this room.
    NotSeated,
}

/// Names a room.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaNamed {
    /// Which room.
    pub room: ArenaRoomText,
}

/// Whether a seat was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaLeft {
    /// False if there was none.
    pub left: bool,
}

/// Who sits where, by seat.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaPlayers {
    /// The number of the snapshot's roster that this is of: ask again when that changes.
    pub roster: u8,
    /// All of them. None in a room that there is not.
    pub players: List<ArenaPlayer, ARENA_SEATS>,
}

/// Who sits on a seat.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaPlayer {
    /// The seat.
    pub seat: u8,
    /// Who it is. Nobody, if it is a bot of the server.
    pub user: Option<User>,
    /// How many others they have put out in this match.
    pub score: u16,
}

/// Asks for the rooms.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaAsked {}

/// The rooms, those with most players first.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaRooms {
    /// At most a hundred of them.
    pub rooms: List<ArenaRoomInfo, ARENA_LISTED_MAX>,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ArenaRoomInfo {
    /// Its name.
    pub room: ArenaRoomText,
    /// How many people play.
    pub players: u8,
    /// How many bots of the server play.
    pub bots: u8,
    /// How many people watch without a seat.
    pub spectators: u32,
    /// How long the match goes on, in milliseconds; 0 in the pause after it.
    pub left_ms: u32,
}
