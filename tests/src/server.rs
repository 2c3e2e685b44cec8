//! A server in this process, on a free port, with a data folder of its own.

use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_client::{Client, ClientConfig, Guest};
use trunkline_protocol::Codec;
use trunkline_server::topics::{self, Registry};
use trunkline_server::{Config, Server};

use crate::{Peer, within};

/// A running server. It ends when this is dropped.
pub struct TestServer {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: Option<JoinHandle<()>>,
    data: Option<TempDir>,
}

impl TestServer {
    /// Starts a server with everything at its default.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server whose configuration `change` has changed.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let data = TempDir::new().expect("a folder for the test");
        let registry = topics::registry();
        Self::start_on(
            "127.0.0.1:0".parse().expect("an address"),
            data,
            registry,
            change,
        )
        .await
    }

    /// Starts a server with topics of the test's own.
    pub async fn start_with_topics(registry: Registry) -> Self {
        let data = TempDir::new().expect("a folder for the test");
        let address = "127.0.0.1:0".parse().expect("an address");
        Self::start_on(address, data, registry, |_| {}).await
    }

    async fn start_on(
        address: SocketAddr,
        data: TempDir,
        registry: Registry,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config {
            data: data.path().to_owned(),
            ..Config::default()
        };
        config.listen = address.to_string().parse().expect("an address");
        config.shutdown_grace = Duration::from_secs(5);
        change(&mut config);
        let server = Server::bind_with(config, registry)
            .await
            .expect("a free port and a folder");
        let address = server.local_addr();
        let shutdown = CancellationToken::new();
        let token = shutdown.clone();
        let serving =
            tokio::spawn(async move { server.serve(token).await.expect("a server that serves") });
        Self {
            address,
            shutdown,
            serving: Some(serving),
            data: Some(data),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for HTTP.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(serving) = self.serving.take() {
            within("the server to stop", serving)
                .await
                .expect("a server that ends in peace");
        }
    }

    /// Stops it and starts another one on the same port with the same data.
    pub async fn restart(self) -> Self {
        self.restart_with(|_| {}).await
    }

    /// Restarts it with a configuration that `change` has changed.
    pub async fn restart_with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        self.stop().await;
        let data = self
            .data
            .take()
            .expect("a server has its folder until it is dropped");
        let registry = topics::registry();
        Self::start_on(self.address, data, registry, change).await
    }

    /// An access token for a new guest.
    pub async fn token(&self, nickname: &str) -> String {
        crate::peer::token(self.address, nickname).await
    }

    /// A new guest who has connected with bincode.
    pub async fn peer(&self, nickname: &str) -> Peer {
        Peer::connect(self, Codec::Bincode, nickname).await
    }

    /// A client of a new guest, over the line at `address`, which may be a proxy's.
    pub async fn client_at(&self, address: SocketAddr, nickname: &str) -> Client {
        let guest = Guest::sign_in(self.base(), nickname)
            .await
            .expect("a guest is welcome");
        Client::connect(
            ClientConfig::new(format!("ws://{address}/ws")),
            guest.tokens(),
        )
    }

    /// A client of a new guest.
    pub async fn client(&self, nickname: &str) -> Client {
        self.client_at(self.address, nickname).await
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
