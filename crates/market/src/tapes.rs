//! Tapes of boards that others fill: of each symbol, what its quotes say of its trades.
//!
//! There is room for [`TAPES_MAX`] symbols of all boards together. A new one takes the place of the one
//! that was quoted longest ago.

use std::collections::BTreeMap;

use trunkline_protocol::Timestamp;
use trunkline_protocol::topics::ticker::{Candles, Quote, Side, Span, Summary, Trades};

use crate::price::Parts;
use crate::tape::Tape;

/// The most symbols whose trades are kept: 32 MiB, if each has as many as a tape keeps.
pub const TAPES_MAX: usize = 1_000;

/// What was traded on boards.
#[derive(Clone, Debug, Default)]
pub struct Tapes {
    boards: BTreeMap<String, BTreeMap<u16, Entry>>,
    count: usize,
    /// How many quotes there have been.
    clock: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    tape: Tape<Parts>,
    price: u64,
    size: u32,
    at: u32,
    /// Which quote the last one was.
    touched: u64,
}

impl Tapes {
    /// Notes a quote of a board. One with the price and the size of the one before is no new trade.
    pub fn note(&mut self, board: &str, quote: &Quote, at: Timestamp) {
        self.clock += 1;
        let clock = self.clock;
        let entries = self.boards.get_mut(board);
        let Some(entry) = entries.and_then(|it| it.get_mut(&quote.symbol)) else {
            return self.begin(board, quote, at);
        };
        entry.touched = clock;
        if (entry.price, entry.size) == (quote.price, quote.size) {
            return;
        }
        // The clock of a machine may go back; a tape does not.
        entry.at = entry.at.max(at.0);
        let side = side(quote, entry.price);
        entry.price = quote.price;
        entry.size = quote.size;
        entry
            .tape
            .print(entry.at, Parts(quote.price), quote.size, side);
    }

    fn begin(&mut self, board: &str, quote: &Quote, at: Timestamp) {
        if self.count == TAPES_MAX {
            self.forget_one();
        }
        let price = Parts(quote.price);
        let mut tape = Tape::new(price);
        tape.print(at.0, price, quote.size, side(quote, quote.price));
        let entry = Entry {
            tape,
            price: quote.price,
            size: quote.size,
            at: at.0,
            touched: self.clock,
        };
        let entries = self.boards.entry(board.to_owned()).or_default();
        entries.insert(quote.symbol, entry);
        self.count += 1;
    }

    /// Drops the tape that was used longest ago.
    fn forget_one(&mut self) {
        let all = self.boards.iter().flat_map(|(board, entries)| {
            let entries = entries.iter();
            entries.map(move |(symbol, entry)| (entry.touched, board, *symbol))
        });
        let Some((_, board, symbol)) = all.min() else {
            return;
        };
        let board = board.clone();
        if let Some(entries) = self.boards.get_mut(&board) {
            entries.remove(&symbol);
            if entries.is_empty() {
                self.boards.remove(&board);
            }
        }
        self.count -= 1;
    }

    fn tape(&self, board: &str, symbol: u16) -> Option<&Tape<Parts>> {
        let entry = self.boards.get(board)?.get(&symbol)?;
        Some(&entry.tape)
    }

    /// The price of a symbol that was quoted last.
    pub fn price(&self, board: &str, symbol: u16) -> Option<u64> {
        Some(self.boards.get(board)?.get(&symbol)?.price)
    }

    /// How the day of a symbol has been so far.
    pub fn summary(&self, board: &str, symbol: u16) -> Option<Summary> {
        Some(self.tape(board, symbol)?.summary(symbol, 0))
    }

    /// The newest candles of a symbol.
    pub fn candles(&self, board: &str, symbol: u16, span: Span, count: u16) -> Option<Candles> {
        Some(self.tape(board, symbol)?.candles(span, count))
    }

    /// The newest trades of a symbol.
    pub fn trades(&self, board: &str, symbol: u16, count: u8) -> Option<Trades> {
        Some(self.tape(board, symbol)?.trades(count))
    }
}

