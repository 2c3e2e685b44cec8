//! Keys of the ticker: a board, or one symbol of it.

use std::fmt;
use std::str::FromStr;

use super::{BoardName, InvalidBoardName};

/// The longest name of a symbol, in bytes.
pub const SYMBOL_NAME_LEN_MAX: usize = 12;

/// The name of a symbol: 1 to 12 capital letters, digits, dots and dashes, no dot or dash at the ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolName(String);

impl SymbolName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SymbolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SymbolName {
    type Err = InvalidSymbolName;

    fn from_str(text: &str) -> Result<Self, InvalidSymbolName> {
        let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let fits = matches!(bytes.len(), 1..=SYMBOL_NAME_LEN_MAX)
            && bytes.iter().all(|b| plain(*b) || matches!(b, b'.' | b'-'))
            && bytes.first().is_some_and(|b| plain(*b))
            && bytes.last().is_some_and(|b| plain(*b));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSymbolName)
        }
    }
}

/// A text was not the name of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSymbolName;

impl fmt::Display for InvalidSymbolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid name of a symbol, expected 1 to 12 capital letters, digits, inner dots and \
             inner dashes",
        )
    }
}

impl std::error::Error for InvalidSymbolName {}

/// What a topic of the ticker is about: `ticker:BOARD`, or `ticker:BOARD.SYMBOL`.
///
/// The name of a board has no dots, so the first one ends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TickerKey {
    /// All symbols of a board.
    Board(BoardName),
    /// One of them.
    Symbol(BoardName, SymbolName),
}

impl TickerKey {
    /// The board, or that of the symbol.
    pub fn board(&self) -> &BoardName {
        match self {
            Self::Board(board) | Self::Symbol(board, _) => board,
        }
    }

    /// The symbol, if it is about one.
    pub fn symbol(&self) -> Option<&SymbolName> {
        match self {
            Self::Board(_) => None,
            Self::Symbol(_, symbol) => Some(symbol),
        }
    }
}

impl From<BoardName> for TickerKey {
    fn from(board: BoardName) -> Self {
        Self::Board(board)
    }
}

impl fmt::Display for TickerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board(board) => board.fmt(f),
            Self::Symbol(board, symbol) => write!(f, "{board}.{symbol}"),
        }
    }
}

impl FromStr for TickerKey {
    type Err = InvalidTickerKey;

    fn from_str(text: &str) -> Result<Self, InvalidTickerKey> {
        let Some((board, symbol)) = text.split_once('.') else {
            let board = text.parse().map(Self::Board);
            return board.map_err(InvalidTickerKey::Board);
        };
        let board = board.parse().map_err(InvalidTickerKey::Board)?;
        let symbol = symbol.parse().map_err(InvalidTickerKey::Symbol)?;
        Ok(Self::Symbol(board, symbol))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for TickerKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TickerKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a board, or that of a board, a dot and the name of a \
                            symbol: 1 to 12 capital letters, digits, dots and dashes, no dot or \
                            dash at the ends.",
            "type": "string",
            "maxLength": super::BOARD_NAME_LEN_MAX + 1 + SYMBOL_NAME_LEN_MAX,
            "pattern": "^((?!user-)[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?|user-[0-9a-f]{16}(-[a-z0-9-]{0,9}[a-z0-9])?)(\\.[A-Z0-9]([A-Z0-9.-]{0,10}[A-Z0-9])?)?$",
            "examples": ["market", "market.ABCD"],
        })
    }
}

/// A text was not a key of the ticker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidTickerKey {
    /// What stands before the first dot is no board.
    Board(InvalidBoardName),
    /// What stands after it is no symbol.
    Symbol(InvalidSymbolName),
}

impl fmt::Display for InvalidTickerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Board(invalid) => invalid.fmt(f),
            Self::Symbol(invalid) => invalid.fmt(f),
        }
    }
}

impl std::error::Error for InvalidTickerKey {}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, Option<&str>), InvalidTickerKey>) {
        let key = text.parse::<TickerKey>();
        let parts = key
            .as_ref()
            .map(|key| (key.board().as_str(), key.symbol().map(SymbolName::as_str)));
        assert_eq!(parts.map_err(|error| *error), expected, "{text:?}");
        if let Ok(key) = &key {
            assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn a_key_is_a_board_and_perhaps_one_of_its_symbols() {
        check("market", Ok(("market", None)));
        check("market.ABCD", Ok(("market", Some("ABCD"))));
        check("own.BRK.B", Ok(("own", Some("BRK.B"))));
        check("kospi.005930", Ok(("kospi", Some("005930"))));
        let own = "user-000000000000002a-0123456789";
        check(own, Ok((own, None)));
        check(
            &format!("{own}.ABCDEFGH-IJK"),
            Ok((own, Some("ABCDEFGH-IJK"))),
        );
        for bad in ["", "Market", ".ABCD", "user-2a.ABCD"] {
            check(bad, Err(InvalidTickerKey::Board(InvalidBoardName)));
        }
        for bad in [
            "market.",
            "market.abcd",
            "market..A",
            "market.A.",
            "market.-A",
            "market.A-",
            "market.A/B",
            "market.ABCDEFGHIJKLM",
            "market.가",
        ] {
            check(bad, Err(InvalidTickerKey::Symbol(InvalidSymbolName)));
        }
    }
}
