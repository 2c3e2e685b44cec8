//! The server's half of the conversation. It lives on one transport.
//!
//! What must hold: the first frame is `Connect` and comes in time; nothing happens before the
//! client is authenticated; a request gets exactly one answer; whatever a peer sends ends in an
//! answer or in a close code, never in a panic; every set that a peer can grow is bounded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use trunkline_protocol::codec::CLIENT_FRAME_LEN_MAX;
use trunkline_protocol::frame::{Limits, Range, SUBSCRIPTIONS_MAX, Start, Subscribe, TopicText};
use trunkline_protocol::{
    ClientFrame, DisconnectReason, Error, ErrorCode, Fingerprint, MessageId, Moment,
    PROTOCOL_VERSION, Payload, RequestId, ServerFrame, TopicName, User,
};

use crate::pace::{Bucket, Pace};

/// Refusals for being too fast that a connection may collect before it is closed with 4105. A
/// pause of one second forgives them.
const TOO_FAST_MAX: u32 = 1000;

/// What a server's half is told when it is made.
#[derive(Clone, Copy, Debug)]
pub struct ServerConfig {
    /// How often `Ping` goes out.
    pub ping_interval: Duration,
    /// How long a peer may be silent.
    pub silence_max: Duration,
    /// How long the first frame may take.
    pub greeting_max: Duration,
    /// How long a connection outlives its token, so that a refresh under way can arrive.
    pub token_grace: Duration,
    /// The most requests that wait for an answer.
    pub requests_max: usize,
    /// How fast requests may come.
    pub pace: Pace,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(10),
            silence_max: Duration::from_secs(20),
            greeting_max: Duration::from_secs(5),
            token_grace: Duration::from_secs(30),
            requests_max: 64,
            pace: Pace {
                per_second: 100,
                burst: 200,
            },
        }
    }
}

/// What the server does for this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// Check the token, then call `handle_authenticated` or `close`.
    Authenticate {
        /// The token.
        token: String,
        /// The client program.
        agent: String,
    },
    /// Subscribe this connection, in place of an earlier subscription of it to the same topic.
    Subscribe {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// Where to start.
        start: Start,
        /// Whether to tell who is present.
        presence: bool,
    },
    /// End the subscription of this connection.
    Unsubscribe {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
    },
    /// Hand a command to the topic's handler, after those that came before.
    Publish {
        /// The request to answer.
        id: RequestId,
        /// The id that makes a retry harmless.
        message_id: MessageId,
        /// The topic.
        topic: TopicName,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// The command.
        command: Payload,
    },
    /// Call a method.
    Call {
        /// The request to answer.
        id: RequestId,
        /// The method.
        method: String,
        /// The contract of the client, if it has one.
        contract: Option<Fingerprint>,
        /// How long it may take.
        deadline: Duration,
        /// The request.
        request: Payload,
    },
    /// Stop working on a call. It has been answered.
    Cancel {
        /// The request.
        id: RequestId,
    },
    /// Read kept publications.
    History {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
        /// Which.
        range: Range,
        /// At most how many.
        limit: u16,
    },
    /// Tell who is present.
    Presence {
        /// The request to answer.
        id: RequestId,
        /// The topic.
        topic: TopicName,
    },
    /// Check a new token of the same user, then call `handle_refreshed` or answer with a refusal.
    Refresh {
        /// The request to answer.
        id: RequestId,
        /// The token.
        token: String,
    },
    /// A heartbeat is due: send `Ping` with the heads that moved.
    Heartbeat,
}

/// How this connection ends: send a Close frame with this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// Its code.
    pub reason: DisconnectReason,
    /// Its words, at most 123 bytes.
    pub text: String,
}

impl Close {
    /// A close with the reason's own words.
    pub fn new(reason: DisconnectReason) -> Self {
        Self {
            reason,
            text: reason.text().to_owned(),
        }
    }

    /// A close that says more.
    pub fn saying(reason: DisconnectReason, text: &str) -> Self {
        Self {
            reason,
            text: trunkline_protocol::Text::<123>::cut(text).into(),
        }
    }
}

#[derive(Debug)]
enum State {
    /// `Connect` is expected until then.
    Greeting {
        until: Moment,
    },
    /// The token is being checked; the subscriptions of `Connect` wait.
    Authenticating {
        subscriptions: Vec<Subscribe>,
    },
    Open(Open),
    Closed,
}

