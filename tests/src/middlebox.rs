//! A box between a client and a server that understands a little HTTP, and gets in the way of it,
//! as proxies in offices and hotels do.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the box does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// Everything passes.
    Passes,
    /// Upgrades are answered with 501.
    RefusesUpgrades,
    /// Upgrades are cut without an answer.
    CutsUpgrades,
    /// Upgrades are answered, and then nothing passes any more.
    SwallowsFrames,
    /// Upgrades are refused, and a response is held back until it has ended.
    Buffers,
    /// Requests for tokens are answered with 403 and a page of its own.
    RefusesTokens,
}

/// A box in front of a server. It ends when this is dropped.
pub struct Middlebox {
    address: SocketAddr,
    habit: watch::Sender<Habit>,
}

impl Middlebox {
    /// Starts a box in front of `target`.
    pub async fn start(target: SocketAddr, habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (habit, watched) = watch::channel(habit);
        tokio::spawn(accept(listener, target, watched));
        Self { address, habit }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what it does with new connections.
    pub fn now(&self, habit: Habit) {
        self.habit.send_replace(habit);
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, mut habit: watch::Receiver<Habit>) {
    loop {
        // Both arms are cancel safe. The box ends with its owner.
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { return };
                let habit = *habit.borrow();
                tokio::spawn(carry(client, target, habit));
            }
            changed = habit.changed() => if changed.is_err() { return },
        }
    }
}

/// Carries one request and its response. There is one on each connection.
async fn carry(mut client: TcpStream, target: SocketAddr, habit: Habit) -> Option<()> {
    let mut request = Vec::new();
    let head_len = loop {
        if let Some(end) = request.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(request[..head_len].to_vec()).ok()?;
    let is_upgrade = head.to_lowercase().contains("\r\nupgrade: websocket");
    if habit == Habit::RefusesTokens && head.starts_with("POST /auth/token ") {
        return client.write_all(BLOCKED.as_bytes()).await.ok();
    }
    let mut server = TcpStream::connect(target).await.ok()?;
    match (habit, is_upgrade) {
        (Habit::CutsUpgrades, true) => return None,
        (Habit::RefusesUpgrades | Habit::Buffers, true) => {
            let refusal =
                b"HTTP/1.1 501 Not Implemented\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            return client.write_all(refusal).await.ok();
        }
        (Habit::SwallowsFrames, true) => {
            server.write_all(&request).await.ok()?;
            let mut answer = Vec::new();
            while !answer.windows(4).any(|it| it == b"\r\n\r\n") {
                server.read_buf(&mut answer).await.ok()?;
            }
            let end = answer.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
            client.write_all(&answer[..end]).await.ok()?;
            // Whatever the client says from here on is read and forgotten.
            while client.read(&mut [0; 1024]).await.ok()? > 0 {}
            return None;
        }
        (Habit::Passes | Habit::RefusesTokens, true) => server.write_all(&request).await.ok()?,
        (_, false) => {
            // One request on each connection, so that the response ends with it.
            let mut lines: Vec<&str> = head.split("\r\n").collect();
            lines.retain(|line| !line.to_lowercase().starts_with("connection:"));
            let head = format!("{}\r\nconnection: close", lines.join("\r\n"));
            server.write_all(head.as_bytes()).await.ok()?;
            server.write_all(&request[head_len..]).await.ok()?;
        }
    }
    if habit == Habit::Buffers {
        return hold_back(client, server).await;
    }
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    Some(())
}

/// The answer of a box that wants a login of its own first.
const BLOCKED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\
    content-length: 22\r\nconnection: close\r\n\r\n<html>Sign in</html>\r\n";

/// Hands the response on when it is complete. A client that leaves ends it.
async fn hold_back(mut client: TcpStream, mut server: TcpStream) -> Option<()> {
    let mut response = Vec::new();
    let mut said = vec![0; 16 * 1024];
    loop {
        // Both arms are cancel safe.
        tokio::select! {
            read = server.read_buf(&mut response) => {
                if read.ok()? == 0 {
                    return client.write_all(&response).await.ok();
                }
            }
            read = client.read(&mut said) => {
                let len = read.ok()?;
                if len == 0 {
                    return None;
                }
                server.write_all(&said[..len]).await.ok()?;
            }
        }
    }
}
