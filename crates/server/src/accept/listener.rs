//! Listens, and accepts connections. The loop that polls the listener is a shard's.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use tokio::net::TcpSocket;
use trunkline_protocol::Moment;

use super::counted::OpenConnections;
use super::reception::Reception;
use super::refusal::Refusals;

/// Connections that may wait to be accepted: when a server restarts, all its clients come at once.
const BACKLOG: u32 = 4096;

/// Connections that are accepted in one turn of the loop, so that those who wait do not keep the
/// others from theirs.
const ACCEPTS_PER_TURN: usize = 64;

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
    bound_what_is_held(&socket);
    socket.bind(address)?;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    Ok(TcpListener::from_std(listener))
}

/// Bytes that the kernel holds of a connection, beyond what it has sent. The rest waits where the
/// server sees it.
#[cfg(target_os = "linux")]
const HELD_LEN_MAX: u32 = 128 * 1024;

/// Time for which the kernel keeps a connection whose peer acknowledges nothing, also one that the
/// server has closed. Longer than the server itself waits for any peer.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(45);

/// Bounds what the kernel holds of each connection. Accepted connections inherit it.
fn bound_what_is_held(socket: &TcpSocket) {
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(socket);
        // Without them, peers that do not read cost more memory, for longer.
        let _ = socket.set_tcp_notsent_lowat(HELD_LEN_MAX);
        let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
    }
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Accepts connections, and hands each to the reception.
pub(crate) struct Acceptor {
    listener: TcpListener,
    reception: Arc<Reception>,
    open: OpenConnections,
    refusals: Refusals,
    /// Somebody may wait of whom no event will tell; look at this time.
    due: Option<Moment>,
    complained: Option<Moment>,
}

impl Acceptor {
    pub(crate) fn new(
        listener: TcpListener,
        reception: Arc<Reception>,
        open: OpenConnections,
    ) -> Self {
        Self {
            listener,
            reception,
            open,
            refusals: Refusals::new(),
            due: None,
            complained: None,
        }
    }

    /// Asks for news of those who want to connect.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.listener, token, Interest::READABLE)
    }

    /// When to accept though no event tells of anybody.
    pub(crate) fn poll_accept(&self) -> Option<Moment> {
        self.due
    }

    /// Accepts some of those who wait. Inside a tokio runtime.
    pub(crate) fn accept(&mut self, now: Moment) {
        self.due = None;
        for _ in 0..ACCEPTS_PER_TURN {
            match self.listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_about_the_peer(&error) => {}
                Err(error) => {
                    self.complain(now, &error);
                    self.due = Some(now + PAUSE);
                    return;
                }
            }
        }
        self.due = Some(now);
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr) {
        match self.open.admit() {
            Some(permit) => {
                // Frames are small and must not wait for each other. A socket that cannot do
                // this is already dead, which its reader will find out.
                let _ = stream.set_nodelay(true);
                self.reception.receive(stream, peer, permit);
            }
            None => {
                tracing::debug!(%peer, "refused a connection, too many are open");
                let app = self.reception.app();
                self.refusals
                    .refuse((stream, peer), app, self.reception.tasks());
            }
        }
    }

    /// Logs why accepting fails, sparingly: it is tried ten times a second.
    fn complain(&mut self, now: Moment, error: &io::Error) {
        if self
            .complained
            .is_none_or(|last| now.since(last) >= COMPLAINT_INTERVAL)
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
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
    )
}
