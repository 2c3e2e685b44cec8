//! A crowd: all connections to one server, and the loop that lets them speak and listen.
//!
//! A burst is either closed (so many messages under way, the next when one is complete) or open
//! (messages are due at fixed moments, whether the server keeps up or not). Latency runs from when
//! a message is due: who waits for answers does not see how long those would have waited that came
//! meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mio::{Events, Poll, Token};

use super::burst::Burst;
use super::connection::Connection;
use super::language::{Language, Place};
use super::ledger::Ledger;
use super::stamp::Stamp;
use super::websocket::BUFFER_LEN;

/// How long nothing may come while something is missing.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a crowd may take to come, all together.
const OPENING_MAX: Duration = Duration::from_secs(90);

/// How many connections open at once.
const OPENING_AT_ONCE: usize = 128;

/// How long a server has to finish what it does for a newcomer after it has answered the upgrade.
const SETTLING: Duration = Duration::from_millis(500);

/// How many publishes a connection has unacknowledged at most; ours would refuse a few more.
const UNTAKEN_MAX: usize = 60;

/// Below this, waiting would be less exact than looking again at once.
const NAP_MIN: Duration = Duration::from_millis(2);

/// A server, and what it speaks.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) language: Language,
}

/// What one connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// Takes part in the room of this number, as its speaker if it is the first.
    Reader(u32),
    /// Joins the room and never reads again.
    Deaf(u32),
    /// Calls, and is answered.
    Caller,
}

/// When messages are said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// This many are under way at a time.
    Closed(usize),
    /// This many are due per second.
    PerSecond(u32),
}

/// All connections to a server.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    target: Target,
    seats: Vec<Seat>,
    connections: Vec<Connection>,
    /// The reader's number in the ledger, connection by connection.
    readers: Vec<usize>,
    /// The connection that speaks, room by room.
    speakers: Vec<usize>,
    ledger: Ledger,
    clock: Instant,
    dice: u64,
    last: Instant,
    found: Burst,
    /// The number of the answer that each caller waits for.
    calls: Vec<u32>,
}

