//! WebSocket: the handshake with its subprotocols, and messages in and out.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{Sink, SinkExt, StreamExt};
use trunkline_protocol::codec::{CLIENT_FRAME_LEN_MAX, SERVER_FRAME_LEN_MAX};
use trunkline_protocol::{Codec, DisconnectReason, Offer, Subprotocol};
use trunkline_session::Close;
use tungstenite::error::{Error as WireError, ProtocolError};

use super::{Incoming, Reader, Writer, handshake};
use crate::connection;
use crate::node::Node;
use crate::problem::Problem;

pub(crate) use handshake::wants_upgrade;

/// The read buffer of a connection. The library's default of 128 KiB is allocated at once and is
/// most of what an idle connection costs.
const READ_BUFFER_LEN: usize = 4 * 1024;

/// Messages are joined up to about this many bytes into one write.
const WRITE_BUFFER_LEN: usize = 16 * 1024;

/// How long a peer has to answer a Close frame.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Answers a request that asks to become a WebSocket.
pub(crate) async fn upgrade(State(node): State<Arc<Node>>, request: Request) -> Response {
    if let Err(refusal) = handshake::check(request.version(), request.headers()) {
        return *refusal;
    }
    if !node.is_ready() {
        let detail = "this server is about to restart";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", detail);
        return ([(header::RETRY_AFTER, "1")], problem).into_response();
    }
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offer = Offer::of(offered.iter().filter_map(|value| value.to_str().ok()));
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => bounded(upgrade, CLIENT_FRAME_LEN_MAX),
        Err(rejection) => {
            return Problem::new(
                rejection.status(),
                "websocket_handshake",
                rejection.body_text(),
            )
            .into_response();
        }
    };
    match offer {
        Offer::Chosen(codec) => {
            let name = HeaderValue::from_static(Subprotocol::name(codec));
            named(upgrade, name).on_upgrade(move |socket| converse(node, socket, codec))
        }
        Offer::Unnamed => upgrade.on_upgrade(move |socket| converse(node, socket, Codec::Json)),
        Offer::OtherVersion(name) => match HeaderValue::from_str(&name) {
            Ok(name) => named(upgrade, name).on_upgrade(refuse_version),
            Err(_) => foreign(),
        },
        Offer::Foreign => foreign(),
    }
}

fn foreign() -> Response {
    let detail = format!(
        "expected one of the subprotocols {}",
        Subprotocol::ALL.join(", ")
    );
    Problem::new(StatusCode::BAD_REQUEST, "subprotocol", detail).into_response()
}

/// Sets the bounds that the library leaves open.
pub(crate) fn bounded(upgrade: WebSocketUpgrade, message_len_max: usize) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(READ_BUFFER_LEN)
        .write_buffer_size(WRITE_BUFFER_LEN)
        .max_write_buffer_size(WRITE_BUFFER_LEN + 2 * SERVER_FRAME_LEN_MAX.max(message_len_max))
        .max_message_size(message_len_max)
        .max_frame_size(message_len_max)
}

fn named(mut upgrade: WebSocketUpgrade, name: HeaderValue) -> WebSocketUpgrade {
    upgrade.set_selected_protocol(name);
    upgrade
}

/// A browser can read a close code but not the status of a refused handshake, so other versions
/// are let in and told.
async fn refuse_version(socket: WebSocket) {
    let (writer, reader) = socket.split();
    let mut writer = WebSocketWriter {
        sink: writer,
        codec: Codec::Json,
        busy: false,
    };
    let text = format!("this server speaks {}", Subprotocol::ALL.join(", "));
    writer
        .close(&Close::saying(DisconnectReason::VersionUnsupported, &text))
        .await;
    linger(reader).await;
}

