//! The words of Trunkline: frames, topics and codecs, shared by server and browser.
//!
//! Plain data only: nothing here reads a clock, draws a random number, waits or locks. Start with
//! [`frame`], which holds the whole conversation as two enums, then [`topic`], which says what a
//! kind of topic promises, then [`topics::chat`], which is one.
//!
//! A program that speaks to a server without any other crate of ours needs four things:
//! [`Codec::encode`] and [`Codec::decode`] for [`ClientFrame`] and [`ServerFrame`], a
//! [`Subprotocol`] to ask for, and `PROTOCOL.md` for the rules.

// The derive macro names this crate by its full path, also inside this crate.
extern crate self as trunkline_protocol;

pub mod frame;
mod about;
pub mod topic;
pub mod position;
pub mod digest;
pub mod cursor;
pub mod presence;
pub mod call;
pub mod error;
pub mod disconnect;
pub mod payload;
pub mod bounded;
pub mod contract;
pub mod codec;
pub mod frame_reader;
pub mod subprotocol;
pub mod time;
pub mod user;
pub mod visible;
pub mod topics;
#[cfg(feature = "schema")]
pub mod schema;

pub use bounded::{List, Text, TooLong};
pub use call::{Call, HTTP_DEADLINE_MS_MAX};
pub use codec::{Codec, CodecError, Wire};
pub use contract::{Contract, Fingerprint, Shape};
pub use cursor::{CURSOR_TOPICS_MAX, Cursor, InvalidCursor};
pub use digest::Digest;
pub use disconnect::{DisconnectClass, DisconnectReason};
pub use error::{Error, ErrorCode};
pub use frame::{ClientFrame, RequestId, ServerFrame};
pub use frame_reader::FrameReader;
pub use payload::{MessageId, Payload, Publication, SenderId, Tail};
pub use position::{Epoch, Gap, GapCause, Offset, Position};
pub use presence::{Member, Members};
#[cfg(feature = "json")]
pub use subprotocol::Offer;
pub use subprotocol::Subprotocol;
pub use time::{Moment, Timestamp};
pub use topic::{Delivery, Message, Never, PACES, Topic, TopicId, TopicKey, TopicName};
pub use user::{Nickname, User, UserId};
pub use visible::{TextForm, TextProblem, code_point, read_text};

/// The version of the conversation that this crate speaks. A server closes others with 4402.
pub const PROTOCOL_VERSION: u16 = 1;
