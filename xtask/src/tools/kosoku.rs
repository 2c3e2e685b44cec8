//! kosoku, which runs the WebSocket conformance suite (Autobahn's cases).

use std::path::PathBuf;

use anyhow::Result;

use super::venv;

const VERSION: &str = "0.1.0";

/// Returns the program, in a Python environment of its own.
pub(crate) fn ensure() -> Result<PathBuf> {
    let why = "it runs the WebSocket conformance suite";
    Ok(venv::ensure("kosoku", VERSION, why)?.join("kosoku"))
}
