//! Both machines against each other, without a hub: what one conversation promises.
//!
//! A [`Pair`](pair::Pair) does for both what a driver does, and lets a test lose frames, lines and
//! time; [`Alone`](alone::Alone) is a client over HTTP, for which a test plays the rest. `crates/sim` does the same with everything at once and by the thousand.

mod pair;
mod alone;

mod opening;
mod limits;
mod heartbeat;
mod one_way;
mod over_http;
mod climbing;
mod tokens;
mod reconnecting;
mod commands;
mod refused_commands;
mod saved_commands;
mod subscriptions;
mod proofs;
