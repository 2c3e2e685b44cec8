//! The driver: the one task that owns a client's transports and clock.
//!
//! It empties the session, then waits for whichever comes first: a message, room to write, an
//! answer over HTTP, the session's timeout, a ring of the bell, a token, or a wake-up of the
//! platform.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use trunkline_protocol::{DisconnectReason, Moment, RequestId};
use trunkline_session::{Action, ClientSession, HttpAnswer, Purpose, TokenFailure, Transport};

use crate::client::ClientConfig;
use crate::http::{self, Heard};
use crate::platform::{self, BoxedFuture, BoxedStream, Incoming, Opening, Socket, Wakes};
use crate::shared::{Fault, Shared, State};
use crate::tap::Taps;

mod socket;
mod taps;

use socket::poll_socket;
use taps::tap_sent;

/// A timer that fires this much too late was asleep, and so was the line perhaps.
const ASLEEP: Duration = Duration::from_secs(5);

type Tokens = Box<platform::TokenFn>;

pub(crate) struct Driver {
    shared: Arc<Shared>,
    bell: mpsc::Receiver<()>,
    config: ClientConfig,
    tokens: Tokens,
    token: Option<BoxedFuture<Result<String, TokenFailure>>>,
    opening: Option<Opening>,
    socket: Option<Socket>,
    /// A WebSocket beside a line over HTTP.
    opening_beside: Option<Opening>,
    beside: Option<Socket>,
    http: platform::Http,
    base: String,
    /// What was dialed last.
    dialed: Transport,
    /// The conversation over HTTP, and its number.
    conversation: Option<(u32, BoxedStream<Heard>)>,
    /// Requests over HTTP with one answer.
    asks: FuturesUnordered<BoxedFuture<(RequestId, HttpAnswer, usize)>>,
    timer: Option<(Moment, BoxedFuture<()>)>,
    wakes: Wakes,
}

/// What the driver was woken for.
enum Turn {
    Opened(Result<Socket, DisconnectReason>),
    Incoming(Incoming),
    OpenedBeside(Result<Socket, DisconnectReason>),
    IncomingBeside(Incoming),
    Heard(u32, Heard),
    /// The answer, and how many bytes it had.
    Answered(RequestId, HttpAnswer, usize),
    Token(Result<String, TokenFailure>),
    Timeout {
        late: bool,
    },
    Wake,
    Bell,
}

impl Driver {
    pub(crate) fn new(
        shared: Arc<Shared>,
        bell: mpsc::Receiver<()>,
        config: ClientConfig,
        tokens: impl Fn() -> BoxedFuture<Result<String, TokenFailure>> + platform::MaybeSend + 'static,
    ) -> Self {
        shared.with(|state| state.session.start(platform::now()));
        Self {
            shared,
            bell,
            base: http::base_of(&config.url),
            config,
            dialed: Transport::WebSocket,
            tokens: Box::new(tokens),
            token: None,
            opening: None,
            socket: None,
            opening_beside: None,
            beside: None,
            http: platform::Http::new(),
            conversation: None,
            asks: FuturesUnordered::new(),
            timer: None,
            wakes: Wakes::new(),
        }
    }

    pub(crate) async fn run(mut self) {
        loop {
            if self.shared.with(|state| state.ended) {
                break;
            }
            self.obey();
            let turn = std::future::poll_fn(|context| self.poll_turn(context)).await;
            self.handle(turn);
        }
        if let Some(socket) = self.socket.take() {
            socket.close(DisconnectReason::Normal).await;
        }
        self.shared.with(State::end);
        self.shared.with_taps(Taps::wake);
    }

    /// Does what the session and the handles ask for.
    fn obey(&mut self) {
        let now = platform::now();
        self.obey_handles(now);
        self.obey_session(now);
        self.make_requests();
        self.shared.with(State::dispatch);
        if let Some(transport) = self.shared.with(|state| state.works.take()) {
            platform::remember(&self.config.url, transport);
        }
        let timeout = self.shared.with(|state| state.session.poll_timeout());
        let set = self.timer.as_ref().map(|(at, _)| *at);
        if set != timeout {
            self.timer = timeout.map(|at| (at, platform::sleep(at.since(now))));
        }
    }

