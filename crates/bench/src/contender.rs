//! A contender: a server that takes its turn, ours or another, with what it has cost so far.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use trunkline_protocol::Codec;

use crate::cpu::CpuClock;
use crate::kernel;
use crate::load::{Language, Target};
use crate::machine;
use crate::peer_server::{PeerProcess, PeerServer};
use crate::server::{Launcher, Server};

/// Who is to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Our server, under a name that says how it was started.
    Ours {
        name: String,
        codec: Codec,
        options: Vec<String>,
    },
    /// An earlier build of our server.
    Before,
    /// Another server.
    Peer(PeerServer),
}

/// A server that runs.
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) target: Target,
    id: u32,
    cpu: CpuClock,
    _process: Process,
}

/// A process that ends when this is dropped.
#[expect(dead_code, reason = "what counts is when it is dropped")]
enum Process {
    Ours(Box<Server>),
    Peer(PeerProcess),
}

/// What our server is called in every comparison.
pub(crate) const OURS: &str = "trunkline";

impl Entry {
    /// Our server as it is meant to be used.
    pub(crate) fn ours() -> Self {
        Self::ours_with(OURS, &[])
    }

    /// Our server, speaking JSON.
    pub(crate) fn ours_in_json() -> Self {
        Self::Ours {
            name: format!("{OURS}, JSON"),
            codec: Codec::Json,
            options: Vec::new(),
        }
    }

    /// Our server with options.
    pub(crate) fn ours_with(name: &str, options: &[&str]) -> Self {
        Self::Ours {
            name: name.to_owned(),
            codec: Codec::Bincode,
            options: options.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    /// Our server in both codecs, then these peers as far as they are wanted.
    pub(crate) fn all(launcher: &Launcher, peers: &[PeerServer]) -> Vec<Self> {
        let mut entries = vec![Self::ours()];
        entries.extend(Self::peers(launcher, peers));
        entries.insert(entries.len().min(2), Self::ours_in_json());
        entries
    }

    /// Our server in the binary codec, then these peers as far as they are wanted.
    pub(crate) fn with_peers(launcher: &Launcher, peers: &[PeerServer]) -> Vec<Self> {
        let mut entries = vec![Self::ours()];
        entries.extend(Self::peers(launcher, peers));
        entries
    }

    /// The earlier build if there is one, and these peers as far as they are wanted.
    pub(crate) fn peers(launcher: &Launcher, peers: &[PeerServer]) -> Vec<Self> {
        let before = launcher.before().map(|_| Self::Before);
        let wanted = peers.iter().filter(|&&peer| launcher.wants(peer));
        let wanted = wanted.map(|&peer| Self::Peer(peer));
        before.into_iter().chain(wanted).collect()
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Ours { name, .. } => name,
            Self::Before => "before",
            Self::Peer(peer) => peer.name(),
        }
    }

    /// Starts it, on a core of its own if one is given.
    pub(crate) async fn start(
        &self,
        launcher: &Launcher,
        core: Option<usize>,
    ) -> Result<Contender> {
        // Lasts until the server runs: what is started meanwhile stays on the core.
        let pinned = core.map(kernel::pin).transpose()?;
        let name = self.name().to_owned();
        let (process, id, target) = match self {
            Self::Ours { codec, options, .. } => {
                start_ours(launcher, launcher.binary(), *codec, options).await?
            }
            Self::Before => {
                let binary = launcher.before().context("there is no earlier build")?;
                start_ours(launcher, binary, Codec::Bincode, &[]).await?
            }
            Self::Peer(peer) => {
                let process = peer.start(launcher.peers())?;
                let (id, address) = (process.id(), process.address);
                let language = peer.language();
                (Process::Peer(process), id, Target { address, language })
            }
        };
        drop(pinned);
        Ok(Contender {
            name,
            target,
            id,
            cpu: CpuClock::new(id),
            _process: process,
        })
    }
}

async fn start_ours(
    launcher: &Launcher,
    binary: &Path,
    codec: Codec,
    options: &[String],
) -> Result<(Process, u32, Target)> {
    let mut all = vec!["--connections-max".to_owned(), "50000".to_owned()];
    all.extend(["--token-lifetime".to_owned(), "86400".to_owned()]);
    all.extend(options.iter().cloned());
    let server = launcher.start_binary(binary, "memory", &all).await?;
    let ticket = server.sign_in().await?;
    let language = Language::Trunkline {
        codec,
        token: ticket.token,
    };
    let address = ticket.address;
    let id = server.id();
    let process = Process::Ours(Box::new(server));
    Ok((process, id, Target { address, language }))
}

impl Contender {
    /// The processor time that it has used.
    pub(crate) fn cpu(&mut self) -> Result<Duration> {
        let cpu = self.cpu.read();
        cpu.with_context(|| format!("{} has ended", self.name))
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        machine::resident_of(self.id)
    }
}
