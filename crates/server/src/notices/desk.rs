//! The desk: the task that owns the notices that wait, and tells them when they are due.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, OptionFuture};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use trunkline_protocol::{Error, ErrorCode, Timestamp};

use super::agenda::{Added, Agenda, Failed, WAITING_MAX};
use super::notice::{Notice, NoticeId};
use super::sending::{Sent, send};
use crate::clock;
use crate::config::{Broker, Config};
use crate::node::Node;
use crate::shelf::Shelf;
use crate::shutdown::ended;

/// How many requests wait for the desk; the next ones wait to be taken.
const JOBS_MAX: usize = 64;

/// The longest sleep: the wall clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(30);

/// What others ask of the desk.
enum Job {
    Wait {
        notice: Notice,
        due: Timestamp,
        answer: oneshot::Sender<Result<Timestamp, Error>>,
    },
    Cancel {
        id: NoticeId,
        answer: oneshot::Sender<Result<bool, Error>>,
    },
    List {
        answer: oneshot::Sender<Vec<Notice>>,
    },
}

/// A handle of the desk.
#[derive(Clone, Debug)]
pub(crate) struct Notices {
    jobs: mpsc::Sender<Job>,
}

impl Notices {
    /// Lets a notice wait until `due`, and says until when one with its id waits. It is on the disk
    /// then.
    pub(crate) async fn wait(&self, notice: Notice, due: Timestamp) -> Result<Timestamp, Error> {
        let job = |answer| Job::Wait {
            notice,
            due,
            answer,
        };
        self.ask(job).await?
    }

    /// Forgets a notice that waits. False if none with this id does.
    pub(crate) async fn cancel(&self, id: NoticeId) -> Result<bool, Error> {
        self.ask(|answer| Job::Cancel { id, answer }).await?
    }

    /// Everything that waits, the next one first.
    pub(crate) async fn list(&self) -> Result<Vec<Notice>, Error> {
        self.ask(|answer| Job::List { answer }).await
    }

    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<T>) -> Job) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())
    }
}

/// The notices that wait, and where they are kept.
#[derive(Debug)]
pub(crate) struct Desk {
    agenda: Agenda,
    shelf: Shelf,
    jobs: mpsc::Receiver<Job>,
}

impl Desk {
    /// Reads what waits, and makes a handle. With the broker in memory nothing is kept.
    ///
    /// # Errors
    ///
    /// For an operator: why the folder cannot be read.
    pub(crate) fn open(config: &Config) -> anyhow::Result<(Self, Notices)> {
        let shelf = match config.broker {
            Broker::Memory => Shelf::none(),
            Broker::Disk => Shelf::open(config.data.join("notices"))?,
        };
        let mut agenda = Agenda::default();
        for notice in shelf.load::<Notice>(WAITING_MAX)? {
            let due = notice.at.unwrap_or_default();
            agenda.add(notice, due);
        }
        let (sender, jobs) = mpsc::channel(JOBS_MAX);
        let desk = Self {
            agenda,
            shelf,
            jobs,
        };
        Ok((desk, Notices { jobs: sender }))
    }

    /// Serves until the node says goodbye. What is being told then is told again after a restart.
    pub(crate) async fn run(mut self, node: Arc<Node>) {
        let mut telling: OptionFuture<BoxFuture<'static, Told>> = None.into();
        let mut busy = false;
        loop {
            if !busy && let Some(notice) = self.agenda.poll_due(clock::timestamp()) {
                telling = Some(tell(Arc::clone(&node), notice).boxed()).into();
                busy = true;
            }
            let wake = self.wake();
            // Goodbye comes first, so that nothing outlives the node. All the others keep what they
            // have while another wins.
            tokio::select! {
                biased;
                () = node.goodbye.cancelled() => return,
                Some(told) = &mut telling, if busy => {
                    busy = false;
                    self.handle_told(told).await;
                }
                job = self.jobs.recv() => match job {
                    Some(job) => self.handle_job(job).await,
                    None => return,
                },
                () = tokio::time::sleep_until(wake), if !busy => {}
            }
        }
    }

    /// When to look again what is due.
    fn wake(&self) -> Instant {
        let seconds = self.agenda.next_due().map(|due| {
            let seconds = u64::from(due.0).saturating_sub(clock::unix_seconds());
            Duration::from_secs(seconds)
        });
        Instant::now() + seconds.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)
    }

    async fn handle_job(&mut self, job: Job) {
        // Whoever has gone needs no answer.
        match job {
            Job::Wait {
                notice,
                due,
                answer,
            } => {
                let _ = answer.send(self.add(notice, due).await);
            }
            Job::Cancel { id, answer } => {
                let _ = answer.send(self.cancel(id).await);
            }
            Job::List { answer } => {
                let _ = answer.send(self.agenda.waiting().into_iter().cloned().collect());
            }
        }
    }

    async fn add(&mut self, notice: Notice, due: Timestamp) -> Result<Timestamp, Error> {
        match self.agenda.add(notice.clone(), due) {
            Added::Before(at) => return Ok(at),
            Added::Full => {
                let detail = "as many notices wait as may wait";
                return Err(Error::new(ErrorCode::Unavailable, detail));
            }
            Added::New => {}
        }
        let id = notice.id.clone();
        let save = move |shelf: &Shelf| shelf.save(&notice.id.file_name(), &notice);
        if let Err(error) = self.shelf.with(save).await {
            tracing::error!(%error, "a notice cannot be kept");
            self.agenda.handle_done(&id);
            let detail = "notices can not be kept now";
            return Err(Error::new(ErrorCode::Unavailable, detail));
        }
        Ok(due)
    }

    async fn cancel(&mut self, id: NoticeId) -> Result<bool, Error> {
        if !self.agenda.may_cancel(&id) {
            return Ok(false);
        }
        // It is forgotten only once a restart cannot bring it back.
        self.remove(id.clone()).await?;
        self.agenda.handle_done(&id);
        Ok(true)
    }

    async fn remove(&self, id: NoticeId) -> Result<(), Error> {
        let remove = move |shelf: &Shelf| shelf.remove(&id.file_name());
        self.shelf.with(remove).await.map_err(|error| {
            tracing::error!(%error, "a notice cannot be removed");
            Error::new(ErrorCode::Unavailable, "notices can not be removed now")
        })
    }

    async fn handle_told(&mut self, (id, result): Told) {
        match result {
            Ok(sent) => {
                tracing::debug!(%id, users = sent.users, before = sent.before, "told a notice");
                self.agenda.handle_done(&id);
            }
            Err(error) if error.code.retryable() => {
                match self.agenda.handle_failed(&id, clock::timestamp()) {
                    Failed::Waits => return,
                    Failed::GivenUp => tracing::error!(%id, %error, "a notice is given up"),
                }
            }
            Err(error) => {
                tracing::warn!(%id, %error, "a notice is no longer good");
                self.agenda.handle_done(&id);
            }
        }
        // It was logged; told again after a restart, it reaches nobody twice.
        let _ = self.remove(id).await;
    }
}

/// What became of a notice that was due.
type Told = (NoticeId, Result<Sent, Error>);

async fn tell(node: Arc<Node>, notice: Notice) -> Told {
    let result = send(&node, &notice).await;
    (notice.id, result)
}
