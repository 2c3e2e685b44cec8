//! The lab: what there is to try and to measure a server with. Nothing that is said here means
//! anything.
//!
//! A race carries one feed over several ways at once, each a *lane* with a listener of its own, and
//! counts what that takes at the server's end. The server's `lab/` has the rules.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::bounded::{List, Text};
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::topic::{Delivery, Topic};
use crate::user::UserId;

/// The longest text that is sent back, in bytes.
pub const ECHO_LEN_MAX: usize = 4096;

/// The most that fills a tick, in bytes.
pub const FILLER_LEN_MAX: usize = 4096;

/// The most ticks per second of a race.
pub const RACE_RATE_MAX: u16 = 100;

/// The longest race, in seconds.
pub const RACE_SECONDS_MAX: u8 = 60;

/// The most that is kept of each part of a handshake, in bytes.
pub const WITNESSED_LEN_MAX: usize = 4096;

/// How many lanes there may be.
pub const LANES_MAX: usize = 6;

/// Ticks: `lab:KEY`. They are numbered by who sends them, and kept for a short while.
pub enum Lab {}

impl Topic for Lab {
    const NAMESPACE: &'static str = "lab";
    const DELIVERY: Delivery = Delivery::Log {
        keep: 1000,
        max_age: Duration::from_secs(10 * 60),
    };
    type Key = LabKey;
    type Event = Tick;
    type Command = Tick;
}

/// One of a row of messages whose arrival is watched.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tick {
    /// Its number in the row.
    pub number: u32,
    /// Microseconds from the begin of the row to when it was due.
    pub at_us: u64,
    /// What makes it as long as it is to be.
    pub filler: Text<FILLER_LEN_MAX>,
}

/// Whose ticks: those of a race, on its lanes, or those of a user, who alone may send and read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabKey {
    /// `feed`.
    Feed,
    /// A user's id.
    Of(UserId),
}

impl fmt::Display for LabKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feed => f.write_str("feed"),
            Self::Of(user) => user.fmt(f),
        }
    }
}

impl FromStr for LabKey {
    type Err = InvalidLabKey;

    fn from_str(text: &str) -> Result<Self, InvalidLabKey> {
        match text {
            "feed" => Ok(Self::Feed),
            _ => text.parse().map(Self::Of).map_err(|_| InvalidLabKey),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for LabKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LabKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "\"feed\", which only the lanes of a race have, or a user's id.",
            "type": "string",
            "pattern": "^(feed|[0-9a-f]{16})$",
            "examples": ["000000000000002a"],
        })
    }
}

/// A text was not a key of the lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLabKey;

impl fmt::Display for InvalidLabKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid key, expected \"feed\" or the sixteen digits of a user's id")
    }
}

impl std::error::Error for InvalidLabKey {}

/// Declares a call whose words are these two.
macro_rules! call {
    ($(#[$about:meta])* $name:ident, $method:literal: $request:ty => $response:ty) => {
        $(#[$about])*
        pub enum $name {}

        impl Call for $name {
            const METHOD: &'static str = $method;
            type Request = $request;
            type Response = $response;
        }
    };
}

call! {
    /// Sends a text back as it came: what a round trip costs, and nothing else.
    Echo, "lab.echo": EchoText => EchoText
}

call! {
    /// Tells the time, so that a client can tell how far its own clock is from it.
    TellTime, "lab.clock": LabAsked => ServerTime
}

call! {
    /// Tells where the lanes are. None, if the operator has not opened any.
    ListLanes, "lab.lanes": LabAsked => Lanes
}

call! {
    /// Begins a race. There is one at a time: another is refused as unavailable until it is over.
    StartRace, "lab.race": RaceWish => Race
}

call! {
    /// Tells what a race has taken so far.
    ReportRace, "lab.report": RaceId => RaceReport
}

call! {
    /// Shows a handshake that went by the witness, as it was sent.
    ShowHandshake, "lab.handshake": Nonce => Handshake
}

/// What is sent, and comes back.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EchoText {
    /// Anything.
    pub text: Text<ECHO_LEN_MAX>,
}

/// A question that needs no more words than its method.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LabAsked {}

/// The time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServerTime {
    /// Microseconds since the server started, by a clock that never goes back.
    pub now_us: u64,
}

