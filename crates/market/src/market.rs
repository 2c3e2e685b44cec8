//! The market: all symbols, and what happens when.
//!
//! Time is cut into tenths of a second. In each, some symbols get orders; with each second, values
//! move. What happened while nobody looked is made up in one go, a trade of each symbol every fifteen
//! seconds, so that it costs little and candles have no holes.

use trunkline_protocol::topics::ticker::{
    Candles, Phase, Quote, SYMBOLS_PAGE_MAX, Session, Span, Summary, SymbolInfo, Trades,
};
use trunkline_protocol::{List, Text};

use crate::book::Fill;
use crate::day;
use crate::listing::{Company, SECTOR_COUNT, SYMBOLS, companies, sector};
use crate::price::{Price, Ticks};
use crate::random::Random;
use crate::swings::Swings;
use crate::symbol::Symbol;
use crate::tape::Tape;

/// The most steps of agents in a second.
pub const RATE_MAX: u32 = 25_000;

/// How long a slice of time is.
const SLICE_MS: u64 = 100;

/// How long a time may be whose every order is simulated. A longer one is leapt over.
pub const AWAY_MS_MAX: u64 = 10_000;

/// How much of the time that nobody saw is made up: eight hours.
const HISTORY_MS: u64 = 8 * 60 * 60 * 1000;

/// How far a leap goes.
const LEAP_SECONDS: u32 = 15;

/// How widely the whole market swings in a second, and how widely a sector does.
const MARKET_SWING: u32 = 60_000;
const SECTOR_SWING: u32 = 80_000;

/// A market that is made up.
#[derive(Clone, Debug)]
pub struct Market {
    random: Random,
    rate: u32,
    now_ms: u64,
    phase: Phase,
    whole: Swings,
    sectors: Vec<Swings>,
    symbols: Vec<Symbol>,
    companies: Vec<Company>,
    fills: Vec<Fill>,
}

impl Market {
    /// A market with a past, at a time in milliseconds since 1970. Agents take `rate` steps in a
    /// second, at most [`RATE_MAX`]; not each of them changes a quote.
    pub fn new(seed: u64, rate: u32, now_ms: u64) -> Self {
        let mut random = Random::new(seed);
        let symbol = |number: u16| Symbol::new(number, sector(number.into()), &mut random);
        let symbols = (0..SYMBOLS).map(symbol).collect();
        let mut market = Self {
            random,
            rate: rate.min(RATE_MAX),
            now_ms: now_ms.saturating_sub(HISTORY_MS),
            phase: Phase::Closed,
            whole: Swings::new(MARKET_SWING),
            sectors: vec![Swings::new(SECTOR_SWING); SECTOR_COUNT],
            symbols,
            companies: companies(),
            fills: Vec::new(),
        };
        market.leap(now_ms);
        market
    }

    /// Lets time pass, and adds the quotes that changed, in order. Of a time that is longer than ten
    /// seconds only the candles are made up; [`Market::quotes`] tells how it ended.
    pub fn advance(&mut self, until_ms: u64, quotes: &mut Vec<Quote>) {
        if until_ms.saturating_sub(self.now_ms) > AWAY_MS_MAX {
            self.leap(until_ms);
        }
        while self.now_ms + SLICE_MS <= until_ms {
            self.slice(quotes);
        }
    }

