//! A connection: one task that drives the server's half of one conversation over one transport.
//!
//! It empties the session, then waits for the first of: a message, room to write, a finished
//! request, the session's timeout, something in the outbox, the node's goodbye. Requests are
//! carried out one after the other, so a client's commands keep their order; calls run beside.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinError, JoinHandle};
use trunkline_hub::ConnectionId;
use trunkline_protocol::{
    Codec, DisconnectReason, Error, ErrorCode, Moment, Payload, RequestId, ServerFrame, TopicName,
};
use trunkline_session::{Close, ServerEvent, ServerSession};

use crate::node::{Node, TokenRejected};
use crate::requests::{Asker, PublishRequest, SubscribeRequest};
use crate::transport::{Incoming, Reader, Writer};

/// The bytes that are taken from the outbox for one write.
const WRITE_LEN_MAX: usize = 32 * 1024;

/// The bytes that may wait before the connection stops to read: a peer that sends requests and
/// does not read the answers is held at the kernel's buffers.
const READ_WHILE_WAITING_MAX: usize = 384 * 1024;

/// How long the last frames and the Close frame may take.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);

/// How many connections per second may come back after a drain, for the slots that it assigns.
const RETURNS_PER_SECOND: u64 = 2000;

/// What became of a request that was carried out in turn.
enum Done {
    Answer(RequestId, Result<ServerFrame, Error>),
    /// The hub has the answer already, or the subscription was refused.
    Subscribe(RequestId, TopicName, Result<(), Error>),
}

/// A call that is being answered.
type Calling = BoxFuture<'static, (RequestId, Result<Result<Payload, Error>, JoinError>)>;

struct Connection<R, W> {
    node: Arc<Node>,
    id: ConnectionId,
    codec: Codec,
    reader: R,
    writer: W,
    session: ServerSession,
    waker: Arc<Notify>,
    asker: Option<Asker>,
    /// Requests that wait for their turn. As many as the session lets through.
    turns: VecDeque<ServerEvent>,
    turn: Option<(RequestId, JoinHandle<Done>)>,
    calls: FuturesUnordered<Calling>,
    call_handles: Vec<(RequestId, AbortHandle)>,
    writing: VecDeque<Bytes>,
}

/// What the connection was woken for.
enum Woken {
    Incoming(Incoming),
    Written(Result<(), ()>),
    Turn(Done),
    Call(RequestId, Result<Result<Payload, Error>, JoinError>),
    Timeout,
    Outbox,
    Goodbye,
}

/// Drives a conversation until it is over. Gives the reader back, so that the transport can wait
/// for the peer to close.
pub(crate) async fn run<R: Reader, W: Writer>(
    node: Arc<Node>,
    codec: Codec,
    reader: R,
    writer: W,
) -> R {
    let (id, waker) = node.register();
    let session = ServerSession::new(node.session_config, node.clock.now());
    let mut connection = Connection {
        node: Arc::clone(&node),
        id,
        codec,
        reader,
        writer,
        session,
        waker,
        asker: None,
        turns: VecDeque::new(),
        turn: None,
        calls: FuturesUnordered::new(),
        call_handles: Vec::new(),
        writing: VecDeque::new(),
    };
    connection.converse().await;
    for (_, call) in &connection.call_handles {
        call.abort();
    }
    node.unregister(id);
    connection.reader
}

impl<R: Reader, W: Writer> Connection<R, W> {
    async fn converse(&mut self) {
        loop {
            if self.obey().is_err() {
                // The peer asks and does not read: there is no room even for answers.
                self.session.close(Close::new(DisconnectReason::Silent));
            }
            if let Some(close) = self.session.poll_close() {
                tracing::debug!(connection = self.id, reason = %close.reason, text = close.text, "closing");
                // A peer that does not take its goodbye in time gets none.
                let _ = tokio::time::timeout(GOODBYE_PATIENCE, self.say_goodbye(&close)).await;
                return;
            }
            match self.wait().await {
                Woken::Incoming(Incoming::Closed) | Woken::Written(Err(())) => return,
                Woken::Incoming(incoming) => self.handle_incoming(incoming),
                Woken::Written(Ok(())) => {}
                // Waiting begins with taking what waits in the outbox.
                Woken::Outbox => {}
                Woken::Turn(done) => self.handle_done(done),
                Woken::Call(id, result) => self.handle_returned(id, result),
                Woken::Timeout => self.session.handle_timeout(self.node.clock.now()),
                Woken::Goodbye => self.drain(),
            }
        }
    }

    /// Does what the session asks for. An error means that there is no room for answers.
    fn obey(&mut self) -> Result<(), trunkline_hub::OutboxOverflow> {
        loop {
            while let Some(frame) = self.session.poll_transmit() {
                self.node.with_hub(|hub| hub.reply(self.id, &frame))?;
            }
            self.start_turn();
            match self.session.poll_event() {
                Some(event) => self.handle_event(event),
                None => return Ok(()),
            }
        }
    }

