//! The player's half: when inputs are due, and where one's own disc is before the server says so.
//!
//! The server makes a tick with the inputs that it has by then, so that an input must leave a round
//! trip before the snapshot of its tick arrives, and a little earlier. How early it was, the server
//! tells in each answer.

use std::collections::VecDeque;

use crate::clock::{PARTS, TickClock};
use crate::input::Input;
use crate::player::Player;
use crate::point::{Point, SCALE};
use crate::snapshot::Snapshot;

/// How early an input is to come, in parts of a tick.
const AIM_EARLY: i64 = PARTS * 3 / 2;

/// The farthest that a pilot is ahead of the newest snapshot, in parts of a tick.
const LEAD_MAX: i64 = 28 * PARTS;

/// After a longer pause than this, in ticks, those that were missed are left out.
const SKIP_AFTER: i64 = 5;

/// The most ticks that are predicted ahead.
const AHEAD_MAX: usize = 40;

/// A correction that is larger is made at once: somebody was put elsewhere.
const SMOOTH_MAX: i32 = 64 * SCALE;

/// Why the server did not take an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It came after its tick, by so many ticks.
    TooLate(u32),
    /// Its tick is farther ahead than inputs may be, by so many ticks from now.
    TooEarly(u32),
}

/// One's own disc.
#[derive(Clone, Debug)]
pub struct Pilot {
    seat: u8,
    clock: TickClock,
    /// How far ahead of the newest snapshot inputs are made, in parts of a tick.
    lead: i64,
    /// Inputs up to here were sent before the lead was last set: their answers say nothing new.
    settled: u32,
    /// The tick after the last one that an input was made for.
    next: u32,
    /// What the server last said of the disc, and when.
    known: Option<(u32, Player)>,
    /// Ticks that the server has not told of, with what is predicted after each.
    ahead: VecDeque<(u32, Input, Player)>,
    /// The prediction before the newest one.
    before: Option<Player>,
    /// What the picture still is beside the prediction.
    correction: Point,
    error: i32,
    corrections: u32,
    late: u32,
}

impl Pilot {
    /// A pilot of a seat. A round trip is in microseconds, as far as it is known.
    pub fn new(seat: u8, round_trip: u64) -> Self {
        let trip = (round_trip.min(1_000_000) as i64) * 30 * PARTS / 1_000_000;
        Self {
            seat,
            clock: TickClock::default(),
            lead: (trip + AIM_EARLY).min(LEAD_MAX),
            settled: 0,
            next: 0,
            known: None,
            ahead: VecDeque::new(),
            before: None,
            correction: Point::default(),
            error: 0,
            corrections: 0,
            late: 0,
        }
    }

    /// The seat.
    pub fn seat(&self) -> u8 {
        self.seat
    }

    /// The tick that an input is due for, if one is. Ask again until there is none.
    ///
    /// `now` is in microseconds of any clock that does not go back.
    pub fn poll(&mut self, now: u64) -> Option<u32> {
        self.known?;
        let target = (self.clock.tick(now)? + self.lead).div_euclid(PARTS);
        let target = u32::try_from(target).ok()?;
        let behind = i64::from(target) - i64::from(self.next);
        // Behind by a pause, or ahead by more than there is: of another match, perhaps.
        if behind > SKIP_AFTER || behind < -(AHEAD_MAX as i64) {
            self.next = target;
        }
        (self.next <= target).then_some(self.next)
    }

    /// Makes the input of a tick that [`Pilot::poll`] named, and predicts it. Returns whether a pulse is
    /// fired, as far as can be told here.
    pub fn steer(&mut self, tick: u32, input: Input) -> bool {
        self.next = tick.saturating_add(1);
        if self.ahead.len() == AHEAD_MAX {
            self.ahead.pop_front();
        }
        let Some(mut player) = self.newest() else {
            return false;
        };
        self.before = Some(player);
        let fired = advance(&mut player, input);
        self.ahead.push_back((tick, input, player));
        let shrunk = |axis: i32| axis * 3 / 4;
        self.correction = Point::new(shrunk(self.correction.x), shrunk(self.correction.y));
        fired
    }

    /// The server took an input, that was so many ticks early: 1 is just in time.
    pub fn handle_taken(&mut self, tick: u32, early: u32) {
        if tick < self.settled {
            return;
        }
        let error = i64::from(early.min(60)) * PARTS - AIM_EARLY - PARTS / 2;
        if early <= 1 {
            self.set_lead(self.lead + PARTS / 2);
        } else {
            // Slowly, since it costs a tick that is made twice as long.
            self.lead = (self.lead - error.signum() * (error.abs() / 32)).clamp(0, LEAD_MAX);
        }
    }

