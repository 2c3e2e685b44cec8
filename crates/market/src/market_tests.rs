//! What is true of every market, and what one with a certain seed does.

use std::collections::BTreeMap;

use trunkline_protocol::Codec;
use trunkline_protocol::topics::ticker::{MARKET_DAY_SECONDS, PRICE_MAX};

use super::*;
use crate::day::{AUCTION_SECONDS, CLOSED_SECONDS};

/// A minute after a day has opened.
const NOON_MS: u64 = (900_000 * MARKET_DAY_SECONDS + AUCTION_SECONDS + 60) as u64 * 1000;

fn market(seed: u64) -> Market {
    Market::new(seed, 1_000, NOON_MS)
}

/// The quotes of so many seconds, asked for ten times a second.
fn run(market: &mut Market, seconds: u64) -> Vec<Quote> {
    let (mut quotes, start) = (Vec::new(), market.now_ms);
    for slice in 1..=seconds * 10 {
        market.advance(start + slice * SLICE_MS, &mut quotes);
    }
    quotes
}

fn hash(quotes: &[Quote]) -> u64 {
    let bytes = quotes
        .iter()
        .flat_map(|quote| Codec::Bincode.encode(quote).to_vec());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn a_seed_is_one_market_on_every_machine() {
    let first = run(&mut market(1), 20);
    assert_eq!(first, run(&mut market(1), 20));
    assert_ne!(first, run(&mut market(2), 20));
    assert_eq!(
        (first.len(), hash(&first)),
        (8_717, 1_794_915_454_569_124_241)
    );
}

#[test]
fn how_often_it_is_asked_changes_nothing() {
    let (mut often, mut seldom) = (market(1), market(1));
    let expected = run(&mut often, 9);
    let mut quotes = Vec::new();
    seldom.advance(NOON_MS + 9_000, &mut quotes);
    assert_eq!(quotes, expected);
    seldom.advance(NOON_MS, &mut quotes);
    assert_eq!(quotes.len(), expected.len(), "time never goes back");
}

#[test]
fn a_quote_is_short_and_its_prices_are_prices() {
    let mut market = market(3);
    let mut quotes = run(&mut market, 30);
    quotes.extend(market.quotes());
    for quote in &quotes {
        assert!(Codec::Bincode.encode(quote).len() <= 16, "{quote:?}");
        assert!((1..=PRICE_MAX).contains(&quote.price), "{quote:?}");
        assert!(quote.bid() < quote.ask(), "{quote:?}");
        assert!(quote.ask() - quote.bid() <= 500, "{quote:?}");
        assert!(quote.size > 0, "{quote:?}");
    }
    let rate = quotes.len() / 30;
    assert!((400..=1_000).contains(&rate), "{rate} a second");
}

#[test]
fn many_symbols_are_traded_and_some_more_than_others() {
    let quotes = run(&mut market(4), 60);
    let mut counts = BTreeMap::new();
    for quote in &quotes {
        *counts.entry(quote.symbol).or_insert(0_u32) += 1;
    }
    assert!(counts.len() > 490, "{}", counts.len());
    let most = counts.values().max().copied().unwrap_or(0);
    assert!(u64::from(most) > 4 * quotes.len() as u64 / 500, "{most}");
}

#[test]
fn volumes_are_those_of_the_trades() {
    // Few enough trades in so short a time that all are kept.
    let mut market = Market::new(5, 200, NOON_MS);
    let volume = |market: &Market, symbol| market.summary(symbol).map_or(0, |it| it.volume);
    let mut quotes = Vec::new();
    market.advance(NOON_MS + 900, &mut quotes);
    let (start, mut traded) = (market.seconds(), 0);
    let before: Vec<u64> = (0..SYMBOLS).map(|it| volume(&market, it)).collect();
    market.advance(NOON_MS + 5_900, &mut quotes);
    for symbol in 0..SYMBOLS {
        let trades = market.trades(symbol, 50).expect("a symbol").trades;
        let new: Vec<_> = trades.iter().filter(|it| it.at.0 > start).collect();
        assert!(new.len() < 50, "{symbol}");
        let sizes: u64 = new.iter().map(|trade| u64::from(trade.size)).sum();
        let added = volume(&market, symbol) - before[usize::from(symbol)];
        assert_eq!(sizes, added, "{symbol}");
        traded += added;
    }
    assert!(traded > 1_000, "{traded}");
}

#[test]
fn candles_fit_together() {
    let mut market = market(6);
    run(&mut market, 60);
    for symbol in [0, 211, 499] {
        for span in Span::ALL {
            let candles = market.candles(symbol, span, 500).expect("a symbol").candles;
            assert!(candles.len() >= 16, "{span:?}: {}", candles.len());
            for pair in candles.windows(2) {
                assert!(pair[0].start < pair[1].start, "{span:?}");
            }
            for candle in &*candles {
                assert_eq!(candle.start.0 % span.seconds(), 0, "{span:?}");
                assert!(candle.low <= candle.open.min(candle.close));
                assert!(candle.high >= candle.open.max(candle.close));
                assert!(candle.volume > 0);
            }
        }
        let summary = market.summary(symbol).expect("a symbol");
        let days = market
            .candles(symbol, Span::Day, 2)
            .expect("a symbol")
            .candles;
        assert_eq!(summary.previous_close, days[0].close);
        assert_eq!(
            (summary.open, summary.high, summary.low, summary.volume),
            (days[1].open, days[1].high, days[1].low, days[1].volume)
        );
        assert_eq!(summary.spark.last().copied(), Some(summary.last));
    }
}

#[test]
fn nothing_is_quoted_while_it_is_closed_and_everything_when_it_opens() {
    let closes =
        NOON_MS + u64::from(MARKET_DAY_SECONDS - AUCTION_SECONDS - 60 - CLOSED_SECONDS) * 1000;
    let mut market = Market::new(7, 1_000, closes - 1_000);
    assert_eq!(market.session().phase, Phase::Open);
    assert!(!run(&mut market, 1).is_empty());
    assert_eq!(market.session().phase, Phase::Closed);
    assert!(run(&mut market, u64::from(CLOSED_SECONDS)).is_empty());
    assert_eq!(market.session().phase, Phase::Auction);
    let before = market.summary(7).expect("a symbol");
    assert_eq!((before.open, before.volume), (before.previous_close, 0));
    assert_eq!(market.symbols(0).0[7].open, None);
    assert!(run(&mut market, u64::from(AUCTION_SECONDS) - 1).is_empty());
    let opened = run(&mut market, 1);
    assert_eq!(market.session().phase, Phase::Open);
    let symbols: std::collections::BTreeSet<u16> = opened.iter().map(|it| it.symbol).collect();
    assert_eq!(symbols.len(), usize::from(SYMBOLS));
}

#[test]
fn a_time_that_nobody_saw_is_made_up_as_far_as_it_is_kept() {
    let mut market = market(8);
    let mut quotes = Vec::new();
    market.advance(NOON_MS + 3 * 60_000, &mut quotes);
    assert!(quotes.len() < 500, "{}", quotes.len());
    let candles = market
        .candles(0, Span::Minute, 4)
        .expect("a symbol")
        .candles;
    let minutes: Vec<u32> = candles.iter().map(|it| it.start.0 / 60).collect();
    let last = minutes[3];
    assert_eq!(minutes, [last - 3, last - 2, last - 1, last]);
    // A year later there is a past of eight hours, and not more work than that.
    market.advance(NOON_MS + 365 * 24 * 3_600_000, &mut quotes);
    let days = market.candles(0, Span::Day, 500).expect("a symbol").candles;
    assert_eq!(days.len(), 16);
    assert!(
        days.last()
            .is_some_and(|it| u64::from(it.start.0) * 1000 > NOON_MS)
    );
    assert!(market.quotes().all(|quote| quote.bid() < quote.ask()));
}

#[test]
fn prices_stay_where_prices_are_for_ten_days() {
    let mut market = market(12);
    let first: Vec<u64> = market.quotes().map(|quote| quote.price).collect();
    let mut quotes = Vec::new();
    for part in 1..=30 {
        // Each is as long as what is made up at most, so that nothing is left out.
        market.advance(NOON_MS + part * HISTORY_MS, &mut quotes);
    }
    let far = market
        .quotes()
        .zip(&first)
        .filter(|(now, first)| now.price * 5 > *first * 7 || now.price * 7 < *first * 5);
    let far = far.count();
    assert!(far < 50, "{far} of 500 are two fifths away");
}

#[test]
fn symbols_are_told_by_pages() {
    let market = market(9);
    let (first, next) = market.symbols(0);
    assert_eq!((first.len(), next), (250, Some(250)));
    let (last, next) = market.symbols(250);
    assert_eq!((last.len(), next), (250, None));
    assert_eq!(last[249].symbol, 499);
    assert_eq!(market.symbols(500).0.len(), 0);
    assert_eq!(market.symbols(u16::MAX), (List::default(), None));
    assert!(Codec::Json.encode(&first).len() < 60 * 1024);
    assert_eq!(market.summary(500), None);
    assert!(market.candles(500, Span::Day, 1).is_none() && market.trades(500, 1).is_none());
}

#[test]
fn sizes_of_returns_are_alike_in_a_row() {
    let mut market = Market::new(10, 1_000, NOON_MS);
    let mut last = vec![0_i64; usize::from(SYMBOLS)];
    let mut sizes: Vec<Vec<i64>> = vec![Vec::new(); usize::from(SYMBOLS)];
    let mut quotes = Vec::new();
    for second in 1..=1_500 {
        market.advance(NOON_MS + second * 1_000, &mut quotes);
        for quote in market.quotes() {
            let symbol = usize::from(quote.symbol);
            let price = quote.price as i64;
            // Of five seconds each, so that most symbols have moved.
            if second % 5 == 0 {
                let before = std::mem::replace(&mut last[symbol], price);
                if before > 0 {
                    sizes[symbol].push(((price - before) * 1_000_000 / before).abs());
                }
            }
        }
    }
    let (mut together, mut alone) = (0_i128, 0_i128);
    for sizes in &sizes {
        let mean = sizes.iter().sum::<i64>() / sizes.len() as i64;
        for pair in sizes.windows(2) {
            together += i128::from((pair[0] - mean) * (pair[1] - mean));
            alone += i128::from((pair[0] - mean).pow(2));
        }
    }
    let correlation = together * 1000 / alone;
    assert!((50..700).contains(&correlation), "{correlation}");
}
