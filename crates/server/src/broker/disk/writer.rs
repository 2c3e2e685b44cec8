//! The writer: the one thread that changes logs. It commits many publishes at once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use trunkline_hub::{Append, Appended, Kept, Log, Stage, Staged};
use trunkline_protocol::{Delivery, Epoch, Moment, Position, Publication, TopicName};

use super::record::TopicRecord;
use super::shelf::{LOGS_LEN_MAX, Shelf};
use super::store::{Changes, Store, new_epoch};
use super::{BrokerError, Deliver, InUse, Placed};
use crate::broker::Delivered;
use crate::clock::Clock;

/// The most jobs that are carried out together: one commit, one `fdatasync`.
const BATCH_MAX: usize = 512;

/// How many events a log must have dropped before they are removed from the store.
const TRIM_MIN: u64 = 64;

/// The most topics that one sweep removes from the store.
const SWEPT_MAX: usize = 64;

/// How long to wait before a store that failed is opened again.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// What the writer is asked to do.
pub(super) enum Job {
    /// Keep an event, deliver it, and tell where it stands.
    Publish(Publish),
    /// Bring a log into memory.
    Fetch {
        topic: TopicName,
        delivery: Delivery,
        answer: oneshot::Sender<Result<(), BrokerError>>,
    },
    /// Forget topics whose events are all too old.
    Sweep {
        in_use: InUse,
        answer: oneshot::Sender<()>,
    },
}

pub(super) struct Publish {
    pub(super) topic: TopicName,
    pub(super) delivery: Delivery,
    pub(super) append: Append,
    pub(super) answer: oneshot::Sender<Result<Placed, BrokerError>>,
}

pub(super) struct Writer {
    folder: PathBuf,
    /// None after a failure, until it can be opened again.
    store: Option<Store>,
    reopen_at: Moment,
    shelf: Arc<Mutex<Shelf>>,
    clock: Clock,
    deliver: Deliver,
    tally: Tally,
}

/// What was done since the start. It is told when the writer ends.
#[derive(Default)]
struct Tally {
    commits: u64,
    events: u64,
    /// Logs that were read from the store.
    fetches: u64,
}

/// A publish on its way to the disk.
struct Pending {
    topic: TopicName,
    append: Append,
    stage: Stage,
    epoch: Epoch,
    answer: oneshot::Sender<Result<Placed, BrokerError>>,
}

/// What a batch does to one topic.
struct Touched {
    staged: Staged,
    record: TopicRecord,
}

impl Writer {
    pub(super) fn new(
        folder: PathBuf,
        store: Store,
        shelf: Arc<Mutex<Shelf>>,
        clock: Clock,
        deliver: Deliver,
    ) -> Self {
        Self {
            folder,
            store: Some(store),
            reopen_at: Moment::default(),
            shelf,
            clock,
            deliver,
            tally: Tally::default(),
        }
    }

