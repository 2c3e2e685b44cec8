//! Errors: how a request is refused. The connection and everything else on it go on.

use std::fmt;

use crate::bounded::Text;
use crate::codec::{Decode, Deserialize, Encode, Serialize};

/// Why one request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Error {
    /// What a program acts on.
    #[cfg_attr(test, wincode(with = "wincode::adapter::FromInto<u16, _>"))]
    pub code: ErrorCode,
    /// What a developer reads, in English. Pages show their own words for the code.
    pub detail: Text<200>,
    /// When to try again, in milliseconds, where the server knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u32>,
}

impl Error {
    /// Makes an error with a `detail` that is cut at its bound.
    pub fn new(code: ErrorCode, detail: impl fmt::Display) -> Self {
        Self {
            code,
            detail: Text::cut(&detail.to_string()),
            retry_after_ms: None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.detail.is_empty() {
            write!(f, "{}", self.code)
        } else {
            write!(f, "{}: {}", self.code, self.detail)
        }
    }
}

impl std::error::Error for Error {}

macro_rules! error_codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $number:literal, $text:literal;)+) => {
        /// What kind of refusal it is. On the wire it is its number, in both codecs.
        ///
        /// The hundreds tell a program that does not know the number what to do: 1xx, the request
        /// is wrong, so do not send it again; 2xx, not now, so send it again later.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "u16", into = "u16")]
        pub enum ErrorCode {
            $($(#[doc = $doc])+ $name,)+
            /// A number that this program does not know.
            Unknown(u16),
        }

        impl ErrorCode {
            /// Every code that this program knows.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The number on the wire.
            pub const fn number(self) -> u16 {
                match self {
                    $(Self::$name => $number,)+
                    Self::Unknown(number) => number,
                }
            }

            /// The name in documents and logs.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Unknown(_) => "unknown",
                }
            }

            /// What it means, in a sentence or two.
            #[cfg(feature = "schema")]
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_start(),)+
                    Self::Unknown(_) => "unknown",
                }
            }
        }

        impl From<u16> for ErrorCode {
            fn from(number: u16) -> Self {
                match number {
                    $($number => Self::$name,)+
                    other => Self::Unknown(other),
                }
            }
        }
    };
}

error_codes! {
    /// The message inside the frame is not what this topic or method takes.
    Malformed = 100, "malformed";
    /// The topic's name is not `namespace:key`.
    InvalidTopic = 101, "invalid_topic";
    /// No topic has this namespace.
    UnknownNamespace = 102, "unknown_namespace";
    /// This namespace has no such key.
    InvalidKey = 103, "invalid_key";
    /// This user may not do this.
    Forbidden = 104, "forbidden";
    /// Client and server were built from different versions of this message.
    ContractMismatch = 105, "contract_mismatch";
    /// The connection is subscribed to this topic already.
    AlreadySubscribed = 106, "already_subscribed";
    /// The connection is not subscribed to this topic.
    NotSubscribed = 107, "not_subscribed";
    /// The connection has as many subscriptions as it may have.
    TooManySubscriptions = 108, "too_many_subscriptions";
    /// No call has this name.
    UnknownMethod = 109, "unknown_method";
    /// The command breaks a rule of its topic; the detail says which.
    Invalid = 110, "invalid";
    /// What the command refers to is no longer kept.
    NotKept = 111, "not_kept";
    /// The request's id is in use by one that is not answered yet.
    DuplicateId = 112, "duplicate_id";
    /// The request was cancelled by its sender.
    Cancelled = 113, "cancelled";
    /// The message is longer than its topic allows.
    TooLong = 114, "too_long";
    /// A new token belongs to another user than the connection.
    OtherUser = 115, "other_user";
    /// The server cannot do this now.
    Unavailable = 200, "unavailable";
    /// The sender is faster than it may be.
    TooFast = 201, "too_fast";
    /// The answer did not come in time.
    DeadlineExceeded = 202, "deadline_exceeded";
    /// Too many requests of this connection wait for an answer.
    TooManyRequests = 203, "too_many_requests";
    /// Something of ours failed.
    Internal = 204, "internal";
}

impl ErrorCode {
    /// Tells whether the same request may succeed later.
    pub const fn retryable(self) -> bool {
        self.number() >= 200
    }
}

impl From<ErrorCode> for u16 {
    fn from(code: ErrorCode) -> Self {
        code.number()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_comes_back_from_its_number() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from(code.number()), *code);
        }
    }

    #[test]
    fn an_unknown_number_keeps_its_class() {
        assert!(ErrorCode::from(299).retryable());
        assert!(!ErrorCode::from(199).retryable());
    }
}
