//! The reception: where a connection goes that was accepted.
//!
//! First to the door of a shard, where those who open a WebSocket stay; HTTP has all others.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use mio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counted::CountedStream;
use super::patience::Timeouts;
use super::serve::Serving;
use crate::node::Node;
use crate::origin::OriginPolicy;
use crate::shard::{Knock, Socket};
use crate::traffic::Traffic;

/// Where connections go.
pub(crate) struct Reception {
    serving: Serving,
    tasks: TaskTracker,
    doors: Option<(Arc<Node>, OriginPolicy)>,
    /// What goes over the connections of HTTP.
    traffic: Arc<Traffic>,
}

impl Reception {
    /// A reception that gives everybody to HTTP. `shutdown` gently ends all connections there,
    /// `abort` ends them at once.
    pub(crate) fn new(
        app: Router,
        timeouts: Timeouts,
        (shutdown, abort): (CancellationToken, CancellationToken),
        tasks: TaskTracker,
    ) -> Self {
        let serving = Serving {
            app,
            timeouts,
            shutdown,
            abort,
        };
        Self {
            serving,
            tasks,
            doors: None,
            traffic: Arc::default(),
        }
    }

    /// Lets the shards of a node look at each connection first. Pages of these origins may open
    /// WebSockets.
    #[must_use]
    pub(crate) fn with_doors(self, node: Arc<Node>, origins: OriginPolicy) -> Self {
        let doors = Some((node, origins));
        Self { doors, ..self }
    }

    /// Counts the bytes of HTTP there.
    #[must_use]
    pub(crate) fn counting(self, traffic: Arc<Traffic>) -> Self {
        Self { traffic, ..self }
    }

    /// Takes a connection that was accepted.
    pub(super) fn receive(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        permit: OwnedSemaphorePermit,
    ) {
        match &self.doors {
            Some((node, _)) => node.receive(Knock {
                socket: Socket::Tcp(stream),
                peer,
                permit,
                token: self.tasks.token(),
                reception: Arc::clone(self),
            }),
            None => self.serve(stream, peer, Bytes::new(), permit),
        }
    }

    /// Serves HTTP on a connection of which `early` was read.
    pub(crate) fn serve(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        early: Bytes,
        permit: OwnedSemaphorePermit,
    ) {
        let (serving, traffic) = (self.serving.clone(), Arc::clone(&self.traffic));
        self.tasks.spawn(async move {
            match tokio::net::TcpStream::from_std(stream.into()) {
                Ok(stream) => {
                    let stream = CountedStream::new(stream, early, traffic, permit);
                    serving.serve(stream, peer).await;
                }
                Err(error) => tracing::warn!(%error, "cannot poll a connection"),
            }
        });
    }

    /// The pages that may open WebSockets at the door.
    pub(crate) fn origins(&self) -> Option<&OriginPolicy> {
        self.doors.as_ref().map(|(_, origins)| origins)
    }

    /// How long a connection may say nothing.
    pub(crate) fn patience(&self) -> Duration {
        self.serving.timeouts.request
    }

    /// The application that answers requests.
    pub(super) fn app(&self) -> Router {
        self.serving.app.clone()
    }

    /// Where tasks are spawned that the end of the server waits for.
    pub(super) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }
}
