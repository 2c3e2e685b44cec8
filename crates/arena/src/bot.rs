//! A player that needs nobody: it drives about, looks for others and fires at them.

use crate::angle::Angle;
use crate::input::{Input, Moves};
use crate::map::{self, HEIGHT, WIDTH};
use crate::player::Player;
use crate::point::{Point, SCALE};
use crate::snapshot::Snapshot;

/// From how far a bot fires, in units of the map.
const SIGHT: i32 = 420;

/// How many of 256 directions it turns in a tick.
const TURN: i8 = 9;

/// A bot. The same seed and the same snapshots give the same inputs.
#[derive(Clone, Debug)]
pub struct Bot {
    seed: u64,
    goal: Point,
    /// Until it looks for another goal, in ticks.
    patience: u32,
    /// How it errs when it aims.
    error: i8,
}

impl Bot {
    /// A bot of a seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed: seed ^ 0x9e37_79b9_7f4a_7c15,
            goal: Point::default(),
            patience: 0,
            error: 0,
        }
    }

    /// What it does in the tick after a snapshot, on its seat.
    pub fn act(&mut self, snapshot: &Snapshot, seat: u8) -> Input {
        let me = snapshot.players.get(usize::from(seat)).copied().flatten();
        let Some(me) = me.filter(Player::is_in) else {
            self.patience = 0;
            return Input::default();
        };
        let prey = nearest(snapshot, seat, &me);
        self.choose(&me, prey);
        let wanted = match prey {
            Some(prey) => {
                let aim = Angle::towards(prey.at.plus(prey.velocity).from(me.at));
                Angle(aim.0.wrapping_add_signed(self.error))
            }
            None => Angle::towards(self.goal.from(me.at)),
        };
        let turn = me.aim.turn_to(wanted).clamp(-TURN, TURN);
        let left = wanted.turn_to(Angle(me.aim.0.wrapping_add_signed(turn)));
        Input {
            moves: self.moves(&me),
            aim: Angle(me.aim.0.wrapping_add_signed(turn)),
            fire: prey.is_some() && left.unsigned_abs() < 3,
            view_back: 0,
        }
    }

    /// Chooses where to go: around others, or anywhere, and sometimes nowhere.
    fn choose(&mut self, me: &Player, prey: Option<Player>) {
        let arrived = me.at.from(self.goal).length() < 40 * SCALE;
        if self.patience > 0 && !(arrived && prey.is_none()) {
            self.patience -= 1;
            return;
        }
        self.patience = 15 + self.below(45);
        self.error = (self.below(13) as i8) - 6;
        let aside = Angle(self.below(256) as u8).way(140 * SCALE);
        self.goal = match (prey, self.below(4)) {
            (_, 0) => me.at,
            (Some(prey), _) => prey.at.plus(aside),
            (None, _) => Point::of_map(
                self.below(WIDTH as u32) as i32,
                self.below(HEIGHT as u32) as i32,
            ),
        };
    }

    fn moves(&self, me: &Player) -> Moves {
        let way = self.goal.from(me.at);
        if way.length() < 24 * SCALE {
            return Moves::default();
        }
        let direct = Angle::towards(way);
        // Around what stands in the way, on whichever side is freer.
        let look = 60 * SCALE;
        let turns = [0, 32, -32, 64, -64, 96, -96];
        let free = turns.into_iter().find_map(|turn: i8| {
            let angle = Angle(direct.0.wrapping_add_signed(turn));
            (map::reach(me.at, angle, look) == look).then_some(angle)
        });
        Moves::towards(free.unwrap_or(direct))
    }

    fn below(&mut self, bound: u32) -> u32 {
        // Xorshift (Marsaglia 2003).
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (((self.seed >> 32) * u64::from(bound)) >> 32) as u32
    }
}

/// The nearest other that a pulse could hit.
fn nearest(snapshot: &Snapshot, seat: u8, me: &Player) -> Option<Player> {
    let others = snapshot.players.iter().enumerate();
    let seen = others.filter_map(|(other, player)| {
        let player = player.filter(|player| player.is_target() && other != usize::from(seat))?;
        let way = player.at.from(me.at);
        let length = way.length();
        let is_near = length < SIGHT * SCALE;
        let is_seen = is_near && map::reach(me.at, Angle::towards(way), length) == length;
        is_seen.then_some((length, player))
    });
    seen.min_by_key(|(length, _)| *length)
        .map(|(_, player)| player)
}
