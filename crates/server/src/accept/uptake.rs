//! Uptake: whether a peer takes what it is sent.
//!
//! The kernel holds little that it has not sent (`HELD_LEN_MAX`), so bytes that a socket accepts
//! follow closely the bytes that the peer acknowledges. A peer that takes nothing while something
//! waits, or next to nothing, loses its transport: without this, each response that is not read
//! holds its connection, its buffers and its slot for ever.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use trunkline_session::was_away;

/// The fewest bytes that count as progress. Fewer would let a peer hold a transport for hours with
/// a byte from time to time.
const PROGRESS_LEN_MIN: u64 = 4 * 1024;

/// Record of what a peer takes, of one connection or of one stream of an HTTP/2 connection.
#[derive(Debug, Default)]
pub(super) struct Uptake {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The bytes that were taken since the transport opened.
    taken: u64,
    /// The last time that something was taken which had waited. The pings of an idle HTTP/2
    /// connection have not, so that they do not keep it.
    last_taken: Option<Instant>,
    blocked: Option<Blocked>,
    /// The time at which whatever still waits is given up, if there is one.
    ends_at: Option<Instant>,
    /// Nothing more is to be sent.
    cut: bool,
}

/// Something waits that the peer has no room for.
#[derive(Clone, Copy, Debug)]
struct Blocked {
    /// The time of the last progress, or of the beginning.
    since: Instant,
    /// The bytes that were taken until then.
    mark: u64,
}

/// Verdict on a transport at some time.
enum Now {
    /// Nothing waits, or it is no time to give up; the end may come at this time.
    Fine(Option<Instant>),
    Overdue,
}

impl Uptake {
    fn with<R>(&self, reach: impl FnOnce(&mut State) -> R) -> R {
        reach(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that `len` bytes were taken, and whether that was all that waited.
    pub(super) fn took(&self, len: usize, all: bool) {
        let now = Instant::now();
        let freed = self.with(|state| {
            state.taken += len as u64;
            if state.blocked.is_some() {
                state.last_taken = Some(now);
            }
            if all {
                return state.blocked.take().is_some();
            }
            if let Some(blocked) = &mut state.blocked
                && state.taken - blocked.mark >= PROGRESS_LEN_MIN
            {
                *blocked = Blocked {
                    since: now,
                    mark: state.taken,
                };
            }
            false
        });
        if freed {
            self.changed.notify_waiters();
        }
    }

    /// Notes that something waits for room.
    pub(super) fn block(&self) {
        let begins = self.with(|state| {
            let mark = state.taken;
            let begins = state.blocked.is_none();
            let since = Instant::now();
            state.blocked.get_or_insert(Blocked { since, mark });
            begins
        });
        if begins {
            self.changed.notify_waiters();
        }
    }

    /// Sets the time at which whatever still waits is given up, however fast it is taken.
    pub(super) fn end_at(&self, ends_at: Option<Instant>) {
        self.with(|state| state.ends_at = ends_at);
        self.changed.notify_waiters();
    }

    /// Lets the next write fail, and what waits be forgotten.
    pub(super) fn cut(&self) {
        self.with(|state| state.cut = true);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.with(|state| state.cut)
    }

    /// Waits until something has waited for `limit` without progress, or still waits at its end.
    pub(super) async fn overdue(&self, limit: Duration) {
        loop {
            let changed = self.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // What changes between the look and the wait is not missed.
            changed.as_mut().enable();
            match self.look(limit) {
                Now::Overdue => return,
                Now::Fine(Some(due)) => {
                    let _ = timeout_at(due, changed).await;
                    if was_away(due.elapsed()) {
                        self.start_anew(limit);
                    }
                }
                Now::Fine(None) => changed.await,
            }
        }
    }

    /// This process did not run for a while, and sent nothing: the peer has its time again.
    fn start_anew(&self, limit: Duration) {
        let now = Instant::now();
        self.with(|state| {
            if let Some(blocked) = &mut state.blocked {
                blocked.since = now;
            }
            state.ends_at = state.ends_at.map(|ends_at| ends_at.max(now + limit));
        });
    }

    fn look(&self, limit: Duration) -> Now {
        self.with(|state| {
            let Some(blocked) = state.blocked else {
                return Now::Fine(None);
            };
            let due = blocked.since + limit;
            let due = state.ends_at.map_or(due, |ends_at| due.min(ends_at));
            if due <= Instant::now() {
                Now::Overdue
            } else {
                Now::Fine(Some(due))
            }
        })
    }

    /// Waits for a change while something waits for room or, having waited, was taken within the last
    /// `quiet`. If
    /// that is not so, returns false at once.
    pub(super) async fn settle(&self, quiet: Duration) -> bool {
        let changed = self.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        let (blocked, last) = self.with(|state| (state.blocked.is_some(), state.last_taken));
        if blocked {
            changed.await;
            return true;
        }
        match last.map(|last| last + quiet) {
            Some(due) if due > Instant::now() => {
                let _ = timeout_at(due, changed).await;
                true
            }
            Some(_) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    /// Returns after how many seconds a transport is given up, or nothing when an hour passes.
    async fn seconds_left(uptake: &Uptake) -> Option<u64> {
        let start = Instant::now();
        let overdue = timeout(Duration::from_secs(3600), uptake.overdue(LIMIT));
        overdue.await.ok().map(|()| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_transport_for_which_nothing_waits_is_kept() {
        let uptake = Uptake::default();
        assert_eq!(seconds_left(&uptake).await, None);
        uptake.block();
        uptake.took(1, true);
        uptake.end_at(Some(Instant::now()));
        assert_eq!(seconds_left(&uptake).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_given_up_and_one_that_takes_a_little_is_not() {
        let uptake = Uptake::default();
        uptake.block();
        uptake.block();
        advance(Duration::from_secs(15)).await;
        uptake.took(PROGRESS_LEN_MIN as usize, false);
        assert_eq!(seconds_left(&uptake).await, Some(20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspension_of_the_server_cuts_no_transport() {
        let uptake = Uptake::default();
        uptake.end_at(Some(Instant::now() + Duration::from_secs(7)));
        uptake.block();
        let overdue = uptake.overdue(LIMIT);
        let mut overdue = std::pin::pin!(overdue);
        assert!(timeout(Duration::ZERO, &mut overdue).await.is_err());
        advance(Duration::from_secs(27)).await;
        let awake = Instant::now();
        overdue.await;
        assert_eq!(awake.elapsed().as_secs(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn a_byte_from_time_to_time_is_no_progress() {
        let uptake = Uptake::default();
        uptake.block();
        for _ in 0..15 {
            advance(Duration::from_secs(1)).await;
            uptake.took(1, false);
        }
        assert_eq!(seconds_left(&uptake).await, Some(5));
    }

    #[tokio::test(start_paused = true)]
    async fn what_still_waits_at_the_end_of_its_time_is_given_up() {
        let uptake = Uptake::default();
        uptake.end_at(Some(Instant::now() + Duration::from_secs(7)));
        uptake.block();
        assert_eq!(seconds_left(&uptake).await, Some(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_transport_settles_once_nothing_was_taken_for_a_while() {
        let uptake = Uptake::default();
        assert!(!uptake.settle(LIMIT).await, "nothing was ever sent");
        uptake.took(17, true);
        assert!(!uptake.settle(LIMIT).await, "nothing had waited");
        uptake.block();
        uptake.took(1, true);
        assert!(uptake.settle(LIMIT).await);
        assert!(!uptake.settle(LIMIT).await);
    }
}
