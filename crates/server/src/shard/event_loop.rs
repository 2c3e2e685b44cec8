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

use mio::event::Event;
use mio::{Events, Poll, Token};
use trunkline_hub::{ConnectionId, Hub};
use trunkline_protocol::Moment;
use trunkline_session::was_away;

use super::door::{Door, Knock, Visitor};
use super::inbox::{Inbox, Note, Notes};
use super::jobs::Jobs;
use super::line::{Arrival, Fate, Line};
use super::timers::Timers;
use crate::accept::Acceptor;
use crate::node::Node;

/// The token of the inbox; connections have their slots.
pub(crate) const INBOX: Token = Token(usize::MAX);

/// The token of the listener.
const LISTENER: Token = Token(usize::MAX - 1);

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
    pub(super) jobs: Jobs,
    /// The time of this turn.
    pub(super) now: Moment,
    /// The node says goodbye: whoever arrives now is sent away.
    pub(super) goodbye: bool,
}

pub(super) struct Shard {
    poll: Poll,
    world: World,
    /// On the shard that accepts connections, until the goodbye.
    acceptor: Option<Box<Acceptor>>,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// Lines with something to read, each once.
    ready: VecDeque<usize>,
    buffer: Vec<u8>,
    ended: bool,
}

/// Who has a slot, whose number is also the token.
enum Slot {
    Free,
    Door(Box<Door>),
    Line(Box<Line>),
}

fn slot_of(connection: ConnectionId) -> usize {
    connection as u32 as usize
}

impl Shard {
    pub(super) fn new(node: Arc<Node>, poll: Poll, inbox: Arc<Inbox>) -> Self {
        let world = World {
            jobs: Jobs::new(Arc::clone(&inbox), node.tasks.clone()),
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
            acceptor: None,
            slots: Vec::new(),
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
            self.accept(&events);
            self.take_notes();
            self.read();
            self.take_notes();
            self.fire_timers();
            self.world.hub.flush(self.world.now);
            self.write();
        }
        for slot in 0..self.slots.len() {
            self.visit(slot, |_, _| Fate::Gone);
        }
    }

    /// How long the poll may wait.
    fn patience(&self) -> Option<Duration> {
        let busy = !self.ready.is_empty() || self.world.hub.is_dirty();
        if busy || !self.world.inbox.fall_asleep() {
            return Some(Duration::ZERO);
        }
        let accept = self.acceptor.as_ref().and_then(|it| it.poll_accept());
        let due = [
            self.world.timers.next(),
            self.world.hub.poll_flush(),
            accept,
        ];
        let due = due.into_iter().flatten().min()?;
        Some(due.since(self.world.node.clock.now()))
    }

    fn note_readiness(&mut self, event: &Event) {
        let Token(slot) = event.token();
        let line = match self.slots.get_mut(slot) {
            Some(Slot::Line(line)) => line,
            Some(Slot::Door(door)) => {
                if door.note_readiness(event) {
                    self.ready.push_back(slot);
                }
                return;
            }
            Some(Slot::Free) | None => return,
        };
        line.note_readiness(event);
        if event.is_writable() && line.was_full() {
            self.visit(slot, Line::flush);
        } else if line.wants_to_read(&self.world) {
            self.ready.push_back(slot);
        }
    }

    /// Accepts some of those who want to connect.
    fn accept(&mut self, events: &Events) {
        let (now, told) = (self.world.now, |it: &Event| it.token() == LISTENER);
        if let Some(acceptor) = &mut self.acceptor
            && (acceptor.poll_accept().is_some_and(|due| due <= now) || events.iter().any(told))
        {
            acceptor.accept(now);
        }
    }

