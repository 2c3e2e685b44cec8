//! A book: what is bid and asked for one symbol, by price. Orders that meet are trades.
//!
//! Prices are in ticks, the smallest step between two of them. Of each side, the best levels are kept.

use trunkline_protocol::topics::ticker::Side;

/// How many prices of each side a book keeps. An order at a worse one than all of them is dropped.
pub const LEVELS_MAX: usize = 10;

/// The most that a level holds, in lots.
pub(crate) const LEVEL_SIZE_MAX: u32 = 20_000;

/// What is bid or asked at one price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) price: u32,
    pub(crate) size: u32,
}

/// One trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fill {
    pub(crate) price: u32,
    pub(crate) size: u32,
    /// That of the order which came.
    pub(crate) side: Side,
}

/// The levels of both sides, the best ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    bids: Vec<Level>,
    asks: Vec<Level>,
}

impl Book {
    pub(crate) fn best_bid(&self) -> Option<Level> {
        self.bids.first().copied()
    }

    pub(crate) fn best_ask(&self) -> Option<Level> {
        self.asks.first().copied()
    }

    /// What waits to buy, or to sell, the best first.
    pub(crate) fn levels(&self, side: Side) -> &[Level] {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn levels_mut(&mut self, side: Side) -> &mut Vec<Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// An order that buys or sells up to `size` at `limit` or better. What finds nobody stays.
    pub(crate) fn place(&mut self, side: Side, limit: u32, size: u32, fills: &mut Vec<Fill>) {
        let left = self.take(side, limit, size, fills);
        if left > 0 {
            self.rest(side, limit, left);
        }
    }

    /// An order that buys or sells up to `size` at `limit` or better now. Tells what is left.
    pub(crate) fn take(&mut self, side: Side, limit: u32, size: u32, fills: &mut Vec<Fill>) -> u32 {
        let others = self.levels_mut(opposite(side));
        let mut left = size;
        while let Some(best) = others.first_mut() {
            let meets = match side {
                Side::Buy => best.price <= limit,
                Side::Sell => best.price >= limit,
            };
            if left == 0 || !meets {
                break;
            }
            let size = left.min(best.size);
            fills.push(Fill {
                price: best.price,
                size,
                side,
            });
            left -= size;
            best.size -= size;
            if best.size == 0 {
                others.remove(0);
            }
        }
        left
    }

    /// Takes back up to `size` of what waits at a level. A side keeps its last level.
    pub(crate) fn cancel(&mut self, side: Side, level: usize, size: u32) {
        let levels = self.levels_mut(side);
        if levels.len() < 2 {
            return;
        }
        let Some(at) = levels.get_mut(level) else {
            return;
        };
        at.size = at.size.saturating_sub(size);
        if at.size == 0 {
            levels.remove(level);
        }
    }

    /// Takes back all of the best `count` levels.
    pub(crate) fn withdraw(&mut self, side: Side, count: usize) {
        let levels = self.levels_mut(side);
        levels.drain(..count.min(levels.len()));
    }

    /// Adds what meets nobody to its level.
    fn rest(&mut self, side: Side, price: u32, size: u32) {
        let levels = self.levels_mut(side);
        let place = levels.binary_search_by(|level| match side {
            Side::Buy => price.cmp(&level.price),
            Side::Sell => level.price.cmp(&price),
        });
        match place {
            Ok(at) => levels[at].size = levels[at].size.saturating_add(size).min(LEVEL_SIZE_MAX),
            Err(at) => {
                let size = size.min(LEVEL_SIZE_MAX);
                levels.insert(at, Level { price, size });
                levels.truncate(LEVELS_MAX);
            }
        }
    }
}

/// The side that an order meets.
pub(crate) fn opposite(side: Side) -> Side {
    match side {
        Side::Buy => Side::Sell,
        Side::Sell => Side::Buy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(bids: &[(u32, u32)], asks: &[(u32, u32)]) -> Book {
        let mut book = Book::default();
        for (side, levels) in [(Side::Buy, bids), (Side::Sell, asks)] {
            for (price, size) in levels {
                book.place(side, *price, *size, &mut Vec::new());
            }
        }
        book
    }

    fn levels(book: &Book, side: Side) -> Vec<(u32, u32)> {
        let levels = book.levels(side).iter();
        levels.map(|level| (level.price, level.size)).collect()
    }

    #[test]
    fn levels_stand_in_order_and_the_worst_ones_go() {
        let all: Vec<(u32, u32)> = (1..=14).map(|price| (price * 7 % 15, 5)).collect();
        let bids = levels(&book(&all, &[]), Side::Buy);
        assert_eq!(bids, (5..=14).rev().map(|it| (it, 5)).collect::<Vec<_>>());
        let asks = levels(&book(&[], &all), Side::Sell);
        assert_eq!(asks, (1..=10).map(|it| (it, 5)).collect::<Vec<_>>());
        let same = book(&[(5, 3), (5, 4)], &[]);
        assert_eq!(levels(&same, Side::Buy), [(5, 7)]);
        let full = book(&[(5, u32::MAX), (5, u32::MAX)], &[]);
        assert_eq!(levels(&full, Side::Buy), [(5, LEVEL_SIZE_MAX)]);
    }

    /// What an order of 10 at `limit` trades, and what waits then.
    fn check(
        side: Side,
        limit: u32,
        traded: &[(u32, u32)],
        bids: &[(u32, u32)],
        asks: &[(u32, u32)],
    ) {
        let mut book = book(&[(99, 4), (98, 3)], &[(101, 4), (102, 3)]);
        let mut fills = Vec::new();
        book.place(side, limit, 10, &mut fills);
        let found: Vec<(u32, u32)> = fills.iter().map(|it| (it.price, it.size)).collect();
        assert_eq!(found, traded, "{side:?} {limit}");
        assert!(fills.iter().all(|it| it.side == side));
        assert_eq!(levels(&book, Side::Buy), bids, "{side:?} {limit}");
        assert_eq!(levels(&book, Side::Sell), asks, "{side:?} {limit}");
    }

    #[test]
    fn orders_that_meet_are_trades_and_the_rest_waits() {
        let (bids, asks) = ([(99, 4), (98, 3)], [(101, 4), (102, 3)]);
        check(Side::Buy, 100, &[], &[(100, 10), (99, 4), (98, 3)], &asks);
        check(
            Side::Buy,
            101,
            &[(101, 4)],
            &[(101, 6), (99, 4), (98, 3)],
            &[(102, 3)],
        );
        check(Side::Buy, 102, &asks, &[(102, 3), (99, 4), (98, 3)], &[]);
        check(
            Side::Sell,
            99,
            &[(99, 4)],
            &[(98, 3)],
            &[(99, 6), (101, 4), (102, 3)],
        );
        check(Side::Sell, 90, &bids, &[], &[(90, 3), (101, 4), (102, 3)]);
    }

    #[test]
    fn what_waits_can_be_taken_back_but_for_the_last() {
        let mut book = book(&[(99, 4), (98, 3)], &[]);
        book.cancel(Side::Buy, 0, 1);
        assert_eq!(levels(&book, Side::Buy), [(99, 3), (98, 3)]);
        book.cancel(Side::Buy, 7, 1);
        book.cancel(Side::Buy, 0, 9);
        book.cancel(Side::Buy, 0, 9);
        assert_eq!(levels(&book, Side::Buy), [(98, 3)]);
        book.withdraw(Side::Buy, 5);
        assert_eq!(levels(&book, Side::Buy), []);
    }
}
