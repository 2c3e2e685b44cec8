//! The watch: the alarms of all users, looked at with every quote.
//!
//! It is shared: whoever notes a quote asks it, in the turn of a shard as well, so nothing here waits.
//! What is to be written or told is the [`Bell`](super::Bell)'s work.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};
use trunkline_market::{ALARMS_OF_ALL_MAX, Alarms, NotTaken, UserAlarm};
use trunkline_protocol::topics::ticker::{ALARMS_MAX, Alarm, MARKET_BOARD, Quote};
use trunkline_protocol::{Error, ErrorCode, UserId};

use crate::shutdown::ended;

/// How many requests wait for the bell; the next ones wait to be taken.
const JOBS_MAX: usize = 64;

/// What is asked of the bell.
pub(super) enum Job {
    /// Keep an alarm that was set.
    Keep {
        id: u64,
        answer: oneshot::Sender<Result<(), Error>>,
    },
    /// Forget one that a user drops.
    Drop {
        user: UserId,
        id: u64,
        answer: oneshot::Sender<Result<(), Error>>,
    },
}

/// The alarms, and how the bell is reached.
pub(super) struct Watch {
    alarms: Mutex<Alarms>,
    /// Wakes the bell when an alarm is met.
    pub(super) met: Notify,
    jobs: mpsc::Sender<Job>,
}

/// A place among the requests of the bell, for an alarm that is about to be set.
pub(super) struct Place(mpsc::OwnedPermit<Job>);

impl Watch {
    /// A watch without alarms, and what it asks.
    pub(super) fn new() -> (Arc<Self>, mpsc::Receiver<Job>) {
        let (sender, jobs) = mpsc::channel(JOBS_MAX);
        let watch = Self {
            alarms: Mutex::default(),
            met: Notify::new(),
            jobs: sender,
        };
        (Arc::new(watch), jobs)
    }

    /// Reaches the alarms. Nothing awaits meanwhile, and no other lock is taken.
    pub(super) fn with<R>(&self, reach: impl FnOnce(&mut Alarms) -> R) -> R {
        reach(&mut self.alarms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks what quotes of a board meet.
    pub(super) fn check(&self, board: &str, quotes: &[Quote]) {
        if self.with(|alarms| alarms.check(board, quotes)) {
            self.met.notify_one();
        }
    }

    /// Tells whether anybody waits for a price of the market.
    pub(super) fn waits_for_market(&self) -> bool {
        self.with(|alarms| alarms.waits_for(MARKET_BOARD))
    }

    /// Waits for a place among the bell's requests.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        let place = self.jobs.clone().reserve_owned().await;
        place.map(Place).map_err(|_| ended())
    }

    /// Sets an alarm while `price` is the newest one, and has it kept. What is returned waits until it
    /// is on the disk.
    pub(super) fn set(
        &self,
        Place(place): Place,
        user: UserId,
        alarm: Alarm,
        price: u64,
    ) -> Result<oneshot::Receiver<Result<(), Error>>, Error> {
        if alarm.way.is_met(alarm.price, price) {
            let detail = format!("the price is {price} already, which is that far or farther");
            return Err(Error::new(ErrorCode::Invalid, detail));
        }
        let id = alarm.id;
        let alarm = UserAlarm {
            user,
            alarm,
            met: None,
        };
        self.with(|alarms| alarms.add(alarm)).map_err(refusal)?;
        let (answer, kept) = oneshot::channel();
        place.send(Job::Keep { id, answer });
        Ok(kept)
    }

    /// Drops an alarm of a user.
    pub(super) async fn forget(&self, user: UserId, id: u64) -> Result<(), Error> {
        let (answer, dropped) = oneshot::channel();
        let job = Job::Drop { user, id, answer };
        self.jobs.send(job).await.map_err(|_| ended())?;
        dropped.await.map_err(|_| ended())?
    }
}

fn refusal(why: NotTaken) -> Error {
    match why {
        NotTaken::TooManyOfUser => Error::new(
            ErrorCode::Invalid,
            format!("{ALARMS_MAX} alarms of yours wait, and no more may: drop one"),
        ),
        NotTaken::TooMany => Error::new(
            ErrorCode::Unavailable,
            format!("{ALARMS_OF_ALL_MAX} alarms wait at this server, and no more may"),
        ),
        NotTaken::Twice => Error::new(ErrorCode::Internal, "an id was drawn twice"),
    }
}
