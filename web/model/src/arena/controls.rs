//! What a player does by keys, mouse and touch, and the input that follows.

use trunkline_arena::{Angle, Input, Moves, Point};

/// How far the keys turn a disc in a tick, in 256ths of a turn.
const TURN: i8 = 5;

/// A thumb that is nearer to where it was put does nothing, in CSS pixels.
const DEAD: f64 = 10.0;

/// A thumb on the screen: it pulls away from where it was put.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stick {
    /// Where it was put, in CSS pixels of the canvas.
    pub from: (f64, f64),
    /// Where it is.
    pub at: (f64, f64),
}

impl Stick {
    /// Where it pulls to, once it does.
    pub fn angle(self) -> Option<Angle> {
        let way = (self.at.0 - self.from.0, self.at.1 - self.from.1);
        let is_pulled = way.0.hypot(way.1) >= DEAD;
        is_pulled.then(|| Angle::towards(Point::new((way.0 * 16.0) as i32, (way.1 * 16.0) as i32)))
    }
}

/// What is held down now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Controls {
    keys: Moves,
    turn: i8,
    fire_key: bool,
    /// Whether the button of the mouse is down.
    pub button: bool,
    /// Where the mouse points, in CSS pixels of the canvas, if it was moved last.
    pub pointer: Option<(f64, f64)>,
    /// The thumb that drives.
    pub drive: Option<Stick>,
    /// The thumb that aims, and fires while it pulls.
    pub aim: Option<Stick>,
    /// Where the disc looks.
    angle: Angle,
}

impl Controls {
    /// A key goes down or up, named as `KeyboardEvent.code` names its place. Tells whether it is one of
    /// the game's.
    pub fn handle_key(&mut self, code: &str, down: bool) -> bool {
        match code {
            "KeyW" | "ArrowUp" => self.keys.up = down,
            "KeyS" | "ArrowDown" => self.keys.down = down,
            "KeyA" | "ArrowLeft" => self.keys.left = down,
            "KeyD" | "ArrowRight" => self.keys.right = down,
            "Space" => self.fire_key = down,
            "KeyJ" | "KeyL" => {
                let way = if code == "KeyJ" { -TURN } else { TURN };
                if down {
                    self.turn = way;
                    // The keys aim now.
                    self.pointer = None;
                } else if self.turn == way {
                    self.turn = 0;
                }
            }
            _ => return false,
        }
        true
    }

    /// Nothing is held any more: the game has lost the focus.
    pub fn release(&mut self) {
        *self = Self {
            angle: self.angle,
            ..Self::default()
        };
    }

    /// The disc looks there from now on, as it does when it comes.
    pub fn look(&mut self, angle: Angle) {
        self.angle = angle;
    }

    /// What is done in one tick. `pointed` is the way from the disc to where the mouse points.
    pub fn input(&mut self, pointed: Option<Point>, view_back: u8) -> Input {
        let thumb = self.aim.and_then(Stick::angle);
        self.angle = match (thumb, pointed) {
            (Some(angle), _) => angle,
            (None, Some(way)) if self.aim.is_none() && way != Point::default() => {
                Angle::towards(way)
            }
            _ => Angle(self.angle.0.wrapping_add_signed(self.turn)),
        };
        let driven = self.drive.and_then(Stick::angle);
        Input {
            moves: driven.map_or(self.keys, Moves::towards),
            aim: self.angle,
            fire: self.fire_key || self.button || thumb.is_some(),
            view_back,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_drive_turn_and_fire() {
        let mut controls = Controls::default();
        for code in ["KeyW", "ArrowRight", "KeyL", "Space"] {
            assert!(controls.handle_key(code, true));
        }
        assert!(!controls.handle_key("KeyQ", true) && !controls.handle_key("Tab", true));
        let input = controls.input(None, 3);
        assert_eq!(
            (input.moves.signs(), input.aim, input.fire),
            ((1, -1), Angle(5), true)
        );
        assert_eq!(
            (controls.input(None, 3).aim, input.view_back),
            (Angle(10), 3)
        );
        controls.handle_key("KeyJ", true);
        controls.handle_key("KeyL", false);
        assert_eq!(
            controls.input(None, 0).aim,
            Angle(5),
            "the other key is still down"
        );
        controls.release();
        let input = controls.input(None, 0);
        assert_eq!(
            (input.moves.signs(), input.aim, input.fire),
            ((0, 0), Angle(5), false)
        );
    }

    #[test]
    fn the_mouse_aims_until_a_key_turns() {
        let mut controls = Controls {
            pointer: Some((5.0, 5.0)),
            button: true,
            ..Controls::default()
        };
        let input = controls.input(Some(Point::new(0, 90)), 0);
        assert_eq!((input.aim, input.fire), (Angle(64), true));
        controls.handle_key("KeyL", true);
        assert_eq!(controls.pointer, None);
        assert_eq!(controls.input(None, 0).aim, Angle(69));
    }

    #[test]
    fn two_thumbs_drive_and_fire() {
        let stick = |x, y| {
            Some(Stick {
                from: (50.0, 50.0),
                at: (50.0 + x, 50.0 + y),
            })
        };
        let mut controls = Controls {
            drive: stick(-30.0, 2.0),
            aim: stick(3.0, 3.0),
            ..Controls::default()
        };
        controls.look(Angle(77));
        let input = controls.input(Some(Point::new(1, 1)), 0);
        assert_eq!(
            (input.moves.signs(), input.aim, input.fire),
            ((-1, 0), Angle(77), false)
        );
        controls.aim = stick(0.0, -40.0);
        let input = controls.input(None, 0);
        assert_eq!((input.aim, input.fire), (Angle(192), true));
    }
}
