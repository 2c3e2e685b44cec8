//! Health: what an operator can know of the history without reading the log.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::store::Report;

/// The state of the history, and counts since the start of the server.
#[derive(Debug, Default)]
pub(crate) struct HistoryHealth {
    unavailable: AtomicBool,
    failures: AtomicU64,
    damaged_topics: AtomicU64,
    repairs: AtomicU64,
    renewals: AtomicU64,
    last: Mutex<Last>,
}

/// The newest of each kind of news, in words.
#[derive(Debug, Default)]
struct Last {
    failure: Option<String>,
    renewal: Option<String>,
    set_aside: Option<PathBuf>,
}

impl HistoryHealth {
    fn last<R>(&self, change: impl FnOnce(&mut Last) -> R) -> R {
        change(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that the store was opened, and what was found.
    pub(super) fn opened(&self, report: &Report) {
        self.unavailable.store(false, Ordering::Release);
        if let Some(aside) = &report.set_aside {
            self.repairs.fetch_add(1, Ordering::Relaxed);
            self.last(|last| last.set_aside = Some(aside.clone()));
        }
        if let Some(why) = &report.renewed {
            self.renewals.fetch_add(1, Ordering::Relaxed);
            self.last(|last| last.renewal = Some(why.clone()));
        }
    }

    /// Notes that the store cannot be written until it is opened again.
    pub(super) fn failed(&self, why: String) {
        self.unavailable.store(true, Ordering::Release);
        self.failures.fetch_add(1, Ordering::Relaxed);
        self.last(|last| last.failure = Some(why));
    }

    /// Notes that what is kept of a topic is damaged.
    pub(super) fn found_damaged_topic(&self) {
        self.damaged_topics.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns true if events can be kept now.
    pub(crate) fn is_available(&self) -> bool {
        !self.unavailable.load(Ordering::Acquire)
    }
}

/// One line for each count that is not zero.
impl fmt::Display for HistoryHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        self.last(|last| {
            if let (failures @ 1.., Some(why)) = (count(&self.failures), &last.failure) {
                let now = if self.is_available() {
                    "works again"
                } else {
                    "unavailable"
                };
                writeln!(f, "history: {now}; failures {failures}, the last: {why}")?;
            }
            if let (damaged @ 1.., _) = (count(&self.damaged_topics), ()) {
                writeln!(
                    f,
                    "history: topics that began another epoch because of damage: {damaged}"
                )?;
            }
            if let (repairs @ 1.., Some(aside)) = (count(&self.repairs), &last.set_aside) {
                let aside = aside.display();
                writeln!(
                    f,
                    "history: repairs {repairs}, damaged files are in {aside}"
                )?;
            }
            if let (renewals @ 1.., Some(why)) = (count(&self.renewals), &last.renewal) {
                writeln!(
                    f,
                    "history: every topic began another epoch {renewals} times: {why}"
                )?;
            }
            Ok(())
        })
    }
}
