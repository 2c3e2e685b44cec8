//! Requests: what the server does about each event of a session.

use std::time::Duration;

use trunkline_protocol::{Error, ErrorCode, ServerFrame};
use trunkline_session::ServerEvent;

use super::subscribing::{Read, Wish};
use super::{Server, Work};
use crate::agenda::Happening;
use crate::network::LinkId;
use crate::setting::Setting;

impl Server {
    /// Does at once what can be done at once; the rest waits for its turn.
    pub(super) fn handle_event(&mut self, setting: &mut Setting, link: LinkId, event: ServerEvent) {
        match event {
            ServerEvent::Authenticate { token, .. } => {
                let lag = setting.lag_ms();
                self.put_work(setting, lag, Work::Authenticate { link, token });
            }
            ServerEvent::Refresh { id, token } => {
                let lag = setting.lag_ms();
                self.put_work(setting, lag, Work::Refresh { link, id, token });
            }
            ServerEvent::Call {
                id,
                deadline,
                request,
                ..
            } => {
                let wait = Duration::from_millis(setting.random.below(2_500)).min(deadline);
                let ok = wait < deadline;
                self.put_work(
                    setting,
                    wait.as_millis() as u64,
                    Work::Return {
                        link,
                        id,
                        request,
                        ok,
                    },
                );
            }
            // The work goes on, and its answer is dropped by the session.
            ServerEvent::Cancel { .. } => {}
            ServerEvent::Heartbeat => {
                let heads = self.hub.heads(link);
                if self.hub.reply(link, &ServerFrame::Ping { heads }).is_err() {
                    self.overflow(link);
                }
            }
            turn @ (ServerEvent::Subscribe { .. }
            | ServerEvent::Unsubscribe { .. }
            | ServerEvent::Publish { .. }
            | ServerEvent::History { .. }
            | ServerEvent::Presence { .. }) => {
                if let Some(line) = self.lines.get_mut(&link) {
                    line.turns.push_back(turn);
                }
            }
        }
    }

    /// Begins the next request of a connection. It ends in [`Server::finish`].
    pub(super) fn carry_out(&mut self, setting: &mut Setting, link: LinkId, turn: ServerEvent) {
        match turn {
            ServerEvent::Subscribe {
                id,
                topic,
                start,
                presence,
                max_hz,
                ..
            } => {
                let wish = Wish {
                    id,
                    start,
                    presence,
                    max_hz,
                };
                self.subscribe(setting, link, &topic, wish);
            }
            ServerEvent::Unsubscribe { id, topic } => {
                let left = self.unsubscribe(link, &topic);
                self.finish(link, |line| match left {
                    Some(topic_id) => line
                        .session
                        .answer(id, ServerFrame::Unsubscribed { id, topic_id }),
                    None => line
                        .session
                        .refuse(id, Error::new(ErrorCode::NotSubscribed, &topic)),
                });
            }
            ServerEvent::Publish {
                id,
                message_id,
                topic,
                command,
                ..
            } => {
                self.handle_command(setting, link, id, message_id, &topic, &command);
            }
            ServerEvent::History {
                id,
                topic,
                range,
                limit,
            } => match self.topic(&topic) {
                Some(topic) => {
                    let lag = setting.lag_ms();
                    self.put_work(
                        setting,
                        lag,
                        Work::History(Read {
                            link,
                            id,
                            topic,
                            range,
                            limit,
                        }),
                    );
                }
                None => self.finish(link, |line| {
                    line.session
                        .refuse(id, Error::new(ErrorCode::UnknownNamespace, &topic));
                }),
            },
            ServerEvent::Presence { id, topic } => {
                let members = self.people.members(&topic);
                self.finish(link, |line| {
                    line.session
                        .answer(id, ServerFrame::Present { id, members });
                });
            }
            ServerEvent::Authenticate { .. }
            | ServerEvent::Refresh { .. }
            | ServerEvent::Call { .. }
            | ServerEvent::Cancel { .. }
            | ServerEvent::Heartbeat => {}
        }
    }

    /// Ends the request whose turn it is.
    pub(super) fn finish(&mut self, link: LinkId, answer: impl FnOnce(&mut super::Line)) {
        if let Some(line) = self.lines.get_mut(&link) {
            line.busy = false;
            answer(line);
        }
    }

    pub(super) fn put_work(&mut self, setting: &mut Setting, in_ms: u64, work: Work) {
        setting.put_in(
            in_ms,
            Happening::Work {
                incarnation: self.incarnation,
                work: Box::new(work),
            },
        );
    }
}
