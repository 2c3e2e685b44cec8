//! `cargo xtask bench`: measures the server as it is built for use.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::node_packages;
use crate::workspace::Workspace;

/// Builds the server and the measurements in release, and runs them; their arguments are their
/// own. The figures go to `target/bench`. The web app is not measured and not built.
///
/// Other servers to compare with are got ready where they are wanted. One that cannot be got is
/// named, and left out.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    build(workspace, &["trunkline-server", "--bin", "trunkline"])?;
    build(workspace, &["trunkline-bench"])?;
    let mut bench = process::command(workspace.program("release", "trunkline-bench"));
    bench
        .arg("--server")
        .arg(workspace.program("release", "trunkline"))
        .arg("--out")
        .arg(workspace.target.join("bench"));
    add_peers(workspace, &Wanted::from(args), &mut bench);
    process::run(bench.args(args).current_dir(&workspace.root))
}

fn build(workspace: &Workspace, package: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--release", "--package"])
        .args(package);
    process::run(&mut cargo)
}

/// The languages of the peers that are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Wanted {
    rust: bool,
    node: bool,
}

impl Wanted {
    /// Reads the measurements' arguments as far as they tell.
    fn from(args: &[String]) -> Self {
        let (mut scenario, mut peers) = (None, None);
        let mut args = args.iter().map(String::as_str);
        while let Some(arg) = args.next() {
            match arg.split_once('=') {
                Some(("--peers", names)) => peers = Some(names),
                _ if arg == "--peers" => peers = args.next(),
                _ if arg == "--help" || arg == "-h" => scenario = Some("--help"),
                _ if !arg.starts_with('-') => scenario = Some(arg),
                _ => {}
            }
        }
        let alone = scenario.is_some_and(|it| ALONE.iter().any(|start| it.starts_with(start)));
        let any = |of: &[&str]| {
            let named = |names: &str| names.split(',').any(|name| of.contains(&name));
            !alone && peers.is_none_or(named)
        };
        Self {
            rust: any(&RUST),
            node: any(&NODE),
        }
    }
}

/// How the scenarios begin that compare with no other server.
const ALONE: [&str; 6] = [
    "arena",
    "durable-",
    "live-calls",
    "recovery-",
    "wire",
    "--help",
];
const RUST: [&str; 4] = ["raw", "raw-corked", "axum", "socketioxide"];
const NODE: [&str; 3] = ["bun", "ws", "socket.io"];

/// Gets the peers ready, and tells the measurements where they are.
fn add_peers(workspace: &Workspace, wanted: &Wanted, bench: &mut Command) {
    let peers = workspace.root.join("crates/bench/peers");
    if wanted.rust {
        let target = workspace.target.join("bench-peers");
        match build_rust_peers(workspace, &peers.join("rust"), &target) {
            Ok(()) => {
                let program = format!("bench-peers{}", std::env::consts::EXE_SUFFIX);
                let program = target.join("release").join(program);
                bench.arg("--rust-peers").arg(program);
            }
            Err(error) => eprintln!("    left out, {}: {error:#}", RUST.join(", ")),
        }
    }
    if wanted.node {
        let scripts = peers.join("node");
        match node_packages::ensure(&scripts, "bench-peers", "the benchmarks compare with them") {
            Ok(home) => {
                bench.arg("--node-peers").arg(home);
                bench.arg("--peer-scripts").arg(scripts);
            }
            Err(error) => eprintln!("    left out, {}: {error:#}", NODE.join(", ")),
        }
    }
}

/// They are no part of the workspace: what they depend on is theirs alone.
fn build_rust_peers(workspace: &Workspace, folder: &Path, target: &Path) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--release", "--locked", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target);
    process::run(&mut cargo).context("they cannot be built")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str, rust: bool, node: bool) {
        let list: Vec<String> = args.split_whitespace().map(str::to_owned).collect();
        assert_eq!(Wanted::from(&list), Wanted { rust, node }, "{args:?}");
    }

    #[test]
    fn only_what_is_wanted_is_got_ready() {
        check("", true, true);
        check("fan-out --quick", true, true);
        check("fan-out --peers bun", false, true);
        check("--peers=raw,ws calls", true, true);
        check("saturated --peers axum --quick", true, false);
        check("--peers none", false, false);
        check("durable-latency", false, false);
        check("wire", false, false);
        check("--help", false, false);
    }
}
