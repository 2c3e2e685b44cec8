//! The topics and the calls of the ticker.

use std::fmt;
use std::sync::Arc;

use trunkline_market::Market;
use trunkline_protocol::topics::ticker::{
    BoardName, CANDLES_MAX, Candles, CandlesRequest, ListSymbols, Listed, Listing, MARKET_BOARD,
    ReadCandles, ReadTrades, SYMBOLS_PAGE_MAX, Summaries, SummarizeSymbols, SummaryRequest,
    SymbolInfo, Symbols, SymbolsRequest, TRADES_MAX, Trades, TradesRequest,
};
use trunkline_protocol::{Error, ErrorCode, List};

use super::{Exchange, alarms};
use crate::topics::ticker::{ListingHandler, TickerHandler};
use crate::topics::{CallContext, CallHandler, Registry};

/// Adds them to a server's.
pub(super) fn join(exchange: &Arc<Exchange>, registry: Registry) -> Registry {
    let registry = registry
        .with(TickerHandler(Arc::clone(exchange)))
        .with(ListingHandler)
        .with_call(SymbolsHandler(Arc::clone(exchange)))
        .with_call(SummaryHandler(Arc::clone(exchange)))
        .with_call(CandlesHandler(Arc::clone(exchange)))
        .with_call(TradesHandler(Arc::clone(exchange)));
    alarms::join(exchange, registry)
}

/// Lists symbols: those of the market, or those whose names a board's owner has told.
struct SymbolsHandler(Arc<Exchange>);

impl CallHandler for SymbolsHandler {
    type Call = ListSymbols;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        SymbolsRequest { board, from }: SymbolsRequest,
    ) -> Result<Symbols, Error> {
        let board = parsed(&board)?;
        if board.as_str() == MARKET_BOARD {
            let page = self.0.read(move |market| market.symbols(from)).await?;
            return Ok(Symbols {
                symbols: page.0,
                next: page.1,
                simulated: true,
            });
        }
        let told = context.kept::<Listing>(&board).await?;
        Ok(page(told, from))
    }
}

/// A page of what an owner has told.
fn page(mut told: Vec<Listed>, from: u16) -> Symbols {
    told.retain(|listed| listed.symbol >= from);
    told.sort_by_key(|listed| listed.symbol);
    let next = told.get(SYMBOLS_PAGE_MAX).map(|listed| listed.symbol);
    let info = |listed: Listed| SymbolInfo {
        symbol: listed.symbol,
        ticker: listed.ticker,
        name: listed.name,
        sector: listed.sector,
        previous_close: None,
        open: None,
    };
    Symbols {
        symbols: List::cut(told.into_iter().map(info)),
        next,
        simulated: false,
    }
}

/// Tells the day of symbols.
struct SummaryHandler(Arc<Exchange>);

impl CallHandler for SummaryHandler {
    type Call = SummarizeSymbols;

    async fn on_call(
        &self,
        _: &CallContext<'_>,
        SummaryRequest { board, symbols }: SummaryRequest,
    ) -> Result<Summaries, Error> {
        let board = parsed(&board)?;
        if board.as_str() != MARKET_BOARD {
            let board = board.as_str();
            return Ok(self.0.with_tapes(|tapes| Summaries {
                session: None,
                symbols: List::cut(symbols.iter().filter_map(|it| tapes.summary(board, *it))),
            }));
        }
        let summarize = move |market: &Market| Summaries {
            session: Some(market.session()),
            symbols: List::cut(symbols.iter().filter_map(|symbol| market.summary(*symbol))),
        };
        self.0.read(summarize).await
    }
}

/// Tells candles of a symbol.
struct CandlesHandler(Arc<Exchange>);

impl CallHandler for CandlesHandler {
    type Call = ReadCandles;

    async fn on_call(
        &self,
        _: &CallContext<'_>,
        CandlesRequest {
            board,
            symbol,
            span,
            count,
        }: CandlesRequest,
    ) -> Result<Candles, Error> {
        let board = parsed(&board)?;
        counted(count.into(), CANDLES_MAX)?;
        let candles = if board.as_str() == MARKET_BOARD {
            let candles = move |market: &Market| market.candles(symbol, span, count);
            self.0.read(candles).await?
        } else {
            self.0
                .with_tapes(|tapes| tapes.candles(board.as_str(), symbol, span, count))
        };
        candles.ok_or_else(|| unknown(&board, symbol))
    }
}

/// Tells trades of a symbol.
struct TradesHandler(Arc<Exchange>);

impl CallHandler for TradesHandler {
    type Call = ReadTrades;

    async fn on_call(
        &self,
        _: &CallContext<'_>,
        TradesRequest {
            board,
            symbol,
            count,
        }: TradesRequest,
    ) -> Result<Trades, Error> {
        let board = parsed(&board)?;
        counted(count.into(), TRADES_MAX)?;
        let trades = if board.as_str() == MARKET_BOARD {
            let trades = move |market: &Market| market.trades(symbol, count);
            self.0.read(trades).await?
        } else {
            self.0
                .with_tapes(|tapes| tapes.trades(board.as_str(), symbol, count))
        };
        trades.ok_or_else(|| unknown(&board, symbol))
    }
}

pub(super) fn parsed(board: &str) -> Result<BoardName, Error> {
    let board = board.parse();
    board.map_err(|error| Error::new(ErrorCode::InvalidKey, error))
}

fn counted(count: usize, max: usize) -> Result<(), Error> {
    if (1..=max).contains(&count) {
        return Ok(());
    }
    let detail = format!("the count is {count}, expected 1 to {max}");
    Err(Error::new(ErrorCode::Invalid, detail))
}

pub(super) fn unknown(board: impl fmt::Display, symbol: u16) -> Error {
    let detail = format!("no trades are kept of symbol number {symbol} of {board}");
    Error::new(ErrorCode::NotKept, detail)
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Text;

    use super::*;

    #[test]
    fn what_an_owner_has_told_comes_by_pages_in_the_order_of_numbers() {
        let listed = |symbol| Listed {
            symbol,
            ticker: Text::cut("A"),
            name: Text::default(),
            sector: Text::default(),
        };
        let check = |from: u16, expected: (usize, Option<u16>, Option<u16>)| {
            let told = (0..600).rev().map(|it| listed(it * 2)).collect();
            let page = page(told, from);
            let first = page.symbols.first().map(|it| it.symbol);
            assert_eq!((page.symbols.len(), first, page.next), expected, "{from}");
        };
        check(0, (250, Some(0), Some(500)));
        check(500, (250, Some(500), Some(1_000)));
        check(999, (100, Some(1_000), None));
        check(u16::MAX, (0, None, None));
    }
}
