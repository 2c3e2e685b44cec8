//! valgrind, which counts instructions.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::apt;
use crate::process;

/// Finds the program; installs it where apt is and we are root.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(program) = process::find("valgrind") {
        return Ok(program);
    }
    if apt::may_install() {
        apt::install(&["valgrind"], "it counts instructions")?;
    }
    match process::find("valgrind") {
        Some(program) => Ok(program),
        None => bail!(
            "instructions are counted by valgrind: install it (Debian: `apt-get install valgrind`)"
        ),
    }
}
