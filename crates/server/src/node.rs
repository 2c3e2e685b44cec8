//! The node: what all connections of this process share, and what they ask of it.
//!
//! Two locks, always in this order: the broker's, then the hub's. Nothing awaits under either.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_hub::{ConnectionId, Hub, HubConfig};
use trunkline_protocol::{Offset, TopicName, User};
use trunkline_session::ServerConfig;

use crate::broker::{Broker, Deliver, Delivered, InUse};
use crate::clock::{self, Clock};
use crate::topics::Registry;

/// How often members that linger are let go.
const LINGER_TICK: Duration = Duration::from_millis(200);

/// How often logs are swept.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Tells who a token stands for.
pub(crate) trait Authenticator: Send + Sync {
    /// The user of a good token, and how long it is still good.
    fn authenticate(&self, token: &str, now_unix: u64) -> Result<(User, Duration), TokenRejected>;
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRejected {
    Expired,
    Invalid,
}

struct Reached {
    hub: Hub,
    /// Whom to wake when something waits for a connection.
    wakers: HashMap<ConnectionId, Arc<Notify>>,
}

/// What all connections of this process share.
pub(crate) struct Node {
    reached: Arc<Mutex<Reached>>,
    broker: Broker,
    registry: Registry,
    authenticator: Box<dyn Authenticator>,
    pub(crate) clock: Clock,
    pub(crate) session_config: ServerConfig,
    next_connection: AtomicU64,
    /// Cancelled when every session is to be told goodbye.
    pub(crate) goodbye: CancellationToken,
    /// Where tasks are spawned that the end of the server waits for.
    pub(crate) tasks: TaskTracker,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

impl Node {
    /// A node, with the broker that `open` makes of a clock and of what it is to do with
    /// publications.
    ///
    /// # Errors
    ///
    /// That of `open`.
    pub(crate) fn new(
        registry: Registry,
        authenticator: Box<dyn Authenticator>,
        (hub_config, session_config): (HubConfig, ServerConfig),
        (goodbye, tasks): (CancellationToken, TaskTracker),
        open: impl FnOnce(Clock, Deliver) -> anyhow::Result<Broker>,
    ) -> anyhow::Result<Arc<Self>> {
        let clock = Clock::start();
        let reached = Arc::new(Mutex::new(Reached {
            hub: Hub::new(hub_config),
            wakers: HashMap::new(),
        }));
        let reach = Arc::clone(&reached);
        let deliver: Deliver = Arc::new(move |topic, delivered| {
            reach_hub(&reach, |hub| match *delivered {
                Delivered::Publication {
                    publication,
                    conflation_key,
                    keyframe,
                } => hub.broadcast(topic, publication, conflation_key, keyframe),
                Delivered::NewEpoch => hub.start_anew(topic),
            });
        });
        Ok(Arc::new(Self {
            reached,
            broker: open(clock, deliver)?,
            registry,
            authenticator,
            clock,
            session_config,
            next_connection: AtomicU64::new(1),
            goodbye,
            tasks,
        }))
    }

    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn authenticate(&self, token: &str) -> Result<(User, Duration), TokenRejected> {
        self.authenticator
            .authenticate(token, clock::unix_seconds())
    }

    /// Reaches the hub, and wakes the connections for which something waits afterwards.
    pub(crate) fn with_hub<R>(&self, reach: impl FnOnce(&mut Hub) -> R) -> R {
        reach_hub(&self.reached, reach)
    }

    /// A number for a connection, and what wakes its task.
    pub(crate) fn register(&self) -> (ConnectionId, Arc<Notify>) {
        let id = self.next_connection.fetch_add(1, Ordering::Relaxed);
        let waker = Arc::new(Notify::new());
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.wakers.insert(id, Arc::clone(&waker));
        (id, waker)
    }

    /// Forgets a connection: it leaves all its topics.
    pub(crate) fn unregister(&self, id: ConnectionId) {
        let now = self.clock.now();
        self.with_hub(|hub| hub.close(now, id));
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.wakers.remove(&id);
    }

    /// The topics of a namespace that have people or events: people present, newest offset.
    pub(crate) fn topics_in_use(&self, namespace: &str) -> Vec<(TopicName, u32, Offset)> {
        let mut people: HashMap<TopicName, u32> = self.with_hub(|hub| {
            hub.topics()
                .filter(|(topic, _)| topic.namespace() == namespace)
                .map(|(topic, count)| (topic.clone(), count))
                .collect()
        });
        let mut in_use = Vec::new();
        for (topic, head) in self.broker.heads() {
            if topic.namespace() == namespace {
                let present = people.remove(&topic).unwrap_or(0);
                if present > 0 || head > 0 {
                    in_use.push((topic, present, head));
                }
            }
        }
        in_use.extend(people.into_iter().map(|(topic, count)| (topic, count, 0)));
        in_use
    }

    /// Tells whether the node still takes new conversations.
    pub(crate) fn is_ready(&self) -> bool {
        !self.goodbye.is_cancelled()
    }

    /// How many conversations are open.
    pub(crate) fn connections(&self) -> usize {
        self.with_hub(|hub| hub.connections())
    }

    /// Keeps presence and logs tidy until the node says goodbye.
    pub(crate) async fn keep_tidy(self: Arc<Self>) {
        let mut linger = tokio::time::interval(LINGER_TICK);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            // Both ticks are cancel safe; goodbye comes first so that nothing outlives the node.
            tokio::select! {
                biased;
                () = self.goodbye.cancelled() => return,
                _ = linger.tick() => {
                    let now = self.clock.now();
                    self.with_hub(|hub| {
                        if hub.poll_timeout().is_some_and(|due| due <= now) {
                            hub.handle_timeout(now);
                        }
                    });
                }
                _ = sweep.tick() => {
                    // The hub is asked while the broker is held: who joins afterwards reads a log
                    // that was not swept from under it.
                    let reached = Arc::clone(&self.reached);
                    let in_use: InUse =
                        Arc::new(move |topic| reach_hub(&reached, |hub| hub.is_in_use(topic)));
                    self.broker.sweep(in_use).await;
                }
            }
        }
    }
}

/// Reaches the hub, and wakes the connections for which something waits afterwards.
fn reach_hub<R>(reached: &Mutex<Reached>, reach: impl FnOnce(&mut Hub) -> R) -> R {
    let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
    let result = reach(&mut reached.hub);
    while let Some(connection) = reached.hub.poll_dirty() {
        if let Some(waker) = reached.wakers.get(&connection) {
            waker.notify_one();
        }
    }
    result
}
