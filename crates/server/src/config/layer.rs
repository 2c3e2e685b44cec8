//! What one source says about the settings: each of them, or nothing.
//!
//! The same struct is filled by clap (flags), by [`Layer::from_environment`] and by serde (the
//! file), so that a setting has one name in all three: `--allow-origin`,
//! `TRUNKLINE_ALLOW_ORIGIN`, `allow_origin`.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::bail;
use clap::Args;
use serde::{Deserialize, Deserializer, de};

use crate::api::ApiKey;

use super::values::{
    Broadcasters, Broker, Count, LabPorts, ListenAddress, LogFilter, MarketRate, MarketSwitch,
};
use crate::origin::Origin;

/// The settings that one source gives.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Layer {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR")]
    #[serde(deserialize_with = "text")]
    pub(super) listen: Option<ListenAddress>,

    /// Folder for what must survive a restart [default: ./trunkline-data]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,

    /// Who keeps history: `disk`, in the data folder, or `memory`, as long as it runs [default: disk]
    #[arg(long, value_name = "BROKER")]
    #[serde(deserialize_with = "text")]
    pub(super) broker: Option<Broker>,

    /// Let pages of another origin talk to this server, such as https://app.example; repeatable
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    #[serde(deserialize_with = "texts")]
    pub(super) allow_origin: Option<Vec<Origin>>,

    /// People reach this server over https, through a proxy that ends TLS
    #[arg(long, num_args = 0, default_missing_value = "true")]
    pub(super) behind_tls: Option<bool>,

    /// How many connections may be open; one more is answered with 503 [default: 10000]
    #[arg(long, value_name = "N")]
    #[serde(deserialize_with = "count")]
    pub(super) connections_max: Option<Count>,

    /// Requests per second that one connection may send, in bursts of twice as many [default: 100]
    #[arg(long, value_name = "N")]
    #[serde(deserialize_with = "count")]
    pub(super) pace: Option<Count>,

    /// How many loops carry the conversations, each a thread of its own [default: one per core]
    #[arg(long, value_name = "N")]
    #[serde(deserialize_with = "count")]
    pub(super) shards: Option<Count>,

    /// How long an event may wait for others to go out with it, in milliseconds [default: 0]
    #[arg(long, value_name = "MS")]
    pub(super) flush_window: Option<u16>,

    /// How long a response over HTTP that streams may last, before the next one goes on [default: 120]
    #[arg(long, value_name = "SECONDS")]
    #[serde(deserialize_with = "count")]
    pub(super) stream_life: Option<Count>,

    /// Time for which an HTTP connection may idle between two requests; longer than a proxy in front
    /// keeps its connections to this server [default: 75]
    #[arg(long, value_name = "SECONDS")]
    #[serde(deserialize_with = "count")]
    pub(super) idle_timeout: Option<Count>,

    /// Where the lab's lanes listen: `auto`, on free ports if only this machine can reach the server,
    /// `off`, or the first of seven ports [default: auto]
    #[arg(long, value_name = "PORTS")]
    #[serde(deserialize_with = "text")]
    pub(super) lab: Option<LabPorts>,

    /// Whether the board `market` shows a market that the server makes up: `on` or `off` [default: on]
    #[arg(long, value_name = "SWITCH")]
    #[serde(deserialize_with = "text")]
    pub(super) market: Option<MarketSwitch>,

    /// What chance in that market starts from [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) market_seed: Option<u64>,

    /// How many steps the agents of that market take in a second, up to 25000 [default: 1000]
    #[arg(long, value_name = "N")]
    #[serde(deserialize_with = "count")]
    pub(super) market_rate: Option<MarketRate>,

    /// How many rooms of the arena there may be; with 0 there is no arena [default: 100]
    #[arg(long, value_name = "N")]
    pub(super) arena_rooms: Option<u16>,

    /// How many players a room has at least, with bots of the server [default: 4]
    #[arg(long, value_name = "N")]
    pub(super) arena_bots: Option<u8>,

    /// How long a match in the arena is, up to 500 [default: 180]
    #[arg(long, value_name = "SECONDS")]
    pub(super) arena_match_seconds: Option<u16>,

    /// Folder for records of matches, of which the newest hundred are kept [default: none are]
    #[arg(long, value_name = "DIR")]
    pub(super) arena_records: Option<PathBuf>,

    /// Who may broadcast: `everyone` who is signed in, `nobody`, or ids of users, separated by commas
    /// [default: everyone]
    #[arg(long, value_name = "WHO")]
    #[serde(deserialize_with = "text")]
    pub(super) broadcasters: Option<Broadcasters>,

    /// How many broadcasts there may be at a time [default: 50]
    #[arg(long, value_name = "N")]
    #[serde(deserialize_with = "count")]
    pub(super) live_rooms: Option<Count>,

    /// How much a broadcast may bring at most, in kilobits per second [default: 8000]
    #[arg(long, value_name = "KBIT")]
    #[serde(deserialize_with = "count")]
    pub(super) live_bitrate: Option<Count>,

    /// How long a broadcast may last, in minutes [default: 240]
    #[arg(long, value_name = "MINUTES")]
    #[serde(deserialize_with = "count")]
    pub(super) live_minutes: Option<Count>,

    /// Opens the HTTP API for back ends to whoever has this key; better kept in a file
    #[arg(long, value_name = "KEY")]
    #[serde(deserialize_with = "text")]
    pub(super) api_key: Option<ApiKey>,

    /// A file with the key for back ends
    #[arg(long, value_name = "FILE")]
    pub(super) api_key_file: Option<PathBuf>,

    /// How long a shutdown waits for conversations to end [default: 20]
    #[arg(long, value_name = "SECONDS")]
    pub(super) shutdown_grace: Option<u64>,

    /// What to log, such as debug or trunkline_server=trace [default: info]
    #[arg(long, value_name = "FILTER")]
    #[serde(deserialize_with = "text")]
    pub(super) log: Option<LogFilter>,

    /// How long an access token is valid
    #[arg(long, value_name = "SECONDS", hide = true)]
    #[serde(deserialize_with = "count")]
    pub(super) token_lifetime: Option<Count>,

    /// Let nothing overtake streams such as video: to measure what priorities are good for
    #[arg(long, num_args = 0, default_missing_value = "true", hide = true)]
    pub(super) no_priorities: Option<bool>,

    /// Mount the routes for protocol conformance runs
    #[arg(long, num_args = 0, default_missing_value = "true", hide = true)]
    pub(super) conformance: Option<bool>,
}

