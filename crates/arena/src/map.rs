//! The map: a field with walls, that stop discs and pulses.

use crate::RADIUS;
use crate::angle::{Angle, UNIT};
use crate::point::{Point, SCALE};

/// How wide the field is, in units.
pub const WIDTH: i32 = 1280;

/// How high the field is, in units.
pub const HEIGHT: i32 = 800;

/// A wall, in units of the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Its left side.
    pub left: i32,
    /// Its upper side.
    pub top: i32,
    /// How wide it is.
    pub width: i32,
    /// How high it is.
    pub height: i32,
}

const fn wall(left: i32, top: i32, width: i32, height: i32) -> Rect {
    Rect {
        left,
        top,
        width,
        height,
    }
}

/// The walls: the same seen from either end, so that no place is better than another.
pub const WALLS: [Rect; 11] = [
    wall(590, 350, 100, 100),
    wall(240, 160, 40, 180),
    wall(1000, 460, 40, 180),
    wall(240, 520, 180, 40),
    wall(860, 240, 180, 40),
    wall(430, 0, 40, 130),
    wall(810, 670, 40, 130),
    wall(620, 170, 200, 30),
    wall(460, 600, 200, 30),
    wall(0, 420, 110, 30),
    wall(1170, 350, 110, 30),
];

/// Where discs begin.
pub(crate) const STARTS: [Point; 16] = [
    Point::of_map(60, 60),
    Point::of_map(1220, 740),
    Point::of_map(60, 740),
    Point::of_map(1220, 60),
    Point::of_map(340, 80),
    Point::of_map(940, 720),
    Point::of_map(340, 720),
    Point::of_map(940, 80),
    Point::of_map(160, 300),
    Point::of_map(1120, 500),
    Point::of_map(400, 400),
    Point::of_map(880, 400),
    Point::of_map(640, 60),
    Point::of_map(640, 740),
    Point::of_map(540, 270),
    Point::of_map(740, 530),
];

/// A wall with the disc's radius around it: where no centre may be.
fn around(wall: Rect) -> (Point, Point) {
    let low = Point::of_map(wall.left, wall.top);
    let high = Point::of_map(wall.left + wall.width, wall.top + wall.height);
    let radius = Point::new(RADIUS, RADIUS);
    (low.from(radius), high.plus(radius))
}

fn is_inside(at: Point, (low, high): (Point, Point)) -> bool {
    low.x < at.x && at.x < high.x && low.y < at.y && at.y < high.y
}

fn clamped(at: Point) -> Point {
    Point::new(
        at.x.clamp(RADIUS, WIDTH * SCALE - RADIUS),
        at.y.clamp(RADIUS, HEIGHT * SCALE - RADIUS),
    )
}

/// Moves a disc, and returns where it is and which part of `way` was stopped, by axis.
pub(crate) fn slide(from: Point, way: Point) -> (Point, (bool, bool)) {
    let mut at = Point::new(from.x + way.x, from.y);
    for area in WALLS.map(around) {
        if is_inside(at, area) {
            at.x = if way.x > 0 { area.0.x } else { area.1.x };
        }
    }
    at = clamped(at);
    let stopped_x = at.x != from.x + way.x;
    at.y += way.y;
    for area in WALLS.map(around) {
        if is_inside(at, area) {
            at.y = if way.y > 0 { area.0.y } else { area.1.y };
        }
    }
    at = clamped(at);
    (at, (stopped_x, at.y != from.y + way.y))
}

/// How far a pulse goes from `from` before it meets a wall, at most `length`; in parts of [`SCALE`].
pub fn reach(from: Point, aim: Angle, length: i32) -> i32 {
    let direction = aim.direction();
    let field = (Point::default(), Point::of_map(WIDTH, HEIGHT));
    let mut reach = i64::from(length);
    if let Some((_, leaves)) = crossing(from, direction, field) {
        reach = reach.min(leaves);
    }
    for wall in WALLS {
        let low = Point::of_map(wall.left, wall.top);
        let high = Point::of_map(wall.left + wall.width, wall.top + wall.height);
        if let Some((enters, leaves)) = crossing(from, direction, (low, high))
            && leaves > 0
        {
            reach = reach.min(enters.max(0));
        }
    }
    reach.max(0) as i32
}

