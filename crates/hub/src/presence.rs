//! Presence in one topic: who is there, on how many connections.
//!
//! A user whose last connection ends lingers for a moment, so that a reload is not a leave and a
//! join for everybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trunkline_protocol::presence::MEMBERS_MAX;
use trunkline_protocol::{List, Member, Members, Moment, User, UserId};

use crate::hub::ConnectionId;

/// What changed for those who watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A user is there, or has another number of connections.
    Joined(Member),
    /// A user is gone.
    Left(UserId),
}

#[derive(Clone, Debug)]
struct Entry {
    user: User,
    connections: BTreeSet<ConnectionId>,
    /// Until when a user without a connection still counts.
    lingers_until: Option<Moment>,
}

impl Entry {
    fn member(&self) -> Member {
        // Who lingers was on one connection before, and that is what the others still see.
        Member {
            user: self.user.clone(),
            connections: self.connections.len().max(1) as u32,
        }
    }
}

/// Who is present in one topic.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    entries: BTreeMap<UserId, Entry>,
}

impl Presence {
    /// How many users are present.
    pub fn count(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Everybody who is present, in order of user id.
    pub fn members(&self) -> Members {
        Members {
            count: self.count(),
            listed: List::cut(self.entries.values().take(MEMBERS_MAX).map(Entry::member)),
        }
    }

    /// One user, if present.
    pub fn member(&self, user: UserId) -> Option<Member> {
        self.entries.get(&user).map(Entry::member)
    }

    /// A connection of `user` joins.
    pub fn join(&mut self, user: &User, connection: ConnectionId) -> Option<Change> {
        let Some(entry) = self.entries.get_mut(&user.id) else {
            let entry = Entry {
                user: user.clone(),
                connections: BTreeSet::from([connection]),
                lingers_until: None,
            };
            let member = entry.member();
            self.entries.insert(user.id, entry);
            return Some(Change::Joined(member));
        };
        let before = entry.member();
        entry.connections.insert(connection);
        entry.user = user.clone();
        entry.lingers_until = None;
        let member = entry.member();
        (member != before).then_some(Change::Joined(member))
    }

    /// A connection of `user` leaves. The user's last connection lingers; with `linger` zero, it
    /// is gone at once.
    pub fn leave(
        &mut self,
        user: UserId,
        connection: ConnectionId,
        now: Moment,
        linger: Duration,
    ) -> Option<Change> {
        let entry = self.entries.get_mut(&user)?;
        if !entry.connections.remove(&connection) {
            return None;
        }
        if !entry.connections.is_empty() {
            return Some(Change::Joined(entry.member()));
        }
        if linger.is_zero() {
            self.entries.remove(&user);
            return Some(Change::Left(user));
        }
        entry.lingers_until = Some(now + linger);
        None
    }

    /// Lets those go who have lingered long enough.
    pub fn expire(&mut self, now: Moment) -> Vec<UserId> {
        let gone = |entry: &Entry| entry.lingers_until.is_some_and(|until| until <= now);
        let left: Vec<UserId> = self
            .entries
            .iter()
            .filter(|(_, entry)| gone(entry))
            .map(|(user, _)| *user)
            .collect();
        for user in &left {
            self.entries.remove(user);
        }
        left
    }

    /// When to call `expire` next.
    pub fn poll_timeout(&self) -> Option<Moment> {
        self.entries
            .values()
            .filter_map(|entry| entry.lingers_until)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Text;

    use super::*;

    const LINGER: Duration = Duration::from_secs(1);

    fn user(id: u64) -> User {
        User {
            id: UserId(id),
            name: Text::cut(&format!("user {id}")),
        }
    }

    fn joined(id: u64, connections: u32) -> Option<Change> {
        Some(Change::Joined(Member {
            user: user(id),
            connections,
        }))
    }

    #[test]
    fn two_tabs_are_one_user_on_two_connections() {
        let (mut presence, now) = (Presence::default(), Moment::from_ms(0));
        assert_eq!(presence.join(&user(1), 10), joined(1, 1));
        assert_eq!(presence.join(&user(1), 11), joined(1, 2));
        assert_eq!(presence.count(), 1);
        assert_eq!(presence.leave(UserId(1), 10, now, LINGER), joined(1, 1));
        assert_eq!(presence.count(), 1);
    }

    #[test]
    fn a_reload_is_not_seen_by_others() {
        let (mut presence, now) = (Presence::default(), Moment::from_ms(0));
        presence.join(&user(1), 10);
        assert_eq!(presence.leave(UserId(1), 10, now, LINGER), None);
        assert_eq!(presence.join(&user(1), 11), None);
        assert_eq!(presence.poll_timeout(), None);
        assert!(presence.expire(now + LINGER).is_empty());
    }

    #[test]
    fn who_stays_away_has_left() {
        let (mut presence, now) = (Presence::default(), Moment::from_ms(0));
        presence.join(&user(1), 10);
        presence.leave(UserId(1), 10, now, LINGER);
        assert_eq!(presence.poll_timeout(), Some(now + LINGER));
        assert!(presence.expire(now).is_empty());
        assert_eq!(presence.expire(now + LINGER), [UserId(1)]);
        assert_eq!(presence.count(), 0);
    }

    #[test]
    fn leaving_on_purpose_is_seen_at_once() {
        let mut presence = Presence::default();
        presence.join(&user(1), 10);
        let now = Moment::from_ms(0);
        assert_eq!(
            presence.leave(UserId(1), 10, now, Duration::ZERO),
            Some(Change::Left(UserId(1)))
        );
        assert_eq!(presence.leave(UserId(1), 10, now, Duration::ZERO), None);
    }

    #[test]
    fn a_new_name_is_told() {
        let mut presence = Presence::default();
        presence.join(&user(1), 10);
        let renamed = User {
            id: UserId(1),
            name: Text::cut("other"),
        };
        assert_eq!(
            presence.join(&renamed, 10),
            Some(Change::Joined(Member {
                user: renamed,
                connections: 1
            }))
        );
    }
}
