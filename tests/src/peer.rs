//! A peer that speaks frames and expects answers, with no session of its own in between.

use std::collections::VecDeque;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use trunkline_client::Guest;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::{
    Call, ClientFrame, Codec, DisconnectReason, Error, List, MessageId, PROTOCOL_VERSION, Payload,
    RequestId, SenderId, ServerFrame, Subprotocol, Text, User,
};

use crate::{TestServer, within};

/// An access token for a new guest.
pub(crate) async fn token(address: SocketAddr, nickname: &str) -> String {
    let guest = Guest::sign_in(format!("http://{address}"), nickname).await;
    let guest = guest.expect("a guest is welcome");
    guest.token().await.expect("a guest has tokens")
}

/// One WebSocket that speaks frames.
pub struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    codec: Codec,
    next_id: RequestId,
    user: Option<User>,
    token: String,
    /// Events that came before an answer.
    passed: VecDeque<Payload>,
}

impl Peer {
    /// Opens a socket and says nothing yet.
    pub async fn open(server: &TestServer, codec: Codec) -> Self {
        Self::open_as(server, codec, Some(Subprotocol::name(codec)))
            .await
            .expect("a handshake")
    }

    /// Opens a socket that offers `subprotocol`.
    ///
    /// # Errors
    ///
    /// What the handshake ended in.
    pub async fn open_as(
        server: &TestServer,
        codec: Codec,
        subprotocol: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        Self::open_at(server.address(), codec, subprotocol).await
    }

    async fn open_at(
        address: SocketAddr,
        codec: Codec,
        subprotocol: Option<&str>,
    ) -> Result<Self, tungstenite::Error> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        if let Some(name) = subprotocol {
            let name = name.parse().expect("a header value");
            request.headers_mut().insert("sec-websocket-protocol", name);
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await?;
        Ok(Self {
            socket,
            codec,
            next_id: 0,
            user: None,
            token: String::new(),
            passed: VecDeque::new(),
        })
    }

    /// Opens a socket, signs in a new guest and connects.
    pub async fn connect(server: &TestServer, codec: Codec, nickname: &str) -> Self {
        Self::connect_to(server.address(), codec, nickname).await
    }

    /// Does the same with any server.
    pub async fn connect_to(address: SocketAddr, codec: Codec, nickname: &str) -> Self {
        Self::connect_with(address, codec, &token(address, nickname).await).await
    }

    /// Connects whoever the token stands for.
    pub async fn connect_with(address: SocketAddr, codec: Codec, token: &str) -> Self {
        let mut peer = Self::open_at(address, codec, Some(Subprotocol::name(codec)))
            .await
            .expect("a handshake");
        token.clone_into(&mut peer.token);
        peer.greet(token).await;
        match peer.receive().await {
            ServerFrame::Connected { user, .. } => peer.user = Some(user),
            other => panic!("expected Connected, got {other:?}"),
        }
        peer
    }

