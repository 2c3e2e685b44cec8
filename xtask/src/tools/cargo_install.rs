//! Tools that are compiled from the crates registry, in a profile that compiles quickly.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;

/// Installs one version of a crate's programs into `home/bin`.
///
/// Works in a target folder of its own, so that it never waits for a build of the workspace
/// nor a build for it, and outside the clone, whose cargo configuration is not for it.
pub(crate) fn cargo_install(home: &Path, name: &str, version: &str, more: &[&str]) -> Result<()> {
    let build = home.join("build");
    let mut cargo = process::cargo();
    cargo
        .args(["install", name, "--version", version, "--locked", "--debug"])
        .args(["--no-track", "--root"])
        .arg(home)
        .args(more)
        .current_dir(home)
        .env("CARGO_TARGET_DIR", &build)
        // A tool that is compiled once and runs for seconds: compiling it is what takes time.
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false")
        .env("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false")
        .env("CARGO_PROFILE_DEV_PANIC", "abort")
        .env_remove("RUSTFLAGS");
    process::run_aside(name, &mut cargo, &home.join("install.log"))?;
    fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))
}
