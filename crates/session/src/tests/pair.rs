//! A pair: a client, a server's half while there is a line, and a clock that the test moves.

use std::time::Duration;

use trunkline_protocol::frame::{Head, Start, Subscribe};
use trunkline_protocol::{
    ClientFrame, DisconnectReason, Epoch, List, Moment, Offset, PROTOCOL_VERSION, Payload,
    Position, Publication, RequestId, SenderId, ServerFrame, Text, Timestamp, TopicId, TopicName,
    User, UserId,
};

use crate::{
    Action, ClientConfig, ClientEvent, ClientSession, Close, Fallback, NewCommand, SavedOutbox,
    ServerConfig, ServerEvent, ServerSession, Status, SubscriptionId, Wanted, Way,
};

pub(super) const TOKEN_TTL: Duration = Duration::from_secs(600);

/// Both machines of one conversation.
pub(super) struct Pair {
    pub(super) now: Moment,
    pub(super) client: ClientSession,
    pub(super) server: Option<ServerSession>,
    pub(super) config: ServerConfig,
    pub(super) token_ttl: Duration,
    /// Whether tokens can be fetched, lines opened, and frames travel.
    pub(super) tokens: bool,
    pub(super) dials: bool,
    pub(super) hears_server: bool,
    pub(super) hears_client: bool,
    /// What the next heartbeat says.
    pub(super) heads: Vec<Head>,
    pub(super) sent: Vec<ClientFrame>,
    pub(super) events: Vec<ClientEvent>,
    pub(super) asked: Vec<ServerEvent>,
    pub(super) closed: Option<DisconnectReason>,
    pub(super) hung_up: Option<DisconnectReason>,
    pub(super) tokens_fetched: u32,
    pub(super) dialed_at: Vec<Moment>,
}

impl Pair {
    /// A pair that has not begun to talk.
    pub(super) fn idle(seed: u64) -> Self {
        Self::restored(seed, SavedOutbox::new(sender(7)))
    }

    /// A pair that has not begun to talk, with what was kept of an earlier one.
    pub(super) fn restored(seed: u64, outbox: SavedOutbox) -> Self {
        Self::made(seed, outbox, false)
    }

    /// A pair that talks, whose client has events as they were sent.
    pub(super) fn proving() -> Self {
        let mut pair = Self::made(1, SavedOutbox::new(sender(7)), true);
        pair.start();
        pair
    }

    fn made(seed: u64, outbox: SavedOutbox, events_are_as_sent: bool) -> Self {
        let agent = "test".to_owned();
        Self {
            now: Moment::from_ms(1_000),
            client: ClientSession::new(ClientConfig {
                agent,
                outbox,
                seed,
                fallback: Fallback::off(),
                events_are_as_sent,
            }),
            server: None,
            config: ServerConfig::default(),
            token_ttl: TOKEN_TTL,
            tokens: true,
            dials: true,
            hears_server: true,
            hears_client: true,
            heads: Vec::new(),
            sent: Vec::new(),
            events: Vec::new(),
            asked: Vec::new(),
            closed: None,
            hung_up: None,
            tokens_fetched: 0,
            dialed_at: Vec::new(),
        }
    }

    /// A pair that talks.
    pub(super) fn live() -> Self {
        let mut pair = Self::idle(1);
        pair.start();
        assert!(pair.is_live(), "{:?}", pair.client.status());
        pair
    }

