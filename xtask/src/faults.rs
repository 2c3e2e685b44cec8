//! `cargo xtask faults`: the real server under crashes and damaged disks.

use anyhow::Result;

use crate::process;
use crate::tools::strace;
use crate::workspace::Workspace;

/// Builds the server and the driver of faults, and runs it; its arguments are its own, but for
/// `--release`. Without that the server is built for development, which is ready sooner.
pub(crate) fn faults(workspace: &Workspace, args: &[String]) -> Result<()> {
    let is_release = args.iter().any(|arg| arg == "--release");
    let args = args.iter().filter(|arg| *arg != "--release");
    if cfg!(target_os = "linux") {
        strace::ensure()?;
    }
    let profile = if is_release { "release" } else { "dev" };
    // In one go, so that both share what they depend on.
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--profile", profile]);
    cargo.args(["--package", "trunkline-server", "--bin", "trunkline"]);
    cargo.args(["--package", "trunkline-tests", "--bin", "trunkline-faults"]);
    process::run(&mut cargo)?;
    let folder = if is_release { "release" } else { "debug" };
    let mut driver = process::command(workspace.program(folder, "trunkline-faults"));
    driver
        .args(args)
        .arg("--server")
        .arg(workspace.program(folder, "trunkline"));
    process::run(driver.current_dir(&workspace.root))
}
