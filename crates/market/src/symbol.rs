//! A symbol: what it is worth, its book, and its tape.

use trunkline_protocol::topics::ticker::{Quote, Side};

use crate::agents;
use crate::auction;
use crate::book::{Book, Fill};
use crate::price::{Price, TICK, Ticks};
use crate::random::Random;
use crate::swings::Swings;
use crate::tape::Tape;

/// A value is kept in parts of a tick, so that small swings add up.
const PARTS_OF_TICK: i64 = 1 << 16;

/// Between which values a symbol wanders, in ticks: 1 to 5,000 units of money.
const VALUE_MIN: i64 = 100;
const VALUE_MAX: i64 = 500_000;

/// How much of the way back to its anchor a value goes in a second, in thousand millionths: half of it
/// takes four days.
const PULL: i64 = 2_000;

/// A symbol of the market.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    number: u16,
    pub(crate) sector: usize,
    swings: Swings,
    value: i64,
    /// What the value comes back to, in the long run.
    anchor: i64,
    book: Book,
    pub(crate) tape: Tape<Ticks>,
    /// The last price in ticks, and what was traded at it.
    last: u32,
    size: u32,
    shown: Option<Quote>,
}

impl Symbol {
    pub(crate) fn new(number: u16, sector: usize, random: &mut Random) -> Self {
        let root = random.below(200);
        let ticks = 600 + root * root;
        let mut symbol = Self {
            number,
            sector,
            swings: Swings::new(random.between(100_000, 300_000)),
            value: i64::from(ticks) * PARTS_OF_TICK,
            anchor: i64::from(ticks) * PARTS_OF_TICK,
            book: Book::default(),
            tape: Tape::new(Ticks(ticks)),
            last: ticks,
            size: 0,
            shown: None,
        };
        symbol.refill(random);
        symbol
    }

    /// What it is worth, in ticks.
    fn ticks(&self) -> u32 {
        (self.value / PARTS_OF_TICK) as u32
    }

    /// Lets the value move by its own swing and by that of all others, in thousand millionths.
    pub(crate) fn swing(&mut self, common: i64, seconds: u32, random: &mut Random) {
        let own = self.swings.next(random, seconds);
        let pull = (self.anchor - self.value) * PULL / self.value * i64::from(seconds);
        let swing = own + common + pull;
        let moved = i128::from(self.value) * i128::from(swing) / 1_000_000_000;
        let bounds = (VALUE_MIN * PARTS_OF_TICK, VALUE_MAX * PARTS_OF_TICK);
        self.value = (self.value + moved as i64).clamp(bounds.0, bounds.1);
    }

    /// Lets agents act. Tells the quote, if it is another one then.
    pub(crate) fn step(
        &mut self,
        at: u32,
        random: &mut Random,
        fills: &mut Vec<Fill>,
    ) -> Option<Quote> {
        fills.clear();
        let value = self.ticks();
        let last = agents::step(&mut self.book, value, self.last, random, fills);
        for fill in &*fills {
            self.print(at, *fill);
        }
        debug_assert_eq!(last, self.last, "the last price is that of the last trade");
        self.news()
    }

    /// Ends the auction of a day. Tells the quote, whatever it was before.
    pub(crate) fn open(&mut self, at: u32, random: &mut Random) -> Quote {
        let value = self.ticks();
        let trade = auction::hold(&mut self.book, value, random);
        let trade = trade.unwrap_or(Fill {
            price: value,
            size: 1,
            side: Side::Buy,
        });
        self.print(at, trade);
        let mut fills = Vec::new();
        self.last = agents::step(&mut self.book, value, self.last, random, &mut fills);
        for fill in fills {
            self.print(at, fill);
        }
        let quote = self.quote();
        self.shown = Some(quote);
        quote
    }

    /// Trades once at its value, as if the book had followed, and puts a new book around it.
    pub(crate) fn leap(&mut self, at: u32, random: &mut Random) {
        let side = if random.bits() & 1 == 0 {
            Side::Buy
        } else {
            Side::Sell
        };
        let fill = Fill {
            price: self.ticks(),
            size: 4 * random.size(),
            side,
        };
        self.print(at, fill);
    }

    /// Puts a new book around the last price.
    pub(crate) fn refill(&mut self, random: &mut Random) {
        self.book.clear();
        for away in 1..=4 {
            let none = &mut Vec::new();
            let (bid, ask) = (self.last - away, self.last + away);
            self.book.place(Side::Buy, bid, 2 * random.size(), none);
            self.book.place(Side::Sell, ask, 2 * random.size(), none);
        }
    }

    fn print(&mut self, at: u32, fill: Fill) {
        self.last = fill.price;
        self.size = fill.size;
        self.tape.print(at, Ticks(fill.price), fill.size, fill.side);
    }

    /// The quote, if it is another one than before.
    fn news(&mut self) -> Option<Quote> {
        let quote = self.quote();
        (self.shown != Some(quote)).then(|| {
            self.shown = Some(quote);
            quote
        })
    }

    /// What it costs now.
    pub(crate) fn quote(&self) -> Quote {
        let away = |level: Option<u32>| {
            let ticks = level.map_or(0, |price| price.abs_diff(self.last));
            u16::try_from(ticks * TICK).unwrap_or(u16::MAX)
        };
        Quote {
            symbol: self.number,
            price: Ticks(self.last).parts(),
            bid_below: away(self.book.best_bid().map(|level| level.price)),
            ask_above: away(self.book.best_ask().map(|level| level.price)),
            size: self.size,
        }
    }
}
