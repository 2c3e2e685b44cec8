//! A conversation: the server's half of one, on one line.
//!
//! It does what the session asks for. Calls run beside requests that take turns, which are in
//! `turns`; whatever needs a handler or history is a job.

use std::collections::VecDeque;
use std::sync::Arc;

use trunkline_hub::ConnectionId;
use trunkline_protocol::{Codec, DisconnectReason, Error, ErrorCode, RequestId, ServerFrame};
use trunkline_session::{Close, ServerEvent, ServerSession, Way};
use trunkline_websocket::Kind;

use super::event_loop::World;
use super::jobs::{Begun, Job, JobId, Outcome, guarded};
use super::talk::Ending;
use crate::broker::{KeptPage, Placed};
use crate::node::TokenRejected;
use crate::requests::{Asker, Begin, SubscribeRequest};

/// How many connections per second may come back after a drain, for the slots that it assigns.
const RETURNS_PER_SECOND: u64 = 2000;

/// The server's half of one conversation.
pub(super) struct Conversation {
    pub(super) id: ConnectionId,
    codec: Codec,
    pub(super) session: ServerSession,
    pub(super) asker: Option<Arc<Asker>>,
    /// The token and the client program of a `connect` frame that waits to be answered. Boxed,
    /// because it is there only for a moment.
    greeting: Option<Box<(String, String)>>,
    /// Requests that wait for their turn. As many as the session lets through.
    pub(super) turns: VecDeque<ServerEvent>,
    /// Work that waits for room in the outbox. Few connections ever have any.
    waiting: Option<Box<Waiting>>,
    /// A request is being carried out.
    pub(super) busy: bool,
    /// Commands whose events are handed in, oldest first, with the answers that wait for those before
    /// them.
    pub(super) publishing: VecDeque<(RequestId, Option<Result<Placed, Error>>)>,
    /// A page of history is being read.
    feeding: bool,
    /// Calls that are being answered.
    pub(super) calls: Vec<(RequestId, JobId)>,
    pub(super) ending: Option<Ending>,
}

/// Work that waits until the reader has taken some of the answers before. Together with what waits
/// for its turn, these are as many requests as the session lets through.
#[derive(Default)]
struct Waiting {
    /// Calls that have not begun.
    calls: VecDeque<ServerEvent>,
    /// Finished work of which the answer has no room yet.
    outcomes: VecDeque<Outcome>,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.outcomes.is_empty()
    }

    /// Forgets a call that was cancelled.
    fn forget(&mut self, cancelled: RequestId) {
        let is_call =
            |it: &ServerEvent| matches!(it, ServerEvent::Call { id, .. } if *id == cancelled);
        self.calls.retain(|it| !is_call(it));
        let is_answer = |it: &Outcome| matches!(it, Outcome::Returned(id, _) if *id == cancelled);
        self.outcomes.retain(|it| !is_answer(it));
    }
}

impl Conversation {
    pub(super) fn new(world: &World, id: ConnectionId, codec: Codec, way: Way) -> Box<Self> {
        Box::new(Self {
            id,
            codec,
            session: ServerSession::new(world.node.session_config, way, world.now),
            asker: None,
            greeting: None,
            turns: VecDeque::with_capacity(1),
            waiting: None,
            busy: false,
            publishing: VecDeque::new(),
            feeding: false,
            calls: Vec::new(),
            ending: None,
        })
    }

