//! Rooms of broadcasts: who has the seat, what is taken from there, and when it is over.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_protocol::topics::live::{
    LiveCodec, LiveEnd, LiveEvent, LiveForm, LiveReport, LiveRoom, LiveRoomInfo, LiveSeat,
    LiveSource, LiveTitle,
};
use trunkline_protocol::{Error, ErrorCode, Moment, Text, Timestamp, User, UserId};

use super::allowance::{Allowance, Meter};
use super::audience::{Audience, Sight};
use super::run::{PART_COST, Run, invalid};
use crate::config::LiveLimits;

/// How far numbers of runs jump when a seat is taken anew, so that what still comes from where the
/// broadcaster was before has a lower one.
const RUNS_PER_SEAT: u32 = 1_000;

/// The most broadcasts of one user at a time: a camera and a screen.
const ROOMS_PER_USER_MAX: usize = 2;

/// How often a broadcaster may be told within [`REFUSALS_WITHIN`] to be slower. Then it is over.
const REFUSALS_MAX: u32 = 200;

const REFUSALS_WITHIN: Duration = Duration::from_secs(10);

/// What somebody wants to broadcast, after its words were checked.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) room: LiveRoom,
    pub(super) title: LiveTitle,
    pub(super) source: LiveSource,
    pub(super) bitrate: u32,
    pub(super) at: Timestamp,
}

/// All broadcasts.
#[derive(Debug)]
pub(crate) struct Rooms {
    limits: LiveLimits,
    rooms: BTreeMap<LiveRoom, Room>,
    /// Broadcasts that are over, of which the viewers are to be told.
    over: Vec<(LiveRoom, LiveEnd)>,
}

/// One broadcast.
#[derive(Debug)]
struct Room {
    broadcaster: User,
    title: LiveTitle,
    source: LiveSource,
    since: Timestamp,
    begun_at: Moment,
    ends_at: Moment,
    heard_at: Moment,
    bitrate: u32,
    allowance: Allowance,
    meter: Meter,
    /// The lowest number that the next run may have.
    next_run: u32,
    run: Option<Run>,
    /// The newest run's codec, for the list.
    video: LiveCodec,
    form: Option<LiveForm>,
    /// Refusals for being too fast, and since when they are counted.
    refusals: (u32, Moment),
    audience: Audience,
}

impl Rooms {
    pub(super) fn new(limits: LiveLimits) -> Self {
        Self {
            limits,
            rooms: BTreeMap::new(),
            over: Vec::new(),
        }
    }

    /// Gives a user the seat of a room, or again.
    pub(super) fn begin(
        &mut self,
        now: Moment,
        user: &User,
        wish: Wish,
    ) -> Result<LiveSeat, Error> {
        if wish.bitrate == 0 {
            return Err(invalid("a broadcast has a bitrate"));
        }
        let bitrate = wish.bitrate.min(self.limits.bitrate_max);
        if !self.rooms.contains_key(&wish.room) {
            self.check_room_for(user)?;
        }
        let ends_at = now + self.limits.life_max;
        let room = self.rooms.entry(wish.room).or_insert_with(|| Room {
            broadcaster: user.clone(),
            title: wish.title.clone(),
            source: wish.source,
            since: wish.at,
            begun_at: now,
            ends_at,
            heard_at: now,
            bitrate,
            allowance: Allowance::new(bitrate, now),
            meter: Meter::default(),
            next_run: 1,
            run: None,
            video: Text::default(),
            form: None,
            refusals: (0, now),
            audience: Audience::default(),
        });
        if room.broadcaster.id != user.id {
            return Err(Error::new(
                ErrorCode::Forbidden,
                "somebody else broadcasts in this room",
            ));
        }
        if let Some(run) = room.run.take() {
            room.next_run = run.number.saturating_add(RUNS_PER_SEAT);
        }
        // The name may be another by now.
        room.broadcaster = user.clone();
        (room.title, room.source) = (wish.title, wish.source);
        if room.bitrate != bitrate {
            // Nobody gets another burst by asking again.
            room.bitrate = bitrate;
            room.allowance.change(bitrate, now);
        }
        room.heard_at = now;
        Ok(LiveSeat {
            run: room.next_run,
            bitrate,
            seconds_left: seconds(room.ends_at.since(now)),
            silence_max_ms: millis(self.limits.silence_max),
        })
    }

