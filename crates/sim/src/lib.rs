//! A simulator that drives Trunkline's state machines over a failing network, by seed.
//!
//! One thread, virtual time, one number that decides everything. Clients ([`ClientSession`]) talk
//! to a server made of a [`ServerSession`] per connection, one [`Hub`] and a [`Log`] per topic,
//! over links that delay, stall, swallow and break; frames travel as bytes in both codecs. Tabs
//! freeze, tokens expire, the server restarts and may lose its history, readers are slow, and the
//! broker takes its time between any two steps. Each seed turns each kind of trouble on or off.
//!
//! After a while everything heals, and the checker asks whether all have what they were promised.
//! It has watched every event before: one order per topic, no silent gap, every command once,
//! every request answered once, counted drops, bounded memory, no work without a cause.
//!
//! A failure names its seed: `cargo xtask sim --seed N` shows it again, step by step.
//!
//! Start with [`World`], then read `server.rs` and `client.rs`, which drive the machines, and
//! `checker.rs`, which says what must hold.
//!
//! [`ClientSession`]: trunkline_session::ClientSession
//! [`ServerSession`]: trunkline_session::ServerSession
//! [`Hub`]: trunkline_hub::Hub
//! [`Log`]: trunkline_hub::Log
//!
#![doc = include_str!("planted.md")]

mod plan;
mod disk_plan;
mod world;
mod faults;
mod client;
mod application;
mod server;
mod intruder;
mod mischief;
mod network;
mod framing;
mod checker;
mod ending;
mod event;
mod setting;
mod agenda;
mod watching;
mod sight;
mod trace;
mod summary;
mod random;

use std::collections::BTreeMap;
use std::fmt;

pub use checker::Violation;
pub use disk_plan::{DiskFault, DiskPlan};
pub use network::{LinkId, Peer};
pub use plan::{Fault, Hostility, Plan, TopicPlan};
pub use sight::{ClientState, Flight, Mood, Sight};
pub use world::World;

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Of all that happened. Equal seeds have equal hashes.
    pub hash: u64,
    /// How many things happened.
    pub steps: u64,
    /// How many events applications were given.
    pub deliveries: u64,
    /// How many times something broke.
    pub faults: u64,
    /// The same by the names of the faults.
    pub struck: BTreeMap<&'static str, u64>,
    /// How many lines were closed because there was no room for an answer.
    pub overflows: u64,
    /// How long the run was in its own time, in milliseconds.
    pub virtual_ms: u64,
    /// What did not hold, if something did not.
    pub failure: Option<Failure>,
}

/// Something that must hold did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed of the run.
    pub seed: u64,
    /// What did not hold.
    pub violation: Violation,
    /// The last things that happened.
    pub last: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.last {
            writeln!(f, "{step}")?;
        }
        writeln!(
            f,
            "seed {}: {}: {}",
            self.seed, self.violation.check, self.violation.what
        )?;
        write!(f, "replay with: cargo xtask sim --seed {}", self.seed)
    }
}

/// Runs the plan of `seed`: two in ten seeds meet a server that loses deliveries, two in ten meet
/// intruders, and the others keep to the rules.
pub fn run(seed: u64) -> Outcome {
    World::new(plan(seed)).run()
}

/// The plan that [`run`] follows for `seed`.
pub fn plan(seed: u64) -> Plan {
    match seed % 10 {
        7 | 8 => Plan::with_lossy_server(seed),
        5 | 9 => Plan::with_intruders(seed),
        _ => Plan::of(seed),
    }
}

#[cfg(test)]
mod tests;
