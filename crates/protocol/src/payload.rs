//! Payloads: messages inside frames, already encoded, and the publications they travel in.

use std::sync::Arc;

use crate::bounded::TooLong;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::position::Offset;

/// The longest payload, in bytes: what fits into a client's frame beside its other fields.
pub const PAYLOAD_LEN_MAX: usize = 60 * 1024;

/// An event, command, request or response, encoded with the codec of the frame around it.
///
/// In a binary frame these are bytes with a length, or a [`Tail`]; in a JSON frame they are a JSON
/// value in place. Frames can thus be read, ordered and passed on by code that knows no message type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
pub struct Payload(Arc<[u8]>);

impl Payload {
    /// The encoded message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The length of the encoded message, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether the message has no bytes, which is so for a binary message without fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<u8>> for Payload {
    type Error = TooLong;

    fn try_from(bytes: Vec<u8>) -> Result<Self, TooLong> {
        Self::try_from(&bytes[..])
    }
}

impl TryFrom<&[u8]> for Payload {
    type Error = TooLong;

    fn try_from(bytes: &[u8]) -> Result<Self, TooLong> {
        if bytes.len() <= PAYLOAD_LEN_MAX {
            Ok(Self(bytes.into()))
        } else {
            Err(TooLong {
                len: bytes.len(),
                max: PAYLOAD_LEN_MAX,
            })
        }
    }
}

/// A payload that reaches to the end of its frame: in a binary frame it has no length before it.
/// It must be the last field, and stands in the frame that is sent most often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[serde(transparent)]
pub struct Tail(pub Payload);

/// An encoded event with its place in the topic, as kept and as sent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Publication {
    /// Its number in the topic.
    pub offset: Offset,
    /// Its offset minus that of the publication before it, so that a reader notices a hole even
    /// where offsets are not contiguous.
    pub step: u32,
    /// The event.
    pub event: Payload,
}

/// What makes a command the same command when it is sent again.
///
/// It is unique for its user and topic: another user's equal id is another command.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageId {
    /// Who counts: one outbox, drawn at random once.
    pub sender: SenderId,
    /// The number of the command among those of that sender.
    pub counter: u32,
}

/// The random number of one outbox, at most 2^53 − 1 so that every JSON reader holds it exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[serde(try_from = "u64", into = "u64")]
pub struct SenderId(u64);

impl SenderId {
    /// The greatest sender id.
    pub const MAX: u64 = (1 << 53) - 1;

    /// Makes a sender id of 64 random bits; the upper eleven are dropped.
    pub const fn from_random(bits: u64) -> Self {
        Self(bits & Self::MAX)
    }
}

impl TryFrom<u64> for SenderId {
    type Error = TooLong;

    fn try_from(number: u64) -> Result<Self, TooLong> {
        if number <= Self::MAX {
            Ok(Self(number))
        } else {
            // The length of a number is its bits.
            Err(TooLong {
                len: 64 - number.leading_zeros() as usize,
                max: 53,
            })
        }
    }
}

impl From<SenderId> for u64 {
    fn from(sender: SenderId) -> Self {
        sender.0
    }
}
