//! Settings of a server: what they are, their defaults, and where they come from.
//!
//! [`Config`] is complete and checked. A [`Layer`] holds what one source said; layers are merged
//! in [`Config::from_sources`], and a new setting is one field in each plus a line in both merges.

mod file;
mod layer;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use values::{Broadcasters, Broker, LabPorts, ListenAddress, LogFilter, MarketSwitch};

pub(crate) use file::read_key;
pub(crate) use layer::Layer;
use trunkline_hub::HubConfig;
use trunkline_protocol::Topic as _;
use trunkline_protocol::topics::live::Live;
use trunkline_session::{Pace, ServerConfig};

use crate::accept::Timeouts;
use crate::api::ApiKey;
use crate::origin::Origin;
use crate::transport::websocket;

/// Everything a server needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: ListenAddress,
    /// The folder for what must survive a restart. Created when it is missing.
    pub data: PathBuf,
    /// Who orders, keeps and delivers publications.
    pub broker: Broker,
    /// Pages of other origins that may talk to this server.
    pub allow_origin: Vec<Origin>,
    /// Whether people reach this server over https, through a proxy that ends TLS.
    pub behind_tls: bool,
    /// How many connections may be open; one more is answered with 503.
    pub connections_max: usize,
    /// How many loops carry the conversations, each a thread of its own.
    pub shards: usize,
    /// How long an event may wait for others to go out with it, whatever its topic says.
    pub flush_window: Duration,
    /// How long a user without a connection counts as present. Not a setting; tests change it.
    pub linger: Duration,
    /// How long a response over HTTP that streams may last.
    pub stream_life: Duration,
    /// Where the lab listens beside the server.
    pub lab: LabPorts,
    /// Whether the board `market` shows a market that the server makes up.
    pub market: MarketSwitch,
    /// What chance in that market starts from.
    pub market_seed: u64,
    /// How many steps the agents of that market take in a second.
    pub market_rate: u32,
    /// What the clock of that market says at the start, since 1970; without it, what it is. Not a
    /// setting; tests choose a time of its day.
    pub market_start: Option<Duration>,
    /// How many rooms of the arena there may be; with 0 there is no arena.
    pub arena_rooms: usize,
    /// How many players a room has at least, with bots of the server.
    pub arena_bots: usize,
    /// How long a match is, in seconds, from 1 to 500.
    pub arena_match_seconds: u16,
    /// How long the pause after it is, in seconds, from 1 to 30. Not a setting; tests shorten it.
    pub arena_pause_seconds: u16,
    /// Where records of matches are kept. Without it, none are.
    pub arena_records: Option<PathBuf>,
    /// Who may broadcast.
    pub broadcasters: Broadcasters,
    /// What broadcasts may be.
    pub live: LiveLimits,
    /// What opens the HTTP API for back ends. Without it, that is off.
    pub api_key: Option<ApiKey>,
    /// How long a shutdown waits for conversations to end.
    pub shutdown_grace: Duration,
    /// What is logged.
    pub log: LogFilter,
    /// How long an access token is valid.
    pub token_lifetime: Duration,
    /// Whether the routes for protocol conformance runs exist. They lift limits: for tests only.
    pub conformance: bool,
    /// Timeouts of HTTP connections. Only `idle` is a setting; tests shorten the others.
    pub timeouts: Timeouts,
    /// The bounds of what waits in memory. Not a setting; tests lower them.
    pub hub: HubConfig,
    /// The timing and the limits of conversations. Only the pace is a setting; tests change others.
    pub session: ServerConfig,
}

/// What broadcasts may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveLimits {
    /// How many there may be at a time.
    pub rooms_max: usize,
    /// How much each may bring, in bits per second.
    pub bitrate_max: u32,
    /// How long each may last.
    pub life_max: Duration,
    /// How long nothing may come before one is over. Not a setting; tests shorten it.
    pub silence_max: Duration,
}

impl LiveLimits {
    fn with(
        rooms: Option<values::Count>,
        kilobits: Option<values::Count>,
        minutes: Option<values::Count>,
    ) -> Self {
        let number = |count: Option<values::Count>, default| {
            count.map_or(default, |count: values::Count| count.number())
        };
        Self {
            rooms_max: number(rooms, 50) as usize,
            bitrate_max: number(kilobits, 8_000).saturating_mul(1_000),
            life_max: Duration::from_secs(60) * number(minutes, 240),
            silence_max: Duration::from_secs(10),
        }
    }
}

