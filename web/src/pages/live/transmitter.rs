//! The transmitter: what encoders make goes out as runs and parts, as much as the line takes.

use std::cell::RefCell;
use std::rc::Rc;

use leptos::task::spawn_local;
use trunkline_client::{Client, PublishError};
use trunkline_protocol::ErrorCode;
use trunkline_protocol::topics::live::{Live, LiveEnd, LiveEvent, LiveKind, LiveRoom};
use trunkline_web_model::live::{Meter, Parts, Rate};

use crate::browser::clock;

/// What an encoder is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    /// In bits per second.
    pub(super) bitrate: u32,
    /// The next picture is to need no other.
    pub(super) key: bool,
    /// So much waits that nothing is worth being encoded.
    pub(super) pause: bool,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// What goes out, in bits per second.
    pub(super) bitrate: u32,
    /// What the encoder is set to.
    pub(super) target: u32,
    /// The server does not let one broadcast here any more.
    pub(super) unseated: bool,
}

struct Inner {
    client: Client,
    room: LiveRoom,
    parts: Parts,
    rate: Rate,
    meter: Meter,
    waiting: usize,
    at_least: u32,
    in_run: bool,
    unseated: bool,
}

/// Sends a broadcast. Clones send the same one.
#[derive(Clone)]
pub(super) struct Transmitter(Rc<RefCell<Inner>>);

impl Transmitter {
    /// A transmitter of a seat.
    pub(super) fn new(client: Client, room: LiveRoom, run: u32, bitrate: u32) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            client,
            room,
            parts: Parts::default(),
            rate: Rate::new(bitrate),
            meter: Meter::default(),
            waiting: 0,
            at_least: run,
            in_run: false,
            unseated: false,
        })))
    }

    /// The seat was taken anew.
    pub(super) fn sit(&self, run: u32) {
        let mut inner = self.0.borrow_mut();
        inner.at_least = run;
        inner.in_run = false;
        inner.unseated = false;
    }

    /// What an encoder is to do now.
    pub(super) fn orders(&self) -> Orders {
        let mut inner = self.0.borrow_mut();
        let now = clock::now_ms();
        let waiting = inner.waiting;
        inner.rate.handle_waiting(now, waiting);
        Orders {
            bitrate: inner.rate.bitrate(),
            key: !inner.in_run,
            pause: inner.rate.is_blocked(waiting),
        }
    }

    /// What has happened so far.
    pub(super) fn sent(&self) -> Sent {
        let mut inner = self.0.borrow_mut();
        Sent {
            bitrate: inner.meter.bitrate(clock::now_ms()),
            target: inner.rate.bitrate(),
            unseated: inner.unseated,
        }
    }

    /// Begins a run: `describe` makes its first event from its number.
    pub(super) fn begin_run(&self, describe: impl FnOnce(u32) -> LiveEvent) {
        let event = {
            let mut inner = self.0.borrow_mut();
            let at_least = inner.at_least;
            inner.in_run = true;
            describe(inner.parts.begin(at_least))
        };
        self.publish(&event, 64);
    }

    /// Sends a chunk. One that belongs to no run is thrown away.
    pub(super) fn send(&self, kind: LiveKind, at_us: u32, chunk: &[u8]) {
        let parts = {
            let mut inner = self.0.borrow_mut();
            if !inner.in_run || inner.rate.is_blocked(inner.waiting) {
                // Pictures that follow would be built on it.
                inner.in_run = false;
                return;
            }
            inner.parts.split(kind, at_us, chunk)
        };
        for part in &parts {
            let len = match part {
                LiveEvent::Part { bytes, .. } => bytes.len(),
                LiveEvent::Run { .. } | LiveEvent::Ended { .. } => 0,
            };
            self.publish(part, len);
        }
    }

    /// Says that it is over.
    pub(super) fn end(&self) {
        let event = LiveEvent::Ended {
            reason: LiveEnd::Done,
        };
        self.publish(&event, 0);
    }

    fn publish(&self, event: &LiveEvent, len: usize) {
        let publishing = {
            let mut inner = self.0.borrow_mut();
            inner.waiting += len;
            inner.meter.note_bytes(clock::now_ms(), len);
            let room = inner.room.clone();
            inner.client.publish::<Live>(&room, event)
        };
        let this = self.clone();
        spawn_local(async move {
            let answer = publishing.await;
            let mut inner = this.0.borrow_mut();
            inner.waiting -= len;
            match answer {
                Ok(_) => {}
                Err(PublishError::Refused(error)) => inner.handle_refused(error.code),
                Err(_) => inner.in_run = false,
            }
        });
    }
}

impl Inner {
    fn handle_refused(&mut self, code: ErrorCode) {
        match code {
            ErrorCode::Forbidden | ErrorCode::NotKept => self.unseated = true,
            ErrorCode::TooFast => {
                self.rate.handle_refused(clock::now_ms());
            }
            _ => {}
        }
        // Something is missing there: the next picture begins a run.
        self.in_run = false;
    }
}
