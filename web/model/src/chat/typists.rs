//! Who is typing now. Who is not heard of for six seconds has stopped.

use trunkline_protocol::topics::chat::TypingEvent;
use trunkline_protocol::{User, UserId};

/// How long one word of typing holds.
const HOLDS_FOR_MS: u64 = 6_000;

/// The people who type, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typists {
    all: Vec<(User, u64)>,
}

impl Typists {
    /// Takes one event, at `now_ms`. One's own is not kept.
    pub fn handle(&mut self, event: TypingEvent, me: UserId, now_ms: u64) {
        let known = self
            .all
            .iter()
            .position(|(user, _)| user.id == event.user.id);
        match (event.typing, known) {
            (true, Some(index)) => self.all[index].1 = now_ms + HOLDS_FOR_MS,
            (true, None) if event.user.id != me => {
                self.all.push((event.user, now_ms + HOLDS_FOR_MS));
            }
            (false, Some(index)) => drop(self.all.remove(index)),
            (true | false, None) => {}
        }
    }

    /// Forgets `user`, who has said something or has left.
    pub fn forget(&mut self, user: UserId) {
        self.all.retain(|(typist, _)| typist.id != user);
    }

    /// Forgets who was not heard of for too long. Tells whether anybody was.
    pub fn expire(&mut self, now_ms: u64) -> bool {
        let before = self.all.len();
        self.all.retain(|(_, until)| *until > now_ms);
        self.all.len() < before
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(user, _)| user.name.as_str())
    }

    /// True when nobody types.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Text;

    use super::*;

    const ME: UserId = UserId(1);

    fn typing(id: u64, typing: bool) -> TypingEvent {
        TypingEvent {
            user: User {
                id: UserId(id),
                name: Text::cut(&format!("user {id}")),
            },
            typing,
        }
    }

    fn names(typists: &Typists) -> Vec<&str> {
        typists.names().collect()
    }

    #[test]
    fn typists_stand_in_the_order_in_which_they_began() {
        let mut typists = Typists::default();
        for event in [
            typing(3, true),
            typing(2, true),
            typing(3, true),
            typing(1, true),
        ] {
            typists.handle(event, ME, 0);
        }
        assert_eq!(names(&typists), ["user 3", "user 2"]);
        typists.handle(typing(3, false), ME, 1);
        assert_eq!(names(&typists), ["user 2"]);
        typists.forget(UserId(2));
        assert!(typists.is_empty());
    }

    #[test]
    fn silence_means_that_one_has_stopped() {
        let mut typists = Typists::default();
        typists.handle(typing(2, true), ME, 0);
        typists.handle(typing(3, true), ME, 1_000);
        assert!(!typists.expire(5_999));
        assert!(typists.expire(6_000));
        assert_eq!(names(&typists), ["user 3"]);
    }
}
