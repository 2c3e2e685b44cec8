//! Records: the inputs of a match, which are enough to play it again.

use crate::input::Input;
use crate::world::{Length, Phase, SEATS, World};

/// The longest record, in bytes. A match with 32 players who change what they do all the time has less.
pub const RECORD_LEN_MAX: usize = 2 << 20;

/// How often the hash is kept, in ticks.
const HASH_EVERY: u32 = 30;

/// The first bytes of a record: its kind, and the version of the rules that it was played by.
const MAGIC: [u8; 4] = *b"TLA1";

/// Something that happened.
enum Entry {
    /// A player came.
    Enter(u8),
    /// A player went.
    Leave(u8),
    /// From the next tick on, a player does this.
    Input(u8, Input),
    /// The tick is made, after which the world may have this hash.
    Step(Option<u32>),
}

/// The record of one match, as it grows.
#[derive(Clone, Debug)]
pub struct Record {
    bytes: Vec<u8>,
    inputs: [Input; SEATS],
    start: u32,
    is_full: bool,
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidRecord {
    /// They are no record, or one of other rules.
    Unknown,
    /// They end too early, or say what cannot be. It is the byte at which that shows.
    Broken(usize),
}

/// What came of playing a record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The last tick.
    pub tick: u32,
    /// The hash after it.
    pub hash: u32,
    /// How many hashes were compared.
    pub compared: u32,
    /// The first tick after which the world was not what it had been.
    pub differs_at: Option<u32>,
}

impl Record {
    /// A record of a match that has just begun.
    pub fn of(world: &World) -> Self {
        let (play, pause) = world.length().ticks();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(world.seed().to_le_bytes());
        bytes.extend(world.start().to_le_bytes());
        bytes.extend(world.number().to_le_bytes());
        bytes.push(world.first_roster());
        bytes.extend(play.to_le_bytes());
        bytes.extend(pause.to_le_bytes());
        let mut record = Self {
            bytes,
            inputs: [Input::default(); SEATS],
            start: world.start(),
            is_full: false,
        };
        world.seats().for_each(|seat| record.enter(seat));
        record
    }

    /// A player came, before the next tick.
    pub fn enter(&mut self, seat: u8) {
        self.push(&[1, seat]);
    }

    /// A player went.
    pub fn leave(&mut self, seat: u8) {
        self.push(&[2, seat]);
    }

    /// The world made a step with these inputs.
    pub fn step(&mut self, world: &World, inputs: &[Input; SEATS]) {
        for seat in world.seats() {
            let at = usize::from(seat);
            // While it is the same, it goes on.
            if inputs[at] != self.inputs[at] {
                self.inputs[at] = inputs[at];
                let [low, middle, high, _] = inputs[at].to_bits().to_le_bytes();
                self.push(&[3, seat, low, middle, high]);
            }
        }
        let is_last = world.phase().0 == Phase::Done;
        if is_last || (world.tick().wrapping_sub(self.start)).is_multiple_of(HASH_EVERY) {
            let [a, b, c, d] = world.hash().to_le_bytes();
            self.push(&[5, a, b, c, d]);
        } else {
            self.push(&[4]);
        }
    }

    fn push(&mut self, entry: &[u8]) {
        self.is_full |= self.bytes.len() + entry.len() > RECORD_LEN_MAX;
        if !self.is_full {
            self.bytes.extend_from_slice(entry);
        }
    }

    /// The record so far. Nothing if it is longer than a record may be.
    pub fn bytes(&self) -> Option<&[u8]> {
        (!self.is_full).then_some(&self.bytes)
    }

    /// Plays a record again.
    ///
    /// # Errors
    ///
    /// Why there is nothing to play.
    pub fn replay(bytes: &[u8]) -> Result<Replayed, InvalidRecord> {
        let mut reader = Reader { bytes, at: 0 };
        let mut world = reader.world().ok_or(InvalidRecord::Unknown)?;
        let mut inputs = [Input::default(); SEATS];
        let (mut compared, mut differs_at) = (0, None);
        while reader.at < bytes.len() {
            let at = reader.at;
            let broken = InvalidRecord::Broken(at);
            match reader.entry().ok_or(broken)? {
                Entry::Enter(seat) => world.enter(seat).then_some(()).ok_or(broken)?,
                Entry::Leave(seat) => world.leave(seat).then_some(()).ok_or(broken)?,
                Entry::Input(seat, input) => inputs[usize::from(seat)] = input,
                Entry::Step(hash) => {
                    // No record goes on after its match.
                    if world.phase().0 == Phase::Done {
                        return Err(broken);
                    }
                    world.step(&inputs);
                    compared += u32::from(hash.is_some());
                    if differs_at.is_none() && hash.is_some_and(|hash| hash != world.hash()) {
                        differs_at = Some(world.tick());
                    }
                }
            }
        }
        Ok(Replayed {
            tick: world.tick(),
            hash: world.hash(),
            compared,
            differs_at,
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const COUNT: usize>(&mut self) -> Option<[u8; COUNT]> {
        let bytes = self.bytes.get(self.at..self.at + COUNT)?;
        self.at += COUNT;
        bytes.try_into().ok()
    }

    fn world(&mut self) -> Option<World> {
        if self.take()? != MAGIC || self.bytes.len() > RECORD_LEN_MAX {
            return None;
        }
        let seed = u64::from_le_bytes(self.take()?);
        let start = u32::from_le_bytes(self.take()?);
        let number = u16::from_le_bytes(self.take()?);
        let [roster] = self.take()?;
        let play = u16::from_le_bytes(self.take()?);
        let pause = u16::from_le_bytes(self.take()?);
        let length = Length::of_ticks(play, pause)?;
        // Ticks never run out in a match that could be played.
        (start < u32::MAX / 2).then(|| World::begin(seed, length, (number, start, roster)))
    }

    fn seat(&mut self) -> Option<u8> {
        let [seat] = self.take()?;
        (usize::from(seat) < SEATS).then_some(seat)
    }

    fn entry(&mut self) -> Option<Entry> {
        let [kind] = self.take()?;
        Some(match kind {
            1 => Entry::Enter(self.seat()?),
            2 => Entry::Leave(self.seat()?),
            3 => {
                let seat = self.seat()?;
                let [low, middle, high] = self.take()?;
                let bits = u32::from_le_bytes([low, middle, high, 0]);
                Entry::Input(seat, Input::from_bits(bits)?)
            }
            4 => Entry::Step(None),
            5 => Entry::Step(Some(u32::from_le_bytes(self.take()?))),
            _ => return None,
        })
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
