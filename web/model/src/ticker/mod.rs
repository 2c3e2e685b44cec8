//! The ticker page as data: a board of quotes, which of its symbols are shown, and a chart.
//!
//! [`Board`] takes what arrives, thousands of quotes a second, and costs a look-up for each; [`View`]
//! says which symbols are shown in which order, [`Watchlist`] which of them the reader watches, and
//! [`Series`] and [`Chart`] turn candles into places on a canvas.

mod board;
mod chart;
mod numbers;
mod typed_price;
mod series;
mod view;
mod watchlist;

pub use board::{Board, Moved, Row};
pub use chart::{Chart, STEP, Shape, Tick};
pub use numbers::{change_text, count_text, price_text};
pub use series::Series;
pub use typed_price::{PriceProblem, parse_price};
pub use view::{Sorting, View};
pub use watchlist::{WATCHED_MAX, Watchlist};
