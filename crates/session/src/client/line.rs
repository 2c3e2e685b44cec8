//! The line: from "not started" over dialing and greeting to live, and back when it is lost.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, DisconnectClass, DisconnectReason, Moment};

use super::over_http::{Asked, Urgency};
use super::tokens::refresh_after;
use super::{Action, ClientEvent, ClientSession, Status};
use crate::backoff::{STABLE, pause};
use crate::fallback::{Failure, Transport};

/// How long fetching a token may take.
const TOKEN_PATIENCE: Duration = Duration::from_secs(10);

/// A token that held for this long was good, so the next one will be, too.
const TOKEN_TRUSTED: Duration = Duration::from_secs(5);

/// How much later than promised a heartbeat may be before the client probes.
const HEARTBEAT_SLACK: Duration = Duration::from_secs(2);

/// How long a probe may take before the line is taken for lost.
const PROBE_PATIENCE: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Idle,
    Waiting {
        attempt: u32,
        until: Moment,
    },
    FetchingToken {
        attempt: u32,
        until: Moment,
    },
    Dialing {
        attempt: u32,
        until: Moment,
    },
    Greeting {
        attempt: u32,
        until: Moment,
        asked_at: Moment,
    },
    Live(Live),
    Stopped(DisconnectReason),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    attempt: u32,
    pub(super) since: Moment,
    pub(super) ping_interval: Duration,
    pub(super) watchdog: Watchdog,
    /// Over HTTP, what was asked for last.
    pub(super) asked: Asked,
    pub(super) refresh_at: Moment,
    probe: Option<(u32, Moment)>,
    next_nonce: u32,
    pub(super) round_trip: Option<Duration>,
    /// When the server told this client to come back, if it said that it would close.
    drain: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Watchdog {
    /// Something is expected until then.
    Listening { until: Moment },
    /// Nothing came in time, or the line was asked for anew: an answer is expected until then.
    Probing { until: Moment },
}

impl Line {
    pub(super) fn is_live(&self) -> bool {
        matches!(self, Self::Live(_))
    }

    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        match self {
            Self::Idle | Self::Stopped(_) => None,
            Self::Waiting { until, .. }
            | Self::FetchingToken { until, .. }
            | Self::Dialing { until, .. }
            | Self::Greeting { until, .. } => Some(*until),
            Self::Live(live) => {
                let watchdog = match live.watchdog {
                    Watchdog::Listening { until } | Watchdog::Probing { until } => until,
                };
                Some(watchdog.min(live.refresh_at))
            }
        }
    }
}

impl Live {
    pub(super) fn heard(&mut self, now: Moment) {
        self.watchdog = Watchdog::Listening {
            until: now + self.ping_interval + HEARTBEAT_SLACK,
        };
    }

    fn probe(&mut self, now: Moment) -> ClientFrame {
        self.next_nonce = self.next_nonce.wrapping_add(1);
        self.probe = Some((self.next_nonce, now));
        ClientFrame::Probe {
            nonce: self.next_nonce,
        }
    }
}

impl ClientSession {
    /// How the connection is.
    pub fn status(&self) -> Status {
        match &self.line {
            Line::Idle => Status::Idle,
            Line::Waiting { attempt, until } => Status::Waiting {
                attempt: *attempt,
                until: *until,
            },
            Line::FetchingToken { attempt, .. }
            | Line::Dialing { attempt, .. }
            | Line::Greeting { attempt, .. } => Status::Connecting { attempt: *attempt },
            Line::Live(live) => Status::Live {
                since: live.since,
                round_trip: live.round_trip,
                transport: self.fallback.transport(),
            },
            Line::Stopped(reason) => Status::Stopped(*reason),
        }
    }

    /// Starts to connect, also after the client has stopped.
    pub fn start(&mut self, now: Moment) {
        if matches!(self.line, Line::Idle | Line::Stopped(_)) {
            self.attempt(now, 0);
        }
    }

    /// Ends the connection and stays away until `start`.
    pub fn stop(&mut self, now: Moment) {
        self.hang_up(DisconnectReason::Normal);
        self.leave(now, Line::Stopped(DisconnectReason::Normal));
    }

    /// Whether there is a network, as far as anybody knows. Without one, no transport is blamed.
    pub fn set_online(&mut self, online: bool) {
        self.fallback.set_online(online);
    }

    /// The transport in use, or the one that is tried next.
    pub fn transport(&self) -> Transport {
        self.fallback.transport()
    }

    /// The transport is open.
    pub fn handle_opened(&mut self, now: Moment) {
        let Line::Dialing { attempt, .. } = self.line else {
            return;
        };
        self.line = Line::Greeting {
            attempt,
            until: now + self.fallback.patience(),
            asked_at: now,
        };
        self.conversation = self.conversation.wrapping_add(1);
        let connect = self.connect_frame(Moment::from_ms(u64::MAX));
        self.frames.push_back(connect);
    }

