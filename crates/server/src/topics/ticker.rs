//! Ticker: what the server does with quotes. The words are in the protocol's `ticker.rs`.

use trunkline_protocol::topics::ticker::{BoardName, PRICE_MAX, Quote, Ticker};
use trunkline_protocol::{Error, ErrorCode, User};

use super::handler::{Access, Context, Handler};

/// Lets everybody read, and everybody write to boards of their own, so that nobody spoils a board
/// that others read. To boards that are nobody's, nobody writes.
pub(crate) struct TickerHandler;

impl Handler for TickerHandler {
    type Topic = Ticker;

    fn authorize(&self, user: &User, board: &BoardName) -> Result<Access, Error> {
        Ok(if board.owner() == Some(user.id) {
            Access::FULL
        } else {
            Access::READ
        })
    }

    async fn on_command(
        &self,
        _: &Context<'_, Ticker>,
        _: &BoardName,
        quote: Quote,
    ) -> Result<Quote, Error> {
        checked(quote)
    }
}

/// Checks that the prices of a quote are prices.
fn checked(quote: Quote) -> Result<Quote, Error> {
    let invalid = |detail: String| Err(Error::new(ErrorCode::Invalid, detail));
    if !(1..=PRICE_MAX).contains(&quote.price) {
        return invalid(format!(
            "the price is {}, expected 1 to {PRICE_MAX}",
            quote.price
        ));
    }
    if u64::from(quote.bid_below) > quote.price {
        return invalid(format!(
            "the bid is {} below a price of {}",
            quote.bid_below, quote.price
        ));
    }
    Ok(quote)
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{Text, UserId};

    use super::*;

    fn check(price: u64, bid_below: u16, expected: Result<(), &str>) {
        let quote = Quote {
            symbol: 7,
            price,
            bid_below,
            ask_above: u16::MAX,
            size: u32::MAX,
        };
        match (checked(quote), expected) {
            (Ok(taken), Ok(())) => assert_eq!(taken, quote),
            (Err(error), Err(detail)) => {
                assert_eq!(
                    (error.code, error.detail.as_str()),
                    (ErrorCode::Invalid, detail)
                );
            }
            (found, _) => panic!("{price} {bid_below}: {found:?}"),
        }
    }

    #[test]
    fn a_price_is_in_its_range_and_no_bid_is_below_nothing() {
        check(1, 0, Ok(()));
        check(1, 1, Ok(()));
        check(PRICE_MAX, u16::MAX, Ok(()));
        check(0, 0, Err("the price is 0, expected 1 to 10000000000000"));
        check(
            PRICE_MAX + 1,
            0,
            Err("the price is 10000000000001, expected 1 to 10000000000000"),
        );
        check(
            u64::MAX,
            0,
            Err("the price is 18446744073709551615, expected 1 to 10000000000000"),
        );
        check(7, 8, Err("the bid is 8 below a price of 7"));
    }

    fn access(user: u64, board: &str) -> Access {
        let user = User {
            id: UserId(user),
            name: Text::cut("Ada"),
        };
        let board = board.parse().expect("a board");
        let access = TickerHandler.authorize(&user, &board);
        access.expect("everybody may read")
    }

    #[test]
    fn a_board_is_written_by_its_owner_and_read_by_all() {
        for own in ["user-0000000000000007", "user-0000000000000007-mine"] {
            assert_eq!(access(7, own), Access::FULL);
            assert_eq!(access(8, own), Access::READ);
        }
        assert_eq!(access(7, "nasdaq"), Access::READ);
    }
}