impl Config {
    /// Merges flags, environment and file, in this order of precedence, over the defaults.
    ///
    /// `file` is the value of `--config`; without it, `TRUNKLINE_CONFIG` may name a file.
    pub(crate) fn from_sources(
        flags: Layer,
        file: Option<PathBuf>,
        environment: &dyn Fn(&str) -> Option<OsString>,
    ) -> anyhow::Result<Self> {
        let variables = Layer::from_environment(environment)?;
        let file = file.or_else(|| {
            let path = environment("TRUNKLINE_CONFIG")?;
            (!path.is_empty()).then(|| PathBuf::from(path))
        });
        let written = match file {
            Some(path) => file::read(&path)?,
            None => Layer::default(),
        };
        let mut layer = flags.or(variables).or(written);
        if let Some(path) = layer.api_key_file.take() {
            layer.api_key = Some(file::read_key(&path)?);
        }
        Ok(Self::from_layer(layer))
    }

    fn from_layer(layer: Layer) -> Self {
        Self {
            listen: layer.listen.unwrap_or_default(),
            data: layer
                .data
                .unwrap_or_else(|| PathBuf::from("./trunkline-data")),
            broker: layer.broker.unwrap_or_default(),
            allow_origin: layer.allow_origin.unwrap_or_default(),
            behind_tls: layer.behind_tls.unwrap_or(false),
            connections_max: layer.connections_max.map_or(10_000, values::Count::get),
            shards: layer.shards.map_or_else(cores, values::Count::get),
            flush_window: Duration::from_millis(layer.flush_window.unwrap_or(0).into()),
            linger: Duration::from_secs(1),
            stream_life: layer
                .stream_life
                .map_or(Duration::from_secs(120), |seconds| {
                    Duration::from_secs(u64::from(seconds.number()))
                }),
            lab: layer.lab.unwrap_or_default(),
            market: layer.market.unwrap_or_default(),
            market_seed: layer.market_seed.unwrap_or(1),
            market_rate: layer.market_rate.map_or(1_000, values::MarketRate::get),
            market_start: None,
            arena_rooms: layer.arena_rooms.unwrap_or(100).into(),
            arena_bots: layer.arena_bots.unwrap_or(4).into(),
            arena_match_seconds: layer.arena_match_seconds.unwrap_or(180),
            arena_pause_seconds: 10,
            arena_records: layer.arena_records,
            broadcasters: layer.broadcasters.unwrap_or_default(),
            live: LiveLimits::with(layer.live_rooms, layer.live_bitrate, layer.live_minutes),
            api_key: layer.api_key,
            shutdown_grace: Duration::from_secs(layer.shutdown_grace.unwrap_or(20)),
            log: layer.log.unwrap_or_default(),
            token_lifetime: layer
                .token_lifetime
                .map_or(Duration::from_secs(15 * 60), |seconds| {
                    Duration::from_secs(seconds.get() as u64)
                }),
            conformance: layer.conformance.unwrap_or(false),
            timeouts: timeouts(layer.idle_timeout),
            hub: HubConfig {
                framing: websocket::framing,
                priorities: !layer.no_priorities.unwrap_or(false),
                ..HubConfig::default()
            },
            session: session(layer.pace),
        }
    }
}

/// The cores that this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The timeouts of HTTP connections, with this many seconds between two requests if it is set.
fn timeouts(idle: Option<values::Count>) -> Timeouts {
    let defaults = Timeouts::default();
    let seconds = |count: values::Count| Duration::from_secs(count.number().into());
    Timeouts {
        idle: idle.map_or(defaults.idle, seconds),
        ..defaults
    }
}

/// Conversations at the defaults, and at this pace if one is set.
fn session(pace: Option<values::Count>) -> ServerConfig {
    let mut session = ServerConfig {
        streams: &[Live::NAMESPACE],
        ..ServerConfig::default()
    };
    if let Some(pace) = pace {
        session.pace = Pace {
            per_second: pace.number(),
            burst: pace.number().saturating_mul(2),
        };
    }
    session
}