    pub(super) fn start(&mut self) {
        self.client.start(self.now);
        self.settle();
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.client.status(), Status::Live { .. })
    }

    /// Moves the clock by `ms` and does what is due on the way.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        loop {
            let server = self.server.as_ref().and_then(ServerSession::poll_timeout);
            let due = self.client.poll_timeout().into_iter().chain(server).min();
            let Some(due) = due.filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            self.client.handle_timeout(self.now);
            if let Some(server) = &mut self.server {
                server.handle_timeout(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    /// The line breaks, and both notice it.
    pub(super) fn cut(&mut self, reason: DisconnectReason) {
        self.server = None;
        self.client.handle_closed(self.now, reason);
        self.settle();
    }

    /// Hands a frame of the server to the client.
    pub(super) fn say(&mut self, frame: ServerFrame) {
        self.client.handle_frame(self.now, frame);
        self.settle();
    }

    /// Lets both say and do all they have to.
    pub(super) fn settle(&mut self) {
        loop {
            let acted = self.obey_client();
            let carried = self.carry_up() | self.carry_down();
            if !acted && !carried {
                break;
            }
        }
        while let Some(event) = self.client.poll_event() {
            self.events.push(event);
        }
    }

    fn obey_client(&mut self) -> bool {
        let Some(action) = self.client.poll_action() else {
            return false;
        };
        match action {
            Action::FetchToken if self.tokens => {
                self.tokens_fetched += 1;
                self.client.handle_token(self.now, Ok("token".to_owned()));
            }
            Action::FetchToken => {
                let failure = Err(crate::TokenFailure::Unavailable);
                self.client.handle_token(self.now, failure);
            }
            Action::Dial(_) => {
                self.dialed_at.push(self.now);
                if self.dials {
                    self.server = Some(ServerSession::new(self.config, Way::Both, self.now));
                    self.client.handle_opened(self.now);
                } else {
                    self.client.handle_closed(self.now, DisconnectReason::Lost);
                }
            }
            Action::Hangup(reason) => {
                self.hung_up = Some(reason);
                self.server = None;
            }
            Action::DialBeside | Action::HangupBeside | Action::MoveOver => {
                unreachable!("there is no other transport")
            }
        }
        true
    }

    fn carry_up(&mut self) -> bool {
        let Some(frame) = self.client.poll_transmit() else {
            return false;
        };
        self.sent.push(frame.clone());
        if let Some(server) = self.server.as_mut().filter(|_| self.hears_client) {
            server.handle_frame(self.now, frame);
        }
        true
    }

    fn carry_down(&mut self) -> bool {
        let Some(server) = &mut self.server else {
            return false;
        };
        let mut carried = false;
        while let Some(event) = server.poll_event() {
            carried = true;
            match event {
                ServerEvent::Authenticate { .. } => {
                    server.handle_authenticated(self.now, 1, user(), self.token_ttl);
                }
                ServerEvent::Heartbeat => {
                    let heads = List::cut(std::mem::take(&mut self.heads));
                    if self.hears_server {
                        self.client
                            .handle_frame(self.now, ServerFrame::Ping { heads });
                    }
                }
                ServerEvent::Refresh { id, .. } => {
                    server.handle_refreshed(self.now, id, self.token_ttl);
                }
                other => self.asked.push(other),
            }
        }
        while let Some(frame) = server.poll_transmit() {
            carried = true;
            if self.hears_server {
                self.client.handle_frame(self.now, frame);
            }
        }
        if let Some(Close { reason, .. }) = server.poll_close() {
            carried = true;
            self.closed = Some(reason);
            self.server = None;
            if self.hears_server {
                self.client.handle_closed(self.now, reason);
            }
        }
        carried
    }

    /// Subscribes to a log, and confirms it at `offset`.
    pub(super) fn subscribe(&mut self, name: &str, offset: Offset) -> SubscriptionId {
        let number = self.client.subscribe(self.now, log(name)).unwrap();
        self.settle();
        self.confirm(offset, false);
        number
    }

    /// Answers the newest request for a topic.
    pub(super) fn confirm(&mut self, offset: Offset, recovered: bool) {
        let id = self.newest_subscribe();
        let server = self.server.as_mut().unwrap();
        server.answer(id, subscribed(id, offset, recovered));
        self.settle();
    }

    pub(super) fn newest_subscribe(&self) -> RequestId {
        let asked = |event: &ServerEvent| match event {
            ServerEvent::Subscribe { id, .. } => Some(*id),
            _ => None,
        };
        self.asked.iter().rev().find_map(asked).unwrap()
    }

    /// Where the requests for topics were to start, oldest first.
    pub(super) fn starts(&self) -> Vec<Start> {
        let asked = |event: &ServerEvent| match event {
            ServerEvent::Subscribe { start, .. } => Some(*start),
            _ => None,
        };
        self.asked.iter().filter_map(asked).collect()
    }

    /// The offsets that the application was given.
    pub(super) fn offsets(&self) -> Vec<Offset> {
        let given = |event: &ClientEvent| match event {
            ClientEvent::Publication { offset, .. } => Some(*offset),
            _ => None,
        };
        self.events.iter().filter_map(given).collect()
    }
}

/// A server's half that has been greeted.
pub(super) fn open_server(config: ServerConfig) -> ServerSession {
    let mut server = ServerSession::new(config, Way::Both, Moment::from_ms(0));
    server.handle_frame(Moment::from_ms(0), connect(Vec::new()));
    server.poll_event();
    server.handle_authenticated(Moment::from_ms(0), 1, user(), TOKEN_TTL);
    server.poll_transmit();
    server
}

pub(super) fn connect(subscriptions: Vec<Subscribe>) -> ClientFrame {
    ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut("token"),
        agent: Text::cut("test"),
        subscriptions: List::cut(subscriptions),
    }
}

pub(super) fn subscribe(id: RequestId, topic: &str) -> Subscribe {
    Subscribe {
        id,
        topic: Text::cut(topic),
        contract: None,
        start: Start::default(),
        presence: false,
        max_hz: None,
    }
}

pub(super) fn call(id: RequestId) -> ClientFrame {
    ClientFrame::Call {
        id,
        method: Text::cut("test.echo"),
        contract: None,
        deadline_ms: 1_000,
        request: Payload::default(),
    }
}

pub(super) fn user() -> User {
    User {
        id: UserId(1),
        name: Text::cut("somebody"),
    }
}

pub(super) fn sender(number: u64) -> SenderId {
    SenderId::from_random(number)
}

/// A command of a log.
pub(super) fn command(name: &str) -> NewCommand {
    NewCommand {
        topic: topic(name),
        contract: None,
        log: true,
        made_at: Timestamp(60),
        command: Payload::default(),
    }
}

pub(super) fn topic(name: &str) -> TopicName {
    name.parse().unwrap()
}

pub(super) fn log(name: &str) -> Wanted {
    Wanted {
        topic: topic(name),
        contract: None,
        log: true,
        newest: 0,
        presence: false,
        max_hz: None,
    }
}

pub(super) fn at(offset: Offset) -> Position {
    Position {
        epoch: Epoch(1),
        offset,
    }
}

pub(super) fn subscribed(id: RequestId, offset: Offset, recovered: bool) -> ServerFrame {
    ServerFrame::Subscribed {
        id,
        topic_id: TopicId(1),
        position: at(offset),
        recovered,
        gap: None,
        head: offset,
        members: None,
        publications: List::default(),
    }
}

pub(super) fn publication(offset: Offset) -> ServerFrame {
    let publication = Publication {
        offset,
        step: 1,
        event: Payload::default(),
    };
    ServerFrame::of_publication(TopicId(1), publication)
}

/// The answers that a server's half has queued: the ids of the refused ones with their codes.
pub(super) fn refusals(server: &mut ServerSession) -> Vec<(RequestId, u16)> {
    let mut refused = Vec::new();
    while let Some(frame) = server.poll_transmit() {
        if let ServerFrame::Refused { id, error } = frame {
            refused.push((id, error.code.number()));
        }
    }
    refused
}
