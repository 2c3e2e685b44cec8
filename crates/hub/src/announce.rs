//! Telling those who watch a topic who comes and goes, as soon as they have room for it.

use trunkline_protocol::{Gap, GapCause, Member, Moment, ServerFrame, TopicId, TopicName, UserId};

use crate::fan_out::Encoded;
use crate::hub::{ConnectionId, Hub};
use crate::outbox::Outbox;
use crate::people::Announcement;
use crate::presence::Change;
use crate::state::{Encoder, Flow, Subscription};

/// The most users whose coming and going waits for one reader to have room. Beyond it, only the
/// count is right.
const UNTOLD_MAX: usize = 1024;

/// Tells a reader that the history it knows is no more, and gives it nothing until it asks again.
pub(crate) fn end_epoch(
    encoder: Encoder,
    outbox: &mut Outbox,
    subscription: &mut Subscription,
    topic_id: TopicId,
) {
    *subscription = Subscription::joining(subscription.presence, subscription.place);
    outbox.push(encoder.encode(&epoch_gap(topic_id)));
}

fn epoch_gap(topic_id: TopicId) -> ServerFrame {
    let gap = Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    };
    ServerFrame::Gap { topic_id, gap }
}

impl Hub {
    /// The history of a topic has started anew while it was in use: offsets count from 1 again,
    /// and what its subscribers have belongs to the past. They are told, and are given nothing
    /// more until they subscribe again.
    pub fn start_anew(&mut self, now: Moment, name: &TopicName) {
        for topic_id in self.groups_of(name) {
            self.start_group_anew(now, topic_id);
        }
    }

    fn start_group_anew(&mut self, now: Moment, topic_id: TopicId) {
        self.fan_out(now, topic_id);
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        (topic.head, topic.fanned_out) = (0, 0);
        let mut encoded = Encoded::new(epoch_gap(topic_id));
        self.reach_subscribers(topic_id, |connection| {
            let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
                return false;
            };
            // One that joins may have read the old history already: it is told after its
            // confirmation.
            if subscription.flow == Flow::Joining {
                subscription.outdated = true;
                return false;
            }
            *subscription = Subscription::joining(subscription.presence, subscription.place);
            connection.outbox.forget(topic_id);
            connection.outbox.push(encoded.get(connection.encoder));
            true
        });
    }

    /// Tells those who watch a topic that somebody joined or left.
    pub fn announce(&mut self, announcement: &Announcement) {
        for topic_id in self.groups_of(&announcement.topic) {
            self.announce_to_group(topic_id, announcement);
        }
    }

    fn announce_to_group(&mut self, topic_id: TopicId, announcement: &Announcement) {
        let Announcement {
            count,
            change,
            except,
            ..
        } = announcement;
        let Some(topic) = self.topics.get_mut(&topic_id) else {
            return;
        };
        topic.people = *count;
        // In a crowd where nobody watches, a newcomer must not cost a look at everybody.
        if topic.watchers == 0 {
            return;
        }
        let (user, member) = match change {
            Change::Joined(member) => (member.user.id, Some(member)),
            Change::Left(user) => (*user, None),
        };
        let mut encoded = Encoded::new(told(topic_id, *count, user, member.cloned()));
        let len_max = self.config.outbox_len_max;
        self.reach_subscribers(topic_id, |connection| {
            let id = connection.id;
            let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
                return false;
            };
            // The confirmation of one that joins will tell who is present.
            if !subscription.presence || subscription.flow == Flow::Joining || Some(id) == *except {
                return false;
            }
            let room = connection.outbox.len() < len_max;
            if room && subscription.untold.is_empty() {
                connection.outbox.push(encoded.get(connection.encoder));
                return true;
            }
            if subscription.untold.len() < UNTOLD_MAX || subscription.untold.contains_key(&user) {
                subscription.untold.insert(user, member.cloned());
            }
            false
        });
    }

    /// Tells a connection that has room again who joined and left meanwhile.
    pub(crate) fn tell_untold(&mut self, id: ConnectionId) {
        let len_max = self.config.outbox_len_max;
        let Some(connection) = self.connection(id) else {
            return;
        };
        // Nearly always nothing is, after each write.
        if connection.subscriptions.with_untold().next().is_none() {
            return;
        }
        let topics: Vec<TopicId> = connection.subscriptions.with_untold().collect();
        for topic_id in topics {
            let Some((topic, connection)) = self.both_mut(topic_id, id) else {
                continue;
            };
            let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
                continue;
            };
            while connection.outbox.len() < len_max
                && let Some((user, member)) = subscription.untold.pop_first()
            {
                let frame = told(topic_id, topic.people, user, member);
                connection.outbox.push(connection.encoder.encode(&frame));
            }
        }
    }
}

/// The frame that tells of one user.
fn told(topic_id: TopicId, count: u32, user: UserId, member: Option<Member>) -> ServerFrame {
    match member {
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
    }
}
