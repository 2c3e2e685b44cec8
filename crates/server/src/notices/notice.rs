//! A notice: what is told to whom, under which id, and when.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use trunkline_protocol::topics::alerts::Notification;
use trunkline_protocol::{List, MessageId, SenderId, Timestamp, UserId};

/// The most users that one notice names.
pub(crate) const USERS_MAX: usize = 1000;

/// The longest id of a notice.
const ID_LEN_MAX: usize = 64;

/// What a back end tells users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// What makes it the same notice when it is sent again.
    pub(crate) id: NoticeId,
    pub(crate) to: Recipients,
    pub(crate) notification: Notification,
    /// When it is told; at once without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Timestamp>,
}

/// To whom a notice goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Recipients {
    /// One user.
    User(UserId),
    /// Several.
    Users(List<UserId, USERS_MAX>),
    /// Everybody whom the server knows when it is told.
    All,
}

/// The id of a notice: 1 to 64 ASCII letters, digits and `-_.:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct NoticeId(String);

impl NoticeId {
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The id of the command at each user.
    pub(super) fn message_id(&self) -> MessageId {
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = self.digest();
        MessageId {
            sender: SenderId::from_random(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
            counter: u32::from_be_bytes([i, j, k, l]),
        }
    }

    /// A name for a file, the same on every file system.
    pub(super) fn file_name(&self) -> String {
        let half = &self.digest()[..16];
        let digits: String = half.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{digits}.json")
    }
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for NoticeId {
    type Err = InvalidNoticeId;

    fn from_str(text: &str) -> Result<Self, InvalidNoticeId> {
        let fits = matches!(text.len(), 1..=ID_LEN_MAX)
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidNoticeId)
        }
    }
}

impl TryFrom<String> for NoticeId {
    type Error = InvalidNoticeId;

    fn try_from(text: String) -> Result<Self, InvalidNoticeId> {
        text.parse()
    }
}

impl From<NoticeId> for String {
    fn from(id: NoticeId) -> Self {
        id.0
    }
}

/// A text was not the id of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InvalidNoticeId;

impl fmt::Display for InvalidNoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid id of a notice, expected 1 to 64 ASCII letters, digits and -_.:")
    }
}

impl std::error::Error for InvalidNoticeId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for good in ["a", "build:1.2_3-x", &"x".repeat(64)] {
            assert!(good.parse::<NoticeId>().is_ok(), "{good:?}");
        }
        for bad in ["", "a b", "a/b", "안녕", "a\n", &"x".repeat(65)] {
            assert!(bad.parse::<NoticeId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_id_has_a_message_id_and_a_file_of_its_own() {
        let id = |text: &str| text.parse::<NoticeId>().expect("an id");
        assert_eq!(id("a").message_id(), id("a").message_id());
        assert_ne!(id("a").message_id(), id("b").message_id());
        assert_eq!(
            id("a").file_name(),
            "ca978112ca1bbdcafac231b39a23dc4d.json",
            "files of earlier versions keep their names"
        );
    }

    #[test]
    fn recipients_are_one_several_or_all() {
        let check = |json: &str, expected: Option<Recipients>| {
            assert_eq!(serde_json::from_str(json).ok(), expected, "{json}");
        };
        let (one, other) = (UserId(42), UserId(7));
        check(
            r#"{"user":"000000000000002a"}"#,
            Some(Recipients::User(one)),
        );
        check(
            r#"{"users":["000000000000002a","0000000000000007"]}"#,
            Some(Recipients::Users(List::cut([one, other]))),
        );
        check(r#""all""#, Some(Recipients::All));
        check(r#"{"user":"42"}"#, None);
        check(r#""everybody""#, None);
        let many = vec!["\"000000000000002a\""; USERS_MAX + 1].join(",");
        check(&format!("{{\"users\":[{many}]}}"), None);
    }
}
