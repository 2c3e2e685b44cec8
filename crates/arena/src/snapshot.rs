//! Snapshots: all that there is to see after a tick, whole or as what changed since a keyframe.
//!
//! Each ends with a hash of what it says, as it was before it was encoded: who reads it has the same
//! snapshot, or knows that it has not.

use crate::SEATS;
use crate::angle::Angle;
use crate::bits::{BitReader, BitWriter};
use crate::player::{Life, Player};
use crate::point::Point;
use crate::shot::Shot;

/// How many ticks there are from one keyframe to the next.
pub const KEYFRAME_EVERY: u32 = 15;

/// The longest snapshot, in bytes: more than 32 players have.
pub const SNAPSHOT_LEN_MAX: usize = 700;

/// The bits in which the ticks since a keyframe are told.
const SINCE: u32 = 6;

/// The widths of what a disc has gone more or less than its velocity says.
const DRIFT: [u32; 4] = [0, 5, 8, 15];

/// The widths of what it has turned.
const TURN: [u32; 4] = [0, 4, 6, 8];

/// All that there is to see after a tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The tick.
    pub tick: u32,
    /// Which match of its room this is, from 1 on.
    pub number: u16,
    /// Whether it is played; if not, it is over, and the next one follows.
    pub playing: bool,
    /// How many ticks are left until that changes.
    pub left: u16,
    /// Another number whenever somebody came or went.
    pub roster: u8,
    /// The discs, by seat.
    pub players: [Option<Player>; SEATS],
    /// The pulses of this tick, at most one of each player.
    pub shots: Vec<Shot>,
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidSnapshot {
    /// They are not what a server sends.
    Broken,
    /// They say what changed since a keyframe that is not the one at hand.
    OtherKeyframe,
    /// What they say is not what the server had: the two sides do not agree.
    Desync,
}

impl Snapshot {
    /// The whole of it: at most [`SNAPSHOT_LEN_MAX`] bytes.
    pub fn to_keyframe(&self) -> Vec<u8> {
        let mut bits = BitWriter::default();
        self.put_whole(&mut bits);
        bits.put(self.hash(), 32);
        bits.into_bytes()
    }

    /// What changed since a keyframe. Nothing if that is 64 ticks ago, or more.
    pub fn to_delta(&self, key: &Self) -> Option<Vec<u8>> {
        let since = self.tick.checked_sub(key.tick)?;
        if since >> SINCE != 0 {
            return None;
        }
        let mut bits = BitWriter::default();
        bits.put(since, SINCE);
        bits.put(key.tick & 0xff, 8);
        if bits.flag(self.header() != key.header_after(since)) {
            self.put_header(&mut bits);
        }
        for (player, before) in self.players.iter().zip(&key.players) {
            if let Some(player) = player {
                match before {
                    Some(before) => put_change(&mut bits, player, before, since),
                    None => put_player(&mut bits, player),
                }
            }
        }
        put_shots(&mut bits, &self.shots);
        bits.put(self.hash(), 32);
        Some(bits.into_bytes())
    }

    /// Reads a keyframe.
    ///
    /// # Errors
    ///
    /// Why there is no snapshot.
    pub fn from_keyframe(bytes: &[u8]) -> Result<Self, InvalidSnapshot> {
        let mut bits = BitReader::new(bytes);
        let snapshot = take_whole(&mut bits).ok_or(InvalidSnapshot::Broken)?;
        snapshot.checked(bits)
    }

    /// Reads what changed since a keyframe.
    ///
    /// # Errors
    ///
    /// Why there is no snapshot.
    pub fn from_delta(bytes: &[u8], key: &Self) -> Result<Self, InvalidSnapshot> {
        use InvalidSnapshot::{Broken, OtherKeyframe};
        let mut bits = BitReader::new(bytes);
        let since = bits.take(SINCE).ok_or(Broken)?;
        if bits.take(8).ok_or(Broken)? != key.tick & 0xff {
            return Err(OtherKeyframe);
        }
        let snapshot = take_delta(&mut bits, key, since).ok_or(Broken)?;
        snapshot.checked(bits)
    }

    fn checked(self, mut bits: BitReader<'_>) -> Result<Self, InvalidSnapshot> {
        let hash = bits.take(32).ok_or(InvalidSnapshot::Broken)?;
        if !bits.ends() {
            return Err(InvalidSnapshot::Broken);
        }
        if hash != self.hash() {
            return Err(InvalidSnapshot::Desync);
        }
        Ok(self)
    }

    /// A hash of all of it (FNV-1a, 32 bits, of the bytes of a keyframe).
    pub fn hash(&self) -> u32 {
        let mut bits = BitWriter::default();
        self.put_whole(&mut bits);
        let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        bits.into_bytes().iter().fold(0x811c_9dc5, step)
    }

