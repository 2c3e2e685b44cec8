//! Points and distances, in whole parts of a unit of the map.

/// The parts of one unit of the map. On a screen of its size, a unit is a pixel.
pub const SCALE: i32 = 8;

/// A place, or a way to one. The axis `y` points down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// To the right, in parts of [`SCALE`].
    pub x: i32,
    /// Down, in parts of [`SCALE`].
    pub y: i32,
}

impl Point {
    /// A point, in parts of [`SCALE`].
    pub const fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// A point of the map, in its units.
    pub const fn of_map(x: i32, y: i32) -> Self {
        Self::new(x * SCALE, y * SCALE)
    }

    /// The way from `other` to here.
    pub const fn from(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }

    /// This point, moved.
    pub const fn plus(self, way: Self) -> Self {
        Self::new(self.x + way.x, self.y + way.y)
    }

    /// Its length, squared.
    pub const fn square(self) -> i64 {
        let (x, y) = (self.x as i64, self.y as i64);
        x * x + y * y
    }

    /// Its length, rounded down, in parts of [`SCALE`].
    pub fn length(self) -> i32 {
        i32::try_from(self.square().isqrt()).unwrap_or(i32::MAX)
    }
}
