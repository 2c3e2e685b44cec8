//! One server, from its configuration to its end.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use mio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use crate::accept::{self, Acceptor, OpenConnections, Reception};
use crate::arena::Arena;
use crate::assets::Assets;
use crate::auth::Guests;
use crate::config::Config;
use crate::http::{self, Services};
use crate::lab::Lab;
use crate::live::Studio;
use crate::market::{Bell, Exchange};
use crate::node::Node;
use crate::notices::{Desk, Notices};
use crate::realtime;
use crate::shard::Shards;
use crate::topics::{self, Registry};

/// A server that has its port and its data, and is about to serve.
#[derive(Debug)]
pub struct Server {
    config: Config,
    node: Arc<Node>,
    shards: Shards,
    assets: Assets,
    guests: Arc<Guests>,
    lab: Arc<Lab>,
    exchange: Arc<Exchange>,
    arena: Arc<Arena>,
    studio: Arc<Studio>,
    bell: Bell,
    desk: Desk,
    notices: Notices,
    listener: TcpListener,
    local_addr: SocketAddr,
    goodbye: CancellationToken,
    tasks: TaskTracker,
    _lock: File,
}

impl Server {
    /// Opens the data folder and takes the port.
    ///
    /// # Errors
    /// The error's text is one line for an operator: which folder or address, and why.
    pub async fn bind(config: Config) -> anyhow::Result<Self> {
        Self::bind_with(config, topics::registry()).await
    }

    /// Opens the data folder and takes the port, for a server with topics of its own.
    ///
    /// # Errors
    /// See [`Server::bind`].
    pub async fn bind_with(config: Config, registry: Registry) -> anyhow::Result<Self> {
        let lock = prepare(&config.data)?;
        let guests = Arc::new(Guests::open(&config.data, config.token_lifetime)?);
        let (goodbye, tasks) = (CancellationToken::new(), TaskTracker::new());
        let ends = (goodbye.clone(), tasks.clone());
        let lab = Lab::bind(&config, &guests, &goodbye)?;
        let (exchange, bell) = Exchange::open(&config)?;
        let arena = Arena::open(&config)?;
        let studio = Studio::new(&config);
        let registry = exchange.join(lab.join(registry));
        let registry = studio.join(arena.join(registry));
        let (node, shards) = realtime::open(registry, Arc::clone(&guests), &config, ends, "shard")?;
        let (desk, notices) = Desk::open(&config)?;
        let address = config.listen.0;
        let listener = accept::listen(address).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => anyhow!(
                "cannot listen on {address}: another program does; stop it, or choose another \
                 address by --listen"
            ),
            _ => anyhow!("cannot listen on {address}: {error}"),
        })?;
        let local_addr = listener
            .local_addr()
            .context("cannot read the address listened on")?;
        Ok(Self {
            config,
            node,
            shards,
            assets: Assets::none(),
            guests,
            lab,
            exchange,
            arena,
            studio,
            bell,
            desk,
            notices,
            listener,
            local_addr,
            goodbye,
            tasks,
            _lock: lock,
        })
    }

    /// Serves these files beside the conversations. Without them there is no web app.
    #[must_use]
    pub fn with_assets(self, assets: Assets) -> Self {
        Self { assets, ..self }
    }

    /// Returns the address that the server listens on, with its real port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is cancelled, then gives conversations the configured grace to end.
    ///
    /// # Errors
    /// None so far; serving outlives what goes wrong with single connections.
    pub async fn serve(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let grace = self.config.shutdown_grace;
        let timeouts = self.config.timeouts;
        let (goodbye, tasks) = (self.goodbye, self.tasks);
        // They end with this future, whether it ends or is dropped.
        let shards = self.shards;
        tasks.spawn(Arc::clone(&self.node).keep_tidy());
        tasks.spawn(self.exchange.feed(Arc::clone(&self.node)));
        tasks.spawn(self.arena.run(Arc::clone(&self.node)));
        tasks.spawn(self.studio.run(Arc::clone(&self.node)));
        tasks.spawn(self.bell.run(Arc::clone(&self.node)));
        tasks.spawn(self.desk.run(Arc::clone(&self.node)));
        // Whoever bound this server does not hold the token that its node listens to.
        let told = goodbye.clone();
        let tell = async move {
            shutdown.cancelled().await;
            told.cancel();
        };
        let _telling = AbortOnDropHandle::new(tokio::spawn(tell));
        let port = self.local_addr.port();
        let origins = http::origins(&self.config).with_pages_at(port);
        self.lab.serve(self.local_addr);
        let services = Services {
            open: OpenConnections::new(self.config.connections_max),
            node: self.node,
            notices: self.notices,
            config: Arc::new(self.config),
            guests: self.guests,
            assets: self.assets,
            lab_ports: self.lab.ports().into(),
            port,
            shutdown: goodbye.clone(),
        };
        let app = http::router(&services);
        let abort = CancellationToken::new();
        // Dropping this future must not leave connections behind.
        let _abort_on_drop = abort.clone().drop_guard();
        let tokens = (goodbye.clone(), abort.clone());
        let open = services.open.clone();
        let node = Arc::clone(&services.node);
        let reception = Reception::new(app, timeouts, tokens, tasks.clone());
        let reception = Arc::new(reception.with_doors(Arc::clone(&node), origins));
        node.listen(Acceptor::new(self.listener, reception, open));
        goodbye.cancelled().await;

        let open = services.open.count();
        tracing::info!(
            open,
            "no longer accepting connections, waiting for open ones"
        );
        tasks.close();
        if timeout(grace, tasks.wait()).await.is_err() {
            let open = services.open.count();
            tracing::warn!(
                open,
                "the grace of the shutdown is over, closing what is left"
            );
            abort.cancel();
            drop(shards);
            let _ = timeout(LAST_MOMENT, tasks.wait()).await;
        }
        Ok(())
    }
}

/// How long tasks have to notice that they are aborted.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// Creates the data folder and proves that it can be written, now rather than at midnight.
/// The folder is this server's alone for as long as the file is open.
fn prepare(data: &Path) -> anyhow::Result<File> {
    let name = data.display();
    create_private(data).with_context(|| format!("cannot create the data folder {name}"))?;
    let probe = data.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"")
        .and_then(|()| std::fs::remove_file(&probe))
        .with_context(|| format!("cannot write to the data folder {name}"))?;
    lock(data)
}

/// Takes the lock of a data folder.
pub(crate) fn lock(data: &Path) -> anyhow::Result<File> {
    let name = data.display();
    let lock = File::create(data.join("lock"))
        .with_context(|| format!("cannot write to the data folder {name}"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(anyhow!(
            "another server uses the data folder {name}: stop it, or choose another folder by --data"
        )),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock the data folder {name}"))
        }
    }
}

/// Creates a folder that only its owner can look into: what people say is in it.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
