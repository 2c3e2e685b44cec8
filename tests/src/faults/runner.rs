//! The runner: splits rounds into units with a folder each, and runs a few units at a time.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::chance::Chance;
use super::scenarios::Scenario;
use super::tally::Tally;

/// Rounds of the scenario `rot` from which on some running servers must meet the damage.
const MET_ROUNDS_MIN: usize = 20;

/// Amount of work to run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server's binary.
    pub binary: PathBuf,
    /// Rounds of the scenario, or crash points.
    pub rounds: usize,
    /// Seed of all choices.
    pub seed: u64,
    /// Units that run at the same time.
    pub jobs: usize,
}

/// Runs a scenario. A unit that cannot go on counts as a broken promise.
///
/// # Errors
///
/// The machine lacks something that the scenario needs.
pub async fn run(scenario: Scenario, plan: &Plan) -> Result<Tally> {
    scenario.check_machine()?;
    let turns = Arc::new(Semaphore::new(plan.jobs.max(1)));
    let mut units = JoinSet::new();
    let mut chance = Chance::new(plan.seed ^ scenario as u64);
    let mut left = plan.rounds;
    while left > 0 {
        let rounds = left.min(scenario.unit_len());
        left -= rounds;
        let (turns, binary, seed) = (Arc::clone(&turns), plan.binary.clone(), chance.bits());
        units.spawn(async move {
            let _turn = turns.acquire().await;
            let unit = Box::pin(scenario.unit(&binary, seed, rounds));
            unit.await
                .with_context(|| format!("a unit with the seed {seed:#x}"))
        });
    }
    let mut sum = Tally::default();
    while let Some(unit) = units.join_next().await {
        match unit.context("a unit panicked")? {
            Ok(tally) => {
                for violation in &tally.violations {
                    eprintln!("{}: {violation}", scenario.name());
                }
                sum.add(tally);
            }
            Err(error) => {
                eprintln!("{}: {error:#}", scenario.name());
                sum.violations.push(format!("{error:#}"));
            }
        }
    }
    if scenario == Scenario::Rot {
        let (met, rounds) = (sum.damage_met, sum.rounds);
        eprintln!("rot: a running server met the damage in {met} of {rounds} rounds");
        // A run that never gets there would prove nothing.
        if rounds >= MET_ROUNDS_MIN && met * 10 < rounds {
            sum.violations
                .push(format!("only {met} of {rounds} servers met the damage"));
        }
    }
    Ok(sum)
}
