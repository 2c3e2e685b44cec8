//! Native programs: tokio for sockets, timers and tasks.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http_body_util::{BodyExt, Full, Limited};
use hyper::header;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};
use trunkline_protocol::codec::{CLIENT_FRAME_LEN_MAX, SERVER_FRAME_LEN_MAX};
use trunkline_protocol::{Codec, DisconnectReason, Moment, Subprotocol, Timestamp, UserId};
use trunkline_session::{CommandId, SavedCommand, SavedOutbox, Transport};

use super::{Answer, Fetch, Fetched, Incoming, Opening, Outgoing, Socket, Token};
use crate::http_date;
use crate::outbox::{OutboxStore, StoreError};

/// `Send`, since tasks may move between threads. In a browser it asks for nothing.
pub trait MaybeSend: Send {}

impl<T: Send> MaybeSend for T {}

pub(crate) type BoxedFuture<T> = BoxFuture<'static, T>;
pub(crate) type BoxedStream<T> = BoxStream<'static, T>;
pub(crate) type BoxedSink<T> = Pin<Box<dyn Sink<T, Error = tungstenite::Error> + Send>>;
pub(crate) type TokenFn = dyn Fn() -> BoxedFuture<Token> + Send;

/// The longest body of an HTTP answer that is read.
const BODY_LEN_MAX: usize = 64 * 1024;

/// How long an HTTP request may take.
const HTTP_PATIENCE: Duration = Duration::from_secs(10);

/// The time since this program first asked for it.
pub(crate) fn now() -> Moment {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment::from_ms(u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX))
}

/// The time on the wall. A clock from before 1970 reads as 1970.
pub(crate) fn timestamp() -> Timestamp {
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp(u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX))
}

pub(crate) fn random() -> u64 {
    getrandom::u64().expect("the operating system gives random bits")
}

pub(crate) fn sleep(duration: Duration) -> BoxedFuture<()> {
    Box::pin(tokio::time::sleep(duration))
}

pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// A native program has no better way to know than to try.
pub(crate) fn is_online() -> bool {
    true
}

/// Native programs live long and remember nothing.
pub(crate) fn remember(_: &str, _: Transport) {}

/// What [`remember`] has kept: nothing.
pub(crate) fn remembered(_: &str) -> Option<(Transport, Duration)> {
    None
}

/// Native programs do not sleep in hidden tabs: nothing ever comes.
pub(crate) struct Wakes;

impl Wakes {
    pub(crate) fn new() -> Self {
        Self
    }
}

impl Stream for Wakes {
    type Item = ();

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<()>> {
        Poll::Pending
    }
}

/// The browser's storage as the keeper of an outbox. Native programs have none; theirs is
/// [`FileOutbox`](crate::FileOutbox).
#[derive(Debug)]
pub enum LocalOutbox {}

impl LocalOutbox {
    /// Opens nothing.
    pub async fn open(_: UserId) -> Option<Self> {
        None
    }

    /// Forgets nothing.
    pub fn discard(_: UserId) {}
}

/// A lock between the pages of one browser. Native programs have none.
#[derive(Debug)]
pub enum Lock {}

impl Lock {
    /// Tells whether there are locks.
    pub fn exist() -> bool {
        false
    }

    /// Takes none.
    pub async fn take(_: &str) -> Option<Self> {
        None
    }

    /// Nobody holds any.
    pub async fn any_held(_: &str) -> bool {
        false
    }
}

impl OutboxStore for LocalOutbox {
    fn load(&mut self) -> SavedOutbox {
        match *self {}
    }

    fn put(&mut self, _: &SavedCommand) -> Result<(), StoreError> {
        match *self {}
    }

    fn remove(&mut self, _: CommandId) {
        match *self {}
    }

    fn note_counter(&mut self, _: u32) -> Result<(), StoreError> {
        match *self {}
    }
}

/// Opens a WebSocket that speaks `codec`.
pub(crate) fn open(url: &str, codec: Codec) -> Opening {
    let url = url.to_owned();
    Box::pin(async move {
        let mut request = url
            .into_client_request()
            .map_err(|_| DisconnectReason::Policy)?;
        let name = header::HeaderValue::from_static(Subprotocol::name(codec));
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .write_buffer_size(0)
            .max_write_buffer_size(2 * CLIENT_FRAME_LEN_MAX)
            .max_message_size(Some(SERVER_FRAME_LEN_MAX))
            .max_frame_size(Some(SERVER_FRAME_LEN_MAX));
        let connected =
            tokio_tungstenite::connect_async_with_config(request, Some(config), true).await;
        let (socket, _) = connected.map_err(|_| DisconnectReason::Lost)?;
        let (sink, stream) = socket.split();
        let outgoing =
            sink.with(move |outgoing| std::future::ready(Ok(to_message(codec, outgoing))));
        let incoming =
            stream.filter_map(move |message| std::future::ready(from_message(codec, message)));
        Ok(Socket {
            outgoing: Box::pin(outgoing),
            incoming: incoming.boxed(),
        })
    })
}

