//! Ticker: what the server does with quotes. The words are in the protocol's `ticker.rs`.

use std::sync::Arc;

use trunkline_protocol::topics::ticker::{
    BoardName, Listed, Listing, PRICE_MAX, Quote, SymbolName, Ticker, TickerKey,
};
use trunkline_protocol::{Error, ErrorCode, TextForm, User, read_text};

use super::handler::{Access, Context, Handler};
use crate::market::Exchange;

/// What a user may do with a board: everybody may read, and write to boards of their own, so that
/// nobody spoils a board that others read. To boards that are nobody's, nobody writes.
fn access(user: &User, board: &BoardName) -> Access {
    if board.owner() == Some(user.id) {
        Access::FULL
    } else {
        Access::READ
    }
}

/// Takes quotes whose prices are prices.
pub(crate) struct TickerHandler(pub(crate) Arc<Exchange>);

impl Handler for TickerHandler {
    type Topic = Ticker;

    fn authorize(&self, user: &User, key: &TickerKey) -> Result<Access, Error> {
        self.0.check(key)?;
        Ok(access(user, key.board()))
    }

    async fn on_command(
        &self,
        context: &Context<'_, Ticker>,
        key: &TickerKey,
        quote: Quote,
    ) -> Result<Quote, Error> {
        let quote = checked(quote)?;
        self.0.note(key, &quote, context.now);
        Ok(quote)
    }
}

/// Takes names of symbols that a topic can be named by.
pub(crate) struct ListingHandler;

impl Handler for ListingHandler {
    type Topic = Listing;

    fn authorize(&self, user: &User, board: &BoardName) -> Result<Access, Error> {
        Ok(access(user, board))
    }

    async fn on_command(
        &self,
        _: &Context<'_, Listing>,
        _: &BoardName,
        listed: Listed,
    ) -> Result<Listed, Error> {
        let invalid = |detail: String| Error::new(ErrorCode::Invalid, detail);
        let name = listed.ticker.parse::<SymbolName>();
        name.map_err(|error| invalid(error.to_string()))?;
        for (what, text) in [("name", &*listed.name), ("sector", &*listed.sector)] {
            // Either may be missing. Its bytes are bounded by its type.
            if !text.is_empty() {
                let read = read_text(text, TextForm::Line, text.len());
                read.map_err(|problem| invalid(format!("{problem} in the {what}")))?;
            }
        }
        Ok(listed)
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
    use crate::config::Config;

    fn check_quote(price: u64, bid_below: u16, expected: Result<(), &str>) {
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
        check_quote(1, 0, Ok(()));
        check_quote(1, 1, Ok(()));
        check_quote(PRICE_MAX, u16::MAX, Ok(()));
        check_quote(0, 0, Err("the price is 0, expected 1 to 10000000000000"));
        check_quote(
            PRICE_MAX + 1,
            0,
            Err("the price is 10000000000001, expected 1 to 10000000000000"),
        );
        check_quote(
            u64::MAX,
            0,
            Err("the price is 18446744073709551615, expected 1 to 10000000000000"),
        );
        check_quote(7, 8, Err("the bid is 8 below a price of 7"));
    }

    /// What a user may do with the quotes and the names of a board.
    fn check(user: u64, key: &str, expected: Access) {
        let user = User {
            id: UserId(user),
            name: Text::cut("Ada"),
        };
        let handler = TickerHandler(Exchange::new(&Config::default()));
        let key: TickerKey = key.parse().expect("a key");
        assert_eq!(handler.authorize(&user, &key), Ok(expected), "{key}");
        let names = ListingHandler.authorize(&user, key.board());
        assert_eq!(names, Ok(expected), "{key}");
    }

    #[test]
    fn a_board_is_written_by_its_owner_and_read_by_all() {
        for own in [
            "user-0000000000000007",
            "user-0000000000000007-mine",
            "user-0000000000000007.ABCD",
        ] {
            check(7, own, Access::FULL);
            check(8, own, Access::READ);
        }
        check(7, "nasdaq", Access::READ);
        check(7, "market.BARV", Access::READ);
    }
}