    fn handle_event(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Authenticate { token, agent } => self.authenticate(&token, &agent),
            ServerEvent::Heartbeat => {
                let heads = self.node.with_hub(|hub| hub.heads(self.id));
                // An overflow shows up with the next answer or as silence.
                let _ = self
                    .node
                    .with_hub(|hub| hub.reply(self.id, &ServerFrame::Ping { heads }));
            }
            ServerEvent::Refresh { id, token } => self.refresh(id, &token),
            ServerEvent::Cancel { id } => {
                if let Some((_, call)) = self.call_handles.iter().find(|(call, _)| *call == id) {
                    call.abort();
                }
            }
            ServerEvent::Call {
                id,
                method,
                contract,
                deadline,
                request,
            } => {
                let Some(asker) = self.asker.clone() else {
                    return;
                };
                let call =
                    tokio::spawn(
                        async move { asker.call(&method, contract, deadline, request).await },
                    );
                self.call_handles.push((id, call.abort_handle()));
                self.calls.push(Box::pin(async move { (id, call.await) }));
            }
            turn @ (ServerEvent::Subscribe { .. }
            | ServerEvent::Unsubscribe { .. }
            | ServerEvent::Publish { .. }
            | ServerEvent::History { .. }
            | ServerEvent::Presence { .. }) => self.turns.push_back(turn),
        }
    }

    fn authenticate(&mut self, token: &str, agent: &str) {
        match self.node.authenticate(token) {
            Ok((user, ttl)) => {
                tracing::debug!(connection = self.id, user = %user.id, agent, "connected");
                self.node
                    .with_hub(|hub| hub.open(self.id, self.codec, user.clone()));
                self.asker = Some(Asker {
                    node: Arc::clone(&self.node),
                    connection: self.id,
                    codec: self.codec,
                    user: user.clone(),
                });
                let session = u32::try_from(self.id).unwrap_or(u32::MAX);
                self.session
                    .handle_authenticated(self.node.clock.now(), session, user, ttl);
            }
            Err(TokenRejected::Expired) => self
                .session
                .close(Close::new(DisconnectReason::TokenExpired)),
            Err(TokenRejected::Invalid) => self
                .session
                .close(Close::new(DisconnectReason::TokenInvalid)),
        }
    }

    fn refresh(&mut self, id: RequestId, token: &str) {
        match (self.node.authenticate(token), self.session.user()) {
            (Ok((user, ttl)), Some(current)) if user.id == current.id => {
                self.session
                    .handle_refreshed(self.node.clock.now(), id, ttl);
            }
            (Ok(_), _) => self.session.refuse(
                id,
                Error::new(ErrorCode::OtherUser, "the token is another user's"),
            ),
            (Err(_), _) => self
                .session
                .refuse(id, Error::new(ErrorCode::Invalid, "the token is not good")),
        }
    }

    /// Starts the next request in turn. It is a task of its own, so that a handler that panics
    /// takes down its request and nothing else, and a lost line does not cut it in half.
    fn start_turn(&mut self) {
        if self.turn.is_some() {
            return;
        }
        let Some(asker) = self.asker.clone() else {
            return;
        };
        let Some(event) = self.turns.pop_front() else {
            return;
        };
        let id = match &event {
            ServerEvent::Subscribe { id, .. }
            | ServerEvent::Unsubscribe { id, .. }
            | ServerEvent::Publish { id, .. }
            | ServerEvent::History { id, .. }
            | ServerEvent::Presence { id, .. } => *id,
            _ => return,
        };
        self.turn = Some((id, self.node.tasks.spawn(carry_out(asker, event))));
    }

    fn handle_done(&mut self, done: Done) {
        match done {
            Done::Answer(id, Ok(frame)) => self.session.answer(id, frame),
            Done::Answer(id, Err(error)) => self.session.refuse(id, error),
            Done::Subscribe(id, _, Ok(())) => {
                self.session.settle(id);
            }
            Done::Subscribe(id, topic, Err(error)) => {
                self.session.refuse_subscription(id, &topic, error);
            }
        }
    }

    fn handle_returned(
        &mut self,
        id: RequestId,
        result: Result<Result<Payload, Error>, JoinError>,
    ) {
        self.call_handles.retain(|(call, _)| *call != id);
        match result {
            Ok(Ok(response)) => self
                .session
                .answer(id, ServerFrame::Returned { id, response }),
            Ok(Err(error)) => self.session.refuse(id, error),
            // One that was cancelled is answered already, and the session drops this answer.
            Err(_) => self.session.refuse(id, Error::new(ErrorCode::Internal, "")),
        }
    }

    fn handle_incoming(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Message(bytes) => match self.codec.decode(&bytes) {
                Ok(frame) => self.session.handle_frame(self.node.clock.now(), frame),
                Err(error) => self.session.handle_malformed(&error.to_string()),
            },
            Incoming::Violation(reason) => self.session.close(Close::new(reason)),
            Incoming::Closed => {}
        }
    }

    /// The node says goodbye: the client is told when to come back.
    fn drain(&mut self) {
        let connections = self.node.connections() as u64;
        let spread_ms = (connections * 1000 / RETURNS_PER_SECOND).max(250);
        let random = getrandom::u64().unwrap_or(self.id);
        let after_ms = u32::try_from(random % spread_ms).unwrap_or(0);
        // Best effort: without it the client backs off by itself.
        let _ = self
            .node
            .with_hub(|hub| hub.reply(self.id, &ServerFrame::Drain { after_ms }));
        self.session.close(Close::new(DisconnectReason::Restart));
    }

    /// Sends what waits, then the Close frame.
    async fn say_goodbye(&mut self, close: &Close) {
        while let Some(frame) = self.session.poll_transmit() {
            let _ = self.node.with_hub(|hub| hub.reply(self.id, &frame));
        }
        loop {
            if self.writer.write(&mut self.writing).await.is_err() {
                return;
            }
            self.writing
                .extend(self.node.with_hub(|hub| hub.take(self.id, WRITE_LEN_MAX)));
            if self.writing.is_empty() {
                break;
            }
        }
        self.writer.close(close).await;
    }

    /// Takes what waits in the outbox, and feeds subscriptions that are behind.
    async fn fill(&mut self) {
        if let Some(asker) = &self.asker {
            asker.feed().await;
        }
        if self.writing.is_empty() {
            self.writing
                .extend(self.node.with_hub(|hub| hub.take(self.id, WRITE_LEN_MAX)));
        }
    }

    async fn wait(&mut self) -> Woken {
        if self.writing.is_empty() && !self.writer.is_busy() {
            self.fill().await;
        }
        let deadline = self
            .session
            .poll_timeout()
            .unwrap_or(Moment::from_ms(u64::from(u32::MAX)));
        let timer = tokio::time::sleep_until(self.node.clock.instant(deadline).into());
        let waiting = self.node.with_hub(|hub| hub.waiting_len(self.id));
        let may_read = waiting < READ_WHILE_WAITING_MAX;
        let may_write = !self.writing.is_empty() || self.writer.is_busy();
        // Every arm is cancel safe: the transport keeps half-written and half-read messages, the
        // others are polls of something that stays. Goodbye and the timer come first, so that
        // load does not starve them.
        tokio::select! {
            biased;
            () = self.node.goodbye.cancelled() => Woken::Goodbye,
            () = timer => Woken::Timeout,
            written = self.writer.write(&mut self.writing), if may_write => Woken::Written(written),
            Some(done) = finished(&mut self.turn) => Woken::Turn(done),
            Some((id, result)) = self.calls.next() => Woken::Call(id, result),
            incoming = self.reader.receive(), if may_read => Woken::Incoming(incoming),
            () = self.waker.notified() => Woken::Outbox,
        }
    }
}

