//! Which part of the map is seen, and how large.

use trunkline_arena::{HEIGHT, Point, SCALE, WIDTH};

/// On a narrower canvas, the whole map would be too small to play on.
const WHOLE_FROM: f64 = 560.0;

/// How much of the map is seen across a narrow canvas, in its units.
const SEEN: f64 = 520.0;

/// A view of the map: how its points become those of a canvas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// CSS pixels for each unit of the map.
    pub scale: f64,
    /// Where the map's corner is on the canvas.
    pub left: f64,
    /// The same, from the top.
    pub top: f64,
}

impl Camera {
    /// The view on a canvas of this size in CSS pixels: of the whole map, or of what is around `focus`.
    pub fn new(width: f64, height: f64, focus: Point) -> Self {
        let (map_width, map_height) = (f64::from(WIDTH), f64::from(HEIGHT));
        if width >= WHOLE_FROM {
            let scale = (width / map_width).min(height / map_height);
            return Self {
                scale,
                left: (width - map_width * scale) / 2.0,
                top: (height - map_height * scale) / 2.0,
            };
        }
        let scale = (width / SEEN).max(height / map_height);
        let (x, y) = units(focus);
        // No farther than the map goes.
        let place =
            |at: f64, size: f64, map: f64| (size / 2.0 - at * scale).clamp(size - map * scale, 0.0);
        Self {
            scale,
            left: place(x, width, map_width),
            top: place(y, height, map_height),
        }
    }

    /// Where a point of the map is on the canvas.
    pub fn place(&self, point: Point) -> (f64, f64) {
        let (x, y) = units(point);
        (self.left + x * self.scale, self.top + y * self.scale)
    }

    /// Which point of the map is there on the canvas.
    pub fn point(&self, x: f64, y: f64) -> Point {
        let part = |at: f64| (at / self.scale * f64::from(SCALE)) as i32;
        Point::new(part(x - self.left), part(y - self.top))
    }
}

fn units(point: Point) -> (f64, f64) {
    let unit = |at: i32| f64::from(at) / f64::from(SCALE);
    (unit(point.x), unit(point.y))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_canvas_shows_the_whole_map_in_its_middle() {
        let camera = Camera::new(1280.0, 900.0, Point::default());
        assert_eq!(camera.place(Point::default()), (0.0, 50.0));
        assert_eq!(camera.place(Point::of_map(1280, 800)), (1280.0, 850.0));
        assert_eq!(camera.point(640.0, 450.0), Point::of_map(640, 400));
    }

    #[test]
    fn a_narrow_one_follows_and_stays_on_the_map() {
        let check = |focus, expected| {
            let camera = Camera::new(260.0, 400.0, focus);
            let (x, y) = camera.place(focus);
            assert_eq!((x.round(), y.round()), expected);
        };
        check(Point::of_map(640, 400), (130.0, 200.0));
        check(Point::of_map(20, 20), (10.0, 10.0));
        check(Point::of_map(1270, 790), (255.0, 395.0));
    }
}
