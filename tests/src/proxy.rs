//! A line that can be cut, or is slow: a TCP proxy on a port of its own.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
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
    /// Everything passes, with little on the way to the client.
    Narrow,
    /// To the client, so many bytes pass in a second.
    Slow(u32),
}

/// A proxy in front of a server. It ends when this is dropped.
pub struct Proxy {
    address: SocketAddr,
    line: watch::Sender<Line>,
}

impl Proxy {
    /// Starts a proxy in front of `target`.
    pub async fn start(target: SocketAddr) -> Self {
        Self::open(target, Line::Up).await
    }

    /// Starts one whose line can become slow: little of what is sent to the client is on the way.
    pub async fn start_narrow(target: SocketAddr) -> Self {
        Self::open(target, Line::Narrow).await
    }

    /// From now on, so many bytes of each connection pass to the client in a second. For a narrow line.
    pub fn slow_down(&self, bytes_per_second: u32) {
        self.line.send_replace(Line::Slow(bytes_per_second));
    }

    async fn open(target: SocketAddr, line: Line) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (line, watched) = watch::channel(line);
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
    let begun = *line.borrow();
    if matches!(begun, Line::Narrow | Line::Slow(_)) {
        return trickle(client, target, line).await;
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
            // A line is narrow from the beginning or never.
            Line::Narrow | Line::Slow(_) => return,
            Line::Up => tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
                changed = line.changed() => if changed.is_err() { return },
            },
        }
    }
}

/// What the proxy takes from the server before the client has it: little, as a slow line does.
const ON_THE_WAY: u32 = 16 * 1024;

async fn trickle(mut client: TcpStream, target: SocketAddr, line: watch::Receiver<Line>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .set_recv_buffer_size(ON_THE_WAY)
        .expect("a size that is allowed");
    let Ok(mut server) = socket.connect(target).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let down = async {
        let mut bytes = [0; 1400];
        loop {
            let len = match from_server.read(&mut bytes).await {
                Ok(0) | Err(_) => return,
                Ok(len) => len,
            };
            if to_client.write_all(&bytes[..len]).await.is_err() {
                return;
            }
            let now = *line.borrow();
            if let Line::Slow(bytes_per_second) = now {
                let seconds = len as f64 / f64::from(bytes_per_second);
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
        }
    };
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        () = down => {}
    }
}
