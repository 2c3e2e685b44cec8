//! The client's half of the conversation. It outlives its connections.
//!
//! What must hold: subscriptions and unanswered commands survive a lost line; a request gets
//! exactly one answer; the client never decides by itself that it is up to date, the server says so.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use trunkline_protocol::frame::Range;
use trunkline_protocol::{
    ClientFrame, Error, ErrorCode, Fingerprint, List, Moment, PROTOCOL_VERSION, Payload, Position,
    RequestId, Text, TopicName, UserId,
};

use crate::backoff::Jitter;
use crate::fallback::Fallback;
use crate::one_way::Lanes;
use crate::outgoing::Outgoing;
use crate::saved::{SavedOutbox, restore};
use crate::subscription::{Subscription, SubscriptionId, Wanted};

mod event;
pub(crate) mod commands;
mod frames;
mod line;
mod tokens;
mod over_http;
mod climbing;
mod requests;
mod naming;

use climbing::Beside;
pub use event::{Action, ClientEvent, HistoryPage, Status, TokenFailure};
use line::Line;
use over_http::Urgency;
use requests::Waiting;

/// How many commands may be under way at once. The others wait in the outbox.
pub(crate) const COMMANDS_UNDER_WAY_MAX: usize = 32;

/// The most calls, reads and other requests that wait for an answer.
const REQUESTS_MAX: usize = 256;

/// What a client is told when it is made.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The program and its version, for the server's log.
    pub agent: String,
    /// What was kept of an earlier session, or a new outbox.
    pub outbox: SavedOutbox,
    /// Random bits for the jitter of this client.
    pub seed: u64,
    /// Which transports to try.
    pub fallback: Fallback,
    /// True if events are handed in with the bytes that the server sent, so that a resumption can
    /// prove by a digest which one is the newest. False where frames are JSON, whose payloads are
    /// parsed and written again.
    pub events_are_as_sent: bool,
}

/// The client's half of the conversation.
#[derive(Debug)]
pub struct ClientSession {
    agent: String,
    /// The only user that the server may greet, if there is one.
    user: Option<UserId>,
    jitter: Jitter,
    line: Line,
    token: Option<String>,
    /// The token was fetched for this very attempt, so a server that refuses it may well refuse
    /// the next one, too.
    token_is_new: bool,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// Topics that went out with `Connect` and were left before the answer.
    left_while_greeting: Vec<TopicName>,
    outgoing: Outgoing,
    waiting: BTreeMap<RequestId, Waiting>,
    fallback: Fallback,
    events_are_as_sent: bool,
    lanes: Lanes,
    /// Counts the requests for a conversation over HTTP.
    conversation: u32,
    beside: Option<Beside>,
    next_request: RequestId,
    next_subscription: SubscriptionId,
    frames: VecDeque<ClientFrame>,
    actions: VecDeque<Action>,
    events: VecDeque<ClientEvent>,
}

impl ClientSession {
    /// A client that is not started.
    pub fn new(config: ClientConfig) -> Self {
        let user = config.outbox.user;
        let (outgoing, dropped) = restore(config.outbox);
        let events = dropped
            .into_iter()
            .map(|(command, cause)| ClientEvent::CommandDropped { command, cause })
            .collect();
        Self {
            jitter: Jitter(config.seed),
            agent: config.agent,
            user,
            line: Line::Idle,
            token: None,
            token_is_new: false,
            subscriptions: BTreeMap::new(),
            left_while_greeting: Vec::new(),
            outgoing,
            waiting: BTreeMap::new(),
            fallback: config.fallback,
            events_are_as_sent: config.events_are_as_sent,
            lanes: Lanes::default(),
            conversation: 0,
            beside: None,
            next_request: 0,
            next_subscription: 0,
            frames: VecDeque::new(),
            actions: VecDeque::new(),
            events,
        }
    }

    /// Where a subscription stands, once it was confirmed.
    pub fn position(&self, subscription: SubscriptionId) -> Option<Position> {
        self.subscriptions.get(&subscription)?.position()
    }

    /// Subscribes to a topic, now and after every reconnect.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::AlreadySubscribed`] if this client is subscribed to it, and
    /// [`ErrorCode::TooManySubscriptions`] at the limit of one connection.
    pub fn subscribe(&mut self, now: Moment, wanted: Wanted) -> Result<SubscriptionId, Error> {
        if self
            .subscriptions
            .values()
            .any(|other| other.wanted.topic == wanted.topic)
        {
            return Err(Error::new(ErrorCode::AlreadySubscribed, wanted.topic));
        }
        if self.subscriptions.len() >= trunkline_protocol::frame::SUBSCRIPTIONS_MAX {
            return Err(Error::new(
                ErrorCode::TooManySubscriptions,
                self.subscriptions.len(),
            ));
        }
        self.next_subscription += 1;
        self.subscriptions
            .insert(self.next_subscription, Subscription::new(wanted));
        self.ask_for_subscriptions(now);
        Ok(self.next_subscription)
    }

