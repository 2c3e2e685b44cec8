//! Agents: who sends the orders to a book. They follow a value that no order tells.
//!
//! After each step both sides have somebody, the last price is between them or at one of them, and
//! they are at most [`SPREAD_MAX`] apart, so that a quote is short.

use trunkline_protocol::topics::ticker::Side;

use crate::book::{Book, Fill, Level, opposite};
use crate::random::Random;

/// The most ticks between the best bid and the best ask.
pub(crate) const SPREAD_MAX: u32 = 5;

/// How far from the value somebody waits at most, in ticks.
const REACH: u32 = 12;

/// Lets agents act on a book whose last price was `last`, where the symbol is worth `value`, in ticks.
/// Tells the last price then.
pub(crate) fn step(
    book: &mut Book,
    value: u32,
    last: u32,
    random: &mut Random,
    fills: &mut Vec<Fill>,
) -> u32 {
    for side in [Side::Buy, Side::Sell] {
        overtake(book, side, value, random, fills);
    }
    act(book, value, random, fills);
    surround(book, value, random);
    let last = fills.last().map_or(last, |fill| fill.price);
    let last = settle(book, last, random, fills);
    close_up(book, value, last, random);
    last
}

/// Orders that the value has passed are withdrawn; one is too slow, and somebody takes of it.
fn overtake(book: &mut Book, side: Side, value: u32, random: &mut Random, fills: &mut Vec<Fill>) {
    let passed = |book: &Book| {
        let levels = book.levels(opposite(side)).iter();
        let count = levels.take_while(|level| match side {
            Side::Buy => level.price < value,
            Side::Sell => level.price > value,
        });
        count.count()
    };
    let count = passed(book);
    if count == 0 {
        return;
    }
    book.withdraw(opposite(side), count - 1);
    book.take(side, value, random.size(), fills);
    let left = passed(book);
    book.withdraw(opposite(side), left);
}

/// Somebody buys or sells, waits, or takes back.
fn act(book: &mut Book, value: u32, random: &mut Random, fills: &mut Vec<Fill>) {
    let side = if random.bits() & 1 == 0 {
        Side::Buy
    } else {
        Side::Sell
    };
    match random.below(100) {
        0..25 => {
            let limit = match side {
                Side::Buy => value + 2,
                Side::Sell => value - 2,
            };
            book.take(side, limit, random.size(), fills);
        }
        25..80 => {
            let away = random.below(REACH);
            let limit = match side {
                Side::Buy => value - away,
                Side::Sell => value + away,
            };
            book.place(side, limit, 2 * random.size(), fills);
        }
        _ => {
            let level = random.below(4) as usize;
            book.cancel(side, level, 2 * random.size());
        }
    }
}

/// Those who make a market bid and ask around the value where nobody else does.
fn surround(book: &mut Book, value: u32, random: &mut Random) {
    let (bid, ask) = (book.best_bid(), book.best_ask());
    if apart(book) <= SPREAD_MAX {
        return;
    }
    let near = |level: Option<Level>| level.is_some_and(|it| it.price.abs_diff(value) <= 2);
    let none = &mut Vec::new();
    if !near(bid) {
        let price = value - random.between(1, 2);
        book.place(Side::Buy, price, random.size(), none);
    }
    if !near(ask) {
        let price = value + random.between(1, 2);
        book.place(Side::Sell, price, random.size(), none);
    }
}

/// They close up behind the last price, if the side is gone that it was traded at.
fn close_up(book: &mut Book, value: u32, last: u32, random: &mut Random) {
    if apart(book) <= SPREAD_MAX {
        return;
    }
    let none = &mut Vec::new();
    match (book.best_bid(), book.best_ask()) {
        (_, Some(ask)) if ask.price.abs_diff(last) <= SPREAD_MAX => {
            let price = value.min(last).min(ask.price - 1);
            let price = price.max(ask.price - SPREAD_MAX);
            book.place(Side::Buy, price, random.size(), none);
        }
        (Some(bid), _) => {
            let price = value.max(last).max(bid.price + 1);
            let price = price.min(bid.price + SPREAD_MAX);
            book.place(Side::Sell, price, random.size(), none);
        }
        (None, _) => {}
    }
}

/// How far the two sides are from each other.
fn apart(book: &Book) -> u32 {
    match (book.best_bid(), book.best_ask()) {
        (Some(bid), Some(ask)) => ask.price - bid.price,
        _ => u32::MAX,
    }
}

/// If both sides are beyond the last price, somebody trades where the nearer one is.
fn settle(book: &mut Book, last: u32, random: &mut Random, fills: &mut Vec<Fill>) -> u32 {
    let above = book.best_bid().filter(|bid| bid.price > last);
    let below = book.best_ask().filter(|ask| ask.price < last);
    let (side, level) = match (above, below) {
        (Some(bid), _) => (Side::Sell, bid),
        (_, Some(ask)) => (Side::Buy, ask),
        (None, None) => return last,
    };
    book.take(side, level.price, random.size().min(level.size), fills);
    level.price
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::LEVELS_MAX;

    #[test]
    fn a_book_is_never_crossed_empty_too_wide_or_too_deep() {
        let mut random = Random::new(7);
        let (mut book, mut fills) = (Book::default(), Vec::new());
        let (mut value, mut last, mut traded) = (2_000_u32, 2_000, 0);
        for step_number in 0..50_000 {
            // Mostly a little, now and then very far.
            let far = if step_number % 500 == 0 { 200 } else { 3 };
            value = (value + random.between(0, 2 * far))
                .saturating_sub(far)
                .max(100);
            fills.clear();
            last = step(&mut book, value, last, &mut random, &mut fills);
            traded += fills.len();
            let bid = book.best_bid().expect("somebody bids").price;
            let ask = book.best_ask().expect("somebody asks").price;
            assert!(bid < ask, "{step_number}: {bid} {ask}");
            assert!(ask - bid <= SPREAD_MAX, "{step_number}: {bid} {ask}");
            assert!(
                (bid..=ask).contains(&last),
                "{step_number}: {bid} {last} {ask}"
            );
            assert!(last.abs_diff(value) <= REACH + SPREAD_MAX, "{step_number}");
            for side in [Side::Buy, Side::Sell] {
                assert!(book.levels(side).len() <= LEVELS_MAX);
                assert!(book.levels(side).iter().all(|level| level.size > 0));
            }
            assert!(fills.iter().all(|fill| fill.size > 0 && fill.price > 0));
            if let Some(fill) = fills.last() {
                assert_eq!(fill.price, last);
            }
        }
        assert!((10_000..100_000).contains(&traded), "{traded}");
    }
}
