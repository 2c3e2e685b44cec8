//! HTTP requests, answers that are read as they come, and the frames in them.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::http::response::Parts;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::{ClientFrame, Codec, List, PROTOCOL_VERSION, ServerFrame, Text};

use crate::within;

/// A request that is being put together.
pub struct Asking {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    http2: bool,
}

impl Asking {
    /// A GET.
    pub fn get(address: SocketAddr, path: &str) -> Self {
        Self {
            address,
            method: Method::GET,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            http2: false,
        }
    }

    /// A POST of some JSON.
    pub fn post(address: SocketAddr, path: &str, json: impl Into<String>) -> Self {
        let mut asking = Self::get(address, path).header("content-type", "application/json");
        asking.method = Method::POST;
        asking.body = json.into().into();
        asking
    }

    /// A POST of a frame.
    pub fn frame(address: SocketAddr, path: &str, codec: Codec, frame: &ClientFrame) -> Self {
        let mut asking = Self::get(address, path);
        asking.method = Method::POST;
        asking.body = codec.encode(frame);
        asking.header("content-type", media_type(codec))
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A DELETE.
    #[must_use]
    pub fn delete(mut self) -> Self {
        self.method = Method::DELETE;
        self
    }

    /// As a browser asks before it asks.
    #[must_use]
    pub fn options(mut self) -> Self {
        self.method = Method::OPTIONS;
        self
    }

    /// With another value for a header.
    #[must_use]
    pub fn replacing(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(it, _)| *it != name);
        self.header(name, value)
    }

    /// As somebody.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// Over HTTP/2.
    #[must_use]
    pub fn http2(mut self, http2: bool) -> Self {
        self.http2 = http2;
        self
    }

    /// Sends it on a connection of its own, and waits for the head of the answer.
    pub async fn send(self) -> Heard {
        let host = self.address;
        let stream = TcpStream::connect(host)
            .await
            .expect("a server that listens");
        let io = TokioIo::new(stream);
        let uri = if self.http2 {
            format!("http://{host}{}", self.path)
        } else {
            self.path
        };
        let mut request = Request::builder().method(self.method).uri(uri);
        if !self.http2 {
            request = request.header("host", host.to_string());
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).expect("a valid request");
        let answering = async {
            if self.http2 {
                let executor = TokioExecutor::new();
                let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
                    .await
                    .expect("HTTP/2");
                tokio::spawn(connection);
                sender.send_request(request).await
            } else {
                let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
                    .await
                    .expect("HTTP/1.1");
                tokio::spawn(connection);
                sender.send_request(request).await
            }
        };
        let response = within("an answer", answering).await.expect("an answer");
        Heard::new(response)
    }
}

fn media_type(codec: Codec) -> &'static str {
    match codec {
        Codec::Bincode => "application/octet-stream",
        Codec::Json => "application/json",
    }
}

/// A `connect` frame with one subscription.
pub fn connect(token: &str, topic: &str, start: Start) -> ClientFrame {
    let subscribe = Subscribe {
        id: 1,
        topic: Text::cut(topic),
        contract: None,
        start,
        presence: false,
        max_hz: None,
    };
    ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut(token),
        agent: Text::cut("tests"),
        subscriptions: List::cut([subscribe]),
    }
}

/// An answer whose body is read as it comes. Dropping it cuts the connection.
pub struct Heard {
    head: Parts,
    body: Incoming,
    unread: Vec<u8>,
}

impl Heard {
    fn new(response: Response<Incoming>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            head,
            body,
            unread: Vec::new(),
        }
    }

    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status.as_u16()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name)?.to_str().ok()
    }

    /// The whole body.
    pub async fn bytes(mut self) -> Vec<u8> {
        while self.more().await {}
        self.unread
    }

    /// The whole body, as text.
    pub async fn text(self) -> String {
        String::from_utf8(self.bytes().await).expect("text")
    }

    /// The whole body, as JSON.
    pub async fn json(self) -> Value {
        let text = self.text().await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// The next frame of a body of frames. None at the end.
    pub async fn frame(&mut self, codec: Codec) -> Option<ServerFrame> {
        loop {
            if let Some((frame, used)) = first_frame(codec, &self.unread) {
                self.unread.drain(..used);
                return Some(frame);
            }
            if !self.more().await {
                assert!(self.unread.is_empty(), "half a frame at the end");
                return None;
            }
        }
    }

    /// The next frame that is no heartbeat.
    pub async fn news(&mut self, codec: Codec) -> Option<ServerFrame> {
        loop {
            match self.frame(codec).await {
                Some(ServerFrame::Ping { .. }) => {}
                other => return other,
            }
        }
    }

    /// The text up to and with the next `end`. None if the body ends before.
    pub async fn until(&mut self, end: &str) -> Option<String> {
        loop {
            let found = self
                .unread
                .windows(end.len())
                .position(|it| it == end.as_bytes());
            if let Some(at) = found {
                let text = self.unread.drain(..at + end.len()).collect();
                return Some(String::from_utf8(text).expect("text"));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn more(&mut self) -> bool {
        match within("more of an answer", self.body.frame()).await {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    self.unread.extend_from_slice(data);
                }
                true
            }
            // A connection that is cut is an end, too.
            Some(Err(_)) | None => false,
        }
    }
}

/// Reads the frame that bytes begin with, as a program without our crates would.
fn first_frame(codec: Codec, bytes: &[u8]) -> Option<(ServerFrame, usize)> {
    let (start, end) = match codec {
        Codec::Json => (0, bytes.iter().position(|byte| *byte == b'\n')?),
        Codec::Bincode => {
            let (len, start) = match *bytes.first()? {
                len @ 0..=250 => (usize::from(len), 1),
                0xfb => {
                    let len = bytes.get(1..3)?.try_into().expect("two bytes");
                    (usize::from(u16::from_le_bytes(len)), 3)
                }
                _ => {
                    let len = bytes.get(1..5)?.try_into().expect("four bytes");
                    (u32::from_le_bytes(len) as usize, 5)
                }
            };
            (start, start + len)
        }
    };
    let frame = codec.decode(bytes.get(start..end)?).expect("a frame");
    let used = if codec == Codec::Json { end + 1 } else { end };
    Some((frame, used))
}
