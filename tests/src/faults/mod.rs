//! Faults: the real server under crashes and damaged disks, held to its promise.
//!
//! Nothing that was acknowledged is lost silently: a topic has every acknowledged event in order,
//! once, under the same epoch, or it has another epoch. [`Ledger`] is that promise as a type,
//! [`Talk`] publishes and reads, [`Launch`] starts servers with faults, and each file of
//! `scenarios` is one kind of fault. `cargo xtask faults` runs them; docs/faults.md describes them.

mod chance;
mod connection;
mod ledger;
mod mounts;
mod process;
mod runner;
mod scenarios;
mod site;
mod talk;
mod tally;

pub use chance::Chance;
pub use ledger::Ledger;
pub use process::{Launch, Running};
pub use runner::{Plan, run};
pub use scenarios::Scenario;
pub use talk::Talk;
pub use tally::Tally;
