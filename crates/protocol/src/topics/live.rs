//! Live: pictures and sound from one broadcaster to the viewers of a room. The words; the server's
//! `live/` has the rules.
//!
//! A broadcast is a row of *runs*. A run begins with [`LiveEvent::Run`], which says all that a viewer
//! has to know to start there, and goes on with parts: chunks of an encoder, each in as many parts as
//! it needs to be short, so that what else goes over the line need not wait for long. `calls` has
//! what is asked for beside it.

mod calls;
mod key;

use crate::bounded::{List, Text};
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::topic::{Delivery, Topic};

pub use calls::*;
pub use key::{InvalidLiveRoom, LIVE_ROOM_LEN_MAX, LiveRoom};

/// The most bytes of media in one part: 25 ms of a line of 4 Mbit/s.
pub const LIVE_PART_LEN_MAX: usize = 12 * 1024;

/// The most bytes that a decoder or a container needs before the first part.
pub const LIVE_INIT_LEN_MAX: usize = 4 * 1024;

/// The longest name of a codec or type of container, in bytes.
pub const LIVE_CODEC_LEN_MAX: usize = 64;

/// The most events of one run. A longer one is no use to those who come late.
pub const LIVE_RUN_MAX: u32 = 2048;

/// Names a codec, such as `vp8` or `opus`, or a container, such as `video/webm;codecs=vp8,opus`.
pub type LiveCodec = Text<LIVE_CODEC_LEN_MAX>;

/// What is broadcast in a room: `live:ROOM`. The newest run is kept, in memory; who comes late or is
/// slow starts at its beginning.
pub enum Live {}

impl Topic for Live {
    const NAMESPACE: &'static str = "live";
    const DELIVERY: Delivery = Delivery::Keyframed {
        max_run: LIVE_RUN_MAX,
    };
    type Key = LiveRoom;
    type Event = LiveEvent;
    type Command = LiveEvent;

    fn is_keyframe(event: &LiveEvent) -> bool {
        match event {
            LiveEvent::Run { .. } | LiveEvent::Ended { .. } => true,
            LiveEvent::Part { .. } => false,
        }
    }
}

/// What a broadcaster puts into a room, and what its viewers get.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveEvent {
    /// A run begins: what follows can be shown without anything from before.
    Run {
        /// Its number: the one that [`BeginLive`] gave or a higher one, and higher than the last.
        run: u32,
        /// What its parts are.
        form: LiveForm,
        /// Of frames the codec of the pictures, empty if there are none; of a container its type.
        video: LiveCodec,
        /// Of frames the codec of the sound, empty if there is none. Of a container empty.
        audio: LiveCodec,
        /// Width of the pictures in pixels, 0 if there are none.
        width: u16,
        /// Height of the pictures in pixels, 0 if there are none.
        height: u16,
        /// Samples of sound per second, 0 if there is none.
        rate: u32,
        /// Channels of sound, 0 if there is none.
        channels: u8,
        /// What the decoder of the pictures (its `description`) or the container needs first. May be
        /// empty.
        init: List<u8, LIVE_INIT_LEN_MAX>,
        /// When the run began: microseconds since the server started, as the broadcaster reckons by
        /// [`TellTime`](super::lab::TellTime).
        began_us: u64,
    },
    /// A part of a chunk.
    Part {
        /// The number of its run.
        run: u32,
        /// Its number in the run, from 0.
        number: u32,
        /// What its chunk is.
        kind: LiveKind,
        /// It is the last part of its chunk.
        last: bool,
        /// When the chunk's picture or sound was captured: microseconds since the run began.
        at_us: u32,
        /// Some of the chunk.
        bytes: List<u8, LIVE_PART_LEN_MAX>,
    },
    /// The broadcast is over. A broadcaster says [`LiveEnd::Done`]; the rest is the server's.
    Ended {
        /// Why.
        reason: LiveEnd,
    },
}

/// What the parts of a run are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveForm {
    /// Encoded pictures and sounds, one a chunk: for WebCodecs.
    Frames,
    /// Pieces of a file: for Media Source Extensions.
    Container,
}

/// What a chunk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveKind {
    /// A picture that needs no other.
    Key,
    /// A picture that needs those before it.
    Delta,
    /// A piece of sound.
    Audio,
    /// A piece of a container.
    Container,
}

/// Why a broadcast is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LiveEnd {
    /// The broadcaster ended it.
    Done,
    /// Nothing came from the broadcaster any more.
    Lost,
    /// It has lasted as long as a broadcast may.
    TimeOver,
    /// It brought more than was agreed, again and again.
    TooFast,
}
