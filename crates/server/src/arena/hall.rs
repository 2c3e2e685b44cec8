//! The hall: the rooms, and who sits in which. A user sits in one room at a time.

use std::collections::{BTreeMap, HashMap};

use trunkline_arena::{Input, Length, SEATS, TICK_HZ};
use trunkline_protocol::topics::arena::{
    ARENA_LISTED_MAX, ArenaJoined, ArenaPlayers, ArenaRoom, ArenaRoomInfo, ArenaSteered, ArenaTaken,
};
use trunkline_protocol::{Error, ErrorCode, List, Text, User, UserId};

use super::off;
use super::room::{KEPT, Made, Room};

/// What an operator has chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// The most rooms. With 0, there is no arena.
    pub(super) rooms_max: usize,
    /// How many players a room has at least, with bots.
    pub(super) bots: usize,
    /// How long matches are.
    pub(super) length: Length,
    /// Whether matches are recorded.
    pub(super) records: bool,
}

/// The rooms.
pub(super) struct Hall {
    rules: Rules,
    seed: u64,
    rooms: BTreeMap<ArenaRoom, Room>,
    /// In which room a user sits.
    sits: HashMap<UserId, ArenaRoom>,
}

impl Hall {
    /// No room.
    pub(super) fn new(rules: Rules, seed: u64) -> Self {
        Self {
            rules,
            seed,
            rooms: BTreeMap::new(),
            sits: HashMap::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rooms.is_empty()
    }

    /// The names of the rooms.
    pub(super) fn names(&self) -> Vec<ArenaRoom> {
        self.rooms.keys().cloned().collect()
    }

    /// Gives a user a seat: in the room of a name, or wherever it is most fun. A room that begins now
    /// begins after tick `start`.
    ///
    /// # Errors
    ///
    /// That there is no arena, or that it has as many rooms as it may.
    pub(super) fn join(
        &mut self,
        user: &User,
        wish: Option<ArenaRoom>,
        start: u32,
    ) -> Result<ArenaJoined, Error> {
        let name = match wish.or_else(|| self.best_for(user.id)) {
            Some(name) => name,
            None => self.new_name()?,
        };
        if !self.rooms.contains_key(&name) {
            self.open(&name, start)?;
        }
        let Some(room) = self.rooms.get_mut(&name) else {
            return Err(off());
        };
        let Some(seat) = room.join(user) else {
            let seats = SEATS as u8;
            return Ok(ArenaJoined::Full { seats });
        };
        let tick = room.tick();
        if let Some(other) = self.sits.insert(user.id, name.clone())
            && other != name
            && let Some(room) = self.rooms.get_mut(&other)
        {
            room.leave(user.id);
        }
        Ok(ArenaJoined::Seated {
            room: Text::cut(name.as_str()),
            seat,
            tick,
            ticks_per_second: TICK_HZ as u8,
            kept_ms: KEPT * 1000 / TICK_HZ,
        })
    }

    /// Where a user sits, else the fullest room in which people have left a seat.
    fn best_for(&self, user: UserId) -> Option<ArenaRoom> {
        if let Some(own) = self.sits.get(&user) {
            return Some(own.clone());
        }
        let rooms = self
            .rooms
            .iter()
            .map(|(name, room)| (room.counts().0, name));
        let free = rooms.filter(|(people, _)| *people < SEATS);
        // Of several, the first by name.
        let best = free.rev().max_by_key(|(people, _)| *people);
        best.map(|(_, name)| name.clone())
    }

    fn new_name(&self) -> Result<ArenaRoom, Error> {
        // One of them is free: there are more names than rooms.
        let names = (1..=self.rules.rooms_max + 1).map(|number| format!("room-{number}").parse());
        let mut free = names
            .flatten()
            .filter(|name| !self.rooms.contains_key(name));
        free.next().ok_or_else(off)
    }

    fn open(&mut self, name: &ArenaRoom, start: u32) -> Result<(), Error> {
        if self.rules.rooms_max == 0 {
            return Err(off());
        }
        if self.rooms.len() >= self.rules.rooms_max {
            let detail = "the arena has as many rooms as it may: join one that there is";
            let mut error = Error::new(ErrorCode::Unavailable, detail);
            error.retry_after_ms = Some(KEPT * 1000 / TICK_HZ);
            return Err(error);
        }
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let Rules {
            bots,
            length,
            records,
            ..
        } = self.rules;
        let room = Room::new(self.seed, start, length, bots, records);
        self.rooms.insert(name.clone(), room);
        Ok(())
    }

    /// Takes a user off a room. Returns whether they sat there.
    pub(super) fn leave(&mut self, user: UserId, name: &ArenaRoom) -> bool {
        let left = self.rooms.get_mut(name).is_some_and(|it| it.leave(user));
        if left {
            self.sits.remove(&user);
        }
        left
    }

    /// Notes what a user does in a room.
    pub(super) fn steer(
        &mut self,
        user: UserId,
        name: &ArenaRoom,
        tick: u32,
        inputs: &[Input],
    ) -> ArenaSteered {
        let Some(room) = self.rooms.get_mut(name) else {
            let none = inputs.iter().map(|_| ArenaTaken::NotSeated);
            return ArenaSteered {
                tick: 0,
                inputs: List::cut(none),
            };
        };
        ArenaSteered {
            tick: room.tick(),
            inputs: List::cut(room.steer(user, tick, inputs.iter().copied())),
        }
    }

    /// Who sits where in a room.
    pub(super) fn players(&self, name: &ArenaRoom) -> ArenaPlayers {
        let room = self.rooms.get(name);
        room.map(Room::players).unwrap_or_default()
    }

    /// The rooms, those with most people first. Who watches, others know.
    pub(super) fn list(&self) -> Vec<ArenaRoomInfo> {
        let info = |(name, room): (&ArenaRoom, &Room)| {
            let (people, bots) = room.counts();
            ArenaRoomInfo {
                room: Text::cut(name.as_str()),
                players: people as u8,
                bots: bots as u8,
                spectators: 0,
                left_ms: room.left() * 1000 / TICK_HZ,
            }
        };
        let mut rooms: Vec<_> = self.rooms.iter().map(info).collect();
        rooms.sort_by_key(|room| std::cmp::Reverse(room.players));
        rooms.truncate(ARENA_LISTED_MAX);
        rooms
    }

    /// The users who sit in a room.
    pub(super) fn people(&self, name: &ArenaRoom) -> Vec<UserId> {
        self.rooms.get(name).map(Room::people).unwrap_or_default()
    }

    /// Learns who reads a room's topic. Ends a room that nobody would miss.
    pub(super) fn look(&mut self, name: &ArenaRoom, watched: bool, present: &[UserId]) {
        let Some(room) = self.rooms.get_mut(name) else {
            return;
        };
        for user in room.look(watched, present) {
            self.sits.remove(&user);
        }
        if room.is_idle() {
            self.rooms.remove(name);
        }
    }

    /// Makes a tick of a room.
    pub(super) fn step(&mut self, name: &ArenaRoom) -> Option<Made> {
        self.rooms.get_mut(name).map(Room::step)
    }
}

#[cfg(test)]
#[path = "hall_tests.rs"]
mod tests;
