//! The table of a room: its signals, and the tasks that feed them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::{CallError, Client, Options, Update};
use trunkline_protocol::topics::arena::{
    Arena, ArenaJoined, ArenaNamed, ArenaRoom, ArenaRoomText, ArenaSteer, ArenaWish, JoinArena,
    LeaveArena, ListArenaPlayers, SteerArena,
};
use trunkline_protocol::{ErrorCode, Text};
use trunkline_web_model::arena::{Game, Life, Point, Row, SCALE, Seat, Steering, TICK_HZ};

use crate::browser::clock;
use crate::following::Following;
use crate::realtime::{Realtime, Task};

/// How often it is looked who sits where, in milliseconds.
const LOOK_MS: u32 = 500;

/// The most calls that wait for an answer: on a line that is slower, inputs would only be late.
const STEERING_MAX: u32 = 30;

/// What one does in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// One has not said yet.
    Asked,
    /// One watches.
    Watches,
    /// A seat was asked for.
    Joins,
    /// One plays.
    Plays,
    /// One played, and the seat was given away.
    Unseated,
    /// All seats are taken.
    Full,
    /// A seat was asked for, and refused.
    Refused(ErrorCode),
}

/// What is told of a game every now and then: often enough for eyes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) tick: u32,
    pub(super) number: u16,
    pub(super) playing: bool,
    /// How many seconds are left.
    pub(super) left_s: u32,
    pub(super) rows: Vec<Row>,
    pub(super) seat: Option<u8>,
    /// In how many ticks one comes back.
    pub(super) out_for: Option<u8>,
    /// Where everybody was in the last snapshot, by seat, in units of the map.
    pub(super) places: Vec<(u8, i32, i32)>,
    /// After which tick, and where, one's own disc is predicted.
    pub(super) ahead: Option<(u32, i32, i32)>,
    pub(super) round_trip_ms: Option<f64>,
    pub(super) late: u32,
    pub(super) error: f64,
    pub(super) skipped: u64,
    pub(super) desyncs: u32,
}

/// The signals of a room.
#[derive(Clone, Copy)]
pub(super) struct Table {
    room: StoredValue<ArenaRoom>,
    game: StoredValue<Game, LocalStorage>,
    pub(super) state: RwSignal<Following>,
    pub(super) part: RwSignal<Part>,
    pub(super) told: RwSignal<Told>,
    under_way: StoredValue<u32>,
    realtime: Realtime,
}

impl Table {
    /// Opens a room, for as long as its owner lives.
    pub(super) fn open(room: ArenaRoom, realtime: Realtime) -> Self {
        let table = Self {
            room: StoredValue::new(room),
            game: StoredValue::new_local(Game::default()),
            state: RwSignal::new(Following::Opening),
            part: RwSignal::new(Part::Asked),
            told: RwSignal::new(Told::default()),
            under_way: StoredValue::new(0),
            realtime,
        };
        let pump = StoredValue::new_local(None::<Task>);
        let look = StoredValue::new_local(None::<Task>);
        Effect::new(move |_| {
            let client = realtime.client.get();
            // The one before has to leave the topic first.
            pump.set_value(None);
            look.set_value(client.clone().map(|client| Task::spawn(table.look(client))));
            pump.set_value(client.map(|client| Task::spawn(table.pump(client))));
        });
        on_cleanup(move || {
            pump.set_value(None);
            look.set_value(None);
            // Who goes to another page plays no longer.
            if table.part.get_untracked() == Part::Plays {
                table.call_leave();
            }
        });
        table
    }

    /// Reads or changes the game. Nothing if the page is gone.
    pub(super) fn with<R>(self, reach: impl FnOnce(&mut Game) -> R) -> Option<R> {
        self.game.try_update_value(reach)
    }

    /// The name of the room as it travels.
    fn room_text(self) -> ArenaRoomText {
        self.room.with_value(|room| Text::cut(room.as_str()))
    }

    fn client(self) -> Option<Client> {
        self.realtime.client.try_get_untracked().flatten()
    }

    /// Asks for a seat.
    pub(super) fn join(self) {
        let Some(client) = self.client() else {
            return;
        };
        self.part.set(Part::Joins);
        spawn_local(async move {
            self.sit(&client).await;
        });
    }

    /// Watches from now on.
    pub(super) fn watch(self) {
        self.part.set(Part::Watches);
    }

    /// Gives the seat up and watches.
    pub(super) fn leave(self) {
        self.call_leave();
        self.with(Game::stand);
        self.part.set(Part::Watches);
    }

    fn call_leave(self) {
        let room = self.room_text();
        if let Some(client) = self.client() {
            spawn_local(async move {
                // Whoever does not come back loses the seat in any case.
                let _ = client.call::<LeaveArena>(&ArenaNamed { room }).await;
            });
        }
    }

    async fn sit(self, client: &Client) {
        let wish = ArenaWish {
            room: Some(self.room_text()),
        };
        let part = match client.call::<JoinArena>(&wish).await {
            Ok(ArenaJoined::Seated { seat, .. }) => {
                let trip = self
                    .realtime
                    .round_trips
                    .try_with_untracked(|all| all.last().copied());
                let trip = trip.flatten().map(|ms| u64::from(ms) * 1000);
                self.with(|game| game.sit(seat, trip));
                Part::Plays
            }
            Ok(ArenaJoined::Full { .. }) => Part::Full,
            Err(CallError::Refused(error)) => Part::Refused(error.code),
            Err(CallError::Unreadable(_) | CallError::Ended) => {
                Part::Refused(ErrorCode::ContractMismatch)
            }
        };
        self.part.try_set(part);
    }

