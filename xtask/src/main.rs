//! The commands of this repository: `cargo xtask run`, `test`, `check` and the rest.
//!
//! Start at [`Task`]; each command has a module of its name. Nothing here imports our crates.

mod bench;
mod bots;
mod check;
mod dev;
mod dist;
mod faults;
mod fingerprint;
mod full_build;
mod fuzz;
mod gate;
mod lockfile;
mod precompress;
mod process;
mod run;
mod schema;
mod sim;
mod test;
mod test_binaries;
mod test_count;
mod tidy;
mod tools;
mod web_build;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// The commands of the Trunkline repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Get what is missing, build everything in release, start the server
    Run {
        /// Passed on to `trunkline serve`, such as `--listen 127.0.0.1:9000`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build what `run` starts: the server with the web app inside
    Build,
    /// Server and web app for development: both follow edits, one Ctrl-C ends both
    Dev {
        /// Passed on to `trunkline serve`, such as `--listen 127.0.0.1:9000`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Format, lints, layering, descriptions, licences, docs
    Check,
    /// Everything that must pass, starting with `check`
    Test {
        /// Run this step only
        #[arg(long, value_enum)]
        only: Option<test::Step>,
        /// Passed on to the test programs, for example a part of a test's name
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Writes `schema/` anew: JSON Schema, AsyncAPI, OpenAPI, TypeScript and a page, from the types
    Schema,
    /// The simulator, for longer than the tests run it
    #[command(disable_help_flag = true)]
    Sim {
        /// Passed on to the simulator: `--seed N`, `--secs S`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Bots that play in the arena of a server
    #[command(disable_help_flag = true)]
    Bots {
        /// Passed on to the bots: how many, `--url`, `--room`, `--secs`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Streams made up by libFuzzer, read by the WebSocket decoder and by another
    Fuzz {
        /// How long
        #[arg(long, default_value_t = 60)]
        secs: u32,
        /// Judges this input only: the file that a failure named
        input: Option<String>,
    },
    /// The real server under crashes and damaged disks; see docs/faults.md
    #[command(disable_help_flag = true)]
    Faults {
        /// Passed on: a scenario's name, `--rounds N`, `--points N`, `--seed N`, `--help`; with
        /// `--release`, the server is built as for use
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measurements of the real server, in release; see docs/benchmarks.md
    #[command(disable_help_flag = true)]
    Bench {
        /// Instead, compare instructions of the rules and the size of the page with their budget
        #[arg(long)]
        gate: bool,
        /// Passed on to the measurements: a scenario's name, `--quick`, `--help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::load()?;
    match task {
        Task::Run { args } => run::run(&workspace, &args)?,
        Task::Build => full_build::build(&workspace)?,
        Task::Dev { args } => dev::dev(&workspace, &args)?,
        Task::Check => check::check(&workspace)?,
        Task::Test { only, args } => return test::test(&workspace, only, &args),
        Task::Schema => schema::write(&workspace)?,
        Task::Sim { args } => sim::sim(&workspace, &args)?,
        Task::Bots { args } => bots::bots(&workspace, &args)?,
        Task::Fuzz { secs, input } => fuzz::fuzz(&workspace, secs, input.as_deref())?,
        Task::Faults { args } => faults::faults(&workspace, &args)?,
        Task::Bench { gate: true, args } if args.is_empty() => gate::gate(&workspace)?,
        Task::Bench { gate: true, .. } => bail!("`bench --gate` takes nothing else"),
        Task::Bench { gate: false, args } => bench::bench(&workspace, &args)?,
    }
    Ok(ExitCode::SUCCESS)
}