    /// Refuses one broadcast too many.
    fn check_room_for(&self, user: &User) -> Result<(), Error> {
        let own = |room: &&Room| room.broadcaster.id == user.id;
        let detail = if self.rooms.len() >= self.limits.rooms_max {
            "this server has as many broadcasts as it may have"
        } else if self.rooms.values().filter(own).count() >= ROOMS_PER_USER_MAX {
            "you have as many broadcasts as you may have"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorCode::Unavailable, detail))
    }

    /// Takes what a broadcaster sends. Viewers get what is taken.
    pub(crate) fn take(
        &mut self,
        now: Moment,
        user: UserId,
        name: &LiveRoom,
        event: &LiveEvent,
    ) -> Result<(), Error> {
        let seat = self.rooms.get_mut(name);
        let Some(room) = seat.filter(|room| room.broadcaster.id == user) else {
            let detail = "you do not broadcast in this room: call live.begin first";
            return Err(Error::new(ErrorCode::Forbidden, detail));
        };
        if let LiveEvent::Ended { reason } = event {
            if *reason != LiveEnd::Done {
                return Err(invalid("only the server ends a broadcast for this reason"));
            }
            self.rooms.remove(name);
            return Ok(());
        }
        room.heard_at = now;
        match room.take(now, event) {
            Taken::All => Ok(()),
            Taken::Refused(error) => Err(error),
            Taken::Over => {
                self.rooms.remove(name);
                self.over.push((name.clone(), LiveEnd::TooFast));
                let detail = "this broadcast is over: it brought more than was agreed";
                Err(Error::new(ErrorCode::Forbidden, detail))
            }
        }
    }

    /// This process did not run for a while and heard nobody: silence counts from now.
    pub(super) fn handle_absence(&mut self, now: Moment) {
        for room in self.rooms.values_mut() {
            room.heard_at = now;
        }
    }

    /// Ends broadcasts of which nothing is heard, and those that have lasted long enough. Returns
    /// all that ended by themselves since it was asked last.
    pub(super) fn handle_timeout(&mut self, now: Moment) -> Vec<(LiveRoom, LiveEnd)> {
        let silence_max = self.limits.silence_max;
        let over = &mut self.over;
        self.rooms.retain(|name, room| {
            let reason = if room.ends_at <= now {
                LiveEnd::TimeOver
            } else if room.heard_at + silence_max <= now {
                LiveEnd::Lost
            } else {
                return true;
            };
            over.push((name.clone(), reason));
            false
        });
        std::mem::take(over)
    }

    /// All broadcasts, as they are listed. Viewers are counted elsewhere.
    pub(super) fn list(&self, now: Moment) -> Vec<(LiveRoom, LiveRoomInfo)> {
        let info = |(name, room): (&LiveRoom, &Room)| {
            let info = LiveRoomInfo {
                room: Text::cut(name.as_str()),
                title: room.title.clone(),
                broadcaster: room.broadcaster.clone(),
                source: room.source,
                since: room.since,
                viewers: 0,
                bitrate: room.meter.bitrate(now, room.begun_at),
                form: room.form,
                video: room.video.clone(),
            };
            (name.clone(), info)
        };
        self.rooms.iter().map(info).collect()
    }

    /// Takes a viewer's report. Returns the bitrate of the broadcast.
    pub(super) fn report(
        &mut self,
        now: Moment,
        viewer: UserId,
        name: &LiveRoom,
        report: &LiveReport,
    ) -> Result<u32, Error> {
        let room = self.rooms.get_mut(name).ok_or_else(nothing_there)?;
        // A broadcaster who watches knows best how that looks.
        if viewer != room.broadcaster.id {
            room.audience.report(now, viewer, report);
        }
        Ok(room.meter.bitrate(now, room.begun_at))
    }

    /// How well a broadcaster's viewers see, the bitrate, and how many seconds are left.
    pub(super) fn sight(
        &mut self,
        now: Moment,
        user: UserId,
        name: &LiveRoom,
    ) -> Result<(Sight, u32, u32), Error> {
        let room = self.rooms.get_mut(name).ok_or_else(nothing_there)?;
        if room.broadcaster.id != user {
            let detail = "this is for the broadcaster alone";
            return Err(Error::new(ErrorCode::Forbidden, detail));
        }
        let left = seconds(room.ends_at.since(now));
        let bitrate = room.meter.bitrate(now, room.begun_at);
        Ok((room.audience.sight(now), bitrate, left))
    }
}

/// What became of an event.
enum Taken {
    All,
    Refused(Error),
    /// It was refused too often.
    Over,
}

impl Room {
    fn take(&mut self, now: Moment, event: &LiveEvent) -> Taken {
        let len = match event {
            LiveEvent::Run { init, .. } => init.len() + 2 * PART_COST,
            LiveEvent::Part { bytes, .. } => bytes.len() + PART_COST,
            LiveEvent::Ended { .. } => 0,
        };
        // What is refused for another reason costs as much, so that rubbish has the same bound.
        if let Err(wait) = self.allowance.take(now, len) {
            return self.refuse(now, wait);
        }
        let taken = match event {
            LiveEvent::Run { video, .. } => Run::begin(event, self.next_run).map(|run| {
                self.next_run = run.number.saturating_add(1);
                (self.video, self.form) = (video.clone(), Some(run.form));
                self.run = Some(run);
            }),
            LiveEvent::Part { .. } | LiveEvent::Ended { .. } => match &mut self.run {
                Some(run) => run.take(event),
                None => Err(invalid("a broadcast begins with a run")),
            },
        };
        match taken {
            Ok(()) => {
                self.meter.add(now, len);
                Taken::All
            }
            Err(error) => Taken::Refused(error),
        }
    }

    fn refuse(&mut self, now: Moment, wait: Duration) -> Taken {
        let (count, since) = &mut self.refusals;
        if now.since(*since) > REFUSALS_WITHIN {
            (*count, *since) = (0, now);
        }
        *count += 1;
        if *count > REFUSALS_MAX {
            return Taken::Over;
        }
        let detail = "this is more than was agreed: leave it out, and begin another run";
        let mut error = Error::new(ErrorCode::TooFast, detail);
        error.retry_after_ms = Some(millis(wait));
        Taken::Refused(error)
    }
}

fn nothing_there() -> Error {
    Error::new(ErrorCode::NotKept, "nothing is broadcast in this room")
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