impl Crowd {
    /// Connects all, and waits until every conversation is open.
    pub(crate) fn gather(target: Target, seats: Vec<Seat>) -> Result<Self> {
        let mut crowd = Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER_LEN].into_boxed_slice(),
            target,
            connections: Vec::with_capacity(seats.len()),
            readers: Vec::with_capacity(seats.len()),
            speakers: Vec::new(),
            ledger: Ledger::new(rooms_of(&seats)),
            calls: vec![0; seats.len()],
            seats,
            clock: Instant::now(),
            dice: 0x9e37_79b9_7f4a_7c15,
            last: Instant::now(),
            found: Burst::new()?,
        };
        crowd.take_seats();
        crowd.open()?;
        if crowd.target.language.opens_with_upgrade() {
            std::thread::sleep(SETTLING);
        }
        Ok(crowd)
    }

    /// Reads what has come meanwhile, and answers heartbeats.
    pub(crate) fn tend(&mut self) -> Result<()> {
        while self.turn(Some(Duration::ZERO))? > 0 {}
        Ok(())
    }

    /// Lets the speakers speak, in rooms at random, until the time is over and everybody has
    /// everything.
    pub(crate) fn burst(&mut self, pace: Pace, length: Duration) -> Result<Burst> {
        self.tend()?;
        self.found = Burst::new()?;
        let start = Instant::now();
        loop {
            let (over, nap) = match pace {
                Pace::Closed(most) => {
                    let over = start.elapsed() >= length;
                    while !over && self.may_speak(most) {
                        self.speak(Instant::now())?;
                    }
                    (over, PATIENCE / 10)
                }
                Pace::PerSecond(rate) => {
                    let moment = |number: u64| start + Duration::from_secs(number) / rate;
                    self.speak_when_due(&moment, start + length)?;
                    let next = moment(self.found.publishes);
                    let over = next >= start + length;
                    (over, nap_until(next, over))
                }
            };
            if over && self.is_complete() {
                break;
            }
            self.turn(Some(nap))?;
            if self.last.elapsed() > PATIENCE {
                self.ledger.give_up();
                break;
            }
        }
        Ok(self.finish(start))
    }

    /// Lets every caller call again when it is answered, until the time is over.
    pub(crate) fn calls(&mut self, length: Duration) -> Result<Burst> {
        self.tend()?;
        self.found = Burst::new()?;
        let start = Instant::now();
        let end = start + length;
        for caller in 0..self.connections.len() {
            self.call(caller)?;
        }
        let mut waiting = self.connections.len() as u64;
        let mut answered = Vec::new();
        while waiting > 0 {
            let before = self.found.deliveries;
            self.turn_for(Some(PATIENCE / 10), &mut answered)?;
            waiting -= self.found.deliveries - before;
            let now = Instant::now();
            for caller in answered.drain(..) {
                if now < end {
                    self.call(caller)?;
                    waiting += 1;
                }
            }
            if self.last.elapsed() > PATIENCE {
                self.found.faults.lost += waiting;
                break;
            }
        }
        Ok(self.finish(start))
    }

    /// Ends all connections at once.
    pub(crate) fn end(self) -> Result<()> {
        self.connections.into_iter().try_for_each(Connection::end)
    }

    fn take_seats(&mut self) {
        for (at, seat) in self.seats.iter().enumerate() {
            let reader = match *seat {
                Seat::Reader(room) => {
                    if self.speakers.len() <= room as usize {
                        self.speakers.push(at);
                    }
                    self.ledger.add_reader(room)
                }
                Seat::Deaf(_) | Seat::Caller => usize::MAX,
            };
            self.readers.push(reader);
        }
    }

    fn open(&mut self) -> Result<()> {
        let start = Instant::now();
        let (mut open, mut newly) = (0, Vec::new());
        while open < self.seats.len() {
            while self.connections.len() < self.seats.len()
                && self.connections.len() - open < OPENING_AT_ONCE
            {
                self.dial()?;
            }
            self.poll.poll(&mut self.events, Some(PATIENCE / 10))?;
            newly.extend(self.events.iter().map(|event| event.token().0));
            for at in newly.drain(..) {
                let connection = &mut self.connections[at];
                let was_open = connection.is_open();
                connection.flush()?;
                let opened = connection.receive(&mut self.buffer, &self.target.language, |_| {});
                opened.context("a conversation does not open")?;
                open += usize::from(!was_open && connection.is_open());
            }
            ensure!(
                start.elapsed() < OPENING_MAX,
                "{open} of {} conversations are open",
                self.seats.len()
            );
        }
        Ok(())
    }

    fn dial(&mut self) -> Result<()> {
        let at = self.connections.len();
        let place = match self.seats[at] {
            Seat::Reader(room) | Seat::Deaf(room) => Place::Room(room),
            Seat::Caller => Place::Echo,
        };
        let target = (self.target.address, &self.target.language);
        let connection = Connection::dial(self.poll.registry(), Token(at), target, place)?;
        self.connections.push(connection);
        Ok(())
    }

    fn may_speak(&self, most: usize) -> bool {
        self.ledger.under_way() < most && self.untaken() < most
    }

    fn is_complete(&self) -> bool {
        self.ledger.under_way() == 0 && self.untaken() == 0
    }

    /// One speaker's, or nothing: with many rooms there are more speakers than messages.
    fn untaken(&self) -> usize {
        match self.speakers[..] {
            [speaker] => self.connections[speaker].untaken,
            _ => 0,
        }
    }

    /// Says what is due. Where a connection may not have more unanswered, what is due waits, and
    /// its clock runs.
    fn speak_when_due(&mut self, moment: &impl Fn(u64) -> Instant, end: Instant) -> Result<()> {
        let mut due = moment(self.found.publishes);
        while due < end && due <= Instant::now() && self.untaken() < UNTAKEN_MAX {
            self.found.lateness.saturating_record(nanos(due.elapsed()));
            self.speak(due)?;
            due = moment(self.found.publishes);
        }
        Ok(())
    }

    fn speak(&mut self, due: Instant) -> Result<()> {
        let room = self.roll(self.speakers.len());
        let speaker = self.speakers[room];
        let stamp = Stamp {
            place: room as u32,
            number: self.ledger.say(room as u32),
            due_ns: nanos(due.duration_since(self.clock)),
        };
        self.found.publishes += 1;
        self.last = Instant::now();
        let language = &self.target.language;
        self.connections[speaker].say(language, stamp.place, &stamp.text())
    }

    fn call(&mut self, caller: usize) -> Result<()> {
        self.calls[caller] += 1;
        let stamp = Stamp {
            place: caller as u32,
            number: self.calls[caller],
            due_ns: nanos(self.clock.elapsed()),
        };
        self.found.publishes += 1;
        self.last = Instant::now();
        self.connections[caller].call(&self.target.language, &stamp.text())
    }

    fn turn(&mut self, nap: Option<Duration>) -> Result<usize> {
        self.turn_for(nap, &mut Vec::new())
    }

    /// Waits, and does what is ready. Notes which callers were answered; returns how much was
    /// ready.
    fn turn_for(&mut self, nap: Option<Duration>, answered: &mut Vec<usize>) -> Result<usize> {
        if let Err(error) = self.poll.poll(&mut self.events, nap)
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error).context("cannot wait");
        }
        let mut ready = 0;
        for event in &self.events {
            ready += 1;
            let at = event.token().0;
            let connection = &mut self.connections[at];
            if event.is_writable() {
                connection.flush()?;
            }
            let seat = self.seats[at];
            if !event.is_readable() || matches!(seat, Seat::Deaf(_)) {
                continue;
            }
            let (found, ledger) = (&mut self.found, &mut self.ledger);
            let (reader, wanted) = (self.readers[at], self.calls[at]);
            let mut now = None;
            let received = connection.receive(&mut self.buffer, &self.target.language, |message| {
                let Some(stamp) = Stamp::find(message) else {
                    found.faults.strange += 1;
                    return;
                };
                found.deliveries += 1;
                // One look at the clock for all that a read brings.
                let now = *now.get_or_insert_with(|| nanos(self.clock.elapsed()));
                found
                    .latency
                    .saturating_record(now.saturating_sub(stamp.due_ns));
                if seat != Seat::Caller {
                    ledger.deliver(reader, stamp);
                } else if (stamp.place, stamp.number) == (at as u32, wanted) {
                    answered.push(at);
                } else {
                    found.faults.disordered += 1;
                }
            });
            found.reads += received.with_context(|| format!("connection {at} failed"))?;
            if now.is_some() {
                self.last = Instant::now();
            }
        }
        Ok(ready)
    }

    fn finish(&mut self, start: Instant) -> Burst {
        let mut found = self.found.clone();
        found.seconds = start.elapsed().as_secs_f64();
        let said = self.ledger.faults();
        found.faults.lost += said.lost;
        found.faults.disordered += said.disordered;
        found.faults.strange += said.strange;
        found
    }

    /// A number below `sides`, the same ones in every run.
    fn roll(&mut self, sides: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice % sides as u64) as usize
    }
}

/// How long to wait for what may be ready before the next message is due.
fn nap_until(next: Instant, over: bool) -> Duration {
    let pause = next.saturating_duration_since(Instant::now());
    if over {
        PATIENCE / 10
    } else if pause < NAP_MIN {
        Duration::ZERO
    } else {
        // The kernel rounds up to whole milliseconds.
        pause - NAP_MIN / 2
    }
}

/// How many rooms there are; they have the numbers from 0 on.
fn rooms_of(seats: &[Seat]) -> usize {
    let room = |seat: &Seat| match *seat {
        Seat::Reader(room) | Seat::Deaf(room) => room as usize + 1,
        Seat::Caller => 0,
    };
    seats.iter().map(room).max().unwrap_or(0)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "crowd_tests.rs"]
mod tests;