    fn put_whole(&self, bits: &mut BitWriter) {
        bits.put(self.tick, 32);
        self.put_header(bits);
        for player in self.players.iter().flatten() {
            put_player(bits, player);
        }
        put_shots(bits, &self.shots);
    }

    fn header(&self) -> Header {
        let taken = self.players.iter().enumerate();
        Header {
            number: self.number,
            playing: self.playing,
            left: self.left,
            roster: self.roster,
            seats: taken.fold(0, |seats, (seat, it)| {
                seats | u32::from(it.is_some()) << seat
            }),
        }
    }

    fn header_after(&self, ticks: u32) -> Header {
        let left = u32::from(self.left).saturating_sub(ticks);
        Header {
            left: left as u16,
            ..self.header()
        }
    }

    fn put_header(&self, bits: &mut BitWriter) {
        let header = self.header();
        bits.put(u32::from(header.number), 16);
        bits.flag(header.playing);
        bits.put(u32::from(header.left), 16);
        bits.put(u32::from(header.roster), 8);
        bits.put(header.seats, 32);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Header {
    number: u16,
    playing: bool,
    left: u16,
    roster: u8,
    /// A bit for each seat that is taken.
    seats: u32,
}

impl Header {
    fn take(bits: &mut BitReader<'_>) -> Option<Self> {
        Some(Self {
            number: bits.take(16)? as u16,
            playing: bits.flag()?,
            left: bits.take(16)? as u16,
            roster: bits.take(8)? as u8,
            seats: bits.take(32)?,
        })
    }

    fn snapshot(self, tick: u32) -> Snapshot {
        Snapshot {
            tick,
            number: self.number,
            playing: self.playing,
            left: self.left,
            roster: self.roster,
            players: [None; SEATS],
            shots: Vec::new(),
        }
    }

    fn taken(self) -> impl Iterator<Item = usize> {
        (0..SEATS).filter(move |seat| self.seats >> seat & 1 == 1)
    }
}

fn take_whole(bits: &mut BitReader<'_>) -> Option<Snapshot> {
    let tick = bits.take(32)?;
    let header = Header::take(bits)?;
    let mut snapshot = header.snapshot(tick);
    for seat in header.taken() {
        snapshot.players[seat] = Some(take_player(bits)?);
    }
    snapshot.shots = take_shots(bits)?;
    Some(snapshot)
}

fn take_delta(bits: &mut BitReader<'_>, key: &Snapshot, since: u32) -> Option<Snapshot> {
    let header = if bits.flag()? {
        Header::take(bits)?
    } else {
        key.header_after(since)
    };
    let mut snapshot = header.snapshot(key.tick.checked_add(since)?);
    for seat in header.taken() {
        snapshot.players[seat] = Some(match &key.players[seat] {
            Some(before) => take_change(bits, before, since)?,
            None => take_player(bits)?,
        });
    }
    snapshot.shots = take_shots(bits)?;
    Some(snapshot)
}

fn put_player(bits: &mut BitWriter, player: &Player) {
    bits.put(player.at.x as u32, 14);
    bits.put(player.at.y as u32, 13);
    put_velocity(bits, player.velocity);
    bits.put(u32::from(player.aim.0), 8);
    put_life(bits, player.life);
    bits.put(u32::from(player.health), 2);
    bits.put(u32::from(player.score), 10);
    put_times(bits, player);
}

fn take_player(bits: &mut BitReader<'_>) -> Option<Player> {
    let mut player = Player {
        at: Point::new(bits.take(14)? as i32, bits.take(13)? as i32),
        velocity: take_velocity(bits)?,
        aim: Angle(bits.take(8)? as u8),
        life: take_life(bits)?,
        health: bits.take(2)? as u8,
        score: bits.take(10)? as u16,
        ready_in: 0,
        safe_for: 0,
        heals_in: 0,
    };
    take_times(bits, &mut player)?;
    Some(player)
}

/// What a disc is expected to be at after so many ticks, if nothing happens to it.
fn expected(before: &Player, ticks: u32) -> Player {
    let ticks = u8::try_from(ticks).unwrap_or(u8::MAX);
    Player {
        life: match before.life {
            Life::In => Life::In,
            Life::Out(left) => Life::Out(left.saturating_sub(ticks)),
        },
        ready_in: before.ready_in.saturating_sub(ticks),
        safe_for: before.safe_for.saturating_sub(ticks),
        heals_in: before.heals_in.saturating_sub(ticks),
        ..*before
    }
}

/// Where a disc is expected whose velocity changed evenly.
fn drifted(before: &Player, velocity: Point, ticks: u32) -> Point {
    let gone = |old: i32, new: i32| (old + new) * ticks as i32 / 2;
    let way = Point::new(
        gone(before.velocity.x, velocity.x),
        gone(before.velocity.y, velocity.y),
    );
    before.at.plus(way)
}

fn put_change(bits: &mut BitWriter, player: &Player, before: &Player, since: u32) {
    let expected = expected(before, since);
    if bits.flag(player.velocity != before.velocity) {
        put_velocity(bits, player.velocity);
    }
    let drift = player.at.from(drifted(before, player.velocity, since));
    if bits.flag(drift != Point::default()) {
        bits.sized(drift.x, DRIFT);
        bits.sized(drift.y, DRIFT);
    }
    bits.sized(i32::from(before.aim.turn_to(player.aim)), TURN);
    if !bits.flag(player_rest(player) != player_rest(&expected)) {
        return;
    }
    if bits.flag(player.life != expected.life) {
        put_life(bits, player.life);
    }
    if bits.flag((player.health, player.score) != (expected.health, expected.score)) {
        bits.put(u32::from(player.health), 2);
        bits.put(u32::from(player.score), 10);
    }
    if bits.flag(times(player) != times(&expected)) {
        put_times(bits, player);
    }
}

fn take_change(bits: &mut BitReader<'_>, before: &Player, since: u32) -> Option<Player> {
    let mut player = expected(before, since);
    if bits.flag()? {
        player.velocity = take_velocity(bits)?;
    }
    player.at = drifted(before, player.velocity, since);
    if bits.flag()? {
        let drift = Point::new(bits.sized(DRIFT)?, bits.sized(DRIFT)?);
        player.at = player.at.plus(drift);
    }
    player.aim.0 = before.aim.0.wrapping_add(bits.sized(TURN)? as u8);
    if !bits.flag()? {
        return is_on_field(&player).then_some(player);
    }
    if bits.flag()? {
        player.life = take_life(bits)?;
    }
    if bits.flag()? {
        player.health = bits.take(2)? as u8;
        player.score = bits.take(10)? as u16;
    }
    if bits.flag()? {
        take_times(bits, &mut player)?;
    }
    is_on_field(&player).then_some(player)
}

/// Whether its place can be told at all: a change can say anything.
fn is_on_field(player: &Player) -> bool {
    player.at.x as u32 >> 14 == 0 && player.at.y as u32 >> 13 == 0
}

type Times = (u8, u8, u8);

fn times(player: &Player) -> Times {
    (player.ready_in, player.safe_for, player.heals_in)
}

fn player_rest(player: &Player) -> (Life, u8, u16, Times) {
    (player.life, player.health, player.score, times(player))
}

fn put_velocity(bits: &mut BitWriter, velocity: Point) {
    if bits.flag(velocity != Point::default()) {
        bits.signed(velocity.x, 7);
        bits.signed(velocity.y, 7);
    }
}

fn take_velocity(bits: &mut BitReader<'_>) -> Option<Point> {
    if !bits.flag()? {
        return Some(Point::default());
    }
    Some(Point::new(bits.signed(7)?, bits.signed(7)?))
}

fn put_life(bits: &mut BitWriter, life: Life) {
    match life {
        Life::In => bits.put(0, 1),
        Life::Out(left) => {
            bits.put(1, 1);
            bits.put(u32::from(left), 6);
        }
    }
}

fn take_life(bits: &mut BitReader<'_>) -> Option<Life> {
    Some(if bits.flag()? {
        Life::Out(bits.take(6)? as u8)
    } else {
        Life::In
    })
}

fn put_times(bits: &mut BitWriter, player: &Player) {
    for (time, count) in [
        (player.ready_in, 4),
        (player.safe_for, 6),
        (player.heals_in, 8),
    ] {
        if bits.flag(time > 0) {
            bits.put(u32::from(time), count);
        }
    }
}

fn take_times(bits: &mut BitReader<'_>, player: &mut Player) -> Option<()> {
    for (time, count) in [
        (&mut player.ready_in, 4),
        (&mut player.safe_for, 6),
        (&mut player.heals_in, 8),
    ] {
        *time = if bits.flag()? {
            bits.take(count)? as u8
        } else {
            0
        };
    }
    Some(())
}

fn put_shots(bits: &mut BitWriter, shots: &[Shot]) {
    bits.put(shots.len() as u32, 6);
    for shot in shots {
        bits.put(u32::from(shot.by), 5);
        bits.put(u32::from(shot.length), 10);
        if bits.flag(shot.hit.is_some()) {
            bits.put(u32::from(shot.hit.unwrap_or_default()), 5);
            bits.flag(shot.out);
        }
    }
}

fn take_shots(bits: &mut BitReader<'_>) -> Option<Vec<Shot>> {
    let count = bits.take(6)?;
    if count as usize > SEATS {
        return None;
    }
    let mut shots = Vec::with_capacity(count as usize);
    for _ in 0..count {
        let (by, length) = (bits.take(5)? as u8, bits.take(10)? as u16);
        let hit = if bits.flag()? {
            Some((bits.take(5)? as u8, bits.flag()?))
        } else {
            None
        };
        shots.push(Shot {
            by,
            length,
            hit: hit.map(|(hit, _)| hit),
            out: hit.is_some_and(|(_, out)| out),
        });
    }
    Some(shots)
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
