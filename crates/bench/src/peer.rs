//! One connection that speaks frames: what a load costs least with.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use trunkline_protocol::frame::{Range, Subscribe, TopicText};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatText};
use trunkline_protocol::{
    Call, ClientFrame, Codec, List, MessageId, Offset, PROTOCOL_VERSION, Publication, RequestId,
    SenderId, ServerFrame, Subprotocol, Text, Topic, User,
};

/// How long nothing may be heard. A heartbeat comes every ten seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// A heartbeat is shorter, if it tells of few topics.
const HEARTBEAT_LEN_MAX: usize = 100;

/// Where to connect, and as whom.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// A connection.
pub(crate) struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    sender: SenderId,
    next_id: RequestId,
    user: User,
}

impl Peer {
    /// Connects, and subscribes in the same round trip.
    pub(crate) async fn connect(ticket: &Ticket, subscriptions: Vec<Subscribe>) -> Result<Self> {
        let mut request = format!("ws://{}/ws", ticket.address).into_client_request()?;
        let name = Subprotocol::name(Codec::Bincode).parse()?;
        request.headers_mut().insert("sec-websocket-protocol", name);
        let connected = tokio_tungstenite::connect_async_with_config(request, None, true);
        let (mut socket, _) = connected.await.context("no handshake")?;
        let connect = ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(&ticket.token),
            agent: Text::cut("bench"),
            subscriptions: List::cut(subscriptions),
        };
        socket.send(message(&connect)).await?;
        match receive(&mut socket).await? {
            ServerFrame::Connected { user, .. } => Ok(Self {
                socket,
                sender: SenderId::from_random(getrandom::u64()?),
                next_id: 0,
                user,
            }),
            other => bail!("expected Connected, got {other:?}"),
        }
    }

    /// Who the server says this is.
    pub(crate) fn user(&self) -> &User {
        &self.user
    }

    /// Says something, and returns the id of the request.
    pub(crate) async fn say(&mut self, topic: &TopicText, text: ChatText) -> Result<RequestId> {
        self.publish::<Chat>(topic, &ChatCommand::Say { text })
            .await
    }

    /// Publishes a command, and returns the id of the request.
    pub(crate) async fn publish<T: Topic>(
        &mut self,
        topic: &TopicText,
        command: &T::Command,
    ) -> Result<RequestId> {
        self.next_id += 1;
        let publish = ClientFrame::Publish {
            id: self.next_id,
            message_id: MessageId {
                sender: self.sender,
                counter: self.next_id,
            },
            topic: topic.clone(),
            contract: Some(T::contract()),
            command: Codec::Bincode.payload(command)?,
        };
        self.socket.send(message(&publish)).await?;
        Ok(self.next_id)
    }

    /// Calls, and returns the id of the request.
    pub(crate) async fn call<C: Call>(&mut self, request: &C::Request) -> Result<RequestId> {
        self.next_id += 1;
        let call = ClientFrame::Call {
            id: self.next_id,
            method: Text::cut(C::METHOD),
            contract: Some(C::contract()),
            deadline_ms: 60_000,
            request: Codec::Bincode.payload(request)?,
        };
        self.socket.send(message(&call)).await?;
        Ok(self.next_id)
    }

    /// The length of the next message, in bytes. Only a short one is looked into: a heartbeat is
    /// answered. Cancel safe, but for the answer.
    pub(crate) async fn receive_len(&mut self) -> Result<usize> {
        let next = self.socket.next().await.context("the server hung up")??;
        let Message::Binary(bytes) = next else {
            bail!("expected a frame, got {next:?}");
        };
        if bytes.len() < HEARTBEAT_LEN_MAX
            && let ServerFrame::Ping { .. } = Codec::Bincode.decode(&bytes)?
        {
            self.socket.send(message(&ClientFrame::Pong)).await?;
        }
        Ok(bytes.len())
    }

    /// The next frame that is not a heartbeat. Cancel safe: a frame is taken only when it is
    /// returned.
    pub(crate) async fn receive(&mut self) -> Result<ServerFrame> {
        receive(&mut self.socket).await
    }

    /// Reads a page of what is kept of a topic. There must be nothing else under way.
    pub(crate) async fn history(
        &mut self,
        topic: &TopicText,
        after: Offset,
    ) -> Result<Vec<Publication>> {
        self.next_id += 1;
        let request = ClientFrame::History {
            id: self.next_id,
            topic: topic.clone(),
            range: Range::After { offset: after },
            limit: u16::MAX,
        };
        self.socket.send(message(&request)).await?;
        match self.receive().await? {
            ServerFrame::History { publications, .. } => Ok(publications.into_vec()),
            other => bail!("expected History, got {other:?}"),
        }
    }
}

/// The name of a room's topic.
pub(crate) fn topic(room: &str) -> TopicText {
    Text::cut(&format!("{}:{room}", Chat::NAMESPACE))
}

fn message(frame: &ClientFrame) -> Message {
    Message::Binary(Codec::Bincode.encode(frame))
}

async fn receive(socket: &mut WebSocketStream<MaybeTlsStream<TcpStream>>) -> Result<ServerFrame> {
    loop {
        let heard = timeout(SILENCE_MAX, socket.next()).await;
        let next = heard.context("the server is silent")?;
        let bytes = match next.context("the server hung up")?? {
            Message::Binary(bytes) => bytes,
            Message::Close(frame) => bail!("closed with {frame:?}"),
            _ => continue,
        };
        match Codec::Bincode.decode(&bytes)? {
            ServerFrame::Ping { .. } => socket.send(message(&ClientFrame::Pong)).await?,
            frame => return Ok(frame),
        }
    }
}
