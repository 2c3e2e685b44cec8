//! What all lanes of a race share: the clock, where they are, and whom they tell what comes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::lab::{Lab, LabKey, Lane, Race, Tick};
use trunkline_protocol::{ClientFrame, Codec, Text, Topic};
use trunkline_web_model::lab::{Arrivals, RemoteClock};

use crate::browser::clock::now_us;

/// How long a dot is seen, in milliseconds.
pub(super) const WINDOW_MS: f64 = 6000.0;

/// Dots of a lane, at most.
const DOTS_MAX: usize = 700;

/// Something that came, to be drawn.
#[derive(Clone, Copy)]
pub(super) struct Dot {
    /// When, in milliseconds since the page was opened.
    pub(super) at_ms: f64,
    /// How late it was, in microseconds.
    pub(super) latency_us: i64,
}

/// What a lane has told.
pub(super) struct Told {
    pub(super) arrivals: Arrivals,
    pub(super) requests: u32,
    pub(super) dots: VecDeque<Dot>,
    /// Why it stopped before its time.
    pub(super) trouble: Option<String>,
    batches: u32,
}

/// One lane's part in a race.
#[derive(Clone)]
pub(super) struct Entrant {
    pub(super) lane: Lane,
    /// `host:port`.
    pub(super) place: String,
    pub(super) token: String,
    pub(super) poll_ms: u32,
    race: Race,
    clock: Rc<RefCell<RemoteClock>>,
    told: Rc<RefCell<Told>>,
    /// The lane has said what it had to say when the race was over.
    done: Rc<Cell<bool>>,
}

impl Entrant {
    pub(super) fn new(
        (lane, place): (Lane, String),
        token: String,
        poll_ms: u32,
        race: Race,
        clock: &Rc<RefCell<RemoteClock>>,
    ) -> Self {
        let told = Told {
            arrivals: Arrivals::of(race.ticks),
            requests: 0,
            dots: VecDeque::new(),
            trouble: None,
            batches: 0,
        };
        Self {
            lane,
            place,
            token,
            poll_ms,
            race,
            clock: Rc::clone(clock),
            told: Rc::new(RefCell::new(told)),
            done: Rc::default(),
        }
    }

    /// Reads what was told.
    pub(super) fn with<R>(&self, read: impl FnOnce(&mut Told) -> R) -> R {
        read(&mut self.told.borrow_mut())
    }

    /// The time of the race, in microseconds since its first tick was due.
    pub(super) fn race_us(&self) -> i64 {
        let there = self.clock.borrow().there_us(now_us());
        there.map_or(i64::MIN / 2, |there| there - self.race.begins_us as i64)
    }

    /// When the race is over: a period after its last tick was due.
    pub(super) fn length_us(&self) -> i64 {
        i64::from(self.race.period_us) * i64::from(self.race.ticks)
    }

    /// Waits for a time of the race.
    pub(super) async fn wait_until(&self, race_us: i64) {
        let ms = (race_us - self.race_us()) / 1000;
        if let Ok(ms) = u32::try_from(ms)
            && ms > 0
        {
            TimeoutFuture::new(ms).await;
        }
    }

    /// A request is made.
    pub(super) fn count_request(&self) {
        self.with(|told| told.requests += 1);
    }

    /// Something comes that may hold several ticks. Its number.
    pub(super) fn next_batch(&self) -> u32 {
        self.with(|told| {
            told.batches += 1;
            told.batches
        })
    }

    /// A tick has come, as the bytes of its event.
    pub(super) fn take(&self, codec: Codec, event: &[u8], batch: u32) {
        match codec.decode::<Tick>(event) {
            Ok(tick) => {
                let now_us = self.race_us();
                self.with(|told| {
                    told.arrivals.note(tick.number, tick.at_us, now_us, batch);
                    if told.dots.len() == DOTS_MAX {
                        told.dots.pop_front();
                    }
                    told.dots.push_back(Dot {
                        at_ms: now_us_as_ms(),
                        latency_us: now_us - tick.at_us as i64,
                    });
                });
            }
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// The lane cannot go on.
    pub(super) fn fail(&self, why: impl Into<String>) {
        let why = why.into();
        self.with(|told| {
            told.trouble.get_or_insert(why);
        });
    }

    /// The lane needs no more time.
    pub(super) fn finish(&self) {
        self.done.set(true);
    }

    pub(super) fn is_done(&self) -> bool {
        self.done.get()
    }

    /// The `connect` frame that begins a conversation about the feed.
    pub(super) fn connect(&self, codec: Codec, start: Start) -> Vec<u8> {
        let subscribe = Subscribe {
            id: 1,
            topic: Text::cut(feed().as_str()),
            contract: (codec == Codec::Bincode).then(Lab::contract),
            start,
            presence: false,
            max_hz: None,
        };
        let connect = ClientFrame::Connect {
            version: trunkline_protocol::PROTOCOL_VERSION,
            token: Text::cut(&self.token),
            agent: Text::cut("trunkline-lab"),
            subscriptions: trunkline_protocol::List::cut([subscribe]),
        };
        codec.encode(&connect).to_vec()
    }
}

fn now_us_as_ms() -> f64 {
    now_us() as f64 / 1000.0
}

/// The topic of the feed.
pub(super) fn feed() -> trunkline_protocol::TopicName {
    Lab::name(&LabKey::Feed)
}
