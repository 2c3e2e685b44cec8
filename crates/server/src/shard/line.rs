//! A line: one connection of a shard, from its handshake to its end.
//!
//! It moves bytes between the socket, the framing and the outbox, and ends a connection with a
//! Close frame and patience for the peer to read it. What is said on it is `talk`'s.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;
use trunkline_hub::{ConnectionId, Outbox};
use trunkline_protocol::codec::CLIENT_FRAME_LEN_MAX;
use trunkline_protocol::{Codec, DisconnectReason, Moment, UserId};
use trunkline_session::{Close, Way, was_away};
use trunkline_websocket::{Decoder, Incoming, Role as End, push_close};

use super::conversation::Conversation;
use super::event_loop::World;
use super::jobs::Outcome;
use super::socket::Socket;
use super::talk::{Echo, Ending, Talk};
use super::timers::Timer;

/// The bytes that may wait before a line stops to read: a peer that sends requests and does not
/// read the answers is held at the kernel's buffers.
const READ_WHILE_WAITING_MAX: usize = 384 * 1024;

/// Time for which a peer may take nothing of the last frames and the Close frame. One that begins
/// to read again within this time learns why it was closed.
const LINGER: Duration = Duration::from_secs(10);

/// The same where the server is about to end.
const LINGER_AT_THE_END: Duration = Duration::from_secs(2);

/// Multiple of that time which they may take in all, for a peer that takes them slowly.
const LINGERS_MAX: u32 = 3;

/// Time that a peer has to answer a Close frame, if it took the others as they came.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Why a reader is let go that takes nothing.
const NOT_READ: &str = "what is sent is not read";

/// The longest message of the conformance suites is 16 MiB.
const ECHO_LEN_MAX: usize = 17 * 1024 * 1024;

/// What a connection is for.
#[derive(Debug)]
pub(crate) enum Role {
    Conversation(Codec, Way),
    /// What comes is sent back.
    Echo,
    /// It was only opened to say why it cannot stay.
    Refusal(Close),
}

/// A connection after its handshake, on its way to a shard.
pub(crate) struct Arrival {
    pub(crate) socket: Socket,
    pub(crate) role: Role,
    /// What came after the handshake and was read with it.
    pub(crate) early: Bytes,
    /// Counts it as an open connection.
    pub(crate) permit: Option<OwnedSemaphorePermit>,
    /// Lets the end of the server wait for it.
    pub(crate) token: TaskTrackerToken,
}

/// What becomes of a line.
pub(super) enum Fate {
    Lives,
    Gone,
}

#[derive(Debug)]
enum Stage {
    Open,
    /// The Close frame waits in the outbox behind the last frames.
    Leaving {
        /// The time at which it is given up, unless the peer takes something before.
        until: Moment,
        /// The time at which it is given up in any case.
        ends_at: Moment,
        linger: Duration,
        /// The peer was behind.
        slow: bool,
        peer_has_closed: bool,
    },
    /// The Close frame is sent; the peer has until then to close.
    Lingering {
        until: Moment,
    },
}

pub(super) struct Line {
    id: ConnectionId,
    socket: Socket,
    decoder: Decoder,
    talk: Talk,
    stage: Stage,
    timer: Timer,
    /// There may be something to read.
    readable: bool,
    /// The peer will send nothing more.
    read_closed: bool,
    /// It is in the shard's list of lines to read.
    queued: bool,
    /// The socket took everything so far.
    writable: bool,
    /// The socket had no room for all of the last write: the reader is behind.
    behind: bool,
    /// Time at which the reader last took something of what it is behind with, since the timer
    /// fired.
    took_at: Option<Moment>,
    /// The conversation has something to do once there is room in the outbox.
    waits: bool,
    /// It has streams to send, and its socket holds little.
    streams: bool,
    _permit: Option<OwnedSemaphorePermit>,
    _token: TaskTrackerToken,
}

