//! A game as it arrives: snapshots to show, one's own disc ahead of them, and inputs to send.

use trunkline_arena::{
    Beam, Input, InvalidSnapshot, Pilot, Player, Point, RADIUS, REACH, Refusal, SCALE, SEATS,
    Snapshot, View, reach,
};
use trunkline_protocol::List;
use trunkline_protocol::topics::arena::{
    ARENA_INPUTS_MAX, ArenaEvent, ArenaInput, ArenaPlayers, ArenaSteered, ArenaTaken,
};

use super::controls::Controls;
use super::rows::{Row, rows};

/// What went wrong since the room was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// Snapshots that did not come, since this reader was behind.
    pub skipped: u64,
    /// Snapshots that were not what the server had.
    pub desyncs: u32,
    /// Snapshots that could not be read at all.
    pub broken: u32,
}

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steering {
    /// The tick of the first input.
    pub tick: u32,
    /// What is done, tick by tick.
    pub inputs: List<ArenaInput, ARENA_INPUTS_MAX>,
}

/// A pulse that was fired here, before the server has told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// From there.
    pub from: Point,
    /// As far as the next wall, or as it goes.
    pub to: Point,
}

/// Whether one still has a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// As far as one knows.
    Kept,
    /// The server says not.
    Lost,
}

/// A game of one room.
#[derive(Clone, Debug, Default)]
pub struct Game {
    key: Option<Snapshot>,
    view: View,
    pilot: Option<Pilot>,
    players: ArenaPlayers,
    trouble: Trouble,
    fired: Vec<Fired>,
    round_trip: Option<u64>,
}

impl Game {
    /// A snapshot came, at `now` in microseconds of a clock that does not go back.
    pub fn take_event(&mut self, now: u64, event: &ArenaEvent) {
        let read = match event {
            ArenaEvent::Keyframe { bytes } => Snapshot::from_keyframe(bytes),
            ArenaEvent::Delta { bytes } => match &self.key {
                Some(key) => Snapshot::from_delta(bytes, key),
                None => return,
            },
        };
        match read {
            Ok(snapshot) => {
                if let ArenaEvent::Keyframe { .. } = event {
                    self.key = Some(snapshot.clone());
                }
                if let Some(pilot) = &mut self.pilot {
                    pilot.handle_snapshot(now, &snapshot);
                }
                self.view.handle_snapshot(now, snapshot);
            }
            // The next keyframe is soon.
            Err(InvalidSnapshot::OtherKeyframe) => {}
            Err(InvalidSnapshot::Desync) => self.trouble.desyncs += 1,
            Err(InvalidSnapshot::Broken) => self.trouble.broken += 1,
        }
    }

    /// Snapshots were left out.
    pub fn take_gap(&mut self, count: u64) {
        self.trouble.skipped += count;
    }

    /// The room begins anew, or another one of its name.
    pub fn begin_anew(&mut self) {
        self.key = None;
        self.view = View::default();
        if let Some(pilot) = &self.pilot {
            self.pilot = Some(Pilot::new(
                pilot.seat(),
                self.round_trip.unwrap_or_default(),
            ));
        }
    }

    /// One has a seat. `round_trip` is in microseconds, if one is known.
    pub fn sit(&mut self, seat: u8, round_trip: Option<u64>) {
        if self.seat() != Some(seat) {
            let round_trip = self.round_trip.or(round_trip);
            self.pilot = Some(Pilot::new(seat, round_trip.unwrap_or_default()));
        }
    }

    /// One has no seat any more.
    pub fn stand(&mut self) {
        self.pilot = None;
    }

    /// One's seat.
    pub fn seat(&self) -> Option<u8> {
        self.pilot.as_ref().map(Pilot::seat)
    }

    /// What is to be sent now. `pointed` is where on the map the mouse points.
    pub fn poll_steering(
        &mut self,
        now: u64,
        controls: &mut Controls,
        pointed: Option<Point>,
    ) -> Option<Steering> {
        let pilot = self.pilot.as_mut()?;
        let mut first = None;
        let mut inputs = Vec::new();
        while inputs.len() < ARENA_INPUTS_MAX
            && let Some(tick) = pilot.poll(now)
        {
            // A tick that does not follow is for the next call.
            if *first.get_or_insert(tick) + inputs.len() as u32 != tick {
                break;
            }
            let me = pilot.player();
            let way = me.and_then(|me| Some(pointed?.from(me.at)));
            let input = controls.input(way, self.view.back(now, tick));
            if pilot.steer(tick, input)
                && let Some(me) = pilot.player()
            {
                self.fired.push(fired(&me));
            }
            inputs.push(to_message(input));
        }
        Some(Steering {
            tick: first?,
            inputs: List::cut(inputs),
        })
    }

