//! The audience: publishers and readers of one board, and the loop that lets them speak and listen.
//!
//! Updates are due at fixed moments whether the server keeps up or not; what waits for the server to
//! acknowledge others keeps its moment. How old a quote is when it arrives counts from there.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use mio::{Events, Poll, Token};

use super::ledger::Ledger;
use super::line::Line;
use super::schedule::Load;
use super::speech::{Heard, Speech};
use crate::load::{BUFFER_LEN, Target, durations};

/// How long nothing may come while something is missing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Connections that publish.
const PUBLISHERS: usize = 16;

/// How many publishes of one are unacknowledged at most; ours would refuse a few more.
const UNTAKEN_MAX: usize = 60;

/// Publishers and readers.
pub(crate) struct Audience {
    poll: Poll,
    events: Events,
    buffer: Box<[u8]>,
    speech: Speech,
    board: String,
    /// Publishers first.
    lines: Vec<Line>,
    ledger: Ledger,
    symbols: u16,
}

/// What a load found.
#[derive(Clone, Debug)]
pub(crate) struct Showing {
    pub(crate) updates: u64,
    pub(crate) quotes: u64,
    /// That readers have read, framing included.
    pub(crate) bytes: u64,
    /// From the begin until everybody had everything.
    pub(crate) seconds: f64,
    /// From when an update was due to when a reader had it, in nanoseconds.
    pub(crate) age: Histogram<u64>,
    /// How late updates were published, in nanoseconds.
    pub(crate) lateness: Histogram<u64>,
}

impl Audience {
    /// Connects publishers and so many readers.
    pub(crate) fn gather(target: &Target, symbols: u16, readers: usize) -> Result<Self> {
        let speech = Speech::of(&target.language)?;
        let (mut lines, mut board) = (Vec::new(), String::new());
        let poll = Poll::new()?;
        for at in 0..PUBLISHERS + readers {
            let reads = at >= PUBLISHERS;
            let (mut line, user) = Line::open(
                target.address,
                &target.language,
                &speech,
                reads.then_some(board.as_str()),
            )?;
            if let Some(user) = user {
                board = format!("ticker:user-{user}");
            }
            line.register(poll.registry(), Token(at))?;
            lines.push(line);
        }
        let tells = speech.is_ours();
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER_LEN].into_boxed_slice(),
            speech,
            board,
            lines,
            ledger: Ledger::new(symbols, readers, tells),
            symbols,
        })
    }

    /// How many connections get what there is to read.
    pub(crate) fn hearers(&self) -> usize {
        // Without boards, who publishes in a room also reads it.
        let publishers = if self.speech.is_ours() { PUBLISHERS } else { 0 };
        self.lines.len() - publishers
    }

    /// Reads what has come meanwhile, and answers heartbeats.
    pub(crate) fn tend(&mut self) -> Result<()> {
        let mut showing = Showing::new()?;
        while self.turn(
            Duration::ZERO,
            &|_| Duration::ZERO,
            Instant::now(),
            &mut showing,
        )? > 0
        {}
        Ok(())
    }

    /// Publishes, and waits until everybody has everything.
    ///
    /// # Errors
    ///
    /// The newest quote of a symbol is missing somewhere, something old came after it, or what was
    /// skipped does not add up.
    pub(crate) fn show(&mut self, load: Load) -> Result<Showing> {
        ensure!(load.symbols == self.symbols, "another board");
        self.tend()?;
        let mut showing = Showing::new()?;
        let (first, before) = (self.ledger.published(), self.ledger.all_came());
        let (start, updates) = (Instant::now(), load.updates());
        let due = |number: u64| load.due(number.saturating_sub(first));
        let (mut done, mut last) = (0, start);
        loop {
            let now = start.elapsed();
            while done < updates && load.due(done) <= now && self.may_publish() {
                let late = now.saturating_sub(load.due(done));
                showing.lateness.saturating_record(nanos(late));
                self.publish();
                done += 1;
            }
            self.lines[..PUBLISHERS]
                .iter_mut()
                .try_for_each(Line::flush)?;
            if done == updates && self.is_complete() {
                break;
            }
            let nap = if done == updates {
                PATIENCE / 10
            } else {
                Duration::from_millis(1)
            };
            if self.turn(nap, &due, start, &mut showing)? > 0 {
                last = Instant::now();
            }
            ensure!(
                last.elapsed() < PATIENCE,
                "nothing comes any more, and something is missing: {:?}",
                self.ledger.check().err()
            );
        }
        self.ledger.check()?;
        showing.updates = updates;
        showing.quotes = self.ledger.all_came() - before;
        showing.seconds = start.elapsed().as_secs_f64();
        Ok(showing)
    }

    fn is_complete(&self) -> bool {
        let taken = |line: &Line| line.untaken == 0;
        self.ledger.is_complete() && self.lines[..PUBLISHERS].iter().all(taken)
    }

    /// The publisher of the next update. A symbol has always the same, which keeps its order.
    fn publisher(&self) -> usize {
        (self.ledger.published() % u64::from(self.symbols)) as usize % PUBLISHERS
    }

    fn may_publish(&self) -> bool {
        self.lines[self.publisher()].untaken < UNTAKEN_MAX
    }

    fn publish(&mut self) {
        let publisher = self.publisher();
        let version = self.ledger.publish();
        let line = &mut self.lines[publisher];
        let by = line.next();
        line.put(&self.speech.publish(&self.board, by, version));
        line.untaken += usize::from(self.speech.is_ours());
    }

    /// Waits, and does what is ready. Returns how much was.
    fn turn(
        &mut self,
        nap: Duration,
        due: &dyn Fn(u64) -> Duration,
        start: Instant,
        showing: &mut Showing,
    ) -> Result<usize> {
        if let Err(error) = self.poll.poll(&mut self.events, Some(nap))
            && error.kind() != std::io::ErrorKind::Interrupted
        {
            return Err(error).context("cannot wait");
        }
        let mut ready = 0;
        for event in &self.events {
            let Token(at) = event.token();
            let line = &mut self.lines[at];
            if event.is_writable() {
                line.flush()?;
            }
            if !event.is_readable() {
                continue;
            }
            ready += 1;
            let (ledger, symbols) = (&mut self.ledger, self.symbols);
            let reader = at.checked_sub(PUBLISHERS);
            // One look at the clock for all that a read brings.
            let mut now = None;
            let age = &mut showing.age;
            let bytes = line.receive(&mut self.buffer, &self.speech, |heard| {
                match (heard, reader) {
                    (Heard::Quote(it), Some(reader)) => {
                        ledger.came(reader, it)?;
                        let now = *now.get_or_insert_with(|| start.elapsed());
                        age.saturating_record(nanos(now.saturating_sub(due(it.number(symbols)))));
                    }
                    (Heard::Skipped(count), Some(reader)) => ledger.skipped(reader, count),
                    // A publisher of a room is a reader of it.
                    _ => {}
                }
                Ok(())
            });
            let bytes = bytes.with_context(|| format!("connection {at} failed"))?;
            showing.bytes += if reader.is_some() { bytes } else { 0 };
        }
        Ok(ready)
    }
}

impl Showing {
    fn new() -> Result<Self> {
        Ok(Self {
            updates: 0,
            quotes: 0,
            bytes: 0,
            seconds: 0.0,
            age: durations()?,
            lateness: durations()?,
        })
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
