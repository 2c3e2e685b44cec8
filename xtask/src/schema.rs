//! `cargo xtask schema`: the descriptions of the protocol for people without Rust.

use std::path::Path;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Writes `schema/` anew from the types.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    generator(workspace, "write")
}

/// Fails if a file in `schema/` is not as the types are.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    generator(workspace, "check")
}

fn generator(workspace: &Workspace, task: &str) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args(["run", "--quiet", "--package", "trunkline-schema", "--"])
        .arg(task)
        .arg(Path::new("schema"));
    process::run(cargo.current_dir(&workspace.root))
}
