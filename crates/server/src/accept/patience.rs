//! Time for which a connection may go without a request.
//!
//! hyper times a head of HTTP/1 only together with the pause before it, and times neither a peer that
//! says nothing, nor one that trickles the HTTP/2 preface, nor HTTP/2 without streams. [`Patience`]
//! times every connection from outside, by counting requests in flight.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use hyper::Version;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use trunkline_session::was_away;

/// Timeouts of the accept loop.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the connection to its first byte, and from the first byte of a request head to its end.
    pub request: Duration,
    /// Between two requests.
    pub idle: Duration,
    /// The time in which a peer takes nothing of what waits for it, after which it loses its
    /// connection, or over HTTP/2 the stream.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            // Longer than proxies keep connections to a server: whichever side closes a connection
            // while the other sends a request on it loses that request.
            idle: Duration::from_secs(75),
            stall: Duration::from_secs(20),
        }
    }
}

/// Watches one connection for the time in which it asks for nothing, and for the end of what its peer
/// sends.
#[derive(Debug)]
pub(super) struct Patience {
    phase: watch::Sender<Phase>,
    /// The peer has closed its sending half while a request is being answered.
    ended: watch::Sender<bool>,
    /// The reader from which that is held back.
    reader: Mutex<Option<Waker>>,
    /// The answer to a request over HTTP/1 may wait to be sent, in hyper.
    unsent: AtomicBool,
    timeouts: Timeouts,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing is asked. The connection is closed at this time.
    Waiting {
        until: Instant,
        /// Time for which this phase lasts, from its beginning.
        limit: Duration,
        /// Bytes that come begin a request head, which has a time of its own. Over HTTP/2 they may
        /// be pings.
        begins_head: bool,
    },
    /// This many requests are not completely answered, or became conversations that go on.
    Busy { requests: usize, is_http1: bool },
}

impl Patience {
    pub(super) fn new(timeouts: Timeouts) -> Arc<Self> {
        let first = Phase::waiting(timeouts.request, false);
        Arc::new(Self {
            phase: watch::Sender::new(first),
            ended: watch::Sender::new(false),
            reader: Mutex::default(),
            unsent: AtomicBool::new(false),
            timeouts,
        })
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>, version: Version) -> InFlight {
        let is_http1 = version < Version::HTTP_2;
        self.unsent.store(is_http1, Ordering::Relaxed);
        self.phase.send_modify(|phase| match phase {
            Phase::Waiting { .. } => {
                *phase = Phase::Busy {
                    requests: 1,
                    is_http1,
                }
            }
            Phase::Busy { requests, .. } => *requests += 1,
        });
        InFlight(Arc::clone(self))
    }

    /// Notes that bytes arrived.
    pub(super) fn hear(&self) {
        let request = self.timeouts.request;
        self.phase.send_if_modified(|phase| {
            let begins_head = matches!(
                phase,
                Phase::Waiting {
                    begins_head: true,
                    ..
                }
            );
            if begins_head {
                *phase = Phase::waiting(request, false);
            }
            begins_head
        });
    }

    /// Notes that the peer sends nothing more. Returns whether hyper must not know that yet: it takes
    /// the end for a closed connection, and drops the answer. `reader` is woken when it may know.
    pub(super) fn hold_end(&self, reader: &Waker) -> bool {
        let is_answering = self.unsent.load(Ordering::Relaxed);
        if is_answering {
            self.with_reader(|it| *it = Some(reader.clone()));
            self.ended.send_replace(true);
        }
        is_answering
    }

    /// Notes that nothing waits in hyper. If all requests are answered, hyper may know the end.
    pub(super) fn flush(&self) {
        let is_answered = || matches!(*self.phase.borrow(), Phase::Waiting { .. });
        if self.unsent.load(Ordering::Relaxed) && is_answered() {
            self.unsent.store(false, Ordering::Relaxed);
            if let Some(reader) = self.with_reader(Option::take) {
                reader.wake();
            }
        }
    }

    /// Waits until the peer has closed its sending half. It may be gone, or wait for the answer.
    pub(super) async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        // The sender is ours, so this ends only by the value.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// Waits until the connection has asked for nothing for too long.
    pub(super) async fn run_out(&self) {
        let mut changes = self.phase.subscribe();
        loop {
            let phase = *changes.borrow_and_update();
            let changed = changes.changed();
            let Phase::Waiting { until, limit, .. } = phase else {
                // The sender is ours, so this ends only by a change.
                let _ = changed.await;
                continue;
            };
            // A request that arrives in the last moment wins.
            tokio::select! {
                biased;
                _ = changed => {}
                () = sleep_until(until) => {
                    if !was_away(until.elapsed()) {
                        return;
                    }
                    // This process did not run, and heard nothing: the peer has its time again.
                    self.start_anew(limit);
                }
            }
        }
    }

