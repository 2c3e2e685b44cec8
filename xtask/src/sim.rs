//! `cargo xtask sim`: the simulator in release, for as long as one likes.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds and runs the simulator; its arguments are its own.
pub(crate) fn sim(workspace: &Workspace, args: &[String]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "run",
            "--release",
            "--quiet",
            "--package",
            "trunkline-sim",
            "--",
        ])
        .args(args);
    process::run(&mut cargo)
}
