//! Turns: the requests of a conversation that are carried out one after the other, so that a
//! client's commands keep their order.

use std::sync::Arc;

use trunkline_protocol::{Error, ErrorCode, RequestId, ServerFrame};
use trunkline_session::ServerEvent;

use super::conversation::Conversation;
use super::event_loop::World;
use super::jobs::{Outcome, guarded};
use crate::broker::{HandedIn, Placed};
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
                self.publish(world, asker, id, request);
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

    /// Takes the next request in turn that may begin. Publishes need not wait until the ones before
    /// them are kept: their events get their places in the order in which they are handed in. Every
    /// other request waits, so that it sees what the commands before it did.
    pub(super) fn next_turn(&mut self) -> Option<ServerEvent> {
        let is_publish = |turn: &mut ServerEvent| matches!(turn, ServerEvent::Publish { .. });
        if self.busy {
            None
        } else if self.publishing.is_empty() {
            self.turns.pop_front()
        } else {
            self.turns.pop_front_if(is_publish)
        }
    }

    fn publish(
        &mut self,
        world: &mut World,
        asker: Arc<Asker>,
        id: RequestId,
        request: PublishRequest,
    ) {
        self.busy = true;
        let job = async move { Outcome::HandedIn(id, guarded(asker.hand_in(request)).await) };
        self.begin(world, Box::pin(job));
    }

    /// The event of a command is handed in: the next request has its turn.
    pub(super) fn handle_handed_in(
        &mut self,
        world: &mut World,
        id: RequestId,
        handed_in: Result<HandedIn, Error>,
    ) {
        self.busy = false;
        self.publishing.push_back((id, None));
        match handed_in {
            Ok(HandedIn::Placed(placed)) => self.handle_placed(id, Ok(placed)),
            Ok(waits @ HandedIn::Waits(_)) => {
                let job =
                    async move { Outcome::Placed(id, waits.placed().await.map_err(Into::into)) };
                self.begin(world, Box::pin(job));
            }
            Err(error) => self.handle_placed(id, Err(error)),
        }
    }

    /// A command has its answer. Answers go out in the order of commands.
    pub(super) fn handle_placed(&mut self, id: RequestId, placed: Result<Placed, Error>) {
        let waiting = self.publishing.iter_mut().find(|(it, _)| *it == id);
        if let Some((_, answer)) = waiting {
            *answer = Some(placed);
        }
        while let Some((id, Some(placed))) = self.publishing.pop_front_if(|it| it.1.is_some()) {
            let answer = placed.map(|placed| ServerFrame::Published {
                id,
                position: placed.position,
                duplicate: placed.duplicate,
            });
            self.answer(id, answer);
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

    /// Joins the hub, then reads history. In this order nothing falls between history and fan-out. If
    /// it is refused, an earlier subscription to the topic is over, too.
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
                world.unsubscribe(self.id, asker.user.id, &request.topic);
                self.session
                    .refuse_subscription(request.id, &request.topic, error);
            }
        }
    }
}
