//! websockets, the Python package that the example in `examples/python` speaks with.

use std::path::PathBuf;

use anyhow::Result;

use super::venv;

const VERSION: &str = "17.4";

/// Returns a Python that has it.
pub(crate) fn ensure() -> Result<PathBuf> {
    let why = "the example in Python speaks with it";
    Ok(venv::ensure("websockets", VERSION, why)?.join("python"))
}