impl Layer {
    /// The settings' names in a file; the environment has them in capitals after `TRUNKLINE_`.
    pub(super) const KEYS: [&str; 30] = [
        "listen",
        "data",
        "broker",
        "allow_origin",
        "behind_tls",
        "connections_max",
        "pace",
        "shards",
        "flush_window",
        "stream_life",
        "idle_timeout",
        "lab",
        "market",
        "market_seed",
        "market_rate",
        "arena_rooms",
        "arena_bots",
        "arena_match_seconds",
        "arena_records",
        "broadcasters",
        "live_rooms",
        "live_bitrate",
        "live_minutes",
        "api_key",
        "api_key_file",
        "shutdown_grace",
        "log",
        "token_lifetime",
        "no_priorities",
        "conformance",
    ];

    /// Reads the `TRUNKLINE_*` variables. An empty variable says nothing.
    pub(super) fn from_environment(
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> anyhow::Result<Self> {
        let origins: Option<Origins> = variable(environment, "TRUNKLINE_ALLOW_ORIGIN")?;
        Ok(Self {
            listen: variable(environment, "TRUNKLINE_LISTEN")?,
            data: variable(environment, "TRUNKLINE_DATA")?,
            broker: variable(environment, "TRUNKLINE_BROKER")?,
            allow_origin: origins.map(|origins| origins.0),
            behind_tls: variable(environment, "TRUNKLINE_BEHIND_TLS")?,
            connections_max: variable(environment, "TRUNKLINE_CONNECTIONS_MAX")?,
            pace: variable(environment, "TRUNKLINE_PACE")?,
            shards: variable(environment, "TRUNKLINE_SHARDS")?,
            flush_window: variable(environment, "TRUNKLINE_FLUSH_WINDOW")?,
            stream_life: variable(environment, "TRUNKLINE_STREAM_LIFE")?,
            idle_timeout: variable(environment, "TRUNKLINE_IDLE_TIMEOUT")?,
            lab: variable(environment, "TRUNKLINE_LAB")?,
            market: variable(environment, "TRUNKLINE_MARKET")?,
            market_seed: variable(environment, "TRUNKLINE_MARKET_SEED")?,
            market_rate: variable(environment, "TRUNKLINE_MARKET_RATE")?,
            arena_rooms: variable(environment, "TRUNKLINE_ARENA_ROOMS")?,
            arena_bots: variable(environment, "TRUNKLINE_ARENA_BOTS")?,
            arena_match_seconds: variable(environment, "TRUNKLINE_ARENA_MATCH_SECONDS")?,
            arena_records: variable(environment, "TRUNKLINE_ARENA_RECORDS")?,
            broadcasters: variable(environment, "TRUNKLINE_BROADCASTERS")?,
            live_rooms: variable(environment, "TRUNKLINE_LIVE_ROOMS")?,
            live_bitrate: variable(environment, "TRUNKLINE_LIVE_BITRATE")?,
            live_minutes: variable(environment, "TRUNKLINE_LIVE_MINUTES")?,
            api_key: variable(environment, "TRUNKLINE_API_KEY")?,
            api_key_file: variable(environment, "TRUNKLINE_API_KEY_FILE")?,
            shutdown_grace: variable(environment, "TRUNKLINE_SHUTDOWN_GRACE")?,
            log: variable(environment, "TRUNKLINE_LOG")?,
            token_lifetime: variable(environment, "TRUNKLINE_TOKEN_LIFETIME")?,
            no_priorities: variable(environment, "TRUNKLINE_NO_PRIORITIES")?,
            conformance: variable(environment, "TRUNKLINE_CONFORMANCE")?,
        })
    }

    /// Fills what this layer leaves open from a weaker one.
    pub(super) fn or(self, weaker: Self) -> Self {
        Self {
            listen: self.listen.or(weaker.listen),
            data: self.data.or(weaker.data),
            broker: self.broker.or(weaker.broker),
            allow_origin: self.allow_origin.or(weaker.allow_origin),
            behind_tls: self.behind_tls.or(weaker.behind_tls),
            connections_max: self.connections_max.or(weaker.connections_max),
            pace: self.pace.or(weaker.pace),
            shards: self.shards.or(weaker.shards),
            flush_window: self.flush_window.or(weaker.flush_window),
            stream_life: self.stream_life.or(weaker.stream_life),
            idle_timeout: self.idle_timeout.or(weaker.idle_timeout),
            lab: self.lab.or(weaker.lab),
            market: self.market.or(weaker.market),
            market_seed: self.market_seed.or(weaker.market_seed),
            market_rate: self.market_rate.or(weaker.market_rate),
            arena_rooms: self.arena_rooms.or(weaker.arena_rooms),
            arena_bots: self.arena_bots.or(weaker.arena_bots),
            arena_match_seconds: self.arena_match_seconds.or(weaker.arena_match_seconds),
            arena_records: self.arena_records.or(weaker.arena_records),
            broadcasters: self.broadcasters.or(weaker.broadcasters),
            live_rooms: self.live_rooms.or(weaker.live_rooms),
            live_bitrate: self.live_bitrate.or(weaker.live_bitrate),
            live_minutes: self.live_minutes.or(weaker.live_minutes),
            api_key: self.api_key.or(weaker.api_key),
            api_key_file: self.api_key_file.or(weaker.api_key_file),
            shutdown_grace: self.shutdown_grace.or(weaker.shutdown_grace),
            log: self.log.or(weaker.log),
            token_lifetime: self.token_lifetime.or(weaker.token_lifetime),
            no_priorities: self.no_priorities.or(weaker.no_priorities),
            conformance: self.conformance.or(weaker.conformance),
        }
    }
}

fn variable<T>(
    environment: &dyn Fn(&str) -> Option<OsString>,
    name: &str,
) -> anyhow::Result<Option<T>>
where
    T: FromStr<Err: Display>,
{
    let Some(value) = environment(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let Some(value) = value.to_str() else {
        bail!("{name}: not valid UTF-8")
    };
    match value.parse() {
        Ok(value) => Ok(Some(value)),
        Err(error) => bail!("{name}: {error}"),
    }
}

/// Origins separated by commas, as a variable holds them.
struct Origins(Vec<Origin>);

impl FromStr for Origins {
    type Err = <Origin as FromStr>::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .map(|origin| origin.trim().parse())
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn text<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map(Some)
        .map_err(de::Error::custom)
}

fn texts<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed = texts
        .iter()
        .map(|text| text.parse().map_err(de::Error::custom));
    parsed.collect::<Result<_, _>>().map(Some)
}

fn count<'de, D: Deserializer<'de>, T: TryFrom<u64, Error: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    u64::deserialize(deserializer)?
        .try_into()
        .map(Some)
        .map_err(de::Error::custom)
}
