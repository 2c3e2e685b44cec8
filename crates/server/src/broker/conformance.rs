//! What every broker must do, run against each of them.

use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use trunkline_hub::{Append, Proof, PublishKey};
use trunkline_protocol::frame::Range;
use trunkline_protocol::{
    Codec, Delivery, Digest, GapCause, MessageId, Offset, Payload, Position, SenderId, TopicName,
    UserId,
};

use super::{Broker, Deliver, Delivered, Disk, InUse, Memory, Placed};
use crate::clock::Clock;

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

pub(super) const LOG: Delivery = Delivery::Log {
    keep: 100,
    max_age: DAY,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Memory,
    Disk,
}

/// A broker with what it delivered, and the folder that it would find again.
pub(super) struct Bench {
    pub(super) kind: Kind,
    pub(super) folder: TempDir,
    pub(super) broker: Broker,
    pub(super) delivered: Arc<Mutex<Vec<(TopicName, Offset)>>>,
}

impl Bench {
    pub(super) fn new(kind: Kind) -> Self {
        let folder = TempDir::new().expect("a folder for the test");
        Self::in_folder(kind, folder)
    }

    pub(super) fn in_folder(kind: Kind, folder: TempDir) -> Self {
        Self::with(kind, folder, Clock::start(), |_| {})
    }

    /// A broker whose process started by another clock.
    pub(super) fn by_clock(folder: TempDir, clock: Clock) -> Self {
        Self::with(Kind::Disk, folder, clock, |_| {})
    }

    /// A broker whose deliveries come by `on_delivery` before they are noted.
    fn with(
        kind: Kind,
        folder: TempDir,
        clock: Clock,
        on_delivery: impl Fn(Offset) + Send + Sync + 'static,
    ) -> Self {
        let delivered = Arc::<Mutex<Vec<_>>>::default();
        let seen = Arc::clone(&delivered);
        let deliver: Deliver = Arc::new(move |topic, delivered| {
            let offset = match delivered {
                Delivered::Publication { publication, .. } => publication.offset,
                Delivered::NewEpoch => 0,
            };
            on_delivery(offset);
            let mut seen = seen.lock().expect("no test panics here");
            seen.push((topic.clone(), offset));
        });
        let broker = open(kind, &folder, clock, deliver);
        Self {
            kind,
            folder,
            broker,
            delivered,
        }
    }

    /// Ends the broker as a crash after its last answer would, and starts another one.
    pub(super) fn restart(self) -> Self {
        let Self {
            kind,
            folder,
            broker,
            ..
        } = self;
        drop(broker);
        Self::in_folder(kind, folder)
    }

    pub(super) async fn publish(&self, topic: &str, key: Option<PublishKey>, text: &str) -> Placed {
        let placed = self
            .broker
            .publish(&name(topic), LOG, append(key, text))
            .await;
        placed.expect("a broker that works")
    }

    /// The offsets and texts after `offset`.
    pub(super) async fn after(&self, topic: &str, offset: Offset) -> Vec<(Offset, String)> {
        let range = Range::After { offset };
        let kept = self.broker.range(&name(topic), LOG, range, 1000).await;
        let page = kept.expect("a broker that works").page;
        let shown = page.publications.into_iter().map(|publication| {
            let text = String::from_utf8_lossy(publication.event.as_bytes()).into_owned();
            (publication.offset, text)
        });
        shown.collect()
    }

    pub(super) async fn position(&self, topic: &str) -> Position {
        let kept = self.broker.newest(&name(topic), LOG, 0).await;
        let kept = kept.expect("a broker that works");
        Position {
            epoch: kept.epoch,
            offset: kept.page.head,
        }
    }
}

fn open(kind: Kind, folder: &TempDir, clock: Clock, deliver: Deliver) -> Broker {
    match kind {
        Kind::Memory => Broker::Memory(Memory::new(clock, deliver)),
        Kind::Disk => {
            let folder = folder.path().join("history");
            Broker::Disk(Disk::open(&folder, clock, deliver).expect("a store"))
        }
    }
}