    fn obey_session(&mut self, now: Moment) {
        while let Some(action) = self.shared.with(|state| state.session.poll_action()) {
            match action {
                Action::FetchToken => self.token = Some((self.tokens)()),
                Action::Dial(_) if self.shared.with(|state| state.fault.is_some()) => {
                    self.session(|session| session.handle_closed(now, DisconnectReason::Lost));
                }
                Action::Dial(Transport::WebSocket) => self.opening = Some(self.open()),
                // Requests open their connections themselves.
                Action::Dial(over @ (Transport::Stream | Transport::Poll)) => {
                    self.dialed = over;
                    self.session(|session| session.handle_opened(now));
                }
                Action::Hangup(reason) => self.hang_up(reason),
                Action::DialBeside => self.opening_beside = Some(self.open()),
                Action::HangupBeside => self.hang_up_beside(),
                Action::MoveOver => {
                    self.conversation = None;
                    self.socket = self.beside.take();
                }
            }
        }
    }

    fn open(&self) -> Opening {
        platform::open(&self.config.url, self.config.codec)
    }

    /// Begins the requests that the session asks for. A conversation takes the place of the one
    /// before it.
    fn make_requests(&mut self) {
        while let Some(request) = self.shared.with(|state| state.session.poll_request()) {
            let codec = self.config.codec;
            self.tap_request(codec, &request);
            match request.purpose {
                Purpose::Converse(number) => {
                    let heard = http::converse(&self.http, &self.base, codec, request);
                    self.conversation = Some((number, heard));
                }
                Purpose::Ask(id) => {
                    let asking = http::ask(&self.http, &self.base, codec, id, request);
                    self.asks.push(asking);
                }
            }
        }
    }

    fn obey_handles(&mut self, now: Moment) {
        let (fault, woken) = self
            .shared
            .with(|state| (state.fault, std::mem::take(&mut state.woken)));
        let cut = fault == Some(Fault::Cut);
        let online = !cut && platform::is_online();
        self.session(|session| session.set_online(online));
        let has_line =
            self.socket.is_some() || self.opening.is_some() || self.conversation.is_some();
        if fault.is_some() && has_line {
            self.hang_up(DisconnectReason::GoingAway);
            self.session(|session| session.handle_closed(now, DisconnectReason::Lost));
        }
        if woken && !cut {
            self.session(|session| {
                session.start(now);
                session.handle_wake(now);
            });
        }
    }

    fn hang_up(&mut self, reason: DisconnectReason) {
        self.opening = None;
        self.conversation = None;
        self.asks.clear();
        if let Some(socket) = self.socket.take() {
            // Saying goodbye must not hold up the next attempt.
            platform::spawn(socket.close(reason));
        }
    }

    fn hang_up_beside(&mut self) {
        self.opening_beside = None;
        if let Some(socket) = self.beside.take() {
            platform::spawn(socket.close(DisconnectReason::Normal));
        }
    }

    fn session<R>(&self, reach: impl FnOnce(&mut ClientSession) -> R) -> R {
        self.shared.with(|state| {
            let result = reach(&mut state.session);
            state.dispatch();
            result
        })
    }

    fn handle(&mut self, turn: Turn) {
        let now = platform::now();
        match turn {
            Turn::Opened(Ok(socket)) => {
                self.socket = Some(socket);
                self.session(|session| session.handle_opened(now));
            }
            Turn::Opened(Err(reason)) => self.session(|session| session.handle_closed(now, reason)),
            Turn::Incoming(Incoming::Message(bytes)) => {
                let decoded = self.config.codec.decode_server_frame(&bytes);
                let frame = decoded.as_ref().ok().and_then(Option::as_ref);
                self.tap_message(bytes.len(), frame);
                self.session(|session| match decoded {
                    Ok(Some(frame)) => session.handle_frame(now, frame),
                    Ok(None) => session.handle_unknown_frame(now),
                    Err(_) => session.handle_malformed(now),
                });
            }
            Turn::Incoming(Incoming::WrongKind) => {
                self.session(|session| session.handle_malformed(now));
            }
            Turn::Incoming(Incoming::Closed(reason)) => {
                self.socket = None;
                self.session(|session| session.handle_closed(now, reason));
            }
            Turn::OpenedBeside(Ok(socket)) => {
                self.beside = Some(socket);
                self.session(|session| session.handle_beside_opened(now));
            }
            Turn::OpenedBeside(Err(_)) | Turn::IncomingBeside(Incoming::Closed(_)) => {
                self.session(|session| session.handle_beside_closed(now));
            }
            Turn::IncomingBeside(Incoming::Message(bytes)) => {
                let decoded = self.config.codec.decode_server_frame(&bytes);
                let frame = decoded.as_ref().ok().and_then(Option::as_ref);
                self.tap_message(bytes.len(), frame);
                // A kind that is not known says nothing about this line.
                if let Some(decoded) = decoded.transpose() {
                    self.session(|session| session.handle_beside_frame(now, decoded.ok()));
                }
            }
            Turn::IncomingBeside(Incoming::WrongKind) => {
                self.session(|session| session.handle_beside_frame(now, None));
            }
            Turn::Heard(number, heard) => self.handle_heard(now, number, heard),
            Turn::Answered(id, answer, len) => {
                self.tap_answer(&answer, len);
                self.session(|session| session.handle_answer(now, id, answer));
            }
            Turn::Token(token) => self.session(|session| session.handle_token(now, token)),
            Turn::Timeout { late } => self.session(|session| {
                if late {
                    session.handle_wake(now);
                }
                session.handle_timeout(now);
            }),
            Turn::Wake => self.session(|session| session.handle_wake(now)),
            // `obey` looks at everything that a handle may have changed.
            Turn::Bell => {}
        }
    }

