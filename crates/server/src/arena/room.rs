//! One room: who sits where, what they said that they do, and the match that is made of it.
//!
//! Its time is the tick. Nothing here waits, and what a player can make grow has a bound: 32 seats, 30
//! inputs that wait on each, a record of 2 MiB.

use trunkline_arena::{
    Bot, Input, InputBuffer, KEYFRAME_EVERY, Length, NotTaken, Phase, Record, SEATS, Snapshot,
    TICK_HZ, World,
};
use trunkline_protocol::topics::arena::{ArenaPlayer, ArenaPlayers, ArenaTaken};
use trunkline_protocol::{List, User, UserId};

/// How long a seat is kept for somebody who neither reads the room's topic nor steers, in ticks.
pub(super) const KEPT: u32 = 15 * TICK_HZ;

/// How long somebody may read and not steer before the seat is given to others, in ticks.
const IDLE_MAX: u32 = 60 * TICK_HZ;

/// Who sits on a seat.
enum Seat {
    Person {
        user: User,
        inputs: InputBuffer,
        /// The tick at which they steered last, or came.
        steered: u32,
        /// The tick at which they were last seen to read the topic.
        here: u32,
    },
    Bot(Bot),
}

/// What a tick made.
pub(super) struct Made {
    /// The snapshot, and whether it is a keyframe.
    pub(super) bytes: Vec<u8>,
    pub(super) keyframe: bool,
    /// The record of a match that is over, if records are kept.
    pub(super) record: Option<Finished>,
}

/// A match that is over.
pub(super) struct Finished {
    pub(super) number: u16,
    pub(super) bytes: Vec<u8>,
}

/// A room with its match.
pub(super) struct Room {
    world: World,
    seats: [Option<Seat>; SEATS],
    seed: u64,
    /// How many players there are at least, with bots.
    bots: usize,
    keyframe: Option<Snapshot>,
    newest: Snapshot,
    record: Option<Record>,
    records: bool,
    watched: bool,
}

impl Room {
    /// An empty room, whose first tick comes after `start`.
    pub(super) fn new(seed: u64, start: u32, length: Length, bots: usize, records: bool) -> Self {
        let world = World::starting_at(start, seed, length);
        Self {
            newest: world.snapshot(),
            record: records.then(|| Record::of(&world)),
            world,
            seats: [const { None }; SEATS],
            seed,
            bots: bots.min(SEATS),
            keyframe: None,
            records,
            watched: false,
        }
    }

    /// The last tick that was made.
    pub(super) fn tick(&self) -> u32 {
        self.world.tick()
    }

    /// How many people sit here, and how many bots.
    pub(super) fn counts(&self) -> (usize, usize) {
        let taken = self.seats.iter().flatten();
        let people = taken
            .clone()
            .filter(|it| matches!(it, Seat::Person { .. }))
            .count();
        (people, taken.count() - people)
    }

    /// How long the match goes on, in ticks; nothing in the pause after it.
    pub(super) fn left(&self) -> u32 {
        match self.world.phase() {
            (Phase::Play, until) => until.saturating_sub(self.world.tick()),
            (Phase::Pause | Phase::Done, _) => 0,
        }
    }

    /// The seat of a user.
    pub(super) fn seat_of(&self, user: UserId) -> Option<u8> {
        let is_theirs = |seat: &Option<Seat>| matches!(seat, Some(Seat::Person { user: it, .. }) if it.id == user);
        self.seats.iter().position(is_theirs).map(|seat| seat as u8)
    }

    /// Gives a user a seat, or the one that they have. A bot makes room. Nothing if people sit
    /// everywhere.
    pub(super) fn join(&mut self, user: &User) -> Option<u8> {
        if let Some(seat) = self.seat_of(user.id) {
            return Some(seat);
        }
        let seat = match self.world.free_seat() {
            Some(seat) => seat,
            None => {
                let bot = self.any_bot()?;
                self.vacate(bot);
                bot
            }
        };
        let tick = self.tick();
        self.occupy(
            seat,
            Seat::Person {
                user: user.clone(),
                inputs: InputBuffer::default(),
                steered: tick,
                here: tick,
            },
        );
        self.fill();
        Some(seat)
    }

    /// Takes a user off. Returns whether they had a seat.
    pub(super) fn leave(&mut self, user: UserId) -> bool {
        let seat = self.seat_of(user);
        if let Some(seat) = seat {
            self.vacate(seat);
            self.fill();
        }
        seat.is_some()
    }

    fn occupy(&mut self, seat: u8, who: Seat) {
        if self.world.enter(seat) {
            self.seats[usize::from(seat)] = Some(who);
            if let Some(record) = &mut self.record {
                record.enter(seat);
            }
        }
    }

    fn vacate(&mut self, seat: u8) {
        if self.world.leave(seat) {
            self.seats[usize::from(seat)] = None;
            if let Some(record) = &mut self.record {
                record.leave(seat);
            }
        }
    }

    fn any_bot(&self) -> Option<u8> {
        let is_bot = |seat: &Option<Seat>| matches!(seat, Some(Seat::Bot(_)));
        self.seats.iter().rposition(is_bot).map(|seat| seat as u8)
    }

