//! Directions, of which there are 256.

use crate::point::Point;

/// A direction: 0 is to the right, 64 down, 128 to the left, 192 up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Angle(pub u8);

/// The length of [`Angle::direction`].
pub(crate) const UNIT: i64 = 16_384;

/// The sine of a quarter of a turn, in parts of [`UNIT`].
const QUARTER: [i32; 65] = [
    0, 402, 804, 1_205, 1_606, 2_006, 2_404, 2_801, 3_196, 3_590, 3_981, 4_370, 4_756, 5_139,
    5_520, 5_897, 6_270, 6_639, 7_005, 7_366, 7_723, 8_076, 8_423, 8_765, 9_102, 9_434, 9_760,
    10_080, 10_394, 10_702, 11_003, 11_297, 11_585, 11_866, 12_140, 12_406, 12_665, 12_916, 13_160,
    13_395, 13_623, 13_842, 14_053, 14_256, 14_449, 14_635, 14_811, 14_978, 15_137, 15_286, 15_426,
    15_557, 15_679, 15_791, 15_893, 15_986, 16_069, 16_143, 16_207, 16_261, 16_305, 16_340, 16_364,
    16_379, 16_384,
];

impl Angle {
    /// The angle nearest to the way to `point`; to the right if there is none.
    pub fn towards(way: Point) -> Self {
        // The direction along which the way is longest. Over 256 of them it rises once and falls once,
        // so halves of the turn can be left out.
        let along = |angle: u8| {
            let direction = Self(angle).direction();
            i64::from(direction.x) * i64::from(way.x) + i64::from(direction.y) * i64::from(way.y)
        };
        let (mut best, mut step) = (0_u8, 64_u8);
        while step > 0 {
            let around = [best, best.wrapping_add(step), best.wrapping_sub(step)];
            let better = around
                .into_iter()
                .max_by_key(|&angle| (along(angle), angle == best));
            let better = better.unwrap_or(best);
            if better == best {
                step /= 2;
            }
            best = better;
        }
        Self(best)
    }

    /// A way of length [`UNIT`] to there.
    pub(crate) fn direction(self) -> Point {
        Point::new(sine(self.0.wrapping_add(64)), sine(self.0))
    }

    /// The way of this length, in the same parts, to there.
    pub fn way(self, length: i32) -> Point {
        let direction = self.direction();
        let part = |axis: i32| (i64::from(axis) * i64::from(length) / UNIT) as i32;
        Point::new(part(direction.x), part(direction.y))
    }

    /// How far the other angle is, the short way round: −128 to 127.
    pub fn turn_to(self, other: Self) -> i8 {
        other.0.wrapping_sub(self.0) as i8
    }
}

fn sine(angle: u8) -> i32 {
    let at = usize::from(angle & 63);
    match angle >> 6 {
        0 => QUARTER[at],
        1 => QUARTER[64 - at],
        2 => -QUARTER[at],
        _ => -QUARTER[64 - at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_angle_is_found_again_from_its_direction() {
        for angle in 0..=255 {
            let angle = Angle(angle);
            assert_eq!(Angle::towards(angle.direction()), angle);
            let length = angle.direction().length();
            assert!(
                (16_383..=16_385).contains(&length),
                "{angle:?} has {length}"
            );
        }
        assert_eq!(Angle::towards(Point::default()), Angle(0));
        assert_eq!(Angle(64).way(100), Point::new(0, 100), "down");
        assert_eq!(Angle(250).turn_to(Angle(4)), 10);
    }
}
