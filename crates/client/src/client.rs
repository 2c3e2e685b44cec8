//! The client handle: connect, subscribe, publish, call, and how the connection is.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::Stream;
use trunkline_protocol::frame::Range;
use trunkline_protocol::{
    Call, Codec, Delivery, DisconnectReason, Error, ErrorCode, Offset, SenderId, Topic, User,
};
use trunkline_session::{
    ClientConfig as SessionConfig, ClientSession, Fallback, NewCommand, SavedOutbox, TokenFailure,
    Transport,
};

use crate::driver::Driver;
use crate::keeper::Keeper;
use crate::outbox::OutboxStore;
use crate::platform::{self, MaybeSend};
use crate::publishing::{PublishError, Publishing};
use crate::shared::{Fault, Shared};
use crate::subscription::{Options, Subscription};
use crate::tap::Tap;

/// How long a call waits for its answer.
const CALL_PATIENCE: Duration = Duration::from_secs(10);

/// Where to connect, and how.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The address of the socket, such as `ws://127.0.0.1:8787/ws`.
    pub url: String,
    /// What travels. bincode unless somebody wants to read along.
    pub codec: Codec,
    /// The program and its version, for the server's log.
    pub agent: String,
    /// Whether to speak over HTTP where no WebSocket works. See [`Transport`].
    pub fallback: bool,
}

impl ClientConfig {
    /// A configuration for `url` with everything else at its default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            codec: Codec::Bincode,
            agent: concat!("trunkline-client/", env!("CARGO_PKG_VERSION")).to_owned(),
            fallback: true,
        }
    }
}

/// How the connection is, in words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A connection is being made.
    Connecting {
        /// How many attempts failed before.
        attempt: u32,
    },
    /// The line is lost; the next attempt comes in a while.
    Waiting {
        /// How many attempts failed.
        attempt: u32,
        /// Until the next one.
        retry_in: Duration,
    },
    /// Frames travel.
    Live {
        /// For how long by now.
        since: Duration,
        /// The last measured round trip.
        round_trip: Option<Duration>,
        /// Over what: a WebSocket, or HTTP where that is blocked.
        transport: Transport,
    },
    /// The connection does not come back by itself.
    Stopped(DisconnectReason),
}

/// A client: subscriptions, commands and calls over one connection that heals itself.
///
/// Clones are handles of the same client. It ends when the last handle and the last subscription
/// are gone.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// What every handle holds; when it goes, the driver ends.
struct Handle {
    shared: Arc<Shared>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.with(|state| state.ended = true);
        self.shared.ring();
    }
}

