//! A lane: a little server that carries the feed, and nothing else, to whoever asks in the lane's way.
//!
//! All lanes offer all ways; a reader of a race uses each lane in the one that it is named after.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use mio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_protocol::topics::lab::{LANES_MAX, Lab, LabKey, Lane, Race, Tick};
use trunkline_protocol::{Codec, MessageId, SenderId, Text, Topic, User, UserId};

use super::calls::TickHandler;
use super::cpu;
use super::race::Taken;
use crate::accept::{Acceptor, OpenConnections, Reception};
use crate::auth::Guests;
use crate::config::{Broker, Config};
use crate::http;
use crate::node::Node;
use crate::realtime;
use crate::requests::{Asker, PublishRequest};
use crate::topics::Registry;
use crate::traffic::Traffic;

/// Connections of a lane, at most.
const CONNECTIONS_MAX: usize = 256;

/// How much later than its neighbour a lane is at most, so that they do not all want the processor at
/// once.
const STAGGER_US_MAX: u64 = 10_000;

/// Orders that a lane has not taken yet; a race is one.
const ORDERS_MAX: usize = 4;

/// A lane that runs. It ends when this is dropped, or at the server's goodbye.
pub(super) struct Running {
    pub(super) lane: Lane,
    /// How its threads' names begin.
    name: String,
    orders: mpsc::Sender<Order>,
    node: Arc<Node>,
    over_http: Arc<Traffic>,
    progress: Arc<Progress>,
}

/// Carries the ticks of a race.
struct Order {
    race: Race,
    /// How much later than the race's each tick is due, in microseconds.
    stagger_us: u64,
    filler_len: usize,
    begins: Instant,
}

/// Which race is being carried and how many of its ticks are published, in one number: they are
/// read together.
#[derive(Default)]
struct Progress(AtomicU64);

impl Progress {
    fn set(&self, race: u32, published: u32) {
        let both = u64::from(race) << 32 | u64::from(published);
        self.0.store(both, Ordering::Relaxed);
    }

    fn of(&self, race: u32) -> u32 {
        let both = self.0.load(Ordering::Relaxed);
        if both >> 32 == u64::from(race) {
            both as u32
        } else {
            0
        }
    }
}

impl Running {
    /// Starts a lane's threads.
    ///
    /// # Errors
    ///
    /// For an operator, if the system has no room for them.
    pub(super) fn start(
        lane: Lane,
        listener: TcpListener,
        config: &Arc<Config>,
        guests: &Arc<Guests>,
        goodbye: CancellationToken,
    ) -> anyhow::Result<Self> {
        let name = format!("lane-{}", lane as u8);
        let config = Config {
            broker: Broker::Memory,
            shards: 1,
            connections_max: CONNECTIONS_MAX,
            api_key: None,
            ..Config::clone(config)
        };
        let runtime = Builder::new_current_thread()
            .enable_all()
            .thread_name(&name)
            .build();
        let runtime = runtime.context("cannot poll sockets for a lane")?;
        let context = runtime.enter();
        let registry = Registry::default().with(TickHandler { feed: true });
        let ends = (goodbye.clone(), TaskTracker::new());
        let tasks = ends.1.clone();
        let (node, shards) = realtime::open(registry, Arc::clone(guests), &config, ends, &name)?;
        let origins = http::origins(&config).with_neighbours();
        let over_http = Arc::new(Traffic::default());
        let app = http::lane(&config, Arc::clone(&node), Arc::clone(guests));
        let abort = goodbye.child_token();
        let reception = Reception::new(app, config.timeouts, (goodbye.clone(), abort), tasks)
            .with_doors(Arc::clone(&node), origins)
            .counting(Arc::clone(&over_http));
        let open = OpenConnections::new(CONNECTIONS_MAX);
        node.listen(Acceptor::new(listener, Arc::new(reception), open));
        drop(context);
        let (orders, taken) = mpsc::channel(ORDERS_MAX);
        let progress = Arc::new(Progress::default());
        let (feeds, at) = (Arc::clone(&node), Arc::clone(&progress));
        let run = move || {
            run(runtime, &feeds, &at, taken, &goodbye);
            drop(shards);
        };
        let thread = thread::Builder::new().name(name.clone());
        thread.spawn(run).context("cannot start a thread")?;
        Ok(Self {
            lane,
            name,
            orders,
            node,
            over_http,
            progress,
        })
    }

