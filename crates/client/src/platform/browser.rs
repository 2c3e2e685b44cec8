//! Browsers: gloo for sockets and timers, the page's events for wake-ups.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_channel::mpsc;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::LocalBoxStream;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use gloo_net::http::{Method, Request, RequestBuilder};
use gloo_net::websocket::futures::WebSocket;
use gloo_net::websocket::{Message, WebSocketError};
use trunkline_protocol::{Codec, DisconnectReason, Moment, Subprotocol, Timestamp};
use trunkline_session::Transport;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader};

pub use super::local_outbox::LocalOutbox;
pub use super::locks::Lock;
use super::{Answer, Fetch, Fetched, Incoming, Opening, Outgoing, Socket, Token};
use crate::http_date;

/// Asks for nothing: a page has one thread. On native targets it is `Send`.
pub trait MaybeSend {}

impl<T> MaybeSend for T {}

pub(crate) type BoxedFuture<T> = LocalBoxFuture<'static, T>;
pub(crate) type BoxedStream<T> = LocalBoxStream<'static, T>;
pub(crate) type BoxedSink<T> = Pin<Box<dyn Sink<T, Error = WebSocketError>>>;
pub(crate) type TokenFn = dyn Fn() -> BoxedFuture<Token>;

/// The time since the page was opened.
pub(crate) fn now() -> Moment {
    let performance = web_sys::window().and_then(|window| window.performance());
    Moment::from_ms(performance.map_or(0.0, |performance| performance.now()) as u64)
}

/// The time on the wall.
pub(crate) fn timestamp() -> Timestamp {
    Timestamp((js_sys::Date::now() / 1000.0) as u32)
}

pub(crate) fn random() -> u64 {
    let mut bytes = [0; 8];
    let crypto = web_sys::window().and_then(|window| window.crypto().ok());
    crypto
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).ok())
        .expect("a browser gives random bits");
    u64::from_le_bytes(bytes)
}

pub(crate) fn sleep(duration: Duration) -> BoxedFuture<()> {
    // A browser's longest timer is 2^31 − 1 ms; one that fires early is set again.
    Box::pin(gloo_timers::future::sleep(
        duration.min(Duration::from_secs(24 * 60 * 60)),
    ))
}

pub(crate) fn spawn(task: impl Future<Output = ()> + 'static) {
    wasm_bindgen_futures::spawn_local(task);
}

/// What the browser believes. It is wrong sometimes, and then says yes.
pub(crate) fn is_online() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}

fn remembered_under(url: &str) -> String {
    format!("trunkline.transport.{url}")
}

/// Keeps in mind that this transport works for the server at `url`, for the next page. That the
/// WebSocket works is what is believed anyway.
pub(crate) fn remember(url: &str, transport: Transport) {
    let Some(storage) = storage() else { return };
    let key = remembered_under(url);
    // A storage that is full or forbidden remembers nothing; then it is found out again.
    let _ = match transport {
        Transport::WebSocket => storage.remove_item(&key),
        Transport::Stream | Transport::Poll => {
            let value = format!("{} {}", transport.name(), timestamp().0);
            storage.set_item(&key, &value)
        }
    };
}

/// What [`remember`] has kept, and how long ago.
pub(crate) fn remembered(url: &str) -> Option<(Transport, Duration)> {
    let value = storage()?.get_item(&remembered_under(url)).ok()??;
    let (name, at) = value.split_once(' ')?;
    let age = timestamp().0.checked_sub(at.parse().ok()?)?;
    Some((Transport::named(name)?, Duration::from_secs(age.into())))
}

/// What suggests that the world changed while the page was not looking: it is shown again, it
/// comes back from the cache, the network is back or gone.
pub(crate) struct Wakes {
    events: mpsc::Receiver<()>,
    listener: Closure<dyn FnMut()>,
}

/// The events and whether the document or the window tells them.
const EVENTS: [(&str, bool); 4] = [
    ("visibilitychange", true),
    ("pageshow", false),
    ("online", false),
    ("offline", false),
];

impl Wakes {
    pub(crate) fn new() -> Self {
        // One event that was not seen yet stands for any number of them.
        let (mut sender, events) = mpsc::channel(0);
        let listener = Closure::<dyn FnMut()>::new(move || {
            let hidden = web_sys::window()
                .and_then(|window| window.document())
                .is_some_and(|it| it.hidden());
            if !hidden {
                let _ = sender.try_send(());
            }
        });
        for (event, target) in targets() {
            let _ =
                target.add_event_listener_with_callback(event, listener.as_ref().unchecked_ref());
        }
        Self { events, listener }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        for (event, target) in targets() {
            let _ = target
                .remove_event_listener_with_callback(event, self.listener.as_ref().unchecked_ref());
        }
    }
}

fn targets() -> impl Iterator<Item = (&'static str, web_sys::EventTarget)> {
    let window = web_sys::window();
    EVENTS.into_iter().filter_map(move |(event, on_document)| {
        let window = window.clone()?;
        let target: web_sys::EventTarget = if on_document {
            window.document()?.into()
        } else {
            window.into()
        };
        Some((event, target))
    })
}

