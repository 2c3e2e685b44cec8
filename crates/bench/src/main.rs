//! Measurements of the real server: `cargo xtask bench [SCENARIO] [--quick]`.
//!
//! Start at [`scenarios`]: each is a file. A scenario starts the server's binary as a process of
//! its own, loads it over loopback, and checks that nothing was lost, doubled or reordered before
//! it tells a figure. Nothing here asserts a time.

mod scenarios;
mod contest;
mod contender;
mod peer_server;
mod comparison;
mod load;
mod board;
mod server;
mod narrow_line;
mod peer;
mod message;
mod speaker;
mod raw_store;
mod cpu;
mod kernel;
mod machine;
mod report;
mod broadcast;
mod chart;
mod spread;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::machine::Watch;
use crate::peer_server::{PeerPrograms, PeerServer};
use crate::report::Report;
use crate::scenarios::{SCENARIOS, Scenario};
use crate::server::Launcher;

/// Measures the real server. Without a scenario, all of them one after the other. With `--gate`
/// alone, compares instructions and the page's size with their budget instead.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Cli {
    /// What to measure
    #[arg(value_parser = SCENARIOS.map(|it| it.name))]
    scenario: Option<String>,

    /// Less of everything: to see that it works, and roughly where the figures are
    #[arg(long)]
    quick: bool,

    /// Which other servers to compare with, separated by commas; all if left out
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    #[arg(value_parser = peer_names())]
    peers: Option<Vec<String>>,

    /// An earlier build of the server to compare with: its binary
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,

    /// The program that has the other servers in Rust
    #[arg(long, value_name = "FILE", hide = true)]
    rust_peers: Option<PathBuf>,

    /// The folder with the packages of the other servers in JavaScript
    #[arg(long, value_name = "DIR", hide = true)]
    node_peers: Option<PathBuf>,

    /// The folder with the scripts of the other servers in JavaScript
    #[arg(long, value_name = "DIR", hide = true)]
    peer_scripts: Option<PathBuf>,

    /// The server's binary
    #[arg(long, value_name = "FILE", hide = true)]
    server: PathBuf,

    /// The folder for the figures as JSON
    #[arg(long, value_name = "DIR", hide = true)]
    out: PathBuf,
}

fn main() -> ExitCode {
    match measure(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The names of the other servers, and one for none of them.
fn peer_names() -> Vec<&'static str> {
    let names = PeerServer::ALL.iter().map(|peer| peer.name());
    names.chain(["none"]).collect()
}

fn measure(cli: &Cli) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    let programs = PeerPrograms {
        rust: cli.rust_peers.clone(),
        node: cli.node_peers.clone(),
        scripts: cli.peer_scripts.clone(),
    };
    let launcher = Launcher::new(
        &cli.server,
        cli.before.as_deref(),
        programs,
        cli.peers.clone(),
    )?;
    for scenario in SCENARIOS {
        if cli.scenario.as_ref().is_none_or(|it| it == scenario.name) {
            let report = run(&runtime, &scenario, &launcher, cli.quick)
                .with_context(|| format!("{} failed", scenario.name))?;
            print!("{report}");
            report.write(&cli.out)?;
            chart::draw(&cli.out)?;
        }
    }
    Ok(())
}

fn run(
    runtime: &tokio::runtime::Runtime,
    scenario: &Scenario,
    launcher: &Launcher,
    quick: bool,
) -> Result<Report> {
    eprintln!("==> {}: {}", scenario.name, scenario.about);
    let watch = Watch::start()?;
    let mut report = Report::new(scenario.name, quick);
    runtime.block_on((scenario.run)(launcher.clone(), quick, &mut report))?;
    report.set_machine(watch.stop()?);
    Ok(report)
}
