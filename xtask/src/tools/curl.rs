//! curl, for the test that runs the commands of a page.

use anyhow::{Result, ensure};

use super::apt;
use crate::process;

/// Finds curl; installs it where apt is and we are root.
pub(crate) fn ensure() -> Result<()> {
    let is_there = || process::find("curl").is_some();
    if !is_there() && apt::may_install() {
        apt::install(&["curl"], "a test runs the commands of docs/curl.md")?;
    }
    ensure!(is_there(), "the tests need curl: install it");
    Ok(())
}
