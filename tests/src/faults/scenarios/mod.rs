//! Scenarios: each kind of fault is a file. A unit is a data folder with a number of rounds.

mod crash;
mod damage;
mod flip;
mod full_disk;
mod passing;
mod power_cut;
mod restore;
mod rot;
mod sync_errors;

use std::path::Path;

use anyhow::{Context, Result};

use super::mounts;
use super::tally::Tally;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The process is killed: at random, at a sync, at a write, while it starts, while it repairs.
    Crash,
    /// `fdatasync` returns errors for a while; then the process is killed.
    SyncErrors,
    /// Write-back fails on a disk without room; then it works again; then the power is cut.
    PowerCut,
    /// A file of a stopped server is changed, cut or deleted.
    Flip,
    /// A table is changed below a server that runs, until compaction meets it.
    Rot,
    /// Files cannot be opened for a while.
    Passing,
    /// The disk is full for a while.
    FullDisk,
    /// A backup takes the place of a newer data folder, or is served elsewhere.
    Restore,
}

impl Scenario {
    /// All of them, in the order in which they run.
    pub const ALL: [Self; 8] = [
        Self::Crash,
        Self::SyncErrors,
        Self::PowerCut,
        Self::Flip,
        Self::Rot,
        Self::Passing,
        Self::FullDisk,
        Self::Restore,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::SyncErrors => "sync-errors",
            Self::PowerCut => "power-cut",
            Self::Flip => "flip",
            Self::Rot => "rot",
            Self::Passing => "passing",
            Self::FullDisk => "full-disk",
            Self::Restore => "restore",
        }
    }

    /// Rounds on one data folder.
    pub(super) fn unit_len(self) -> usize {
        match self {
            Self::Crash => 25,
            Self::Flip | Self::Passing | Self::SyncErrors => 10,
            Self::Restore => 6,
            Self::Rot | Self::FullDisk | Self::PowerCut => 1,
        }
    }

    /// Fails if the machine cannot have this fault.
    pub(super) fn check_machine(self) -> Result<()> {
        let strace = || {
            let mut strace = std::process::Command::new("strace");
            let output = strace.arg("--version").output();
            output.map(drop).context("this scenario needs strace")
        };
        match self {
            Self::Crash | Self::SyncErrors | Self::Passing => strace(),
            Self::PowerCut => mounts::check(true),
            Self::FullDisk => mounts::check(false),
            Self::Flip | Self::Rot | Self::Restore => Ok(()),
        }
    }

    pub(super) async fn unit(self, binary: &Path, seed: u64, rounds: usize) -> Result<Tally> {
        match self {
            Self::Crash => crash::unit(binary, seed, rounds).await,
            Self::SyncErrors => sync_errors::unit(binary, seed, rounds).await,
            Self::PowerCut => power_cut::unit(binary, seed).await,
            Self::Flip => flip::unit(binary, seed, rounds).await,
            Self::Rot => rot::unit(binary, seed).await,
            Self::Passing => passing::unit(binary, seed, rounds).await,
            Self::FullDisk => full_disk::unit(binary, seed).await,
            Self::Restore => restore::unit(binary, seed, rounds).await,
        }
    }
}