    fn start_anew(&self, limit: Duration) {
        self.phase.send_if_modified(|phase| match phase {
            Phase::Waiting { until, .. } => {
                *until = Instant::now() + limit;
                true
            }
            Phase::Busy { .. } => false,
        });
    }

    fn with_reader<R>(&self, reach: impl FnOnce(&mut Option<Waker>) -> R) -> R {
        reach(&mut self.reader.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Phase {
    fn waiting(limit: Duration, begins_head: bool) -> Self {
        Self::Waiting {
            until: Instant::now() + limit,
            limit,
            begins_head,
        }
    }
}

/// A request that is not completely answered yet.
pub(crate) struct InFlight(Arc<Patience>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let idle = self.0.timeouts.idle;
        self.0.phase.send_modify(|phase| {
            if let Phase::Busy { requests, is_http1 } = phase {
                *requests -= 1;
                if *requests == 0 {
                    *phase = Phase::waiting(idle, *is_http1);
                }
            }
        });
        // hyper is to flush what is left of the answer.
        if let Some(reader) = self.0.with_reader(Option::take) {
            reader.wake();
        }
    }
}

/// End of what a peer sends, for the handler of a request over HTTP/1. Found among its extensions.
#[derive(Clone, Debug)]
pub(crate) struct PeerEnd(pub(super) Arc<Patience>);

impl PeerEnd {
    /// Waits until the peer has closed its sending half. It may be gone, or wait for the answer.
    pub(crate) async fn noted(&self) {
        self.0.ended().await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        request: Duration::from_secs(10),
        idle: Duration::from_secs(75),
        stall: Duration::from_secs(20),
    };

    /// Returns after how many seconds patience runs out, or nothing when an hour is not enough.
    async fn seconds_left(patience: &Patience) -> Option<u64> {
        let start = Instant::now();
        let run_out = timeout(Duration::from_secs(3600), patience.run_out());
        run_out.await.ok().map(|()| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn patience_depends_on_what_was_asked() {
        let patience = Patience::new(TIMEOUTS);
        assert_eq!(seconds_left(&patience).await, Some(10), "nothing yet");

        let patience = Patience::new(TIMEOUTS);
        let begin = || patience.begin(Version::HTTP_2);
        let (first, second) = (begin(), begin());
        assert_eq!(seconds_left(&patience).await, None, "two requests");
        drop(first);
        assert_eq!(seconds_left(&patience).await, None, "one request");
        drop(second);
        assert_eq!(seconds_left(&patience).await, Some(75), "all is answered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_time_renews_patience() {
        let patience = Patience::new(TIMEOUTS);
        let watching = tokio::spawn({
            let patience = Arc::clone(&patience);
            async move { seconds_left(&patience).await }
        });
        tokio::time::sleep(Duration::from_secs(9)).await;
        drop(patience.begin(Version::HTTP_11));
        assert_eq!(watching.await.expect("no panic"), Some(84));
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_head_that_has_begun_has_to_end_soon() {
        let check = async |version, heard, left| {
            let patience = Patience::new(TIMEOUTS);
            drop(patience.begin(version));
            advance(Duration::from_secs(30)).await;
            for _ in 0..heard {
                patience.hear();
                advance(Duration::from_secs(3)).await;
            }
            assert_eq!(seconds_left(&patience).await, Some(left), "{version:?}");
        };
        check(Version::HTTP_11, 0, 45).await;
        check(Version::HTTP_11, 1, 7).await;
        check(Version::HTTP_11, 2, 4).await;
        check(Version::HTTP_2, 2, 39).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_suspension_of_the_server_closes_no_connection() {
        let patience = Patience::new(TIMEOUTS);
        let run_out = patience.run_out();
        let mut run_out = std::pin::pin!(run_out);
        assert!(timeout(Duration::ZERO, &mut run_out).await.is_err());
        advance(Duration::from_secs(27)).await;
        let awake = Instant::now();
        run_out.await;
        assert_eq!(awake.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_what_a_peer_sends_is_held_back_while_it_is_answered() {
        let patience = Patience::new(TIMEOUTS);
        let waker = Waker::noop();
        assert!(!patience.hold_end(waker), "nothing is asked");
        let request = patience.begin(Version::HTTP_11);
        assert!(timeout(Duration::ZERO, patience.ended()).await.is_err());
        assert!(patience.hold_end(waker));
        assert!(timeout(Duration::ZERO, patience.ended()).await.is_ok());
        patience.flush();
        assert!(patience.hold_end(waker), "what was flushed is not all");
        drop(request);
        assert!(patience.hold_end(waker), "the answer is not sent");
        patience.flush();
        assert!(!patience.hold_end(waker), "it is answered");
        let _request = patience.begin(Version::HTTP_2);
        assert!(!patience.hold_end(waker), "there is no answer without it");
    }
}
