//! A site: a data folder, servers on it one after the other, and the user who talks to them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::connection::{Connection, readiness};
use super::process::{Launch, Running};
use super::talk::{RECOVERY_MAX, Talk};
use super::tally::Tally;

/// Place in which a round runs.
pub(super) struct Site {
    folder: TempDir,
    pub(super) launch: Launch,
    pub(super) talk: Talk,
    pub(super) tally: Tally,
}

/// Number of topics of a site, and length of its messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) rooms: usize,
    pub(super) padding: usize,
}

impl Site {
    pub(super) fn new(binary: &Path, shape: Shape, seed: u64) -> Result<Self> {
        let folder = TempDir::with_prefix("trunkline-faults-")?;
        let launch = Launch {
            binary: binary.to_owned(),
            data: folder.path().join("data"),
            log: folder.path().join("server.log"),
        };
        Ok(Self {
            launch,
            talk: Talk::new(shape.rooms, shape.padding, seed),
            tally: Tally::default(),
            folder,
        })
    }

    /// A site of twelve rooms after two lives, so that its store has tables.
    pub(super) async fn with_tables(binary: &Path, seed: u64) -> Result<Self> {
        let shape = Shape {
            rooms: 12,
            padding: 300,
        };
        let mut site = Self::new(binary, shape, seed)?;
        for _ in 0..2 {
            let (running, mut connection) = site.open().await?;
            site.talk.publish(&mut connection, 60).await?;
            running.kill().await;
        }
        Ok(site)
    }

    /// Returns a path beside the data folder.
    pub(super) fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server without faults and connects to it.
    pub(super) async fn open(&mut self) -> Result<(Running, Connection)> {
        let running = self.launch.start_whole().await?;
        let connection = self.talk.connect(running.address).await?;
        Ok((running, connection))
    }

    /// Starts a server without faults, compares all it has with the ledger, repeats what was
    /// acknowledged and goes on publishing.
    pub(super) async fn open_and_check(&mut self) -> Result<(Running, Connection)> {
        let (running, mut connection) = self.open().await?;
        self.talk.check(&mut connection).await?;
        self.talk.repeat_newest();
        let count = 2 * self.talk.rooms();
        self.talk
            .publish_until_taken(&mut connection, count)
            .await?;
        self.talk.check(&mut connection).await?;
        Ok((running, connection))
    }

    /// Waits until `/readyz` says that the server is ready, and returns its text.
    pub(super) async fn ready(&self, running: &Running) -> Result<String> {
        let until = Instant::now() + RECOVERY_MAX;
        loop {
            let (status, text) = readiness(running.address).await?;
            if status == 200 {
                return Ok(text);
            }
            anyhow::ensure!(Instant::now() < until, "still not ready: {text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Notes a broken promise.
    pub(super) fn violation(&mut self, what: impl Into<String>) {
        self.tally.violations.push(what.into());
    }

    /// Notes topics whose epoch changed since `before` although nothing may have changed it.
    pub(super) fn expect_same_epochs(&mut self, before: &BTreeMap<String, usize>, what: &str) {
        let changed = self.changed(before);
        if !changed.is_empty() {
            let lines = last_lines(&self.launch.log());
            self.violation(format!("{what}: another epoch of {changed:?}\n{lines}"));
        }
    }

    /// Notes topics whose epoch did not change since `before` although each must have another one.
    pub(super) fn expect_other_epochs(&mut self, before: &BTreeMap<String, usize>, what: &str) {
        let changed = self.changed(before);
        let all = before.keys().cloned();
        let same: Vec<_> = all.filter(|topic| !changed.contains(topic)).collect();
        if !same.is_empty() {
            self.violation(format!("{what}: still the same epoch of {same:?}"));
        }
    }

    /// Returns topics whose epoch changed since `before`.
    pub(super) fn changed(&self, before: &BTreeMap<String, usize>) -> Vec<String> {
        let now = self.talk.ledger.renewals();
        let changed = now.into_iter().filter(|(topic, count)| {
            let known = before.get(topic);
            known.is_some_and(|known| known != count)
        });
        changed.map(|(topic, _)| topic).collect()
    }

    /// Folders in which damaged files were set aside.
    pub(super) fn set_aside(&self) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.launch.data)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("history.damaged-") {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// Closes the accounts. The folder is kept if a promise was broken.
    pub(super) fn finish(mut self) -> Tally {
        self.tally.refused += self.talk.refused;
        self.tally.add_ledger(&self.talk.ledger);
        if !self.tally.holds() {
            let log = last_lines(&self.launch.log());
            let kept = self.folder.keep();
            let line = format!("files are kept in {}\n{log}", kept.display());
            self.tally.violations.push(line);
        }
        self.tally
    }
}

/// The last lines of a log.
pub(super) fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

/// Copies a folder with everything in it, as `cp -a` does.
pub(super) async fn copy(from: &Path, to: &Path) -> Result<()> {
    let mut command = tokio::process::Command::new("cp");
    let status = command.arg("-a").arg(from).arg(to).status().await;
    anyhow::ensure!(
        status.context("cp")?.success(),
        "cannot copy {}",
        from.display()
    );
    Ok(())
}