impl Line {
    /// Opens a line on a socket that is being polled.
    pub(super) fn open(world: &mut World, id: ConnectionId, arrival: Arrival) -> Self {
        let (codec, len_max, talk) = match arrival.role {
            Role::Conversation(codec, way) => {
                let talk = Conversation::new(world, id, codec, way);
                (codec, CLIENT_FRAME_LEN_MAX, Talk::Conversation(talk))
            }
            Role::Echo => (Codec::Json, ECHO_LEN_MAX, Talk::Echo(Echo::new(id))),
            Role::Refusal(close) => {
                let mut echo = Echo::new(id);
                echo.end(Ending::ByUs(close));
                (Codec::Json, CLIENT_FRAME_LEN_MAX, Talk::Echo(echo))
            }
        };
        world.hub.open(id, codec);
        Self {
            id,
            socket: arrival.socket,
            decoder: Decoder::new(End::Server, len_max),
            talk,
            stage: Stage::Open,
            timer: Timer::default(),
            readable: false,
            read_closed: false,
            queued: false,
            writable: true,
            behind: false,
            took_at: None,
            waits: false,
            streams: false,
            _permit: arrival.permit,
            _token: arrival.token,
        }
    }

    /// Begins to talk.
    pub(super) fn begin(&mut self, world: &mut World) {
        self.talk.begin(world);
    }

    pub(super) fn id(&self) -> ConnectionId {
        self.id
    }

    pub(super) fn note_readiness(&mut self, event: &mio::event::Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.read_closed |= event.is_read_closed() || event.is_error();
    }

    /// Takes note of news that came before the line was opened.
    pub(super) fn note_unread(&mut self, readable: bool, read_closed: bool) {
        self.readable |= readable || read_closed;
        self.read_closed |= read_closed;
    }

    /// Something moved at the other end of a pipe.
    pub(super) fn handle_moved(&mut self, world: &mut World, connection: ConnectionId) -> Fate {
        if connection != self.id {
            return Fate::Lives;
        }
        self.readable = true;
        if self.was_full() {
            return self.flush(world);
        }
        Fate::Lives
    }

    /// Tells whether something waits for room in the socket.
    pub(super) fn was_full(&mut self) -> bool {
        !std::mem::replace(&mut self.writable, true)
    }

    /// Tells whether the line is to be put into the list of those that read. It counts as being
    /// there from then on.
    pub(super) fn wants_to_read(&mut self, world: &World) -> bool {
        let may = || match self.stage {
            Stage::Open => world.hub.waiting_len(self.id) < READ_WHILE_WAITING_MAX,
            Stage::Leaving { .. } => false,
            Stage::Lingering { .. } => true,
        };
        let wants = self.readable && !self.queued && may();
        self.queued |= wants;
        wants
    }

    /// Tells whether the next timeout closes the line because nothing was heard, although it may read.
    pub(super) fn is_overdue(&self, world: &World) -> bool {
        let may_read = world.hub.waiting_len(self.id) < READ_WHILE_WAITING_MAX;
        matches!(self.stage, Stage::Open) && may_read && self.talk.is_overdue(world.now)
    }

    /// Reads once, before it is this line's turn. It keeps its place among those that read.
    pub(super) fn read_ahead(&mut self, world: &mut World, buffer: &mut [u8]) -> Fate {
        let queued = self.queued;
        let fate = self.read(world, buffer);
        self.queued = queued;
        fate
    }

