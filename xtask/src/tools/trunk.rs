//! trunk, which builds the web app and serves it in development.

use std::path::PathBuf;

use anyhow::Result;

use super::cargo_install::cargo_install;
use crate::process;

/// The newest version that compiles on our Rust.
const VERSION: &str = "0.21.14";

/// Returns the program; compiles it on the first call of this user.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(program) = on_path() {
        return Ok(program);
    }
    let why = "it builds the web app; compiled once, takes one to five minutes";
    let home = super::ensure(&key(), why, |home| {
        // Without its default features trunk has no TLS, which only its own downloads need.
        cargo_install(home, "trunk", VERSION, &["--no-default-features"])
    })?;
    Ok(home
        .join("bin")
        .join(format!("trunk{}", std::env::consts::EXE_SUFFIX)))
}

/// Whether [`ensure`] returns at once.
pub(crate) fn is_ready() -> bool {
    super::is_installed(&key()) || on_path().is_some()
}

/// What a build with it depends on.
pub(crate) fn key() -> String {
    format!("trunk-{VERSION}")
}

fn on_path() -> Option<PathBuf> {
    let program = process::find("trunk")?;
    let told = process::probe(
        process::command(&program)
            .arg("--version")
            .env_remove("NO_COLOR"),
    )?;
    (told.trim() == format!("trunk {VERSION}")).then_some(program)
}