    /// The server answered what was sent at `sent`.
    pub fn take_answer(&mut self, now: u64, sent: u64, first: u32, answer: &ArenaSteered) -> Seat {
        let trip = now.saturating_sub(sent);
        // A quarter of what is new, so that one slow answer is no slow line.
        let known = self.round_trip.map_or(trip, |known| (known * 3 + trip) / 4);
        self.round_trip = Some(known);
        let Some(pilot) = &mut self.pilot else {
            return Seat::Kept;
        };
        let mut seat = Seat::Kept;
        for (tick, taken) in (first..).zip(answer.inputs.iter()) {
            let early = tick.saturating_sub(answer.tick);
            match taken {
                ArenaTaken::Taken => pilot.handle_taken(tick, early),
                ArenaTaken::TooLate => {
                    let late = answer.tick.saturating_sub(tick);
                    pilot.handle_refused(tick, Refusal::TooLate(late));
                }
                ArenaTaken::TooEarly => pilot.handle_refused(tick, Refusal::TooEarly(early)),
                // Another tab of the same player was quicker.
                ArenaTaken::Twice => {}
                ArenaTaken::NotSeated => seat = Seat::Lost,
            }
        }
        seat
    }

    /// Whether it should be asked who sits where.
    pub fn needs_players(&self) -> bool {
        let newest = self.view.newest();
        newest.is_some_and(|newest| {
            newest.roster != self.players.roster
                || newest.players.iter().flatten().count() != self.players.players.len()
        })
    }

    /// Who sits where.
    pub fn take_players(&mut self, players: ArenaPlayers) {
        self.players = players;
    }

    /// Who plays, those with the highest score first.
    pub fn rows(&self) -> Vec<Row> {
        let newest = self.view.newest();
        newest.map_or_else(Vec::new, |newest| rows(newest, &self.players))
    }

    /// The newest snapshot.
    pub fn newest(&self) -> Option<&Snapshot> {
        self.view.newest()
    }

    /// One's own disc as it is predicted, and where to draw it.
    pub fn own(&self, now: u64) -> Option<(Player, Point)> {
        let pilot = self.pilot.as_ref()?;
        Some((pilot.player()?, pilot.place(now)?))
    }

    /// The last tick that one's own disc is predicted for, and how it is after it.
    pub fn predicted(&self) -> Option<(u32, Player)> {
        self.pilot.as_ref()?.predicted()
    }

    /// The others as they are shown now, by seat.
    pub fn others(&self, now: u64) -> [Option<Player>; SEATS] {
        let mut players = self.view.players(now);
        if let Some(seat) = self.seat() {
            players[usize::from(seat)] = None;
        }
        players
    }

    /// The pulses of others, and where one's own hit, each once.
    pub fn take_beams(&mut self, now: u64) -> Vec<Beam> {
        self.view.take_beams(now)
    }

    /// The pulses that one fired oneself, each once.
    pub fn take_fired(&mut self) -> Vec<Fired> {
        std::mem::take(&mut self.fired)
    }

    /// What went wrong.
    pub fn trouble(&self) -> Trouble {
        self.trouble
    }

    /// The round trip of an input, in microseconds.
    pub fn round_trip(&self) -> Option<u64> {
        self.round_trip
    }

    /// How many inputs came too late, and how far the last prediction was from what was so, in units
    /// of the map.
    pub fn steering(&self) -> Option<(u32, f64)> {
        let pilot = self.pilot.as_ref()?;
        Some((pilot.late(), f64::from(pilot.error()) / f64::from(SCALE)))
    }
}

fn fired(me: &Player) -> Fired {
    let length = reach(me.at, me.aim, REACH * SCALE);
    Fired {
        from: me.at.plus(me.aim.way(RADIUS.min(length))),
        to: me.at.plus(me.aim.way(length)),
    }
}

fn to_message(input: Input) -> ArenaInput {
    ArenaInput {
        does: input.does(),
        aim: input.aim.0,
        view_back: input.view_back,
    }
}

#[cfg(test)]
#[path = "game_tests.rs"]
mod tests;
