//! Wake-ups of threads that sleep until they are told of work.
//!
//! A thread is woken only while it sleeps, so that telling a busy one costs no system call. A thread
//! that tells many things in a row gathers its wake-ups, so that each sleeper is woken once, with
//! all of them before it.

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::{Registry, Token, Waker};

/// A thread that sleeps in a poll, for those that have work for it.
#[derive(Clone)]
pub(crate) struct Sleeper {
    shared: Arc<Shared>,
}

struct Shared {
    asleep: AtomicBool,
    waker: Waker,
}

thread_local! {
    /// The sleepers that this thread wakes later. None while it wakes them at once.
    static GATHERED: RefCell<Option<Vec<Sleeper>>> = const { RefCell::new(None) };
}

impl Sleeper {
    /// Makes the sleeper of a poll.
    ///
    /// # Errors
    ///
    /// If the system has no room for its wake-ups.
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let shared = Shared {
            asleep: AtomicBool::new(false),
            waker: Waker::new(registry, token)?,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Wakes the thread if it sleeps, or later if this thread gathers wake-ups. Call it after the
    /// work was put where the thread finds it.
    pub(crate) fn wake(&self) {
        let gathered = GATHERED.with_borrow_mut(|gathered| {
            let Some(sleepers) = gathered else {
                return false;
            };
            if !sleepers.iter().any(|it| it.is(self)) {
                sleepers.push(self.clone());
            }
            true
        });
        if !gathered {
            self.wake_now();
        }
    }

    fn wake_now(&self) {
        if self.shared.asleep.swap(false, Ordering::SeqCst) {
            // It fails only when the poll has ended.
            let _ = self.shared.waker.wake();
        }
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Marks the thread as asleep, unless `is_idle` then finds work. Returns false if it did.
    pub(crate) fn fall_asleep(&self, is_idle: impl FnOnce() -> bool) -> bool {
        self.shared.asleep.store(true, Ordering::SeqCst);
        // What came before the mark was set woke nobody.
        let may_sleep = is_idle();
        if !may_sleep {
            self.wake_up();
        }
        may_sleep
    }

    /// Marks the thread as awake.
    pub(crate) fn wake_up(&self) {
        self.shared.asleep.store(false, Ordering::SeqCst);
    }
}

/// Gathers the wake-ups of this thread while `work` runs. Each sleeper is woken once, at the end.
pub(crate) fn gather<R>(work: impl FnOnce() -> R) -> R {
    /// Wakes the sleepers also when `work` panics.
    struct Gathering;

    impl Drop for Gathering {
        fn drop(&mut self) {
            for sleeper in GATHERED.take().into_iter().flatten() {
                sleeper.wake_now();
            }
        }
    }

    if GATHERED.with_borrow(Option::is_some) {
        return work();
    }
    GATHERED.set(Some(Vec::new()));
    let _gathering = Gathering;
    work()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mio::{Events, Poll};

    use super::*;

    fn wakes(poll: &mut Poll) -> usize {
        let mut events = Events::with_capacity(8);
        let polled = poll.poll(&mut events, Some(Duration::ZERO));
        polled.expect("a poll");
        events.iter().count()
    }

    #[test]
    fn a_sleeper_is_woken_once_after_all_that_is_gathered() {
        let mut poll = Poll::new().expect("a poll");
        let sleeper = Sleeper::new(poll.registry(), Token(0)).expect("a sleeper");
        assert!(sleeper.fall_asleep(|| true));
        gather(|| {
            sleeper.wake();
            gather(|| sleeper.wake());
            assert_eq!(wakes(&mut poll), 0, "it is woken at the end");
            // Another thread does not wait for this one.
            std::thread::scope(|scope| {
                scope.spawn(|| sleeper.wake());
            });
            assert_eq!(wakes(&mut poll), 1);
            sleeper.fall_asleep(|| true);
        });
        assert_eq!(wakes(&mut poll), 1);
        sleeper.wake();
        assert_eq!(wakes(&mut poll), 0, "it is awake");
    }

    #[test]
    fn a_panic_while_wake_ups_are_gathered_loses_none() {
        let mut poll = Poll::new().expect("a poll");
        let sleeper = Sleeper::new(poll.registry(), Token(0)).expect("a sleeper");
        assert!(sleeper.fall_asleep(|| true));
        let work = || {
            gather(|| {
                sleeper.wake();
                panic!("a test");
            })
        };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        assert!(result.is_err());
        assert_eq!(wakes(&mut poll), 1);
        assert!(sleeper.fall_asleep(|| true));
        sleeper.wake();
        assert_eq!(wakes(&mut poll), 1, "wake-ups go out at once again");
    }
}
