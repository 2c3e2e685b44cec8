//! A line that can be cut: a TCP proxy on a port of its own.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// Bytes pass.
    Up,
    /// Connections are closed, and new ones at once.
    Cut,
    /// Nothing passes and nobody is told.
    Silent,
}

/// A proxy in front of a server. It ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// Starts a proxy in front of `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (line, watched) = watch::channel(Line::Up);
        tokio::spawn(accept(listener, target, watched));
        Self { address, line }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections, and new ones as they come.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Lets nothing pass, without a word to either side.
    pub fn silence(&self) {
        self.line.send_replace(Line::Silent);
    }

    /// Lets bytes pass again.
    pub fn mend(&self) {
        self.line.send_replace(Line::Up);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, mut line: watch::Receiver<Line>) {
    loop {
        // Both arms are cancel safe. The line ends with the proxy that was dropped.
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                tokio::spawn(carry(client, target, line.clone()));
            }
            changed = line.changed() => if changed.is_err() { return },
        }
    }
}

async fn carry(mut client: TcpStream, target: SocketAddr, mut line: watch::Receiver<Line>) {
    if *line.borrow() == Line::Cut {
        return;
    }
    let Ok(mut server) = TcpStream::connect(target).await else {
        return;
    };
    loop {
        let state = *line.borrow_and_update();
        // A copy that is dropped loses no byte that it has read: it has written it, or the
        // connection is cut.
        match state {
            Line::Cut => return,
            Line::Silent => {
                if line.changed().await.is_err() {
                    return;
                }
            }
            Line::Up => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                changed = line.changed() => if changed.is_err() { return },
            },
        }
    }
}
