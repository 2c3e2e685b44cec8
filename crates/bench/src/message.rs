//! Messages that tell where they come from, so that a reader can check them.

use anyhow::{Context, Result, bail, ensure};
use trunkline_protocol::topics::chat::{ChatEvent, ChatText};
use trunkline_protocol::{Codec, Payload, Text, Timestamp, User};

/// The length of an encoded event, in bytes.
pub(crate) const EVENT_LEN: usize = 200;

/// Who said something, and as the how manieth thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) speaker: u32,
    pub(crate) number: u32,
}

/// Writes texts whose events have [`EVENT_LEN`] bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    len: usize,
}

impl Texts {
    /// For a user, whose name is in every event.
    pub(crate) fn of(user: &User) -> Result<Self> {
        let sample = ChatEvent::Said {
            author: user.clone(),
            at: Timestamp(1_800_000_000),
            text: Text::cut("x"),
        };
        let around = Codec::Bincode.payload(&sample)?.len() - 1;
        let len = EVENT_LEN.checked_sub(around);
        Ok(Self {
            len: len.context("the user's name is too long")?,
        })
    }

    /// A text that tells its origin.
    pub(crate) fn write(self, origin: Origin) -> ChatText {
        let mut text = format!("{:08} {:08} ", origin.speaker, origin.number);
        while text.len() < self.len {
            text.push('x');
        }
        Text::cut(&text)
    }
}

/// Reads where an event comes from.
pub(crate) fn origin_of(event: &Payload) -> Result<Origin> {
    ensure!(
        event.len() == EVENT_LEN,
        "an event of {} bytes",
        event.len()
    );
    let event: ChatEvent = Codec::Bincode.decode(event.as_bytes())?;
    let ChatEvent::Said { text, .. } = event else {
        bail!("nobody edits here");
    };
    read(&text).with_context(|| format!("a text that nobody said: {text:?}"))
}

fn read(text: &str) -> Option<Origin> {
    let mut parts = text.split(' ');
    let mut number = || parts.next()?.parse().ok();
    Some(Origin {
        speaker: number()?,
        number: number()?,
    })
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::UserId;

    use super::*;

    #[test]
    fn an_event_has_the_length_and_tells_its_origin() {
        let user = User {
            id: UserId(u64::MAX),
            name: Text::cut("Ada"),
        };
        let origin = Origin {
            speaker: 12,
            number: 3456,
        };
        let event = ChatEvent::Said {
            author: user.clone(),
            at: Timestamp(1_800_000_000),
            text: Texts::of(&user).expect("a short name").write(origin),
        };
        let event = Codec::Bincode.payload(&event).expect("a short event");
        assert_eq!(event.len(), EVENT_LEN);
        assert_eq!(origin_of(&event).expect("an origin"), origin);
    }
}
