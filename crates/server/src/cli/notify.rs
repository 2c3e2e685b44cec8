//! `trunkline notify`: tells users something, as a back end of the operator's would.

use std::ffi::OsString;
use std::str::FromStr;

use anyhow::{Context, anyhow};
use clap::{ArgGroup, Args};
use trunkline_protocol::topics::alerts::{AlertLevel, Notification};
use trunkline_protocol::{List, Text, Timestamp, UserId};

use super::back_end::BackEnd;
use crate::clock;
use crate::notices::{Notice, NoticeId, Recipients};

/// Arguments of `trunkline notify`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("recipients").required(true).args(["to", "all"])))]
pub struct NotifyArgs {
    /// The id of a user to tell it, 16 hexadecimal digits; repeatable
    #[arg(long, value_name = "USER", value_delimiter = ',')]
    to: Vec<UserId>,

    /// Tell it to everybody whom the server knows
    #[arg(long)]
    all: bool,

    /// What it is about, in one line of up to 120 characters
    #[arg(long, value_name = "TEXT")]
    title: String,

    /// More about it, up to 1000 characters
    #[arg(
        long,
        value_name = "TEXT",
        default_value = "",
        hide_default_value = true
    )]
    body: String,

    /// How much it matters: info, success, warning or critical
    #[arg(long, value_name = "LEVEL", default_value = "info", value_parser = level)]
    level: AlertLevel,

    /// Where there is more, an address of http or https
    #[arg(long, value_name = "URL")]
    link: Option<String>,

    /// What one does there, up to 40 characters
    #[arg(long, value_name = "TEXT", requires = "link")]
    action: Option<String>,

    /// After how long it means nothing any more, such as 30m, 12h or 7d
    #[arg(long, value_name = "TIME")]
    expires_in: Option<Span>,

    /// When to tell it, in whole seconds since 1970, or after a time such as +30m [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<When>,

    /// What makes it the same notice when it is sent again [default: drawn at random]
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    #[command(flatten)]
    back_end: BackEnd,
}

impl NotifyArgs {
    /// Sends it, and returns what the server answered.
    ///
    /// # Errors
    ///
    /// For a person: what is wrong with it, or why the server did not take it.
    pub async fn run(
        self,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> anyhow::Result<String> {
        let notice = self.notice(clock::timestamp())?;
        let body = serde_json::to_string(&notice).context("cannot write the notice")?;
        let id = &notice.id;
        let mut api = self.back_end.open(environment).await?;
        let answer = api.notify(body).await;
        answer.with_context(|| format!("notice {id} was not acknowledged"))
    }

    fn notice(&self, now: Timestamp) -> anyhow::Result<Notice> {
        let at = self.at.map(|at| at.after(now));
        let told_at = at.unwrap_or(now).max(now);
        let expires = self.expires_in.map(|span| span.after(told_at));
        let id: NoticeId = match &self.id {
            Some(id) => id.parse()?,
            None => random_id()?,
        };
        let to = match self.to.as_slice() {
            [] => Recipients::All,
            [one] => Recipients::User(*one),
            many => {
                let many = List::try_from(many.to_vec());
                Recipients::Users(many.context("too many users for one notice")?)
            }
        };
        let notification = Notification {
            title: text("--title", &self.title)?,
            body: text("--body", &self.body)?,
            level: self.level,
            link: self
                .link
                .as_deref()
                .map(|it| text("--link", it))
                .transpose()?,
            action: self
                .action
                .as_deref()
                .map(|it| text("--action", it))
                .transpose()?,
            expires,
        };
        Ok(Notice {
            id,
            to,
            notification,
            at,
        })
    }
}

fn text<const MAX: usize>(name: &str, text: &str) -> anyhow::Result<Text<MAX>> {
    Text::try_from(text).map_err(|error| anyhow!("{name}: {error}"))
}

fn random_id() -> anyhow::Result<NoticeId> {
    let bits = getrandom::u64().map_err(|error| anyhow!("cannot get randomness: {error}"))?;
    Ok(format!("cli-{bits:016x}").parse()?)
}

fn level(text: &str) -> Result<AlertLevel, &'static str> {
    let known = AlertLevel::ALL.into_iter().find(|it| it.name() == text);
    known.ok_or("expected info, success, warning or critical")
}