async fn converse(node: Arc<Node>, socket: WebSocket, codec: Codec) {
    let tasks = node.tasks.clone();
    // A task of the node's own, so that its goodbye waits for it.
    let conversation = tasks.spawn(async move {
        let (sink, stream) = socket.split();
        let writer = WebSocketWriter {
            sink,
            codec,
            busy: false,
        };
        let reader = connection::run(node, codec, WebSocketReader { stream, codec }, writer).await;
        linger(reader.stream).await;
    });
    // A panic is logged by its hook; there is nobody else to tell.
    let _ = conversation.await;
}

/// Reads until the peer has closed, so that the kernel does not reset the connection under our
/// Close frame.
async fn linger(mut stream: SplitStream<WebSocket>) {
    let until_closed = async {
        while let Some(Ok(message)) = stream.next().await {
            if matches!(message, Message::Close(_)) {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(CLOSE_PATIENCE, until_closed).await;
}

pub(crate) struct WebSocketReader {
    stream: SplitStream<WebSocket>,
    codec: Codec,
}

impl Reader for WebSocketReader {
    async fn receive(&mut self) -> Incoming {
        loop {
            match (self.stream.next().await, self.codec) {
                (Some(Ok(Message::Binary(bytes))), Codec::Bincode) => {
                    return Incoming::Message(bytes);
                }
                (Some(Ok(Message::Text(text))), Codec::Json) => {
                    return Incoming::Message(text.into());
                }
                (Some(Ok(Message::Binary(_) | Message::Text(_))), _) => {
                    return Incoming::Violation(DisconnectReason::Unsupported);
                }
                // The library answers pings.
                (Some(Ok(Message::Ping(_) | Message::Pong(_))), _) => {}
                (Some(Ok(Message::Close(_))) | None, _) => return Incoming::Closed,
                (Some(Err(error)), _) => {
                    return violation(error).map_or(Incoming::Closed, Incoming::Violation);
                }
            }
        }
    }
}

/// The close code for what the library refused to read. None if the line is simply gone.
pub(crate) fn violation(error: axum::Error) -> Option<DisconnectReason> {
    let error = error.into_inner().downcast::<WireError>().ok()?;
    match *error {
        WireError::Protocol(ProtocolError::ResetWithoutClosingHandshake) => None,
        WireError::Protocol(_) => Some(DisconnectReason::Protocol),
        WireError::Utf8(_) => Some(DisconnectReason::NotUtf8),
        WireError::Capacity(_) => Some(DisconnectReason::TooLong),
        _ => None,
    }
}

pub(crate) struct WebSocketWriter {
    sink: SplitSink<WebSocket, Message>,
    codec: Codec,
    busy: bool,
}

impl WebSocketWriter {
    fn message(&self, bytes: Bytes) -> Result<Message, ()> {
        match self.codec {
            Codec::Bincode => Ok(Message::Binary(bytes)),
            // JSON is UTF-8; should it ever not be, the line is better lost than poisoned.
            Codec::Json => bytes.try_into().map(Message::Text).map_err(|_| ()),
        }
    }
}

impl Writer for WebSocketWriter {
    fn is_busy(&self) -> bool {
        self.busy
    }

    async fn write(&mut self, queue: &mut VecDeque<Bytes>) -> Result<(), ()> {
        std::future::poll_fn(|context| {
            while !queue.is_empty() {
                ready!(Pin::new(&mut self.sink).poll_ready(context)).map_err(|_| ())?;
                let Some(bytes) = queue.pop_front() else {
                    break;
                };
                let message = self.message(bytes)?;
                self.busy = true;
                Pin::new(&mut self.sink)
                    .start_send(message)
                    .map_err(|_| ())?;
            }
            ready!(Pin::new(&mut self.sink).poll_flush(context)).map_err(|_| ())?;
            self.busy = false;
            std::task::Poll::Ready(Ok(()))
        })
        .await
    }

    async fn close(&mut self, close: &Close) {
        let frame = CloseFrame {
            code: close.reason.code(),
            reason: close.text.as_str().into(),
        };
        // The peer may be gone; then there is nobody to tell.
        let _ = self.sink.send(Message::Close(Some(frame))).await;
    }
}
