//! Servers to compare with. Their programs are in `peers/`; `cargo xtask bench` gets them ready.
//!
//! All keep one contract: they print the port; who connects to `/room/NAME` is subscribed to it
//! and gets what is sent there, one's own too; `/echo` sends everything back.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::load::Language;

/// A server that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeerServer {
    /// Bun's, which is uWebSockets.
    Bun,
    /// An epoll loop that sends each message by a write of its own.
    Raw,
    /// The same, which sends together what comes together.
    RawCorked,
    /// axum as its chat example has it.
    Axum,
    /// `ws` on Node.
    Ws,
    /// Socket.IO on Node.
    SocketIo,
    /// Socket.IO in Rust.
    Socketioxide,
}

/// Where their programs are, as far as they are there.
#[derive(Clone, Debug, Default)]
pub(crate) struct PeerPrograms {
    /// The program that has those in Rust.
    pub(crate) rust: Option<PathBuf>,
    /// The folder with the packages of those in JavaScript.
    pub(crate) node: Option<PathBuf>,
    /// The folder with their scripts.
    pub(crate) scripts: Option<PathBuf>,
}

/// A peer that runs. It is killed when this is dropped.
pub(crate) struct PeerProcess {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl PeerServer {
    /// All of them, those that tell most first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Bun,
        Self::Raw,
        Self::RawCorked,
        Self::Axum,
        Self::Ws,
        Self::SocketIo,
        Self::Socketioxide,
    ];

    /// How it is asked for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bun => "bun",
            Self::Raw => "raw",
            Self::RawCorked => "raw-corked",
            Self::Axum => "axum",
            Self::Ws => "ws",
            Self::SocketIo => "socket.io",
            Self::Socketioxide => "socketioxide",
        }
    }

    /// What it speaks.
    pub(crate) fn language(self) -> Language {
        match self {
            Self::Bun | Self::Raw | Self::RawCorked | Self::Axum | Self::Ws => Language::Plain,
            Self::SocketIo | Self::Socketioxide => Language::SocketIo,
        }
    }

    /// Starts it, and waits until it says where.
    pub(crate) fn start(self, programs: &PeerPrograms) -> Result<PeerProcess> {
        let mut command = self.command(programs)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("cannot start {self}"))?;
        let stdout = child.stdout.take().context("no pipe")?;
        let mut process = PeerProcess {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
        };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let port = line.trim().parse();
        process
            .address
            .set_port(port.with_context(|| format!("{self} told no port but {line:?}"))?);
        Ok(process)
    }

    fn command(self, programs: &PeerPrograms) -> Result<Command> {
        let node = || {
            programs
                .node
                .as_deref()
                .context("its packages are not there")
        };
        let script = |name: &str| {
            let scripts = programs.scripts.as_deref();
            Ok::<_, anyhow::Error>(scripts.context("its script is not there")?.join(name))
        };
        match self {
            Self::Raw | Self::RawCorked | Self::Axum | Self::Socketioxide => {
                let program = programs.rust.as_deref();
                let mut command = Command::new(program.context("it is not built")?);
                command.arg(self.name());
                Ok(command)
            }
            Self::Bun => {
                let mut command = Command::new(bun(node()?)?);
                command.arg(script("bun.js")?);
                Ok(command)
            }
            Self::Ws | Self::SocketIo => {
                let mut command = Command::new("node");
                command
                    .arg(script(&format!("{}.cjs", self.name()))?)
                    .env("NODE_PATH", node()?.join("node_modules"))
                    .env("NODE_ENV", "production");
                Ok(command)
            }
        }
    }
}

/// Finds Bun in the package for this platform: npm installs no other.
fn bun(node: &Path) -> Result<PathBuf> {
    let platforms = node.join("node_modules").join("@oven").read_dir();
    let mut programs = platforms
        .context("npm has no Bun for this platform")?
        .flatten();
    let program = programs.find_map(|platform| {
        let program = platform.path().join("bin/bun");
        program.exists().then_some(program)
    });
    program.context("npm has no Bun for this platform")
}

impl fmt::Display for PeerServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PeerProcess {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for PeerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
