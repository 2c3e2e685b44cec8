//! Where the client meets signals: who is signed in, the one client, and how its line is.
//!
//! There is a client exactly while somebody is signed in. Pages read these signals, and take the
//! client to subscribe, publish and call.

use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::{Client, ClientConfig, Granted, Kept, LocalOutbox, Status, TokenFailure};
use trunkline_protocol::{Timestamp, User, UserId};
use trunkline_web_model::server_time::ServerTime;

use crate::account::{self, Account, SignInProblem};
use crate::browser::{clock, events};
use crate::drafts;
use crate::line::{self, Line};

mod server_time;

/// How many round trips the panel of the badge shows.
const ROUND_TRIPS_MAX: usize = 60;

/// How long to wait before an unreachable server is asked again who is signed in.
const ASK_AGAIN_MS: u32 = 3_000;

/// The signals of the connection.
#[derive(Clone, Copy)]
pub(crate) struct Realtime {
    /// Who is signed in.
    pub(crate) account: RwSignal<Account>,
    /// The client of whoever is signed in.
    pub(crate) client: RwSignal<Option<Client>>,
    /// What the badge says.
    pub(crate) line: Memo<Line>,
    /// When the line became what it is.
    pub(crate) since: RwSignal<Timestamp>,
    /// The last round trips in milliseconds, newest last.
    pub(crate) round_trips: RwSignal<Vec<u32>>,
    /// How many events were recovered since the page was opened.
    pub(crate) recovered: RwSignal<u64>,
    /// Whether the line is cut here, on purpose.
    pub(crate) cut: RwSignal<bool>,
    /// Whether the server is let be out of reach, on purpose.
    pub(crate) blocked: RwSignal<bool>,
    /// What of that which waits to be sent would be there after a reload.
    pub(crate) kept: RwSignal<Kept>,
    /// The server's clock, as far as it is known.
    server_time: RwSignal<ServerTime>,
    /// What the client said last, and when by the page's clock.
    status: RwSignal<Option<(Status, u64)>>,
    watch: StoredValue<Option<Task>>,
}

/// Provides the signals and asks the server who is signed in.
pub(crate) fn provide_realtime() -> Realtime {
    let account = RwSignal::new(Account::Asking);
    let status = RwSignal::new(None::<(Status, u64)>);
    let cut = RwSignal::new(false);
    let online = events::online();
    let line = Memo::new(move |_| {
        let (status, told_at_ms) = status.get().unzip();
        let (online, cut) = (online.get(), cut.get());
        account.with(|account| line::judge(account, status, online, cut, told_at_ms.unwrap_or(0)))
    });
    let realtime = Realtime {
        account,
        client: RwSignal::new(None),
        line,
        since: RwSignal::new(clock::timestamp()),
        round_trips: RwSignal::new(Vec::new()),
        recovered: RwSignal::new(0),
        cut,
        blocked: RwSignal::new(false),
        kept: RwSignal::new(Kept::All),
        server_time: RwSignal::new(ServerTime::default()),
        status,
        watch: StoredValue::new(None),
    };
    Effect::new(move |_| {
        line.track();
        realtime.since.set(clock::timestamp());
    });
    realtime.keep_time();
    provide_context(realtime);
    spawn_local(realtime.ask());
    realtime
}

/// The signals of the app.
pub(crate) fn use_realtime() -> Realtime {
    expect_context()
}

impl Realtime {
    /// Signs in under `nickname`, or changes it.
    pub(crate) async fn sign_in(self, nickname: String) -> Result<(), SignInProblem> {
        let user = account::sign_in(&nickname).await?;
        self.welcome(user, None).await;
        Ok(())
    }

    /// Signs out: the client ends, and the rooms with it. Unsent messages and drafts are deleted.
    pub(crate) async fn sign_out(self) {
        if account::sign_out().await
            && let Some(user) = self.farewell()
        {
            LocalOutbox::discard(user);
            drafts::discard(user);
        }
    }

    /// Tries to connect now.
    pub(crate) fn try_now(self) {
        if let Some(client) = self.client.get_untracked() {
            client.wake();
        }
    }

    /// Cuts the line, or mends it.
    pub(crate) fn set_cut(self, cut: bool) {
        self.set_fault(cut, false);
    }

    /// Lets every attempt to connect fail, or no longer.
    pub(crate) fn set_blocked(self, blocked: bool) {
        self.set_fault(false, blocked);
    }

    /// At most one of both.
    fn set_fault(self, cut: bool, blocked: bool) {
        let Some(client) = self.client.get_untracked() else {
            return;
        };
        if cut {
            client.cut();
        } else if blocked {
            client.block();
        } else {
            client.mend();
        }
        self.cut.set(cut);
        self.blocked.set(blocked);
    }

