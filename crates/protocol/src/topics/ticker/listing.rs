//! What the symbols of a board are called. On a user's board, its owner says so.

use std::borrow::Cow;

use super::{BOARD_NAME_LEN_MAX, BoardName, SYMBOL_NAME_LEN_MAX};
use crate::bounded::Text;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::topic::{Delivery, Topic};

/// The name of a board, as it travels.
pub type BoardText = Text<BOARD_NAME_LEN_MAX>;

/// The short name of a symbol, as it travels.
pub type SymbolText = Text<SYMBOL_NAME_LEN_MAX>;

/// What a symbol is called.
pub type TitleText = Text<48>;

/// What a symbol belongs to.
pub type SectorText = Text<24>;

/// The names of a board's symbols: `listing:BOARD`. Of each symbol the newest is kept, as long as
/// its quotes are.
pub enum Listing {}

impl Topic for Listing {
    const NAMESPACE: &'static str = "listing";
    const DELIVERY: Delivery = Delivery::Latest { max_hz: None };
    type Key = BoardName;
    type Event = Listed;
    type Command = Listed;

    fn conflation_key(listed: &Listed) -> Option<Cow<'_, str>> {
        Some(listed.symbol.to_string().into())
    }
}

/// What a number on a board stands for.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Listed {
    /// The number.
    pub symbol: u16,
    /// The short name, as it stands in `ticker:BOARD.SYMBOL`.
    pub ticker: SymbolText,
    /// What it is called. Empty if it has no other name.
    pub name: TitleText,
    /// What it belongs to. Empty if that is not known.
    pub sector: SectorText,
}
