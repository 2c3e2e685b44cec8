//! Topics: what is subscribed to, and what is promised about it.
//!
//! A kind of topic is a type that implements [`Topic`]; one topic is named `namespace:key`, such
//! as `chat:lobby`.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;
use std::time::Duration;

use crate::codec::{Decode, Deserialize, Encode, Serialize, Wire};
use crate::contract::{Contract, Fingerprint, Shape};

/// The longest name of a topic, in bytes.
pub const TOPIC_NAME_LEN_MAX: usize = 96;

/// The paces that a reader of latest values can have, in updates per second and key. They are few, so
/// that readers share what is encoded for them.
pub const PACES: [u16; 6] = [1, 2, 5, 10, 20, 50];

/// What a message needs to travel: both codecs and a contract.
pub trait Message: Wire + Contract + Clone + fmt::Debug + Send + Sync + 'static {}

impl<T: Wire + Contract + Clone + fmt::Debug + Send + Sync + 'static> Message for T {}

/// The part of a topic's name after the colon, parsed and checked once.
pub trait TopicKey:
    FromStr<Err: fmt::Display> + fmt::Display + Clone + Eq + fmt::Debug + Send + Sync + 'static
{
}

impl<T> TopicKey for T where
    T: FromStr<Err: fmt::Display> + fmt::Display + Clone + Eq + fmt::Debug + Send + Sync + 'static
{
}

/// A kind of topic: its name, its messages and its promise.
pub trait Topic: Send + Sync + 'static {
    /// `chat` in `chat:lobby`: lowercase letters, digits and dashes.
    const NAMESPACE: &'static str;
    /// What is promised, and what gives way for a slow reader.
    const DELIVERY: Delivery;
    /// `lobby` in `chat:lobby`.
    type Key: TopicKey;
    /// What subscribers receive.
    type Event: Message;
    /// What clients may publish; [`Never`] if nothing.
    type Command: Message;

    /// How long an event may wait for others to go out with it: many events per second then cost
    /// less. The first after a pause does not wait.
    const FLUSH_WINDOW: Duration = Duration::ZERO;

    /// Names the value that `event` is a newer version of. Only [`Delivery::Latest`] asks.
    fn conflation_key(_event: &Self::Event) -> Option<Cow<'_, str>> {
        None
    }

    /// Tells whether a reader can start at `event`. Only [`Delivery::Keyframed`] asks.
    fn is_keyframe(_event: &Self::Event) -> bool {
        false
    }

    /// The name of the topic with this `key`.
    fn name(key: &Self::Key) -> TopicName {
        TopicName(format!("{}:{key}", Self::NAMESPACE))
    }

    /// The fingerprint of this kind of topic: its namespace, the kind of its delivery (no
    /// numbers), and the shapes of its messages.
    fn contract() -> Fingerprint {
        Shape::new(Self::NAMESPACE)
            .name(Self::DELIVERY.kind())
            .with(Self::Event::SHAPE)
            .with(Self::Command::SHAPE)
            .fingerprint()
    }
}

/// What a topic promises, and what gives way for a slow reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Every event, in order, kept. A slow reader is served from history at its own pace.
    Log {
        /// How many publications are kept.
        keep: u32,
        /// For how long they are kept.
        max_age: Duration,
    },
    /// The newest event per conflation key. Values that were overtaken before they went out are
    /// skipped and counted.
    Latest {
        /// The most updates per second and key that go out, if there is such a limit. A value waits
        /// no longer than that takes; what a newcomer or a late reader catches up with comes at once.
        max_hz: Option<NonZeroU16>,
    },
    /// Only what is fresh: dropped when the reader is behind, and the drop is counted.
    Volatile,
    /// Runs that start at a keyframe, such as video. A late or slow reader starts again at the
    /// newest keyframe.
    Keyframed {
        /// The most publications from one keyframe to the next.
        max_run: u32,
    },
}

