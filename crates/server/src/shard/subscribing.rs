//! Subscribing: what a subscription changes in the hub, and among the people of the node.

use trunkline_hub::{ConnectionId, Kind, OutboxOverflow, publications_in};
use trunkline_protocol::{
    Error, ErrorCode, List, Position, ServerFrame, TopicId, TopicName, User, UserId,
};

use super::event_loop::World;
use crate::requests::{Asker, Begin, SubscribeRequest};
use crate::topics::ErasedHandler;

impl World {
    /// Lets a connection join a topic. From then on nothing that is published escapes it.
    pub(super) fn subscribe(
        &mut self,
        connection: ConnectionId,
        user: &User,
        handler: &dyn ErasedHandler,
        request: &SubscribeRequest,
    ) -> Result<(), Error> {
        let delivery = handler.delivery();
        let delivery = match request.max_hz {
            Some(max_hz) => delivery.paced(max_hz).ok_or_else(|| not_paced(max_hz))?,
            None => delivery,
        };
        let kind = Kind {
            delivery,
            to_json: handler.to_json(),
            flush_window: handler.flush_window().max(self.node.flush_window),
        };
        let topic = &request.topic;
        let joined = self.hub.join(connection, topic, kind, request.presence);
        let joined = joined
            .ok_or_else(|| Error::new(ErrorCode::Unavailable, "too many topics are in use"))?;
        if !joined.again {
            self.inbox.interest.add(topic);
            self.node.join(topic, user, connection);
        }
        Ok(())
    }

    /// Confirms a subscription with what was read for it.
    pub(super) fn confirm(
        &mut self,
        connection: ConnectionId,
        asker: &Asker,
        request: &SubscribeRequest,
        begin: &Begin,
    ) -> Result<(), OutboxOverflow> {
        let Some(topic_id) = self.hub.topic_id_of(connection, &request.topic) else {
            return Ok(());
        };
        let kept = &begin.page.publications;
        let given = kept.last().map_or(begin.after, |it| it.offset);
        let publications = publications_in(asker.codec, kept, begin.to_json);
        let frame = ServerFrame::Subscribed {
            id: request.id,
            topic_id,
            position: Position {
                epoch: begin.epoch,
                offset: begin.after,
            },
            recovered: begin.recovered,
            gap: begin.gap,
            head: begin.page.head,
            members: request.presence.then(|| self.node.members(&request.topic)),
            publications: List::cut(publications),
        };
        let head = begin.page.head;
        self.hub
            .confirm(connection, &request.topic, frame, given, head)
    }

    /// Ends a subscription on purpose. None if there is none.
    pub(super) fn unsubscribe(
        &mut self,
        connection: ConnectionId,
        user: UserId,
        topic: &TopicName,
    ) -> Option<TopicId> {
        let topic_id = self.hub.unsubscribe(connection, topic)?;
        self.inbox.interest.remove(topic);
        self.node.leave(topic, user, connection);
        Some(topic_id)
    }

    /// Ends all subscriptions of a connection that is going. Its user lingers.
    pub(super) fn leave_topics(&mut self, connection: ConnectionId, user: Option<UserId>) {
        for topic in self.hub.leave_all(connection) {
            self.inbox.interest.remove(&topic);
            if let Some(user) = user {
                self.node.lose(&topic, user, connection, self.now);
            }
        }
    }
}

/// Refuses a pace.
fn not_paced(max_hz: u16) -> Error {
    let detail = match max_hz {
        0 => "max_hz is 0, expected 1 or more",
        _ => "max_hz is for topics that deliver the latest values; this one leaves nothing out",
    };
    Error::new(ErrorCode::Invalid, detail)
}
