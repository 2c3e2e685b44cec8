//! A burst: what a load found while it spoke for a moment.

use anyhow::Result;
use hdrhistogram::Histogram;

use super::ledger::Faults;

/// What a burst found.
#[derive(Clone, Debug)]
pub(crate) struct Burst {
    pub(crate) publishes: u64,
    /// Messages that a reader has had, or answers that a caller has had.
    pub(crate) deliveries: u64,
    /// How often a read returned something.
    pub(crate) reads: u64,
    pub(crate) seconds: f64,
    /// From when a message was due to when a reader had it, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// How late the load itself was, in nanoseconds.
    pub(crate) lateness: Histogram<u64>,
    pub(crate) faults: Faults,
}

impl Burst {
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            publishes: 0,
            deliveries: 0,
            reads: 0,
            seconds: 0.0,
            latency: durations()?,
            lateness: durations()?,
            faults: Faults::default(),
        })
    }
}

/// A histogram of durations up to a minute, in nanoseconds; it never grows while it is used.
pub(crate) fn durations() -> Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000_000, 3)?)
}
