//! Jobs: handlers and broker requests that run for the connections of one shard.
//!
//! The shard polls its jobs itself. Most are ready at the first poll, since handlers compute and
//! history is in memory. One that has to wait keeps its place here; its waker puts the place into
//! the shard's inbox, so that many that are woken together cost one wake-up of the shard.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use trunkline_hub::{CatchUp, ConnectionId};
use trunkline_protocol::{Error, ErrorCode, Payload, RequestId, ServerFrame};

use super::inbox::{Inbox, Note};
use crate::broker::{HandedIn, KeptPage, Placed};
use crate::requests::{Begin, SubscribeRequest};

/// What became of a job.
pub(crate) enum Outcome {
    /// The answer to a request that was carried out in its turn.
    Answer(RequestId, Result<ServerFrame, Error>),
    /// The event of a command is on its way to be kept.
    HandedIn(RequestId, Result<HandedIn, Error>),
    /// The event of a command is kept.
    Placed(RequestId, Result<Placed, Error>),
    /// Where a subscription that has joined starts.
    Begun(SubscribeRequest, Result<Begin, Error>),
    /// A page for a subscription that is behind. None if it cannot be read now.
    Fed(CatchUp, Option<KeptPage>),
    /// The answer to a call.
    Returned(RequestId, Result<Payload, Error>),
}

pub(crate) type Job = BoxFuture<'static, Outcome>;

/// A job after its first poll.
pub(super) enum Begun {
    Done(Outcome),
    /// It waits, and can be stopped.
    Later(JobId),
}

/// Names a job that waits. No later one has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobId {
    place: usize,
    serial: u64,
}

/// The jobs of a shard that wait. As many as its connections have requests under way.
pub(super) struct Jobs {
    inbox: Arc<Inbox>,
    /// The end of the server waits for jobs.
    tasks: TaskTracker,
    places: Vec<Place>,
    free: Vec<usize>,
    next_serial: u64,
}

/// A place for a job. The next job in it has the same waker: at worst it is polled once more.
struct Place {
    alarm: Arc<Alarm>,
    waker: Waker,
    waiting: Option<Waiting>,
}

struct Waiting {
    job: Job,
    connection: ConnectionId,
    serial: u64,
    _token: TaskTrackerToken,
}

/// Puts a place into the shard's inbox, once until it is polled.
struct Alarm {
    inbox: Arc<Inbox>,
    place: usize,
    is_told: AtomicBool,
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_told.swap(true, Ordering::SeqCst) {
            self.inbox.push(Note::Woken(self.place));
        }
    }
}

impl Jobs {
    pub(super) fn new(inbox: Arc<Inbox>, tasks: TaskTracker) -> Self {
        Self {
            inbox,
            tasks,
            places: Vec::new(),
            free: Vec::new(),
            next_serial: 0,
        }
    }

    /// Polls a job for the first time, and keeps it if it has to wait. Inside the runtime's
    /// context, as all polls.
    pub(super) fn begin(&mut self, connection: ConnectionId, mut job: Job) -> Begun {
        let place = self.free_place();
        let mut context = Context::from_waker(&self.places[place].waker);
        if let Poll::Ready(outcome) = job.poll_unpin(&mut context) {
            self.free.push(place);
            return Begun::Done(outcome);
        }
        let serial = self.next_serial;
        self.next_serial += 1;
        self.places[place].waiting = Some(Waiting {
            job,
            connection,
            serial,
            _token: self.tasks.token(),
        });
        Begun::Later(JobId { place, serial })
    }

    /// Polls the job that was woken. Returns its outcome and its connection if it is done.
    pub(super) fn poll(&mut self, woken: usize) -> Option<(ConnectionId, Outcome)> {
        let place = self.places.get_mut(woken)?;
        // Before the poll: if it is woken while it is polled, it is polled again.
        place.alarm.is_told.store(false, Ordering::SeqCst);
        let waiting = place.waiting.as_mut()?;
        let mut context = Context::from_waker(&place.waker);
        let Poll::Ready(outcome) = waiting.job.poll_unpin(&mut context) else {
            return None;
        };
        let connection = waiting.connection;
        self.clear(woken);
        Some((connection, outcome))
    }

    /// Stops a job, unless it is done. Nothing comes of it any more.
    pub(super) fn abort(&mut self, id: JobId) {
        let waiting = self.places.get(id.place).and_then(|it| it.waiting.as_ref());
        if waiting.is_some_and(|it| it.serial == id.serial) {
            self.clear(id.place);
        }
    }

    fn free_place(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            let place = self.places.len();
            let alarm = Arc::new(Alarm {
                inbox: Arc::clone(&self.inbox),
                place,
                is_told: AtomicBool::new(false),
            });
            self.places.push(Place {
                waker: Waker::from(Arc::clone(&alarm)),
                alarm,
                waiting: None,
            });
            place
        })
    }

    fn clear(&mut self, place: usize) {
        let waiting = self.places[place].waiting.take();
        self.free.push(place);
        // A handler's values that panic when they are dropped take nothing else with them.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(waiting)));
    }
}

