//! Talk: what is said on a line, a conversation with its session or an echo.

use std::ops::ControlFlow;

use bytes::Bytes;
use trunkline_hub::ConnectionId;
use trunkline_protocol::{DisconnectReason, Moment, UserId};
use trunkline_session::Close;
use trunkline_websocket::{Incoming, Violation, push_message, push_pong};

use super::conversation::Conversation;
use super::event_loop::World;

/// How a connection ends.
#[derive(Debug)]
pub(super) enum Ending {
    ByUs(Close),
    /// With this code, if it gave one.
    ByPeer(Option<u16>),
}

/// What is said on a line.
pub(super) enum Talk {
    Conversation(Box<Conversation>),
    Echo(Echo),
}

impl Talk {
    /// The line is open.
    pub(super) fn begin(&mut self, world: &mut World) {
        match self {
            Self::Conversation(conversation) => conversation.obey(world),
            Self::Echo(_) => {}
        }
    }

    /// Something came in. Breaks when nothing more is to be read.
    pub(super) fn handle(&mut self, world: &mut World, incoming: Incoming<'_>) -> ControlFlow<()> {
        match (&mut *self, incoming) {
            (_, Incoming::Ping(payload)) => {
                let mut pong = Vec::new();
                push_pong(&mut pong, payload);
                if world.hub.push(self.id(), pong.into()).is_err() {
                    self.end(Ending::ByUs(Close::new(DisconnectReason::Silent)));
                }
            }
            (_, Incoming::Pong(_)) => {}
            (_, Incoming::Close { code, .. }) => {
                self.answer_greeting(world);
                self.end(Ending::ByPeer(code));
            }
            (Self::Conversation(it), Incoming::Message { kind, payload }) => {
                it.handle_message(world, kind, payload);
            }
            (Self::Echo(echo), Incoming::Message { kind, payload }) => {
                let mut message = Vec::with_capacity(payload.len() + 10);
                push_message(&mut message, kind, payload);
                world.hub.push_unbounded(echo.id, Bytes::from(message));
            }
        }
        if self.has_ended() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Answers a `connect` frame that waits for it.
    pub(super) fn answer_greeting(&mut self, world: &mut World) {
        if let Self::Conversation(conversation) = self {
            conversation.answer_greeting(world);
        }
    }

    /// The peer broke a rule of the framing.
    pub(super) fn violated(&mut self, world: &mut World, violation: Violation) {
        let reason = match violation {
            Violation::Protocol => DisconnectReason::Protocol,
            Violation::NotUtf8 => DisconnectReason::NotUtf8,
            Violation::TooLong => DisconnectReason::TooLong,
        };
        match self {
            Self::Conversation(conversation) => conversation.close(world, Close::new(reason)),
            Self::Echo(echo) => echo.end(Ending::ByUs(Close::new(reason))),
        }
    }

    /// The node says goodbye.
    pub(super) fn drain(&mut self, world: &mut World) {
        match self {
            Self::Conversation(conversation) => conversation.drain(world),
            Self::Echo(echo) => echo.end(Ending::ByUs(Close::new(DisconnectReason::Restart))),
        }
    }

    /// The peer took bytes, at that time.
    pub(super) fn handle_taken(&mut self, at: Moment) {
        if let Self::Conversation(conversation) = self {
            conversation.session.handle_taken(at);
        }
    }

    /// Tells whether something is to be done once there is room in the outbox.
    pub(super) fn waits_for_room(&self) -> bool {
        match self {
            Self::Conversation(conversation) => conversation.waits_for_room(),
            Self::Echo(_) => false,
        }
    }

    /// Tells whether the next timeout ends it because nothing was heard.
    pub(super) fn is_overdue(&self, now: Moment) -> bool {
        match self {
            Self::Conversation(conversation) => conversation.session.is_overdue(now),
            Self::Echo(_) => false,
        }
    }

    pub(super) fn handle_timeout(&mut self, world: &mut World) {
        if let Self::Conversation(conversation) = self {
            conversation.session.handle_timeout(world.now);
            conversation.obey(world);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Self::Conversation(conversation) => conversation.session.poll_timeout(),
            Self::Echo(_) => None,
        }
    }

    /// How it ends, if it is over. Tells it once.
    pub(super) fn ending(&mut self) -> Option<Ending> {
        match self {
            Self::Conversation(conversation) => conversation.ending.take(),
            Self::Echo(echo) => echo.ending.take(),
        }
    }

    /// Who speaks, once that is known.
    pub(super) fn user(&self) -> Option<UserId> {
        match self {
            Self::Conversation(conversation) => Some(conversation.asker.as_ref()?.user.id),
            Self::Echo(_) => None,
        }
    }

    /// Stops the calls, whose answers are for nobody any more.
    pub(super) fn abandon(&mut self, world: &mut World) {
        if let Self::Conversation(conversation) = self {
            for (_, call) in &conversation.calls {
                world.jobs.abort(*call);
            }
        }
    }

    fn id(&self) -> ConnectionId {
        match self {
            Self::Conversation(conversation) => conversation.id,
            Self::Echo(echo) => echo.id,
        }
    }

    fn has_ended(&self) -> bool {
        match self {
            Self::Conversation(conversation) => conversation.ending.is_some(),
            Self::Echo(echo) => echo.ending.is_some(),
        }
    }

    fn end(&mut self, ending: Ending) {
        match self {
            Self::Conversation(conversation) => {
                conversation.ending.get_or_insert(ending);
            }
            Self::Echo(echo) => echo.end(ending),
        }
    }
}

/// What comes is sent back: for conformance runs.
pub(super) struct Echo {
    id: ConnectionId,
    ending: Option<Ending>,
}

impl Echo {
    pub(super) fn new(id: ConnectionId) -> Self {
        Self { id, ending: None }
    }

    pub(super) fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
    }
}
