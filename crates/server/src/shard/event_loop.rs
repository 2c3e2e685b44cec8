//! The loop of a shard.
//!
//! A turn: sleep until something is ready, take notes, read each readable connection once, take the
//! notes that this made, fire timers, fan out, write. Answers are written before events, and of a
//! large fan-out only a part before the next look at what came in, so that an answer never waits
//! behind thousands of writes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mio::{Events, Poll, Token};
use trunkline_hub::{ConnectionId, Hub};
use trunkline_protocol::Moment;

use super::inbox::{Inbox, Note, Notes};
use super::line::{Arrival, Fate, Line};
use super::timers::Timers;
use crate::node::Node;

/// The token of the inbox; lines have their slots.
pub(crate) const INBOX: Token = Token(usize::MAX);

/// The buffer for what comes in. One for all connections of a shard.
const BUFFER_LEN: usize = 64 * 1024;

/// Connections whose events are written in one turn.
const WRITES_PER_TURN: usize = 512;

/// Events of the poll that are taken in one turn.
const EVENTS_MAX: usize = 1024;

/// What the connections of a shard work with.
pub(super) struct World {
    pub(super) node: Arc<Node>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) hub: Hub,
    pub(super) timers: Timers,
    /// The time of this turn.
    pub(super) now: Moment,
    /// The node says goodbye: whoever arrives now is sent away.
    pub(super) goodbye: bool,
}

pub(super) struct Shard {
    poll: Poll,
    world: World,
    lines: Vec<Option<Box<Line>>>,
    free: Vec<usize>,
    /// Lines with something to read, each once.
    ready: VecDeque<usize>,
    buffer: Vec<u8>,
    ended: bool,
}

fn slot_of(connection: ConnectionId) -> usize {
    connection as u32 as usize
}

impl Shard {
    pub(super) fn new(node: Arc<Node>, poll: Poll, inbox: Arc<Inbox>) -> Self {
        let world = World {
            hub: Hub::new(node.hub_config),
            now: node.clock.now(),
            node,
            inbox,
            timers: Timers::default(),
            goodbye: false,
        };
        Self {
            poll,
            world,
            lines: Vec::new(),
            free: Vec::new(),
            ready: VecDeque::new(),
            buffer: vec![0; BUFFER_LEN],
            ended: false,
        }
    }

