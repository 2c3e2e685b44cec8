//! What is told of a board when it is asked for: its symbols, their day, candles and trades.

use super::listing::{BoardText, SectorText, SymbolText, TitleText};
use crate::bounded::List;
use crate::call::Call;
use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::contract::Contract;
use crate::time::Timestamp;

/// The most symbols of one answer.
pub const SYMBOLS_PAGE_MAX: usize = 250;

/// The most symbols whose day one call may ask for.
pub const SUMMARY_SYMBOLS_MAX: usize = 100;

/// The most prices of a sparkline.
pub const SPARK_LEN_MAX: usize = 32;

/// The most candles of one answer.
pub const CANDLES_MAX: usize = 500;

/// The most trades of one answer.
pub const TRADES_MAX: usize = 50;

/// How long a day of the built-in market is, in seconds.
pub const MARKET_DAY_SECONDS: u32 = 30 * 60;

/// Lists the symbols of a board, those with the lowest numbers first.
pub enum ListSymbols {}

impl Call for ListSymbols {
    const METHOD: &'static str = "ticker.symbols";
    type Request = SymbolsRequest;
    type Response = Symbols;
}

/// Tells how the day of some symbols has been so far.
pub enum SummarizeSymbols {}

impl Call for SummarizeSymbols {
    const METHOD: &'static str = "ticker.summary";
    type Request = SummaryRequest;
    type Response = Summaries;
}

/// Tells the newest candles of a symbol.
pub enum ReadCandles {}

impl Call for ReadCandles {
    const METHOD: &'static str = "ticker.candles";
    type Request = CandlesRequest;
    type Response = Candles;
}

/// Tells the newest trades of a symbol.
pub enum ReadTrades {}

impl Call for ReadTrades {
    const METHOD: &'static str = "ticker.trades";
    type Request = TradesRequest;
    type Response = Trades;
}

/// Asks for the symbols of a board.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SymbolsRequest {
    /// Which board.
    pub board: BoardText,
    /// The lowest number that is wanted.
    #[serde(default)]
    pub from: u16,
}

/// Symbols of a board, in the order of their numbers.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Symbols {
    /// At most [`SYMBOLS_PAGE_MAX`] of them.
    pub symbols: List<SymbolInfo, SYMBOLS_PAGE_MAX>,
    /// From where to ask for more, if there are more.
    pub next: Option<u16>,
    /// True if this market is made up by the server: nobody can trade there.
    pub simulated: bool,
}

/// What a symbol stands for.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SymbolInfo {
    /// Its number on the board.
    pub symbol: u16,
    /// Its short name, as it stands in `ticker:BOARD.SYMBOL`.
    pub ticker: SymbolText,
    /// What it is called.
    pub name: TitleText,
    /// What it belongs to. Empty if nobody said so.
    pub sector: SectorText,
    /// Its price at the end of the day before, in parts of [`PRICE_SCALE`](super::PRICE_SCALE), if
    /// it is known.
    pub previous_close: Option<u64>,
    /// The first price of this day, if there is one.
    pub open: Option<u64>,
}

/// Asks for the day of some symbols.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SummaryRequest {
    /// Which board.
    pub board: BoardText,
    /// The numbers of the symbols.
    pub symbols: List<u16, SUMMARY_SYMBOLS_MAX>,
}

/// How the day has been so far.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summaries {
    /// What the market does now. Nothing where there are no days.
    pub session: Option<Session>,
    /// Of each symbol that was asked for and is known, in the order in which they were asked for.
    pub symbols: List<Summary, SUMMARY_SYMBOLS_MAX>,
}

/// What the built-in market does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    /// What it does.
    pub phase: Phase,
    /// When that ends.
    pub ends: Timestamp,
    /// When the day began. It has [`MARKET_DAY_SECONDS`].
    pub began: Timestamp,
}

/// A part of a day of the built-in market.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Orders are collected, and meet at one price when it ends.
    Auction,
    /// Orders meet as they come.
    Open,
    /// Nothing happens.
    Closed,
}

/// The day of a symbol so far. Prices are in parts of [`PRICE_SCALE`](super::PRICE_SCALE).
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Its number on the board.
    pub symbol: u16,
    /// The price at the end of the day before.
    pub previous_close: u64,
    /// The first price.
    pub open: u64,
    /// The highest.
    pub high: u64,
    /// The lowest.
    pub low: u64,
    /// The newest.
    pub last: u64,
    /// How much was traded.
    pub volume: u64,
    /// The last prices of the last minutes, the oldest first.
    pub spark: List<u64, SPARK_LEN_MAX>,
}

/// How long a candle is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Contract,
    Encode,
    Decode,
    Serialize,
    Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// Five seconds.
    FiveSeconds,
    /// A minute.
    Minute,
    /// Five minutes.
    FiveMinutes,
    /// A day of the built-in market, which is [`MARKET_DAY_SECONDS`].
    Day,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 4] = [
        Self::FiveSeconds,
        Self::Minute,
        Self::FiveMinutes,
        Self::Day,
    ];

    /// How long that is, in seconds.
    pub const fn seconds(self) -> u32 {
        match self {
            Self::FiveSeconds => 5,
            Self::Minute => 60,
            Self::FiveMinutes => 5 * 60,
            Self::Day => MARKET_DAY_SECONDS,
        }
    }
}

/// Asks for the newest candles of a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CandlesRequest {
    /// Which board.
    pub board: BoardText,
    /// The number of the symbol.
    pub symbol: u16,
    /// How long each is.
    pub span: Span,
    /// How many at most, up to [`CANDLES_MAX`].
    pub count: u16,
}

/// Candles, the oldest first. Where nothing was traded there is none.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Candles {
    /// As many as are kept and wanted. The last one may still grow.
    pub candles: List<Candle, CANDLES_MAX>,
}

/// What was traded in a span of time. Prices are in parts of [`PRICE_SCALE`](super::PRICE_SCALE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Candle {
    /// When it begins.
    pub start: Timestamp,
    /// The first price.
    pub open: u64,
    /// The highest.
    pub high: u64,
    /// The lowest.
    pub low: u64,
    /// The last.
    pub close: u64,
    /// How much was traded.
    pub volume: u64,
}

/// Asks for the newest trades of a symbol.
#[derive(Clone, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradesRequest {
    /// Which board.
    pub board: BoardText,
    /// The number of the symbol.
    pub symbol: u16,
    /// How many at most, up to [`TRADES_MAX`].
    pub count: u8,
}

/// Trades, the newest first.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trades {
    /// As many as are kept and wanted.
    pub trades: List<Trade, TRADES_MAX>,
}

/// A trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Contract, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trade {
    /// When.
    pub at: Timestamp,
    /// At which price, in parts of [`PRICE_SCALE`](super::PRICE_SCALE).
    pub price: u64,
    /// How much.
    pub size: u32,
    /// Whose order made it happen.
    pub side: Side,
}

/// A side of a trade.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Contract, Encode, Decode, Serialize, Deserialize,
)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Somebody bought at the price that was asked.
    Buy,
    /// Somebody sold at the price that was bid.
    Sell,
}
