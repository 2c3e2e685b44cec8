//! The tape of a symbol: its last trades, its candles, and its day so far.
//!
//! Everything has a bound: a tape has at most 16 KiB with prices in ticks, and 32 KiB with others.

use std::collections::VecDeque;

use trunkline_protocol::topics::ticker::{
    Candle, Candles, SPARK_LEN_MAX, Side, Span, Summary, TRADES_MAX, Trade, Trades,
};
use trunkline_protocol::{List, Timestamp};

use crate::day;
use crate::price::Price;

/// The greatest volume, which every JSON reader holds.
const VOLUME_MAX: u64 = (1 << 53) - 1;

/// How many candles of a span are kept: twenty minutes, four hours, eight hours, eight hours.
const fn kept(span: Span) -> usize {
    match span {
        Span::FiveSeconds | Span::Minute => 240,
        Span::FiveMinutes => 96,
        Span::Day => 16,
    }
}

/// A candle as it is kept.
#[derive(Clone, Copy, Debug)]
struct Kept<P> {
    start: u32,
    volume: u32,
    open: P,
    high: P,
    low: P,
    close: P,
}

/// A trade as it is kept.
#[derive(Clone, Copy, Debug)]
struct Printed<P> {
    at: u32,
    price: P,
    size: u32,
    side: Side,
}

/// A day so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day<P> {
    pub(crate) previous_close: P,
    /// The first price, once there is one.
    pub(crate) open: Option<P>,
    high: P,
    low: P,
    last: P,
    volume: u64,
}

/// What was traded of a symbol.
#[derive(Clone, Debug)]
pub(crate) struct Tape<P> {
    candles: [VecDeque<Kept<P>>; Span::ALL.len()],
    trades: VecDeque<Printed<P>>,
    day: Day<P>,
    day_began: u32,
}

impl<P: Price> Tape<P> {
    /// The tape of a symbol that was never traded, and whose price is said to be `price`.
    pub(crate) fn new(price: P) -> Self {
        Self {
            candles: Default::default(),
            trades: VecDeque::new(),
            day: Day {
                previous_close: price,
                open: None,
                high: price,
                low: price,
                last: price,
                volume: 0,
            },
            day_began: 0,
        }
    }

    /// The day that began then, or one that is newer.
    pub(crate) fn day(&self, began: u32) -> Day<P> {
        let last = self.day.last;
        if began <= self.day_began {
            return self.day;
        }
        // Nothing was traded yet.
        Day {
            previous_close: last,
            open: None,
            high: last,
            low: last,
            last,
            volume: 0,
        }
    }