    /// The server did not take an input.
    pub fn handle_refused(&mut self, tick: u32, refusal: Refusal) {
        if matches!(refusal, Refusal::TooLate(_)) {
            self.late = self.late.saturating_add(1);
        }
        if tick < self.settled {
            return;
        }
        let by = |ticks: u32| i64::from(ticks.min(60)) * PARTS;
        match refusal {
            Refusal::TooLate(ticks) => self.set_lead(self.lead + by(ticks) + AIM_EARLY),
            Refusal::TooEarly(ticks) => self.set_lead(self.lead - by(ticks) + AIM_EARLY),
        }
    }

    fn set_lead(&mut self, lead: i64) {
        self.lead = lead.clamp(0, LEAD_MAX);
        self.settled = self.next;
    }

    /// A snapshot came: what was predicted for its tick is compared, and what came after is predicted
    /// again.
    pub fn handle_snapshot(&mut self, now: u64, snapshot: &Snapshot) {
        self.clock.handle_tick(now, snapshot.tick);
        let Some(player) = snapshot.players[usize::from(self.seat) % snapshot.players.len()] else {
            self.known = None;
            self.ahead.clear();
            return;
        };
        let was = self.newest();
        let predicted = self.ahead.iter().find(|(tick, ..)| *tick == snapshot.tick);
        if let Some((_, _, predicted)) = predicted {
            self.error = predicted.at.from(player.at).length();
            self.corrections = self.corrections.saturating_add(u32::from(self.error > 0));
        }
        if self.known.is_none() {
            self.next = snapshot.tick;
        }
        self.known = Some((snapshot.tick, player));
        self.predict_again();
        if let (Some(was), Some(is)) = (was, self.newest()) {
            let off = was.at.plus(self.correction).from(is.at);
            let is_smooth = off.length() <= SMOOTH_MAX;
            self.correction = if is_smooth { off } else { Point::default() };
        }
    }

    fn predict_again(&mut self) {
        let Some((mut tick, mut player)) = self.known else {
            return;
        };
        self.ahead.retain(|(ahead, ..)| *ahead > tick);
        self.before = Some(player);
        for (ahead, input, predicted) in &mut self.ahead {
            // Ticks that no input was made for: the server lets the last one go on.
            while tick.saturating_add(1) < *ahead {
                tick += 1;
                advance(&mut player, input.held());
            }
            self.before = Some(player);
            advance(&mut player, *input);
            *predicted = player;
            tick = *ahead;
        }
    }

    fn newest(&self) -> Option<Player> {
        let known = self.known.map(|(_, player)| player);
        self.ahead.back().map(|(.., player)| *player).or(known)
    }

    /// The disc as it is predicted after the newest input, if there is one.
    pub fn player(&self) -> Option<Player> {
        self.newest()
    }

    /// The last tick that the disc is predicted for, and how it is after it.
    pub fn predicted(&self) -> Option<(u32, Player)> {
        let (tick, _, player) = self.ahead.back()?;
        Some((*tick, *player))
    }

    /// Where to draw the disc: between the last two predictions, and led back gently after a
    /// correction.
    pub fn place(&self, now: u64) -> Option<Point> {
        let (newest, before) = (self.newest()?, self.before?);
        let tick = self.clock.tick(now)? + self.lead;
        // The newest prediction is where the disc is when its tick ends.
        let part = (tick - (i64::from(self.next) - 1) * PARTS).clamp(0, PARTS) as i32;
        let between = |from: i32, to: i32| from + (to - from) * part / PARTS as i32;
        let is_near = newest.at.from(before.at).length() <= SMOOTH_MAX;
        let from = if is_near { before.at } else { newest.at };
        let at = Point::new(between(from.x, newest.at.x), between(from.y, newest.at.y));
        Some(at.plus(self.correction))
    }

    /// How far the last prediction was from what the server then said, in parts of [`SCALE`].
    pub fn error(&self) -> i32 {
        self.error
    }

    /// How many predictions were not exact.
    pub fn corrections(&self) -> u32 {
        self.corrections
    }

    /// How many inputs came too late.
    pub fn late(&self) -> u32 {
        self.late
    }

    /// How far ahead of the newest snapshot it is, in ticks.
    pub fn lead(&self) -> u32 {
        (self.lead / PARTS) as u32
    }
}

/// Predicts one tick. Others are not predicted, so a pulse is only counted as fired.
fn advance(player: &mut Player, input: Input) -> bool {
    player.step(input);
    let fires = input.fire && player.may_fire();
    if fires {
        player.fire();
    }
    fires
}

#[cfg(test)]
#[path = "pilot_tests.rs"]
mod tests;
