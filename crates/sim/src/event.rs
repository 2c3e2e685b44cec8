//! What travels in the simulated topics: commands, and events that say who made them.
//!
//! They are tuples on the wire, which both codecs carry without a type of the protocol's own.

use trunkline_protocol::{Codec, Payload, Text};

/// The longest filling of an event, in bytes.
pub(crate) const FILLING_LEN_MAX: usize = 4096;

type Carried = (u64, u64, u32, u8, bool, Text<FILLING_LEN_MAX>);

/// An event. No two events of a run are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The user whose command made it; 0 for events of the server's own.
    pub(crate) author: u64,
    /// The sender of that command.
    pub(crate) sender: u64,
    /// The counter of that command.
    pub(crate) counter: u32,
    /// Which value it is a newer version of.
    pub(crate) key: u8,
    /// Whether a reader can start here.
    pub(crate) keyframe: bool,
    /// Makes it as long as it is to be.
    pub(crate) filling: Text<FILLING_LEN_MAX>,
}

impl Event {
    pub(crate) fn payload(&self, codec: Codec) -> Payload {
        let Self {
            author,
            sender,
            counter,
            key,
            keyframe,
            filling,
        } = self.clone();
        let carried: Carried = (author, sender, counter, key, keyframe, filling);
        codec
            .payload(&carried)
            .expect("an event of the simulation is shorter than a payload may be")
    }

    pub(crate) fn read(codec: Codec, payload: &[u8]) -> Option<Self> {
        let (author, sender, counter, key, keyframe, filling) =
            codec.decode::<Carried>(payload).ok()?;
        Some(Self {
            author,
            sender,
            counter,
            key,
            keyframe,
            filling,
        })
    }

    /// Names the value, for topics that deliver the latest one.
    pub(crate) fn conflation_key(&self) -> String {
        format!("key-{}", self.key)
    }
}

/// What the hub calls for readers of JSON.
pub(crate) fn to_json(bincode: &[u8]) -> Option<Vec<u8>> {
    Some(
        Event::read(Codec::Bincode, bincode)?
            .payload(Codec::Json)
            .as_bytes()
            .to_vec(),
    )
}

/// A command: the key, whether it is a keyframe, the length of the filling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) key: u8,
    pub(crate) keyframe: bool,
    pub(crate) filling_len: u16,
}

impl Command {
    pub(crate) fn payload(self, codec: Codec) -> Payload {
        codec
            .payload(&(self.key, self.keyframe, self.filling_len))
            .expect("a command is short")
    }

    pub(crate) fn read(codec: Codec, payload: &Payload) -> Option<Self> {
        let (key, keyframe, filling_len) =
            codec.decode::<(u8, bool, u16)>(payload.as_bytes()).ok()?;
        (usize::from(filling_len) <= FILLING_LEN_MAX).then_some(Self {
            key,
            keyframe,
            filling_len,
        })
    }

    pub(crate) fn filling(self) -> Text<FILLING_LEN_MAX> {
        Text::cut(&"x".repeat(usize::from(self.filling_len)))
    }
}
