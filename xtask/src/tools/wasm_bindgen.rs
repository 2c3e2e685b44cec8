//! The wasm-bindgen command line, compiled from `xtask/wasm-bindgen` with our Cargo.lock.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::fingerprint::Fingerprint;
use crate::lockfile::Lockfile;
use crate::process;
use crate::workspace::Workspace;

/// Returns the folder with `wasm-bindgen` and `wasm-bindgen-test-runner`.
pub(crate) fn ensure(workspace: &Workspace) -> Result<PathBuf> {
    super::ensure(
        &key(workspace)?,
        "it must match the web app's wasm-bindgen",
        |home| {
            let mut cargo = workspace.cargo();
            cargo.args(["build", "--profile", "tool", "--package", PACKAGE]);
            process::run_aside("wasm-bindgen", &mut cargo, &home.join("install.log"))?;
            for name in PROGRAMS {
                let built = workspace.program("tool", name);
                let target = home.join(built.file_name().unwrap_or_default());
                fs::copy(&built, target).with_context(|| format!("no {}", built.display()))?;
            }
            Ok(())
        },
    )
}

/// The tool's version, and a fingerprint of all that Cargo.lock says it is built from.
pub(crate) fn key(workspace: &Workspace) -> Result<String> {
    let lockfile = Lockfile::read(&workspace.root)?;
    let mut fingerprint = Fingerprint::new();
    for package in lockfile.closure(PACKAGE)? {
        fingerprint.add(package.as_bytes());
    }
    let version = lockfile.version("wasm-bindgen")?;
    Ok(format!("wasm-bindgen-{version}-{}", fingerprint.finish()))
}

const PACKAGE: &str = "wasm-bindgen-tool";
const PROGRAMS: [&str; 2] = ["wasm-bindgen", "wasm-bindgen-test-runner"];