    /// The transport is closed, or could not be opened.
    pub fn handle_closed(&mut self, now: Moment, reason: DisconnectReason) {
        self.close(now, reason, Failure::Closed);
    }

    fn close(&mut self, now: Moment, reason: DisconnectReason, failure: Failure) {
        let (attempt, drain) = match &self.line {
            Line::Dialing { attempt, .. } | Line::Greeting { attempt, .. } => {
                // A code comes from the server, so that the transport works.
                if reason == DisconnectReason::Lost {
                    self.fallback.handle_failed(failure);
                }
                (*attempt + 1, None)
            }
            Line::Live(live) => {
                let lasted = now.since(live.since);
                self.token_is_new &= lasted < TOKEN_TRUSTED;
                let stable = lasted >= STABLE;
                (if stable { 0 } else { live.attempt + 1 }, live.drain)
            }
            Line::Idle | Line::Waiting { .. } | Line::FetchingToken { .. } | Line::Stopped(_) => {
                return;
            }
        };
        let class = match reason {
            // Its code says "bug", but a frozen tab or a stalled line is just as late.
            DisconnectReason::FirstFrameLate => DisconnectClass::RetryLater,
            other => other.class(),
        };
        match class {
            DisconnectClass::Stop | DisconnectClass::Incompatible => {
                self.leave(now, Line::Stopped(reason));
            }
            DisconnectClass::RetryNow if attempt <= 1 => {
                self.wait(now, attempt, Some(Duration::ZERO));
            }
            DisconnectClass::RetryNow | DisconnectClass::RetryLater => {
                self.wait(now, attempt, drain);
            }
            DisconnectClass::Refresh => {
                self.token = None;
                let told = (!self.token_is_new).then_some(Duration::ZERO);
                self.wait(now, attempt, told);
            }
        }
    }

    /// Something suggests that the world changed: the page is shown again, the network is back, or
    /// somebody asks to try now.
    pub fn handle_wake(&mut self, now: Moment) {
        match self.line {
            // What is under way goes on as it is.
            Line::Dialing { .. } | Line::Greeting { .. } => {}
            _ => self.fallback.handle_wake(now),
        }
        if self.is_one_way() && self.line.is_live() {
            return self.probe_by_asking(now);
        }
        match &mut self.line {
            Line::Waiting { .. } => self.attempt(now, 0),
            // Failures of before say nothing about the attempt after this one.
            Line::FetchingToken { attempt, .. }
            | Line::Dialing { attempt, .. }
            | Line::Greeting { attempt, .. } => {
                *attempt = 0;
            }
            Line::Live(live) => {
                if matches!(live.watchdog, Watchdog::Listening { .. }) {
                    live.watchdog = Watchdog::Probing {
                        until: now + PROBE_PATIENCE,
                    };
                    let probe = live.probe(now);
                    self.frames.push_back(probe);
                }
            }
            Line::Idle | Line::Stopped(_) => {}
        }
    }

    /// It is `now`, and `poll_timeout` asked to be told.
    pub fn handle_timeout(&mut self, now: Moment) {
        match self.line.clone() {
            Line::Idle | Line::Stopped(_) => {}
            Line::Waiting { attempt, until } if until <= now => self.attempt(now, attempt),
            Line::FetchingToken { attempt, until } if until <= now => {
                self.wait(now, attempt + 1, None);
            }
            Line::Dialing { until, .. } | Line::Greeting { until, .. } if until <= now => {
                self.lose(now);
            }
            Line::Live(live) => self.handle_live_timeout(now, &live),
            Line::Waiting { .. }
            | Line::FetchingToken { .. }
            | Line::Dialing { .. }
            | Line::Greeting { .. } => {}
        }
    }

    fn handle_live_timeout(&mut self, now: Moment, live: &Live) {
        match live.watchdog {
            // A timer that fires late, as in a hidden tab, is no proof of a dead line: ask first.
            Watchdog::Listening { until } if until <= now && self.is_one_way() => {
                self.ask_anew(now, Urgency::Patient);
            }
            Watchdog::Listening { until } if until <= now => self.handle_wake(now),
            Watchdog::Probing { until } if until <= now => return self.lose(now),
            Watchdog::Listening { .. } | Watchdog::Probing { .. } => {}
        }
        if live.refresh_at <= now {
            self.begin_refresh(now);
        }
        self.ask_for_subscriptions(now);
        self.send_commands(now);
        self.expire_requests(now);
        self.climb(now);
    }

    /// Closes a transport that does not answer.
    fn lose(&mut self, now: Moment) {
        self.hang_up(DisconnectReason::GoingAway);
        self.close(now, DisconnectReason::Lost, Failure::Silent);
    }

