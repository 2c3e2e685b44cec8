//! The tape of a symbol: its last trades, its candles, and its day so far.
//!
//! Everything has a bound: a symbol's tape has at most 16 KiB.

use std::collections::VecDeque;

use trunkline_protocol::Timestamp;
use trunkline_protocol::topics::ticker::{
    Candle, PRICE_SCALE, SPARK_LEN_MAX, Side, Span, TRADES_MAX, Trade,
};

use crate::day;

/// How many parts of money a tick has: prices have two digits.
pub(crate) const TICK: u32 = (PRICE_SCALE / 100) as u32;

/// How many candles of a span are kept: twenty minutes, four hours, eight hours, eight hours.
const fn kept(span: Span) -> usize {
    match span {
        Span::FiveSeconds | Span::Minute => 240,
        Span::FiveMinutes => 96,
        Span::Day => 16,
    }
}

/// A candle as it is kept, with prices in ticks.
#[derive(Clone, Copy, Debug)]
struct Kept {
    start: u32,
    open: u32,
    high: u32,
    low: u32,
    close: u32,
    volume: u32,
}

/// A trade as it is kept.
#[derive(Clone, Copy, Debug)]
struct Printed {
    at: u32,
    price: u32,
    size: u32,
    side: Side,
}

/// A day so far, with prices in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) previous_close: u32,
    pub(crate) open: u32,
    pub(crate) high: u32,
    pub(crate) low: u32,
    pub(crate) last: u32,
    pub(crate) volume: u64,
}

/// What was traded of a symbol.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    candles: [VecDeque<Kept>; Span::ALL.len()],
    trades: VecDeque<Printed>,
    day: Day,
    day_began: u32,
}

impl Tape {
    /// The tape of a symbol that was never traded, and whose price is said to be `price`.
    pub(crate) fn new(price: u32) -> Self {
        Self {
            candles: Default::default(),
            trades: VecDeque::new(),
            day: Day {
                previous_close: price,
                open: price,
                high: price,
                low: price,
                last: price,
                volume: 0,
            },
            day_began: 0,
        }
    }

    pub(crate) fn day(&self) -> Day {
        self.day
    }

    /// Notes a trade at a time in seconds since 1970. Times never go back.
    pub(crate) fn print(&mut self, at: u32, price: u32, size: u32, side: Side) {
        let began = day::began(at);
        if began > self.day_began {
            self.day_began = began;
            self.day = Day {
                previous_close: self.day.last,
                open: price,
                high: price,
                low: price,
                last: price,
                volume: 0,
            };
        }
        self.day.high = self.day.high.max(price);
        self.day.low = self.day.low.min(price);
        self.day.last = price;
        self.day.volume += u64::from(size);
        if self.trades.len() == TRADES_MAX {
            self.trades.pop_front();
        }
        self.trades.push_back(Printed {
            at,
            price,
            size,
            side,
        });
        for (ring, span) in self.candles.iter_mut().zip(Span::ALL) {
            add(ring, span, (at, price, size));
        }
    }

    /// The newest trades, the newest first.
    pub(crate) fn trades(&self, count: usize) -> impl Iterator<Item = Trade> {
        self.trades.iter().rev().take(count).map(|it| Trade {
            at: Timestamp(it.at),
            price: parts(it.price),
            size: it.size,
            side: it.side,
        })
    }

    /// The newest candles, the oldest first.
    pub(crate) fn candles(&self, span: Span, count: usize) -> impl Iterator<Item = Candle> {
        let ring = &self.candles[span as usize];
        let skipped = ring.len().saturating_sub(count);
        ring.iter().skip(skipped).map(|it| Candle {
            start: Timestamp(it.start),
            open: parts(it.open),
            high: parts(it.high),
            low: parts(it.low),
            close: parts(it.close),
            volume: it.volume.into(),
        })
    }

    /// The last prices of the last minutes, the oldest first.
    pub(crate) fn spark(&self) -> impl Iterator<Item = u64> {
        let candles = self.candles(Span::Minute, SPARK_LEN_MAX);
        candles.map(|candle| candle.close)
    }
}

/// A price in ticks as one in parts of money.
pub(crate) fn parts(ticks: u32) -> u64 {
    u64::from(ticks) * u64::from(TICK)
}

fn add(ring: &mut VecDeque<Kept>, span: Span, (at, price, size): (u32, u32, u32)) {
    let start = at - at % span.seconds();
    match ring.back_mut() {
        Some(candle) if candle.start == start => {
            candle.high = candle.high.max(price);
            candle.low = candle.low.min(price);
            candle.close = price;
            candle.volume = candle.volume.saturating_add(size);
        }
        _ => {
            if ring.len() == kept(span) {
                ring.pop_front();
            }
            ring.push_back(Kept {
                start,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: size,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five trades, of which the last two are of another minute and of another day.
    fn tape() -> Tape {
        let mut tape = Tape::new(100);
        for (at, price, size) in [
            (1_800, 101, 5),
            (1_804, 105, 1),
            (1_805, 99, 2),
            (1_860, 103, 4),
            (3_600, 110, 7),
        ] {
            tape.print(at, price, size, Side::Buy);
        }
        tape
    }

    fn check(span: Span, count: usize, expected: &[(u32, [u64; 5])]) {
        let found: Vec<_> = tape()
            .candles(span, count)
            .map(|it| {
                let prices =
                    [it.open, it.high, it.low, it.close].map(|price| price / u64::from(TICK));
                let [open, high, low, close] = prices;
                (it.start.0, [open, high, low, close, it.volume])
            })
            .collect();
        assert_eq!(found, expected, "{span:?}");
    }

    #[test]
    fn candles_tell_what_was_traded_in_their_span() {
        let last = (3_600, [110, 110, 110, 110, 7]);
        check(Span::Day, 9, &[(1_800, [101, 105, 99, 103, 12]), last]);
        let minute = (1_800, [101, 105, 99, 99, 8]);
        let next = (1_860, [103, 103, 103, 103, 4]);
        check(Span::Minute, 9, &[minute, next, last]);
        check(Span::Minute, 2, &[next, last]);
        check(Span::FiveSeconds, 0, &[]);
        let first = [
            (1_800, [101, 105, 101, 105, 6]),
            (1_805, [99, 99, 99, 99, 2]),
        ];
        check(Span::FiveSeconds, 9, &[first[0], first[1], next, last]);
    }

    #[test]
    fn a_day_begins_with_its_first_trade() {
        let day = tape().day();
        assert_eq!((day.previous_close, day.open, day.volume), (103, 110, 7));
        let newest: Vec<u32> = tape().trades(2).map(|it| it.size).collect();
        assert_eq!(newest, [7, 4]);
        let spark: Vec<u64> = tape().spark().collect();
        assert_eq!(spark, [99, 103, 110].map(|it| it * 100));
    }

    #[test]
    fn a_tape_never_grows_beyond_its_bound() {
        let mut tape = Tape::new(100);
        for at in 0..100_000 {
            tape.print(at * 5, 100, 1, Side::Sell);
        }
        let candles: usize = Span::ALL
            .map(|span| tape.candles(span, usize::MAX).count())
            .iter()
            .sum();
        assert_eq!((candles, tape.trades(usize::MAX).count()), (592, 50));
        let len = candles * size_of::<Kept>() + 50 * size_of::<Printed>() + size_of::<Tape>();
        assert!(len <= 16 * 1024, "{len}");
    }
}
