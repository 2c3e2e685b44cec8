//! Who is there: guests with a nickname, and no accounts yet.
//!
//! A cookie keeps the nickname in the browser, out of reach of scripts. The page trades it for a
//! short access token, which opens a conversation. Both are sealed by one key that stays in the
//! data folder; read `guests` first.

mod guests;
mod nickname;
mod seal;

mod cookie;
mod key;
mod routes;

pub use guests::{Guests, User};
#[cfg(test)]
pub(crate) use routes::paths;
pub(crate) use routes::router;
pub use seal::{AccessToken, TokenError};
