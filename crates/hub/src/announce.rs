//! Telling those who watch a topic who comes and goes, as soon as they have room for it.

use trunkline_protocol::{Gap, GapCause, ServerFrame, TopicId, TopicName};

use crate::fan_out::Encoded;
use crate::hub::{ConnectionId, Hub};
use crate::presence::Change;
use crate::state::{Flow, Subscription};

/// The most users whose coming and going waits for one reader to have room. Beyond it, only the
/// count is right.
const UNTOLD_MAX: usize = 1024;

impl Hub {
    /// The history of a topic has started anew while it was in use: offsets count from 1 again,
    /// and what its subscribers have belongs to the past. They are told, and are given nothing
    /// more until they subscribe again.
    pub fn start_anew(&mut self, name: &TopicName) {
        let Some(topic_id) = self.topic_id_of(name) else {
            return;
        };
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        (topic.head, topic.fanned_out) = (0, 0);
        let gap = Gap {
            from: 1,
            to: 0,
            count: 0,
            cause: GapCause::Epoch,
        };
        let mut encoded = Encoded::new(|_| ServerFrame::Gap { topic_id, gap });
        self.reach_subscribers(topic_id, |_, connection| {
            let Some(subscription) = connection.subscriptions.get_mut(&topic_id) else {
                return false;
            };
            // One that joins reads the new history, or is told by its confirmation.
            if subscription.flow == Flow::Joining {
                return false;
            }
            *subscription = Subscription::joining(subscription.presence);
            connection.outbox.push(encoded.get(connection.codec));
            true
        });
    }

    /// Tells those who watch a topic that somebody joined or left.
    pub(crate) fn announce(
        &mut self,
        topic_id: TopicId,
        change: Change,
        except: Option<ConnectionId>,
    ) {
        let Some(topic) = self.topics.get(&topic_id) else {
            return;
        };
        let count = topic.presence.count();
        let (user, frame) = match change {
            Change::Joined(member) => (
                member.user.id,
                ServerFrame::Joined {
                    topic_id,
                    count,
                    member,
                },
            ),
            Change::Left(user) => (
                user,
                ServerFrame::Left {
                    topic_id,
                    count,
                    user,
                },
            ),
        };
        let mut encoded = Encoded::new(|_| frame.clone());
        let len_max = self.config.outbox_len_max;
        self.reach_subscribers(topic_id, |id, connection| {
            let Some(subscription) = connection.subscriptions.get_mut(&topic_id) else {
                return false;
            };
            // The confirmation of one that joins will tell who is present.
            if !subscription.presence || subscription.flow == Flow::Joining || Some(id) == except {
                return false;
            }
            let room = connection.outbox.len() < len_max;
            if room && subscription.untold.is_empty() {
                connection.outbox.push(encoded.get(connection.codec));
                return true;
            }
            if subscription.untold.len() < UNTOLD_MAX {
                subscription.untold.insert(user);
            }
            false
        });
    }

    /// Tells a connection that has room again who joined and left meanwhile.
    pub(crate) fn tell_untold(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        for (topic_id, subscription) in &mut connection.subscriptions {
            let Some(topic) = self.topics.get(topic_id) else {
                continue;
            };
            while connection.outbox.len() < self.config.outbox_len_max
                && let Some(user) = subscription.untold.pop_first()
            {
                let (topic_id, count) = (*topic_id, topic.presence.count());
                let frame = match topic.presence.member(user) {
                    Some(member) => ServerFrame::Joined {
                        topic_id,
                        count,
                        member,
                    },
                    None => ServerFrame::Left {
                        topic_id,
                        count,
                        user,
                    },
                };
                connection.outbox.push(connection.codec.encode(&frame));
            }
        }
    }
}
