//! The server's half of the conversation. It lives on one transport.
//!
//! What must hold: the first frame is `Connect` and comes in time; nothing happens before the
//! client is authenticated; a request gets exactly one answer; whatever a peer sends ends in an
//! answer or in a close code, never in a panic; every set that a peer can grow is bounded.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use trunkline_protocol::codec::CLIENT_FRAME_LEN_MAX;
use trunkline_protocol::frame::{Limits, SUBSCRIPTIONS_MAX, Subscribe};
use trunkline_protocol::{
    ClientFrame, DisconnectReason, Error, Moment, PROTOCOL_VERSION, RequestId, ServerFrame,
    TopicName, User,
};

use crate::absence::was_away;
use crate::pace::{Bucket, Pace};

mod event;
mod requests;

pub use event::{Close, ServerEvent};
use requests::Kind;

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
    /// The namespaces whose commands are many and small, such as parts of video. They have a pace of
    /// their own; how much they bring is their topics' to limit.
    pub streams: &'static [&'static str],
    /// How fast commands of those may come.
    pub stream_pace: Pace,
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
            streams: &[],
            stream_pace: Pace {
                per_second: 500,
                burst: 1000,
            },
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
    /// Most connections send no streams.
    stream_bucket: Option<Box<Bucket>>,
    too_fast: u32,
    too_fast_since: Moment,
}

/// Which ways frames travel on a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Both, for as long as both sides like.
    Both,
    /// After `Connect` only from the server, as in the response to one HTTP request. Nothing is
    /// heard from the client, so that it lives as long as it takes what is sent.
    Out {
        /// How long it may last. Then the client goes on from its positions on another one.
        life: Duration,
    },
}

/// The server's half of the conversation.
#[derive(Debug)]
pub struct ServerSession {
    config: ServerConfig,
    /// When a transport that goes one way has lasted long enough.
    ends_at: Option<Moment>,
    state: State,
    requests: BTreeMap<RequestId, Kind>,
    topics: BTreeSet<TopicName>,
    frames: VecDeque<ServerFrame>,
    events: VecDeque<ServerEvent>,
    close: Option<Close>,
}

impl ServerSession {
    /// The half of a transport that has just opened.
    pub fn new(config: ServerConfig, way: Way, now: Moment) -> Self {
        let ends_at = match way {
            Way::Both => None,
            Way::Out { life } => Some(now + life),
        };
        Self {
            config,
            ends_at,
            state: State::Greeting {
                until: now + config.greeting_max,
            },
            requests: BTreeMap::new(),
            topics: BTreeSet::new(),
            // Mostly there is one or none; the usual room for four is most of an idle connection.
            frames: VecDeque::with_capacity(1),
            events: VecDeque::with_capacity(1),
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

    /// The peer took bytes at that time, of those that it is behind with. Progress counts as life: the
    /// next ping may wait behind much else, and where the peer cannot speak, nothing answers it. Do not
    /// call this for bytes that found room at once: a kernel takes those for a program that is frozen.
    pub fn handle_taken(&mut self, at: Moment) {
        if let State::Open(open) = &mut self.state {
            open.silent_at = open.silent_at.max(at + self.config.silence_max);
        }
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
            stream_bucket: None,
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

    /// It is `now`, and `poll_timeout` asked to be told. If that comes late, the server was away: the
    /// peer is pinged, and has its full time before the connection is closed.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self
            .poll_timeout()
            .is_some_and(|due| was_away(now.since(due)))
        {
            self.handle_absence(now);
        }
        match &mut self.state {
            State::Greeting { until } if *until <= now => {
                self.close(Close::new(DisconnectReason::FirstFrameLate));
            }
            State::Open(open) if open.silent_at <= now => {
                self.close(Close::new(DisconnectReason::Silent));
            }
            State::Open(_) if self.ends_at.is_some_and(|ends_at| ends_at <= now) => {
                self.close(Close::new(DisconnectReason::Renew));
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

    /// Starts the deadlines of the peer anew. How long a transport lasts is not the peer's to meet.
    fn handle_absence(&mut self, now: Moment) {
        match &mut self.state {
            State::Greeting { until } => *until = now + self.config.greeting_max,
            State::Open(open) => {
                open.silent_at = now + self.config.silence_max;
                open.expires_at = open.expires_at.max(now);
            }
            State::Authenticating { .. } | State::Closed => {}
        }
    }

    /// Tells whether `handle_timeout` would close the connection because nothing was heard. Before
    /// that, hand in what has arrived.
    pub fn is_overdue(&self, now: Moment) -> bool {
        match &self.state {
            State::Greeting { until } => *until <= now,
            State::Open(open) => {
                open.silent_at <= now || open.expires_at + self.config.token_grace <= now
            }
            State::Authenticating { .. } | State::Closed => false,
        }
    }

    /// When to call `handle_timeout`, if nothing else happens before.
    pub fn poll_timeout(&self) -> Option<Moment> {
        match &self.state {
            State::Greeting { until } => Some(*until),
            State::Open(open) => {
                let due = open
                    .ping_at
                    .min(open.silent_at)
                    .min(open.expires_at + self.config.token_grace);
                Some(self.ends_at.map_or(due, |ends_at| due.min(ends_at)))
            }
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
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
