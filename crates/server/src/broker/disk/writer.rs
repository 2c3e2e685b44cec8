//! The writer: the one thread that changes logs.
//!
//! Here are what it is asked to do and its loop; `publishing` commits many publishes at once, and
//! `reopening` goes on after a store has failed.

mod publishing;
mod reopening;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};
use trunkline_hub::{Append, Extent, IdLimits, Log};
use trunkline_protocol::{Delivery, Moment, Publication, TopicName};

use super::health::HistoryHealth;
use super::record::{TimeRecord, TopicRecord};
use super::shelf::{LOGS_LEN_MAX, Shelf};
use super::store::{Changes, Depth, Loaded, Store, is_damage, is_poison};
use super::{BrokerError, Deliver, InUse, Placed};
use crate::broker::{Delivered, new_epoch};
use crate::clock::Clock;

/// The most jobs that are carried out together: one commit, one `fdatasync`.
const BATCH_MAX: usize = 512;

/// The most topics that one sweep removes from the store.
const SWEPT_MAX: usize = 64;

/// The most events and message ids that one sweep removes, unless its first topic has more.
const SWEPT_RECORDS_MAX: u64 = IdLimits::PROMISED.of_topic as u64;

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
    /// Answer when all publishes before are carried out.
    Settle { answer: oneshot::Sender<()> },
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
    /// Thoroughness with which the store is looked through when it is opened again.
    depth: Depth,
    /// Time at which all of it was looked through last.
    searched_at: Option<Moment>,
    shelf: Arc<Mutex<Shelf>>,
    clock: Clock,
    deliver: Deliver,
    health: Arc<HistoryHealth>,
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

