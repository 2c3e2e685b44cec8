//! How long a connection may go without a request.
//!
//! hyper times the head of an HTTP/1 request once it knows that it is one. It does not time a
//! peer that says nothing, that trickles the HTTP/2 preface, or that sits on HTTP/2 without
//! streams. [`Patience`] times every connection from outside, by counting requests in flight.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How patient the accept loop is.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the connection to the first that it says, and from there to a complete request head;
    /// over HTTP/1, also between two.
    pub request: Duration,
    /// Between two requests over HTTP/2.
    pub idle: Duration,
    /// The time in which a peer takes nothing of what waits for it, after which it loses its
    /// connection, or over HTTP/2 the stream.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            stall: Duration::from_secs(20),
        }
    }
}

/// Watches one connection for the time in which it asks for nothing.
pub(super) struct Patience {
    phase: watch::Sender<Phase>,
    idle: Duration,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Nothing is asked; there is patience until then.
    Waiting { until: Instant },
    /// This many requests are not completely answered, or became conversations that go on.
    Busy { requests: usize },
}

impl Patience {
    pub(super) fn new(timeouts: Timeouts) -> Arc<Self> {
        let until = Instant::now() + timeouts.request;
        let phase = watch::Sender::new(Phase::Waiting { until });
        Arc::new(Self {
            phase,
            idle: timeouts.idle,
        })
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.phase.send_modify(|phase| match phase {
            Phase::Waiting { .. } => *phase = Phase::Busy { requests: 1 },
            Phase::Busy { requests } => *requests += 1,
        });
        InFlight(Arc::clone(self))
    }

    /// Waits until the connection has asked for nothing for too long.
    pub(super) async fn run_out(&self) {
        let mut changes = self.phase.subscribe();
        loop {
            let phase = *changes.borrow_and_update();
            let changed = changes.changed();
            if let Phase::Waiting { until } = phase {
                // A request that arrives in the last moment wins.
                tokio::select! {
                    biased;
                    _ = changed => {}
                    () = sleep_until(until) => return,
                }
            } else {
                // The sender is ours, so this ends only by a change.
                let _ = changed.await;
            }
        }
    }
}

/// A request that is not completely answered yet.
pub(crate) struct InFlight(Arc<Patience>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let until = Instant::now() + self.0.idle;
        self.0.phase.send_modify(|phase| {
            if let Phase::Busy { requests } = phase {
                *requests -= 1;
                if *requests == 0 {
                    *phase = Phase::Waiting { until };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: Timeouts = Timeouts {
        request: Duration::from_secs(10),
        idle: Duration::from_secs(60),
        stall: Duration::from_secs(20),
    };

    /// Returns after how many seconds patience runs out, or nothing when an hour is not enough.
    async fn seconds_left(patience: &Patience) -> Option<u64> {
        let start = Instant::now();
        let run_out = tokio::time::timeout(Duration::from_secs(3600), patience.run_out());
        run_out.await.ok().map(|()| start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn patience_depends_on_what_was_asked() {
        let patience = Patience::new(TIMEOUTS);
        assert_eq!(seconds_left(&patience).await, Some(10), "nothing yet");

        let patience = Patience::new(TIMEOUTS);
        let (first, second) = (patience.begin(), patience.begin());
        assert_eq!(seconds_left(&patience).await, None, "two requests");
        drop(first);
        assert_eq!(seconds_left(&patience).await, None, "one request");
        drop(second);
        assert_eq!(seconds_left(&patience).await, Some(60), "all is answered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_time_renews_patience() {
        let patience = Patience::new(TIMEOUTS);
        let watching = tokio::spawn({
            let patience = Arc::clone(&patience);
            async move { seconds_left(&patience).await }
        });
        tokio::time::sleep(Duration::from_secs(9)).await;
        drop(patience.begin());
        assert_eq!(watching.await.expect("no panic"), Some(69));
    }
}