    /// Carries a race, whose first tick is due when it `begins`.
    pub(super) fn feed(&self, race: Race, filler_len: usize, begins: Instant) {
        self.progress.set(race.id, 0);
        let apart_us = u64::from(race.period_us) / LANES_MAX as u64;
        let order = Order {
            race,
            stagger_us: self.lane as u64 * apart_us.min(STAGGER_US_MAX),
            filler_len,
            begins,
        };
        // A lane that has ended is that of a server that ends; the race is never carried, and told
        // so: nothing was published.
        let _ = self.orders.try_send(order);
    }

    /// How many ticks of a race are published.
    pub(super) fn published(&self, race: u32) -> u32 {
        self.progress.of(race)
    }

    /// What the lane has taken since it began.
    pub(super) fn taken(&self) -> Taken {
        let (mut received, mut sent) = self.over_http.so_far();
        for shard in self.node.shards() {
            let (more_received, more_sent) = shard.traffic.so_far();
            received += more_received;
            sent += more_sent;
        }
        Taken {
            received,
            sent,
            cpu: cpu::of_threads(&self.name),
        }
    }
}

/// Takes orders until there can be no more.
fn run(
    runtime: Runtime,
    node: &Arc<Node>,
    progress: &Progress,
    mut orders: mpsc::Receiver<Order>,
    goodbye: &CancellationToken,
) {
    runtime.block_on(async {
        loop {
            let order = tokio::select! {
                () = goodbye.cancelled() => return,
                order = orders.recv() => order,
            };
            let Some(order) = order else { return };
            tokio::select! {
                () = goodbye.cancelled() => return,
                () = carry(order, node, progress) => {}
            }
        }
    });
    runtime.shutdown_background();
}

/// Publishes the ticks of a race, each when it is due.
async fn carry(order: Order, node: &Arc<Node>, progress: &Progress) {
    let Order {
        race,
        stagger_us,
        filler_len,
        begins,
    } = order;
    let feeder = Asker {
        node: Arc::clone(node),
        codec: Codec::Bincode,
        user: User {
            id: UserId(0),
            name: Text::cut("lab"),
        },
        trusted: true,
    };
    let topic = Lab::name(&LabKey::Feed);
    let filler: String = ('a'..='z').cycle().take(filler_len).collect();
    let filler = Text::cut(&filler);
    for number in 1..=race.ticks {
        let at_us = u64::from(number - 1) * u64::from(race.period_us) + stagger_us;
        let due = begins + Duration::from_micros(at_us);
        tokio::time::sleep_until(due.into()).await;
        let tick = Tick {
            number,
            at_us,
            filler: filler.clone(),
        };
        let Ok(command) = Codec::Bincode.payload(&tick) else {
            return;
        };
        let publish = PublishRequest {
            message_id: MessageId {
                sender: SenderId::from_random(race.id.into()),
                counter: number,
            },
            topic: topic.clone(),
            contract: None,
            command,
        };
        match feeder.publish(publish).await {
            Ok(_) => progress.set(race.id, number),
            Err(error) => tracing::warn!(?error, "a tick was refused"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_told_of_its_race() {
        let progress = Progress::default();
        assert_eq!(progress.of(1), 0);
        progress.set(1, 20);
        assert_eq!((progress.of(1), progress.of(2)), (20, 0));
        progress.set(2, 3);
        assert_eq!((progress.of(1), progress.of(2)), (0, 3));
    }
}
