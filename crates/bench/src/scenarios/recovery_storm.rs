//! `recovery-storm`: ten thousand clients come back with their positions to a server that was
//! just restarted. It is `durable-recovery` with more clients and rooms, where each missed less.

use anyhow::Result;

use super::durable_recovery::{Crowd, run_with};
use crate::kernel;
use crate::report::Report;
use crate::server::Launcher;

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    kernel::raise_files_max()?;
    let crowd = Crowd {
        clients: if quick { 2000 } else { 10_000 },
        rounds: if quick { 1 } else { 3 },
        rooms: 10,
        missed: 100,
    };
    run_with(&launcher, crowd, report).await
}