#[derive(Debug)]
struct Open {
    user: User,
    expires_at: Moment,
    ping_at: Moment,
    silent_at: Moment,
    bucket: Bucket,
    too_fast: u32,
    too_fast_since: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Call,
    Other,
}

/// The server's half of the conversation.
#[derive(Debug)]
pub struct ServerSession {
    config: ServerConfig,
    state: State,
    requests: BTreeMap<RequestId, Kind>,
    topics: BTreeSet<TopicName>,
    frames: VecDeque<ServerFrame>,
    events: VecDeque<ServerEvent>,
    close: Option<Close>,
}

impl ServerSession {
    /// The half of a transport that has just opened.
    pub fn new(config: ServerConfig, now: Moment) -> Self {
        Self {
            config,
            state: State::Greeting {
                until: now + config.greeting_max,
            },
            requests: BTreeMap::new(),
            topics: BTreeSet::new(),
            frames: VecDeque::new(),
            events: VecDeque::new(),
            close: None,
        }
    }

    /// Who speaks, once that is known.
    pub fn user(&self) -> Option<&User> {
        match &self.state {
            State::Open(open) => Some(&open.user),
            State::Greeting { .. } | State::Authenticating { .. } | State::Closed => None,
        }
    }

    /// How many requests wait for an answer.
    pub fn requests_waiting(&self) -> usize {
        self.requests.len()
    }

    /// A frame arrived.
    pub fn handle_frame(&mut self, now: Moment, frame: ClientFrame) {
        match (&mut self.state, frame) {
            (
                State::Greeting { .. },
                ClientFrame::Connect {
                    version,
                    token,
                    agent,
                    subscriptions,
                },
            ) => {
                if version != PROTOCOL_VERSION {
                    let text =
                        format!("this server speaks version {PROTOCOL_VERSION}, not {version}");
                    return self.close(Close::saying(DisconnectReason::VersionUnsupported, &text));
                }
                self.state = State::Authenticating {
                    subscriptions: subscriptions.into(),
                };
                self.events.push_back(ServerEvent::Authenticate {
                    token: token.into(),
                    agent: agent.into(),
                });
            }
            (State::Greeting { .. }, _) => {
                self.close(Close::saying(
                    DisconnectReason::Malformed,
                    "the first frame must be connect",
                ));
            }
            (State::Authenticating { .. }, _) => {
                self.close(Close::saying(
                    DisconnectReason::Malformed,
                    "wait for connected after connect",
                ));
            }
            (State::Open(_), ClientFrame::Connect { .. }) => {
                self.close(Close::saying(
                    DisconnectReason::Malformed,
                    "connect comes once",
                ));
            }
            (State::Open(open), frame) => {
                open.silent_at = now + self.config.silence_max;
                self.handle_open_frame(now, frame);
            }
            (State::Closed, _) => {}
        }
    }

    /// Bytes arrived that are no frame.
    pub fn handle_malformed(&mut self, detail: &str) {
        self.close(Close::saying(DisconnectReason::Malformed, detail));
    }

    /// The token is good for `user` and for this long.
    pub fn handle_authenticated(
        &mut self,
        now: Moment,
        session: u32,
        user: User,
        token_ttl: Duration,
    ) {
        let State::Authenticating { subscriptions } = &mut self.state else {
            return;
        };
        let subscriptions = std::mem::take(subscriptions);
        self.state = State::Open(Open {
            user: user.clone(),
            expires_at: now + token_ttl,
            ping_at: now + self.config.ping_interval,
            silent_at: now + self.config.silence_max,
            bucket: Bucket::full(self.config.pace, now),
            too_fast: 0,
            too_fast_since: now,
        });
        self.frames.push_back(ServerFrame::Connected {
            session,
            user,
            ping_interval_ms: millis(self.config.ping_interval),
            token_ttl_ms: millis(token_ttl),
            limits: Limits {
                frame_len_max: CLIENT_FRAME_LEN_MAX as u32,
                subscriptions_max: SUBSCRIPTIONS_MAX as u32,
                requests_max: self.config.requests_max as u32,
            },
        });
        // Within the bounds of one frame, what came with `Connect` is not held against the pace.
        for subscribe in subscriptions {
            if self.claim(subscribe.id, Kind::Other, usize::MAX) {
                self.handle_subscribe(subscribe);
            }
        }
    }