fn to_message(codec: Codec, outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Frame(bytes) if codec.is_text() => Message::Text(
            bytes
                .try_into()
                .expect("frames of a text codec are UTF-8 since they were encoded from text"),
        ),
        Outgoing::Frame(bytes) => Message::Binary(bytes),
        Outgoing::Close(reason) => {
            // A client may not send the codes that stand for a lost line.
            let code = if reason == DisconnectReason::Lost {
                1001
            } else {
                reason.code()
            };
            Message::Close(Some(CloseFrame {
                code: CloseCode::from(code),
                reason: reason.text().into(),
            }))
        }
    }
}

fn from_message(codec: Codec, message: Result<Message, tungstenite::Error>) -> Option<Incoming> {
    match message {
        Ok(Message::Binary(bytes)) if !codec.is_text() => Some(Incoming::Message(bytes)),
        Ok(Message::Text(text)) if codec.is_text() => Some(Incoming::Message(text.into())),
        Ok(Message::Binary(_) | Message::Text(_)) => Some(Incoming::WrongKind),
        Ok(Message::Close(frame)) => {
            let reason = frame.map_or(DisconnectReason::Normal, |frame| {
                u16::from(frame.code).into()
            });
            Some(Incoming::Closed(reason))
        }
        Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => None,
        Err(_) => Some(Incoming::Closed(DisconnectReason::Lost)),
    }
}

/// Sends a JSON body to `base` + `path`. None if there is no answer.
pub(crate) async fn post(
    base: &str,
    path: &str,
    cookie: Option<&str>,
    body: String,
) -> Option<Answer> {
    tokio::time::timeout(HTTP_PATIENCE, post_now(base, path, cookie, body))
        .await
        .ok()?
}

async fn post_now(base: &str, path: &str, cookie: Option<&str>, body: String) -> Option<Answer> {
    let authority = base.strip_prefix("http://")?.trim_end_matches('/');
    let address = if authority.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .ok()?;
    // The connection ends by itself when the sender is dropped.
    tokio::spawn(connection);
    let mut request = hyper::Request::post(path)
        .header(header::HOST, authority)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let response = sender
        .send_request(request.body(Full::new(Bytes::from(body))).ok()?)
        .await
        .ok()?;
    let status = response.status().as_u16();
    let of = |name| response.headers().get(name)?.to_str().ok();
    let date = of(header::DATE).and_then(http_date::read);
    let cookie = of(header::SET_COOKIE)
        .and_then(|value| value.split(';').next())
        .map(str::to_owned);
    let body = Limited::new(response.into_body(), BODY_LEN_MAX)
        .collect()
        .await
        .ok()?
        .to_bytes();
    Some(Answer {
        status,
        date,
        cookie,
        body: String::from_utf8(body.into()).ok()?,
    })
}

/// HTTP connections, which are used again while they last.
pub(crate) struct Http(Client<HttpConnector, Full<Bytes>>);

impl Http {
    pub(crate) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).build(connector))
    }

    /// Makes a request. None if there is no answer.
    pub(crate) fn fetch(&self, fetch: Fetch) -> BoxedFuture<Option<Fetched>> {
        let client = self.0.clone();
        Box::pin(async move {
            let request = hyper::Request::builder()
                .uri(fetch.url)
                .header(header::ACCEPT, fetch.media_type);
            let request = match fetch.token {
                Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
                None => request,
            };
            let request = match fetch.body {
                Some(body) => request
                    .method(hyper::Method::POST)
                    .header(header::CONTENT_TYPE, fetch.media_type)
                    .body(Full::new(body)),
                None => request.body(Full::default()),
            };
            let response = client.request(request.ok()?).await.ok()?;
            let status = response.status().as_u16();
            let body = response
                .into_body()
                .into_data_stream()
                .map(Result::ok)
                .boxed();
            Some(Fetched { status, body })
        })
    }
}
