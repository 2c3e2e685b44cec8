//! Samples of what is told of a board.

use super::*;
use crate::topics::ticker::{
    Alarm, AlarmNamed, AlarmRequest, AlarmWay, Alarms, AlarmsRequest, Candle, Candles,
    CandlesRequest, DropAlarm, ListAlarms, ListSymbols, Listed, Listing, Phase, ReadCandles,
    ReadTrades, Session, SetAlarm, Side, Span, Summaries, SummarizeSymbols, Summary,
    SummaryRequest, SymbolInfo, Symbols, SymbolsRequest, Trade, Trades, TradesRequest,
};

/// The contracts as they travel.
pub(in super::super) fn contracts() -> [(&'static str, u32); 8] {
    [
        ("listing", Listing::contract().0),
        (ListSymbols::METHOD, ListSymbols::contract().0),
        (SummarizeSymbols::METHOD, SummarizeSymbols::contract().0),
        (ReadCandles::METHOD, ReadCandles::contract().0),
        (ReadTrades::METHOD, ReadTrades::contract().0),
        (SetAlarm::METHOD, SetAlarm::contract().0),
        (ListAlarms::METHOD, ListAlarms::contract().0),
        (DropAlarm::METHOD, DropAlarm::contract().0),
    ]
}

pub(in super::super) fn listed() -> Vec<Sample<Listed>> {
    let listed = |symbol, name, sector| Listed {
        symbol,
        ticker: text("ABCD"),
        name: text(name),
        sector: text(sector),
    };
    vec![
        sample("ticker.listed", listed(7, "Ablecade", "energy")),
        sample("ticker.listed.bare", listed(0, "", "")),
    ]
}

pub(in super::super) fn symbols_requests() -> Vec<Sample<SymbolsRequest>> {
    let board = text("market");
    let request = SymbolsRequest { board, from: 250 };
    vec![sample("ticker.symbols.request", request)]
}

pub(in super::super) fn symbols() -> Vec<Sample<Symbols>> {
    let info = |symbol, ticker, prices: Option<(u64, u64)>| SymbolInfo {
        symbol,
        ticker: text(ticker),
        name: text("Ablecade"),
        sector: text("energy"),
        previous_close: prices.map(|it| it.0),
        open: prices.map(|it| it.1),
    };
    let both = vec![
        info(7, "ABCD", Some((1_840_000, 1_850_000))),
        info(8, "BRK.B", None),
    ];
    let some = Symbols {
        symbols: list(both),
        next: Some(9),
        simulated: true,
    };
    vec![
        sample("ticker.symbols.response", some),
        sample("ticker.symbols.response.none", Symbols::default()),
    ]
}

pub(in super::super) fn summary_requests() -> Vec<Sample<SummaryRequest>> {
    let request = SummaryRequest {
        board: text("market"),
        symbols: list(vec![7, 300]),
    };
    vec![sample("ticker.summary.request", request)]
}

pub(in super::super) fn summaries() -> Vec<Sample<Summaries>> {
    let session = |phase| {
        Some(Session {
            phase,
            ends: Timestamp(NEW_YEAR.0 + 20),
            began: NEW_YEAR,
        })
    };
    let summary = Summary {
        symbol: 7,
        previous_close: 1_840_000,
        open: 1_850_000,
        high: 1_861_500,
        low: 1_849_900,
        last: 1_852_000,
        volume: 12_345,
        spark: list(vec![1_850_000, 1_852_000]),
    };
    let of = |session, symbols| Summaries { session, symbols };
    vec![
        sample(
            "ticker.summary.response",
            of(session(Phase::Open), list(vec![summary])),
        ),
        sample(
            "ticker.summary.response.auction",
            of(session(Phase::Auction), list(Vec::new())),
        ),
        sample(
            "ticker.summary.response.closed",
            of(session(Phase::Closed), list(Vec::new())),
        ),
        sample("ticker.summary.response.none", Summaries::default()),
    ]
}

pub(in super::super) fn candles_requests() -> Vec<Sample<CandlesRequest>> {
    let names = [
        "ticker.candles.request.5s",
        "ticker.candles.request.1m",
        "ticker.candles.request.5m",
        "ticker.candles.request.day",
    ];
    let request = |(name, span)| {
        let request = CandlesRequest {
            board: text("market"),
            symbol: 7,
            span,
            count: 500,
        };
        sample(name, request)
    };
    names.into_iter().zip(Span::ALL).map(request).collect()
}

pub(in super::super) fn candles() -> Vec<Sample<Candles>> {
    let candle = |start, close, volume| Candle {
        start,
        open: 1_850_000,
        high: 1_861_500,
        low: 1_849_900,
        close,
        volume,
    };
    let next = Timestamp(NEW_YEAR.0 + 60);
    let both = vec![
        candle(NEW_YEAR, 1_852_000, 12_345),
        candle(next, 1_861_500, (1 << 53) - 1),
    ];
    let candles = list(both);
    vec![
        sample("ticker.candles.response", Candles { candles }),
        sample("ticker.candles.response.none", Candles::default()),
    ]
}

pub(in super::super) fn trades_requests() -> Vec<Sample<TradesRequest>> {
    let request = TradesRequest {
        board: text("market"),
        symbol: 7,
        count: 50,
    };
    vec![sample("ticker.trades.request", request)]
}

pub(in super::super) fn trades() -> Vec<Sample<Trades>> {
    let trade = |size, side| Trade {
        at: NEW_YEAR,
        price: 1_850_000,
        size,
        side,
    };
    let trades = list(vec![trade(300, Side::Buy), trade(u32::MAX, Side::Sell)]);
    vec![
        sample("ticker.trades.response", Trades { trades }),
        sample("ticker.trades.response.none", Trades::default()),
    ]
}

pub(in super::super) fn alarm_requests() -> Vec<Sample<AlarmRequest>> {
    let request = |way, price| AlarmRequest {
        board: text("market"),
        symbol: 7,
        way,
        price,
    };
    vec![
        sample(
            "ticker.set_alarm.request",
            request(AlarmWay::Above, 1_900_000),
        ),
        sample(
            "ticker.set_alarm.request.below",
            request(AlarmWay::Below, PRICE_MAX),
        ),
    ]
}

fn alarm(id: u64, ticker: &str, way: AlarmWay) -> Alarm {
    Alarm {
        id,
        board: text("market"),
        symbol: 7,
        ticker: text(ticker),
        way,
        price: 1_900_000,
    }
}

pub(in super::super) fn alarm_responses() -> Vec<Sample<Alarm>> {
    let longest = alarm((1 << 53) - 1, "ABCD", AlarmWay::Above);
    vec![sample("ticker.set_alarm.response", longest)]
}

pub(in super::super) fn alarms_requests() -> Vec<Sample<AlarmsRequest>> {
    vec![sample("ticker.alarms.request", AlarmsRequest {})]
}

pub(in super::super) fn alarms() -> Vec<Sample<Alarms>> {
    let both = vec![
        alarm(1, "ABCD", AlarmWay::Above),
        alarm(2, "", AlarmWay::Below),
    ];
    let alarms = list(both);
    vec![
        sample("ticker.alarms.response", Alarms { alarms }),
        sample("ticker.alarms.response.none", Alarms::default()),
    ]
}

pub(in super::super) fn alarms_named() -> Vec<Sample<AlarmNamed>> {
    let id = (1 << 53) - 1;
    vec![sample("ticker.drop_alarm", AlarmNamed { id })]
}