impl Default for Config {
    fn default() -> Self {
        Self::from_layer(Layer::default())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Write;

    use super::*;

    /// Merges a file, the environment and a `--listen` flag; errors lose the folder's name.
    fn resolve(
        listen: Option<&str>,
        variables: &[(&str, &str)],
        toml: Option<&str>,
    ) -> Result<Config, String> {
        let flags = Layer {
            listen: listen.map(|text| text.parse().expect("a valid address")),
            ..Layer::default()
        };
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = toml.map(|toml| {
            let path = folder.path().join("trunkline.toml");
            let mut file = std::fs::File::create(&path).expect("a new file");
            file.write_all(toml.as_bytes()).expect("room for a line");
            path
        });
        let variables: HashMap<&str, &str> = variables.iter().copied().collect();
        let environment = |name: &str| variables.get(name).map(OsString::from);
        let prefix = format!("{}/", folder.path().display());
        Config::from_sources(flags, path, &environment)
            .map_err(|error| format!("{error:#}").replace(&prefix, ""))
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
        let check = |flag, variables: &[_], toml, listen: &str| {
            let config = resolve(flag, variables, toml).expect("valid settings");
            assert_eq!(config.listen.to_string(), listen);
        };
        let variable = [("TRUNKLINE_LISTEN", "10.0.0.2:2")];
        let toml = Some("listen = '10.0.0.3:3'");
        check(Some("10.0.0.1:1"), &variable, toml, "10.0.0.1:1");
        check(None, &variable, toml, "10.0.0.2:2");
        check(None, &[("TRUNKLINE_LISTEN", "")], toml, "10.0.0.3:3");
        check(None, &[], None, "127.0.0.1:8787");
    }

    #[test]
    fn every_setting_can_come_from_the_environment_and_from_the_file() {
        let in_environment = [
            ("TRUNKLINE_LISTEN", "127.0.0.1:1"),
            ("TRUNKLINE_DATA", "d"),
            ("TRUNKLINE_BROKER", "memory"),
            (
                "TRUNKLINE_ALLOW_ORIGIN",
                "https://a.example, http://b.example:81",
            ),
            ("TRUNKLINE_BEHIND_TLS", "true"),
            ("TRUNKLINE_CONNECTIONS_MAX", "7"),
            ("TRUNKLINE_PACE", "50"),
            ("TRUNKLINE_SHARDS", "3"),
            ("TRUNKLINE_FLUSH_WINDOW", "5"),
            ("TRUNKLINE_STREAM_LIFE", "60"),
            ("TRUNKLINE_IDLE_TIMEOUT", "90"),
            ("TRUNKLINE_LAB", "9000"),
            ("TRUNKLINE_MARKET", "off"),
            ("TRUNKLINE_MARKET_SEED", "7"),
            ("TRUNKLINE_MARKET_RATE", "50"),
            ("TRUNKLINE_ARENA_ROOMS", "3"),
            ("TRUNKLINE_ARENA_BOTS", "0"),
            ("TRUNKLINE_ARENA_MATCH_SECONDS", "60"),
            ("TRUNKLINE_ARENA_RECORDS", "r"),
            ("TRUNKLINE_BROADCASTERS", "000000000000002a"),
            ("TRUNKLINE_LIVE_ROOMS", "5"),
            ("TRUNKLINE_LIVE_BITRATE", "2500"),
            ("TRUNKLINE_LIVE_MINUTES", "90"),
            ("TRUNKLINE_API_KEY", "0123456789abcdefghij"),
            ("TRUNKLINE_SHUTDOWN_GRACE", "8"),
            ("TRUNKLINE_LOG", "debug"),
            ("TRUNKLINE_TOKEN_LIFETIME", "9"),
            ("TRUNKLINE_NO_PRIORITIES", "true"),
            ("TRUNKLINE_CONFORMANCE", "true"),
        ];
        let in_file = "
            listen = '127.0.0.1:1'
            data = 'd'
            broker = 'memory'
            allow_origin = ['https://a.example', 'http://b.example:81']
            behind_tls = true
            connections_max = 7
            pace = 50
            shards = 3
            flush_window = 5
            stream_life = 60
            idle_timeout = 90
            lab = '9000'
            market = 'off'
            market_seed = 7
            market_rate = 50
            arena_rooms = 3
            arena_bots = 0
            arena_match_seconds = 60
            arena_records = 'r'
            broadcasters = '000000000000002a'
            live_rooms = 5
            live_bitrate = 2500
            live_minutes = 90
            api_key = '0123456789abcdefghij'
            shutdown_grace = 8
            log = 'debug'
            token_lifetime = 9
            no_priorities = true
            conformance = true";
        let from_environment = resolve(None, &in_environment, None).expect("valid variables");
        let from_file = resolve(None, &[], Some(in_file)).expect("a valid file");
        let (a, b) = (format!("{from_environment:?}"), format!("{from_file:?}"));
        assert_eq!(a, b);
        assert_eq!(from_file.connections_max, 7);
        assert_eq!(from_file.session.pace.per_second, 50);
        assert_eq!(from_file.session.pace.burst, 100);
        assert_eq!(from_file.shards, 3);
        assert_eq!(from_file.flush_window, Duration::from_millis(5));
        assert_eq!(from_file.stream_life, Duration::from_secs(60));
        assert_eq!(from_file.timeouts.idle, Duration::from_secs(90));
        assert_eq!("9000".parse(), Ok(from_file.lab));
        assert_eq!(from_file.market, MarketSwitch::Off);
        assert_eq!((from_file.market_seed, from_file.market_rate), (7, 50));
        assert_eq!((from_file.arena_rooms, from_file.arena_bots), (3, 0));
        assert_eq!(from_file.arena_match_seconds, 60);
        assert_eq!(from_file.arena_records.as_deref(), Some("r".as_ref()));
        let (live, who) = (from_file.live, &from_file.broadcasters);
        assert!(
            who.include(trunkline_protocol::UserId(42))
                && !who.include(trunkline_protocol::UserId(43))
        );
        assert_eq!((live.rooms_max, live.bitrate_max), (5, 2_500_000));
        assert_eq!(live.life_max, Duration::from_secs(90 * 60));
        assert!(!from_file.hub.priorities);
        assert_eq!(from_file.api_key, from_environment.api_key);
        assert!(from_file.api_key.is_some() && !a.contains("0123456789"));
        assert_eq!(from_file.allow_origin.len(), 2);
        assert!(from_file.behind_tls && from_file.conformance);
    }

    #[test]
    fn a_key_in_a_file_outranks_one_that_everybody_sees() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let path = folder.path().join("key");
        let key = "klmnopqrstuvwxyz0123";
        std::fs::write(&path, format!("{key}\n")).expect("room for a line");
        let path = path.to_str().expect("a path in UTF-8");
        let both = [
            ("TRUNKLINE_API_KEY", "0123456789abcdefghij"),
            ("TRUNKLINE_API_KEY_FILE", path),
        ];
        let config = resolve(None, &both, None).expect("valid settings");
        assert!(config.api_key.is_some_and(|it| it.is(key)));
        std::fs::write(path, "short").expect("room for a line");
        let error = resolve(None, &both, None).expect_err("no key");
        assert_eq!(
            error,
            format!("{path}: invalid API key, expected 20 to 256 visible ASCII characters")
        );
    }

