//! `trunkline publish`: puts prices of a CSV file on a board, or commands of an NDJSON file to any topic.
//!
//! It is a client of the HTTP API and knows nothing of a node. `table` reads prices, `source` says what
//! comes next, `api` asks the server. A file is checked before anything of it is published; of lines
//! that come one by one, what was good before a bad one has been published, and the error says how
//! much.

mod api;
mod csv;
mod player;
mod price;
mod source;
mod table;
mod time;

use std::io::BufRead;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, bail};
use trunkline_protocol::topics::ticker::{SymbolName, Ticker, TickerKey};
use trunkline_protocol::{Topic, TopicName};

pub(crate) use self::api::Api;
use self::player::Player;
use self::source::Source;

/// What is to be published, and where.
#[derive(Clone, Debug)]
pub struct Publishing {
    /// The topic. `{user}` in it stands for the id of the guest who publishes.
    pub topic: String,
    /// The file; none for lines of the standard input.
    pub from: Option<PathBuf>,
    /// What is in it.
    pub format: Format,
    /// The symbol of prices that name none.
    pub symbol: Option<SymbolName>,
    /// How fast time passes.
    pub speed: Speed,
    /// The server, as `http://HOST:PORT`.
    pub server: String,
    /// The key for back ends.
    pub key: Option<String>,
    /// The name of the guest, if there is no key.
    pub name: String,
}

/// What has been published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedAll {
    /// Where.
    pub topic: String,
    /// How many prices or commands.
    pub count: u64,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prices, with a first line that names the columns.
    Csv,
    /// A command in each line.
    Ndjson,
}

impl FromStr for Format {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::Ndjson),
            _ => Err("expected csv or ndjson"),
        }
    }
}

/// How fast the times of prices pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many times as fast as they did.
    Times(f64),
    /// As fast as the server takes them.
    Greatest,
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = "expected a number of times such as 10x, or max";
        if text == "max" {
            return Ok(Self::Greatest);
        }
        let times = text.strip_suffix('x').and_then(|times| times.parse().ok());
        let times = times.filter(|times| (1e-6..=1e12).contains(times));
        times.map(Self::Times).ok_or(error)
    }
}

impl Publishing {
    /// Publishes everything. `input` is read if there is no file.
    ///
    /// # Errors
    ///
    /// In one line: what is wrong, in which line and column, and how much was published before it.
    pub async fn publish(
        self,
        input: impl BufRead + Send + 'static,
    ) -> anyhow::Result<PublishedAll> {
        let nothing = "nothing was published";
        let name = match &self.from {
            Some(path) => path.display().to_string(),
            None => "standard input".to_owned(),
        };
        let source = match &self.from {
            Some(path) => Source::file(path, self.format, self.symbol.clone()),
            None => Source::lines(input, self.format, self.symbol.clone()),
        };
        let source = source.map_err(|error| anyhow::anyhow!("{name}: {error:#}; {nothing}"))?;
        // What is wrong with a topic is said before anybody signs in.
        self.topic_of("0000000000000000")?;
        let opened = Api::open(&self.server, self.key.clone(), &self.name).await;
        let (api, user) = opened.context(nothing)?;
        let topic = self.topic_of(user.as_deref().unwrap_or("0000000000000000"))?;
        let mut player = Player::new(api, &topic, self.speed);
        let played = player.play(source).await;
        let count = player.published();
        played.map_err(|error| {
            let before = match count {
                0 => nothing.to_owned(),
                1 => "1 was published before".to_owned(),
                count => format!("{count} were published before"),
            };
            anyhow::anyhow!("{name}: {error:#}; {before}")
        })?;
        Ok(PublishedAll {
            topic: topic.to_string(),
            count,
        })
    }

    /// The topic, if a user has this id.
    fn topic_of(&self, user: &str) -> anyhow::Result<TopicName> {
        if self.key.is_some() && self.topic.contains("{user}") {
            bail!("with a key there is no guest whom {{user}} could stand for");
        }
        let name = self.topic.replace("{user}", user);
        let topic: TopicName = name.parse().with_context(|| format!("--topic {name:?}"))?;
        if self.format == Format::Csv {
            let key = topic.key().parse::<TickerKey>();
            let board = key.is_ok_and(|key| key.symbol().is_none());
            if topic.namespace() != Ticker::NAMESPACE || !board {
                bail!("--topic {name:?}: prices go to a board, ticker:BOARD");
            }
        }
        Ok(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_number_of_times() {
        let check =
            |text: &str, expected| assert_eq!(text.parse::<Speed>().ok(), expected, "{text}");
        check("1x", Some(Speed::Times(1.0)));
        check("10x", Some(Speed::Times(10.0)));
        check("0.5x", Some(Speed::Times(0.5)));
        check("max", Some(Speed::Greatest));
        for no in ["", "x", "0x", "-1x", "10", "infx", "NaNx", "1e300x"] {
            check(no, None);
        }
    }

    #[test]
    fn prices_go_to_a_board() {
        let check = |format, topic: &str, key: Option<&str>, expected: Option<&str>| {
            let publishing = Publishing {
                topic: topic.to_owned(),
                from: None,
                format,
                symbol: None,
                speed: Speed::Greatest,
                server: String::new(),
                key: key.map(str::to_owned),
                name: String::new(),
            };
            let found = publishing.topic_of("000000000000002a").ok();
            assert_eq!(found.as_ref().map(TopicName::as_str), expected, "{topic}");
        };
        let own = "ticker:user-{user}";
        check(Format::Csv, own, None, Some("ticker:user-000000000000002a"));
        check(Format::Csv, own, Some("key"), None);
        check(Format::Csv, "ticker:all", Some("key"), Some("ticker:all"));
        check(Format::Csv, "ticker:all.ABCD", None, None);
        check(Format::Csv, "chat:lobby", None, None);
        check(Format::Ndjson, "chat:lobby", None, Some("chat:lobby"));
        check(Format::Ndjson, "lobby", None, None);
    }
}
