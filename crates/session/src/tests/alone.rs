//! A client alone, over HTTP: the test plays the driver and the server.

use std::time::Duration;

use trunkline_protocol::frame::{Limits, Start};
use trunkline_protocol::{ClientFrame, Moment, ServerFrame};

use super::pair::{log, sender, subscribed, user};
use crate::{
    Action, ClientConfig, ClientEvent, ClientSession, Fallback, HttpAnswer, HttpRequest, Purpose,
    SavedOutbox, Status, Transport,
};

pub(super) const TTL: Duration = Duration::from_secs(900);

/// A client alone, for whom the test plays the driver and the server.
pub(super) struct Alone {
    pub(super) now: Moment,
    pub(super) client: ClientSession,
    /// What the client told, in short words.
    pub(super) told: Vec<String>,
}

impl Alone {
    /// A client that has dialed.
    pub(super) fn dialing(first: Transport) -> Self {
        let mut alone = Self {
            now: Moment::from_ms(1_000),
            client: ClientSession::new(ClientConfig {
                agent: "test".to_owned(),
                outbox: SavedOutbox::new(sender(7)),
                seed: 1,
                fallback: Fallback::new(Some((first, Duration::ZERO))),
                events_are_as_sent: true,
            }),
            told: Vec::new(),
        };
        alone.client.start(alone.now);
        assert_eq!(alone.actions(), [Action::FetchToken]);
        alone.give_token();
        assert_eq!(alone.actions(), [Action::Dial(first)]);
        alone
    }

    /// A client that is live over `transport`, and subscribed to `topics` at offset 1.
    pub(super) fn live(transport: Transport, topics: &[&str]) -> Self {
        let mut alone = Self::dialing(transport);
        for name in topics {
            alone.client.subscribe(alone.now, log(name)).unwrap();
        }
        alone.client.handle_opened(alone.now);
        alone.greet();
        alone
    }

    /// Takes the request for the conversation, and answers it with a greeting and subscriptions.
    pub(super) fn greet(&mut self) -> HttpRequest {
        let request = self.request();
        self.say(connected());
        for (id, start) in asked(&request) {
            let since = start.position();
            let offset = since.map_or(1, |position| position.offset);
            self.say(subscribed(id, offset, since.is_some()));
        }
        request
    }

    pub(super) fn give_token(&mut self) {
        self.client.handle_token(self.now, Ok("token".to_owned()));
    }

    pub(super) fn say(&mut self, frame: ServerFrame) {
        self.client.handle_frame(self.now, frame);
        self.listen();
    }

    pub(super) fn answer(&mut self, request: &HttpRequest, answer: HttpAnswer) {
        let Purpose::Ask(id) = request.purpose else {
            panic!("{request:?} is a conversation");
        };
        self.client.handle_answer(self.now, id, answer);
        self.listen();
    }

    pub(super) fn request(&mut self) -> HttpRequest {
        self.client.poll_request().expect("a request")
    }

    pub(super) fn quiet(&mut self) -> bool {
        self.client.poll_request().is_none() && self.client.poll_action().is_none()
    }

    pub(super) fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.client.poll_action()).collect()
    }

    /// Moves the clock by `ms`, and hands in what is due on the way.
    pub(super) fn pass(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.client.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.client.handle_timeout(self.now);
            self.listen();
        }
        self.now = end;
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.client.status(), Status::Live { .. })
    }

    pub(super) fn listen(&mut self) {
        while let Some(event) = self.client.poll_event() {
            self.told.push(match event {
                ClientEvent::StatusChanged => continue,
                ClientEvent::Works(transport) => transport.name().to_owned(),
                ClientEvent::Subscribed { recovered, .. } => format!("subscribed {recovered:?}"),
                ClientEvent::Publication { offset, .. } => offset.to_string(),
                ClientEvent::Members { members, .. } => format!("{} members", members.count),
                ClientEvent::Published { duplicate, .. } => format!("published {duplicate}"),
                ClientEvent::Returned { result, .. } => format!("returned {}", result.is_ok()),
                ClientEvent::History { result, .. } => format!("history {}", result.is_ok()),
                ClientEvent::Identified(_) => continue,
                other => format!("{other:?}"),
            });
        }
    }

    pub(super) fn told(&mut self) -> Vec<String> {
        self.listen();
        std::mem::take(&mut self.told)
    }
}

pub(super) fn connected() -> ServerFrame {
    ServerFrame::Connected {
        session: 1,
        user: user(),
        ping_interval_ms: 10_000,
        token_ttl_ms: TTL.as_millis() as u32,
        limits: Limits {
            frame_len_max: 1,
            subscriptions_max: 1,
            requests_max: 1,
        },
    }
}

/// The subscriptions of a conversation, and where they start.
pub(super) fn asked(request: &HttpRequest) -> Vec<(u32, Start)> {
    match &request.body {
        Some(ClientFrame::Connect { subscriptions, .. }) => {
            subscriptions.iter().map(|it| (it.id, it.start)).collect()
        }
        other => panic!("expected a conversation, got {other:?}"),
    }
}