/// Where a ray enters and leaves an area, as lengths along it (the slab method: Kay and Kajiya 1986).
fn crossing(from: Point, direction: Point, (low, high): (Point, Point)) -> Option<(i64, i64)> {
    let (mut enters, mut leaves) = (i64::MIN, i64::MAX);
    for (from, direction, low, high) in [
        (from.x, direction.x, low.x, high.x),
        (from.y, direction.y, low.y, high.y),
    ] {
        if direction == 0 {
            if from <= low || from >= high {
                return None;
            }
            continue;
        }
        let length = |to: i32| i64::from(to - from) * UNIT / i64::from(direction);
        let (one, other) = (length(low), length(high));
        enters = enters.max(one.min(other));
        leaves = leaves.min(one.max(other));
    }
    (enters < leaves).then_some((enters, leaves))
}

/// How far a pulse goes from `from` before it meets a disc at `centre`, if it does.
pub(crate) fn meets(from: Point, aim: Angle, centre: Point) -> Option<i32> {
    let direction = aim.direction();
    let way = centre.from(from);
    let part = |a: i32, b: i32| i64::from(a) * i64::from(b);
    let along = (part(way.x, direction.x) + part(way.y, direction.y)) / UNIT;
    let aside = way.square() - along * along;
    let radius = i64::from(RADIUS) * i64::from(RADIUS);
    (along > 0 && aside <= radius).then(|| (along - (radius - aside).isqrt()).max(0) as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_the_same_from_either_end_and_nobody_begins_in_a_wall() {
        for wall in WALLS {
            let turned = Rect {
                left: WIDTH - wall.left - wall.width,
                top: HEIGHT - wall.top - wall.height,
                ..wall
            };
            assert!(WALLS.contains(&turned), "{wall:?}");
        }
        for start in STARTS {
            assert!(STARTS.contains(&Point::of_map(WIDTH, HEIGHT).from(start)));
            assert!(
                !WALLS
                    .map(around)
                    .into_iter()
                    .any(|area| is_inside(start, area))
            );
            assert_eq!(clamped(start), start);
        }
    }

    #[test]
    fn a_disc_slides_along_what_stops_it() {
        // Into the left side of the block in the middle, and down.
        let from = Point::of_map(570, 400);
        let (at, stopped) = slide(from, Point::new(80, 40));
        assert_eq!(
            (at, stopped),
            (Point::new(576 * SCALE, 405 * SCALE), (true, false))
        );
        // Into a corner of the field.
        let (at, stopped) = slide(Point::of_map(20, 20), Point::new(-90, -90));
        assert_eq!((at, stopped), (Point::new(RADIUS, RADIUS), (true, true)));
    }

    #[test]
    fn a_pulse_ends_at_the_first_wall() {
        let from = Point::of_map(500, 400);
        assert_eq!(
            reach(from, Angle(0), 9_999),
            90 * SCALE,
            "the block in the middle"
        );
        assert_eq!(reach(from, Angle(0), 100), 100, "too far");
        assert_eq!(reach(from, Angle(192), 9_999), 400 * SCALE, "the edge");
        assert_eq!(
            reach(Point::of_map(700, 360), Angle(0), 9_999),
            470 * SCALE,
            "behind it"
        );
    }

    #[test]
    fn a_pulse_meets_a_disc_within_its_radius() {
        let from = Point::of_map(100, 100);
        let at = |x, y| meets(from, Angle(0), Point::of_map(x, y));
        assert_eq!(at(200, 100), Some(86 * SCALE));
        assert_eq!(at(200, 114), Some(100 * SCALE));
        assert_eq!(at(200, 115), None);
        assert_eq!(at(50, 100), None, "behind");
        assert_eq!(at(105, 100), Some(0), "so near that it covers the muzzle");
    }
}
