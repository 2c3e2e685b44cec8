//! Alerts: what a user is told, on all their pages and devices at once. The words; the server's
//! `topics/alerts.rs` has the rules.

use std::time::Duration;

use crate::bounded::{List, Text};
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::position::Offset;
use crate::time::Timestamp;
use crate::topic::{Delivery, Topic};
use crate::user::UserId;

/// The longest title of a notification, in characters after trimming.
pub const ALERT_TITLE_CHARS_MAX: usize = 120;

/// The longest text of a notification, in characters after trimming.
pub const ALERT_BODY_CHARS_MAX: usize = 1000;

/// The longest words for what a notification asks for, in characters after trimming.
pub const ALERT_ACTION_CHARS_MAX: usize = 40;

/// The longest link of a notification, in bytes.
pub const ALERT_LINK_LEN_MAX: usize = 2000;

/// The most notifications that one command names.
pub const ALERTS_NAMED_MAX: usize = 100;

/// What is told to a user: `alerts:USER`, where `USER` is the user's id. It is kept, in order, and
/// nobody else reads it. What the user has read and put away is told there, too.
pub enum Alerts {}

impl Topic for Alerts {
    const NAMESPACE: &'static str = "alerts";
    const DELIVERY: Delivery = Delivery::Log {
        keep: 1000,
        max_age: Duration::from_secs(30 * 24 * 60 * 60),
    };
    type Key = UserId;
    type Event = AlertEvent;
    type Command = AlertCommand;
}

/// How much a notification matters.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlertLevel {
    /// Good to know.
    #[default]
    Info,
    /// Something went well.
    Success,
    /// Something needs a look.
    Warning,
    /// Something needs a look now.
    Critical,
}

impl AlertLevel {
    /// All of them, the one that matters least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Success, Self::Warning, Self::Critical];

    /// Its name, as it stands in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Success => "success",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What somebody is told.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Notification {
    /// What it is about, in one line. It is trimmed; nothing but white space is refused.
    pub title: Text<{ ALERT_TITLE_CHARS_MAX * 4 }>,
    /// More about it, or nothing. It is a text: nothing in it is markup.
    #[serde(default)]
    pub body: Text<{ ALERT_BODY_CHARS_MAX * 4 }>,
    /// How much it matters.
    #[serde(default)]
    pub level: AlertLevel,
    /// Where there is more: an address of `http` or `https`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Text<ALERT_LINK_LEN_MAX>>,
    /// What one does there, in a few words. Only with a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Text<{ ALERT_ACTION_CHARS_MAX * 4 }>>,
    /// From when on it means nothing any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// What a user does with notifications, and what a back end tells a user.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AlertCommand {
    /// Tells the user something.
    Notify {
        /// What.
        notification: Notification,
    },
    /// These were read.
    Read {
        /// Where they stand: at least one.
        offsets: List<Offset, ALERTS_NAMED_MAX>,
    },
    /// All up to this one were read.
    ReadUpTo {
        /// Where the last of them stands.
        offset: Offset,
    },
    /// These are not to be shown any more.
    Dismiss {
        /// Where they stand: at least one.
        offsets: List<Offset, ALERTS_NAMED_MAX>,
    },
}

/// What happened to a user's notifications. What changes some names where they stand.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AlertEvent {
    /// The user was told something.
    Notified {
        /// When, by the server's clock.
        at: Timestamp,
        /// What.
        notification: Notification,
    },
    /// These were read.
    Read {
        /// Where they stand.
        offsets: List<Offset, ALERTS_NAMED_MAX>,
    },
    /// All up to this one were read.
    ReadUpTo {
        /// Where the last of them stands.
        offset: Offset,
    },
    /// These are not to be shown any more.
    Dismissed {
        /// Where they stand.
        offsets: List<Offset, ALERTS_NAMED_MAX>,
    },
}

/// Tells whether a text is an address that a notification may lead to: of `http` or `https`, with a
/// host, in printable ASCII, and without a name or password that would make another host look like
/// the one meant.
pub fn is_web_address(text: &str) -> bool {
    let scheme_len = ["https://", "http://"]
        .into_iter()
        .find(|scheme| {
            let begin = text.as_bytes().get(..scheme.len());
            begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme.as_bytes()))
        })
        .map(str::len);
    let Some(scheme_len) = scheme_len else {
        return false;
    };
    let plain = |b: u8| {
        b.is_ascii_graphic()
            && !matches!(
                b,
                b'<' | b'>' | b'"' | b'`' | b'\\' | b'^' | b'{' | b'|' | b'}'
            )
    };
    let rest = &text[scheme_len..];
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    text.bytes().all(plain)
        && !host.contains('@')
        && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;

    fn check(text: &str, expected: bool) {
        assert_eq!(is_web_address(text), expected, "{text:?}");
    }

    #[test]
    fn a_link_leads_to_the_web_and_shows_where() {
        check("https://example.com", true);
        check("http://127.0.0.1:8787/chat/lobby?a=b#c", true);
        check("HTTPS://[::1]/", true);
        check("https://example.com/@name", true);
        for bad in [
            "",
            "https://",
            "https:///path",
            "example.com",
            "/chat/lobby",
            "//example.com",
            "javascript:alert(1)",
            "JavaScript://example.com/%0aalert(1)",
            "data:text/html,x",
            "ftp://example.com",
            "https://example.com/a b",
            " https://example.com",
            "https://example.com\n",
            "https://user@example.com",
            "https://example.com@evil.example",
            "https://example.com\\@evil.example",
            "https://예시.한국",
            "https://example.com/\"><script>",
            "https:/한",
        ] {
            check(bad, false);
        }
    }

    #[test]
    fn only_a_title_is_needed() {
        let told: Notification = Codec::Json
            .decode(br#"{"title":"Done"}"#)
            .expect("a notification");
        let title = Text::try_from("Done").expect("short");
        let expected = Notification {
            title,
            ..Notification::default()
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_level_has_the_name_that_json_gives_it() {
        for level in AlertLevel::ALL {
            let json = Codec::Json.encode(&level).to_vec();
            assert_eq!(String::from_utf8(json), Ok(format!("\"{}\"", level.name())));
        }
    }
}
