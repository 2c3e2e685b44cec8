//! Bots for the arena: each signs in, takes a seat, follows the room's topic and steers by calls, as a
//! page does. They are an example of a native program on `trunkline-client`, and a load.
//!
//! What a bot wants is `trunkline_arena::Bot`; when to say it, and where its own disc is before the
//! server tells, is `trunkline_arena::Pilot`; here both meet the line.

mod line;
mod tally;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use trunkline_arena::{Bot, Pilot, Refusal, Snapshot, View};
use trunkline_client::{CallError, Client, ClientConfig, Guest, Options, Subscription, Update};
use trunkline_protocol::topics::arena::{
    Arena, ArenaEvent, ArenaJoined, ArenaRoom, ArenaSteer, ArenaSteered, ArenaTaken, ArenaWish,
    JoinArena, SteerArena,
};
use trunkline_protocol::{List, Text};

pub use tally::{Tally, percentile};

/// How often a bot looks whether an input is due.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What a bot is told.
#[derive(Clone, Debug)]
pub struct Orders {
    /// The server's address, such as `http://127.0.0.1:8787`.
    pub base: String,
    /// The room. Without it, where the server finds a seat.
    pub room: Option<ArenaRoom>,
    /// What it is called.
    pub name: String,
    /// What it does is of this seed.
    pub seed: u64,
}

/// A bot that sits.
pub struct Player {
    client: Client,
    room: ArenaRoom,
    snapshots: Subscription<Arena>,
    mind: Bot,
    pilot: Pilot,
    view: View,
    key: Option<Snapshot>,
    start: Instant,
    tally: Tally,
}

/// An answer that is waited for: the first tick, when it was asked, and what came of it.
type Asked = BoxFuture<'static, (u32, u64, Result<ArenaSteered, CallError>)>;

impl Player {
    /// Signs in and takes a seat.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub async fn sit(orders: Orders) -> Result<Self> {
        let guest = Guest::sign_in(orders.base.clone(), &orders.name).await?;
        let socket = orders.base.replacen("http", "ws", 1) + "/ws";
        let client = Client::connect(ClientConfig::new(socket), guest.tokens());
        line::up(&client).await?;
        let wish = ArenaWish {
            room: orders.room.map(|room| Text::cut(room.as_str())),
        };
        let (room, seat) = match client.call::<JoinArena>(&wish).await {
            Ok(ArenaJoined::Seated { room, seat, .. }) => (room, seat),
            Ok(ArenaJoined::Full { seats }) => bail!("all {seats} seats of the room are taken"),
            Err(error) => bail!("no seat: {error}"),
        };
        let room: ArenaRoom = room.parse().context("the server named no room")?;
        Ok(Self {
            snapshots: client.subscribe::<Arena>(room.clone(), Options::newest(1)),
            client,
            room,
            mind: Bot::new(orders.seed),
            pilot: Pilot::new(seat, 0),
            view: View::default(),
            key: None,
            start: Instant::now(),
            tally: Tally::default(),
        })
    }

    /// The room in which it sits.
    pub fn room(&self) -> &ArenaRoom {
        &self.room
    }

    /// Plays for so long, and tells how it was.
    ///
    /// # Errors
    ///
    /// Why it plays no longer.
    pub async fn play(mut self, length: Duration) -> Result<Tally> {
        let mut asked = FuturesUnordered::<Asked>::new();
        let mut tap = line::Meter::of(&self.client);
        let end = tokio::time::sleep(length);
        let mut end = std::pin::pin!(end);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            // All are cancel safe: what one has is not lost while another wins.
            tokio::select! {
                () = &mut end => break,
                update = self.snapshots.next() => match update {
                    Some(update) => self.take(update)?,
                    None => bail!("the client has ended"),
                },
                Some((tick, sent, answer)) = asked.next(), if !asked.is_empty() => {
                    self.take_answer(tick, sent, answer)?;
                }
                _ = look.tick() => {
                    asked.extend(self.steer());
                    tap.count(&mut self.tally);
                }
            }
        }
        tap.count(&mut self.tally);
        self.tally.corrections = self.pilot.corrections();
        self.client.end();
        Ok(self.tally)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn take(&mut self, update: Update<Arena>) -> Result<()> {
        match update {
            Update::Event { event, .. } => self.take_event(&event),
            Update::Gap(gap) => self.tally.skipped += gap.count,
            Update::Refused(error) => bail!("the room was refused: {error}"),
            Update::Unreadable { .. } => bail!("the server is of another version"),
            Update::Lost => self.tally.lost += 1,
            Update::Subscribed { .. }
            | Update::Members(_)
            | Update::Joined { .. }
            | Update::Left { .. } => {}
        }
        Ok(())
    }

    fn take_event(&mut self, event: &ArenaEvent) {
        let read = match (event, &self.key) {
            (ArenaEvent::Keyframe { bytes }, _) => Snapshot::from_keyframe(bytes),
            (ArenaEvent::Delta { bytes }, Some(key)) => Snapshot::from_delta(bytes, key),
            (ArenaEvent::Delta { .. }, None) => return,
        };
        let now = self.now();
        let Ok(snapshot) = read else {
            self.tally.desyncs += 1;
            return;
        };
        if let ArenaEvent::Keyframe { .. } = event {
            self.key = Some(snapshot.clone());
        }
        self.pilot.handle_snapshot(now, &snapshot);
        self.tally.note_snapshot(now, self.pilot.error());
        self.view.handle_snapshot(now, snapshot);
    }

    /// Says what it wants to do in the ticks that are due.
    fn steer(&mut self) -> Option<Asked> {
        let now = self.now();
        let mut first = None;
        let mut inputs = Vec::new();
        while let Some(tick) = self.pilot.poll(now) {
            let mut input = self.mind.act(self.view.newest()?, self.pilot.seat());
            input.view_back = self.view.back(now, tick);
            self.pilot.steer(tick, input);
            first.get_or_insert(tick);
            inputs.push(line::message(input));
        }
        let first = first?;
        let steer = ArenaSteer {
            room: Text::cut(self.room.as_str()),
            tick: first,
            inputs: List::cut(inputs),
        };
        self.tally.inputs += steer.inputs.len() as u64;
        let client = self.client.clone();
        Some(Box::pin(async move {
            let answer = client.call::<SteerArena>(&steer).await;
            (first, now, answer)
        }))
    }

    fn take_answer(
        &mut self,
        first: u32,
        sent: u64,
        answer: Result<ArenaSteered, CallError>,
    ) -> Result<()> {
        let answer = match answer {
            Ok(answer) => answer,
            // While the line is lost; a seat is kept for a while.
            Err(CallError::Refused(error)) if error.code.retryable() => return Ok(()),
            Err(error) => bail!("steering was refused: {error}"),
        };
        self.tally.note_trip(self.now().saturating_sub(sent));
        for (tick, taken) in (first..).zip(answer.inputs.iter()) {
            let early = tick.saturating_sub(answer.tick);
            match taken {
                ArenaTaken::Taken => self.pilot.handle_taken(tick, early),
                ArenaTaken::TooLate => {
                    self.tally.late += 1;
                    let late = answer.tick.saturating_sub(tick);
                    self.pilot.handle_refused(tick, Refusal::TooLate(late));
                }
                ArenaTaken::TooEarly => {
                    self.pilot.handle_refused(tick, Refusal::TooEarly(early));
                }
                ArenaTaken::Twice => {}
                ArenaTaken::NotSeated => bail!("the seat was given up"),
            }
        }
        Ok(())
    }
}
