//! The whole system over real sockets and real browsers.

mod browser;
mod browser_history;
mod calls;
mod chat;
mod cli;
mod close_codes;
mod conformance;
mod durability;
mod handshake;
mod presence;
mod recovery;
mod refusals;
mod shards;
mod shutdown;
mod slow_readers;
mod ticker;
