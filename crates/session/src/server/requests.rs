//! Requests: what an open connection may ask. Each is claimed, held to the pace, read, handed on.

use std::time::Duration;

use trunkline_protocol::frame::{SUBSCRIPTIONS_MAX, Subscribe, TopicText};
use trunkline_protocol::{
    ClientFrame, DisconnectReason, Error, ErrorCode, Moment, RequestId, ServerFrame, TopicName,
};

use super::{Close, ServerEvent, ServerSession, State, millis};
use crate::pace::Bucket;

/// Refusals for being too fast that a connection may collect before it is closed with 4105. A
/// pause of one second forgives them.
const TOO_FAST_MAX: u32 = 1000;

/// What a request that waits for its answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Call,
    Other,
}

impl ServerSession {
    pub(super) fn handle_open_frame(&mut self, now: Moment, frame: ClientFrame) {
        let (id, kind) = match &frame {
            ClientFrame::Pong => return,
            ClientFrame::Cancel { id } => return self.handle_cancel(*id),
            // A probe costs what a request costs, so it is held to the same pace.
            ClientFrame::Probe { nonce } => {
                let nonce = *nonce;
                if self.within_pace(now, false).is_ok() {
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
        let is_stream = match &frame {
            ClientFrame::Publish { topic, .. } => self.is_stream(topic),
            _ => false,
        };
        if let Err(wait) = self.within_pace(now, is_stream) {
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
    pub(super) fn claim(&mut self, id: RequestId, kind: Kind, requests_max: usize) -> bool {
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

    /// Tells whether commands of a topic have the pace of streams.
    fn is_stream(&self, topic: &str) -> bool {
        let streams = self.config.streams;
        !streams.is_empty()
            && topic
                .split_once(':')
                .is_some_and(|(namespace, _)| streams.contains(&namespace))
    }

    fn within_pace(&mut self, now: Moment, is_stream: bool) -> Result<(), Duration> {
        let pace = self.config.stream_pace;
        let State::Open(open) = &mut self.state else {
            return Ok(());
        };
        let taken = if is_stream {
            let bucket = open
                .stream_bucket
                .get_or_insert_with(|| Box::new(Bucket::full(pace, now)));
            bucket.take(now)
        } else {
            open.bucket.take(now)
        };
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

    pub(super) fn handle_subscribe(&mut self, subscribe: Subscribe) {
        let Subscribe {
            id,
            topic,
            contract,
            start,
            presence,
            max_hz,
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
            max_hz,
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
