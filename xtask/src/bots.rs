//! `cargo xtask bots`: bots that play in the arena of a server.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Builds and runs them; their arguments are their own.
pub(crate) fn bots(workspace: &Workspace, args: &[String]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "run",
            "--release",
            "--quiet",
            "--package",
            "trunkline-bots",
            "--",
        ])
        .args(args);
    process::run(&mut cargo)
}
