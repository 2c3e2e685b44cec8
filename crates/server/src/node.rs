//! The node: what all connections of this process share, and what they ask of it.
//!
//! Two locks, always in this order: the broker's, then that of the people. Nothing awaits under
//! either, and no loop of a shard takes one for an event on its way to the readers.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_hub::{Announcement, ConnectionId, HubConfig, People};
use trunkline_protocol::{Members, Moment, Offset, TopicName, User, UserId};
use trunkline_session::{ServerConfig, was_away};

use crate::accept::Acceptor;
use crate::broker::{Broker, Deliver, Delivered, InUse};
use crate::clock::{self, Clock};
use crate::shard::{self, Arrival, Inbox, Knock, Note, Published};
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

/// What all connections of this process share.
pub(crate) struct Node {
    people: Arc<Mutex<People>>,
    shards: Arc<[Arc<Inbox>]>,
    broker: Broker,
    registry: Registry,
    authenticator: Box<dyn Authenticator>,
    pub(crate) clock: Clock,
    pub(crate) session_config: ServerConfig,
    pub(crate) hub_config: HubConfig,
    /// How long an event may wait for others, whatever its topic says.
    pub(crate) flush_window: Duration,
    next_serial: AtomicU32,
    /// Cancelled when every session is to be told goodbye.
    pub(crate) goodbye: CancellationToken,
    /// Where tasks are spawned that the end of the server waits for.
    pub(crate) tasks: TaskTracker,
}

/// The bounds and the timing of a node.
pub(crate) struct Rules {
    pub(crate) hub: HubConfig,
    pub(crate) session: ServerConfig,
    pub(crate) flush_window: Duration,
    pub(crate) linger: Duration,
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").finish_non_exhaustive()
    }
}

impl Node {
    /// A node over these shards, with the broker that `open` makes of a clock and of what it is to
    /// do with publications.
    ///
    /// # Errors
    ///
    /// That of `open`.
    pub(crate) fn new(
        registry: Registry,
        authenticator: Box<dyn Authenticator>,
        rules: &Rules,
        (goodbye, tasks): (CancellationToken, TaskTracker),
        shards: Arc<[Arc<Inbox>]>,
        open: impl FnOnce(Clock, Deliver) -> anyhow::Result<Broker>,
    ) -> anyhow::Result<Arc<Self>> {
        let clock = Clock::start();
        let inboxes = Arc::clone(&shards);
        let deliver: Deliver =
            Arc::new(move |topic, delivered| deliver(&inboxes, topic, delivered));
        Ok(Arc::new(Self {
            people: Arc::new(Mutex::new(People::new(rules.linger))),
            shards,
            broker: open(clock, deliver)?,
            registry,
            authenticator,
            clock,
            session_config: rules.session,
            hub_config: rules.hub,
            flush_window: rules.flush_window,
            next_serial: AtomicU32::new(1),
            goodbye,
            tasks,
        }))
    }

    pub(crate) fn shards(&self) -> &[Arc<Inbox>] {
        &self.shards
    }

    /// Gives a connection to the shard that has the fewest.
    pub(crate) fn adopt(&self, arrival: Arrival) {
        let inbox = shard::emptiest(&self.shards);
        inbox.lines.fetch_add(1, Ordering::Relaxed);
        inbox.push(Note::Arrived(Box::new(arrival)));
    }

    /// Lets the first shard accept connections until the goodbye.
    pub(crate) fn listen(&self, acceptor: Acceptor) {
        if let Some(first) = self.shards.first() {
            first.push(Note::Listen(Box::new(acceptor)));
        }
    }

    /// Gives a connection that has said nothing yet to the shard that has the fewest.
    pub(crate) fn receive(&self, knock: Knock) {
        let inbox = shard::emptiest(&self.shards);
        inbox.lines.fetch_add(1, Ordering::Relaxed);
        inbox.push(Note::Knocked(Box::new(knock)));
    }

    /// Ends all conversations of a user. They may begin anew as long as the user has a token.
    pub(crate) fn disconnect(&self, user: UserId) {
        for inbox in &*self.shards {
            inbox.push(Note::Disconnect(user));
        }
    }

    /// Tells whether somebody may be reading a topic now.
    pub(crate) fn has_readers(&self, topic: &TopicName) -> bool {
        self.shards.iter().any(|inbox| inbox.interest.has(topic))
    }

