//! Ticker: quotes of many symbols on one board. The words; the server's `topics/ticker.rs` has the
//! rules.
//!
//! `key` has what a topic may be about, `listing` what symbols are called, `calls` what is told of
//! them when it is asked for, `alarms` what is told of a price when it has come so far.

mod alarms;
mod calls;
mod key;
mod listing;

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::topic::{Delivery, Topic};
use crate::topics::is_plain_name;
use crate::user::UserId;

pub use alarms::*;
pub use calls::*;
pub use key::{InvalidSymbolName, InvalidTickerKey, SYMBOL_NAME_LEN_MAX, SymbolName, TickerKey};
pub use listing::{BoardText, Listed, Listing, SectorText, SymbolText, TitleText};

/// The parts of one unit of money that prices count in.
pub const PRICE_SCALE: u64 = 10_000;

/// The greatest price: a thousand million units of money.
pub const PRICE_MAX: u64 = 1_000_000_000 * PRICE_SCALE;

/// The longest name of a board, in bytes.
pub const BOARD_NAME_LEN_MAX: usize = 32;

/// The board of the market that a server makes up.
pub const MARKET_BOARD: &str = "market";

/// A board, `ticker:BOARD`, or one symbol of it, `ticker:BOARD.SYMBOL`. Of each symbol the newest
/// quote is kept, and goes out at most twenty times a second, or as often as a reader wants it.
pub enum Ticker {}

impl Topic for Ticker {
    const NAMESPACE: &'static str = "ticker";
    const DELIVERY: Delivery = Delivery::Latest {
        max_hz: NonZeroU16::new(20),
    };
    type Key = TickerKey;
    type Event = Quote;
    type Command = Quote;

    fn conflation_key(quote: &Quote) -> Option<Cow<'_, str>> {
        Some(quote.symbol.to_string().into())
    }
}

/// What a symbol costs now: put on a board, and read from it.
///
/// In the binary form it has 11 to 15 bytes where the price is from 6.5536 to 429,496.7295, the size
/// from 251 on, and both distances are up to 250 (0.025 units of money). It never has more than 23.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Quote {
    /// The symbol's number on its board. [`ListSymbols`] tells what it stands for.
    pub symbol: u16,
    /// The price of the last trade in parts of [`PRICE_SCALE`], at most [`PRICE_MAX`] and never 0.
    pub price: u64,
    /// How far the best bid is below the price, in the same parts; not more than the price.
    pub bid_below: u16,
    /// How far the best ask is above the price, in the same parts.
    pub ask_above: u16,
    /// How much the last trade was about, in whole shares, contracts or lots.
    pub size: u32,
}

impl Quote {
    /// What is offered for it at most, in parts of [`PRICE_SCALE`].
    pub const fn bid(&self) -> u64 {
        self.price.saturating_sub(self.bid_below as u64)
    }

    /// What is asked for it at least, in parts of [`PRICE_SCALE`].
    pub const fn ask(&self) -> u64 {
        self.price.saturating_add(self.ask_above as u64)
    }
}

/// A price with all its digits, two of them behind the point at least: `185.00`, `0.0001`.
pub fn price_digits(price: u64) -> String {
    let digits = format!("{:04}", price % PRICE_SCALE);
    let more = digits[2..].trim_end_matches('0');
    format!("{}.{}{more}", price / PRICE_SCALE, &digits[..2])
}

/// The name of a board: 1 to 32 lowercase letters, digits and dashes, no dash at the ends.
///
/// Boards whose names begin with `user-` belong to a user: the sixteen digits of an id follow, and
/// after them nothing, or a dash and a name that the user chose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardName {
    name: String,
    owner: Option<UserId>,
}

impl BoardName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The user whose board it is, if it is somebody's.
    pub fn owner(&self) -> Option<UserId> {
        self.owner
    }
}

impl fmt::Display for BoardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl FromStr for BoardName {
    type Err = InvalidBoardName;

    fn from_str(text: &str) -> Result<Self, InvalidBoardName> {
        if !is_plain_name(text, BOARD_NAME_LEN_MAX) {
            return Err(InvalidBoardName);
        }
        let owner = text.strip_prefix("user-").map(|owned| {
            let id = owned.split('-').next().unwrap_or_default();
            id.parse().map_err(|_| InvalidBoardName)
        });
        Ok(Self {
            name: text.to_owned(),
            owner: owner.transpose()?,
        })
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for BoardName {
    fn schema_name() -> Cow<'static, str> {
        "BoardName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a board: 1 to 32 lowercase letters, digits and dashes, no \
                            dash at the ends. After \"user-\" comes the id of the user whose \
                            board it is, and perhaps a dash and a name.",
            "type": "string",
            "maxLength": BOARD_NAME_LEN_MAX,
            "pattern": "^(?!user-)[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$|^user-[0-9a-f]{16}(-[a-z0-9-]{0,9}[a-z0-9])?$",
            "examples": ["nasdaq"],
        })
    }
}

/// A text was not the name of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidBoardName;

impl fmt::Display for InvalidBoardName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid name of a board, expected 1 to 32 lowercase letters, digits and inner dashes, \
             and a user's id after \"user-\"",
        )
    }
}

impl std::error::Error for InvalidBoardName {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Codec;

    fn check(name: &str, expected: Result<Option<u64>, InvalidBoardName>) {
        let board = name.parse::<BoardName>();
        let owner = board.map(|board| board.owner().map(|user| user.0));
        assert_eq!(owner, expected, "{name:?}");
    }

    #[test]
    fn a_board_has_a_plain_name_and_perhaps_an_owner() {
        check("nasdaq", Ok(None));
        check("all-500", Ok(None));
        check("user", Ok(None));
        check("users-7", Ok(None));
        check("user-000000000000002a", Ok(Some(42)));
        check("user-000000000000002a-mine", Ok(Some(42)));
        check("user-000000000000002a-0123456789", Ok(Some(42)));
        for bad in [
            "",
            "Nasdaq",
            "a b",
            "-a",
            "a-",
            "a.b",
            "코스피",
            "user-2a",
            "user-000000000000002amine",
            "user-000000000000002A",
            "user-000000000000002g",
            "user-000000000000002a-",
            "user-000000000000002a-01234567890",
            "user--000000000000002a",
        ] {
            check(bad, Err(InvalidBoardName));
        }
    }

    fn len(symbol: u16, price: u64, (bid_below, ask_above): (u16, u16), size: u32) -> usize {
        let quote = Quote {
            symbol,
            price,
            bid_below,
            ask_above,
            size,
        };
        Codec::Bincode.encode(&quote).len()
    }

    #[test]
    fn a_quote_is_as_short_as_it_says() {
        assert_eq!(len(1, 65_536, (0, 0), 251), 11);
        assert_eq!(len(u16::MAX, 1_850_000, (50, 50), 300), 13);
        assert_eq!(len(u16::MAX, u32::MAX.into(), (250, 250), u32::MAX), 15);
        let longest = len(u16::MAX, PRICE_MAX, (u16::MAX, u16::MAX), u32::MAX);
        assert_eq!(longest, 23);
    }

    #[test]
    fn a_quote_tells_both_sides() {
        let quote = Quote {
            symbol: 7,
            price: 1_850_000,
            bid_below: 50,
            ask_above: 150,
            size: 300,
        };
        assert_eq!((quote.bid(), quote.ask()), (1_849_950, 1_850_150));
        assert_eq!(Ticker::conflation_key(&quote).as_deref(), Some("7"));
    }
}
