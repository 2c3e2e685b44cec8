//! A pulse: there for one tick, and then where it ended.

use crate::angle::Angle;
use crate::map;
use crate::point::{Point, SCALE};

/// How far a pulse goes, in units of the map.
pub const REACH: i32 = 640;

/// A pulse that was fired in a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// The seat of who fired it. Where from, and where to, is where that disc is and how it aims.
    pub by: u8,
    /// How far it went, in whole units of the map.
    pub length: u16,
    /// The seat of who was hit.
    pub hit: Option<u8>,
    /// Whether who was hit is out.
    pub out: bool,
}

/// Finds what a pulse meets first: how far it goes in units of the map, and whom it hits.
pub(crate) fn trace(
    from: Point,
    aim: Angle,
    others: impl Iterator<Item = (u8, Point)>,
) -> (u16, Option<u8>) {
    let wall = map::reach(from, aim, REACH * SCALE);
    let met = others.filter_map(|(seat, centre)| Some((map::meets(from, aim, centre)?, seat)));
    let (length, hit) = match met.min() {
        Some((length, seat)) if length <= wall => (length, Some(seat)),
        _ => (wall, None),
    };
    (u16::try_from(length / SCALE).unwrap_or(0), hit)
}