/// A way on which a feed travels.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Contract,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A request every so often.
    Poll,
    /// A request that is answered when there is something to tell.
    LongPoll,
    /// Server-sent events.
    Events,
    /// One long response.
    Stream,
    /// A WebSocket that speaks JSON.
    SocketJson,
    /// A WebSocket that speaks bincode.
    Socket,
}

impl Lane {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; LANES_MAX] = [
        Self::Poll,
        Self::LongPoll,
        Self::Events,
        Self::Stream,
        Self::SocketJson,
        Self::Socket,
    ];

    /// Its name, as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::LongPoll => "long_poll",
            Self::Events => "events",
            Self::Stream => "stream",
            Self::SocketJson => "socket_json",
            Self::Socket => "socket",
        }
    }
}

/// Where the lanes are: at the host of the page, under these ports.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lanes {
    /// Each lane once, or none.
    pub lanes: List<LaneAt, LANES_MAX>,
    /// The port of the witness, which hands everything on to the server and remembers the begin.
    pub witness: Option<u16>,
}

/// Where a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneAt {
    /// Which.
    pub lane: Lane,
    /// The port of its listener.
    pub port: u16,
}

/// What a race is to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RaceWish {
    /// Ticks per second: 1 to [`RACE_RATE_MAX`].
    pub rate: u16,
    /// How much fills a tick, in bytes: up to [`FILLER_LEN_MAX`].
    pub filler_len: u16,
    /// How long: 1 to [`RACE_SECONDS_MAX`].
    pub seconds: u8,
}

/// A race that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Race {
    /// Its number.
    pub id: u32,
    /// When its first tick is due, by the server's clock in microseconds. There is time to connect.
    pub begins_us: u64,
    /// Microseconds from one tick to the next.
    pub period_us: u32,
    /// How many ticks there will be, from number 1 on.
    pub ticks: u32,
}

/// Which race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RaceId {
    /// Its number.
    pub id: u32,
}

/// What a race has taken so far, since the moment before it was answered that it begins.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RaceReport {
    /// Each lane.
    pub lanes: List<LaneReport, LANES_MAX>,
}

/// What a lane has taken, counted at the server's sockets, with all headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LaneReport {
    /// Which.
    pub lane: Lane,
    /// Ticks that were published on it.
    pub published: u32,
    /// Bytes from its readers.
    pub received: u64,
    /// Bytes to its readers.
    pub sent: u64,
    /// Microseconds of processor time of its threads, publishing included. Nothing where the
    /// system does not tell.
    pub cpu_us: Option<u64>,
}

/// What one has put into the query of an address at the witness, as `witness=NONCE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Nonce {
    /// A random number up to 2^53 - 1, in decimal digits there.
    pub nonce: u64,
}

/// The begin of a connection, byte by byte: at most [`WITNESSED_LEN_MAX`] of each part.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Handshake {
    /// The head of the request.
    pub request: List<u8, WITNESSED_LEN_MAX>,
    /// The head of the response.
    pub response: List<u8, WITNESSED_LEN_MAX>,
    /// What the client has sent after it.
    pub up: List<u8, WITNESSED_LEN_MAX>,
    /// What the server has sent after it.
    pub down: List<u8, WITNESSED_LEN_MAX>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_feed_or_a_user() {
        let check = |text: &str, expected: Result<LabKey, InvalidLabKey>| {
            let key = text.parse::<LabKey>();
            assert_eq!(key, expected, "{text:?}");
            if let Ok(key) = key {
                assert_eq!(key.to_string(), text);
            }
        };
        check("feed", Ok(LabKey::Feed));
        check("000000000000002a", Ok(LabKey::Of(UserId(42))));
        for bad in ["", "Feed", "2a", "000000000000002A", "feed "] {
            check(bad, Err(InvalidLabKey));
        }
    }

    #[test]
    fn a_lane_has_the_name_that_json_gives_it() {
        for lane in Lane::ALL {
            let json = crate::codec::Codec::Json.encode(&lane).to_vec();
            assert_eq!(String::from_utf8(json), Ok(format!("\"{}\"", lane.name())));
        }
    }
}
