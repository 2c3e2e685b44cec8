//! What a player does in one tick.

use crate::VIEW_BACK_MAX;
use crate::angle::Angle;

/// Where a disc is driven: up to two of four sides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// Towards smaller `y`.
    pub up: bool,
    /// Towards greater `y`.
    pub down: bool,
    /// Towards smaller `x`.
    pub left: bool,
    /// Towards greater `x`.
    pub right: bool,
}

impl Moves {
    /// The signs of both axes; sides that face each other cancel out.
    pub fn signs(self) -> (i32, i32) {
        let sign = |less: bool, more: bool| i32::from(more) - i32::from(less);
        (sign(self.left, self.right), sign(self.up, self.down))
    }

    /// The sides whose direction is nearest to `angle`: eight of them.
    pub fn towards(angle: Angle) -> Self {
        let eighth = angle.0.wrapping_add(16) / 32;
        Self {
            right: matches!(eighth, 7 | 0 | 1),
            down: matches!(eighth, 1..=3),
            left: matches!(eighth, 3..=5),
            up: matches!(eighth, 5..=7),
        }
    }
}

/// What a player does in one tick. Whatever it says is a move that anybody may make: how fast a disc
/// is, and where it may be, is not up to an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// Where it drives.
    pub moves: Moves,
    /// Where it looks.
    pub aim: Angle,
    /// Whether it fires, if it may.
    pub fire: bool,
    /// How many ticks before this one the others were as they were seen, at most [`VIEW_BACK_MAX`].
    pub view_back: u8,
}

impl Input {
    /// Its bits, of which there are 17.
    pub fn to_bits(self) -> u32 {
        let Moves {
            up,
            down,
            left,
            right,
        } = self.moves;
        let flags = [up, down, left, right, self.fire];
        let flags = flags
            .iter()
            .rev()
            .fold(0, |bits, &flag| bits << 1 | u32::from(flag));
        flags | u32::from(self.view_back & 15) << 5 | u32::from(self.aim.0) << 9
    }

    /// The input that has these bits. Nothing if none has.
    pub fn from_bits(bits: u32) -> Option<Self> {
        let flag = |at: u32| bits >> at & 1 == 1;
        let view_back = (bits >> 5 & 15) as u8;
        (bits < 1 << 17 && view_back <= VIEW_BACK_MAX).then(|| Self {
            moves: Moves {
                up: flag(0),
                down: flag(1),
                left: flag(2),
                right: flag(3),
            },
            fire: flag(4),
            view_back,
            aim: Angle((bits >> 9) as u8),
        })
    }

    /// What it does, without where it looks: 1 for up, 2 for down, 4 for left, 8 for right, 16 to fire.
    pub fn does(self) -> u8 {
        (self.to_bits() & 31) as u8
    }

    /// The input of these parts. Nothing if there is none.
    pub fn of(does: u8, aim: Angle, view_back: u8) -> Option<Self> {
        let fits = does < 32 && view_back <= VIEW_BACK_MAX;
        let bits = u32::from(does) | (u32::from(view_back) << 5) | (u32::from(aim.0) << 9);
        fits.then(|| Self::from_bits(bits)).flatten()
    }

    /// The same without a shot: what is assumed of a player whose input did not come.
    pub fn held(self) -> Self {
        Self {
            fire: false,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_one_input_or_none() {
        let mut count = 0;
        for bits in 0..1 << 18 {
            if let Some(input) = Input::from_bits(bits) {
                assert_eq!(input.to_bits(), bits);
                let again = Input::of(input.does(), input.aim, input.view_back);
                assert_eq!(again, Some(input));
                count += 1;
            }
        }
        assert_eq!(count, 32 * 13 * 256);
        assert_eq!(Input::from_bits(u32::MAX), None);
        assert_eq!(Input::of(32, Angle(0), 0), None);
        assert_eq!(Input::of(0, Angle(0), 255), None);
    }

    #[test]
    fn eight_sides_are_reached_by_angles() {
        let check =
            |angle, signs| assert_eq!(Moves::towards(Angle(angle)).signs(), signs, "{angle}");
        check(0, (1, 0));
        check(15, (1, 0));
        check(16, (1, 1));
        check(64, (0, 1));
        check(96, (-1, 1));
        check(128, (-1, 0));
        check(160, (-1, -1));
        check(192, (0, -1));
        check(239, (1, -1));
        check(240, (1, 0));
    }
}
