//! cargo-deny, which checks licences, sources and unwanted crates.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_install::cargo_install;

const VERSION: &str = "0.20.2";

/// Returns the program; compiles it on the first call of this user.
pub(crate) fn ensure() -> Result<PathBuf> {
    let key = format!("cargo-deny-{VERSION}");
    let why = "it checks licences and sources; compiled once, takes one to three minutes";
    let home = super::ensure(&key, why, |home| {
        cargo_install(home, "cargo-deny", VERSION, &[])
    })?;
    Ok(home
        .join("bin")
        .join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX)))
}
