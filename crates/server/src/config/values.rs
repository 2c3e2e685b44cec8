//! The values that settings can have, parsed once.
//!
//! Each is read from text (flags, environment) by `FromStr`; the error says what was expected
//! and leaves naming the setting to the caller.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use trunkline_market::RATE_MAX;
use trunkline_protocol::UserId;

/// An address and port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl Default for ListenAddress {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)))
    }
}

impl FromStr for ListenAddress {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = "invalid address, expected IP:PORT such as 127.0.0.1:8787";
        text.parse().map(Self).map_err(|_| error)
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who orders, keeps and delivers publications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Broker {
    /// In the data folder: history survives restarts and crashes. The default.
    #[default]
    Disk,
    /// In this process: history lasts as long as it does.
    Memory,
}

impl FromStr for Broker {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "disk" => Ok(Self::Disk),
            "memory" => Ok(Self::Memory),
            _ => Err("unknown broker, expected disk or memory"),
        }
    }
}

/// On which ports the lab's lanes and its witness listen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LabPorts {
    /// On free ones where the server listens on this machine only and without TLS, else on none.
    /// The default.
    #[default]
    Auto,
    /// On none.
    Off,
    /// On this one and those that follow it, at the address of the server.
    From(NonZeroU16),
}

impl FromStr for LabPorts {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            port => {
                let port = port.parse().map(Self::From);
                port.map_err(|_| "expected auto, off, or the first of seven ports")
            }
        }
    }
}

/// Whether the server makes up a market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarketSwitch {
    /// It does, while somebody looks. The default.
    #[default]
    On,
    /// It does not.
    Off,
}

impl FromStr for MarketSwitch {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err("expected on or off"),
        }
    }
}

/// Which log lines are written, in the syntax of `tracing_subscriber`'s `EnvFilter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(String);

impl LogFilter {
    /// Makes the filter for a subscriber.
    #[must_use]
    pub fn to_filter(&self) -> EnvFilter {
        EnvFilter::new(&self.0)
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match EnvFilter::try_new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(format!("invalid log filter, {error}")),
        }
    }
}

/// Who may broadcast.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Broadcasters {
    /// Whoever is signed in, guests included.
    #[default]
    Everyone,
    /// Nobody.
    Nobody,
    /// These users.
    These(BTreeSet<UserId>),
}

impl Broadcasters {
    pub(crate) fn include(&self, user: UserId) -> bool {
        match self {
            Self::Everyone => true,
            Self::Nobody => false,
            Self::These(users) => users.contains(&user),
        }
    }
}

impl FromStr for Broadcasters {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "everyone" => Ok(Self::Everyone),
            "nobody" => Ok(Self::Nobody),
            users => {
                let users = users.split(',').map(|user| user.trim().parse());
                users.collect::<Result<_, _>>().map(Self::These).map_err(
                    |_| "expected `everyone`, `nobody` or ids of users, separated by commas",
                )
            }
        }
    }
}

/// A number of things or seconds, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count(NonZeroU32);

impl Count {
    pub(crate) fn number(self) -> u32 {
        self.0.get()
    }

    pub(crate) fn get(self) -> usize {
        self.0.get() as usize
    }
}

impl TryFrom<u64> for Count {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        let error = "expected a whole number above 0";
        let number = u32::try_from(number).map_err(|_| error)?;
        NonZeroU32::new(number).map(Self).ok_or(error)
    }
}

/// How many steps agents of the market take in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MarketRate(u32);

impl MarketRate {
    pub(crate) fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for MarketRate {
    type Error = &'static str;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        let rate = u32::try_from(number).ok();
        let rate = rate.filter(|rate| (1..=RATE_MAX).contains(rate));
        rate.map(Self)
            .ok_or("expected a whole number from 1 to 25000")
    }
}

impl FromStr for MarketRate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What is no number is out of range, too.
        text.parse().unwrap_or(0).try_into()
    }
}

impl FromStr for Count {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number: u64 = text
            .parse()
            .map_err(|_| "expected a whole number above 0")?;
        number.try_into()
    }
}