pub(super) fn name(topic: &str) -> TopicName {
    topic.parse().expect("a valid name")
}

pub(super) fn append(key: Option<PublishKey>, text: &str) -> Append {
    Append {
        key,
        event: Payload::try_from(text.as_bytes().to_vec()).expect("a short text"),
        conflation_key: None,
        keyframe: false,
    }
}

pub(super) fn key(user: u64, counter: u32) -> Option<PublishKey> {
    let sender = SenderId::from_random(7);
    Some(PublishKey {
        user: UserId(user),
        message_id: MessageId { sender, counter },
    })
}

async fn offsets_rise_by_one_in_each_topic(kind: Kind) {
    let bench = Bench::new(kind);
    let empty = bench.position("chat:a").await;
    assert_eq!(empty.offset, 0);
    for expected in 1..=3 {
        let placed = bench.publish("chat:a", None, "a").await;
        let position = Position {
            offset: expected,
            ..empty
        };
        assert_eq!(
            placed,
            Placed {
                position,
                duplicate: false
            }
        );
    }
    assert_eq!(bench.publish("chat:b", None, "b").await.position.offset, 1);
    let mut heads = bench.broker.heads();
    heads.sort();
    assert_eq!(heads, [(name("chat:a"), 3), (name("chat:b"), 1)]);
}

async fn an_answer_comes_after_delivery_and_can_be_read(kind: Kind) {
    let bench = Bench::new(kind);
    let placed = bench.publish("chat:a", None, "hello").await;
    let delivered = bench.delivered.lock().expect("no test panics here").clone();
    assert_eq!(delivered, [(name("chat:a"), placed.position.offset)]);
    assert_eq!(bench.after("chat:a", 0).await, [(1, "hello".to_owned())]);
}

async fn a_command_is_taken_once(kind: Kind) {
    let bench = Bench::new(kind);
    let first = bench.publish("chat:a", key(1, 1), "one").await;
    bench.publish("chat:a", None, "between").await;
    let again = bench.publish("chat:a", key(1, 1), "one").await;
    assert_eq!(
        again,
        Placed {
            duplicate: true,
            ..first
        }
    );
    let found = bench
        .broker
        .find(&name("chat:a"), LOG, &key(1, 1).expect("a key"))
        .await;
    assert_eq!(found, Ok(Some(first.position)));

    // The same id of another user, or in another topic, is another command.
    assert!(!bench.publish("chat:a", key(2, 1), "other").await.duplicate);
    assert!(!bench.publish("chat:b", key(1, 1), "other").await.duplicate);
    let elsewhere = bench
        .broker
        .find(&name("chat:c"), LOG, &key(1, 1).expect("a key"))
        .await;
    assert_eq!(elsewhere, Ok(None));
    assert_eq!(bench.after("chat:a", 0).await.len(), 3);
}

async fn of_retries_that_race_one_is_taken(kind: Kind) {
    let bench = Arc::new(Bench::new(kind));
    let mut racing = Vec::new();
    for _ in 0..32 {
        let bench = Arc::clone(&bench);
        let publish = async move { bench.publish("chat:a", key(1, 1), "once").await };
        racing.push(tokio::spawn(publish));
    }
    let mut taken = 0;
    for task in racing {
        let placed = task.await.expect("no test panics here");
        assert_eq!(placed.position.offset, 1);
        taken += usize::from(!placed.duplicate);
    }
    assert_eq!((taken, bench.after("chat:a", 0).await.len()), (1, 1));
}

