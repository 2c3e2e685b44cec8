//! Requests: what each unanswered one is for. Every request gets exactly one answer, also when the
//! line is lost or the server does not answer in time.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, Error, ErrorCode, Moment, RequestId};

use super::{ClientEvent, ClientSession, REQUESTS_MAX};
use crate::outgoing::CommandId;
use crate::subscription::SubscriptionId;

/// How long a read of history may take.
pub(super) const READ_PATIENCE: Duration = Duration::from_secs(15);

/// How much longer than a call's deadline the client waits for the server to say so.
const DEADLINE_SLACK: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Subscribe(SubscriptionId),
    Unsubscribe,
    Publish(CommandId),
    Call {
        until: Moment,
    },
    History {
        until: Moment,
    },
    Refresh,
    /// Not a frame: the token for a refresh is being fetched.
    Token,
}

impl Waiting {
    /// When the client stops waiting, for requests that it waits for only so long.
    pub(super) fn until(&self) -> Option<Moment> {
        match self {
            Self::Call { until } | Self::History { until } => Some(*until + DEADLINE_SLACK),
            Self::Subscribe(_)
            | Self::Unsubscribe
            | Self::Publish(_)
            | Self::Refresh
            | Self::Token => None,
        }
    }
}

impl ClientSession {
    pub(super) fn new_request(&mut self, waiting: Waiting) -> RequestId {
        self.next_request = self.next_request.wrapping_add(1);
        self.waiting.insert(self.next_request, waiting);
        self.next_request
    }

    /// Sends a request that is not kept over a lost line, or refuses it at once.
    pub(super) fn send_or_refuse(&mut self, id: RequestId, frame: ClientFrame) {
        if !self.line.is_live() {
            self.refuse(id, &Error::new(ErrorCode::Unavailable, "not connected"));
        } else if self.waiting.len() > REQUESTS_MAX {
            self.refuse(
                id,
                &Error::new(
                    ErrorCode::TooManyRequests,
                    "too many requests wait for an answer",
                ),
            );
        } else {
            self.frames.push_back(frame);
        }
    }

    /// Answers a request with a refusal of the client's own.
    fn refuse(&mut self, id: RequestId, error: &Error) {
        match self.waiting.remove(&id) {
            Some(Waiting::Call { .. }) => {
                self.events.push_back(ClientEvent::Returned {
                    request: id,
                    result: Err(error.clone()),
                });
            }
            Some(Waiting::History { .. }) => {
                self.events.push_back(ClientEvent::History {
                    request: id,
                    result: Err(error.clone()),
                });
            }
            // Subscriptions and commands outlive the line; the rest has nobody who waits.
            Some(
                Waiting::Subscribe(_)
                | Waiting::Unsubscribe
                | Waiting::Publish(_)
                | Waiting::Refresh
                | Waiting::Token,
            )
            | None => {}
        }
    }

    /// The line is lost: everything that waited on it is answered.
    pub(super) fn refuse_waiting(&mut self) {
        let error = Error::new(ErrorCode::Unavailable, "the line was lost");
        let waiting: Vec<RequestId> = self.waiting.keys().copied().collect();
        for id in waiting {
            self.refuse(id, &error);
        }
    }

    /// Answers what the server did not answer in time.
    pub(super) fn expire_requests(&mut self, now: Moment) {
        let error = Error::new(ErrorCode::DeadlineExceeded, "no answer in time");
        let late = |waiting: &Waiting| waiting.until().is_some_and(|until| until <= now);
        let expired: Vec<RequestId> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| late(waiting))
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            self.refuse(id, &error);
        }
    }
}
