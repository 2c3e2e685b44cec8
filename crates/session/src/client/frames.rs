//! Frames: what each frame of the server means to the client.
//!
//! The server may be wrong or hostile. A frame that answers nothing is dropped; one that cannot be
//! true ends the connection.

use std::time::Duration;

use trunkline_protocol::frame::Head;
use trunkline_protocol::{
    DisconnectReason, Error, Gap, GapCause, Moment, Offset, Payload, RequestId, ServerFrame, Tail,
    TopicId,
};

use super::line::Line;
use super::requests::Waiting;
use super::{ClientEvent, ClientSession, HistoryPage};
use crate::subscription::{SubscriptionId, Verdict};

/// How long to wait before asking again for a topic that was refused for now.
const SUBSCRIBE_AGAIN: Duration = Duration::from_secs(1);

impl ClientSession {
    /// A frame arrived.
    pub fn handle_frame(&mut self, now: Moment, frame: ServerFrame) {
        self.heard(now);
        match (&self.line, frame) {
            (
                Line::Greeting { .. },
                ServerFrame::Connected {
                    user,
                    ping_interval_ms,
                    token_ttl_ms,
                    ..
                },
            ) => {
                if self.user.is_some_and(|owner| owner != user.id) {
                    return self.refuse_user(now);
                }
                self.events.push_back(ClientEvent::Identified(user));
                let ping_interval = Duration::from_millis(u64::from(ping_interval_ms));
                self.go_live(
                    now,
                    ping_interval,
                    Duration::from_millis(u64::from(token_ttl_ms)),
                );
            }
            (Line::Live(_), frame) if self.is_one_way() => self.handle_one_way_frame(now, frame),
            (Line::Live(_), frame) => self.handle_live_frame(now, frame),
            (Line::Greeting { .. }, ServerFrame::Disconnect { code, .. }) => {
                self.handle_disconnect(now, code.into());
            }
            (Line::Greeting { .. }, _) => self.reject(now),
            // A frame of a transport that was given up.
            (
                Line::Idle
                | Line::Waiting { .. }
                | Line::FetchingToken { .. }
                | Line::Dialing { .. }
                | Line::Stopped(_),
                _,
            ) => {}
        }
    }

    /// A frame arrived of a kind that this version does not have. It only shows that the line lives.
    pub fn handle_unknown_frame(&mut self, now: Moment) {
        self.heard(now);
    }

    /// Bytes arrived that are no frame.
    pub fn handle_malformed(&mut self, now: Moment) {
        if matches!(self.line, Line::Greeting { .. } | Line::Live(_)) {
            self.reject(now);
        }
    }

    /// The server does not speak this protocol, or not well: hang up and try again later.
    pub(super) fn reject(&mut self, now: Moment) {
        self.hang_up(DisconnectReason::Malformed);
        self.handle_closed(now, DisconnectReason::Lost);
    }

    pub(super) fn handle_live_frame(&mut self, now: Moment, frame: ServerFrame) {
        match frame {
            ServerFrame::Connected { .. } => self.reject(now),
            frame @ ServerFrame::Subscribed { .. } => self.handle_subscribed(now, frame),
            ServerFrame::Unsubscribed { id, .. } => {
                self.waiting.remove(&id);
            }
            ServerFrame::Published {
                id,
                position,
                duplicate,
            } => {
                if let Some(Waiting::Publish(command)) = self.waiting.remove(&id)
                    && self.outgoing.remove(command).is_some()
                {
                    self.events.push_back(ClientEvent::Published {
                        command,
                        position,
                        duplicate,
                    });
                }
                self.send_commands(now);
            }
            ServerFrame::Refused { id, error } => self.handle_refused(now, id, error),
            ServerFrame::Returned { id, response } => {
                if let Some(Waiting::Call { .. }) = self.waiting.remove(&id) {
                    self.events.push_back(ClientEvent::Returned {
                        request: id,
                        result: Ok(response),
                    });
                }
            }
            ServerFrame::History {
                id,
                first,
                head,
                publications,
                ..
            } => {
                if let Some(Waiting::History { .. }) = self.waiting.remove(&id) {
                    let page = HistoryPage {
                        first,
                        head,
                        publications: publications.into(),
                    };
                    self.events.push_back(ClientEvent::History {
                        request: id,
                        result: Ok(page),
                    });
                }
            }
            ServerFrame::Present { id, .. } => {
                self.waiting.remove(&id);
            }
            ServerFrame::Refreshed { id, token_ttl_ms } => {
                if let Some(Waiting::Refresh) = self.waiting.remove(&id) {
                    self.token_lasts(now, Duration::from_millis(u64::from(token_ttl_ms)));
                }
            }
            ServerFrame::Publication {
                topic_id,
                offset,
                step,
                event: Tail(event),
            } => {
                if let Some(subscription) = self.named(topic_id) {
                    self.take(now, subscription, offset, step, event);
                }
            }
            ServerFrame::Gap { topic_id, gap } => self.handle_gap(now, topic_id, gap),
            ServerFrame::Joined {
                topic_id,
                count,
                member,
            } => {
                if let Some(subscription) = self.named(topic_id) {
                    self.events.push_back(ClientEvent::Joined {
                        subscription,
                        count,
                        member,
                    });
                }
            }
            ServerFrame::Left {
                topic_id,
                count,
                user,
            } => {
                if let Some(subscription) = self.named(topic_id) {
                    self.events.push_back(ClientEvent::Left {
                        subscription,
                        count,
                        user,
                    });
                }
            }
            ServerFrame::Ping { heads } => {
                self.answer_ping(now);
                self.check_heads(now, &heads);
            }
            ServerFrame::Probed { nonce } => self.handle_probed(now, nonce),
            ServerFrame::Drain { after_ms } => {
                self.note_drain(Duration::from_millis(u64::from(after_ms)));
            }
            // What a Close frame is on a WebSocket. The transport ends by itself.
            ServerFrame::Disconnect { code, .. } => self.handle_disconnect(now, code.into()),
        }
    }