    /// Who is signed in now.
    pub(crate) fn user_id(self) -> Option<UserId> {
        self.account
            .with_untracked(|account| account.user().map(|user| user.id))
    }

    /// The last measured round trip, in milliseconds.
    pub(crate) fn round_trip(self) -> Option<u32> {
        self.round_trips.with(|all| all.last().copied())
    }

    async fn ask(self) {
        loop {
            match self.fetch_token().await {
                Ok(Granted { token, user, .. }) => return self.welcome(user, Some(token)).await,
                Err(TokenFailure::SignedOut) => return self.account.set(Account::SignedOut),
                Err(TokenFailure::Unavailable) => self.account.set(Account::Unreachable),
            }
            gloo_timers::future::TimeoutFuture::new(ASK_AGAIN_MS).await;
        }
    }

    async fn welcome(self, user: User, token: Option<String>) {
        // The client under the old nickname lets its outbox go to the new one.
        self.end_client();
        let outbox = LocalOutbox::open(user.id).await;
        let client = self.connect(token, outbox);
        let statuses = client.statuses();
        self.round_trips.set(Vec::new());
        self.cut.set(false);
        self.blocked.set(false);
        self.kept.set(client.kept());
        self.account.set(Account::SignedIn(user));
        self.client.set(Some(client));
        self.watch.set_value(Some(Task::spawn(async move {
            let mut statuses = std::pin::pin!(statuses);
            while let Some(status) = statuses.next().await {
                self.take_status(status);
            }
        })));
    }

    /// Ends the client and returns its user. Unsent messages stay in the browser's storage: only
    /// the reader throws them away.
    fn farewell(self) -> Option<UserId> {
        self.end_client();
        let user = self.user_id();
        self.client.set(None);
        self.status.set(None);
        self.account.set(Account::SignedOut);
        user
    }

    /// Welcomes whoever has signed in meanwhile in another tab, if that is not `before`.
    async fn greet_another(self, before: Option<UserId>) {
        let granted = self.fetch_token().await;
        let nobody = self
            .account
            .with_untracked(|account| *account == Account::SignedOut);
        if let Ok(Granted { token, user, .. }) = granted
            && nobody
            && Some(user.id) != before
        {
            self.welcome(user, Some(token)).await;
        }
    }

    /// Connects to the server that the page came from. `token` serves for the first connection.
    fn connect(self, token: Option<String>, outbox: Option<LocalOutbox>) -> Client {
        let config = ClientConfig {
            agent: concat!("trunkline-web/", env!("CARGO_PKG_VERSION")).to_owned(),
            ..ClientConfig::new(socket_url())
        };
        let first = Arc::new(Mutex::new(token));
        let tokens = move || {
            let (answer, answered) = oneshot::channel();
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            spawn_local(async move {
                let token = match first {
                    Some(token) => Ok(token),
                    None => self.fetch_token().await.map(|granted| granted.token),
                };
                // A client that has ended does not wait for its token.
                let _ = answer.send(token);
            });
            async move { answered.await.unwrap_or(Err(TokenFailure::Unavailable)) }
        };
        match outbox {
            Some(outbox) => Client::connect_with(config, outbox, tokens),
            None => Client::connect(config, tokens),
        }
    }

    fn end_client(self) {
        self.watch.set_value(None);
        self.client.with_untracked(|client| {
            if let Some(client) = client {
                client.end();
            }
        });
    }

    fn take_status(self, status: Status) {
        if let Status::Live {
            round_trip: Some(round_trip),
            ..
        } = status
        {
            let round_trip = u32::try_from(round_trip.as_millis()).unwrap_or(u32::MAX);
            self.round_trips.update(|all| {
                if all.len() == ROUND_TRIPS_MAX {
                    all.remove(0);
                }
                all.push(round_trip);
            });
        }
        let signed_out = matches!(
            status,
            Status::Stopped(trunkline_protocol::DisconnectReason::SignedOut)
        );
        self.status.set(Some((status, clock::now_ms())));
        if let Some(client) = self.client.get_untracked() {
            self.kept.set(client.kept());
        }
        if signed_out {
            let before = self.farewell();
            spawn_local(self.greet_another(before));
        }
    }
}

/// The address of the socket beside this page.
pub(crate) fn socket_url() -> String {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") {
        "wss"
    } else {
        "ws"
    };
    format!("{scheme}://{}/ws", location.host().unwrap_or_default())
}

/// A task that ends when it is dropped.
pub(crate) struct Task(AbortHandle);

impl Task {
    /// Starts it.
    pub(crate) fn spawn(future: impl Future<Output = ()> + 'static) -> Self {
        let (handle, registration) = AbortHandle::new_pair();
        spawn_local(async move {
            // Aborting is how it ends.
            let _ = Abortable::new(future, registration).await;
        });
        Self(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
