//! Codecs: frames and messages as bytes. The only file that names a wire format.
//!
//! Five rules keep a peer's bytes harmless: decoding has a memory limit, no wire type is recursive
//! ([`Contract`](crate::Contract) refuses it), no list has elements without a size
//! ([`List`] refuses it), nothing may follow the value, and every field has a bound.

use std::fmt;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};
use bincode::de::Decoder;
use bincode::de::read::Reader;
use bincode::enc::Encoder;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use bytes::Bytes;

use crate::bounded::{List, Text};
use crate::error::ErrorCode;
use crate::frame::ServerFrame;
use crate::payload::{PAYLOAD_LEN_MAX, Payload, SenderId, Tail};
use crate::topic::Never;

mod explain;

pub use bincode::{Decode, Encode};
#[cfg(feature = "json")]
pub use explain::explain_json;
pub use serde::de::DeserializeOwned;
pub use serde::{Deserialize, Serialize};

/// The longest frame that a client may send, in bytes. A longer one is closed with 1009.
pub const CLIENT_FRAME_LEN_MAX: usize = 64 * 1024;

/// The longest frame that a server sends, in bytes. Pages of history are cut to fit.
pub const SERVER_FRAME_LEN_MAX: usize = 256 * 1024;

/// The most memory that decoding one frame may claim, in bytes: what a greatest frame of small
/// elements needs. Without a limit, eleven bytes can claim thirty terabytes and abort the process.
const DECODE_MEMORY_MAX: usize = 1024 * 1024;

const BINCODE: Configuration<LittleEndian, Varint, Limit<DECODE_MEMORY_MAX>> =
    bincode::config::standard().with_limit::<DECODE_MEMORY_MAX>();

/// A type that both codecs carry.
pub trait Wire: Encode + Decode<()> + Serialize + DeserializeOwned {}

impl<T: Encode + Decode<()> + Serialize + DeserializeOwned> Wire for T {}

/// How frames and the messages in them become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// bincode 2 in its standard configuration: little endian, varints, positional. Travels in
    /// binary WebSocket messages.
    Bincode,
    /// JSON: self-describing, for every other language. Travels in text WebSocket messages.
    #[cfg(feature = "json")]
    Json,
}

impl Codec {
    /// Returns whether frames are text: in a WebSocket they travel as text messages.
    #[must_use]
    pub const fn is_text(self) -> bool {
        match self {
            Self::Bincode => false,
            #[cfg(feature = "json")]
            Self::Json => true,
        }
    }

    /// Encodes `value`.
    pub fn encode<T: Wire>(self, value: &T) -> Bytes {
        self.encode_to_vec(value).into()
    }

    /// Encodes a message as a payload.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLong`] above [`PAYLOAD_LEN_MAX`] bytes.
    pub fn payload<T: Wire>(self, message: &T) -> Result<Payload, CodecError> {
        Payload::try_from(self.encode_to_vec(message)).map_err(|_| CodecError::TooLong)
    }

    fn encode_to_vec<T: Wire>(self, value: &T) -> Vec<u8> {
        match self {
            Self::Bincode => bincode::encode_to_vec(value, BINCODE)
                .expect("wire types hold only what bincode can encode"),
            #[cfg(feature = "json")]
            Self::Json => {
                serde_json::to_vec(value).expect("wire types hold only what JSON can encode")
            }
        }
    }

    /// Decodes the one `T` that `bytes` hold.
    ///
    /// # Errors
    ///
    /// [`CodecError`] for anything that is not exactly one `T` within its bounds.
    pub fn decode<T: Wire>(self, bytes: &[u8]) -> Result<T, CodecError> {
        match self {
            Self::Bincode => {
                let (value, used) = bincode::decode_from_slice(bytes, BINCODE)?;
                if used == bytes.len() {
                    Ok(value)
                } else {
                    Err(CodecError::TrailingBytes)
                }
            }
            #[cfg(feature = "json")]
            Self::Json => {
                let read = serde_json::from_slice(bytes);
                read.map_err(|error| CodecError::Malformed(explain_json(&error)))
            }
        }
    }

    /// Decodes a frame of a server. `None` is a frame of a kind that this version does not have, which
    /// a client ignores: a later server may have more kinds.
    ///
    /// # Errors
    ///
    /// As [`Codec::decode`].
    pub fn decode_server_frame(self, bytes: &[u8]) -> Result<Option<ServerFrame>, CodecError> {
        match self.decode(bytes) {
            Ok(frame) => Ok(Some(frame)),
            Err(_) if self.is_of_another_kind(bytes) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn is_of_another_kind(self, bytes: &[u8]) -> bool {
        match self {
            Self::Bincode => bincode::decode_from_slice::<u32, _>(bytes, BINCODE)
                .is_ok_and(|(number, _)| number as usize >= ServerFrame::KINDS.len()),
            #[cfg(feature = "json")]
            Self::Json => {
                #[derive(Deserialize)]
                struct Kind {
                    #[serde(rename = "type")]
                    kind: String,
                }
                serde_json::from_slice::<Kind>(bytes)
                    .is_ok_and(|it| !ServerFrame::KINDS.contains(&it.kind.as_str()))
            }
        }
    }
}

/// Why bytes are not the expected value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// They are not of this format, or break a bound of it; says what and where.
    Malformed(String),
    /// Bytes follow the value.
    TrailingBytes,
    /// Decoding would claim more memory than any frame needs.
    TooLong,
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::TrailingBytes => f.write_str("bytes follow the value"),
            Self::TooLong => f.write_str("the value is too long"),
        }
    }
}

