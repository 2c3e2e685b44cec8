//! Server processes that are started with faults, and may end before they listen.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The longest that a start may take on a machine with other work.
const START_MAX: Duration = Duration::from_secs(60);

/// Settings that leave everything out that no scenario needs.
const QUIET: [&str; 8] = [
    "--market",
    "off",
    "--lab",
    "off",
    "--arena-rooms",
    "0",
    "--pace",
    "10000",
];

/// A program that the server is started by.
#[derive(Clone, Debug)]
pub enum Wrapper {
    /// The server alone.
    None,
    /// `strace`, with these injections.
    Inject(Vec<String>),
    /// A shell that limits the number of open files first.
    OpenFiles(u64),
}

impl Wrapper {
    /// A signal or an error at certain calls, in the words of `strace -e inject=`.
    pub fn inject(what: impl Into<String>) -> Self {
        Self::Inject(vec![what.into()])
    }
}

/// Starts servers on one data folder.
#[derive(Clone, Debug)]
pub struct Launch {
    pub(super) binary: PathBuf,
    pub(super) data: PathBuf,
    pub(super) log: PathBuf,
}

/// A start that came to an end.
#[derive(Debug)]
pub struct Ended {
    pub(super) was_killed: bool,
    /// Lines that the process wrote to its log.
    pub(super) log: String,
}

/// A server that listens. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    pub(super) address: SocketAddr,
    child: Child,
    /// Kept open: a server that prints to a closed pipe would end.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Launch {
    /// Starts a server and waits until it listens or ends.
    ///
    /// # Errors
    ///
    /// The machine cannot start it, or it does neither in time.
    pub async fn start(&self, wrapper: &Wrapper) -> Result<Result<Running, Ended>> {
        let mut command = match wrapper {
            Wrapper::None => Command::new(&self.binary),
            Wrapper::Inject(injections) => {
                let mut strace = Command::new("strace");
                // -D: the server is our child, and strace its own.
                strace.args(["-D", "-f", "--seccomp-bpf", "-qqq", "-o", "/dev/null"]);
                for injection in injections {
                    // Named once more, so that no other call stops the server.
                    let calls = injection.split(':').next().unwrap_or_default();
                    strace.args(["-e", &format!("trace={calls}")]);
                    strace.args(["-e", &format!("inject={injection}")]);
                }
                strace.arg(&self.binary);
                strace
            }
            Wrapper::OpenFiles(most) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", r#"ulimit -n "$1" && shift && exec "$@""#, "sh"]);
                shell.arg(most.to_string()).arg(&self.binary);
                shell
            }
        };
        let log = File::create(&self.log)?;
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&self.data)
            .args(QUIET)
            .env("RUST_BACKTRACE", "0")
            // Cargo's folders for tests: the loader would look for libraries in each of them.
            .env_remove("LD_LIBRARY_PATH")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the server")?;
        let stdout = child.stdout.take().context("a pipe")?;
        let mut stdout = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(START_MAX, stdout.next_line()).await;
        let Ok(line) = line else {
            bail!("no address and no end after {START_MAX:?}: {}", self.log());
        };
        if let Some(line) = line? {
            let address = line.rsplit("http://").next().and_then(|it| it.parse().ok());
            return Ok(Ok(Running {
                address: address.with_context(|| format!("no address in {line:?}"))?,
                child,
                _stdout: stdout,
            }));
        }
        let status = tokio::time::timeout(START_MAX, child.wait()).await??;
        Ok(Err(Ended {
            was_killed: status.code().is_none(),
            log: self.log(),
        }))
    }

    /// Starts a server without faults. It must listen.
    ///
    /// # Errors
    ///
    /// It ended instead.
    pub async fn start_whole(&self) -> Result<Running> {
        match self.start(&Wrapper::None).await? {
            Ok(running) => Ok(running),
            Err(ended) => bail!("the server does not start again: {}", ended.log),
        }
    }

    /// Returns the log of the newest process, without colours.
    pub fn log(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Returns the folder of the store.
    pub fn history(&self) -> PathBuf {
        self.data.join("history")
    }

    /// Returns the same launch for another data folder.
    #[must_use]
    pub fn on(&self, data: &Path) -> Self {
        Self {
            data: data.to_owned(),
            ..self.clone()
        }
    }
}

impl Running {
    /// Kills the server as a crash would.
    pub async fn kill(mut self) {
        // It may have been killed by an injection before.
        let _ = self.child.kill().await;
    }

    /// Tells whether the process has ended, or does within a second.
    pub(super) async fn ends(&mut self) -> bool {
        let ending = tokio::time::timeout(Duration::from_secs(1), self.child.wait());
        ending.await.is_ok()
    }

    /// Asks the server to end, as an operator would, and waits.
    ///
    /// # Errors
    ///
    /// It does not end.
    pub async fn stop(mut self) -> Result<()> {
        self.signal("-TERM").await;
        tokio::time::timeout(START_MAX, self.child.wait())
            .await
            .context("the server does not end")??;
        Ok(())
    }

    /// Sends a signal such as `-STOP`.
    pub async fn signal(&self, signal: &str) {
        if let Some(id) = self.child.id() {
            let kill = Command::new("kill")
                .args([signal, &id.to_string()])
                .status();
            let _ = kill.await;
        }
    }
}
