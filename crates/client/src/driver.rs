//! The driver: the one task that owns a client's transport and clock.
//!
//! It empties the session, then waits for whichever comes first: a message, room to write, the
//! session's timeout, a ring of the bell, a token, or a wake-up of the platform.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::mpsc;
use futures_util::{FutureExt, SinkExt, StreamExt};
use trunkline_protocol::{DisconnectReason, Moment};
use trunkline_session::{Action, ClientSession, TokenFailure};

use crate::client::ClientConfig;
use crate::platform::{self, BoxedFuture, Incoming, Opening, Outgoing, Transport, Wakes};
use crate::shared::{Shared, State};

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
    transport: Option<Transport>,
    timer: Option<(Moment, BoxedFuture<()>)>,
    wakes: Wakes,
}

/// What the driver was woken for.
enum Turn {
    Opened(Result<Transport, DisconnectReason>),
    Incoming(Incoming),
    Token(Result<String, TokenFailure>),
    Timeout { late: bool },
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
            config,
            tokens: Box::new(tokens),
            token: None,
            opening: None,
            transport: None,
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
        if let Some(transport) = self.transport.take() {
            transport.close(DisconnectReason::Normal).await;
        }
        self.shared.with(State::end);
    }

    /// Does what the session and the handles ask for.
    fn obey(&mut self) {
        let now = platform::now();
        self.obey_handles(now);
        while let Some(action) = self.shared.with(|state| state.session.poll_action()) {
            match action {
                Action::FetchToken => self.token = Some((self.tokens)()),
                Action::Dial if self.shared.with(|state| state.cut) => {
                    self.session(|session| session.handle_closed(now, DisconnectReason::Lost));
                }
                Action::Dial => {
                    self.opening = Some(platform::open(&self.config.url, self.config.codec));
                }
                Action::Hangup(reason) => self.hang_up(reason),
            }
        }
        self.shared.with(State::dispatch);
        let timeout = self.shared.with(|state| state.session.poll_timeout());
        let set = self.timer.as_ref().map(|(at, _)| *at);
        if set != timeout {
            self.timer = timeout.map(|at| (at, platform::sleep(at.since(now))));
        }
    }

    fn obey_handles(&mut self, now: Moment) {
        let (cut, woken) = self
            .shared
            .with(|state| (state.cut, std::mem::take(&mut state.woken)));
        if cut && (self.transport.is_some() || self.opening.is_some()) {
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
        if let Some(transport) = self.transport.take() {
            // Saying goodbye must not hold up the next attempt.
            platform::spawn(transport.close(reason));
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
            Turn::Opened(Ok(transport)) => {
                self.transport = Some(transport);
                self.session(|session| session.handle_opened(now));
            }
            Turn::Opened(Err(reason)) => self.session(|session| session.handle_closed(now, reason)),
            Turn::Incoming(Incoming::Message(bytes)) => {
                let decoded = self.config.codec.decode(&bytes);
                self.session(|session| match decoded {
                    Ok(frame) => session.handle_frame(now, frame),
                    Err(_) => session.handle_malformed(now),
                });
            }
            Turn::Incoming(Incoming::WrongKind) => {
                self.session(|session| session.handle_malformed(now));
            }
            Turn::Incoming(Incoming::Closed(reason)) => {
                self.transport = None;
                self.session(|session| session.handle_closed(now, reason));
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
        if let Poll::Ready(reason) = self.poll_write(context) {
            return Poll::Ready(Turn::Incoming(Incoming::Closed(reason)));
        }
        if let Some(transport) = &mut self.transport
            && let Poll::Ready(message) = transport.incoming.poll_next_unpin(context)
        {
            let message = message.unwrap_or(Incoming::Closed(DisconnectReason::Lost));
            return Poll::Ready(Turn::Incoming(message));
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

    /// Writes while there is something to write and room for it. Ready only when the line breaks.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<DisconnectReason> {
        let Some(transport) = &mut self.transport else {
            return Poll::Pending;
        };
        let outgoing = &mut transport.outgoing;
        loop {
            match outgoing.poll_ready_unpin(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(_)) => return Poll::Ready(DisconnectReason::Lost),
                Poll::Ready(Ok(())) => {}
            }
            let Some(frame) = self.shared.with(|state| state.session.poll_transmit()) else {
                break;
            };
            let frame = Outgoing::Frame(self.config.codec.encode(&frame));
            if outgoing.start_send_unpin(frame).is_err() {
                return Poll::Ready(DisconnectReason::Lost);
            }
        }
        match outgoing.poll_flush_unpin(context) {
            Poll::Ready(Err(_)) => Poll::Ready(DisconnectReason::Lost),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }
}