/// A time from now on, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span(u32);

impl Span {
    fn after(self, from: Timestamp) -> Timestamp {
        Timestamp(from.0.saturating_add(self.0))
    }
}

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected a number with s, m, h or d, such as 30m";
        let unit = text.chars().next_back().ok_or(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 60 * 60,
            'd' => 24 * 60 * 60,
            _ => return Err(wrong),
        };
        let number = text.strip_suffix(unit).unwrap_or_default();
        let number: u32 = number.parse().map_err(|_| wrong)?;
        number.checked_mul(seconds).map(Self).ok_or(wrong)
    }
}

/// A time on the wall, or one from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    At(u32),
    In(Span),
}

impl When {
    fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => Timestamp(at),
            Self::In(span) => span.after(now),
        }
    }
}

impl FromStr for When {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix('+') {
            Some(span) => span.parse().map(Self::In),
            None => text
                .parse()
                .map(Self::At)
                .map_err(|_| "expected seconds since 1970, or a time such as +30m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Command, parse};

    const NOW: Timestamp = Timestamp(1000);

    /// What the arguments say, as JSON, or what is wrong with them.
    fn notice(arguments: &[&str]) -> Result<String, String> {
        let all = ["trunkline", "notify"].iter().chain(arguments);
        let command = parse(all.map(OsString::from)).map_err(|error| error.to_string())?;
        let Command::Notify(arguments) = command else {
            panic!("{command:?}");
        };
        let notice = arguments
            .notice(NOW)
            .map_err(|error| format!("{error:#}"))?;
        Ok(serde_json::to_string(&notice).expect("plain data"))
    }

    const ONE: &str = "000000000000002a";

    #[test]
    fn arguments_say_what_the_api_takes() {
        let check = |arguments: &[&str], expected: &str| {
            assert_eq!(notice(arguments).as_deref(), Ok(expected));
        };
        check(
            &["--to", ONE, "--title", "Done", "--id", "a"],
            r#"{"id":"a","to":{"user":"000000000000002a"},"notification":{"title":"Done","body":"","level":"info"}}"#,
        );
        check(
            &[
                "--to",
                ONE,
                "--to",
                "0000000000000007",
                "--title",
                "Done",
                "--id",
                "a",
                "--body",
                "all",
                "--level",
                "critical",
                "--link",
                "http://a",
                "--action",
                "Go",
                "--expires-in",
                "2h",
                "--at",
                "+10m",
            ],
            r#"{"id":"a","to":{"users":["000000000000002a","0000000000000007"]},"notification":{"title":"Done","body":"all","level":"critical","link":"http://a","action":"Go","expires":8800},"at":1600}"#,
        );
        check(
            &["--all", "--title", "Done", "--id", "a", "--at", "5000"],
            r#"{"id":"a","to":"all","notification":{"title":"Done","body":"","level":"info"},"at":5000}"#,
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |arguments: &[&str], expected: &str| {
            let error = notice(arguments).expect_err("wrong arguments");
            assert!(error.contains(expected), "{error}");
        };
        check(&["--title", "Done"], "<--to <USER>|--all>");
        check(&["--all", "--to", ONE, "--title", "a"], "cannot be used");
        check(&["--to", "42", "--title", "a"], "16 lowercase");
        check(
            &["--all", "--title", "a", "--level", "loud"],
            "expected info",
        );
        check(&["--all", "--title", "a", "--action", "b"], "--link");
        check(&["--all", "--title", "a", "--at", "noon"], "seconds since");
        check(
            &["--all", "--title", "a", "--expires-in", "9"],
            "such as 30m",
        );
        check(&["--all", "--title", "a", "--id", "a b"], "invalid id");
        check(&["--all", "--title", &"a".repeat(481)], "--title: length");
    }

    #[test]
    fn without_an_id_each_notice_has_one_of_its_own() {
        let one = || notice(&["--all", "--title", "a"]).expect("good");
        assert_ne!(one(), one());
    }
}
