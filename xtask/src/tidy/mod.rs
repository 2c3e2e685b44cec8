//! Rules of this repository that neither the compiler nor clippy knows.
//!
//! Each rule returns its complaints; [`tidy`] prints them all before it fails.

mod layering;
mod pins;
mod purity;
mod rust_files;
mod sources;
mod weight;

use anyhow::{Result, bail};

pub(crate) use purity::RULES;

use crate::workspace::Workspace;
use sources::Source;

/// Checks every rule.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    let sources = Source::read_all(workspace)?;
    let mut complaints = layering::check(workspace);
    complaints.extend(purity::check(&sources));
    complaints.extend(rust_files::check(&sources));
    complaints.extend(pins::check(workspace)?);
    complaints.extend(weight::check(workspace)?);
    for warning in rust_files::warnings(&sources) {
        eprintln!("    warning: {warning}");
    }
    for complaint in &complaints {
        eprintln!("    {complaint}");
    }
    match complaints.len() {
        0 => Ok(()),
        1 => bail!("one thing is not tidy"),
        more => bail!("{more} things are not tidy"),
    }
}