    #[test]
    fn an_error_names_the_key_and_its_source_in_one_line() {
        let variable = |name, value, expected: &str| {
            let error = resolve(None, &[(name, value)], None).expect_err(value);
            assert_eq!(error, expected);
        };
        variable(
            "TRUNKLINE_LISTEN",
            "here",
            "TRUNKLINE_LISTEN: invalid address, expected IP:PORT such as 127.0.0.1:8787",
        );
        variable(
            "TRUNKLINE_ALLOW_ORIGIN",
            "https://a.example,*",
            "TRUNKLINE_ALLOW_ORIGIN: invalid origin \"*\", expected scheme://host or \
             scheme://host:port",
        );
        variable(
            "TRUNKLINE_CONFIG",
            "/nowhere/t.toml",
            "/nowhere/t.toml: cannot read the configuration: No such file or directory (os error 2)",
        );

        let file = |toml, expected: &str| {
            let error = resolve(None, &[], Some(toml)).expect_err(toml);
            assert_eq!(error, format!("trunkline.toml: {expected}"));
        };
        file(
            "lisen = 1",
            "unknown key `lisen` on line 1, did you mean `listen`?",
        );
        file("\n[server]\nport = 1", "unknown key `server` on line 2");
        file(
            "data = 'x'\nlisten = 'here'",
            "`listen` on line 2: invalid address, expected IP:PORT such as 127.0.0.1:8787",
        );
        file(
            "connections_max = 0",
            "`connections_max` on line 1: expected a whole number above 0",
        );
        file(
            "data = 5",
            "`data` on line 1: invalid type: integer `5`, expected path string",
        );
    }
}