/// Turns a panic into a refusal, so that a handler that panics takes down its request and nothing
/// else.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let result = AssertUnwindSafe(work).catch_unwind().await;
    result.unwrap_or_else(|_| Err(Error::new(ErrorCode::Internal, "")))
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Mutex;

    use mio::{Poll as MioPoll, Token};

    use super::*;

    /// A job that waits until it is open.
    #[derive(Default)]
    struct Gate {
        is_open: AtomicBool,
        waker: Mutex<Option<Waker>>,
    }

    impl Gate {
        fn job(self: &Arc<Self>, id: RequestId) -> Job {
            let gate = Arc::clone(self);
            let wait = poll_fn(move |context| {
                *gate.waker.lock().expect("no panic") = Some(context.waker().clone());
                if gate.is_open.load(Ordering::SeqCst) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            });
            Box::pin(async move {
                wait.await;
                Outcome::Returned(id, Ok(Payload::default()))
            })
        }

        fn wake(&self) {
            let waker = self.waker.lock().expect("no panic").clone();
            waker.expect("a poll").wake();
        }

        fn open(&self) {
            self.is_open.store(true, Ordering::SeqCst);
            self.wake();
        }
    }

    fn jobs() -> (MioPoll, Jobs) {
        let poll = MioPoll::new().expect("a poll");
        let inbox = Inbox::new(poll.registry(), Token(0)).expect("an inbox");
        (poll, Jobs::new(Arc::new(inbox), TaskTracker::new()))
    }

    fn begin(jobs: &mut Jobs, gate: &Arc<Gate>, id: RequestId) -> JobId {
        match jobs.begin(ConnectionId::from(id), gate.job(id)) {
            Begun::Later(id) => id,
            Begun::Done(_) => panic!("the gate is closed"),
        }
    }

    /// Polls what was woken. Returns how many polls that took, and the connections of what is done.
    fn poll_woken(jobs: &mut Jobs) -> (usize, Vec<ConnectionId>) {
        let notes = jobs.inbox.take().all;
        let count = notes.len();
        let done = notes.into_iter().filter_map(|note| match note {
            Note::Woken(place) => jobs.poll(place).map(|(connection, _)| connection),
            _ => panic!("only jobs put something in"),
        });
        (count, done.collect())
    }

    #[test]
    fn jobs_that_are_woken_together_are_polled_once_each_in_that_order() {
        let (_poll, mut jobs) = jobs();
        let gates: Vec<Arc<Gate>> = (0..500).map(|_| Arc::default()).collect();
        for (id, gate) in (0..).zip(&gates) {
            begin(&mut jobs, gate, id);
        }
        assert_eq!(
            jobs.tasks.len(),
            500,
            "the end of the server waits for them"
        );
        for gate in gates.iter().rev() {
            gate.wake();
            gate.open();
        }
        let (polls, done) = poll_woken(&mut jobs);
        assert_eq!(polls, 500);
        assert!(done.into_iter().eq((0..500).rev()));
        assert_eq!((poll_woken(&mut jobs).0, jobs.tasks.len()), (0, 0));
    }

    #[test]
    fn a_job_that_wakes_itself_is_polled_again() {
        let (_poll, mut jobs) = jobs();
        let mut polls = 0;
        let job = poll_fn(move |context| {
            polls += 1;
            context.waker().wake_by_ref();
            match polls {
                1..4 => Poll::Pending,
                _ => Poll::Ready(Outcome::Returned(1, Ok(Payload::default()))),
            }
        });
        assert!(matches!(jobs.begin(7, Box::pin(job)), Begun::Later(_)));
        assert_eq!(poll_woken(&mut jobs), (1, vec![]));
        assert_eq!(poll_woken(&mut jobs), (1, vec![]));
        assert_eq!(poll_woken(&mut jobs), (1, vec![7]));
    }

    #[test]
    fn an_aborted_job_is_dropped_and_leaves_its_place_to_another() {
        let (_poll, mut jobs) = jobs();
        let (first, second) = (Arc::<Gate>::default(), Arc::<Gate>::default());
        let id = begin(&mut jobs, &first, 1);
        jobs.abort(id);
        assert_eq!((Arc::strong_count(&first), jobs.tasks.len()), (1, 0));
        let later = begin(&mut jobs, &second, 2);
        assert_eq!((id.place, later.place), (0, 0));
        jobs.abort(id);
        first.open();
        assert_eq!(poll_woken(&mut jobs), (1, vec![]), "it is another's now");
        second.open();
        assert_eq!(poll_woken(&mut jobs), (1, vec![2]));
        jobs.abort(later);
    }

    #[test]
    fn a_panic_while_an_aborted_job_is_dropped_ends_nothing() {
        struct Bomb;

        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("a test");
            }
        }

        let (_poll, mut jobs) = jobs();
        let bomb = Bomb;
        let job = async move {
            std::future::pending::<()>().await;
            drop(bomb);
            Outcome::Returned(1, Ok(Payload::default()))
        };
        let Begun::Later(id) = jobs.begin(1, Box::pin(job)) else {
            panic!("it waits for ever");
        };
        jobs.abort(id);
        assert!(jobs.tasks.is_empty());
    }
}
