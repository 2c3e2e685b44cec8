//! Which run is played, and how an address says so.

use trunkline_sim::Plan;

/// Which run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// The number that decides everything.
    pub seed: u64,
    /// Whether the server breaks its promises, so that the checker has something to find.
    pub lying: bool,
}

/// A run with much trouble in little time: lines swallow what is sent, somebody closes and opens tabs,
/// and the server restarts.
impl Default for Script {
    fn default() -> Self {
        Self {
            seed: 256,
            lying: false,
        }
    }
}

impl Script {
    /// Reads a seed as people paste it: digits, or `0x` and hexadecimal ones, perhaps with `_`
    /// between them. None if it is no number, or not below 2⁶⁴.
    pub fn parse_seed(text: &str) -> Option<u64> {
        let text = text.trim().replace('_', "");
        // The parser would take a sign.
        if text.starts_with(['+', '-']) {
            return None;
        }
        match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(digits) if !digits.starts_with(['+', '-']) => u64::from_str_radix(digits, 16).ok(),
            Some(_) => None,
            None => text.parse().ok(),
        }
    }

    /// Reads the query of an address. What is missing or no number is as it is without it.
    pub fn from_query(query: &str) -> Self {
        let mut script = Self::default();
        let pairs = query.trim_start_matches('?').split('&');
        for (name, value) in pairs.filter_map(|pair| pair.split_once('=')) {
            match name {
                "seed" => script.seed = Self::parse_seed(value).unwrap_or(script.seed),
                "lying" => script.lying = value == "1",
                _ => {}
            }
        }
        script
    }

    /// The query that says this.
    pub fn to_query(self) -> String {
        let lying = if self.lying { "&lying=1" } else { "" };
        format!("?seed={}{lying}", self.seed)
    }

    /// The plan of the run: without lies, the one that `cargo xtask sim --seed` runs.
    pub fn plan(self) -> Plan {
        if self.lying {
            Plan::with_liar(self.seed)
        } else {
            trunkline_sim::plan(self.seed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(Script::parse_seed(text), expected, "{text:?}");
    }

    #[test]
    fn a_seed_is_read_as_people_paste_it() {
        check("0", Some(0));
        check(" 42\n", Some(42));
        check("0x2a", Some(42));
        check("0X2A", Some(42));
        check("1_000", Some(1_000));
        check("18446744073709551615", Some(u64::MAX));
        for bad in [
            "",
            "-1",
            "+1",
            "0x",
            "0x+1",
            "1.5",
            "seed",
            "18446744073709551616",
            "0xg",
            "٣",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn an_address_says_which_run() {
        let script = Script {
            seed: u64::MAX,
            lying: true,
        };
        assert_eq!(script.to_query(), "?seed=18446744073709551615&lying=1");
        assert_eq!(Script::from_query(&script.to_query()), script);
        let plain = Script::from_query("?rate=1&seed=7&lying=yes");
        assert_eq!(plain.to_query(), "?seed=7");
        assert_eq!(Script::from_query("?seed=x"), Script::default());
    }
}