    /// The new token is good for this long.
    pub fn handle_refreshed(&mut self, now: Moment, id: RequestId, token_ttl: Duration) {
        if let State::Open(open) = &mut self.state {
            open.expires_at = now + token_ttl;
            self.answer(
                id,
                ServerFrame::Refreshed {
                    id,
                    token_ttl_ms: millis(token_ttl),
                },
            );
        }
    }

    /// Queues the answer to a request. An answer to one that does not wait, because it was
    /// cancelled, is dropped; so is a second answer.
    pub fn answer(&mut self, id: RequestId, frame: ServerFrame) {
        if self.settle(id) {
            self.frames.push_back(frame);
        }
    }

    /// Marks a request as answered by a frame that the server sends itself. False if it does not
    /// wait.
    pub fn settle(&mut self, id: RequestId) -> bool {
        self.requests.remove(&id).is_some()
    }

    /// Refuses a request.
    pub fn refuse(&mut self, id: RequestId, error: Error) {
        self.answer(id, ServerFrame::Refused { id, error });
    }

    /// Refuses a subscription: the topic does not count against the limit any more.
    pub fn refuse_subscription(&mut self, id: RequestId, topic: &TopicName, error: Error) {
        self.topics.remove(topic);
        self.refuse(id, error);
    }

    /// Ends the connection.
    pub fn close(&mut self, close: Close) {
        if !matches!(self.state, State::Closed) {
            self.state = State::Closed;
            self.close = Some(close);
            self.events.clear();
        }
    }

    /// It is `now`, and `poll_timeout` asked to be told.
    pub fn handle_timeout(&mut self, now: Moment) {
        match &mut self.state {
            State::Greeting { until } if *until <= now => {
                self.close(Close::new(DisconnectReason::FirstFrameLate));
            }
            State::Open(open) if open.silent_at <= now => {
                self.close(Close::new(DisconnectReason::Silent));
            }
            State::Open(open) if open.expires_at + self.config.token_grace <= now => {
                self.close(Close::new(DisconnectReason::TokenExpired));
            }
            State::Open(open) if open.ping_at <= now => {
                open.ping_at = now + self.config.ping_interval;
                self.events.push_back(ServerEvent::Heartbeat);
            }
            State::Greeting { .. }
            | State::Authenticating { .. }
            | State::Open(_)
            | State::Closed => {}
        }
    }

