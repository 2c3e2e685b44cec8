//! The bell: the task that keeps alarms on the disk, and tells users of those that are met.
//!
//! All that it writes is written in order, so that an alarm that was told cannot come back. That an
//! alarm is met is written before it is told: after a crash between the two it is told again under its
//! id, which reaches nobody twice.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio::time::Instant;
use trunkline_market::{ALARMS_OF_ALL_MAX, UserAlarm};
use trunkline_protocol::{Error, ErrorCode, UserId};

use super::telling::notice;
use super::watch::{Job, Watch};
use crate::config::{Broker, Config};
use crate::node::Node;
use crate::notices::send;
use crate::shelf::Shelf;

/// How many users are told at once.
const AT_ONCE: usize = 64;

/// How long alarms wait that could not be told.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The alarms that wait, and where they are kept.
pub(crate) struct Bell {
    watch: Arc<Watch>,
    jobs: mpsc::Receiver<Job>,
    shelf: Shelf,
    /// Until then nobody is told: the last time it failed.
    pause: Option<Instant>,
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bell").finish_non_exhaustive()
    }
}

impl Bell {
    /// Reads what waits. With the broker in memory nothing is kept.
    ///
    /// # Errors
    ///
    /// For an operator: why the folder cannot be read.
    pub(super) fn open(
        config: &Config,
        watch: Arc<Watch>,
        jobs: mpsc::Receiver<Job>,
    ) -> anyhow::Result<Self> {
        let shelf = match config.broker {
            Broker::Memory => Shelf::none(),
            Broker::Disk => Shelf::open(config.data.join("alarms"))?,
        };
        for kept in shelf.load::<UserAlarm>(ALARMS_OF_ALL_MAX)? {
            let id = kept.alarm.id;
            if let Err(why) = watch.with(|alarms| alarms.add(kept)) {
                tracing::warn!(id, ?why, "an alarm that is kept is left out");
            }
        }
        Ok(Self {
            watch,
            jobs,
            shelf,
            pause: None,
        })
    }

    /// Serves until the node says goodbye. What is being told then is told again after a restart.
    pub(crate) async fn run(mut self, node: Arc<Node>) {
        loop {
            let paused = self.pause;
            let pause = async {
                if let Some(until) = paused {
                    tokio::time::sleep_until(until).await;
                }
            };
            if paused.is_none() {
                let met = self.poll_met();
                if !met.is_empty() {
                    tokio::select! {
                        biased;
                        () = node.goodbye.cancelled() => return,
                        () = self.tell(&node, met) => {}
                    }
                    // Requests have their turn between two lots of alarms.
                    if let Ok(job) = self.jobs.try_recv() {
                        self.handle_job(job).await;
                    }
                    continue;
                }
            }
            // Goodbye comes first, so that nothing outlives the node. All are cancel safe: a notice that
            // an alarm is met stays until it is taken.
            tokio::select! {
                biased;
                () = node.goodbye.cancelled() => return,
                job = self.jobs.recv() => match job {
                    Some(job) => self.handle_job(job).await,
                    None => return,
                },
                () = self.watch.met.notified(), if paused.is_none() => {}
                () = pause, if paused.is_some() => self.pause = None,
            }
        }
    }

    fn poll_met(&self) -> Vec<UserAlarm> {
        self.watch.with(|alarms| {
            let next = std::iter::from_fn(|| alarms.poll_met());
            next.take(AT_ONCE).collect()
        })
    }

    async fn handle_job(&mut self, job: Job) {
        // Whoever has gone needs no answer.
        match job {
            Job::Keep { id, answer } => {
                let _ = answer.send(self.keep(id).await);
            }
            Job::Drop { user, id, answer } => {
                let _ = answer.send(self.forget(user, id).await);
            }
        }
    }

    /// Keeps an alarm that was set, unless it was told meanwhile.
    async fn keep(&self, id: u64) -> Result<(), Error> {
        let Some(alarm) = self.watch.with(|alarms| alarms.get(id).cloned()) else {
            return Ok(());
        };
        let user = alarm.user;
        let saved = self.write(move |shelf| save(shelf, &alarm)).await;
        if saved.is_err() {
            // One that is met meanwhile is told all the same.
            self.watch.with(|alarms| alarms.take(user, id));
        }
        saved
    }

    async fn forget(&self, user: UserId, id: u64) -> Result<(), Error> {
        let Some(alarm) = self.watch.with(|alarms| alarms.take(user, id)) else {
            let detail = "no alarm of yours with this id waits";
            return Err(Error::new(ErrorCode::NotKept, detail));
        };
        let removed = self.write(move |shelf| shelf.remove(&file_name(id))).await;
        if removed.is_err() {
            // A restart would bring it back, so it is not dropped. Its place may be taken, though.
            let _ = self.watch.with(|alarms| alarms.add(alarm));
        }
        removed
    }

    async fn tell(&mut self, node: &Arc<Node>, met: Vec<UserAlarm>) {
        let kept = met.clone();
        // It was logged; without it an alarm may be told later than it could, and never twice.
        let _ = self
            .write(move |shelf| kept.iter().try_for_each(|it| save(shelf, it)))
            .await;
        let send = |alarm: UserAlarm| async move {
            let told = send(node, &notice(&alarm)).await;
            (alarm.alarm.id, told)
        };
        let mut done = Vec::new();
        for (id, told) in join_all(met.into_iter().map(send)).await {
            match told {
                Ok(_) => self.watch.with(|alarms| alarms.handle_told(id)),
                Err(error) if error.code.retryable() => {
                    self.pause = Some(Instant::now() + RETRY_AFTER);
                    if self.watch.with(|alarms| alarms.handle_failed(id)) {
                        continue;
                    }
                    tracing::error!(id, %error, "an alarm is given up");
                }
                Err(error) => {
                    tracing::warn!(id, %error, "an alarm cannot be told");
                    self.watch.with(|alarms| alarms.handle_told(id));
                }
            }
            done.push(id);
        }
        let remove = move |shelf: &Shelf| {
            let mut done = done.into_iter();
            done.try_for_each(|id| shelf.remove(&file_name(id)))
        };
        // It was logged; told again after a restart, it reaches nobody twice.
        let _ = self.write(remove).await;
    }

    /// Writes, on a thread that may wait.
    async fn write(
        &self,
        write: impl FnOnce(&Shelf) -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Error> {
        self.shelf.with(write).await.map_err(|error| {
            tracing::error!(%error, "alarms cannot be kept");
            Error::new(ErrorCode::Unavailable, "alarms can not be kept now")
        })
    }
}

fn save(shelf: &Shelf, alarm: &UserAlarm) -> std::io::Result<()> {
    shelf.save(&file_name(alarm.alarm.id), alarm)
}

fn file_name(id: u64) -> String {
    format!("{id:014x}.json")
}
