//! A market of 500 symbols that is made up, by seed. Nothing in it is real, and the same seed and the
//! same calls give the same market.
//!
//! Start with `market`, which says what happens when. A symbol's `value` wanders, with trends and with
//! storms; `agents` send orders around it to a `book`, where they meet; the `tape` keeps what was
//! traded as candles. `tapes` does so for boards that others fill, and `alarms` says who is to be told of
//! a price. All numbers are whole, so that every machine computes the same ones.

mod agents;
mod alarms;
mod auction;
mod book;
mod day;
mod listing;
mod market;
mod price;
mod random;
mod swings;
mod symbol;
mod tape;
mod tapes;

pub use alarms::{ALARMS_OF_ALL_MAX, Alarms, NotTaken, UserAlarm};
pub use book::LEVELS_MAX;
pub use day::{AUCTION_SECONDS, CLOSED_SECONDS};
pub use listing::{Company, SYMBOLS, companies};
pub use market::{AWAY_MS_MAX, Market, RATE_MAX};
pub use tapes::{TAPES_MAX, Tapes};
