//! Turns: the requests of a conversation that are carried out one after the other, so that a
//! client's commands keep their order.

use std::sync::Arc;

use trunkline_protocol::{Error, ErrorCode, RequestId, ServerFrame};
use trunkline_session::ServerEvent;

use super::conversation::Conversation;
use super::event_loop::World;
use super::jobs::{Outcome, guarded};
use crate::requests::{Asker, PublishRequest, SubscribeRequest};

impl Conversation {
    /// Begins the next request in turn.
    pub(super) fn carry_out(&mut self, world: &mut World, turn: ServerEvent) {
        let Some(asker) = self.asker.clone() else {
            return;
        };
        match turn {
            ServerEvent::Subscribe {
                id,
                topic,
                contract,
                start,
                presence,
                max_hz,
            } => {
                let request = SubscribeRequest {
                    id,
                    topic,
                    contract,
                    start,
                    presence,
                    max_hz,
                };
                self.subscribe(world, asker, request);
            }
            ServerEvent::Unsubscribe { id, topic } => {
                let left = world.unsubscribe(self.id, asker.user.id, &topic);
                let answer = left.map(|topic_id| ServerFrame::Unsubscribed { id, topic_id });
                let answer = answer.ok_or_else(|| Error::new(ErrorCode::NotSubscribed, topic));
                self.answer(id, answer);
            }
            ServerEvent::Publish {
                id,
                message_id,
                topic,
                contract,
                command,
            } => {
                let request = PublishRequest {
                    message_id,
                    topic,
                    contract,
                    command,
                };
                self.answer_later(world, id, async move {
                    let placed = asker.publish(request).await?;
                    Ok(ServerFrame::Published {
                        id,
                        position: placed.position,
                        duplicate: placed.duplicate,
                    })
                });
            }
            ServerEvent::History {
                id,
                topic,
                range,
                limit,
            } => self.answer_later(world, id, async move {
                asker.history(id, &topic, range, limit).await
            }),
            ServerEvent::Presence { id, topic } => {
                let answer = asker.presence(id, &topic);
                self.answer(id, answer);
            }
            ServerEvent::Authenticate { .. }
            | ServerEvent::Refresh { .. }
            | ServerEvent::Call { .. }
            | ServerEvent::Cancel { .. }
            | ServerEvent::Heartbeat => {
                unreachable!("only requests with a turn are carried out in turn")
            }
        }
    }

    /// Begins a request whose answer may take a while. Until then no other has its turn.
    fn answer_later(
        &mut self,
        world: &mut World,
        id: RequestId,
        answer: impl Future<Output = Result<ServerFrame, Error>> + Send + 'static,
    ) {
        self.busy = true;
        let job = async move { Outcome::Answer(id, guarded(answer).await) };
        self.begin(world, Box::pin(job));
    }

    pub(super) fn answer(&mut self, id: RequestId, answer: Result<ServerFrame, Error>) {
        match answer {
            Ok(frame) => self.session.answer(id, frame),
            Err(error) => self.session.refuse(id, error),
        }
    }

    /// Joins the hub, then reads history. In this order nothing falls between history and fan-out.
    fn subscribe(&mut self, world: &mut World, asker: Arc<Asker>, request: SubscribeRequest) {
        let joined = asker
            .reader(&request.topic, request.contract)
            .and_then(|handler| {
                world.subscribe(self.id, &asker.user, &*handler, &request)?;
                Ok(handler)
            });
        match joined {
            Ok(handler) => {
                self.busy = true;
                let job = async move {
                    let begin = asker.begin(&request.topic, &*handler, request.start);
                    let begin = guarded(begin).await;
                    Outcome::Begun(request, begin)
                };
                self.begin(world, Box::pin(job));
            }
            Err(error) => {
                self.session
                    .refuse_subscription(request.id, &request.topic, error);
            }
        }
    }
}
