//! One disc: where it is, and what becomes of it in a tick.

use crate::angle::Angle;
use crate::input::{Input, Moves};
use crate::map;
use crate::point::Point;
use crate::{HEALTH_MAX, TICK_HZ};

/// The greatest speed along one axis, in parts of [`crate::SCALE`] a tick.
const SPEED: i32 = 56;

/// The same along both axes at once.
const SPEED_ASLANT: i32 = 40;

/// How much faster or slower a disc gets in a tick, along each axis.
const THRUST: i32 = 7;

/// How long a disc waits between two pulses, in ticks.
pub(crate) const RELOAD: u8 = 12;

/// How long it is out, in ticks.
pub(crate) const OUT_FOR: u8 = 60;

/// How long nothing hits a disc that has just come, in ticks, unless it fires.
pub(crate) const SAFE_FOR: u8 = 45;

/// How long it takes until a hit has healed, in ticks.
pub(crate) const HEAL: u8 = (5 * TICK_HZ) as u8;

/// The greatest score that is counted.
pub(crate) const SCORE_MAX: u16 = 1023;

/// Whether a disc is in the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It is.
    In,
    /// It comes back in so many ticks.
    Out(u8),
}

/// A disc. Times are in ticks from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player {
    /// Its centre.
    pub at: Point,
    /// How far it goes in a tick.
    pub velocity: Point,
    /// Where it looks.
    pub aim: Angle,
    /// Whether it is in the game.
    pub life: Life,
    /// The hits that it can still take, with the last one out.
    pub health: u8,
    /// How many it has put out in this match, at most 1,023.
    pub score: u16,
    /// When it may fire again; 0 is now.
    pub ready_in: u8,
    /// How long nothing can hit it.
    pub safe_for: u8,
    /// When it has one hit less; 0 if it has none.
    pub heals_in: u8,
}

impl Player {
    /// A disc that has just come.
    pub(crate) fn new(at: Point, score: u16) -> Self {
        Self {
            at,
            velocity: Point::default(),
            aim: Angle::towards(Point::of_map(map::WIDTH / 2, map::HEIGHT / 2).from(at)),
            life: Life::In,
            health: HEALTH_MAX,
            score,
            ready_in: 0,
            safe_for: SAFE_FOR,
            heals_in: 0,
        }
    }

    /// Whether it is in the game.
    pub fn is_in(&self) -> bool {
        self.life == Life::In
    }

    /// Whether it fires now, if its player wants it.
    pub fn may_fire(&self) -> bool {
        self.is_in() && self.ready_in == 0
    }

    /// Whether a pulse that meets it hits it.
    pub(crate) fn is_target(&self) -> bool {
        self.is_in() && self.safe_for == 0
    }

    /// What one tick does to it without others: this is what a player can predict. Returns whether it
    /// is to come back.
    pub(crate) fn step(&mut self, input: Input) -> bool {
        self.ready_in = self.ready_in.saturating_sub(1);
        self.safe_for = self.safe_for.saturating_sub(1);
        if self.heals_in > 0 {
            self.heals_in -= 1;
            if self.heals_in == 0 {
                self.health += 1;
                self.heals_in = if self.health < HEALTH_MAX { HEAL } else { 0 };
            }
        }
        match &mut self.life {
            Life::In => {
                self.aim = input.aim;
                self.drive(input.moves);
                false
            }
            Life::Out(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        }
    }

    fn drive(&mut self, moves: Moves) {
        let (x, y) = moves.signs();
        let speed = if x != 0 && y != 0 {
            SPEED_ASLANT
        } else {
            SPEED
        };
        let nearer = |now: i32, wanted: i32| now + (wanted - now).clamp(-THRUST, THRUST);
        let wanted = Point::new(
            nearer(self.velocity.x, x * speed),
            nearer(self.velocity.y, y * speed),
        );
        let (at, (stopped_x, stopped_y)) = map::slide(self.at, wanted);
        self.at = at;
        self.velocity = Point::new(
            if stopped_x { 0 } else { wanted.x },
            if stopped_y { 0 } else { wanted.y },
        );
    }

    /// A pulse is fired.
    pub(crate) fn fire(&mut self) {
        self.ready_in = RELOAD;
        self.safe_for = 0;
    }

    /// A pulse hits it. Returns whether it is out.
    pub(crate) fn hit(&mut self) -> bool {
        self.health = self.health.saturating_sub(1);
        self.heals_in = HEAL;
        if self.health == 0 {
            self.life = Life::Out(OUT_FOR);
            self.velocity = Point::default();
            self.heals_in = 0;
        }
        self.health == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn driven(moves: Moves, ticks: usize) -> Player {
        let mut player = Player::new(Point::of_map(400, 300), 0);
        let input = Input {
            moves,
            ..Input::default()
        };
        for _ in 0..ticks {
            player.step(input);
        }
        player
    }

    #[test]
    fn a_disc_gains_speed_and_is_no_faster_aslant() {
        let right = Moves {
            right: true,
            ..Moves::default()
        };
        assert_eq!(driven(right, 1).velocity, Point::new(7, 0));
        assert_eq!(driven(right, 30).velocity, Point::new(56, 0));
        let aslant = Moves { up: true, ..right };
        let velocity = driven(aslant, 30).velocity;
        assert_eq!(velocity, Point::new(40, -40));
        assert!((55..=57).contains(&velocity.length()));
        let both = Moves {
            left: true,
            ..right
        };
        assert_eq!(driven(both, 30).velocity, Point::default());
    }

    #[test]
    fn three_hits_are_too_many_unless_they_heal() {
        let mut player = Player::new(Point::of_map(400, 300), 0);
        assert!(!player.hit() && !player.hit());
        for _ in 0..HEAL {
            player.step(Input::default());
        }
        assert_eq!((player.health, player.heals_in), (2, HEAL));
        assert!(!player.hit() && player.hit());
        assert!(!player.is_in() && !player.may_fire());
        let ticks = (1..).find(|_| player.step(Input::default()));
        assert_eq!(ticks, Some(i32::from(OUT_FOR)));
    }
}