impl Client {
    /// Starts to connect and returns at once. `tokens` gives an access token whenever one is
    /// needed: before the first connection, and before the last one expires.
    ///
    /// On native targets this spawns a task and must be called inside a tokio runtime.
    pub fn connect<F>(config: ClientConfig, tokens: impl Fn() -> F + MaybeSend + 'static) -> Self
    where
        F: Future<Output = Result<String, TokenFailure>> + MaybeSend + 'static,
    {
        let outbox = SavedOutbox::new(SenderId::from_random(platform::random()));
        Self::start(config, Keeper::without_store(), outbox, tokens)
    }

    /// Like [`Client::connect`], with an outbox that outlives this program: it begins with the
    /// unanswered commands that `store` has kept, and keeps those that are made for logs from here
    /// on. See [`Client::pending`] for what was kept, and [`Client::kept`] for how keeping goes.
    pub fn connect_with<F>(
        config: ClientConfig,
        mut store: impl OutboxStore + 'static,
        tokens: impl Fn() -> F + MaybeSend + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, TokenFailure>> + MaybeSend + 'static,
    {
        let mut outbox = store.load();
        // The words of another codec would be misread: they stay where they are. Only those that
        // do not describe themselves have a contract.
        let has_contract = config.codec == Codec::Bincode;
        outbox
            .commands
            .retain(|command| command.contract.is_some() == has_contract);
        let keeper = Keeper::new(Box::new(store), &outbox);
        Self::start(config, keeper, outbox, tokens)
    }

    fn start<F>(
        config: ClientConfig,
        keeper: Keeper,
        outbox: SavedOutbox,
        tokens: impl Fn() -> F + MaybeSend + 'static,
    ) -> Self
    where
        F: Future<Output = Result<String, TokenFailure>> + MaybeSend + 'static,
    {
        let session = ClientSession::new(SessionConfig {
            agent: config.agent.clone(),
            outbox,
            seed: platform::random(),
            fallback: if config.fallback {
                Fallback::new(platform::remembered(&config.url))
            } else {
                Fallback::off()
            },
            events_are_as_sent: config.codec == Codec::Bincode,
        });
        let (shared, bell) = Shared::new(session, keeper, config.codec);
        let driver = Driver::new(
            Arc::clone(&shared),
            bell,
            config,
            move || Box::pin(tokens()),
        );
        platform::spawn(driver.run());
        Self {
            handle: Arc::new(Handle { shared }),
        }
    }

    /// How the connection is now.
    pub fn status(&self) -> Status {
        let now = platform::now();
        self.shared().with(|state| match state.session.status() {
            trunkline_session::Status::Idle => Status::Connecting { attempt: 0 },
            trunkline_session::Status::Connecting { attempt } => Status::Connecting { attempt },
            trunkline_session::Status::Waiting { attempt, until } => Status::Waiting {
                attempt,
                retry_in: until.since(now),
            },
            trunkline_session::Status::Live {
                since,
                round_trip,
                transport,
            } => Status::Live {
                since: now.since(since),
                round_trip,
                transport,
            },
            trunkline_session::Status::Stopped(reason) => Status::Stopped(reason),
        })
    }

    /// The status now and after each change. Changes that come faster than they are read are
    /// merged.
    pub fn statuses(&self) -> impl Stream<Item = Status> + use<> {
        let client = self.clone();
        let mut seen = None;
        futures_util::stream::poll_fn(move |context| {
            let version = client.shared().with(|state| {
                if seen == Some(state.status_version) {
                    state.wait_for_status(context.waker());
                    return None;
                }
                Some(state.status_version)
            });
            match version {
                None => Poll::Pending,
                Some(version) => {
                    seen = Some(version);
                    Poll::Ready(Some(client.status()))
                }
            }
        })
    }

    /// Who the server says this client is, once it was connected.
    pub fn user(&self) -> Option<User> {
        self.shared().with(|state| state.user.clone())
    }

    /// Subscribes to a topic, now and after every reconnect. Dropping the subscription ends it.
    /// A second subscription to the same topic is refused with `AlreadySubscribed`.
    pub fn subscribe<T: Topic>(&self, key: T::Key, options: Options) -> Subscription<T> {
        Subscription::open(self.clone(), key, options)
    }

    /// Hands a command to a topic's handler.
    ///
    /// It is kept while there is no connection, and sent again under the same id until it is
    /// answered, so the handler takes it once. Dropping the future does not take it back.
    ///
    /// Where the program has a store, it is kept there too, unless its topic delivers only what is
    /// fresh (`Volatile` and `Keyframed`).
    ///
    /// The commands of one log are sent one after the other. One that the server refuses only for
    /// now is sent again later, and those after it wait; commands of other topics are refused.
    pub fn publish<T: Topic>(&self, key: &T::Key, command: &T::Command) -> Publishing {
        let codec = self.shared().codec;
        let payload = match codec.payload(command) {
            Ok(payload) => payload,
            Err(error) => {
                let error = Error::new(ErrorCode::TooLong, error);
                return Publishing::failed(PublishError::Refused(error));
            }
        };
        let new = NewCommand {
            topic: T::name(key),
            contract: (codec == Codec::Bincode).then(T::contract),
            log: T::DELIVERY.is_log(),
            made_at: platform::timestamp(),
            command: payload,
        };
        let (answer, answered) = oneshot::channel();
        let command = self
            .shared()
            .with(|state| state.publish(platform::now(), new, lasts::<T>(), answer));
        self.shared().ring();
        match command {
            Ok(command) => Publishing::under_way(command, answered, self.clone()),
            Err(error) => Publishing::failed(error),
        }
    }

    /// Calls a method and waits for its response.
    ///
    /// # Errors
    ///
    /// [`CallError`]; a call is not sent again by itself, because it may have been carried out.
    pub async fn call<C: Call>(&self, request: &C::Request) -> Result<C::Response, CallError> {
        let codec = self.shared().codec;
        let payload = codec
            .payload(request)
            .map_err(|error| CallError::Refused(Error::new(ErrorCode::TooLong, error)))?;
        let contract = (codec == Codec::Bincode).then(C::contract);
        let (answer, answered) = oneshot::channel();
        self.shared().with(|state| {
            let id =
                state
                    .session
                    .call(platform::now(), C::METHOD, contract, payload, CALL_PATIENCE);
            state.calls.insert(id, answer);
            state.dispatch();
        });
        self.shared().ring();
        let response = answered
            .await
            .map_err(|_| CallError::Ended)?
            .map_err(CallError::Refused)?;
        codec
            .decode(response.as_bytes())
            .map_err(|error| CallError::Unreadable(error.to_string()))
    }

    /// Reads kept events of a topic with their offsets, oldest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`CallError`], as for calls.
    pub async fn history<T: Topic>(
        &self,
        key: &T::Key,
        range: Range,
        limit: u16,
    ) -> Result<Vec<(Offset, T::Event)>, CallError> {
        let codec = self.shared().codec;
        let (answer, answered) = oneshot::channel();
        self.shared().with(|state| {
            let id = state
                .session
                .history(platform::now(), &T::name(key), range, limit);
            state.pages.insert(id, answer);
            state.dispatch();
        });
        self.shared().ring();
        let page = answered
            .await
            .map_err(|_| CallError::Ended)?
            .map_err(CallError::Refused)?;
        let decode = |publication: trunkline_protocol::Publication| {
            let event = codec.decode(publication.event.as_bytes());
            event
                .map(|event| (publication.offset, event))
                .map_err(|error| CallError::Unreadable(error.to_string()))
        };
        page.publications.into_iter().map(decode).collect()
    }

    /// Tries now: connects if the client waits to, and checks the line if it is connected. Starts
    /// a client that has stopped.
    pub fn wake(&self) {
        self.shared().with(|state| {
            state.woken = true;
        });
        self.shared().ring();
    }

    /// Cuts the line on purpose, as if a cable was pulled, until [`Client::mend`].
    pub fn cut(&self) {
        self.shared().with(|state| state.fault = Some(Fault::Cut));
        self.shared().ring();
    }

    /// Ends the line and lets every attempt fail, as if nobody could be reached, until
    /// [`Client::mend`]. The client goes on trying, after pauses that grow.
    pub fn block(&self) {
        self.shared()
            .with(|state| state.fault = Some(Fault::Blocked));
        self.shared().ring();
    }

    /// Mends the line that [`Client::cut`] has cut, or [`Client::block`] lets not come up.
    pub fn mend(&self) {
        self.shared().with(|state| state.fault = None);
        self.wake();
    }

    /// Tells whether the line was cut on purpose.
    pub fn is_cut(&self) -> bool {
        self.shared().with(|state| state.fault == Some(Fault::Cut))
    }

    /// Ends the client now, whatever handles are left: the line is closed, nothing that waits is
    /// sent any more, and its store is let go with what it has kept.
    pub fn end(&self) {
        self.shared().with(|state| {
            state.ended = true;
            state.keeper = Keeper::without_store();
        });
        self.shared().ring();
    }

    /// Shows the frames that travel from now on, as long as the tap is held.
    pub fn tap(&self) -> Tap {
        Tap::open(Arc::clone(self.shared()))
    }

    /// How many taps are held now. Without any, a frame costs one branch more.
    pub fn taps(&self) -> usize {
        self.shared().with_taps(|taps| taps.len())
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

/// Why a call has no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The server refused it, or there was no connection.
    Refused(Error),
    /// The response could not be read.
    Unreadable(String),
    /// The client ended before an answer came.
    Ended,
}

/// Whether a command is worth anything after the program has ended.
fn lasts<T: Topic>() -> bool {
    match T::DELIVERY {
        Delivery::Log { .. } | Delivery::Latest { .. } => true,
        Delivery::Volatile | Delivery::Keyframed { .. } => false,
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "the call was refused: {error}"),
            Self::Unreadable(what) => write!(f, "the response could not be read: {what}"),
            Self::Ended => f.write_str("the client ended before an answer came"),
        }
    }
}

impl std::error::Error for CallError {}