async fn delivery_follows_the_offsets_of_racing_publishers(kind: Kind) {
    let bench = Arc::new(Bench::new(kind));
    let mut racing = Vec::new();
    for task in 0..8 {
        let bench = Arc::clone(&bench);
        racing.push(tokio::spawn(async move {
            for at in 0..40 {
                let topic = ["chat:a", "chat:b", "chat:c"][(task + at) % 3];
                bench.publish(topic, None, "x").await;
            }
        }));
    }
    for task in racing {
        task.await.expect("no test panics here");
    }
    let delivered = bench.delivered.lock().expect("no test panics here").clone();
    assert_eq!(delivered.len(), 8 * 40);
    for topic in ["chat:a", "chat:b", "chat:c"] {
        let of_topic = delivered.iter().filter(|(of, _)| *of == name(topic));
        let offsets: Vec<_> = of_topic.map(|(_, offset)| *offset).collect();
        let count = u64::try_from(offsets.len()).expect("a few");
        assert_eq!(offsets, (1..=count).collect::<Vec<_>>(), "{topic}");
    }
}

/// The first delivery waits for the second, which must not come.
async fn no_publisher_overtakes_another_on_the_way_to_the_hub(kind: Kind) {
    let folder = TempDir::new().expect("a folder for the test");
    let (began, begun) = std::sync::mpsc::channel();
    let (second, came) = std::sync::mpsc::channel();
    let came = Mutex::new(came);
    let bench = Bench::with(kind, folder, Clock::start(), move |offset| {
        if offset == 1 {
            let _ = began.send(());
            let came = came.lock().expect("no test panics here");
            let _ = came.recv_timeout(std::time::Duration::from_millis(300));
        } else {
            let _ = second.send(());
        }
    });
    let bench = Arc::new(bench);
    let publish = |text: &'static str| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.publish("chat:a", None, text).await })
    };
    let first = publish("first");
    tokio::task::spawn_blocking(move || begun.recv().expect("a delivery"))
        .await
        .expect("no test panics here");
    let second = publish("second");
    first.await.expect("no test panics here");
    second.await.expect("no test panics here");
    let delivered = bench.delivered.lock().expect("no test panics here").clone();
    assert_eq!(delivered, [(name("chat:a"), 1), (name("chat:a"), 2)]);
}

async fn retention_keeps_the_newest_and_says_what_is_gone(kind: Kind) {
    let mut bench = Bench::new(kind);
    let start = bench.position("chat:a").await;
    for at in 1..=250 {
        bench.publish("chat:a", None, &format!("event {at}")).await;
    }
    for _ in 0..2 {
        let page = bench.broker.newest(&name("chat:a"), LOG, 1000).await;
        let page = page.expect("a broker that works").page;
        assert_eq!(
            (page.first, page.head, page.publications.len()),
            (151, 250, 100)
        );

        let recovered = bench.broker.recover(&name("chat:a"), LOG, start).await;
        let (_, recovery) = recovered.expect("a broker that works");
        let gap = recovery.gap.expect("what is gone is said");
        assert_eq!((gap.from, gap.to, gap.cause), (1, 150, GapCause::Retention));
        assert_eq!(
            (recovery.after, recovery.page.publications.len()),
            (150, 100)
        );
        if kind == Kind::Memory {
            return;
        }
        bench = bench.restart();
        assert_eq!(bench.position("chat:a").await.epoch, start.epoch);
    }
}

async fn ranges_are_cut_at_both_ends(kind: Kind) {
    let bench = Bench::new(kind);
    for at in 1..=5 {
        bench.publish("chat:a", None, &at.to_string()).await;
    }
    let topic = name("chat:a");
    let range = async |range, count| {
        let kept = bench.broker.range(&topic, LOG, range, count).await;
        let page = kept.expect("a broker that works").page;
        page.publications
            .iter()
            .map(|it| it.offset)
            .collect::<Vec<_>>()
    };
    assert_eq!(range(Range::After { offset: 1 }, 2).await, [2, 3]);
    assert_eq!(range(Range::Before { offset: 5 }, 2).await, [3, 4]);
    assert_eq!(range(Range::After { offset: u64::MAX }, 9).await, [0; 0]);
    assert_eq!(range(Range::Before { offset: 0 }, 9).await, [0; 0]);
    assert_eq!(range(Range::After { offset: 0 }, usize::MAX).await.len(), 5);
}

