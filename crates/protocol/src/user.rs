//! Users: who speaks.

use std::fmt;
use std::str::FromStr;

use crate::bounded::Text;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;

/// A name that people see: at most 32 characters, which is at most 128 bytes.
pub type Nickname = Text<128>;

/// A user as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// Who this is. Two users may have one name; they never have one id.
    pub id: UserId,
    /// What they are called.
    pub name: Nickname,
}

/// A user's id. In JSON it is sixteen hexadecimal digits, since not every reader holds 64 bits.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Contract,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[serde(try_from = "String", into = "String")]
pub struct UserId(pub u64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for UserId {
    type Err = InvalidUserId;

    fn from_str(text: &str) -> Result<Self, InvalidUserId> {
        let digits =
            text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !digits {
            return Err(InvalidUserId);
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidUserId)
    }
}

impl TryFrom<String> for UserId {
    type Error = InvalidUserId;

    fn try_from(text: String) -> Result<Self, InvalidUserId> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.to_string()
    }
}

/// A text was not a user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUserId;

impl fmt::Display for InvalidUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid user id, expected 16 lowercase hexadecimal digits")
    }
}

impl std::error::Error for InvalidUserId {}
