//! What is said on a line: a conversation with its session, or an echo.
//!
//! Requests are carried out one after the other, so a client's commands keep their order; calls run
//! beside. Whatever needs a handler or history is a job.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::AbortHandle;
use trunkline_hub::ConnectionId;
use trunkline_protocol::{
    Codec, DisconnectReason, Error, ErrorCode, Moment, RequestId, ServerFrame, UserId,
};
use trunkline_session::{Close, ServerEvent, ServerSession};
use trunkline_websocket::{Incoming, Kind, Violation, push_message, push_pong};

use super::event_loop::World;
use super::jobs::{self, Begun, Job, Outcome, guarded};
use crate::node::TokenRejected;
use crate::requests::{Asker, PublishRequest, SubscribeRequest};

/// How many connections per second may come back after a drain, for the slots that it assigns.
const RETURNS_PER_SECOND: u64 = 2000;

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
            (_, Incoming::Close { code, .. }) => self.end(Ending::ByPeer(code)),
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

    /// Nobody waits for calls any more.
    pub(super) fn abandon(&mut self) {
        if let Self::Conversation(conversation) = self {
            for (_, call) in &conversation.calls {
                call.abort();
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

/// The server's half of one conversation.
pub(super) struct Conversation {
    id: ConnectionId,
    codec: Codec,
    session: ServerSession,
    asker: Option<Arc<Asker>>,
    /// Requests that wait for their turn. As many as the session lets through.
    turns: VecDeque<ServerEvent>,
    /// A request is being carried out elsewhere.
    busy: bool,
    /// A page of history is being read.
    feeding: bool,
    /// Calls that are being answered elsewhere.
    calls: Vec<(RequestId, AbortHandle)>,
    ending: Option<Ending>,
}

impl Conversation {
    pub(super) fn new(world: &World, id: ConnectionId, codec: Codec) -> Box<Self> {
        Box::new(Self {
            id,
            codec,
            session: ServerSession::new(world.node.session_config, world.now),
            asker: None,
            turns: VecDeque::new(),
            busy: false,
            feeding: false,
            calls: Vec::new(),
            ending: None,
        })
    }

    fn handle_message(&mut self, world: &mut World, kind: Kind, payload: &[u8]) {
        if (kind == Kind::Text) != self.codec.is_text() {
            self.session
                .close(Close::new(DisconnectReason::Unsupported));
        } else {
            match self.codec.decode(payload) {
                Ok(frame) => self.session.handle_frame(world.now, frame),
                Err(error) => self.session.handle_malformed(&error.to_string()),
            }
        }
        self.obey(world);
    }

    fn close(&mut self, world: &mut World, close: Close) {
        self.session.close(close);
        self.obey(world);
    }

    /// Does what the session asks for.
    fn obey(&mut self, world: &mut World) {
        loop {
            while let Some(frame) = self.session.poll_transmit() {
                if world.hub.reply(self.id, &frame).is_err() {
                    // The peer asks and does not read: there is no room even for answers.
                    self.session.close(Close::new(DisconnectReason::Silent));
                }
            }
            if let Some(close) = self.session.poll_close() {
                self.ending.get_or_insert(Ending::ByUs(close));
                return;
            }
            if !self.busy
                && let Some(turn) = self.turns.pop_front()
            {
                self.carry_out(world, turn);
                continue;
            }
            match self.session.poll_event() {
                Some(event) => self.handle_event(world, event),
                None => return,
            }
        }
    }

    fn handle_event(&mut self, world: &mut World, event: ServerEvent) {
        match event {
            ServerEvent::Authenticate { token, agent } => self.authenticate(world, &token, &agent),
            ServerEvent::Heartbeat => {
                let heads = world.hub.heads(self.id);
                // An overflow shows up with the next answer or as silence.
                let _ = world.hub.reply(self.id, &ServerFrame::Ping { heads });
            }
            ServerEvent::Refresh { id, token } => self.refresh(world, id, &token),
            ServerEvent::Cancel { id } => {
                if let Some((_, call)) = self.calls.iter().find(|(call, _)| *call == id) {
                    call.abort();
                }
                self.calls.retain(|(call, _)| *call != id);
            }
            ServerEvent::Call {
                id,
                method,
                contract,
                deadline,
                request,
            } => {
                let Some(asker) = self.asker.clone() else {
                    return;
                };
                let job: Job = Box::pin(async move {
                    let answer = asker.call(&method, contract, deadline, request);
                    Outcome::Returned(id, guarded(answer).await)
                });
                if let Some(call) = self.begin(world, job) {
                    self.calls.push((id, call));
                }
            }
            turn @ (ServerEvent::Subscribe { .. }
            | ServerEvent::Unsubscribe { .. }
            | ServerEvent::Publish { .. }
            | ServerEvent::History { .. }
            | ServerEvent::Presence { .. }) => self.turns.push_back(turn),
        }
    }

    fn authenticate(&mut self, world: &mut World, token: &str, agent: &str) {
        match world.node.authenticate(token) {
            Ok((user, ttl)) => {
                tracing::debug!(connection = self.id, user = %user.id, agent, "connected");
                self.asker = Some(Arc::new(Asker {
                    node: Arc::clone(&world.node),
                    codec: self.codec,
                    user: user.clone(),
                }));
                // The serial number; the slot is nobody's business.
                let session = (self.id >> 32) as u32;
                self.session
                    .handle_authenticated(world.now, session, user, ttl);
            }
            Err(TokenRejected::Expired) => self
                .session
                .close(Close::new(DisconnectReason::TokenExpired)),
            Err(TokenRejected::Invalid) => self
                .session
                .close(Close::new(DisconnectReason::TokenInvalid)),
        }
    }

    fn refresh(&mut self, world: &World, id: RequestId, token: &str) {
        match (world.node.authenticate(token), self.session.user()) {
            (Ok((user, ttl)), Some(current)) if user.id == current.id => {
                self.session.handle_refreshed(world.now, id, ttl);
            }
            (Ok(_), _) => self.session.refuse(
                id,
                Error::new(ErrorCode::OtherUser, "the token is another user's"),
            ),
            (Err(_), _) => self
                .session
                .refuse(id, Error::new(ErrorCode::Invalid, "the token is not good")),
        }
    }

    /// Begins a job. Returns what can stop it, if it goes on elsewhere.
    fn begin(&mut self, world: &mut World, job: Job) -> Option<AbortHandle> {
        match jobs::begin(self.id, job, &world.inbox, &world.node.tasks) {
            Begun::Done(outcome) => {
                self.take_outcome(world, outcome);
                None
            }
            Begun::Later(handle) => Some(handle),
        }
    }

    /// Begins the next request in turn.
    fn carry_out(&mut self, world: &mut World, turn: ServerEvent) {
        let Some(asker) = self.asker.clone() else {
            return;
        };
        match turn {
            ServerEvent::Subscribe {
                id,
                topic,
                contract,
                start,
                presence,
            } => {
                let request = SubscribeRequest {
                    id,
                    topic,
                    contract,
                    start,
                    presence,
                };
                self.subscribe(world, asker, request);
            }
            ServerEvent::Unsubscribe { id, topic } => {
                let left = world.unsubscribe(self.id, asker.user.id, &topic);
                let answer = left.map(|topic_id| ServerFrame::Unsubscribed { id, topic_id });
                let answer = answer.ok_or_else(|| Error::new(ErrorCode::NotSubscribed, topic));
                self.answer(id, answer);
            }
            ServerEvent::Publish {
                id,
                message_id,
                topic,
                contract,
                command,
            } => {
                let request = PublishRequest {
                    message_id,
                    topic,
                    contract,
                    command,
                };
                self.answer_later(world, id, async move {
                    let placed = asker.publish(request).await?;
                    Ok(ServerFrame::Published {
                        id,
                        position: placed.position,
                        duplicate: placed.duplicate,
                    })
                });
            }
            ServerEvent::History {
                id,
                topic,
                range,
                limit,
            } => self.answer_later(world, id, async move {
                asker.history(id, &topic, range, limit).await
            }),
            ServerEvent::Presence { id, topic } => {
                let answer = asker.presence(id, &topic);
                self.answer(id, answer);
            }
            ServerEvent::Authenticate { .. }
            | ServerEvent::Refresh { .. }
            | ServerEvent::Call { .. }
            | ServerEvent::Cancel { .. }
            | ServerEvent::Heartbeat => {
                unreachable!("only requests with a turn are carried out in turn")
            }
        }
    }

    /// Begins a request whose answer may take a while. Until then no other has its turn.
    fn answer_later(
        &mut self,
        world: &mut World,
        id: RequestId,
        answer: impl Future<Output = Result<ServerFrame, Error>> + Send + 'static,
    ) {
        self.busy = true;
        let job = async move { Outcome::Answer(id, guarded(answer).await) };
        self.begin(world, Box::pin(job));
    }

    fn answer(&mut self, id: RequestId, answer: Result<ServerFrame, Error>) {
        match answer {
            Ok(frame) => self.session.answer(id, frame),
            Err(error) => self.session.refuse(id, error),
        }
    }

    /// Joins the hub, then reads history. In this order nothing falls between history and fan-out.
    fn subscribe(&mut self, world: &mut World, asker: Arc<Asker>, request: SubscribeRequest) {
        let joined = asker
            .reader(&request.topic, request.contract)
            .and_then(|handler| {
                world.subscribe(self.id, &asker.user, &*handler, &request)?;
                Ok(handler)
            });
        match joined {
            Ok(handler) => {
                self.busy = true;
                let job = async move {
                    let begin = asker.begin(&request.topic, &*handler, request.start);
                    let begin = guarded(begin).await;
                    Outcome::Begun(request, begin)
                };
                self.begin(world, Box::pin(job));
            }
            Err(error) => {
                self.session
                    .refuse_subscription(request.id, &request.topic, error);
            }
        }
    }

    /// What was begun elsewhere is done.
    pub(super) fn handle_outcome(&mut self, world: &mut World, outcome: Outcome) {
        self.take_outcome(world, outcome);
        self.obey(world);
    }

    fn take_outcome(&mut self, world: &mut World, outcome: Outcome) {
        match outcome {
            Outcome::Answer(id, answer) => {
                self.busy = false;
                self.answer(id, answer);
            }
            Outcome::Begun(request, begin) => {
                self.busy = false;
                self.confirm(world, request, begin);
            }
            Outcome::Fed(behind, page) => {
                self.feeding = false;
                if let Some(page) = page {
                    world.hub.feed(self.id, &behind, &page);
                }
            }
            Outcome::Returned(id, response) => {
                self.calls.retain(|(call, _)| *call != id);
                // One that was cancelled is answered already, and the session drops this answer.
                let answer = response.map(|response| ServerFrame::Returned { id, response });
                self.answer(id, answer);
            }
        }
    }

    fn confirm(
        &mut self,
        world: &mut World,
        request: SubscribeRequest,
        begin: Result<crate::requests::Begin, Error>,
    ) {
        let Some(asker) = &self.asker else {
            return;
        };
        let SubscribeRequest { id, topic, .. } = &request;
        match begin {
            Ok(begin) => {
                // Without room for an answer the next one closes the connection.
                let _ = world.confirm(self.id, asker, &request, begin);
                self.session.settle(*id);
            }
            Err(error) => {
                world.unsubscribe(self.id, asker.user.id, topic);
                self.session.refuse_subscription(*id, topic, error);
            }
        }
    }

    /// Feeds the subscriptions that are behind, while there is room for it.
    pub(super) fn feed(&mut self, world: &mut World) {
        while !self.feeding
            && let Some(behind) = world.hub.catching_up(self.id)
            && let Some(asker) = self.asker.clone()
        {
            self.feeding = true;
            let job = async move {
                let page = guarded(asker.page(&behind)).await;
                Outcome::Fed(behind, page.ok())
            };
            let before = world.hub.waiting_len(self.id);
            self.begin(world, Box::pin(job));
            if world.hub.waiting_len(self.id) == before {
                // It cannot be read now, or brought nothing. The next heartbeat tries again.
                return;
            }
        }
    }

    /// The node says goodbye: the client is told when to come back.
    fn drain(&mut self, world: &mut World) {
        let connections = world.node.connections() as u64;
        let spread_ms = (connections * 1000 / RETURNS_PER_SECOND).max(250);
        let random = getrandom::u64().unwrap_or(self.id);
        let after_ms = u32::try_from(random % spread_ms).unwrap_or(0);
        // Best effort: without it the client backs off by itself.
        let _ = world.hub.reply(self.id, &ServerFrame::Drain { after_ms });
        self.close(world, Close::new(DisconnectReason::Restart));
    }
}