impl Writer {
    pub(super) fn new(
        folder: PathBuf,
        store: Store,
        shelf: Arc<Mutex<Shelf>>,
        clock: Clock,
        deliver: Deliver,
        health: Arc<HistoryHealth>,
    ) -> Self {
        Self {
            folder,
            store: Some(store),
            reopen_at: Moment::default(),
            depth: Depth::Lists,
            searched_at: None,
            shelf,
            clock,
            deliver,
            health,
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
        // What passed while nothing was written counts, too.
        if self.store.is_some() && self.shelf().time.has_passed(self.clock.now()) {
            self.record_time();
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
        let mut settled = Vec::new();
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
                Job::Settle { answer } => settled.push(answer),
                Job::Sweep { in_use, answer } => sweeps.push((in_use, answer)),
            }
        }
        if !publishes.is_empty() {
            self.publish(publishes);
        }
        for answer in settled {
            tell(answer, ());
        }
        // Only now: a topic that gets its first event in this batch looks unused before.
        for (in_use, answer) in sweeps {
            self.sweep(&in_use);
            if self.store.is_some() && self.shelf().time.is_record_due(self.clock.now()) {
                self.record_time();
            }
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
        {
            let mut shelf = self.shelf();
            shelf.prepare(topic, delivery)?;
            if shelf.log(topic).is_some() {
                return Ok(());
            }
        }
        let loaded = match self.load(topic, delivery) {
            Err(error) if is_damage(&error) => {
                self.repair(&error)?;
                self.load(topic, delivery)
            }
            result => result,
        };
        let record = self.shelf().get(topic).and_then(|entry| entry.record);
        let record = record.ok_or(BrokerError::Unavailable)?;
        match loaded {
            Ok(Loaded::Whole(log)) => {
                self.shelf().put(topic, log);
                Ok(())
            }
            Ok(Loaded::Rest(rest, log)) => {
                let kept = (rest.extent.head + 1).saturating_sub(rest.extent.first);
                tracing::error!(
                    %topic,
                    "the history of a topic is damaged: it has another epoch, with its newest {kept} \
                     events"
                );
                self.begin_epoch(topic, rest, log, Some(record))
            }
            Err(error) if is_damage(&error) => self.start_anew(topic, delivery, record),
            Err(error) => {
                tracing::error!(%topic, "cannot read history now: {error:#}");
                Err(BrokerError::Unavailable)
            }
        }
    }

    /// Reads the log of a topic that the store has.
    fn load(&mut self, topic: &TopicName, delivery: Delivery) -> anyhow::Result<Loaded> {
        let record = self.shelf().get(topic).and_then(|entry| entry.record);
        let (Some(store), Some(record)) = (&self.store, record) else {
            anyhow::bail!("the store is not open");
        };
        self.tally.fetches += 1;
        store.load(&record, delivery)
    }

    /// Closes a store with damaged tables, and opens it again without them.
    fn repair(&mut self, error: &anyhow::Error) -> Result<(), BrokerError> {
        tracing::error!(
            "the history has damaged tables, and all are looked through now: {error:#}"
        );
        self.give_up(error);
        self.depth = Depth::Tables;
        self.reopen_at = self.clock.now();
        self.reopen();
        self.store
            .as_ref()
            .map(drop)
            .ok_or(BrokerError::Unavailable)
    }

    /// Begins a topic anew whose history cannot be read even after a repair. Readers are told by the new
    /// epoch.
    fn start_anew(
        &mut self,
        topic: &TopicName,
        delivery: Delivery,
        damaged: TopicRecord,
    ) -> Result<(), BrokerError> {
        tracing::error!(%topic, "the history of a topic cannot be read: it starts anew");
        let store = self.store.as_mut().ok_or(BrokerError::Unavailable)?;
        let mut changes = store.changes();
        let record = TopicRecord {
            // The damaged events stay under the old number, where nobody looks.
            id: store.new_id(&mut changes),
            epoch: new_epoch(),
            extent: Extent::default(),
            expires: damaged.expires,
        };
        self.commit(changes)?;
        let log = Log::beside_store(record.epoch, delivery);
        self.begin_epoch(topic, record, log, None)
    }

    /// Writes down the new epoch of a topic, and tells its readers.
    fn begin_epoch(
        &mut self,
        topic: &TopicName,
        record: TopicRecord,
        log: Log,
        damaged: Option<TopicRecord>,
    ) -> Result<(), BrokerError> {
        self.health.found_damaged_topic();
        let store = self.store.as_mut().ok_or(BrokerError::Unavailable)?;
        let mut changes = store.changes();
        if let Some(damaged) = damaged
            && let Err(error) = store.remove_damaged(&mut changes, &damaged, &record)
        {
            tracing::error!(%topic, "cannot remove all that is damaged: {error:#}");
        }
        store.put_topic(&mut changes, topic, &record);
        self.commit(changes)?;
        let mut shelf = self.shelf();
        shelf.put(topic, log);
        shelf.note(topic, record);
        (self.deliver)(topic, &Delivered::NewEpoch);
        Ok(())
    }

    /// The store's time.
    fn now(&self) -> Moment {
        self.shelf().time.now(self.clock.now())
    }

    /// Commits nothing but the time.
    fn record_time(&mut self) {
        if let Some(store) = &self.store {
            let changes = store.changes();
            // If this fails, it was said, and the store stays as young as it was.
            let _ = self.commit(changes);
        }
    }

    /// Commits together with the time, or gives the store up until it can be opened again.
    fn commit(&mut self, mut changes: Changes) -> Result<(), BrokerError> {
        let recorded = TimeRecord {
            time: self.now(),
            wall: self.clock.wall(),
        };
        let store = self.store.as_mut().ok_or(BrokerError::Unavailable)?;
        store.put_time(&mut changes, &recorded);
        match store.commit(changes) {
            Ok(()) => {
                self.tally.commits += 1;
                self.shelf().time.handle_recorded(recorded.time);
                Ok(())
            }
            Err(error) => {
                tracing::error!(
                    "cannot write history to {}: {error:#}; publishes are refused until it works \
                     again",
                    self.folder.display()
                );
                self.give_up(&error);
                Err(BrokerError::Unavailable)
            }
        }
    }

    /// Closes a store that failed, until it is opened again.
    fn give_up(&mut self, error: &anyhow::Error) {
        self.store = None;
        self.health.failed(format!("{error:#}"));
        let now = self.clock.now();
        self.reopen_at = now + reopening::REOPEN_AFTER;
        // A thread of the store ends for a table that it cannot read, or for a full disk: only
        // reading all tables tells. That takes long, and need not be done once a second.
        let is_due = self
            .searched_at
            .is_none_or(|at| now.since(at) > reopening::SEARCH_INTERVAL);
        self.depth = match is_poison(error) && is_due {
            true => Depth::Tables,
            false => Depth::Lists,
        };
    }

    /// Forgets the topics whose events are all too old and that nobody uses.
    fn sweep(&mut self, in_use: &InUse) {
        let now = self.now();
        let Some(store) = self.store.as_mut() else {
            return;
        };
        let mut changes = store.changes();
        let mut swept = Vec::new();
        {
            // Nobody can begin to read a topic between the look and its end.
            let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
            let expired = shelf.sweep(now, &**in_use);
            let mut records = 0;
            for topic in expired.into_iter().take(SWEPT_MAX) {
                let Some(record) = shelf.get(&topic).and_then(|entry| entry.record) else {
                    continue;
                };
                records += records_of(&record);
                if records > SWEPT_RECORDS_MAX && !swept.is_empty() {
                    break;
                }
                shelf.remove(&topic);
                swept.push((topic, record));
            }
            if swept.is_empty() {
                return;
            }
            // They may come again, with offsets from 1 on.
            store.renew_epoch(&mut changes);
            shelf.set_epoch(store.epoch());
        }
        for (topic, record) in &swept {
            // What cannot be found stays under a number where nobody looks.
            if let Err(error) = store.remove_topic(&mut changes, topic, record) {
                tracing::error!(%topic, "cannot remove all of a topic: {error:#}");
            }
        }
        // If this fails, they come back with the store.
        let _ = self.commit(changes);
    }
}

/// The number of events and message ids that a store has of a topic, at most.
fn records_of(topic: &TopicRecord) -> u64 {
    let end = topic.extent.head + 1;
    let ids = end.saturating_sub(topic.extent.first_key);
    end.saturating_sub(topic.extent.first) + ids.min(IdLimits::PROMISED.of_topic as u64)
}

/// An event of a log on its way to the hub.
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