    fn listen(&mut self, mut acceptor: Box<Acceptor>) {
        match acceptor.register(self.poll.registry(), LISTENER) {
            Ok(()) if !self.world.goodbye => {
                // Whoever came before is told by no event.
                acceptor.accept(self.world.now);
                self.acceptor = Some(acceptor);
            }
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "cannot accept connections"),
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
            Note::Woken(place) => {
                if let Some((connection, outcome)) = world.jobs.poll(place) {
                    self.visit(slot_of(connection), |line, world| {
                        if line.id() == connection {
                            line.handle_outcome(world, outcome);
                        }
                        Fate::Lives
                    });
                }
            }
            Note::Moved(connection) => {
                self.visit(slot_of(connection), |line, world| {
                    line.handle_moved(world, connection)
                });
            }
            Note::People(announcement) => world.hub.announce(&announcement),
            Note::Anew(topic) => world.hub.start_anew(world.now, &topic),
            Note::Listen(acceptor) => self.listen(acceptor),
            Note::Knocked(knock) => self.open_door(*knock),
            Note::Arrived(arrival) => self.welcome(*arrival),
            Note::Disconnect(user) => {
                for slot in 0..self.slots.len() {
                    self.visit(slot, |line, world| {
                        line.disconnect(world, user);
                        Fate::Lives
                    });
                }
            }
            Note::Goodbye => {
                world.goodbye = true;
                self.acceptor = None;
                for slot in 0..self.slots.len() {
                    self.close_door(slot);
                    self.visit(slot, |line, world| {
                        line.drain(world);
                        Fate::Lives
                    });
                }
            }
            Note::End => self.ended = true,
        }
    }

    /// A slot for a connection, with the connection's id.
    fn take_slot(&mut self) -> (usize, ConnectionId) {
        let slot = self.free.pop().unwrap_or(self.slots.len());
        if slot == self.slots.len() {
            self.slots.push(Slot::Free);
        }
        let serial = u64::from(self.world.node.next_serial());
        (slot, (serial << 32) | slot as u64)
    }

    /// Gives a slot back, of a connection that is gone.
    fn free_slot(&mut self, slot: usize) {
        self.slots[slot] = Slot::Free;
        self.free.push(slot);
        self.world.inbox.lines.fetch_sub(1, Ordering::Relaxed);
    }

    fn open_door(&mut self, knock: Knock) {
        let (slot, id) = self.take_slot();
        let polled = (self.poll.registry(), Token(slot));
        let told = (&self.world.inbox, id);
        match Door::open(knock, self.world.now, polled, told) {
            Ok(mut door) if !self.world.goodbye => {
                self.world.timers.set(id, &mut door.timer, door.until);
                self.slots[slot] = Slot::Door(door);
            }
            Ok(_) => self.free_slot(slot),
            Err(error) => {
                tracing::warn!(%error, "cannot poll a connection");
                self.free_slot(slot);
            }
        }
    }

    /// Drops a connection that has said nothing.
    fn close_door(&mut self, slot: usize) {
        if let Some(Slot::Door(_)) = self.slots.get(slot) {
            self.free_slot(slot);
        }
    }

    /// Lets a connection in that came over HTTP.
    fn welcome(&mut self, mut arrival: Arrival) {
        let (slot, id) = self.take_slot();
        if let Err(error) = arrival
            .socket
            .register((self.poll.registry(), Token(slot)), (&self.world.inbox, id))
        {
            tracing::warn!(%error, "cannot poll a connection");
            return self.free_slot(slot);
        }
        let mut early = arrival.early.to_vec();
        let line = Line::open(&mut self.world, id, arrival);
        self.begin(slot, line, &mut early);
    }

    /// Lets a line begin of which `early` came already.
    fn begin(&mut self, slot: usize, line: Line, early: &mut [u8]) {
        self.slots[slot] = Slot::Line(Box::new(line));
        self.visit(slot, |line, world| {
            line.begin(world);
            if world.goodbye {
                line.drain(world);
            }
            line.take_in(world, early)
        });
    }

    /// Reads every line that has something, once.
    fn read(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..self.ready.len() {
            let Some(slot) = self.ready.pop_front() else {
                break;
            };
            match self.slots.get(slot) {
                Some(Slot::Door(_)) => self.answer_door(slot, &mut buffer),
                _ => self.visit(slot, |line, world| line.read(world, &mut buffer)),
            }
        }
        self.buffer = buffer;
    }

    fn answer_door(&mut self, slot: usize, buffer: &mut [u8]) {
        let Slot::Door(door) = std::mem::replace(&mut self.slots[slot], Slot::Free) else {
            return;
        };
        let id = door.id;
        match door.answer(
            buffer,
            (self.poll.registry(), &self.world.inbox),
            self.world.goodbye,
        ) {
            Visitor::Silent(door) => self.slots[slot] = Slot::Door(door),
            Visitor::Gone => self.free_slot(slot),
            Visitor::Conversation {
                arrival,
                answer,
                head_len,
                len,
                read_closed,
            } => {
                let mut line = Line::open(&mut self.world, id, arrival);
                line.note_unread(len == buffer.len(), read_closed);
                self.world.hub.push_unbounded(id, answer);
                self.begin(slot, line, &mut buffer[head_len..len]);
            }
        }
    }

    fn fire_timers(&mut self) {
        while let Some((at, connection)) = self.world.timers.pop(self.world.now) {
            let slot = slot_of(connection);
            if let Some(Slot::Door(door)) = self.slots.get_mut(slot)
                && door.id == connection
                && door.timer.fire(at)
            {
                if was_away(self.world.now.since(at)) {
                    let until = door.start_anew(self.world.now);
                    self.world.timers.set(connection, &mut door.timer, until);
                } else {
                    self.close_door(slot);
                }
                continue;
            }
            self.hear_out(slot);
            self.visit(slot, |line, world| {
                line.handle_timeout(world, connection, at)
            });
        }
    }

    /// Reads what has arrived on a line that is about to be closed because nothing was heard. After a
    /// suspension more lines have news than one turn looks at.
    fn hear_out(&mut self, slot: usize) {
        if let Some(Slot::Line(line)) = self.slots.get(slot)
            && line.is_overdue(&self.world)
        {
            let mut buffer = std::mem::take(&mut self.buffer);
            self.visit(slot, |line, world| line.read_ahead(world, &mut buffer));
            self.buffer = buffer;
        }
    }

    /// Writes all answers, and the events of some connections.
    fn write(&mut self) {
        for _ in 0..WRITES_PER_TURN {
            while let Some(connection) = self.world.hub.poll_answered() {
                self.flush(slot_of(connection));
            }
            match self.world.hub.poll_dirty() {
                Some(connection) => self.flush(slot_of(connection)),
                None => return,
            }
        }
    }

    /// Writes what waits on a line. Nearly always that is all: then nothing follows from it, and
    /// the conversation, which is cold memory by now, is left alone.
    fn flush(&mut self, slot: usize) {
        let Some(Slot::Line(line)) = self.slots.get_mut(slot) else {
            return;
        };
        if !line.flush_simply(&mut self.world) {
            self.visit(slot, Line::flush);
        } else if line.wants_to_read(&self.world) {
            self.ready.push_back(slot);
        }
    }

    /// Lets something happen on a line, and does what follows from it.
    fn visit(&mut self, slot: usize, happen: impl FnOnce(&mut Line, &mut World) -> Fate) {
        let Some(Slot::Line(line)) = self.slots.get_mut(slot) else {
            return;
        };
        match happen(line, &mut self.world) {
            Fate::Lives => {
                line.settle(&mut self.world);
                if line.wants_to_read(&self.world) {
                    self.ready.push_back(slot);
                }
            }
            Fate::Gone => {
                // Its socket is forgotten by being closed.
                line.leave(&mut self.world);
                self.free_slot(slot);
            }
        }
    }
}
