//! Bytes on a TCP connection: for what no well-behaved library would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::within;

/// A key that is fine.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// The head of an HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status line and the headers.
    pub head: String,
    /// What came with them.
    pub body: String,
}

impl Answer {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .expect("a status line")
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Sends a GET with these header lines and reads the whole answer.
pub async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(address, "GET", path, headers).await
}

/// Sends a request without a body and reads the whole answer.
pub async fn ask(address: SocketAddr, method: &str, path: &str, headers: &[&str]) -> Answer {
    let mut socket = RawSocket::connect(address).await;
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    socket.send(format!("{request}\r\n").as_bytes()).await;
    let bytes = socket.read_to_end().await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    Answer {
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

/// A request to become a WebSocket, with these header lines besides the usual ones.
pub fn upgrade_request(address: SocketAddr, path: &str, headers: &[&str]) -> String {
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    );
    let replaces = |name: &str| {
        headers
            .iter()
            .any(|it| it.to_ascii_lowercase().starts_with(name))
    };
    if !replaces("sec-websocket-version") {
        request.push_str("Sec-WebSocket-Version: 13\r\n");
    }
    if !replaces("sec-websocket-key") {
        request.push_str(&format!("Sec-WebSocket-Key: {KEY}\r\n"));
    }
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request + "\r\n"
}

/// Bytes of a masked frame, as a client sends it, with a first byte and a payload.
pub fn masked_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..=125 => frame.push(0x80 | len as u8),
        len @ 126..=65535 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    let mask = [1, 2, 3, 4];
    frame.extend(mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// A TCP connection.
pub struct RawSocket {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl RawSocket {
    /// Connects and says nothing.
    pub async fn connect(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address)
                .await
                .expect("a server that listens"),
            unread: Vec::new(),
        }
    }

    /// Asks to become a WebSocket with these header lines besides the usual ones, and reads the
    /// head of the answer.
    pub async fn upgrade(address: SocketAddr, path: &str, headers: &[&str]) -> (Self, Answer) {
        let mut socket = Self::connect(address).await;
        let request = upgrade_request(address, path, headers);
        socket.send(request.as_bytes()).await;
        let answer = socket.read_answer().await;
        (socket, answer)
    }

    /// Reads the head of an answer.
    pub async fn read_answer(&mut self) -> Answer {
        let head = within("the head of the answer", self.read_head()).await;
        let body = String::new();
        Answer { head, body }
    }

    /// Says that nothing more is sent.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.expect("a line that is up");
    }

    /// A WebSocket that speaks bincode and has said nothing yet.
    pub async fn websocket(address: SocketAddr) -> Self {
        let (socket, answer) = Self::upgrade(
            address,
            "/ws",
            &["Sec-WebSocket-Protocol: trunkline.v1.bincode"],
        )
        .await;
        assert_eq!(answer.status(), 101, "{}", answer.head);
        socket
    }

    /// Sends bytes as they are.
    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream
            .write_all(bytes)
            .await
            .expect("a line that is up");
    }

    /// Sends a frame with a first byte and a payload, masked as a client must.
    pub async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        self.send(&masked_frame(first, payload)).await;
    }

    /// Reads frames until a Close frame or the end, and returns its code.
    pub async fn close_code(&mut self) -> Option<u16> {
        let bytes = self.read_to_end().await;
        let mut rest = &bytes[..];
        while rest.len() >= 2 {
            let (opcode, len) = (rest[0] & 0x0f, usize::from(rest[1] & 0x7f));
            assert!(len < 126, "a short frame");
            let payload = rest.get(2..2 + len)?;
            if opcode == 8 {
                return Some(u16::from_be_bytes([*payload.first()?, *payload.get(1)?]));
            }
            rest = &rest[2 + len..];
        }
        None
    }

    /// Reads until the server closes.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.unread);
        // A reset after the last byte is an end, too.
        let _ = within("the server to close", self.stream.read_to_end(&mut bytes)).await;
        bytes
    }

    async fn read_head(&mut self) -> String {
        loop {
            if let Some(end) = self.unread.windows(4).position(|it| it == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.unread[..end]).into_owned();
                self.unread.drain(..end + 4);
                return head;
            }
            let mut chunk = [0; 1024];
            let len = self
                .stream
                .read(&mut chunk)
                .await
                .expect("a line that is up");
            assert!(len > 0, "the server closed before its answer was whole");
            self.unread.extend(&chunk[..len]);
        }
    }
}
