//! schemathesis, which asks the server whatever its OpenAPI description allows and forbids.

use std::path::PathBuf;

use anyhow::Result;

use super::venv;

const VERSION: &str = "4.32.5";

/// Returns the program, in a Python environment of its own.
pub(crate) fn ensure() -> Result<PathBuf> {
    let why = "it tests the HTTP API by its description";
    Ok(venv::ensure("schemathesis", VERSION, why)?.join("schemathesis"))
}
