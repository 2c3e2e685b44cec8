//! The server under measurement: a process of its own, on a free port, with a folder of its own.
//!
//! What it costs is read from `/proc`, so this runs on Linux only.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use trunkline_client::Guest;

use crate::machine;
use crate::peer::Ticket;
use crate::peer_server::{PeerPrograms, PeerServer};

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Knows the binary, and the servers to compare it with.
#[derive(Clone, Debug)]
pub(crate) struct Launcher {
    binary: PathBuf,
    before: Option<PathBuf>,
    peers: PeerPrograms,
    /// The peers that are wanted; all, if nobody chose.
    chosen: Option<Vec<String>>,
}

/// A server process. It is killed when this is dropped.
pub(crate) struct Server {
    binary: PathBuf,
    broker: &'static str,
    address: SocketAddr,
    id: u32,
    child: Child,
    log: JoinHandle<String>,
    options: Vec<String>,
    data: TempDir,
}

/// What the disk broker did in its life, as it tells at its end. All zero for another broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) commits: u64,
    pub(crate) events: u64,
    pub(crate) fetches: u64,
}

/// A server that has ended.
pub(crate) struct Stopped {
    pub(crate) tally: Tally,
    binary: PathBuf,
    broker: &'static str,
    options: Vec<String>,
    data: TempDir,
}

impl Launcher {
    /// Checks that the binary is there.
    pub(crate) fn new(
        binary: &Path,
        before: Option<&Path>,
        peers: PeerPrograms,
        chosen: Option<Vec<String>>,
    ) -> Result<Self> {
        for binary in [Some(binary), before].into_iter().flatten() {
            ensure!(binary.exists(), "no server at {}", binary.display());
        }
        Ok(Self {
            binary: binary.to_owned(),
            before: before.map(Path::to_owned),
            peers,
            chosen,
        })
    }

    /// Where the programs of the peers are.
    pub(crate) fn peers(&self) -> &PeerPrograms {
        &self.peers
    }

    /// The server's binary.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// That of an earlier build, to compare with.
    pub(crate) fn before(&self) -> Option<&Path> {
        self.before.as_deref()
    }

    /// Whether a peer is wanted.
    pub(crate) fn wants(&self, peer: PeerServer) -> bool {
        let chosen = self.chosen.as_ref();
        chosen.is_none_or(|chosen| chosen.iter().any(|it| it == peer.name()))
    }

    /// Whether the server has an option: what is measured may be an older one.
    pub(crate) fn has_option(&self, option: &str) -> Result<bool> {
        let help = std::process::Command::new(&self.binary)
            .args(["serve", "--help"])
            .output()
            .context("cannot ask the server for its options")?;
        Ok(String::from_utf8_lossy(&help.stdout).contains(option))
    }

    /// Starts a server with an empty folder.
    pub(crate) async fn start(&self, broker: &'static str) -> Result<Server> {
        self.start_with(broker, &[]).await
    }

    /// Starts a server with an empty folder and more options.
    pub(crate) async fn start_with(
        &self,
        broker: &'static str,
        options: &[String],
    ) -> Result<Server> {
        self.start_binary(&self.binary, broker, options).await
    }

    /// Starts this binary of the server with an empty folder and more options.
    pub(crate) async fn start_binary(
        &self,
        binary: &Path,
        broker: &'static str,
        options: &[String],
    ) -> Result<Server> {
        let data = tempfile::Builder::new()
            .prefix("trunkline-bench-")
            .tempdir();
        let data = data.context("cannot make a data folder")?;
        Server::start(binary.to_owned(), broker, options, data).await
    }
}

impl Server {
    async fn start(
        binary: PathBuf,
        broker: &'static str,
        options: &[String],
        data: TempDir,
    ) -> Result<Self> {
        let mut child = Command::new(&binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--broker", broker])
            // A scenario chooses its load itself.
            .args(["--pace", "1000000"])
            .args(options)
            .args(["--log", "warn,trunkline_server::broker=debug", "--data"])
            .arg(data.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let stderr = child.stderr.take().context("no pipe")?;
        let log = tokio::spawn(keep_log(BufReader::new(stderr).lines()));
        let stdout = child.stdout.take().context("no pipe")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(PATIENCE, lines.next_line()).await;
        let Some(line) = first.context("the server does not start")?? else {
            bail!("the server ended at once: {}", log.await?);
        };
        let address = line.rsplit("http://").next().and_then(|it| it.parse().ok());
        Ok(Self {
            address: address.with_context(|| format!("no address in {line:?}"))?,
            id: child.id().context("the server has ended")?,
            binary,
            broker,
            child,
            log,
            options: options.to_vec(),
            data,
        })
    }

    /// Signs a guest in, who may have any number of connections.
    pub(crate) async fn sign_in(&self) -> Result<Ticket> {
        let guest = Guest::sign_in(format!("http://{}", self.address), "Ada").await?;
        let token = guest.token().await;
        Ok(Ticket {
            address: self.address,
            token: token.map_err(|error| anyhow::anyhow!("no token: {error:?}"))?,
        })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// The processor time that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        machine::cpu_of(&self.id.to_string())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        machine::resident_of(self.id)
    }

    /// The size of its data folder on the disk, in bytes.
    pub(crate) fn data_len(&self) -> Result<u64> {
        machine::folder_len(self.data.path())
    }

    /// Asks it to end like an operator would, and waits for it.
    pub(crate) async fn stop(mut self) -> Result<Stopped> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id.to_string()])
            .status();
        ensure!(sent.await?.success(), "the server cannot be stopped");
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.context("the server does not end")??;
        let log = self.log.await?;
        ensure!(status.success(), "the server ended with {status}: {log}");
        let tally = Tally::find(&log);
        ensure!(
            tally.is_some() || self.broker != "disk",
            "the server did not tell what its history did: {log}"
        );
        Ok(Stopped {
            tally: tally.unwrap_or_default(),
            binary: self.binary,
            broker: self.broker,
            options: self.options,
            data: self.data,
        })
    }
}

impl Stopped {
    /// Starts another server with the same options on the same folder.
    pub(crate) async fn restart(self) -> Result<Server> {
        Server::start(self.binary, self.broker, &self.options, self.data).await
    }
}

impl Tally {
    fn find(log: &str) -> Option<Self> {
        let line = log
            .lines()
            .rfind(|line| line.contains("history is closed"))?;
        let field = |name: &str| {
            let value = line.split_whitespace().find_map(|it| it.strip_prefix(name));
            value.and_then(|value| value.strip_prefix('=')?.parse().ok())
        };
        Some(Self {
            commits: field("commits")?,
            events: field("events")?,
            fetches: field("fetches")?,
        })
    }
}

/// Keeps what the server logs, and passes on what it warns of.
async fn keep_log<R: tokio::io::AsyncBufRead + Unpin>(mut lines: tokio::io::Lines<R>) -> String {
    let mut log = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains("WARN") || line.contains("ERROR") {
            eprintln!("    server: {line}");
        }
        log.push_str(&line);
        log.push('\n');
    }
    log
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_is_read_from_the_last_line_that_tells_it() {
        let line = "2026-01-01T00:00:00Z DEBUG trunkline_server::broker::disk::writer: history \
                    is closed commits=3 events=40 fetches=1\n";
        let tally = Tally {
            commits: 3,
            events: 40,
            fetches: 1,
        };
        assert_eq!(Tally::find(line), Some(tally));
        assert_eq!(Tally::find("history is closed commits=3\n"), None);
        assert_eq!(Tally::find("nothing\n"), None);
    }
}