impl Delivery {
    /// The name of the variant.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Log { .. } => "log",
            Self::Latest { .. } => "latest",
            Self::Volatile => "volatile",
            Self::Keyframed { .. } => "keyframed",
        }
    }

    /// The least time between two events of one key, in whole milliseconds, rounded up. Zero where
    /// nothing limits it.
    pub const fn interval_min(&self) -> Duration {
        match self {
            Self::Latest {
                max_hz: Some(max_hz),
            } => Duration::from_millis(1000_u64.div_ceil(max_hz.get() as u64)),
            Self::Latest { max_hz: None }
            | Self::Log { .. }
            | Self::Volatile
            | Self::Keyframed { .. } => Duration::ZERO,
        }
    }

    /// The same for a reader who wants at most `max_hz` updates per second and key: the next lower of
    /// [`PACES`], or as it is if that is slower still. None if it is 0, or nothing of this delivery
    /// can be left out.
    pub fn paced(self, max_hz: u16) -> Option<Self> {
        let Self::Latest { max_hz: given } = self else {
            return None;
        };
        let pace = PACES.iter().rfind(|pace| **pace <= max_hz)?;
        if given.is_some_and(|given| given.get() <= max_hz) {
            return Some(self);
        }
        Some(Self::Latest {
            max_hz: NonZeroU16::new(*pace),
        })
    }

    /// Tells whether every event reaches every reader, or a gap is said.
    pub const fn is_log(&self) -> bool {
        matches!(self, Self::Log { .. })
    }
}

/// The name of one topic, such as `chat:lobby`.
///
/// Parsing is the way to one: a namespace of 1 to 32 lowercase letters, digits and dashes, a
/// colon, and a key of 1 to 63 ASCII letters, digits and `-_./`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(String);

impl TopicName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the colon.
    pub fn namespace(&self) -> &str {
        self.parts().0
    }

    /// The part after the colon.
    pub fn key(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.0
            .split_once(':')
            .expect("a topic name has a colon since it was parsed")
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TopicName {
    type Err = InvalidTopicName;

    fn from_str(text: &str) -> Result<Self, InvalidTopicName> {
        let (namespace, key) = text.split_once(':').ok_or(InvalidTopicName)?;
        let in_namespace = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let in_key = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        let namespace_fits =
            matches!(namespace.len(), 1..=32) && namespace.bytes().all(in_namespace);
        let key_fits = matches!(key.len(), 1..=63) && key.bytes().all(in_key);
        if namespace_fits && key_fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidTopicName)
        }
    }
}

/// A text was not the name of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidTopicName;

impl fmt::Display for InvalidTopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid topic name, expected namespace:key")
    }
}

impl std::error::Error for InvalidTopicName {}

/// The number that stands for a topic on the wire. A server announces it when it confirms a
/// subscription; it is the same for all its connections, so that events are encoded once.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct TopicId(pub u32);

/// A message that cannot be made: the command of a topic that takes none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

impl Contract for Never {
    const SHAPE: Shape = Shape::new("never").end();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, valid: bool) {
        assert_eq!(text.parse::<TopicName>().is_ok(), valid, "{text:?}");
    }

    #[test]
    fn a_name_is_a_namespace_a_colon_and_a_key() {
        check("chat:lobby", true);
        check("arena:room-1/cell_3.b", true);
        check("chat", false);
        check("chat:", false);
        check(":lobby", false);
        check("Chat:lobby", false);
        check("chat:a b", false);
        check("chat:a:b", false);
        check("chat:\r\n", false);
        check("chat:*", false);
        check(&format!("chat:{}", "k".repeat(63)), true);
        check(&format!("chat:{}", "k".repeat(64)), false);
    }

    fn check_pace(given: Option<u16>, wish: u16, expected: Option<Option<u16>>) {
        let latest = |max_hz: Option<u16>| Delivery::Latest {
            max_hz: max_hz.and_then(NonZeroU16::new),
        };
        assert_eq!(
            latest(given).paced(wish),
            expected.map(latest),
            "{given:?} {wish}"
        );
    }

    #[test]
    fn a_reader_gets_the_next_lower_pace_and_never_more_than_the_topic_gives() {
        check_pace(None, 0, None);
        check_pace(None, 1, Some(Some(1)));
        check_pace(None, 4, Some(Some(2)));
        check_pace(None, u16::MAX, Some(Some(50)));
        check_pace(Some(20), 0, None);
        check_pace(Some(20), 1, Some(Some(1)));
        check_pace(Some(20), 19, Some(Some(10)));
        check_pace(Some(20), 20, Some(Some(20)));
        check_pace(Some(20), 200, Some(Some(20)));
        check_pace(Some(3), 3, Some(Some(3)));
        check_pace(Some(3), 2, Some(Some(2)));
        assert_eq!(Delivery::Volatile.paced(5), None);
        assert_eq!(Delivery::Keyframed { max_run: 9 }.paced(5), None);
    }

    #[test]
    fn a_name_knows_its_parts() {
        let name: TopicName = "chat:lobby".parse().expect("valid");
        assert_eq!((name.namespace(), name.key()), ("chat", "lobby"));
    }
}