/// Whose order a trade was, as far as a quote tells: whoever paid what was asked has bought.
fn side(quote: &Quote, before: u64) -> Side {
    match quote.ask_above.cmp(&quote.bid_below) {
        std::cmp::Ordering::Less => Side::Buy,
        std::cmp::Ordering::Greater => Side::Sell,
        std::cmp::Ordering::Equal if quote.price < before => Side::Sell,
        std::cmp::Ordering::Equal => Side::Buy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quote(symbol: u16, price: u64, size: u32) -> Quote {
        Quote {
            symbol,
            price,
            bid_below: 0,
            ask_above: 0,
            size,
        }
    }

    fn check(quotes: &[(u64, u32, u32)], expected: &[(u64, u32, u32, Side)]) {
        let mut tapes = Tapes::default();
        for (price, size, at) in quotes {
            tapes.note("own", &quote(1, *price, *size), Timestamp(*at));
        }
        let trades = tapes.trades("own", 1, 50).expect("a tape").trades;
        let plain = trades.iter().rev();
        let plain: Vec<_> = plain
            .map(|it| (it.price, it.size, it.at.0, it.side))
            .collect();
        assert_eq!(plain, expected);
    }

    #[test]
    fn a_quote_is_a_trade_if_it_is_of_another_price_or_size() {
        check(&[(100, 5, 9)], &[(100, 5, 9, Side::Buy)]);
        check(&[(100, 5, 9), (100, 5, 10)], &[(100, 5, 9, Side::Buy)]);
        check(
            &[(100, 5, 9), (100, 6, 10), (99, 6, 8)],
            &[
                (100, 5, 9, Side::Buy),
                (100, 6, 10, Side::Buy),
                (99, 6, 10, Side::Sell),
            ],
        );
    }

    #[test]
    fn a_trade_at_what_was_asked_is_a_buy() {
        let at = |bid_below, ask_above| Quote {
            bid_below,
            ask_above,
            ..quote(1, 100, 1)
        };
        assert_eq!(side(&at(5, 0), 200), Side::Buy);
        assert_eq!(side(&at(0, 5), 50), Side::Sell);
    }

    #[test]
    fn the_symbol_that_was_quoted_longest_ago_makes_room() {
        let mut tapes = Tapes::default();
        let boards = ["a", "b"];
        for symbol in 0..TAPES_MAX as u16 {
            let board = boards[usize::from(symbol % 2)];
            tapes.note(board, &quote(symbol, 1, 1), Timestamp(1));
        }
        // The first of all is used again, so that the second is now the oldest.
        tapes.note("a", &quote(0, 1, 1), Timestamp(1));
        tapes.note("c", &quote(0, 1, 1), Timestamp(1));
        assert!(tapes.summary("a", 0).is_some());
        assert!(tapes.summary("b", 1).is_none());
        assert!(tapes.summary("a", 2).is_some());
        for symbol in 0..u16::MAX {
            tapes.note("d", &quote(symbol, 1, 1), Timestamp(1));
        }
        let count: usize = tapes.boards.values().map(BTreeMap::len).sum();
        assert_eq!((count, tapes.count), (TAPES_MAX, TAPES_MAX));
        assert_eq!(tapes.boards.len(), 1, "boards without symbols are gone");
    }

    #[test]
    fn a_day_of_a_board_is_told_like_one_of_the_market() {
        let mut tapes = Tapes::default();
        for (price, at) in [(100, 10), (90, 20), (120, 80)] {
            tapes.note("own", &quote(3, price, 2), Timestamp(at));
        }
        let day = tapes.summary("own", 3).expect("a tape");
        assert_eq!((day.open, day.high, day.low, day.last), (100, 120, 90, 120));
        assert_eq!((day.volume, &*day.spark), (6, &[90, 120][..]));
        let candles = tapes.candles("own", 3, Span::Minute, 9).expect("a tape");
        assert_eq!(candles.candles.len(), 2);
        assert_eq!(tapes.price("own", 3), Some(120));
        assert_eq!(tapes.price("own", 4), None);
        assert_eq!(tapes.summary("own", 4), None);
        assert!(tapes.trades("other", 3, 1).is_none());
    }
}