    /// A number for a connection. It comes again after four thousand million others.
    pub(crate) fn next_serial(&self) -> u32 {
        self.next_serial.fetch_add(1, Ordering::Relaxed)
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

    /// Reaches the people, and tells the shards what changed while nobody else can: all of them
    /// hear it in one order.
    fn with_people(&self, change: impl FnOnce(&mut People) -> Option<Announcement>) {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(announcement) = change(&mut people) {
            self.announce(announcement);
        }
    }

    fn announce(&self, announcement: Announcement) {
        let announcement = Arc::new(announcement);
        for inbox in &*self.shards {
            if inbox.interest.has(&announcement.topic) {
                inbox.push(Note::People(Arc::clone(&announcement)));
            }
        }
    }

    /// A connection of `user` has joined a topic.
    pub(crate) fn join(&self, topic: &TopicName, user: &User, connection: ConnectionId) {
        self.with_people(|people| people.join(topic, user, connection));
    }

    /// A connection of `user` has left a topic on purpose.
    pub(crate) fn leave(&self, topic: &TopicName, user: UserId, connection: ConnectionId) {
        self.with_people(|people| people.leave(topic, user, connection));
    }

    /// A connection of `user` was lost.
    pub(crate) fn lose(
        &self,
        topic: &TopicName,
        user: UserId,
        connection: ConnectionId,
        now: Moment,
    ) {
        self.with_people(|people| people.lose(topic, user, connection, now));
    }

    /// Who is present in a topic.
    pub(crate) fn members(&self, topic: &TopicName) -> Members {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.members(topic)
    }

    /// Tells whether a user is present in a topic.
    pub(crate) fn is_present(&self, topic: &TopicName, user: UserId) -> bool {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        people.is_present(topic, user)
    }

    /// The topics of a namespace that have people or events: people present, newest offset.
    pub(crate) fn topics_in_use(&self, namespace: &str) -> Vec<(TopicName, u32, Offset)> {
        let mut people: HashMap<TopicName, u32> = {
            let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
            let of_namespace = people
                .topics()
                .filter(|(topic, _)| topic.namespace() == namespace);
            of_namespace
                .map(|(topic, count)| (topic.clone(), count))
                .collect()
        };
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
        let lines = |inbox: &Arc<Inbox>| inbox.lines.load(Ordering::Relaxed);
        self.shards.iter().map(lines).sum()
    }

    /// Keeps presence and logs tidy until the node says goodbye.
    pub(crate) async fn keep_tidy(self: Arc<Self>) {
        let mut linger = tokio::time::interval(LINGER_TICK);
        linger.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            // Both ticks are cancel safe; goodbye comes first so that nothing outlives the node.
            tokio::select! {
                biased;
                () = self.goodbye.cancelled() => {
                    for inbox in &*self.shards {
                        inbox.push(Note::Goodbye);
                    }
                    return;
                }
                due = linger.tick() => {
                    if was_away(due.elapsed()) {
                        // This process did not run: those who came back meanwhile are let in first.
                        continue;
                    }
                    let now = self.clock.now();
                    let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
                    if people.poll_timeout().is_some_and(|due| due <= now) {
                        for announcement in people.handle_timeout(now) {
                            self.announce(announcement);
                        }
                    }
                }
                _ = sweep.tick() => {
                    // The people are asked while the broker is held: who joins afterwards reads a
                    // log that was not swept from under it.
                    let people = Arc::clone(&self.people);
                    let in_use: InUse = Arc::new(move |topic| {
                        let people = people.lock().unwrap_or_else(PoisonError::into_inner);
                        people.is_in_use(topic)
                    });
                    self.broker.sweep(in_use).await;
                }
            }
        }
    }
}

/// Hands what a broker has placed to the shards that have readers for it.
fn deliver(shards: &[Arc<Inbox>], topic: &TopicName, delivered: &Delivered<'_>) {
    match *delivered {
        Delivered::Publication {
            publication,
            conflation_key,
            keyframe,
        } => {
            let published = Arc::new(Published {
                topic: topic.clone(),
                publication: publication.clone(),
                conflation_key: conflation_key.map(str::to_owned),
                keyframe,
            });
            for inbox in shards {
                inbox.publish(&published);
            }
        }
        Delivered::NewEpoch => {
            for inbox in shards {
                inbox.push(Note::Anew(topic.clone()));
            }
        }
    }
}