async fn a_position_it_never_gave_is_of_another_epoch(kind: Kind) {
    let bench = Bench::new(kind);
    let position = bench.publish("chat:a", None, "x").await.position;
    let future = Position {
        offset: 2,
        ..position
    };
    let foreign = Position {
        epoch: trunkline_protocol::Epoch(position.epoch.0.wrapping_add(1)),
        ..position
    };
    for since in [future, foreign] {
        let recovered = bench.broker.recover(&name("chat:a"), LOG, since).await;
        let (epoch, recovery) = recovered.expect("a broker that works");
        assert_eq!(epoch, position.epoch);
        assert_eq!(recovery.gap.map(|gap| gap.cause), Some(GapCause::Epoch));
        assert_eq!(recovery.page.publications.len(), 1);
    }
}

async fn reader_of_another_branch_gets_a_gap_and_what_is_kept(kind: Kind) {
    let mut bench = Bench::new(kind);
    for at in 1..=5 {
        bench.publish("chat:a", None, &format!("event {at}")).await;
    }
    for _ in 0..2 {
        let position = bench.position("chat:a").await;
        let recover = async |offset, event: &str| {
            let since = Position { offset, ..position };
            let proof = Proof {
                digest: Digest::of_bytes(event.as_bytes()),
                codec: Codec::Bincode,
                to_json: |_| None,
            };
            let topic = name("chat:a");
            let recovered = bench
                .broker
                .recover_proven(&topic, LOG, since, &proof)
                .await;
            let (epoch, recovery) = recovered.expect("a broker that works");
            assert_eq!(epoch, position.epoch);
            let cause = recovery.gap.map(|gap| gap.cause);
            (cause, recovery.after, recovery.page.publications.len())
        };
        assert_eq!(recover(3, "event 3").await, (None, 3, 2));
        assert_eq!(recover(5, "event 5").await, (None, 5, 0));
        let epoch = Some(GapCause::Epoch);
        assert_eq!(recover(3, "event 3 of another").await, (epoch, 0, 5));
        assert_eq!(recover(5, "event 5 of another").await, (epoch, 0, 5));
        // There is no event to compare at the begin, and none above the head.
        assert_eq!(recover(0, "event 0").await, (None, 0, 5));
        assert_eq!(recover(6, "event 6").await, (epoch, 0, 5));
        if kind == Kind::Memory {
            return;
        }
        bench = bench.restart();
    }
}

async fn a_restart_keeps_everything_or_starts_an_epoch(kind: Kind) {
    let mut bench = Bench::new(kind);
    for at in 1..=3 {
        bench.publish("chat:a", key(1, at), &at.to_string()).await;
    }
    let before = bench.position("chat:a").await;
    bench = bench.restart();
    let recovered = bench.broker.recover(&name("chat:a"), LOG, before).await;
    let (epoch, recovery) = recovered.expect("a broker that works");
    if kind == Kind::Memory {
        assert_ne!(epoch, before.epoch);
        assert_eq!(recovery.gap.map(|gap| gap.cause), Some(GapCause::Epoch));
        return;
    }
    assert_eq!(
        (epoch, recovery.gap, recovery.page.head),
        (before.epoch, None, 3)
    );
    assert_eq!(bench.broker.heads(), [(name("chat:a"), 3)]);
    let again = bench.publish("chat:a", key(1, 2), "2").await;
    assert_eq!((again.position.offset, again.duplicate), (2, true));
    assert_eq!(
        bench
            .publish("chat:a", key(1, 4), "4")
            .await
            .position
            .offset,
        4
    );
    let texts: Vec<_> = bench
        .after("chat:a", 0)
        .await
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    assert_eq!(texts, ["1", "2", "3", "4"]);
}

