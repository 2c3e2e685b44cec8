//! strace, which makes system calls fail and kills processes at them.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::apt;
use crate::process;

/// Finds the program; installs it where apt is and we are root.
pub(crate) fn ensure() -> Result<PathBuf> {
    if let Some(program) = process::find("strace") {
        return Ok(program);
    }
    if apt::may_install() {
        apt::install(&["strace"], "it makes system calls of the server fail")?;
    }
    match process::find("strace") {
        Some(program) => Ok(program),
        None => {
            bail!("faults are injected by strace: install it (Debian: `apt-get install strace`)")
        }
    }
}
