//! A connection to a server that may die at any moment: everything returns an error, nothing panics.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use trunkline_client::Guest;
use trunkline_protocol::{
    ClientFrame, Codec, List, PROTOCOL_VERSION, RequestId, ServerFrame, Subprotocol, Text,
};

/// The longest that an answer may take on a machine with other work.
const ANSWER_MAX: Duration = Duration::from_secs(30);

pub(super) const CODEC: Codec = Codec::Bincode;

/// One WebSocket that has connected.
pub(super) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: RequestId,
}

/// Signs a new guest in, and returns an access token.
pub(super) async fn sign_in(address: SocketAddr) -> Result<String> {
    let guest = Guest::sign_in(format!("http://{address}"), "witness").await;
    let guest = guest.ok().context("no guest can sign in")?;
    guest.token().await.ok().context("no token")
}

impl Connection {
    pub(super) async fn open(address: SocketAddr, token: &str) -> Result<Self> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        let name = Subprotocol::name(CODEC).parse()?;
        request.headers_mut().insert("sec-websocket-protocol", name);
        let opening = tokio_tungstenite::connect_async(request);
        let (socket, _) = tokio::time::timeout(ANSWER_MAX, opening).await??;
        let mut connection = Self { socket, next_id: 0 };
        connection
            .send(&ClientFrame::Connect {
                version: PROTOCOL_VERSION,
                token: Text::cut(token),
                agent: Text::cut("faults"),
                subscriptions: List::default(),
            })
            .await?;
        match connection.receive().await? {
            ServerFrame::Connected { .. } => Ok(connection),
            other => bail!("expected Connected, got {other:?}"),
        }
    }

    /// Returns a request id that was not used yet.
    pub(super) fn id(&mut self) -> RequestId {
        self.next_id += 1;
        self.next_id
    }

    pub(super) async fn send(&mut self, frame: &ClientFrame) -> Result<()> {
        let message = Message::Binary(CODEC.encode(frame));
        Ok(self.socket.send(message).await?)
    }

    /// Returns the next frame that answers a request.
    pub(super) async fn receive(&mut self) -> Result<ServerFrame> {
        loop {
            let message = tokio::time::timeout(ANSWER_MAX, self.socket.next()).await;
            let message = message.context("no answer")?.context("the end")??;
            let bytes = match message {
                Message::Binary(bytes) => bytes,
                Message::Close(frame) => bail!("closed with {frame:?}"),
                _ => continue,
            };
            match CODEC.decode(&bytes)? {
                ServerFrame::Ping { .. } => self.send(&ClientFrame::Pong).await?,
                frame => return Ok(frame),
            }
        }
    }
}

/// Fetches `/readyz`: its status code and text.
pub(super) async fn readiness(address: SocketAddr) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = "GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    let reading = stream.read_to_string(&mut answer);
    tokio::time::timeout(ANSWER_MAX, reading).await??;
    let status = answer.split(' ').nth(1).and_then(|it| it.parse().ok());
    Ok((status.context("a status line")?, answer))
}