    async fn pump(self, client: Client) {
        let key = self.room.with_value(Clone::clone);
        let mut snapshots = client.subscribe::<Arena>(key, Options::newest(1));
        while let Some(update) = snapshots.next().await {
            let was_lost = self.state.try_get_untracked() == Some(Following::Lost);
            Following::hear(&self.state, &update);
            match update {
                Update::Event { event, .. } => {
                    self.with(|game| game.take_event(clock::now_us(), &event));
                }
                Update::Gap(gap) => {
                    self.with(|game| game.take_gap(gap.count));
                }
                Update::Subscribed { recovered, .. } => {
                    if recovered.is_none() {
                        self.with(Game::begin_anew);
                    }
                    let plays = self.part.try_get_untracked() == Some(Part::Plays);
                    if plays && was_lost {
                        // The seat is kept for a while.
                        self.sit(&client).await;
                    }
                }
                Update::Lost | Update::Refused(_) | Update::Unreadable { .. } => {}
                Update::Members(_) | Update::Joined { .. } | Update::Left { .. } => {}
            }
        }
    }

    /// Asks who sits where whenever that may have changed. Who has a seat already goes on playing: the
    /// page was reloaded, or the seat was got on another page.
    async fn look(self, client: Client) {
        let mut is_first = true;
        loop {
            let needs = self.with(|game| game.needs_players());
            let Some(needs) = needs else {
                return;
            };
            if needs || is_first {
                let room = self.room_text();
                if let Ok(players) = client.call::<ListArenaPlayers>(&ArenaNamed { room }).await {
                    let me = self.realtime.user_id();
                    let seated = players
                        .players
                        .iter()
                        .any(|player| player.user.as_ref().is_some_and(|user| Some(user.id) == me));
                    self.with(|game| game.take_players(players));
                    let is_asked = self.part.try_get_untracked() == Some(Part::Asked);
                    if is_first && is_asked && seated {
                        self.sit(&client).await;
                    }
                    is_first = false;
                }
            }
            gloo_timers::future::TimeoutFuture::new(LOOK_MS).await;
        }
    }

    /// Sends inputs, and does not wait for what becomes of them.
    pub(super) fn send(self, steering: Steering) {
        let Some(client) = self.client() else {
            return;
        };
        let room = self.room_text();
        let Steering { tick, inputs } = steering;
        let sent = clock::now_us();
        self.under_way.try_update_value(|count| *count += 1);
        spawn_local(async move {
            let steer = ArenaSteer { room, tick, inputs };
            let answer = client.call::<SteerArena>(&steer).await;
            self.under_way.try_update_value(|count| *count -= 1);
            let Ok(answer) = answer else {
                return;
            };
            let now = clock::now_us();
            let seat = self.with(|game| game.take_answer(now, sent, tick, &answer));
            if seat == Some(Seat::Lost) && self.part.try_get_untracked() == Some(Part::Plays) {
                self.with(Game::stand);
                self.part.try_set(Part::Unseated);
            }
        });
    }

    /// Whether more inputs can be sent now.
    pub(super) fn may_send(self) -> bool {
        let is_here = self
            .state
            .try_with_untracked(|state| *state == Following::Here);
        let under_way = self.under_way.try_get_value().unwrap_or(STEERING_MAX);
        is_here == Some(true) && under_way < STEERING_MAX
    }

    /// Tells what is shown in words and figures.
    pub(super) fn tell(self, now: u64) {
        let told = self.with(|game| told(game, now));
        if let Some(told) = told.flatten() {
            self.told.try_set(told);
        }
    }
}

/// A point in units of the map.
fn units(point: Point) -> (i32, i32) {
    (point.x / SCALE, point.y / SCALE)
}

fn told(game: &Game, now: u64) -> Option<Told> {
    let newest = game.newest()?;
    let own = game.own(now).map(|(player, _)| player);
    let trouble = game.trouble();
    let (late, error) = game.steering().unwrap_or_default();
    let seated = newest.players.iter().enumerate();
    let places = seated.filter_map(|(seat, player)| {
        let (x, y) = units(player.as_ref()?.at);
        Some((seat as u8, x, y))
    });
    let ahead = game.predicted().map(|(tick, player)| {
        let (x, y) = units(player.at);
        (tick, x, y)
    });
    Some(Told {
        tick: newest.tick,
        number: newest.number,
        playing: newest.playing,
        left_s: u32::from(newest.left).div_ceil(TICK_HZ),
        rows: game.rows(),
        seat: game.seat(),
        out_for: own.and_then(|own| match own.life {
            Life::Out(left) => Some(left),
            Life::In => None,
        }),
        places: places.collect(),
        ahead,
        round_trip_ms: game.round_trip().map(|us| us as f64 / 1000.0),
        late,
        error,
        skipped: trouble.skipped,
        desyncs: trouble.desyncs + trouble.broken,
    })
}
