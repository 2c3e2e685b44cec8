//! What is asked for beside a broadcast: leave to begin one, who broadcasts, who watches and how well.

use super::key::LIVE_ROOM_LEN_MAX;
use super::{LiveCodec, LiveForm};
use crate::bounded::{List, Text};
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::time::Timestamp;
use crate::user::User;

/// The longest title of a broadcast, in characters after trimming.
pub const LIVE_TITLE_CHARS_MAX: usize = 80;

/// The most broadcasts that are listed.
pub const LIVE_LISTED_MAX: usize = 100;

/// The name of a room as a message carries it. It is parsed where it arrives.
pub type LiveRoomText = Text<LIVE_ROOM_LEN_MAX>;

/// What a broadcast is called.
pub type LiveTitle = Text<{ LIVE_TITLE_CHARS_MAX * 4 }>;

/// Takes the broadcaster's seat of a room, or takes it anew after the line was lost.
pub enum BeginLive {}

impl Call for BeginLive {
    const METHOD: &'static str = "live.begin";
    type Request = LiveWish;
    type Response = LiveSeat;
}

/// Lists what is broadcast now.
pub enum ListLive {}

impl Call for ListLive {
    const METHOD: &'static str = "live.rooms";
    type Request = LiveAsked;
    type Response = LiveRooms;
}

/// Tells the broadcaster how well a viewer sees, and the viewer how many watch.
pub enum ReportLive {}

impl Call for ReportLive {
    const METHOD: &'static str = "live.report";
    type Request = LiveReport;
    type Response = LiveCrowd;
}

/// Tells a broadcaster who watches, and how well. Nobody else is told.
pub enum CountLive {}

impl Call for CountLive {
    const METHOD: &'static str = "live.audience";
    type Request = LiveNamed;
    type Response = LiveAudience;
}

/// What is broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveSource {
    /// A camera, perhaps with a microphone.
    Camera,
    /// A screen or a window, perhaps with sound.
    Screen,
    /// Sound alone.
    Microphone,
}

/// Asks for the seat of a room.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveWish {
    /// Which room.
    pub room: LiveRoomText,
    /// What to call the broadcast: one line. It is trimmed; nothing but white space is refused.
    pub title: LiveTitle,
    /// What it shows.
    pub source: LiveSource,
    /// How much is to be sent at most, in bits per second.
    pub bitrate: u32,
}

/// The seat of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveSeat {
    /// The lowest number that the next run may have. Whoever had the seat before has lower ones.
    pub run: u32,
    /// How much may be sent, in bits per second: what was asked for, or what the server allows if that
    /// is less.
    pub bitrate: u32,
    /// How long the broadcast may go on, in seconds.
    pub seconds_left: u32,
    /// How long nothing may come before the broadcast is over, in milliseconds.
    pub silence_max_ms: u32,
}

/// Asks for what is broadcast.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveAsked {}

/// What is broadcast, those with most viewers first.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveRooms {
    /// At most a hundred of them.
    pub rooms: List<LiveRoomInfo, LIVE_LISTED_MAX>,
}

/// A broadcast.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveRoomInfo {
    /// Its room.
    pub room: LiveRoomText,
    /// What it is called.
    pub title: LiveTitle,
    /// Who broadcasts.
    pub broadcaster: User,
    /// What it shows.
    pub source: LiveSource,
    /// When it began, by the server's clock.
    pub since: Timestamp,
    /// How many users watch. The broadcaster counts if they watch, too.
    pub viewers: u32,
    /// How much came in the last seconds, in bits per second.
    pub bitrate: u32,
    /// What the parts of the newest run are. None before the first.
    pub form: Option<LiveForm>,
    /// The codec of its pictures, or the type of its container. Empty before the first.
    pub video: LiveCodec,
}

/// How well a viewer sees. Said every few seconds.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveReport {
    /// Which room.
    pub room: LiveRoomText,
    /// From the broadcaster's camera to this viewer's screen, in milliseconds. None if it is unknown.
    pub latency_ms: Option<u32>,
    /// How many events were skipped since the last report, because the line was slow.
    pub skipped: u32,
    /// How many pictures were not shown since the last report, because the decoder was slow.
    pub dropped: u32,
}

/// How many watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveCrowd {
    /// Users who watch.
    pub viewers: u32,
    /// How much came in the last seconds, in bits per second.
    pub bitrate: u32,
}

/// Names a room.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveNamed {
    /// Which room.
    pub room: LiveRoomText,
}

/// Who watches, and how well: by the reports of the last seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LiveAudience {
    /// Users who watch.
    pub viewers: u32,
    /// Of those who reported: how many skipped something, or did not show it.
    pub slow: u32,
    /// The median of the latencies that were reported, in milliseconds. None if there is none.
    pub latency_ms: Option<u32>,
    /// How many events viewers have skipped since the broadcast began.
    pub skipped: u64,
    /// How much came from the broadcaster in the last seconds, in bits per second.
    pub bitrate: u32,
    /// How long the broadcast may go on, in seconds.
    pub seconds_left: u32,
}
