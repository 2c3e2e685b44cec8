//! A line of so many bits per second towards its reader, with a short queue: what a server sees of a
//! slow network.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;

/// The bytes that the line itself holds, about: what a server has sent is not to be overtaken.
const QUEUE_LEN: u32 = 16 * 1024;

/// A line in front of a server. It ends when this is dropped.
pub(crate) struct NarrowLine {
    pub(crate) address: SocketAddr,
    carrying: JoinHandle<Result<()>>,
}

impl NarrowLine {
    /// Opens a line for connections to `target`, each with `bitrate` bits per second.
    pub(crate) async fn open(target: SocketAddr, bitrate: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let carrying = tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await?;
                near.set_nodelay(true)?;
                let socket = TcpSocket::new_v4()?;
                socket.set_recv_buffer_size(QUEUE_LEN)?;
                let far = socket.connect(target).await?;
                far.set_nodelay(true)?;
                tokio::spawn(carry(near, far, bitrate));
            }
        });
        Ok(Self { address, carrying })
    }
}

impl Drop for NarrowLine {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(near: TcpStream, far: TcpStream, bitrate: u64) -> Result<()> {
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let up = tokio::spawn(async move { copy(&mut from_near, &mut to_far).await });
    let mut buffer = [0; 1460];
    let mut free_at = Instant::now();
    loop {
        let len = from_far.read(&mut buffer).await?;
        if len == 0 {
            up.abort();
            return Ok(());
        }
        // A packet takes its time on the line, and the next one begins after it.
        free_at = free_at.max(Instant::now())
            + Duration::from_nanos(len as u64 * 8_000_000_000 / bitrate);
        // Timers count whole milliseconds, so what is due sooner goes with what follows.
        if free_at > Instant::now() + Duration::from_millis(1) {
            tokio::time::sleep_until(free_at.into()).await;
        }
        to_near.write_all(&buffer[..len]).await?;
    }
}