    /// Works until it is told to end.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.ended {
            let patience = self.patience();
            let polled = self.poll.poll(&mut events, patience);
            self.world.inbox.wake_up();
            self.world.now = self.world.node.clock.now();
            match polled {
                Ok(()) => {
                    for event in &events {
                        self.note_readiness(event);
                    }
                }
                // A signal, or a system without memory: what came will be there in the next turn.
                Err(error) => tracing::debug!(%error, "cannot poll"),
            }
            self.take_notes();
            self.read();
            self.take_notes();
            self.fire_timers();
            self.world.hub.flush(self.world.now);
            self.write();
        }
        for slot in 0..self.lines.len() {
            self.visit(slot, |_, _| Fate::Gone);
        }
    }

    /// How long the poll may wait.
    fn patience(&self) -> Option<Duration> {
        let busy = !self.ready.is_empty() || self.world.hub.is_dirty();
        if busy || !self.world.inbox.fall_asleep() {
            return Some(Duration::ZERO);
        }
        let due = [self.world.timers.next(), self.world.hub.poll_flush()];
        let due = due.into_iter().flatten().min()?;
        Some(due.since(self.world.node.clock.now()))
    }

    fn note_readiness(&mut self, event: &mio::event::Event) {
        let Token(slot) = event.token();
        let Some(Some(line)) = self.lines.get_mut(slot) else {
            return;
        };
        line.note_readiness(event);
        if event.is_writable() && line.was_full() {
            self.visit(slot, Line::flush);
        } else if line.wants_to_read(&self.world) {
            self.ready.push_back(slot);
        }
    }

    /// Does what others ask for.
    fn take_notes(&mut self) {
        let Notes { all, missed, .. } = self.world.inbox.take();
        for note in all {
            self.take_note(note);
        }
        for (topic, offset) in missed {
            self.world.hub.miss(self.world.now, &topic, offset);
        }
    }

    fn take_note(&mut self, note: Note) {
        let world = &mut self.world;
        match note {
            Note::Published(published) => world.hub.broadcast(
                world.now,
                &published.topic,
                &published.publication,
                published.conflation_key.as_deref(),
                published.keyframe,
            ),
            Note::Done(connection, outcome) => {
                let slot = slot_of(connection);
                self.visit(slot, |line, world| {
                    if line.id() == connection {
                        line.handle_outcome(world, outcome);
                    }
                    Fate::Lives
                });
            }
            Note::Moved(connection) => {
                self.visit(slot_of(connection), |line, world| {
                    line.handle_moved(world, connection)
                });
            }
            Note::People(announcement) => world.hub.announce(&announcement),
            Note::Anew(topic) => world.hub.start_anew(world.now, &topic),
            Note::Arrived(arrival) => self.welcome(*arrival),
            Note::Disconnect(user) => {
                for slot in 0..self.lines.len() {
                    self.visit(slot, |line, world| {
                        line.disconnect(world, user);
                        Fate::Lives
                    });
                }
            }
            Note::Goodbye => {
                world.goodbye = true;
                for slot in 0..self.lines.len() {
                    self.visit(slot, |line, world| {
                        line.drain(world);
                        Fate::Lives
                    });
                }
            }
            Note::End => self.ended = true,
        }
    }

    fn welcome(&mut self, arrival: Arrival) {
        let slot = self.free.pop().unwrap_or(self.lines.len());
        if slot == self.lines.len() {
            self.lines.push(None);
        }
        let serial = u64::from(self.world.node.next_serial());
        let id = (serial << 32) | slot as u64;
        let mut early = arrival.early.to_vec();
        let registry = self.poll.registry();
        match Line::open(&mut self.world, id, arrival, registry, Token(slot)) {
            Ok(line) => self.lines[slot] = Some(Box::new(line)),
            Err(error) => {
                tracing::warn!(%error, "cannot poll a connection");
                self.free.push(slot);
                self.world.inbox.lines.fetch_sub(1, Ordering::Relaxed);
                return;
            }
        }
        self.visit(slot, |line, world| {
            if world.goodbye {
                line.drain(world);
            }
            line.take_in(world, &mut early)
        });
    }

    /// Reads every line that has something, once.
    fn read(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..self.ready.len() {
            if let Some(slot) = self.ready.pop_front() {
                self.visit(slot, |line, world| line.read(world, &mut buffer));
            }
        }
        self.buffer = buffer;
    }

    fn fire_timers(&mut self) {
        while let Some((at, connection)) = self.world.timers.pop(self.world.now) {
            self.visit(slot_of(connection), |line, world| {
                line.handle_timeout(world, connection, at)
            });
        }
    }

    /// Writes all answers, and the events of some connections.
    fn write(&mut self) {
        for _ in 0..WRITES_PER_TURN {
            while let Some(connection) = self.world.hub.poll_answered() {
                self.visit(slot_of(connection), Line::flush);
            }
            match self.world.hub.poll_dirty() {
                Some(connection) => self.visit(slot_of(connection), Line::flush),
                None => return,
            }
        }
    }

    /// Lets something happen on a line, and does what follows from it.
    fn visit(&mut self, slot: usize, happen: impl FnOnce(&mut Line, &mut World) -> Fate) {
        let Some(mut line) = self.lines.get_mut(slot).and_then(Option::take) else {
            return;
        };
        match happen(&mut line, &mut self.world) {
            Fate::Lives => {
                line.settle(&mut self.world);
                if line.wants_to_read(&self.world) {
                    self.ready.push_back(slot);
                }
                self.lines[slot] = Some(line);
            }
            Fate::Gone => {
                line.leave(&mut self.world, self.poll.registry());
                self.free.push(slot);
            }
        }
    }
}
