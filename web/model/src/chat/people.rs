//! Who is in a room, as told by the server.

use trunkline_protocol::{Member, Members, UserId};

/// The people in a room, by name, oneself first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    count: u32,
    all: Vec<Member>,
}

impl People {
    /// Starts anew with what a subscription said.
    pub fn from_members(members: Members, me: UserId) -> Self {
        let mut people = Self {
            count: members.count,
            all: members.listed.into_vec(),
        };
        people.sort(me);
        people
    }

    /// Somebody joined, or has another number of connections.
    pub fn handle_joined(&mut self, count: u32, member: Member, me: UserId) {
        self.count = count;
        self.all.retain(|known| known.user.id != member.user.id);
        self.all.push(member);
        self.sort(me);
    }

    /// Somebody left.
    pub fn handle_left(&mut self, count: u32, user: UserId) {
        self.count = count;
        self.all.retain(|known| known.user.id != user);
    }

    /// How many they are, listed or not.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Those who are listed.
    pub fn listed(&self) -> &[Member] {
        &self.all
    }

    /// How many are not listed.
    pub fn unlisted(&self) -> u32 {
        self.count
            .saturating_sub(u32::try_from(self.all.len()).unwrap_or(u32::MAX))
    }

    fn sort(&mut self, me: UserId) {
        self.all.sort_by_cached_key(|member| {
            (
                member.user.id != me,
                member.user.name.to_lowercase(),
                member.user.id,
            )
        });
    }
}

/// One or two letters that stand for a name: of its first two words, or its first two letters.
/// A Hangul syllable says enough alone.
pub fn monogram(name: &str) -> String {
    let mut words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let first = words.next().unwrap_or(name).chars();
    let second = words.next().and_then(|word| word.chars().next());
    let mut letters = first.take(2);
    let Some(initial) = letters.next() else {
        return String::new();
    };
    if !initial.is_ascii() {
        return initial.to_string();
    }
    let other = second.or_else(|| letters.next());
    initial
        .to_uppercase()
        .chain(other.into_iter().flat_map(char::to_uppercase))
        .collect()
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{List, Text, User};

    use super::*;

    fn member(id: u64, name: &str, connections: u32) -> Member {
        Member {
            user: User {
                id: UserId(id),
                name: Text::cut(name),
            },
            connections,
        }
    }

    fn names(people: &People) -> Vec<&str> {
        people
            .listed()
            .iter()
            .map(|member| member.user.name.as_str())
            .collect()
    }

    #[test]
    fn oneself_stands_first_and_the_others_by_name() {
        let members = Members {
            count: 4,
            listed: List::cut([member(1, "b", 1), member(2, "me", 1), member(3, "A", 1)]),
        };
        let mut people = People::from_members(members, UserId(2));
        assert_eq!(names(&people), ["me", "A", "b"]);
        assert_eq!((people.count(), people.unlisted()), (4, 1));
        people.handle_joined(4, member(1, "0", 2), UserId(2));
        assert_eq!(names(&people), ["me", "0", "A"]);
        people.handle_left(3, UserId(3));
        assert_eq!((names(&people), people.unlisted()), (vec!["me", "0"], 1));
    }

    #[test]
    fn a_monogram_stands_for_a_name() {
        for (name, expected) in [
            ("mina", "MI"),
            ("Jun-seo Park", "JS"),
            ("ada lovelace", "AL"),
            ("소연", "소"),
            ("x", "X"),
            ("☎ x", "X"),
            ("☎", "☎"),
        ] {
            assert_eq!(monogram(name), expected, "{name:?}");
        }
    }
}
