//! A box on the line that reads along and counts the frames of a WebSocket by their bytes.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// The bytes that have passed in one direction.
type Passed = Vec<u8>;

/// A box in front of a server, for one connection.
pub struct Wiretap {
    address: SocketAddr,
    up: Arc<Mutex<Passed>>,
    down: Arc<Mutex<Passed>>,
}

impl Wiretap {
    /// Starts a box in front of `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (up, down) = (Arc::default(), Arc::default());
        let (noted_up, noted_down) = (Arc::clone(&up), Arc::clone(&down));
        tokio::spawn(async move {
            let (client, _) = listener.accept().await.ok()?;
            let server = TcpStream::connect(target).await.ok()?;
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(carry(from_client, to_server, noted_up));
            tokio::spawn(carry(from_server, to_client, noted_down));
            Some(())
        });
        Self { address, up, down }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The lengths of header and payload of each whole frame that the client has sent.
    pub fn up(&self) -> Vec<(usize, usize)> {
        lens(&self.up)
    }

    /// The lengths of header and payload of each whole frame that the server has sent.
    pub fn down(&self) -> Vec<(usize, usize)> {
        lens(&self.down)
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    passed: Arc<Mutex<Passed>>,
) -> Option<()> {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let len = from.read(&mut bytes).await.ok()?;
        if len == 0 {
            return to.shutdown().await.ok();
        }
        // Noted before it goes on: whoever has got it finds it here.
        passed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&bytes[..len]);
        to.write_all(&bytes[..len]).await.ok()?;
    }
}

/// Reads the headers as RFC 6455, 5.2 has them, knowing nothing of the project's own framing.
fn lens(passed: &Mutex<Passed>) -> Vec<(usize, usize)> {
    let passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
    let head = passed.windows(4).position(|it| it == b"\r\n\r\n");
    let mut rest = &passed[head.map_or(passed.len(), |end| end + 4)..];
    let mut lens = Vec::new();
    while let [_, second, after @ ..] = rest {
        let (extended, payload) = match second & 0x7f {
            126 => (2, number(after, 2)),
            127 => (8, number(after, 8)),
            short => (0, Some(usize::from(short))),
        };
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        let header = 2 + extended + mask;
        let Some(payload) = payload.filter(|payload| header + payload <= rest.len()) else {
            break;
        };
        lens.push((header, payload));
        rest = &rest[header + payload..];
    }
    lens
}

fn number(bytes: &[u8], len: usize) -> Option<usize> {
    let bytes = bytes.get(..len)?;
    Some(
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)),
    )
}
