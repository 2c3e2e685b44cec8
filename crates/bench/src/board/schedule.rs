//! The schedule: updates are due at fixed moments, symbol after symbol. The number of an update is
//! found in its quote, so that a reader's quote tells when it was due.

use std::time::Duration;

use trunkline_protocol::topics::ticker::Quote;

/// The price of version 0, so that prices are as long as usual ones.
const PRICE_BASE: u64 = 1_000_000;

/// How much is published, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) symbols: u16,
    /// Of all symbols together.
    pub(crate) per_second: u32,
    pub(crate) length: Duration,
}

impl Load {
    /// How many updates are published.
    pub(crate) fn updates(self) -> u64 {
        let due = self.length.as_nanos() * u128::from(self.per_second) / 1_000_000_000;
        u64::try_from(due).unwrap_or(u64::MAX)
    }

    /// When the update `number` of it is due, from its begin.
    pub(crate) fn due(self, number: u64) -> Duration {
        Duration::from_nanos(number * 1_000_000_000 / u64::from(self.per_second))
    }
}

/// A version of a symbol, from 1 on; each is newer than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) symbol: u16,
    pub(crate) version: u32,
}

impl Version {
    /// That of an update, counted over all loads.
    pub(crate) fn of(number: u64, symbols: u16) -> Self {
        let symbols = u64::from(symbols);
        Self {
            symbol: (number % symbols) as u16,
            version: (number / symbols) as u32 + 1,
        }
    }

    /// Which update it is, counted over all loads.
    pub(crate) fn number(self, symbols: u16) -> u64 {
        u64::from(self.version - 1) * u64::from(symbols) + u64::from(self.symbol)
    }

    /// The quote that tells it.
    pub(crate) fn quote(self) -> Quote {
        Quote {
            symbol: self.symbol,
            price: PRICE_BASE + u64::from(self.version),
            bid_below: 50,
            ask_above: 50,
            size: 300,
        }
    }

    /// What a quote tells. None if it is none of these.
    pub(crate) fn told(symbol: u64, price: u64) -> Option<Self> {
        let version = price.checked_sub(PRICE_BASE).filter(|it| *it > 0)?;
        Some(Self {
            symbol: u16::try_from(symbol).ok()?,
            version: u32::try_from(version).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_tells_its_update() {
        for number in [0, 1, 499, 500, 12_345_678] {
            let version = Version::of(number, 500);
            assert_eq!(version.number(500), number);
            let quote = version.quote();
            let told = Version::told(quote.symbol.into(), quote.price);
            assert_eq!(told, Some(version));
        }
        assert_eq!(Version::told(0, PRICE_BASE), None);
    }

    #[test]
    fn updates_are_due_evenly() {
        let load = Load {
            symbols: 500,
            per_second: 25_000,
            length: Duration::from_secs(2),
        };
        assert_eq!(load.updates(), 50_000);
        assert_eq!(load.due(25_000), Duration::from_secs(1));
        assert_eq!(load.due(1), Duration::from_micros(40));
    }
}
