//! An auction: orders that were collected meet at the one price at which most is traded.

use trunkline_protocol::topics::ticker::Side;

use crate::book::{Book, Fill};
use crate::random::Random;

/// How many orders of each side are collected.
const ORDERS: usize = 12;

/// How far from the value an order of an auction is at most, in ticks.
const REACH: u32 = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Order {
    limit: u32,
    size: u32,
}

/// Collects orders around a value, in ticks, lets them meet, and gives what is left to the book.
/// Tells the trade, if there is one.
pub(crate) fn hold(book: &mut Book, value: u32, random: &mut Random) -> Option<Fill> {
    book.clear();
    let mut order = |_| Order {
        limit: value - REACH + random.between(0, 2 * REACH),
        size: random.size(),
    };
    let mut buys: Vec<Order> = (0..ORDERS).map(&mut order).collect();
    let mut sells: Vec<Order> = (0..ORDERS).map(&mut order).collect();
    let trade = meet(&mut buys, &mut sells, value, random);
    for (side, orders) in [(Side::Buy, buys), (Side::Sell, sells)] {
        for order in orders.iter().filter(|order| order.size > 0) {
            book.place(side, order.limit, order.size, &mut Vec::new());
        }
    }
    trade
}

/// Finds the price, and takes what is traded off the orders.
fn meet(buys: &mut [Order], sells: &mut [Order], value: u32, random: &mut Random) -> Option<Fill> {
    let wanted = |price| sum(buys.iter().filter(|order| order.limit >= price));
    let offered = |price| sum(sells.iter().filter(|order| order.limit <= price));
    let prices = buys.iter().chain(&*sells).map(|order| order.limit);
    let traded = prices.map(|price| (wanted(price).min(offered(price)), price));
    let (size, price) = traded
        .max_by_key(|(size, price)| (*size, std::cmp::Reverse((price.abs_diff(value), *price))))?;
    if size == 0 {
        return None;
    }
    buys.sort_by_key(|order| std::cmp::Reverse(order.limit));
    sells.sort_by_key(|order| order.limit);
    for orders in [buys, sells] {
        let mut left = size;
        for order in orders {
            let taken = order.size.min(left);
            order.size -= taken;
            left -= taken;
        }
    }
    let side = if random.bits() & 1 == 0 {
        Side::Buy
    } else {
        Side::Sell
    };
    Some(Fill { price, size, side })
}

fn sum<'a>(orders: impl Iterator<Item = &'a Order>) -> u32 {
    orders.map(|order| order.size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(buys: &[(u32, u32)], sells: &[(u32, u32)], expected: Option<(u32, u32)>) {
        let orders = |all: &[(u32, u32)]| -> Vec<Order> {
            let order = |(limit, size): &(u32, u32)| Order {
                limit: *limit,
                size: *size,
            };
            all.iter().map(order).collect()
        };
        let (mut buys, mut sells) = (orders(buys), orders(sells));
        let before = sum(buys.iter()) + sum(sells.iter());
        let trade = meet(&mut buys, &mut sells, 100, &mut Random::new(1));
        let found = trade.map(|it| (it.price, it.size));
        assert_eq!(found, expected);
        let after = sum(buys.iter()) + sum(sells.iter());
        assert_eq!(before - after, 2 * found.map_or(0, |it| it.1));
    }

    #[test]
    fn orders_meet_where_most_is_traded() {
        check(&[], &[], None);
        check(&[(99, 5)], &[(101, 5)], None);
        check(&[(101, 5)], &[(99, 5)], Some((99, 5)));
        check(&[(103, 5), (101, 5)], &[(99, 5), (100, 9)], Some((100, 10)));
        check(&[(105, 7)], &[(104, 3), (106, 9)], Some((104, 3)));
    }

    #[test]
    fn what_is_left_is_a_book_that_is_not_crossed() {
        let mut book = Book::default();
        let mut random = Random::new(9);
        let mut trades = 0;
        for value in 1_000..1_500 {
            trades += u32::from(hold(&mut book, value, &mut random).is_some());
            if let (Some(bid), Some(ask)) = (book.best_bid(), book.best_ask()) {
                assert!(bid.price < ask.price, "{value}");
            }
        }
        assert!(trades > 490, "{trades}");
    }
}
