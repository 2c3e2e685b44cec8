//! `trunkline restore`: marks a data folder in which a backup was put.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::broker::mark_as_restored;
use crate::server::lock;

/// Arguments of `trunkline restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The data folder in which the backup is now
    #[arg(long, value_name = "DIR", default_value = "./trunkline-data")]
    data: PathBuf,
}

impl RestoreArgs {
    /// Marks the folder, and says what that does.
    ///
    /// # Errors
    ///
    /// In one line: the folder has no history, or a server uses it.
    pub fn run(&self) -> anyhow::Result<String> {
        let name = self.data.display();
        if !self.data.join("history").is_dir() {
            bail!("{name}: no history in this folder, so there is nothing to mark as restored");
        }
        let _lock = lock(&self.data)?;
        mark_as_restored(&self.data.join("history"))?;
        Ok(format!(
            "{name} is marked as restored: at the next start every topic begins a new epoch"
        ))
    }
}