    fn handle_heard(&mut self, now: Moment, number: u32, heard: Heard) {
        match &heard {
            Heard::Frame(frame, size) => self.tap_received(self.dialed, *size, Some(frame)),
            Heard::Malformed | Heard::Ended | Heard::Closed(_) => self.conversation = None,
        }
        self.session(|session| {
            // A handle may have made the session ask anew since this came.
            if session.conversation() != number {
                return;
            }
            match heard {
                Heard::Frame(frame, _) => session.handle_frame(now, frame),
                Heard::Malformed => session.handle_malformed(now),
                Heard::Ended => session.handle_ended(now),
                Heard::Closed(reason) => session.handle_closed(now, reason),
            }
        });
    }

    /// Waits for the first thing to happen. Every part is polled each time and keeps its own
    /// state, so nothing is lost when another one is first.
    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if let Some(opening) = &mut self.opening
            && let Poll::Ready(opened) = opening.poll_unpin(context)
        {
            self.opening = None;
            return Poll::Ready(Turn::Opened(opened));
        }
        if let Some(token) = &mut self.token
            && let Poll::Ready(token) = token.poll_unpin(context)
        {
            self.token = None;
            return Poll::Ready(Turn::Token(token));
        }
        let codec = self.config.codec;
        if let Some(socket) = &mut self.socket {
            let next = || self.shared.with(|state| state.session.poll_transmit());
            let sent = |frame: &_, len| tap_sent(&self.shared, frame, len);
            if let Poll::Ready(incoming) = poll_socket(socket, codec, context, next, sent) {
                return Poll::Ready(Turn::Incoming(incoming));
            }
        }
        if let Poll::Ready(turn) = self.poll_beside(context) {
            return Poll::Ready(turn);
        }
        if let Poll::Ready(turn) = self.poll_http(context) {
            return Poll::Ready(turn);
        }
        if let Poll::Ready(Some(())) = self.wakes.poll_next_unpin(context) {
            return Poll::Ready(Turn::Wake);
        }
        if let Poll::Ready(Some(())) = self.bell.poll_next_unpin(context) {
            return Poll::Ready(Turn::Bell);
        }
        if let Some((at, timer)) = &mut self.timer
            && timer.poll_unpin(context).is_ready()
        {
            let late = platform::now().since(*at) > ASLEEP;
            self.timer = None;
            return Poll::Ready(Turn::Timeout { late });
        }
        Poll::Pending
    }

    fn poll_beside(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if let Some(opening) = &mut self.opening_beside
            && let Poll::Ready(opened) = opening.poll_unpin(context)
        {
            self.opening_beside = None;
            return Poll::Ready(Turn::OpenedBeside(opened));
        }
        let Some(socket) = &mut self.beside else {
            return Poll::Pending;
        };
        let next = || {
            self.shared
                .with(|state| state.session.poll_transmit_beside())
        };
        let sent = |frame: &_, len| tap_sent(&self.shared, frame, len);
        poll_socket(socket, self.config.codec, context, next, sent).map(Turn::IncomingBeside)
    }

    fn poll_http(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        if let Some((number, heard)) = &mut self.conversation
            && let Poll::Ready(heard) = heard.poll_next_unpin(context)
        {
            let heard = heard.unwrap_or(Heard::Closed(DisconnectReason::Lost));
            return Poll::Ready(Turn::Heard(*number, heard));
        }
        match self.asks.poll_next_unpin(context) {
            Poll::Ready(Some((id, answer, len))) => Poll::Ready(Turn::Answered(id, answer, len)),
            // There is none, and nobody to wait for.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}