    /// Leaves a topic. Nothing of it is told from here on.
    pub fn unsubscribe(&mut self, now: Moment, subscription: SubscriptionId) {
        let Some(left) = self.subscriptions.remove(&subscription) else {
            return;
        };
        if self.is_one_way() && self.line.is_live() {
            self.ask_anew(now, Urgency::Patient);
        } else if self.line.is_live() {
            self.send_unsubscribe(&left.wanted.topic);
        } else if left.is_asked() {
            // Nothing may be sent before the server's greeting.
            self.left_while_greeting.push(left.wanted.topic);
        }
    }

    fn send_unsubscribe(&mut self, topic: &TopicName) {
        let id = self.new_request(Waiting::Unsubscribe);
        self.frames.push_back(ClientFrame::Unsubscribe {
            id,
            topic: Text::cut(topic.as_str()),
        });
    }

    /// Calls a method. Answered by [`ClientEvent::Returned`]; refused at once while there is no
    /// connection, since a call is not safe to send twice.
    pub fn call(
        &mut self,
        now: Moment,
        method: &str,
        contract: Option<Fingerprint>,
        request: Payload,
        patience: Duration,
    ) -> RequestId {
        let id = self.new_request(Waiting::Call {
            until: now + patience,
        });
        let frame = ClientFrame::Call {
            id,
            method: Text::cut(method),
            contract,
            deadline_ms: u32::try_from(patience.as_millis()).unwrap_or(u32::MAX),
            request,
        };
        self.send_or_refuse(id, frame);
        id
    }

    /// Reads kept publications. Answered by [`ClientEvent::History`]; refused at once while there
    /// is no connection.
    pub fn history(
        &mut self,
        now: Moment,
        topic: &TopicName,
        range: Range,
        limit: u16,
    ) -> RequestId {
        let id = self.new_request(Waiting::History {
            until: now + requests::READ_PATIENCE,
        });
        let topic = Text::cut(topic.as_str());
        self.send_or_refuse(
            id,
            ClientFrame::History {
                id,
                topic,
                range,
                limit,
            },
        );
        id
    }

    /// The next frame to send, where frames go both ways.
    pub fn poll_transmit(&mut self) -> Option<ClientFrame> {
        if self.is_one_way() {
            return None;
        }
        self.frames.pop_front()
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// The next thing to tell the application.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// When to call `handle_timeout`, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        let line = self.line.poll_timeout();
        if !self.line.is_live() {
            return line;
        }
        let deferred = self
            .subscriptions
            .values()
            .filter_map(Subscription::deferred_until);
        let requests = self.waiting.values().filter_map(Waiting::until);
        let commands = self.outgoing.deferred_until(COMMANDS_UNDER_WAY_MAX);
        line.into_iter()
            .chain(deferred)
            .chain(requests)
            .chain(commands)
            .chain(self.climb_timeout())
            .min()
    }

    /// The frame that begins a conversation, with the subscriptions that are due at `due`.
    fn connect_frame(&mut self, due: Moment) -> ClientFrame {
        let mut subscriptions = Vec::new();
        for (number, subscription) in &mut self.subscriptions {
            if subscription.is_due(due) {
                self.next_request = self.next_request.wrapping_add(1);
                self.waiting
                    .insert(self.next_request, Waiting::Subscribe(*number));
                subscriptions.push(subscription.ask(self.next_request));
            }
        }
        ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(self.token.as_deref().unwrap_or_default()),
            agent: Text::cut(&self.agent),
            subscriptions: List::cut(subscriptions),
        }
    }

    fn ask_for_subscriptions(&mut self, now: Moment) {
        if !self.line.is_live() {
            return;
        }
        if self.is_one_way() {
            if self.subscriptions.values().any(|it| it.is_due(now)) {
                self.ask_anew(now, Urgency::Patient);
            }
            return;
        }
        for (number, subscription) in &mut self.subscriptions {
            if subscription.is_due(now) {
                self.next_request = self.next_request.wrapping_add(1);
                self.waiting
                    .insert(self.next_request, Waiting::Subscribe(*number));
                self.frames
                    .push_back(ClientFrame::Subscribe(subscription.ask(self.next_request)));
            }
        }
    }
}