    /// Reads once.
    pub(super) fn read(&mut self, world: &mut World, buffer: &mut [u8]) -> Fate {
        self.queued = false;
        let len = match self.socket.read(buffer) {
            Ok(0) => return Fate::Gone,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                return Fate::Lives;
            }
            Err(_) => return Fate::Gone,
        };
        if self.socket.is_wire() {
            world.inbox.traffic.add_received(len);
        }
        // A socket that gave less than there was room for is empty, and will tell when more comes.
        // Its end comes only once.
        self.readable = len == buffer.len() || self.read_closed;
        self.take_in(world, &mut buffer[..len])
    }

    /// Takes bytes that came.
    pub(super) fn take_in(&mut self, world: &mut World, bytes: &mut [u8]) -> Fate {
        match self.stage {
            Stage::Open => {
                let Self { decoder, talk, .. } = self;
                let result = decoder.read(bytes, &mut |incoming| talk.handle(world, incoming));
                if let Err(violation) = result {
                    talk.violated(world, violation);
                }
                Fate::Lives
            }
            Stage::Leaving { .. } => Fate::Lives,
            Stage::Lingering { .. } => {
                let mut closed = false;
                // What else comes is not for anybody any more, nor are its mistakes.
                let _ = self.decoder.read(bytes, &mut |incoming| match incoming {
                    Incoming::Close { .. } => {
                        closed = true;
                        ControlFlow::Break(())
                    }
                    Incoming::Message { .. } | Incoming::Ping(_) | Incoming::Pong(_) => {
                        ControlFlow::Continue(())
                    }
                });
                if closed { Fate::Gone } else { Fate::Lives }
            }
        }
    }

    /// Hands the outcome of a job to the conversation.
    pub(super) fn handle_outcome(&mut self, world: &mut World, outcome: Outcome) {
        // Nothing follows a Close frame.
        if let (Stage::Open, Talk::Conversation(conversation)) = (&self.stage, &mut self.talk) {
            conversation.handle_outcome(world, outcome);
        }
    }

    /// The node says goodbye.
    pub(super) fn drain(&mut self, world: &mut World) {
        if let Stage::Open = self.stage {
            self.talk.drain(world);
        }
    }

    /// An operator disconnects a user, who may be another's.
    pub(super) fn disconnect(&mut self, world: &mut World, user: UserId) {
        if let (Stage::Open, Talk::Conversation(conversation)) = (&self.stage, &mut self.talk)
            && conversation
                .asker
                .as_ref()
                .is_some_and(|it| it.user.id == user)
        {
            conversation.close(world, Close::new(DisconnectReason::Kicked));
        }
    }

    pub(super) fn handle_timeout(
        &mut self,
        world: &mut World,
        connection: ConnectionId,
        at: Moment,
    ) -> Fate {
        if connection != self.id || !self.timer.fire(at) {
            return Fate::Lives;
        }
        if was_away(world.now.since(at)) {
            self.handle_absence(world.now);
        }
        match self.stage {
            Stage::Open => {
                if let Some(took_at) = self.took_at.take() {
                    self.talk.handle_taken(took_at);
                }
                self.talk.handle_timeout(world);
                Fate::Lives
            }
            Stage::Leaving { until, .. } if until <= world.now => {
                // Nobody takes what waits, here or in the kernel.
                self.socket.cut();
                Fate::Gone
            }
            Stage::Lingering { until } if until <= world.now => Fate::Gone,
            Stage::Leaving { .. } | Stage::Lingering { .. } => Fate::Lives,
        }
    }

    /// This process did not run for a while: a peer that is to take the last frames, or to close, has
    /// its time again.
    fn handle_absence(&mut self, now: Moment) {
        match &mut self.stage {
            // The session sees for itself that it is late.
            Stage::Open => {}
            Stage::Leaving {
                until,
                ends_at,
                linger,
                ..
            } => {
                *until = now + *linger;
                *ends_at = now + LINGERS_MAX * *linger;
            }
            Stage::Lingering { until } => *until = now + CLOSE_PATIENCE,
        }
    }

    /// Writes what waits on an open line that reads nothing from history. False if more is to be
    /// done than this.
    pub(super) fn flush_simply(&mut self, world: &mut World) -> bool {
        let open = matches!(self.stage, Stage::Open);
        let Some(outbox) = world.hub.outbox(self.id) else {
            return false;
        };
        if !open || !self.writable || self.waits || world.hub.lags(self.id) {
            return false;
        }
        self.streams = hold_little(&self.socket, outbox, self.streams);
        let Ok((taken, all)) = self.socket.write(outbox.slices()) else {
            return false;
        };
        self.note_written(world, taken, all.is_ok());
        self.writable && world.hub.waiting_len(self.id) == 0
    }

    /// Notes what a write came to. Bytes that a reader takes show that it lives where it is behind, or
    /// where it cannot speak; others do not, since a kernel takes them for a program that is frozen.
    fn note_written(&mut self, world: &mut World, taken: usize, all: bool) {
        if taken > 0 && (self.behind || self.socket.is_one_way()) {
            self.took_at = Some(world.now);
            if let Stage::Leaving {
                until,
                ends_at,
                linger,
                ..
            } = &mut self.stage
            {
                *until = (world.now + *linger).min(*ends_at);
            }
        }
        self.writable = all;
        self.behind = !all;
        if self.socket.is_wire() {
            world.inbox.traffic.add_sent(taken);
        }
        world.hub.wrote(self.id, taken);
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self, world: &mut World) -> Fate {
        while self.writable {
            if let (Stage::Open, Talk::Conversation(conversation)) = (&self.stage, &mut self.talk) {
                conversation.go_on(world);
                conversation.feed(world);
            }
            let Some(outbox) = world.hub.outbox(self.id).filter(|it| !it.is_empty()) else {
                return self.emptied(world);
            };
            self.streams = hold_little(&self.socket, outbox, self.streams);
            let Ok((taken, all)) = self.socket.write(outbox.slices()) else {
                return Fate::Gone;
            };
            self.note_written(world, taken, all.is_ok());
        }
        Fate::Lives
    }

    /// Everything is written.
    fn emptied(&mut self, world: &World) -> Fate {
        let Stage::Leaving {
            peer_has_closed,
            slow,
            linger,
            ..
        } = self.stage
        else {
            return Fate::Lives;
        };
        if peer_has_closed {
            // The server closes the connection first (RFC 6455 section 7.1.1).
            return Fate::Gone;
        }
        self.socket.finish();
        // Of a slow peer, the Close frame is still on its way.
        let until = world.now + if slow { linger } else { CLOSE_PATIENCE };
        self.stage = Stage::Lingering { until };
        Fate::Lives
    }

    /// Does what follows from what happened: begins to close, and sets the timer.
    pub(super) fn settle(&mut self, world: &mut World) {
        if let Stage::Open = self.stage {
            self.talk.answer_greeting(world);
        }
        self.waits = self.talk.waits_for_room();
        if let Stage::Open = self.stage
            && let Some(ending) = self.talk.ending()
        {
            self.begin_to_leave(world, &ending);
        }
        let due = match self.stage {
            Stage::Open => self.talk.poll_timeout(),
            Stage::Leaving { until, .. } | Stage::Lingering { until } => Some(until),
        };
        if let Some(due) = due {
            world.timers.set(self.id, &mut self.timer, due);
        }
    }

    fn begin_to_leave(&mut self, world: &mut World, ending: &Ending) {
        let mut frame = Vec::new();
        let mut linger = LINGER;
        let peer_has_closed = match ending {
            Ending::ByUs(close) => {
                let text = self.words_of(close);
                tracing::debug!(connection = self.id, reason = %close.reason, text, "closing");
                push_close(&mut frame, close.reason.code(), text);
                if close.reason == DisconnectReason::Restart {
                    linger = LINGER_AT_THE_END;
                }
                false
            }
            Ending::ByPeer(code) => {
                push_close(&mut frame, code.unwrap_or(1000), "");
                true
            }
        };
        // Nothing follows the Close frame.
        world.leave_topics(self.id, self.talk.user());
        world.hub.push_unbounded(self.id, frame.into());
        self.stage = Stage::Leaving {
            until: world.now + linger,
            ends_at: world.now + LINGERS_MAX * linger,
            linger,
            slow: self.behind,
            peer_has_closed,
        };
    }

    /// The words of a close. A reader that takes nothing is not told that it said nothing.
    fn words_of<'a>(&self, close: &'a Close) -> &'a str {
        let unread = self.behind || self.socket.is_one_way();
        if unread && *close == Close::new(DisconnectReason::Silent) {
            return NOT_READ;
        }
        &close.text
    }

    /// The line is gone: it leaves all its topics.
    pub(super) fn leave(&mut self, world: &mut World) {
        self.talk.abandon(world);
        world.leave_topics(self.id, self.talk.user());
        world.hub.close(self.id);
    }
}

/// Lets a socket hold little once it is to carry streams. Tells whether it does.
fn hold_little(socket: &Socket, outbox: &Outbox, already: bool) -> bool {
    let streams = already || outbox.has_streams();
    if streams && !already {
        socket.hold_little();
    }
    streams
}