    /// Works until nobody can hand in anything any more.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX
                && let Ok(job) = jobs.try_recv()
            {
                batch.push(job);
            }
            self.work(batch);
        }
        let Tally {
            commits,
            events,
            fetches,
        } = self.tally;
        tracing::debug!(commits, events, fetches, "history is closed");
    }

    fn work(&mut self, jobs: Vec<Job>) {
        self.reopen();
        let mut publishes = Vec::new();
        let mut sweeps = Vec::new();
        for job in jobs {
            match job {
                Job::Publish(publish) => match self.fetch(&publish.topic, publish.delivery) {
                    Ok(()) => publishes.push(publish),
                    Err(error) => tell(publish.answer, Err(error)),
                },
                Job::Fetch {
                    topic,
                    delivery,
                    answer,
                } => tell(answer, self.fetch(&topic, delivery)),
                Job::Sweep { in_use, answer } => sweeps.push((in_use, answer)),
            }
        }
        if !publishes.is_empty() {
            self.publish(publishes);
        }
        // Only now: a topic that gets its first event in this batch looks unused before.
        for (in_use, answer) in sweeps {
            self.sweep(&in_use);
            tell(answer, ());
        }
        // Only now: a log that was fetched for this batch must still be there.
        self.shelf().evict(LOGS_LEN_MAX);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings a log into memory, unless it is there.
    fn fetch(&mut self, topic: &TopicName, delivery: Delivery) -> Result<(), BrokerError> {
        let record = {
            let mut shelf = self.shelf();
            shelf.prepare(topic, delivery)?;
            if shelf.log(topic).is_some() {
                return Ok(());
            }
            shelf.get(topic).and_then(|entry| entry.record)
        };
        let (Some(store), Some(record)) = (&self.store, record) else {
            return Err(BrokerError::Unavailable);
        };
        self.tally.fetches += 1;
        let log = match store.load(&record) {
            Ok(stored) => stored.and_then(|stored| {
                Log::restore(
                    (record.epoch, delivery, record.head),
                    stored.kept,
                    stored.keys,
                )
                .ok()
            }),
            Err(error) => {
                tracing::error!(%topic, "cannot read history: {error:#}");
                return Err(BrokerError::Unavailable);
            }
        };
        match log {
            Some(log) => {
                self.shelf().put(topic, log);
                Ok(())
            }
            None => self.start_anew(topic, delivery, record),
        }
    }

    /// What is kept of a topic is damaged: it is not served, and readers are told by a new epoch.
    fn start_anew(
        &mut self,
        topic: &TopicName,
        delivery: Delivery,
        damaged: TopicRecord,
    ) -> Result<(), BrokerError> {
        tracing::error!(%topic, "the history of a topic is damaged: it starts anew");
        let store = self.store.as_mut().ok_or(BrokerError::Unavailable)?;
        let mut changes = store.changes();
        let record = TopicRecord {
            // The damaged events stay under the old number, where nobody looks.
            id: store.new_id(&mut changes),
            epoch: new_epoch(),
            head: 0,
            first: 1,
            first_key: 1,
            expires: damaged.expires,
        };
        store.put_topic(&mut changes, topic, &record);
        self.commit(changes)?;
        let mut shelf = self.shelf();
        shelf.put(topic, Log::new(record.epoch, delivery));
        shelf.note(topic, record);
        (self.deliver)(topic, &Delivered::NewEpoch);
        Ok(())
    }

    /// Stages, commits, and only then appends, delivers and answers.
    fn publish(&mut self, publishes: Vec<Publish>) {
        let Some(store) = self.store.as_mut() else {
            for publish in publishes {
                tell(publish.answer, Err(BrokerError::Unavailable));
            }
            return;
        };
        let now = self.clock.now();
        let mut changes = store.changes();
        let mut touched: HashMap<TopicName, Touched> = HashMap::new();
        let mut pending = Vec::with_capacity(publishes.len());
        {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            for publish in publishes {
                let Publish {
                    topic,
                    delivery,
                    append,
                    answer,
                } = publish;
                let known = shelf.get(&topic).and_then(|entry| entry.record);
                let Some(log) = shelf.log(&topic) else {
                    tell(answer, Err(BrokerError::Unavailable));
                    continue;
                };
                let epoch = log.epoch();
                let first = || TopicRecord {
                    id: store.new_id(&mut changes),
                    epoch,
                    head: 0,
                    first: 1,
                    first_key: 1,
                    expires: now,
                };
                let touch = touched.entry(topic.clone()).or_insert_with(|| Touched {
                    staged: Staged::default(),
                    record: known.unwrap_or_else(first),
                });
                let stage = log.stage(&mut touch.staged, &append);
                if let Stage::New(offset) = stage {
                    touch.record.head = offset;
                    touch.record.expires = now + max_age(delivery);
                    stage_event(store, &mut changes, &touch.record, now, &append);
                }
                pending.push(Pending {
                    topic,
                    append,
                    stage,
                    epoch,
                    answer,
                });
            }
            for (topic, touch) in &mut touched {
                if let Some(log) = shelf.log(topic) {
                    trim(store, &mut changes, &mut touch.record, log);
                }
                store.put_topic(&mut changes, topic, &touch.record);
            }
        }
        if self.commit(changes).is_err() {
            for Pending { answer, .. } in pending {
                tell(answer, Err(BrokerError::Unavailable));
            }
            return;
        }
        self.deliver(pending, touched, now);
    }

    /// Appends what is on the disk now to the logs, delivers it, and answers, in order.
    fn deliver(
        &mut self,
        pending: Vec<Pending>,
        touched: HashMap<TopicName, Touched>,
        now: Moment,
    ) {
        let mut answers = Vec::with_capacity(pending.len());
        {
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            for Pending {
                topic,
                append,
                stage,
                epoch,
                answer,
            } in pending
            {
                let (offset, duplicate) = match stage {
                    Stage::New(offset) => (offset, false),
                    Stage::Duplicate(offset) => (offset, true),
                };
                if !duplicate
                    && let Some(log) = shelf.log(&topic)
                    && let Appended::New(publication) = log.append(now, append)
                {
                    self.tally.events += 1;
                    debug_assert_eq!(publication.offset, offset, "it stands where it was staged");
                    (self.deliver)(&topic, &delivered(&publication));
                }
                let position = Position { epoch, offset };
                answers.push((
                    answer,
                    Placed {
                        position,
                        duplicate,
                    },
                ));
            }
            for (topic, touch) in touched {
                shelf.note(&topic, touch.record);
            }
        }
        for (answer, placed) in answers {
            // Who asked may be gone; the event is kept all the same.
            tell(answer, Ok(placed));
        }
    }

    /// Commits, or gives the store up until it can be opened again.
    fn commit(&mut self, changes: Changes) -> Result<(), BrokerError> {
        let store = self.store.as_mut().ok_or(BrokerError::Unavailable)?;
        match store.commit(changes) {
            Ok(()) => {
                self.tally.commits += 1;
                Ok(())
            }
            Err(error) => {
                tracing::error!(
                    "cannot write history to {}: {error:#}; publishes are refused until it works \
                     again",
                    self.folder.display()
                );
                self.store = None;
                self.reopen_at = self.clock.now() + REOPEN_AFTER;
                Err(BrokerError::Unavailable)
            }
        }
    }

    /// Opens a store that failed. What the failed commit was able to keep is delivered late.
    fn reopen(&mut self) {
        let now = self.clock.now();
        if self.store.is_some() || now < self.reopen_at {
            return;
        }
        self.reopen_at = now + REOPEN_AFTER;
        let opened = match Store::open(&self.folder) {
            Ok(opened) => opened,
            Err(error) => return tracing::debug!("history cannot be opened yet: {error:#}"),
        };
        tracing::info!("history is written again");
        {
            let mut shelf = self.shelf();
            shelf.set_epoch(opened.store.epoch());
            for topic in shelf.lost(&opened.topics) {
                shelf.remove(&topic);
                (self.deliver)(&topic, &Delivered::NewEpoch);
            }
        }
        for (topic, record) in &opened.topics {
            self.catch_up(&opened.store, topic, *record);
        }
        self.store = Some(opened.store);
    }

    /// Brings a topic in line with the store that was opened again.
    fn catch_up(&self, store: &Store, topic: &TopicName, record: TopicRecord) {
        let mut shelf = self.shelf();
        let known = shelf.get(topic).and_then(|entry| entry.record);
        if known.is_some_and(|known| known.epoch != record.epoch) {
            shelf.adopt(topic, record);
            return (self.deliver)(topic, &Delivered::NewEpoch);
        }
        let (Some(head), Some(delivery)) = (
            shelf.get(topic).map(super::shelf::Entry::head),
            shelf.log(topic).map(|log| log.delivery()),
        ) else {
            shelf.adopt(topic, record);
            return;
        };
        if record.head == head {
            return;
        }
        let restored = store.load(&record).ok().flatten().and_then(|stored| {
            Log::restore(
                (record.epoch, delivery, record.head),
                stored.kept,
                stored.keys,
            )
            .ok()
        });
        // What cannot be read is fetched, and found to be damaged, when somebody asks for it.
        shelf.adopt(topic, record);
        if let Some(log) = restored {
            for offset in head + 1..=record.head {
                if let Some(publication) = log.get(offset) {
                    (self.deliver)(topic, &delivered(publication));
                }
            }
            shelf.put(topic, log);
        }
    }

    /// Forgets the topics whose events are all too old and that nobody uses.
    fn sweep(&mut self, in_use: &InUse) {
        let now = self.clock.now();
        let Some(store) = self.store.as_mut() else {
            return;
        };
        let mut changes = store.changes();
        {
            // Nobody can begin to read a topic between the look and its end.
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let mut expired = shelf.sweep(now, &**in_use);
            expired.truncate(SWEPT_MAX);
            if expired.is_empty() {
                return;
            }
            for topic in &expired {
                if let Some(record) = shelf.get(topic).and_then(|entry| entry.record) {
                    store.trim_events(&mut changes, record.id, (record.first, record.head + 1));
                    store.trim_commands(
                        &mut changes,
                        record.id,
                        (record.first_key, record.head + 1),
                    );
                }
                store.remove_topic(&mut changes, topic);
                shelf.remove(topic);
            }
            // They may come again, with offsets from 1 on.
            store.renew_epoch(&mut changes);
            shelf.set_epoch(store.epoch());
        }
        // If this fails, they come back with the store.
        let _ = self.commit(changes);
    }
}

