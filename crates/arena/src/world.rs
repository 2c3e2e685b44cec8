//! One match: all discs, and what a tick does to them.

use std::collections::VecDeque;

use crate::input::Input;
use crate::map::{self, STARTS};
use crate::player::{Player, SCORE_MAX};
use crate::point::Point;
use crate::shot::{Shot, trace};
use crate::snapshot::Snapshot;
use crate::{RADIUS, TICK_HZ, VIEW_BACK_MAX};

/// The most players of a match.
pub const SEATS: usize = 32;

/// How long a match and the pause after it are, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    play: u16,
    pause: u16,
}

impl Length {
    /// A match of so many seconds, from 1 to 500, and a pause after it, from 1 to 30.
    pub fn of_seconds(play: u16, pause: u16) -> Self {
        let hz = TICK_HZ as u16;
        Self {
            play: play.clamp(1, 500) * hz,
            pause: pause.clamp(1, 30) * hz,
        }
    }

    /// The ticks that a match is played, and those of the pause.
    pub fn ticks(self) -> (u16, u16) {
        (self.play, self.pause)
    }

    /// The length with these ticks, if there is one.
    pub(crate) fn of_ticks(play: u16, pause: u16) -> Option<Self> {
        let hz = TICK_HZ as u16;
        let length = Self::of_seconds(play / hz, pause / hz);
        (length.ticks() == (play, pause)).then_some(length)
    }
}

impl Default for Length {
    /// Three minutes, and ten seconds.
    fn default() -> Self {
        Self::of_seconds(180, 10)
    }
}

/// What a match is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Pulses hit.
    Play,
    /// It is over: there are no pulses until the next one.
    Pause,
    /// The pause is over, too: nothing more happens.
    Done,
}

/// A match. The same seed and the same inputs give the same one.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    length: Length,
    number: u16,
    start: u32,
    tick: u32,
    /// Changes whenever somebody comes or goes.
    roster: u8,
    pub(crate) players: [Option<Player>; SEATS],
    pub(crate) shots: Vec<Shot>,
    /// Where all were, the newest first.
    trail: VecDeque<[Point; SEATS]>,
}

impl World {
    /// The first match of a room, without players.
    pub fn new(seed: u64, length: Length) -> Self {
        Self::begin(seed, length, (1, 0, 0))
    }

    /// The same, with `start` as the tick before its first one: a room that begins again under its
    /// name goes on with greater ticks.
    pub fn starting_at(start: u32, seed: u64, length: Length) -> Self {
        Self::begin(seed, length, (1, start, 0))
    }

    /// A match without players, of this number, at this tick, with this roster.
    pub(crate) fn begin(
        seed: u64,
        length: Length,
        (number, start, roster): (u16, u32, u8),
    ) -> Self {
        Self {
            seed,
            length,
            number,
            start,
            tick: start,
            roster,
            players: [None; SEATS],
            shots: Vec::new(),
            trail: VecDeque::new(),
        }
    }

    /// The match that follows in the same room, with the same players. Ticks go on.
    pub fn next(&self, seed: u64) -> Self {
        let number = self.number.wrapping_add(1);
        let mut next = Self::begin(seed, self.length, (number, self.tick, self.roster));
        for seat in self.seats() {
            next.enter(seat);
        }
        next
    }

    /// The newest tick.
    pub fn tick(&self) -> u32 {
        self.tick
    }

    /// The tick that it began at.
    pub fn start(&self) -> u32 {
        self.start
    }

    /// Which match of its room it is, from 1 on.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Its seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What its roster was before those came who are there.
    pub(crate) fn first_roster(&self) -> u8 {
        self.roster.wrapping_sub(self.seats().count() as u8)
    }

    /// How long it is.
    pub fn length(&self) -> Length {
        self.length
    }

    /// What it is at, and the tick with which that ends.
    pub fn phase(&self) -> (Phase, u32) {
        let (play, pause) = self.length.ticks();
        let over = self.start.saturating_add(u32::from(play));
        let done = over.saturating_add(u32::from(pause));
        match self.tick {
            tick if tick < over => (Phase::Play, over),
            tick if tick < done => (Phase::Pause, done),
            _ => (Phase::Done, done),
        }
    }

    /// The disc of a seat.
    pub fn player(&self, seat: u8) -> Option<&Player> {
        self.players.get(usize::from(seat))?.as_ref()
    }

    /// The seats that are taken, in order.
    pub fn seats(&self) -> impl Iterator<Item = u8> {
        let taken = self.players.iter().enumerate();
        taken.filter_map(|(seat, player)| player.map(|_| seat as u8))
    }

    /// A seat that is free.
    pub fn free_seat(&self) -> Option<u8> {
        let free = self.players.iter().position(Option::is_none);
        free.map(|seat| seat as u8)
    }

    /// Puts a disc on the field, unless the seat is taken or there is none of this number.
    pub fn enter(&mut self, seat: u8) -> bool {
        if self.player(seat).is_some() || usize::from(seat) >= SEATS {
            return false;
        }
        let player = Player::new(self.start_for(seat), 0);
        self.players[usize::from(seat)] = Some(player);
        self.roster = self.roster.wrapping_add(1);
        true
    }