    /// As many bots as make the room worth playing in, and no more.
    fn fill(&mut self) {
        loop {
            let (people, bots) = self.counts();
            let wanted = self.bots.saturating_sub(people);
            if bots < wanted
                && let Some(seat) = self.world.free_seat()
            {
                self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005) | 1;
                self.occupy(seat, Seat::Bot(Bot::new(self.seed ^ u64::from(seat))));
            } else if bots > wanted
                && let Some(bot) = self.any_bot()
            {
                self.vacate(bot);
            } else {
                return;
            }
        }
    }

    /// Notes what a user does from `tick` on. Each input is taken or refused by itself.
    pub(super) fn steer(
        &mut self,
        user: UserId,
        tick: u32,
        given: impl Iterator<Item = Input>,
    ) -> Vec<ArenaTaken> {
        let now = self.tick();
        let seat = self.seat_of(user).map(usize::from);
        let Some(Seat::Person {
            inputs, steered, ..
        }) = seat.and_then(|seat| self.seats[seat].as_mut())
        else {
            return given.map(|_| ArenaTaken::NotSeated).collect();
        };
        *steered = now;
        (tick..=u32::MAX)
            .zip(given)
            .map(|(tick, input)| match inputs.put(now, tick, input) {
                Ok(()) => ArenaTaken::Taken,
                Err(NotTaken::TooLate) => ArenaTaken::TooLate,
                Err(NotTaken::TooEarly) => ArenaTaken::TooEarly,
                Err(NotTaken::Twice) => ArenaTaken::Twice,
            })
            .collect()
    }

    /// Who sits where.
    pub(super) fn players(&self) -> ArenaPlayers {
        let seats = self.seats.iter().enumerate();
        let players = seats.filter_map(|(seat, who)| {
            let user = match who.as_ref()? {
                Seat::Person { user, .. } => Some(user.clone()),
                Seat::Bot(_) => None,
            };
            let score = self.world.player(seat as u8).map(|player| player.score);
            Some(ArenaPlayer {
                seat: seat as u8,
                user,
                score: score.unwrap_or(0),
            })
        });
        ArenaPlayers {
            roster: self.world.snapshot().roster,
            players: List::cut(players),
        }
    }

    /// The users who sit here.
    pub(super) fn people(&self) -> Vec<UserId> {
        let seats = self.seats.iter().flatten();
        let people = seats.filter_map(|seat| match seat {
            Seat::Person { user, .. } => Some(user.id),
            Seat::Bot(_) => None,
        });
        people.collect()
    }

    /// Learns who reads the topic: whether anybody does, and which of the people who sit here. Those
    /// who have been gone for too long lose their seats; they are returned.
    pub(super) fn look(&mut self, watched: bool, present: &[UserId]) -> Vec<UserId> {
        self.watched = watched;
        let now = self.tick();
        let mut gone = Vec::new();
        for seat in self.seats.iter_mut().flatten() {
            let Seat::Person {
                user,
                steered,
                here,
                ..
            } = seat
            else {
                continue;
            };
            if present.contains(&user.id) {
                *here = now;
            }
            let silent = now.saturating_sub(*steered);
            let away = now.saturating_sub(*here);
            if silent > IDLE_MAX || silent.min(away) > KEPT {
                gone.push(user.id);
            }
        }
        for user in &gone {
            self.leave(*user);
        }
        gone
    }

    /// Whether nobody would miss it.
    pub(super) fn is_idle(&self) -> bool {
        self.counts().0 == 0 && !self.watched
    }

    /// Makes a tick.
    pub(super) fn step(&mut self) -> Made {
        // A match that is over was seen to be over before the next one begins.
        if self.world.phase().0 == Phase::Done {
            self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005) | 1;
            self.world = self.world.next(self.seed);
            self.record = self.records.then(|| Record::of(&self.world));
            self.keyframe = None;
        }
        let mut inputs = [Input::default(); SEATS];
        let tick = self.tick().saturating_add(1);
        for (seat, who) in self.seats.iter_mut().enumerate() {
            match who {
                Some(Seat::Person { inputs: waits, .. }) => inputs[seat] = waits.take(tick),
                Some(Seat::Bot(bot)) => inputs[seat] = bot.act(&self.newest, seat as u8),
                None => {}
            }
        }
        self.world.step(&inputs);
        if let Some(record) = &mut self.record {
            record.step(&self.world, &inputs);
        }
        let record = match self.world.phase().0 {
            Phase::Done => self.finish(),
            Phase::Play | Phase::Pause => None,
        };
        self.newest = self.world.snapshot();
        let (bytes, keyframe) = self.encode();
        Made {
            bytes,
            keyframe,
            record,
        }
    }

    fn encode(&mut self) -> (Vec<u8>, bool) {
        let snapshot = &self.newest;
        let key = self.keyframe.as_ref();
        let key = key.filter(|key| snapshot.tick.saturating_sub(key.tick) < KEYFRAME_EVERY);
        if let Some(delta) = key.and_then(|key| snapshot.to_delta(key)) {
            return (delta, false);
        }
        self.keyframe = Some(snapshot.clone());
        (snapshot.to_keyframe(), true)
    }

    fn finish(&mut self) -> Option<Finished> {
        let record = self.record.take()?;
        Some(Finished {
            number: self.world.number(),
            bytes: record.bytes()?.to_vec(),
        })
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
