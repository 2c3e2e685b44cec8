//! A simulator that drives Trunkline's state machines over a failing network, by seed.

mod plan;
mod world;
mod faults;
mod client;
mod application;
mod server;
mod intruder;
mod mischief;
mod network;
mod checker;
mod ending;
mod event;
mod setting;
mod agenda;
mod trace;
mod summary;
mod random;

use std::fmt;

pub use checker::Violation;
pub use plan::{Fault, Hostility, Plan, TopicPlan};
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
