//! The topics and the calls of the ticker.

use std::sync::Arc;

use trunkline_market::Market;
use trunkline_protocol::topics::ticker::{
    BoardName, CANDLES_MAX, Candles, CandlesRequest, ListSymbols, Listed, Listing, MARKET_BOARD,
    ReadCandles, ReadTrades, SYMBOLS_PAGE_MAX, Summaries, SummarizeSymbols, SummaryRequest,
    SymbolInfo, Symbols, SymbolsRequest, TRADES_MAX, Trades, TradesRequest,
};
use trunkline_protocol::{Error, ErrorCode, List};

use super::Exchange;
use crate::topics::ticker::{ListingHandler, TickerHandler};
use crate::topics::{CallContext, CallHandler, Registry};

/// Adds them to a server's.
pub(super) fn join(exchange: &Arc<Exchange>, registry: Registry) -> Registry {
    registry
        .with(TickerHandler(Arc::clone(exchange)))
        .with(ListingHandler)
        .with_call(SymbolsHandler(Arc::clone(exchange)))
        .with_call(SummaryHandler(Arc::clone(exchange)))
        .with_call(CandlesHandler(Arc::clone(exchange)))
        .with_call(TradesHandler(Arc::clone(exchange)))
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

/// Tells the day of symbols of the market.
struct SummaryHandler(Arc<Exchange>);

impl CallHandler for SummaryHandler {
    type Call = SummarizeSymbols;

    async fn on_call(
        &self,
        _: &CallContext<'_>,
        SummaryRequest { board, symbols }: SummaryRequest,
    ) -> Result<Summaries, Error> {
        of_market(&board)?;
        let summarize = move |market: &Market| Summaries {
            session: Some(market.session()),
            symbols: List::cut(symbols.iter().filter_map(|symbol| market.summary(*symbol))),
        };
        self.0.read(summarize).await
    }
}

/// Tells candles of a symbol of the market.
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
        of_market(&board)?;
        counted(count.into(), CANDLES_MAX)?;
        let candles = self
            .0
            .read(move |market| market.candles(symbol, span, count));
        candles.await?.ok_or_else(|| unknown(symbol))
    }
}

/// Tells trades of a symbol of the market.
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
        of_market(&board)?;
        counted(count.into(), TRADES_MAX)?;
        let trades = self.0.read(move |market| market.trades(symbol, count));
        trades.await?.ok_or_else(|| unknown(symbol))
    }
}

fn parsed(board: &str) -> Result<BoardName, Error> {
    let board = board.parse();
    board.map_err(|error| Error::new(ErrorCode::InvalidKey, error))
}

/// Checks that a board is the market.
fn of_market(board: &str) -> Result<(), Error> {
    if parsed(board)?.as_str() == MARKET_BOARD {
        return Ok(());
    }
    let detail = "of this board only the newest quotes are kept";
    Err(Error::new(ErrorCode::NotKept, detail))
}

fn counted(count: usize, max: usize) -> Result<(), Error> {
    if (1..=max).contains(&count) {
        return Ok(());
    }
    let detail = format!("the count is {count}, expected 1 to {max}");
    Err(Error::new(ErrorCode::Invalid, detail))
}

fn unknown(symbol: u16) -> Error {
    let detail = format!("the market has no symbol number {symbol}");
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
