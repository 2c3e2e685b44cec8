//! What a page shows of the others: a little in the past, so that there is always a snapshot before
//! and one after.

use std::collections::VecDeque;

use crate::SEATS;
use crate::angle::Angle;
use crate::clock::{PARTS, TickClock};
use crate::player::Player;
use crate::point::{Point, SCALE};
use crate::snapshot::Snapshot;
use crate::{RADIUS, VIEW_BACK_MAX};

/// How far in the past others are shown, in parts of a tick: 83 ms.
const BACK: i64 = PARTS * 5 / 2;

/// How many snapshots are kept.
const KEPT: usize = 12;

/// A disc that went farther between two ticks was put elsewhere.
const LEAP: i32 = 40 * SCALE;

/// A pulse to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beam {
    /// Who fired it.
    pub by: u8,
    /// From the edge of its disc.
    pub from: Point,
    /// To what stopped it.
    pub to: Point,
    /// Who was hit.
    pub hit: Option<u8>,
    /// Whether they are out.
    pub out: bool,
}

/// The snapshots that a page has, between which it shows the others.
#[derive(Clone, Debug, Default)]
pub struct View {
    clock: TickClock,
    kept: VecDeque<Snapshot>,
    /// The tick whose pulses were drawn last.
    drawn: u32,
}

impl View {
    /// A snapshot came. Of two of one tick, and of one that is older, the newer one stays.
    pub fn handle_snapshot(&mut self, now: u64, snapshot: Snapshot) {
        self.clock.handle_tick(now, snapshot.tick);
        if self
            .kept
            .back()
            .is_some_and(|last| last.tick >= snapshot.tick)
        {
            return;
        }
        if self.kept.is_empty() {
            self.drawn = snapshot.tick.saturating_sub(1);
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(snapshot);
    }

    /// The newest snapshot.
    pub fn newest(&self) -> Option<&Snapshot> {
        self.kept.back()
    }

    /// The moment that is shown, in parts of a tick; never after the newest snapshot.
    fn moment(&self, now: u64) -> Option<i64> {
        let newest = i64::from(self.kept.back()?.tick) * PARTS;
        Some((self.clock.tick(now)? - BACK).min(newest))
    }

    /// How many ticks before `tick` the others are as they are shown: what an [`crate::Input`] says.
    pub fn back(&self, now: u64, tick: u32) -> u8 {
        let Some(moment) = self.moment(now) else {
            return 0;
        };
        let back = i64::from(tick) - (moment + PARTS / 2).div_euclid(PARTS);
        back.clamp(0, i64::from(VIEW_BACK_MAX)) as u8
    }

    /// The others as they are shown now, by seat: each between two snapshots.
    pub fn players(&self, now: u64) -> [Option<Player>; SEATS] {
        let Some(moment) = self.moment(now) else {
            return [None; SEATS];
        };
        let is_before = |snapshot: &&Snapshot| i64::from(snapshot.tick) * PARTS <= moment;
        let before = self.kept.iter().rev().find(is_before);
        let after = self.kept.iter().find(|snapshot| !is_before(snapshot));
        match (before, after) {
            (Some(before), Some(after)) => between(before, after, moment),
            (Some(only), None) | (None, Some(only)) => only.players,
            (None, None) => [None; SEATS],
        }
    }

    /// The pulses that are to be seen from now on, each once.
    pub fn take_beams(&mut self, now: u64) -> Vec<Beam> {
        let Some(moment) = self.moment(now) else {
            return Vec::new();
        };
        let mut beams = Vec::new();
        for snapshot in &self.kept {
            let is_due = i64::from(snapshot.tick) * PARTS <= moment;
            if is_due && snapshot.tick > self.drawn {
                self.drawn = snapshot.tick;
                beams.extend(beams_of(snapshot));
            }
        }
        beams
    }
}

fn beams_of(snapshot: &Snapshot) -> impl Iterator<Item = Beam> {
    snapshot.shots.iter().filter_map(|shot| {
        let player = snapshot.players.get(usize::from(shot.by))?.as_ref()?;
        let length = i32::from(shot.length) * SCALE;
        Some(Beam {
            by: shot.by,
            from: player.at.plus(player.aim.way(RADIUS.min(length))),
            to: player.at.plus(player.aim.way(length)),
            hit: shot.hit,
            out: shot.out,
        })
    })
}

fn between(before: &Snapshot, after: &Snapshot, moment: i64) -> [Option<Player>; SEATS] {
    let span = i64::from(after.tick - before.tick) * PARTS;
    let part = moment - i64::from(before.tick) * PARTS;
    let mix = |from: i32, to: i32| from + (i64::from(to - from) * part / span) as i32;
    let mut shown = before.players;
    for (shown, after) in shown.iter_mut().zip(&after.players) {
        let (Some(shown), Some(after)) = (shown, after) else {
            continue;
        };
        let leap = LEAP * i32::try_from(span / PARTS).unwrap_or(1);
        if after.at.from(shown.at).length() > leap {
            continue;
        }
        shown.at = Point::new(mix(shown.at.x, after.at.x), mix(shown.at.y, after.at.y));
        let turn = i32::from(shown.aim.turn_to(after.aim));
        shown.aim = Angle(shown.aim.0.wrapping_add(mix(0, turn) as u8));
    }
    shown
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
