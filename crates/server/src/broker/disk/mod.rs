//! The disk broker: logs in memory while they are used, and everything in a store that survives.
//!
//! One thread writes. It takes all publishes that wait, gives each its place, commits them
//! together, and only then appends them to the logs, delivers them and answers: nothing leaves the
//! server before it is on the disk. Since only this thread changes logs, the order of the store is
//! the order of delivery. Reads look into the logs; a log that is not in memory is fetched by the
//! same thread, once for all who wait for it.
//!
//! Topics whose delivery is not a log never touch the store: they are the memory broker's.

mod health;
mod record;
mod shelf;
mod store;
mod time;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context;
use tokio::sync::{mpsc, oneshot};
use trunkline_hub::{Append, Log, Page, PublishKey, Recovery};
use trunkline_protocol::{Delivery, Epoch, Moment, Offset, Position, TopicName};

use self::shelf::Shelf;
use self::store::{Depth, Store};
use self::writer::{Job, Publish, Writer};
use super::{BrokerError, Deliver, HandedIn, InUse, KeptPage, Memory, Placed};
use crate::clock::Clock;

pub(crate) use self::health::HistoryHealth;
pub(crate) use self::store::mark_as_restored;

/// The most publishes and fetches that wait for the writer. The next ones wait to be taken.
const JOBS_MAX: usize = 4096;

/// How often a read fetches a log that is gone from memory again before it looks.
const FETCHES_MAX: usize = 8;

pub(crate) struct Disk {
    shelf: Arc<Mutex<Shelf>>,
    jobs: Option<mpsc::Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    ephemeral: Memory,
    clock: Clock,
    health: Arc<HistoryHealth>,
}

impl Disk {
    /// Opens the history in `folder`.
    ///
    /// # Errors
    ///
    /// In one line for an operator: the folder, and why it cannot be used.
    pub(crate) fn open(folder: &Path, clock: Clock, deliver: Deliver) -> anyhow::Result<Self> {
        let health = Arc::<HistoryHealth>::default();
        let opened = match Store::open(folder, Depth::Lists) {
            // A thread of the store fails for what it reads: the tables are to be looked through.
            Err(error) if store::is_poison(&error) => Store::open(folder, Depth::Tables)?,
            result => result?,
        };
        health.opened(&opened.report);
        let time = time::at_start(opened.recorded, clock);
        let shelf = Shelf::new(opened.store.epoch(), opened.topics, time);
        let shelf = Arc::new(Mutex::new(shelf));
        let (jobs, waiting) = mpsc::channel(JOBS_MAX);
        let writer = Writer::new(
            folder.to_owned(),
            opened.store,
            Arc::clone(&shelf),
            clock,
            Arc::clone(&deliver),
            Arc::clone(&health),
        );
        let writer = std::thread::Builder::new()
            .name("history".to_owned())
            .spawn(move || writer.run(waiting))
            .context("cannot start the thread that writes history")?;
        Ok(Self {
            shelf,
            jobs: Some(jobs),
            writer: Some(writer),
            ephemeral: Memory::new(clock, deliver),
            clock,
            health,
        })
    }

    pub(crate) fn health(&self) -> &Arc<HistoryHealth> {
        &self.health
    }

    fn with<R>(&self, reach: impl FnOnce(&mut Shelf) -> R) -> R {
        reach(&mut self.shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn ask<R>(&self, job: impl FnOnce(oneshot::Sender<R>) -> Job) -> Result<R, BrokerError> {
        let answered = self.send(job).await?;
        answered.await.map_err(|_| BrokerError::Unavailable)
    }

    /// Hands a job to the writer. Jobs are carried out in the order in which this returns.
    async fn send<R>(
        &self,
        job: impl FnOnce(oneshot::Sender<R>) -> Job,
    ) -> Result<oneshot::Receiver<R>, BrokerError> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(BrokerError::Unavailable)?;
        jobs.send(job(answer))
            .await
            .map_err(|_| BrokerError::Unavailable)?;
        Ok(answered)
    }

    /// Reads a topic's log at the store's time. It is fetched first if it is not in memory.
    async fn with_log<R>(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        reach: impl Fn(&mut Log, Moment) -> R,
    ) -> Result<R, BrokerError> {
        let clock = self.clock.now();
        for _ in 0..FETCHES_MAX {
            let found = self.with(|shelf| {
                shelf.prepare(topic, delivery)?;
                let now = shelf.time.now(clock);
                Ok::<_, BrokerError>(shelf.log(topic).map(|log| reach(log, now)))
            })?;
            if let Some(result) = found {
                return Ok(result);
            }
            let topic = topic.clone();
            self.ask(|answer| Job::Fetch {
                topic,
                delivery,
                answer,
            })
            .await??;
        }
        Err(BrokerError::Unavailable)
    }

    pub(crate) async fn find(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        key: &PublishKey,
    ) -> Result<Option<Position>, BrokerError> {
        if !delivery.is_log() {
            return Ok(self.ephemeral.find(topic, key));
        }
        // Nothing is known of a topic without events, and nothing needs to be made for it.
        if self.with(|shelf| shelf.get(topic).is_none()) {
            return Ok(None);
        }
        self.with_log(topic, delivery, |log, _| {
            let offset = log.find(key)?;
            let epoch = log.epoch();
            Some(Position { epoch, offset })
        })
        .await
    }

    pub(crate) async fn hand_in(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        append: Append,
    ) -> Result<HandedIn, BrokerError> {
        if !delivery.is_log() {
            let placed = self.ephemeral.publish(topic, delivery, append)?;
            return Ok(HandedIn::Placed(placed));
        }
        let topic = topic.clone();
        let publish = |answer| {
            Job::Publish(Publish {
                topic,
                delivery,
                append,
                answer,
            })
        };
        self.send(publish).await.map(HandedIn::Waits)
    }

    /// Waits until all publishes that were handed in before are carried out.
    pub(crate) async fn settle(&self) -> Result<(), BrokerError> {
        self.ask(|answer| Job::Settle { answer }).await
    }

    pub(crate) async fn read(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        read: impl Fn(&Log) -> Page,
    ) -> Result<KeptPage, BrokerError> {
        if !delivery.is_log() {
            return self.ephemeral.read(topic, delivery, read);
        }
        self.with_log(topic, delivery, |log, now| {
            log.expire(now);
            KeptPage {
                epoch: log.epoch(),
                page: read(log),
            }
        })
        .await
    }

    pub(crate) async fn recover(
        &self,
        topic: &TopicName,
        delivery: Delivery,
        since: Position,
    ) -> Result<(Epoch, Recovery), BrokerError> {
        if !delivery.is_log() {
            return self.ephemeral.recover(topic, delivery, since);
        }
        self.with_log(topic, delivery, |log, now| {
            log.expire(now);
            (log.epoch(), log.recover(since))
        })
        .await
    }

    pub(crate) fn heads(&self) -> Vec<(TopicName, Offset)> {
        let mut heads = self.ephemeral.heads();
        self.with(|shelf| {
            let kept = shelf
                .iter()
                .map(|(topic, entry)| (topic.clone(), entry.head()));
            heads.extend(kept);
        });
        heads
    }

    pub(crate) async fn sweep(&self, in_use: InUse) {
        self.ephemeral.sweep(&*in_use);
        // A writer that has ended has nothing to sweep.
        let _ = self.ask(|answer| Job::Sweep { in_use, answer }).await;
    }
}

impl Drop for Disk {
    /// Waits until what was handed in is written.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has said so already.
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests;