impl std::error::Error for CodecError {}

impl From<DecodeError> for CodecError {
    fn from(error: DecodeError) -> Self {
        explain::bincode(error)
    }
}

/// Carries a type with a rule of its own as a plain one, and checks the rule when it is read.
macro_rules! carried_as {
    ($kind:ty as $plain:ty, $write:expr $(, const $max:ident)?) => {
        impl$(<const $max: usize>)? Encode for $kind {
            fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
                let write: fn(&Self, &mut E) -> Result<(), EncodeError> = $write;
                write(self, encoder)
            }
        }

        impl<Context $(, const $max: usize)?> Decode<Context> for $kind {
            fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
                let plain: $plain = Decode::decode(decoder)?;
                Self::try_from(plain).map_err(|e| DecodeError::OtherString(e.to_string()))
            }
        }

        impl<'de, Context $(, const $max: usize)?> bincode::BorrowDecode<'de, Context> for $kind {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
                decoder: &mut D,
            ) -> Result<Self, DecodeError> {
                Decode::decode(decoder)
            }
        }
    };
}

carried_as!(Text<MAX> as String, |text, encoder| text.as_str().encode(encoder), const MAX);
carried_as!(Payload as Vec<u8>, |payload, encoder| payload
    .as_bytes()
    .encode(encoder));
carried_as!(SenderId as u64, |sender, encoder| u64::from(*sender)
    .encode(encoder));
carried_as!(ErrorCode as u16, |code, encoder| code
    .number()
    .encode(encoder));

impl Encode for Tail {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        encoder.writer().write(self.0.as_bytes())
    }
}

impl<Context> Decode<Context> for Tail {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        let len = left(decoder.reader());
        decoder.claim_bytes_read(len)?;
        let bytes = decoder.reader().peek_read(len).unwrap_or_default();
        let payload =
            Payload::try_from(bytes).map_err(|e| DecodeError::OtherString(e.to_string()))?;
        decoder.reader().consume(len);
        Ok(Self(payload))
    }
}

impl<'de, Context> bincode::BorrowDecode<'de, Context> for Tail {
    fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        Decode::decode(decoder)
    }
}

/// How many bytes a reader has left, or more than a payload may have. A reader tells only whether
/// it has so many, so this asks bit by bit.
fn left(reader: &mut impl Reader) -> usize {
    let mut len = 0;
    for bit in (0..=PAYLOAD_LEN_MAX.ilog2()).rev() {
        let longer = len + (1 << bit);
        if reader.peek_read(longer).is_some() {
            len = longer;
        }
    }
    len
}

/// All bits set is beyond the bound, so that `left` sees what is too long.
const _: () = assert!((2 << PAYLOAD_LEN_MAX.ilog2()) - 1 > PAYLOAD_LEN_MAX);

impl<T: Encode + 'static, const MAX: usize> Encode for List<T, MAX> {
    fn encode<E: Encoder>(&self, encoder: &mut E) -> Result<(), EncodeError> {
        self[..].encode(encoder)
    }
}

impl<Context, T: Decode<Context> + 'static, const MAX: usize> Decode<Context> for List<T, MAX> {
    fn decode<D: Decoder<Context = Context>>(decoder: &mut D) -> Result<Self, DecodeError> {
        Self::try_from(Vec::decode(decoder)?).map_err(|e| DecodeError::OtherString(e.to_string()))
    }
}

impl<'de, Context, T: Decode<Context> + 'static, const MAX: usize>
    bincode::BorrowDecode<'de, Context> for List<T, MAX>
{
    fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        Decode::decode(decoder)
    }
}

impl Encode for Never {
    fn encode<E: Encoder>(&self, _: &mut E) -> Result<(), EncodeError> {
        match *self {}
    }
}

impl<Context> Decode<Context> for Never {
    fn decode<D: Decoder<Context = Context>>(_: &mut D) -> Result<Self, DecodeError> {
        Err(DecodeError::Other("this topic takes no commands"))
    }
}

impl<'de, Context> bincode::BorrowDecode<'de, Context> for Never {
    fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = Context>>(
        decoder: &mut D,
    ) -> Result<Self, DecodeError> {
        Decode::decode(decoder)
    }
}

impl Serialize for Payload {
    /// Writes the message in place, as the JSON that it is.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &serde_json::value::RawValue =
            serde_json::from_slice(self.as_bytes()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // A raw value cannot be read inside a tagged enum, so the value is read and written again.
        let value = serde_json::Value::deserialize(deserializer)?;
        let bytes = serde_json::to_vec(&value).map_err(serde::de::Error::custom)?;
        Self::try_from(bytes).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