    pub(super) fn handle_message(&mut self, world: &mut World, kind: Kind, payload: &[u8]) {
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

    pub(super) fn close(&mut self, world: &mut World, close: Close) {
        self.session.close(close);
        self.obey(world);
    }

    /// Does what the session asks for.
    pub(super) fn obey(&mut self, world: &mut World) {
        loop {
            while let Some(frame) = self.session.poll_transmit() {
                if world.hub.reply(self.id, &frame).is_err() {
                    // The peer asks and does not read: there is no room even for refusals.
                    let text = "answers are not read";
                    self.session
                        .close(Close::saying(DisconnectReason::Silent, text));
                }
            }
            if let Some(close) = self.session.poll_close() {
                self.ending.get_or_insert(Ending::ByUs(close));
                return;
            }
            if world.hub.may_answer(self.id) && self.take_turn(world) {
                continue;
            }
            match self.session.poll_event() {
                Some(event) => self.handle_event(world, event),
                None => return,
            }
        }
    }

    /// Does the next thing that waited for room or for its turn. False if nothing did.
    fn take_turn(&mut self, world: &mut World) -> bool {
        if let Some(waiting) = &mut self.waiting {
            if let Some(outcome) = waiting.outcomes.pop_front() {
                self.take_outcome(world, outcome);
                return true;
            }
            if let Some(call) = waiting.calls.pop_front() {
                self.begin_call(world, call);
                return true;
            }
            self.waiting = None;
        }
        let turn = self.next_turn();
        turn.is_some_and(|turn| {
            self.carry_out(world, turn);
            true
        })
    }

    /// Tells whether something is to be done once there is room.
    pub(super) fn waits_for_room(&self) -> bool {
        let turn = !self.busy && !self.turns.is_empty();
        turn || self.waiting.as_ref().is_some_and(|it| !it.is_empty())
    }

    /// Something was taken: does what waited for room, if there is some.
    pub(super) fn go_on(&mut self, world: &mut World) {
        if self.waits_for_room() && world.hub.may_answer(self.id) {
            self.obey(world);
        }
    }

    fn handle_event(&mut self, world: &mut World, event: ServerEvent) {
        match event {
            ServerEvent::Authenticate { token, agent } => {
                self.greeting = Some(Box::new((token, agent)));
            }
            ServerEvent::Heartbeat => {
                let heads = world.hub.heads(self.id);
                // An overflow shows up with the next answer or as silence.
                let _ = world.hub.reply(self.id, &ServerFrame::Ping { heads });
            }
            ServerEvent::Refresh { id, token } => self.refresh(world, id, &token),
            ServerEvent::Cancel { id } => {
                if let Some((_, call)) = self.calls.iter().find(|(call, _)| *call == id) {
                    world.jobs.abort(*call);
                }
                self.calls.retain(|(call, _)| *call != id);
                if let Some(waiting) = &mut self.waiting {
                    waiting.forget(id);
                }
            }
            call @ ServerEvent::Call { .. } => {
                // Behind those that wait, so that a client's calls begin in their order.
                let waits = self.waiting.as_ref().is_some_and(|it| !it.is_empty());
                if waits || !world.hub.may_answer(self.id) {
                    self.waiting.get_or_insert_default().calls.push_back(call);
                } else {
                    self.begin_call(world, call);
                }
            }
            turn @ (ServerEvent::Subscribe { .. }
            | ServerEvent::Unsubscribe { .. }
            | ServerEvent::Publish { .. }
            | ServerEvent::History { .. }
            | ServerEvent::Presence { .. }) => self.turns.push_back(turn),
        }
    }

    fn begin_call(&mut self, world: &mut World, call: ServerEvent) {
        let ServerEvent::Call {
            id,
            method,
            contract,
            deadline,
            request,
        } = call
        else {
            unreachable!("only calls begin beside the others")
        };
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

    /// Answers a `connect` frame, once what came with it was looked at: a client waits for this
    /// answer, so that anything else that came is a mistake.
    pub(super) fn answer_greeting(&mut self, world: &mut World) {
        if let Some(greeting) = self.greeting.take()
            && self.ending.is_none()
        {
            let (token, agent) = *greeting;
            self.authenticate(world, &token, &agent);
            self.obey(world);
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
                    trusted: false,
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

    /// Begins a job. Returns its name if it has to wait.
    pub(super) fn begin(&mut self, world: &mut World, job: Job) -> Option<JobId> {
        match world.jobs.begin(self.id, job) {
            Begun::Done(outcome) => {
                self.take_outcome(world, outcome);
                None
            }
            Begun::Later(id) => Some(id),
        }
    }

    /// Takes the outcome of a job that had to wait. Its answer waits if there is no room for it.
    pub(super) fn handle_outcome(&mut self, world: &mut World, outcome: Outcome) {
        if matches!(outcome, Outcome::Fed(..)) || world.hub.may_answer(self.id) {
            self.take_outcome(world, outcome);
        } else {
            if let Outcome::Returned(id, _) = &outcome {
                self.calls.retain(|(call, _)| call != id);
            }
            let waiting = self.waiting.get_or_insert_default();
            waiting.outcomes.push_back(outcome);
        }
        self.obey(world);
    }

    fn take_outcome(&mut self, world: &mut World, outcome: Outcome) {
        match outcome {
            Outcome::Answer(id, answer) => {
                self.busy = false;
                self.answer(id, answer);
            }
            Outcome::HandedIn(id, handed_in) => self.handle_handed_in(world, id, handed_in),
            Outcome::Placed(id, placed) => self.handle_placed(id, placed),
            Outcome::Begun(request, begin) => {
                self.busy = false;
                self.confirm(world, &request, begin);
            }
            Outcome::Fed(behind, page) => {
                self.feeding = false;
                if let Some(KeptPage { epoch, page }) = page {
                    world.hub.feed(self.id, &behind, epoch, &page);
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
        request: &SubscribeRequest,
        begin: Result<Begin, Error>,
    ) {
        let Some(asker) = &self.asker else {
            return;
        };
        let SubscribeRequest { id, topic, .. } = request;
        match begin {
            Ok(begin) => {
                // Without room for an answer the next one closes the connection.
                let _ = world.confirm(self.id, asker, request, &begin);
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
    pub(super) fn drain(&mut self, world: &mut World) {
        let connections = world.node.connections() as u64;
        let spread_ms = (connections * 1000 / RETURNS_PER_SECOND).max(250);
        let random = getrandom::u64().unwrap_or(self.id);
        let after_ms = u32::try_from(random % spread_ms).unwrap_or(0);
        // Best effort: without it the client backs off by itself.
        let _ = world.hub.reply(self.id, &ServerFrame::Drain { after_ms });
        self.close(world, Close::new(DisconnectReason::Restart));
    }
}
