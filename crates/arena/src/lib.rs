//! The game of the arena: discs that move, aim and fire pulses at each other. The same code runs in
//! the server, in the browser and in bots.
//!
//! A [`World`] is one match. It steps by ticks, 30 a second, from [`Input`]s that are numbered by the
//! tick they are for; an [`InputBuffer`] holds those of a player that come early. After each step a
//! [`Snapshot`] has everything that there is, small enough to be sent each time. On the other side a
//! [`Pilot`] says which inputs are due and predicts one's own disc, and a [`View`] shows the others
//! between two snapshots. A [`Record`] keeps the inputs of a match, and plays them again.
//!
//! All numbers are whole, so that every machine computes the same ones. What chance there is comes
//! from a seed.

mod angle;
mod bits;
mod bot;
mod buffer;
mod clock;
mod input;
mod map;
mod pilot;
mod player;
mod point;
mod record;
mod shot;
mod snapshot;
mod view;
mod world;
#[cfg(test)]
mod world_tests;

pub use angle::Angle;
pub use bot::Bot;
pub use buffer::{InputBuffer, NotTaken};
pub use input::{Input, Moves};
pub use map::{HEIGHT, Rect, WALLS, WIDTH, reach};
pub use pilot::{Pilot, Refusal};
pub use player::{Life, Player};
pub use point::{Point, SCALE};
pub use record::{InvalidRecord, RECORD_LEN_MAX, Record, Replayed};
pub use shot::{REACH, Shot};
pub use snapshot::{InvalidSnapshot, KEYFRAME_EVERY, SNAPSHOT_LEN_MAX, Snapshot};
pub use view::{Beam, View};
pub use world::{Length, Phase, SEATS, World};

/// Ticks per second.
pub const TICK_HZ: u32 = 30;

/// How far a disc reaches from its centre, in parts of [`SCALE`].
pub const RADIUS: i32 = 14 * SCALE;

/// How far back a pulse is judged, in ticks: others are where the shooter saw them.
pub const VIEW_BACK_MAX: u8 = 12;

/// The hits that a disc takes before it is out.
pub const HEALTH_MAX: u8 = 3;