    pub(super) fn named(&self, topic_id: TopicId) -> Option<SubscriptionId> {
        self.subscriptions
            .iter()
            .find(|(_, subscription)| subscription.topic_id() == Some(topic_id))
            .map(|(number, _)| *number)
    }

    fn handle_subscribed(&mut self, now: Moment, frame: ServerFrame) {
        let ServerFrame::Subscribed {
            id,
            topic_id,
            position,
            recovered,
            gap,
            head,
            members,
            publications,
        } = frame
        else {
            return;
        };
        let Some(Waiting::Subscribe(number)) = self.waiting.remove(&id) else {
            return;
        };
        let Some(subscription) = self
            .subscriptions
            .get_mut(&number)
            .filter(|it| it.is_asked_as(id))
        else {
            return;
        };
        let nothing_new = subscription.resumes() && (recovered || !subscription.wanted.log);
        subscription.confirm(topic_id, position, recovered);
        let recovered = recovered.then(|| head.saturating_sub(position.offset));
        if !nothing_new {
            self.events.push_back(ClientEvent::Subscribed {
                subscription: number,
                recovered,
                head,
                members,
            });
        } else if let Some(members) = members {
            self.events.push_back(ClientEvent::Members {
                subscription: number,
                members,
            });
        }
        if let Some(gap) = gap {
            self.events.push_back(ClientEvent::Gap {
                subscription: number,
                gap,
            });
        }
        for publication in publications {
            self.take(
                now,
                number,
                publication.offset,
                publication.step,
                publication.event,
            );
        }
    }

    fn take(
        &mut self,
        now: Moment,
        number: SubscriptionId,
        offset: Offset,
        step: u32,
        event: Payload,
    ) {
        let Some(subscription) = self.subscriptions.get_mut(&number) else {
            return;
        };
        let as_sent = self.events_are_as_sent.then_some(&event);
        match subscription.judge(offset, step, as_sent) {
            Verdict::Accept => {
                self.events.push_back(ClientEvent::Publication {
                    subscription: number,
                    offset,
                    event,
                });
            }
            Verdict::Drop => {}
            Verdict::Hole => {
                subscription.detach();
                self.ask_for_subscriptions(now);
            }
        }
    }

    fn handle_gap(&mut self, now: Moment, topic_id: TopicId, gap: Gap) {
        let Some(number) = self.named(topic_id) else {
            return;
        };
        let Some(subscription) = self.subscriptions.get_mut(&number) else {
            return;
        };
        // The history that the position belongs to is gone; what is left comes to who asks again.
        if gap.cause == GapCause::Epoch {
            subscription.detach();
            return self.ask_for_subscriptions(now);
        }
        // What comes before the gap was lost on the way, and the gap does not speak of it.
        if subscription.is_behind(gap.from.saturating_sub(1)) {
            subscription.detach();
            return self.ask_for_subscriptions(now);
        }
        subscription.skip_to(gap.to);
        self.events.push_back(ClientEvent::Gap {
            subscription: number,
            gap,
        });
    }

    /// A head above what is here means that the last publications were lost on the way.
    fn check_heads(&mut self, now: Moment, heads: &[Head]) {
        for head in heads {
            if let Some(number) = self.named(head.topic_id)
                && let Some(subscription) = self.subscriptions.get_mut(&number)
                && subscription.is_behind(head.offset)
            {
                subscription.detach();
            }
        }
        self.ask_for_subscriptions(now);
    }

    pub(super) fn handle_refused(&mut self, now: Moment, id: RequestId, error: Error) {
        match self.waiting.remove(&id) {
            Some(Waiting::Subscribe(number)) => {
                let Some(subscription) = self
                    .subscriptions
                    .get_mut(&number)
                    .filter(|it| it.is_asked_as(id))
                else {
                    return;
                };
                if error.code.retryable() {
                    let told = error
                        .retry_after_ms
                        .map(|ms| Duration::from_millis(u64::from(ms)));
                    subscription.defer(now + told.unwrap_or(SUBSCRIBE_AGAIN));
                } else {
                    subscription.refuse();
                }
                self.events.push_back(ClientEvent::SubscriptionRefused {
                    subscription: number,
                    error,
                });
            }
            Some(Waiting::Publish(command)) => {
                self.handle_command_refused(now, command, error);
                self.send_commands(now);
            }
            Some(Waiting::Call { .. }) => {
                self.events.push_back(ClientEvent::Returned {
                    request: id,
                    result: Err(error),
                });
            }
            Some(Waiting::History { .. }) => {
                self.events.push_back(ClientEvent::History {
                    request: id,
                    result: Err(error),
                });
            }
            // A refused refresh ends in a Close frame that says why, unless a later one succeeds.
            Some(Waiting::Unsubscribe | Waiting::Refresh | Waiting::Token) | None => {}
        }
    }
}