    /// Notes a trade at a time in seconds since 1970. Times never go back.
    pub(crate) fn print(&mut self, at: u32, price: P, size: u32, side: Side) {
        let began = day::began(at);
        if began > self.day_began || self.day.open.is_none() {
            self.day_began = began;
            self.day = Day {
                previous_close: self.day.last,
                open: Some(price),
                high: price,
                low: price,
                last: price,
                volume: 0,
            };
        }
        self.day.high = self.day.high.max(price);
        self.day.low = self.day.low.min(price);
        self.day.last = price;
        self.day.volume = (self.day.volume + u64::from(size)).min(VOLUME_MAX);
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

    /// The newest trades.
    pub(crate) fn trades(&self, count: u8) -> Trades {
        let newest = self.trades.iter().rev().take(count.into());
        let trade = |it: &Printed<P>| Trade {
            at: Timestamp(it.at),
            price: it.price.parts(),
            size: it.size,
            side: it.side,
        };
        Trades {
            trades: List::cut(newest.map(trade)),
        }
    }

    /// The newest candles.
    pub(crate) fn candles(&self, span: Span, count: u16) -> Candles {
        let newest = newest(&self.candles[span as usize], count.into());
        let candle = |it: &Kept<P>| Candle {
            start: Timestamp(it.start),
            open: it.open.parts(),
            high: it.high.parts(),
            low: it.low.parts(),
            close: it.close.parts(),
            volume: it.volume.into(),
        };
        Candles {
            candles: List::cut(newest.map(candle)),
        }
    }

    /// The day so far of the symbol that has this tape, if it began then or later.
    pub(crate) fn summary(&self, symbol: u16, began: u32) -> Summary {
        let day = self.day(began);
        let minutes = newest(&self.candles[Span::Minute as usize], SPARK_LEN_MAX);
        Summary {
            symbol,
            previous_close: day.previous_close.parts(),
            open: day.open.unwrap_or(day.last).parts(),
            high: day.high.parts(),
            low: day.low.parts(),
            last: day.last.parts(),
            volume: day.volume,
            spark: List::cut(minutes.map(|candle| candle.close.parts())),
        }
    }
}

/// The last `count` of a ring, the oldest first.
fn newest<T>(ring: &VecDeque<T>, count: usize) -> impl Iterator<Item = &T> {
    ring.iter().skip(ring.len().saturating_sub(count))
}

fn add<P: Price>(ring: &mut VecDeque<Kept<P>>, span: Span, (at, price, size): (u32, P, u32)) {
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
    use crate::price::{Parts, TICK, Ticks};

    /// Five trades, of which the last two are of another minute and of another day.
    fn tape() -> Tape<Ticks> {
        let mut tape = Tape::new(Ticks(100));
        for (at, price, size) in [
            (1_800, 101, 5),
            (1_804, 105, 1),
            (1_805, 99, 2),
            (1_860, 103, 4),
            (3_600, 110, 7),
        ] {
            tape.print(at, Ticks(price), size, Side::Buy);
        }
        tape
    }

    fn check(span: Span, count: u16, expected: &[(u32, [u64; 5])]) {
        let candles = tape().candles(span, count).candles;
        let plain = candles.iter().map(|it| {
            let prices = [it.open, it.high, it.low, it.close];
            let [open, high, low, close] = prices.map(|price| price / u64::from(TICK));
            (it.start.0, [open, high, low, close, it.volume])
        });
        assert_eq!(plain.collect::<Vec<_>>(), expected, "{span:?}");
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
        let (first, second) = (
            (1_800, [101, 105, 101, 105, 6]),
            (1_805, [99, 99, 99, 99, 2]),
        );
        check(Span::FiveSeconds, 9, &[first, second, next, last]);
    }

    #[test]
    fn a_day_begins_with_its_first_trade() {
        let tape = tape();
        let day = tape.summary(7, 3_600);
        assert_eq!(
            (day.symbol, day.previous_close, day.open, day.volume),
            (7, 10_300, 11_000, 7)
        );
        assert_eq!(&*day.spark, [9_900, 10_300, 11_000]);
        let next = tape.summary(7, 5_400);
        assert_eq!(
            (next.previous_close, next.open, next.volume),
            (11_000, 11_000, 0)
        );
        assert_eq!(tape.day(5_400).open, None);
        let newest = tape.trades(2).trades;
        let sizes: Vec<u32> = newest.iter().map(|it| it.size).collect();
        assert_eq!(sizes, [7, 4]);
    }

    /// The length of a tape to which much more was printed than it keeps.
    fn len_max<P: Price>(price: P) -> usize {
        let mut tape = Tape::new(price);
        for at in 0..100_000 {
            tape.print(at * 5, price, u32::MAX, Side::Sell);
        }
        let candles: usize = tape.candles.iter().map(VecDeque::len).sum();
        assert_eq!((candles, tape.trades.len()), (592, 50));
        candles * size_of::<Kept<P>>() + 50 * size_of::<Printed<P>>() + size_of::<Tape<P>>()
    }

    #[test]
    fn a_tape_never_grows_beyond_its_bound() {
        assert!(len_max(Ticks(1)) <= 16 * 1024);
        assert!(len_max(Parts(1)) <= 32 * 1024);
    }
}