async fn what_is_no_log_is_not_kept_over_a_restart(kind: Kind) {
    let latest = Delivery::Latest { max_hz: None };
    for delivery in [
        latest,
        Delivery::Volatile,
        Delivery::Keyframed { max_run: 4 },
    ] {
        let bench = Bench::new(kind);
        let topic = name("quotes:x");
        let placed = bench
            .broker
            .publish(&topic, delivery, append(None, "1"))
            .await;
        let placed = placed.expect("a broker that works");
        let bench = bench.restart();
        let kept = bench
            .broker
            .newest(&topic, delivery, 10)
            .await
            .expect("a broker that works");
        assert_ne!(kept.epoch, placed.position.epoch, "{delivery:?}");
        assert_eq!((kept.page.head, kept.page.publications.len()), (0, 0));
    }
}

async fn a_topic_that_keeps_nothing_and_is_not_used_begins_anew(kind: Kind) {
    let bench = Bench::new(kind);
    let (topic, brief) = (
        name("chat:a"),
        Delivery::Log {
            keep: 9,
            max_age: std::time::Duration::ZERO,
        },
    );
    let placed = bench.broker.publish(&topic, brief, append(None, "1")).await;
    let placed = placed.expect("a broker that works");
    let clock = Clock::start();
    let later = clock.now() + std::time::Duration::from_millis(5);
    while clock.now() < later {
        std::hint::spin_loop();
    }
    let used: InUse = Arc::new(|_| true);
    bench.broker.sweep(used).await;
    let kept = bench
        .broker
        .newest(&topic, brief, 9)
        .await
        .expect("a broker that works");
    assert_eq!((kept.epoch, kept.page.head), (placed.position.epoch, 1));

    let unused: InUse = Arc::new(|_| false);
    bench.broker.sweep(unused).await;
    assert_eq!(bench.broker.heads(), []);
    let kept = bench
        .broker
        .newest(&topic, brief, 9)
        .await
        .expect("a broker that works");
    assert_ne!(kept.epoch, placed.position.epoch);
    assert_eq!(kept.page.head, 0);
}

/// A topic that was forgotten would take the command a second time.
async fn a_topic_is_kept_as_long_as_it_remembers_a_command(kind: Kind) {
    let bench = Bench::new(kind);
    let (topic, brief) = (
        name("chat:a"),
        Delivery::Log {
            keep: 9,
            max_age: std::time::Duration::ZERO,
        },
    );
    let say = || bench.broker.publish(&topic, brief, append(key(1, 1), "1"));
    let placed = say().await.expect("a broker that works");
    let clock = Clock::start();
    let later = clock.now() + std::time::Duration::from_millis(5);
    while clock.now() < later {
        std::hint::spin_loop();
    }
    bench.broker.sweep(Arc::new(|_| false)).await;
    let again = say().await.expect("a broker that works");
    assert_eq!((again.position, again.duplicate), (placed.position, true));
}

macro_rules! suite {
    ($($case:ident),* $(,)?) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$case(super::Kind::Memory).await;
                }
            )*
        }

        mod disk {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $case() {
                    super::$case(super::Kind::Disk).await;
                }
            )*
        }
    };
}

suite!(
    offsets_rise_by_one_in_each_topic,
    an_answer_comes_after_delivery_and_can_be_read,
    a_command_is_taken_once,
    of_retries_that_race_one_is_taken,
    delivery_follows_the_offsets_of_racing_publishers,
    no_publisher_overtakes_another_on_the_way_to_the_hub,
    retention_keeps_the_newest_and_says_what_is_gone,
    ranges_are_cut_at_both_ends,
    a_position_it_never_gave_is_of_another_epoch,
    reader_of_another_branch_gets_a_gap_and_what_is_kept,
    a_restart_keeps_everything_or_starts_an_epoch,
    what_is_no_log_is_not_kept_over_a_restart,
    a_topic_that_keeps_nothing_and_is_not_used_begins_anew,
    a_topic_is_kept_as_long_as_it_remembers_a_command,
);