impl Stream for Wakes {
    type Item = ();

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<()>> {
        self.events.poll_next_unpin(context)
    }
}

/// Opens a WebSocket that speaks `codec`. It counts as open at once: the sink waits until it is,
/// and a failure comes as a close.
pub(crate) fn open(url: &str, codec: Codec) -> Opening {
    let opened = WebSocket::open_with_protocol(url, Subprotocol::name(codec));
    Box::pin(async move {
        let socket = opened.map_err(|_| DisconnectReason::Policy)?;
        let (sink, stream) = socket.split();
        let outgoing = sink.with_flat_map(move |outgoing| {
            // Dropping the socket closes it; a page cannot say more in a way that matters.
            futures_util::stream::iter(to_message(codec, outgoing).map(Ok))
        });
        let incoming = stream.map(move |message| from_message(codec, message));
        Ok(Socket {
            outgoing: Box::pin(outgoing),
            incoming: incoming.boxed_local(),
        })
    })
}

fn to_message(codec: Codec, outgoing: Outgoing) -> Option<Message> {
    match outgoing {
        Outgoing::Frame(bytes) if codec.is_text() => {
            String::from_utf8(bytes.into()).ok().map(Message::Text)
        }
        Outgoing::Frame(bytes) => Some(Message::Bytes(bytes.into())),
        Outgoing::Close(_) => None,
    }
}

fn from_message(codec: Codec, message: Result<Message, WebSocketError>) -> Incoming {
    match message {
        Ok(Message::Bytes(bytes)) if !codec.is_text() => Incoming::Message(Bytes::from(bytes)),
        Ok(Message::Text(text)) if codec.is_text() => Incoming::Message(Bytes::from(text)),
        Ok(Message::Bytes(_) | Message::Text(_)) => Incoming::WrongKind,
        Err(WebSocketError::ConnectionClose(event)) => Incoming::Closed(event.code.into()),
        Err(_) => Incoming::Closed(DisconnectReason::Lost),
    }
}

/// Time for a request to sign in or for a token.
const HTTP_PATIENCE: Duration = Duration::from_secs(10);

/// Sends a JSON body to `base` + `path`. None if there is no answer in time. The browser keeps
/// cookies.
pub(crate) async fn post(
    base: &str,
    path: &str,
    _cookie: Option<&str>,
    body: String,
) -> Option<Answer> {
    let url = format!("{}{path}", base.trim_end_matches('/'));
    match select(Box::pin(post_now(&url, body)), sleep(HTTP_PATIENCE)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(((), _)) => None,
    }
}

async fn post_now(url: &str, body: String) -> Option<Answer> {
    let abort = AbortOnDrop(AbortController::new().ok()?);
    let request = Request::post(url)
        .header("content-type", "application/json")
        .abort_signal(Some(&abort.0.signal()))
        .body(body)
        .ok()?;
    let response = request.send().await.ok()?;
    Some(Answer {
        status: response.status(),
        date: response
            .headers()
            .get("date")
            .as_deref()
            .and_then(http_date::read),
        cookie: None,
        body: response.text().await.ok()?,
    })
}

/// The browser's own HTTP.
pub(crate) struct Http;

impl Http {
    pub(crate) fn new() -> Self {
        Self
    }

    /// Makes a request. None if there is no answer.
    pub(crate) fn fetch(&self, fetch: Fetch) -> BoxedFuture<Option<Fetched>> {
        Box::pin(async move {
            let abort = AbortOnDrop(AbortController::new().ok()?);
            let request = RequestBuilder::new(&fetch.url)
                .header("accept", fetch.media_type)
                .abort_signal(Some(&abort.0.signal()));
            let request = match fetch.token {
                Some(token) => request.header("authorization", &format!("Bearer {token}")),
                None => request,
            };
            let request = match fetch.body {
                Some(body) => request
                    .method(Method::POST)
                    .header("content-type", fetch.media_type)
                    .body(js_sys::Uint8Array::from(&body[..])),
                None => request.build(),
            };
            let response = request.ok()?.send().await.ok()?;
            let status = response.status();
            let reader = response.body()?.get_reader().unchecked_into();
            let body = futures_util::stream::unfold(Some((reader, abort)), read).boxed_local();
            Some(Fetched { status, body })
        })
    }
}

type Reading = Option<(ReadableStreamDefaultReader, AbortOnDrop)>;

/// Reads the next piece of a body; None where it breaks.
async fn read(reading: Reading) -> Option<(Option<Bytes>, Reading)> {
    let (reader, abort) = reading?;
    let Ok(read) = JsFuture::from(reader.read()).await else {
        return Some((None, None));
    };
    let get = |name: &str| js_sys::Reflect::get(&read, &name.into()).ok();
    if get("done").is_none_or(|done| done.is_truthy()) {
        return None;
    }
    let piece = get("value").map(|piece| js_sys::Uint8Array::new(&piece).to_vec());
    Some((piece.map(Bytes::from), Some((reader, abort))))
}

/// Cuts a request short when nobody waits for it any more.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
