//! `cargo xtask bench`: measures the server as it is built for use.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds the server and the measurements in release, and runs them; their arguments are their
/// own. The figures go to `target/bench`. The web app is not measured and not built.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    build(workspace, &["trunkline-server", "--bin", "trunkline"])?;
    build(workspace, &["trunkline-bench"])?;
    let mut bench = process::command(workspace.program("release", "trunkline-bench"));
    bench
        .arg("--server")
        .arg(workspace.program("release", "trunkline"))
        .arg("--out")
        .arg(workspace.target.join("bench"))
        .args(args);
    process::run(bench.current_dir(&workspace.root))
}

fn build(workspace: &Workspace, package: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--release", "--package"])
        .args(package);
    process::run(&mut cargo)
}