    /// When to call `handle_timeout`, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Greeting { until } => Some(*until),
            State::Open(open) => Some(
                open.ping_at
                    .min(open.silent_at)
                    .min(open.expires_at + self.config.token_grace),
            ),
            State::Authenticating { .. } | State::Closed => None,
        }
    }

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<ServerFrame> {
        self.frames.pop_front()
    }

    /// The next thing to do.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// How to close, once this connection is over. Send the remaining frames first.
    pub fn poll_close(&mut self) -> Option<Close> {
        self.close.take()
    }

    fn handle_open_frame(&mut self, now: Moment, frame: ClientFrame) {
        let (id, kind) = match &frame {
            ClientFrame::Pong => return,
            ClientFrame::Cancel { id } => return self.handle_cancel(*id),
            // A probe costs what a request costs, so it is held to the same pace.
            ClientFrame::Probe { nonce } => {
                let nonce = *nonce;
                if self.within_pace(now).is_ok() {
                    self.frames.push_back(ServerFrame::Probed { nonce });
                }
                return;
            }
            ClientFrame::Call { id, .. } => (*id, Kind::Call),
            ClientFrame::Subscribe(Subscribe { id, .. })
            | ClientFrame::Unsubscribe { id, .. }
            | ClientFrame::Publish { id, .. }
            | ClientFrame::History { id, .. }
            | ClientFrame::Presence { id, .. }
            | ClientFrame::Refresh { id, .. } => (*id, Kind::Other),
            ClientFrame::Connect { .. } => return,
        };
        if !self.claim(id, kind, self.config.requests_max) {
            return;
        }
        if let Err(wait) = self.within_pace(now) {
            let mut error = Error::new(ErrorCode::TooFast, "too many requests per second");
            error.retry_after_ms = Some(millis(wait));
            return self.refuse(id, error);
        }
        match frame {
            ClientFrame::Subscribe(subscribe) => self.handle_subscribe(subscribe),
            ClientFrame::Unsubscribe { id, topic } => {
                if let Some(topic) = self.parsed(id, &topic) {
                    self.handle_unsubscribe(id, topic);
                }
            }
            ClientFrame::Publish {
                id,
                message_id,
                topic,
                contract,
                command,
            } => {
                if let Some(topic) = self.parsed(id, &topic) {
                    self.events.push_back(ServerEvent::Publish {
                        id,
                        message_id,
                        topic,
                        contract,
                        command,
                    });
                }
            }
            ClientFrame::Call {
                id,
                method,
                contract,
                deadline_ms,
                request,
            } => {
                let deadline = Duration::from_millis(u64::from(deadline_ms));
                self.events.push_back(ServerEvent::Call {
                    id,
                    method: method.into(),
                    contract,
                    deadline,
                    request,
                });
            }
            ClientFrame::History {
                id,
                topic,
                range,
                limit,
            } => {
                if let Some(topic) = self.parsed(id, &topic) {
                    self.events.push_back(ServerEvent::History {
                        id,
                        topic,
                        range,
                        limit,
                    });
                }
            }
            ClientFrame::Presence { id, topic } => {
                if let Some(topic) = self.parsed(id, &topic) {
                    self.events.push_back(ServerEvent::Presence { id, topic });
                }
            }
            ClientFrame::Refresh { id, token } => {
                self.events.push_back(ServerEvent::Refresh {
                    id,
                    token: token.into(),
                });
            }
            ClientFrame::Connect { .. }
            | ClientFrame::Cancel { .. }
            | ClientFrame::Pong
            | ClientFrame::Probe { .. } => {}
        }
    }

    /// Takes up a request, or refuses it. A refusal here answers an id that is not in the table.
    fn claim(&mut self, id: RequestId, kind: Kind, requests_max: usize) -> bool {
        let error = if self.requests.contains_key(&id) {
            Error::new(ErrorCode::DuplicateId, id)
        } else if self.requests.len() >= requests_max {
            Error::new(
                ErrorCode::TooManyRequests,
                "too many requests wait for an answer",
            )
        } else {
            self.requests.insert(id, kind);
            return true;
        };
        self.frames.push_back(ServerFrame::Refused { id, error });
        false
    }

    fn within_pace(&mut self, now: Moment) -> Result<(), Duration> {
        let State::Open(open) = &mut self.state else {
            return Ok(());
        };
        let taken = open.bucket.take(now);
        if taken.is_err() {
            if now.since(open.too_fast_since) > Duration::from_secs(1) {
                open.too_fast = 0;
                open.too_fast_since = now;
            }
            open.too_fast += 1;
            if open.too_fast > TOO_FAST_MAX {
                self.close(Close::new(DisconnectReason::TooManyRequests));
            }
        }
        taken
    }

    fn parsed(&mut self, id: RequestId, topic: &TopicText) -> Option<TopicName> {
        match topic.parse() {
            Ok(name) => Some(name),
            Err(error) => {
                self.refuse(id, Error::new(ErrorCode::InvalidTopic, error));
                None
            }
        }
    }

    fn handle_subscribe(&mut self, subscribe: Subscribe) {
        let Subscribe {
            id,
            topic,
            contract,
            start,
            presence,
        } = subscribe;
        let Some(topic) = self.parsed(id, &topic) else {
            return;
        };
        if !self.topics.contains(&topic) && self.topics.len() >= SUBSCRIPTIONS_MAX {
            let detail = format!("a connection has at most {SUBSCRIPTIONS_MAX} subscriptions");
            return self.refuse(id, Error::new(ErrorCode::TooManySubscriptions, detail));
        }
        self.topics.insert(topic.clone());
        self.events.push_back(ServerEvent::Subscribe {
            id,
            topic,
            contract,
            start,
            presence,
        });
    }

    fn handle_unsubscribe(&mut self, id: RequestId, topic: TopicName) {
        if self.topics.remove(&topic) {
            self.events
                .push_back(ServerEvent::Unsubscribe { id, topic });
        } else {
            self.refuse(id, Error::new(ErrorCode::NotSubscribed, topic));
        }
    }

    fn handle_cancel(&mut self, id: RequestId) {
        if self.requests.get(&id) == Some(&Kind::Call) {
            self.refuse(id, Error::new(ErrorCode::Cancelled, ""));
            self.events.push_back(ServerEvent::Cancel { id });
        }
    }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