    /// Takes a disc off the field.
    pub fn leave(&mut self, seat: u8) -> bool {
        let place = self.players.get_mut(usize::from(seat));
        let left = place.and_then(Option::take).is_some();
        self.roster = self.roster.wrapping_add(u8::from(left));
        left
    }

    /// Makes one step. Inputs are by seat; those of seats that are free do nothing.
    pub fn step(&mut self, inputs: &[Input; SEATS]) {
        self.tick = self.tick.saturating_add(1);
        for (seat, &input) in inputs.iter().enumerate() {
            let Some(player) = &mut self.players[seat] else {
                continue;
            };
            if player.step(input) {
                let score = player.score;
                let start = self.start_for(seat as u8);
                self.players[seat] = Some(Player::new(start, score));
            }
        }
        self.part();
        self.remember();
        self.shots.clear();
        if self.phase().0 == Phase::Play {
            self.fire(inputs);
        }
    }

    /// Where a disc comes in: as far from all others as it can be.
    fn start_for(&self, seat: u8) -> Point {
        let others = || self.players.iter().flatten().filter(|other| other.is_in());
        let chance = mix(self.seed ^ u64::from(self.tick) << 8 ^ u64::from(seat));
        let starts = (0..STARTS.len()).map(|at| STARTS[(at + chance as usize) % STARTS.len()]);
        let room = |start: &Point| {
            let squares = others().map(|other| start.from(other.at).square());
            squares.min().unwrap_or(i64::MAX)
        };
        starts.max_by_key(room).unwrap_or_default()
    }

    /// Pushes discs apart that are in one another's place, pair by pair, in the order of seats.
    fn part(&mut self) {
        for one in 0..SEATS {
            for other in one + 1..SEATS {
                let [Some(a), Some(b)] = [self.players[one], self.players[other]] else {
                    continue;
                };
                let way = b.at.from(a.at);
                let apart = 2 * RADIUS;
                if !a.is_in() || !b.is_in() || way.square() >= i64::from(apart).pow(2) {
                    continue;
                }
                let length = way.length();
                // Two in the very same place go left and right.
                let (way, length) = match length {
                    0 => (Point::new(1, 0), 1),
                    _ => (way, length),
                };
                let half = (apart - length + 1) / 2;
                let push = Point::new(way.x * half / length, way.y * half / length);
                let back = Point::new(-push.x, -push.y);
                for (seat, push) in [(one, back), (other, push)] {
                    if let Some(player) = &mut self.players[seat] {
                        player.at = map::slide(player.at, push).0;
                    }
                }
            }
        }
    }

    fn remember(&mut self) {
        let mut places = [Point::default(); SEATS];
        for (place, player) in places.iter_mut().zip(&self.players) {
            *place = player.map_or(Point::default(), |player| player.at);
        }
        self.trail.truncate(usize::from(VIEW_BACK_MAX));
        self.trail.push_front(places);
    }

    /// Judges all pulses of a tick at once, so that two can hit each other.
    fn fire(&mut self, inputs: &[Input; SEATS]) {
        for (seat, input) in inputs.iter().enumerate() {
            let Some(player) = self.players[seat] else {
                continue;
            };
            if !input.fire || !player.may_fire() {
                continue;
            }
            // Who came meanwhile is where it came, as far back as it is remembered at all.
            let back = usize::from(input.view_back.min(VIEW_BACK_MAX));
            let seen = self.trail.get(back).or(self.trail.back());
            let others = self
                .players
                .iter()
                .enumerate()
                .filter_map(|(other, player)| {
                    let target = player.is_some_and(|player| player.is_target()) && other != seat;
                    target.then_some((other as u8, seen?[other]))
                });
            let (length, hit) = trace(player.at, player.aim, others);
            self.shots.push(Shot {
                by: seat as u8,
                length,
                hit,
                out: false,
            });
        }
        for at in 0..self.shots.len() {
            let Shot { by, hit, .. } = self.shots[at];
            if let Some(shooter) = &mut self.players[usize::from(by)] {
                shooter.fire();
            }
            let target = hit.and_then(|hit| self.players[usize::from(hit)].as_mut());
            // Another pulse of this tick may have been the last that it could take.
            let Some(target) = target.filter(|target| target.is_in()) else {
                continue;
            };
            if target.hit() {
                self.shots[at].out = true;
                if let Some(shooter) = &mut self.players[usize::from(by)] {
                    shooter.score = (shooter.score + 1).min(SCORE_MAX);
                }
            }
        }
    }

    /// All that there is to see.
    pub fn snapshot(&self) -> Snapshot {
        let (phase, until) = self.phase();
        Snapshot {
            tick: self.tick,
            number: self.number,
            playing: phase == Phase::Play,
            left: u16::try_from(until.saturating_sub(self.tick)).unwrap_or(u16::MAX),
            roster: self.roster,
            players: self.players,
            shots: self.shots.clone(),
        }
    }

    /// A hash of all that there is to see: equal for equal worlds, and most likely for no others.
    pub fn hash(&self) -> u32 {
        self.snapshot().hash()
    }
}

/// The finalizer of SplitMix64 (Steele et al. 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