    pub(super) fn hang_up(&mut self, reason: DisconnectReason) {
        if matches!(
            self.line,
            Line::Dialing { .. } | Line::Greeting { .. } | Line::Live(_)
        ) {
            self.actions.push_back(Action::Hangup(reason));
        }
    }

    pub(super) fn heard(&mut self, now: Moment) {
        if let Line::Live(live) = &mut self.line {
            live.heard(now);
        }
    }

    /// `Connected` arrived: the conversation is open.
    pub(super) fn go_live(&mut self, now: Moment, ping_interval: Duration, token_ttl: Duration) {
        let Line::Greeting {
            attempt, asked_at, ..
        } = self.line
        else {
            return;
        };
        self.fallback.handle_live(now, self.fallback.transport());
        self.enter_live(now, attempt, asked_at, ping_interval, token_ttl);
    }

    /// Frames travel from now on, over the transport of the fallback.
    pub(super) fn enter_live(
        &mut self,
        now: Moment,
        attempt: u32,
        asked_at: Moment,
        ping_interval: Duration,
        token_ttl: Duration,
    ) {
        let one_way = self.fallback.transport().is_one_way();
        let mut live = Live {
            attempt,
            since: now,
            ping_interval,
            watchdog: Watchdog::Listening { until: now },
            asked: Asked::first(asked_at),
            refresh_at: now + refresh_after(token_ttl),
            probe: None,
            next_nonce: 0,
            round_trip: one_way.then(|| now.since(asked_at)),
            drain: None,
        };
        live.heard(now);
        let probe = (!one_way).then(|| live.probe(now));
        self.line = Line::Live(live);
        self.frames.extend(probe);
        self.events.push_back(ClientEvent::StatusChanged);
        let transport = self.fallback.transport();
        self.events.push_back(ClientEvent::Works(transport));
        let left = std::mem::take(&mut self.left_while_greeting);
        if one_way && !left.is_empty() {
            self.ask_anew(now, Urgency::Patient);
        } else {
            for topic in left {
                self.send_unsubscribe(&topic);
            }
        }
        self.ask_for_subscriptions(now);
        self.send_commands(now);
    }

    /// The server greets somebody else than the user of the outbox: nothing is sent for them.
    pub(super) fn refuse_user(&mut self, now: Moment) {
        self.token = None;
        self.hang_up(DisconnectReason::SignedOut);
        self.leave(now, Line::Stopped(DisconnectReason::SignedOut));
    }

    /// Answers a heartbeat, and measures the round trip with it.
    pub(super) fn answer_ping(&mut self, now: Moment) {
        if self.is_one_way() {
            return;
        }
        if let Line::Live(live) = &mut self.line {
            self.frames.push_back(ClientFrame::Pong);
            let probe = live.probe(now);
            self.frames.push_back(probe);
        }
    }

    pub(super) fn handle_probed(&mut self, now: Moment, answered: u32) {
        if let Line::Live(live) = &mut self.line
            && let Some((nonce, sent)) = live.probe
            && nonce == answered
        {
            live.probe = None;
            live.round_trip = Some(now.since(sent));
            self.events.push_back(ClientEvent::StatusChanged);
        }
    }

    pub(super) fn note_drain(&mut self, after: Duration) {
        if let Line::Live(live) = &mut self.line {
            live.drain = Some(after);
        }
    }

    fn attempt(&mut self, now: Moment, attempt: u32) {
        if self.token.is_some() {
            self.token_is_new = false;
            self.dial(now, attempt);
        } else {
            self.actions.push_back(Action::FetchToken);
            self.leave(
                now,
                Line::FetchingToken {
                    attempt,
                    until: now + TOKEN_PATIENCE,
                },
            );
        }
    }

    pub(super) fn dial(&mut self, now: Moment, attempt: u32) {
        let transport = self.fallback.transport();
        self.actions.push_back(Action::Dial(transport));
        self.leave(
            now,
            Line::Dialing {
                attempt,
                until: now + self.fallback.patience(),
            },
        );
    }

    pub(super) fn wait(&mut self, now: Moment, attempt: u32, told: Option<Duration>) {
        let random = self.jitter.next();
        let pause = told.unwrap_or_else(|| pause(attempt.saturating_sub(1), random));
        self.leave(
            now,
            Line::Waiting {
                attempt,
                until: now + pause,
            },
        );
    }

    /// Enters a line that is not live: what belonged to the connection ends with it.
    pub(super) fn leave(&mut self, now: Moment, line: Line) {
        self.give_up_climb(now);
        self.lanes.clear();
        self.line = line;
        self.frames.clear();
        self.left_while_greeting.clear();
        self.outgoing.rewind();
        for subscription in self.subscriptions.values_mut() {
            subscription.detach();
        }
        self.refuse_waiting();
        self.events.push_back(ClientEvent::StatusChanged);
    }
}
