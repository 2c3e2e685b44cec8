//! Listens, and accepts connections until the shutdown.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::counted::OpenConnections;
use super::patience::Timeouts;
use super::refusal::Refusals;
use super::serve::Serving;

/// Connections that may wait to be accepted: when a server restarts, all its clients come at once.
const BACKLOG: u32 = 4096;

/// How long to wait before accepting again when the process has no more file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// How often a failing accept may be logged.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(5);

/// Listens on `address`. Must be called inside a tokio runtime.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // Connections of an earlier run that are still closing must not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections and serves each in a task.
pub(crate) struct Acceptor {
    listener: TcpListener,
    serving: Serving,
    open: OpenConnections,
    tasks: TaskTracker,
    refusals: Refusals,
    complained: Option<Instant>,
}

impl Acceptor {
    /// `shutdown` ends accepting and, gently, all connections; `abort` ends them at once.
    pub(crate) fn new(
        listener: TcpListener,
        app: Router,
        timeouts: Timeouts,
        open: OpenConnections,
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
            listener,
            serving,
            open,
            tasks,
            refusals: Refusals::new(),
            complained: None,
        }
    }

    /// Accepts until the shutdown. The connections live on, as tasks.
    pub(crate) async fn run(mut self) {
        loop {
            let accepted = tokio::select! {
                // The shutdown first: a stream of new connections must not put it off.
                biased;
                () = self.serving.shutdown.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.welcome(stream, peer),
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    self.complain(&error);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr) {
        match self.open.admit(stream) {
            Ok(stream) => {
                // Frames are small and must not wait for each other. A socket that cannot do
                // this is already dead, which its task will find out.
                let _ = stream.set_nodelay();
                self.tasks.spawn(self.serving.clone().serve(stream, peer));
            }
            Err(stream) => {
                tracing::debug!(%peer, "refused a connection, too many are open");
                self.refusals.refuse(stream, &self.tasks);
            }
        }
    }

    /// Logs why accepting fails, sparingly: it is tried ten times a second.
    fn complain(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self
            .complained
            .is_none_or(|last| now - last >= COMPLAINT_INTERVAL)
        {
            self.complained = Some(now);
            let open = self.open.count();
            tracing::error!(%error, open, "cannot accept connections, trying again");
        }
    }
}

/// Whether the connection failed, not the listener: then the next one may be fine.
fn is_about_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}
