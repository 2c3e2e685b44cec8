//! People: who is present where on a node, whichever shard their connections are on.
//!
//! What changes is announced to every hub of the node, in one order for all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_protocol::{Members, Moment, TopicName, User, UserId};

use crate::hub::ConnectionId;
use crate::presence::{Change, Presence};

/// What those who watch a topic are to be told. Give it to [`Hub::announce`](crate::Hub::announce).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// The topic.
    pub topic: TopicName,
    /// How many users are present now.
    pub count: u32,
    /// Who came, went, or is there on another number of connections.
    pub change: Change,
    /// The connection that joined: its confirmation tells it.
    pub except: Option<ConnectionId>,
}

/// Who is present in each topic of a node.
#[derive(Debug)]
pub struct People {
    topics: BTreeMap<TopicName, Presence>,
    linger: Duration,
    /// When somebody may have lingered long enough. Asking everybody each time would cost more the
    /// more there are.
    due: Option<Moment>,
}

impl People {
    /// Nobody. A user without a connection counts as present for as long as `linger`.
    pub fn new(linger: Duration) -> Self {
        Self {
            topics: BTreeMap::new(),
            linger,
            due: None,
        }
    }

    /// Who is present in a topic.
    pub fn members(&self, topic: &TopicName) -> Members {
        self.topics
            .get(topic)
            .map(Presence::members)
            .unwrap_or_default()
    }

    /// Tells whether a user is present in a topic.
    pub fn is_present(&self, topic: &TopicName, user: UserId) -> bool {
        let presence = self.topics.get(topic);
        presence.is_some_and(|presence| presence.member(user).is_some())
    }

    /// The topics in which somebody is present, with the number of users.
    pub fn topics(&self) -> impl Iterator<Item = (&TopicName, u32)> {
        self.topics.iter().map(|(name, it)| (name, it.count()))
    }

    /// Tells whether somebody is present in a topic.
    pub fn is_in_use(&self, topic: &TopicName) -> bool {
        self.topics.contains_key(topic)
    }

    /// A connection of `user` has joined a topic.
    pub fn join(
        &mut self,
        topic: &TopicName,
        user: &User,
        connection: ConnectionId,
    ) -> Option<Announcement> {
        if !self.topics.contains_key(topic) {
            self.topics.insert(topic.clone(), Presence::default());
        }
        let presence = self.topics.get_mut(topic)?;
        let change = presence.join(user, connection)?;
        Some(Announcement {
            topic: topic.clone(),
            count: presence.count(),
            change,
            except: Some(connection),
        })
    }

    /// A connection of `user` has left a topic on purpose.
    pub fn leave(
        &mut self,
        topic: &TopicName,
        user: UserId,
        connection: ConnectionId,
    ) -> Option<Announcement> {
        self.leave_after(topic, user, connection, Moment::default(), Duration::ZERO)
    }

    /// A connection of `user` was lost. Its user lingers.
    pub fn lose(
        &mut self,
        topic: &TopicName,
        user: UserId,
        connection: ConnectionId,
        now: Moment,
    ) -> Option<Announcement> {
        let until = now + self.linger;
        self.due = Some(self.due.map_or(until, |due| due.min(until)));
        self.leave_after(topic, user, connection, now, self.linger)
    }

    fn leave_after(
        &mut self,
        topic: &TopicName,
        user: UserId,
        connection: ConnectionId,
        now: Moment,
        linger: Duration,
    ) -> Option<Announcement> {
        let presence = self.topics.get_mut(topic)?;
        let change = presence.leave(user, connection, now, linger)?;
        let count = presence.count();
        if count == 0 {
            self.topics.remove(topic);
        }
        Some(Announcement {
            topic: topic.clone(),
            count,
            change,
            except: None,
        })
    }

    /// Lets those go who have lingered long enough.
    pub fn handle_timeout(&mut self, now: Moment) -> Vec<Announcement> {
        let mut all = Vec::new();
        for (topic, presence) in &mut self.topics {
            let left = presence.expire(now);
            all.extend(left.into_iter().map(|user| Announcement {
                topic: topic.clone(),
                count: presence.count(),
                change: Change::Left(user),
                except: None,
            }));
        }
        self.topics.retain(|_, presence| presence.count() > 0);
        self.due = self
            .topics
            .values()
            .filter_map(Presence::poll_timeout)
            .min();
        all
    }

    /// When to call `handle_timeout`. There may be nothing to do then, if they came back.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.due
    }
}