fn stage_event(
    store: &Store,
    changes: &mut Changes,
    record: &TopicRecord,
    now: Moment,
    append: &Append,
) {
    let publication = Publication {
        offset: record.head,
        step: 1,
        event: append.event.clone(),
    };
    let kept = Kept {
        publication,
        at: now,
        conflation_key: None,
    };
    store.put_event(changes, record.id, &kept);
    if let Some(key) = &append.key {
        store.put_command(changes, record.id, record.head, key);
    }
}

/// Removes what the log has dropped from the store, once it is worth it.
fn trim(store: &Store, changes: &mut Changes, record: &mut TopicRecord, log: &Log) {
    // What is staged is not in the log yet, so nothing of it is removed.
    let (first, first_key) = (log.first(), log.first_key());
    if first >= record.first + TRIM_MIN {
        store.trim_events(changes, record.id, (record.first, first));
        record.first = first;
    }
    if first_key >= record.first_key + TRIM_MIN {
        store.trim_commands(changes, record.id, (record.first_key, first_key));
        record.first_key = first_key;
    }
}

fn max_age(delivery: Delivery) -> Duration {
    match delivery {
        Delivery::Log { max_age, .. } => max_age,
        Delivery::Latest { .. } | Delivery::Volatile | Delivery::Keyframed { .. } => Duration::ZERO,
    }
}

fn delivered(publication: &Publication) -> Delivered<'_> {
    Delivered::Publication {
        publication,
        conflation_key: None,
        keyframe: false,
    }
}

/// Answers whoever asked. They may be gone, which changes nothing.
fn tell<T>(answer: oneshot::Sender<T>, value: T) {
    let _ = answer.send(value);
}