    /// Sends `Connect` with a token.
    pub async fn greet(&mut self, token: &str) {
        self.send(&ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(token),
            agent: Text::cut("tests"),
            subscriptions: List::default(),
        })
        .await;
    }

    /// Who the server says this is.
    pub fn user(&self) -> &User {
        self.user.as_ref().expect("a connected peer")
    }

    /// The token that it connected with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A request id that was not used yet.
    pub fn id(&mut self) -> RequestId {
        self.next_id += 1;
        self.next_id
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) {
        let bytes = self.codec.encode(frame);
        let message = match self.codec {
            Codec::Bincode => Message::Binary(bytes),
            Codec::Json => Message::Text(bytes.try_into().expect("JSON is text")),
        };
        self.send_message(message).await;
    }

    /// Sends any message.
    pub async fn send_message(&mut self, message: Message) {
        self.socket.send(message).await.expect("a line that is up");
    }

    /// The next frame that is not a heartbeat.
    pub async fn receive(&mut self) -> ServerFrame {
        loop {
            let message = within("a frame", self.socket.next())
                .await
                .expect("a line that is up");
            let bytes = match message.expect("a line that is up") {
                Message::Binary(bytes) => bytes,
                Message::Text(text) => text.into(),
                Message::Close(frame) => panic!("closed with {frame:?} instead of a frame"),
                _ => continue,
            };
            match self.codec.decode(&bytes).expect("a frame") {
                ServerFrame::Ping { .. } => self.send(&ClientFrame::Pong).await,
                frame => return frame,
            }
        }
    }

    /// Reads until the server closes, and returns its code and words.
    pub async fn closed(&mut self) -> (DisconnectReason, String) {
        loop {
            match within("a close", self.socket.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (
                        u16::from(frame.code).into(),
                        frame.reason.as_str().to_owned(),
                    );
                }
                Some(Ok(Message::Close(None))) => return (DisconnectReason::Normal, String::new()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (DisconnectReason::Lost, String::new()),
            }
        }
    }

    /// Calls, and returns the response.
    ///
    /// # Errors
    ///
    /// What the server refuses it with.
    pub async fn call<C: Call>(&mut self, request: &C::Request) -> Result<C::Response, Error> {
        let id = self.id();
        self.send(&ClientFrame::Call {
            id,
            method: Text::cut(C::METHOD),
            contract: Some(C::contract()),
            deadline_ms: 10_000,
            request: self.codec.payload(request).expect("a short request"),
        })
        .await;
        match self.answer_to(id).await {
            ServerFrame::Returned { response, .. } => {
                Ok(self.codec.decode(response.as_bytes()).expect("a response"))
            }
            ServerFrame::Refused { error, .. } => Err(error),
            other => panic!("{other:?}"),
        }
    }

    /// Subscribes and returns the answer.
    pub async fn subscribe(&mut self, topic: &str, start: Start) -> ServerFrame {
        self.subscribe_at(topic, start, None).await
    }

    /// Subscribes at a pace, and returns the answer.
    pub async fn subscribe_at(
        &mut self,
        topic: &str,
        start: Start,
        max_hz: Option<u16>,
    ) -> ServerFrame {
        let id = self.id();
        let subscribe = Subscribe {
            id,
            topic: Text::cut(topic),
            contract: None,
            start,
            presence: false,
            max_hz,
        };
        self.send(&ClientFrame::Subscribe(subscribe)).await;
        self.answer_to(id).await
    }

    /// Publishes a command and returns the answer.
    pub async fn publish<T: trunkline_protocol::Topic>(
        &mut self,
        key: &T::Key,
        command: &T::Command,
    ) -> ServerFrame {
        let id = self.id();
        self.publish_as::<T>(
            key,
            command,
            MessageId {
                sender: SenderId::from_random(7),
                counter: id,
            },
        )
        .await
    }

    /// Publishes a command under a message id of the test's own.
    pub async fn publish_as<T: trunkline_protocol::Topic>(
        &mut self,
        key: &T::Key,
        command: &T::Command,
        message_id: MessageId,
    ) -> ServerFrame {
        let id = self.id();
        let command = self.codec.payload(command).expect("a short command");
        let topic = Text::cut(T::name(key).as_str());
        self.send(&ClientFrame::Publish {
            id,
            message_id,
            topic,
            contract: None,
            command,
        })
        .await;
        self.answer_to(id).await
    }

    /// The answer to a request. Events that come before it are for [`Peer::event`] to read.
    pub async fn answer_to(&mut self, request: RequestId) -> ServerFrame {
        loop {
            let frame = self.receive().await;
            let id = match &frame {
                ServerFrame::Subscribed { id, .. }
                | ServerFrame::Unsubscribed { id, .. }
                | ServerFrame::Published { id, .. }
                | ServerFrame::Refused { id, .. }
                | ServerFrame::Returned { id, .. }
                | ServerFrame::History { id, .. }
                | ServerFrame::Present { id, .. }
                | ServerFrame::Refreshed { id, .. } => *id,
                ServerFrame::Publication { event, .. } => {
                    self.passed.push_back(event.0.clone());
                    continue;
                }
                _ => continue,
            };
            if id == request {
                return frame;
            }
        }
    }

    /// The next event of any topic, decoded.
    pub async fn event<T: trunkline_protocol::Topic>(&mut self) -> T::Event {
        loop {
            let event = match self.passed.pop_front() {
                Some(event) => event,
                None => match self.receive().await {
                    ServerFrame::Publication { event, .. } => event.0,
                    _ => continue,
                },
            };
            let event = self.codec.decode(event.as_bytes());
            return event.expect("an event of this topic");
        }
    }
}
