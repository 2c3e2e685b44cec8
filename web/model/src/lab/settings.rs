//! How a race is set up, and how an address says so.

use serde::Serialize;
use trunkline_protocol::topics::lab::{FILLER_LEN_MAX, RACE_RATE_MAX, RACE_SECONDS_MAX, RaceWish};

/// The shortest and the longest time between two polls, in milliseconds.
const POLL_MS: (u32, u32) = (50, 10_000);

/// What a visitor chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RaceSettings {
    /// Ticks per second.
    pub rate: u16,
    /// Bytes that fill a tick.
    pub size: u16,
    /// How long the race is, in seconds.
    pub seconds: u8,
    /// How often the lane that polls asks, in milliseconds.
    pub poll_ms: u32,
}

impl Default for RaceSettings {
    fn default() -> Self {
        Self {
            rate: 10,
            size: 32,
            seconds: 10,
            poll_ms: 1000,
        }
    }
}

impl RaceSettings {
    /// The rates that the page offers.
    pub const RATES: [u16; 4] = [1, 10, 30, 100];
    /// The sizes that it offers.
    pub const SIZES: [u16; 4] = [0, 32, 256, 2048];
    /// The lengths that it offers.
    pub const SECONDS: [u8; 4] = [5, 10, 30, 60];
    /// The times between polls that it offers.
    pub const POLLS_MS: [u32; 4] = [100, 500, 1000, 5000];

    /// Reads the query of an address. What is missing or no number is as it is without it, and what
    /// is out of bounds is moved to them.
    pub fn from_query(query: &str) -> Self {
        let mut settings = Self::default();
        let pairs = query.trim_start_matches('?').split('&');
        for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
            let Ok(value) = value.parse::<u32>() else {
                continue;
            };
            let within = |low: u32, high: u32| value.clamp(low, high);
            match name {
                "rate" => settings.rate = within(1, RACE_RATE_MAX.into()) as u16,
                "size" => settings.size = within(0, FILLER_LEN_MAX as u32) as u16,
                "seconds" => settings.seconds = within(1, RACE_SECONDS_MAX.into()) as u8,
                "poll" => settings.poll_ms = within(POLL_MS.0, POLL_MS.1),
                _ => {}
            }
        }
        settings
    }

    /// The query that says this.
    pub fn to_query(self) -> String {
        let Self {
            rate,
            size,
            seconds,
            poll_ms,
        } = self;
        format!("?rate={rate}&size={size}&seconds={seconds}&poll={poll_ms}")
    }

    /// What the server is asked for.
    pub fn wish(self) -> RaceWish {
        RaceWish {
            rate: self.rate,
            filler_len: self.size,
            seconds: self.seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_how_a_race_is_set_up() {
        let settings = RaceSettings {
            rate: 1,
            size: 0,
            seconds: 60,
            poll_ms: 500,
        };
        assert_eq!(settings.to_query(), "?rate=1&size=0&seconds=60&poll=500");
        assert_eq!(RaceSettings::from_query(&settings.to_query()), settings);
    }

    #[test]
    fn a_strange_address_is_taken_for_what_it_can_mean() {
        let usual = RaceSettings::default();
        for query in [
            "",
            "?",
            "?rate=",
            "rate=x&size=-1",
            "?seconds=1.5&poll",
            "&&=",
        ] {
            assert_eq!(RaceSettings::from_query(query), usual, "{query}");
        }
        let wild = RaceSettings::from_query("?rate=0&size=99999&seconds=4294967295&poll=1&more=2");
        assert_eq!(wild.to_query(), "?rate=1&size=4096&seconds=60&poll=50");
    }
}
