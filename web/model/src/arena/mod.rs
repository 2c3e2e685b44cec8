//! What the page of the arena knows: a game as it arrives, what a player does, and which part of the
//! map is seen.
//!
//! The rules are `trunkline-arena`'s; here they meet the messages. Start with `game`.

mod camera;
mod controls;
mod game;
mod rows;

pub use camera::Camera;
pub use controls::{Controls, Stick};
pub use game::{Fired, Game, Seat, Steering, Trouble};
pub use rows::{Row, rows};
pub use trunkline_arena::{
    Angle, Beam, HEIGHT, Input, Life, Phase, Player, Point, RADIUS, SCALE, SEATS, Snapshot,
    TICK_HZ, WALLS, WIDTH,
};
