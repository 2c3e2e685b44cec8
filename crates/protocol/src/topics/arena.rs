//! Arena: a game in rooms. The words; `trunkline-arena` has the rules, the server's `arena/` the rooms.
//!
//! A room's topic carries a snapshot of the game after every tick. What players do comes by
//! [`SteerArena`], not as commands: a command would make an event of its own for everybody.

mod calls;
mod key;

use crate::bounded::List;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::topic::{Delivery, Never, Topic};

pub use calls::*;
pub use key::{ARENA_ROOM_LEN_MAX, ArenaRoom, InvalidArenaRoom};

/// The longest snapshot, in bytes.
pub const ARENA_SNAPSHOT_LEN_MAX: usize = 700;

/// The most snapshots from one keyframe to the next.
pub const ARENA_RUN_MAX: u32 = 64;

/// The most players of a room.
pub const ARENA_SEATS: usize = 32;

/// The game of a room: `arena:ROOM`. Kept are the newest keyframe and what followed, in memory; who
/// comes late or is slow goes on from the newest keyframe.
pub enum Arena {}

impl Topic for Arena {
    const NAMESPACE: &'static str = "arena";
    const DELIVERY: Delivery = Delivery::Keyframed {
        max_run: ARENA_RUN_MAX,
    };
    type Key = ArenaRoom;
    type Event = ArenaEvent;
    type Command = Never;

    fn is_keyframe(event: &ArenaEvent) -> bool {
        matches!(event, ArenaEvent::Keyframe { .. })
    }
}

/// The game after a tick. The bytes are a snapshot of `trunkline-arena`, which has a hash of what it
/// says: who reads it sees what the server saw, or knows that this is not so.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ArenaEvent {
    /// All that there is.
    Keyframe {
        /// The snapshot.
        bytes: List<u8, ARENA_SNAPSHOT_LEN_MAX>,
    },
    /// What changed since the last keyframe, whatever was lost between.
    Delta {
        /// The snapshot.
        bytes: List<u8, ARENA_SNAPSHOT_LEN_MAX>,
    },
}
