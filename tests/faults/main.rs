//! The real server under faults: `cargo xtask faults [SCENARIO] [--rounds N] [--points N] [--seed N]`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use trunkline_tests::faults::{Plan, Scenario, Tally, run};

/// Drives the real server with faults and compares what it keeps with what it acknowledged. Without
/// a scenario, all of them one after the other.
#[derive(Parser)]
#[command(bin_name = "cargo xtask faults")]
struct Cli {
    /// Which faults
    #[arg(value_parser = Scenario::ALL.map(Scenario::name))]
    scenario: Option<String>,

    /// Rounds of each scenario but `crash`
    #[arg(long, default_value_t = 100)]
    rounds: usize,

    /// Crash points
    #[arg(long, default_value_t = 500)]
    points: usize,

    /// Seed of all choices; the moments at which processes run are not repeated
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Number of servers that run at a time
    #[arg(long, default_value_t = 3)]
    jobs: usize,

    /// The server's binary
    #[arg(long, value_name = "FILE", hide = true)]
    server: PathBuf,
}

fn main() -> Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut failed = false;
    println!("{}", Tally::header());
    for scenario in Scenario::ALL {
        if cli
            .scenario
            .as_deref()
            .is_some_and(|name| name != scenario.name())
        {
            continue;
        }
        let plan = Plan {
            binary: cli.server.clone(),
            rounds: match scenario {
                Scenario::Crash => cli.points,
                _ => cli.rounds,
            },
            seed: cli.seed,
            jobs: cli.jobs,
        };
        let started = Instant::now();
        match runtime.block_on(run(scenario, &plan)) {
            Ok(tally) => {
                failed |= !tally.holds();
                let secs = started.elapsed().as_secs();
                println!("{}   {secs} s", tally.row(scenario.name()));
            }
            Err(error) => {
                failed = true;
                println!("{:<12} NOT RUN: {error:#}", scenario.name());
            }
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