/// Waits for the request whose turn it is. None if there is none. One whose handler panicked is
/// answered like one that failed.
async fn finished(turn: &mut Option<(RequestId, JoinHandle<Done>)>) -> Option<Done> {
    let (id, task) = turn.as_mut()?;
    let done = task
        .await
        .unwrap_or_else(|_| Done::Answer(*id, Err(Error::new(ErrorCode::Internal, ""))));
    *turn = None;
    Some(done)
}

/// Carries out one request.
async fn carry_out(asker: Asker, event: ServerEvent) -> Done {
    match event {
        ServerEvent::Subscribe {
            id,
            topic,
            contract,
            start,
            presence,
        } => {
            let request = SubscribeRequest {
                id,
                topic,
                contract,
                start,
                presence,
            };
            let result = asker.subscribe(&request).await;
            Done::Subscribe(id, request.topic, result)
        }
        ServerEvent::Unsubscribe { id, topic } => {
            let left = asker
                .unsubscribe(&topic)
                .map(|topic_id| ServerFrame::Unsubscribed { id, topic_id });
            Done::Answer(
                id,
                left.ok_or_else(|| Error::new(ErrorCode::NotSubscribed, topic)),
            )
        }
        ServerEvent::Publish {
            id,
            message_id,
            topic,
            contract,
            command,
        } => {
            let placed = asker
                .publish(PublishRequest {
                    message_id,
                    topic,
                    contract,
                    command,
                })
                .await;
            let published = |placed: crate::broker::Placed| ServerFrame::Published {
                id,
                position: placed.position,
                duplicate: placed.duplicate,
            };
            Done::Answer(id, placed.map(published))
        }
        ServerEvent::History {
            id,
            topic,
            range,
            limit,
        } => Done::Answer(id, asker.history(id, &topic, range, limit).await),
        ServerEvent::Presence { id, topic } => Done::Answer(id, asker.presence(id, &topic)),
        ServerEvent::Authenticate { .. }
        | ServerEvent::Refresh { .. }
        | ServerEvent::Call { .. }
        | ServerEvent::Cancel { .. }
        | ServerEvent::Heartbeat => {
            unreachable!("only requests with a turn are carried out in turn")
        }
    }
}