    /// The time that it has come to, in milliseconds since 1970.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn seconds(&self) -> u32 {
        u32::try_from(self.now_ms / 1000).unwrap_or(u32::MAX)
    }

    /// A tenth of a second.
    fn slice(&mut self, quotes: &mut Vec<Quote>) {
        let before = self.now_ms;
        self.now_ms += SLICE_MS;
        let at = self.seconds();
        if before / 1000 < self.now_ms / 1000 {
            let phase = day::session(at).phase;
            let opens = phase == Phase::Open && self.phase != Phase::Open;
            self.phase = phase;
            if phase == Phase::Open {
                self.swing(1);
            }
            if opens {
                let opened = self.symbols.iter_mut();
                quotes.extend(opened.map(|symbol| symbol.open(at, &mut self.random)));
            }
        }
        if self.phase != Phase::Open {
            return;
        }
        for _ in 0..self.steps(before) {
            let symbol = self.pick();
            let symbol = &mut self.symbols[symbol];
            quotes.extend(symbol.step(at, &mut self.random, &mut self.fills));
        }
    }

    /// How many steps there are in the slice that begins then, so that a second has `rate` of them.
    fn steps(&self, slice_ms: u64) -> u64 {
        let up_to = |ms: u64| ms % 1000 * u64::from(self.rate) / 1000;
        match up_to(slice_ms + SLICE_MS) {
            0 => u64::from(self.rate) - up_to(slice_ms),
            end => end - up_to(slice_ms),
        }
    }

    /// Some symbols are in everybody's mouth: half of the steps are spread evenly, half are not.
    fn pick(&mut self) -> usize {
        const SPREAD: usize = 211;
        let count = u32::from(SYMBOLS);
        let place = self.random.below(count);
        if self.random.bits() & 1 == 0 {
            return place as usize;
        }
        let rank = place * self.random.below(count) / count;
        rank as usize * SPREAD % usize::from(SYMBOLS)
    }

    /// Lets all values move.
    fn swing(&mut self, seconds: u32) {
        let random = &mut self.random;
        let whole = self.whole.next(random, seconds);
        let sectors = self.sectors.iter_mut();
        let common: Vec<i64> = sectors
            .map(|swings| whole + swings.next(random, seconds))
            .collect();
        for symbol in &mut self.symbols {
            symbol.swing(common[symbol.sector], seconds, random);
        }
    }

    /// Makes up what nobody saw.
    fn leap(&mut self, until_ms: u64) {
        self.now_ms = self.now_ms.max(until_ms.saturating_sub(HISTORY_MS));
        let mut traded = false;
        while self.now_ms + SLICE_MS <= until_ms {
            let left = u32::try_from((until_ms - self.now_ms) / 1000).unwrap_or(u32::MAX);
            let seconds = left.min(LEAP_SECONDS);
            if seconds == 0 {
                break;
            }
            self.now_ms += u64::from(seconds) * 1000;
            let at = self.seconds();
            self.phase = day::session(at).phase;
            if self.phase == Phase::Open {
                traded = true;
                self.swing(seconds);
                for symbol in &mut self.symbols {
                    symbol.leap(at, &mut self.random);
                }
            }
        }
        self.now_ms -= self.now_ms % SLICE_MS;
        if traded {
            for symbol in &mut self.symbols {
                symbol.refill(&mut self.random);
            }
        }
    }

    /// What every symbol costs now, in the order of their numbers.
    pub fn quotes(&self) -> impl Iterator<Item = Quote> {
        self.symbols.iter().map(Symbol::quote)
    }

    /// What the market does now.
    pub fn session(&self) -> Session {
        day::session(self.seconds())
    }

    /// Some symbols from a number on, and the number of the next one.
    pub fn symbols(&self, from: u16) -> (List<SymbolInfo, SYMBOLS_PAGE_MAX>, Option<u16>) {
        let began = self.session().began.0;
        let rest = self.symbols.iter().zip(&self.companies).zip(0_u16..);
        let info = |((symbol, company), number): ((&Symbol, &Company), u16)| {
            let day = symbol.tape.day(began);
            SymbolInfo {
                symbol: number,
                ticker: Text::cut(&company.ticker),
                name: Text::cut(&company.name),
                sector: Text::cut(company.sector),
                previous_close: Some(day.previous_close.parts()),
                open: day.open.map(Price::parts),
            }
        };
        let page = List::cut(rest.skip(from.into()).map(info));
        let next = usize::from(from).saturating_add(SYMBOLS_PAGE_MAX);
        let next = u16::try_from(next).ok().filter(|next| *next < SYMBOLS);
        (page, next)
    }

    fn tape(&self, symbol: u16) -> Option<&Tape<Ticks>> {
        let symbol = self.symbols.get(usize::from(symbol))?;
        Some(&symbol.tape)
    }

    /// What a symbol costs now, in parts of a unit of money, and what it is called.
    pub fn price(&self, symbol: u16) -> Option<(u64, &str)> {
        let at = usize::from(symbol);
        let (symbol, company) = (self.symbols.get(at)?, self.companies.get(at)?);
        Some((symbol.quote().price, &company.ticker))
    }

    /// How the day of a symbol has been so far.
    pub fn summary(&self, symbol: u16) -> Option<Summary> {
        Some(self.tape(symbol)?.summary(symbol, self.session().began.0))
    }

    /// The newest candles of a symbol.
    pub fn candles(&self, symbol: u16, span: Span, count: u16) -> Option<Candles> {
        Some(self.tape(symbol)?.candles(span, count))
    }

    /// The newest trades of a symbol.
    pub fn trades(&self, symbol: u16, count: u8) -> Option<Trades> {
        Some(self.tape(symbol)?.trades(count))
    }
}

#[cfg(test)]
#[path = "market_tests.rs"]
mod tests;
