//! What viewers report: how well they see, for the broadcaster.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_protocol::topics::live::LiveReport;
use trunkline_protocol::{Moment, UserId};

/// How long a report counts.
const FRESH: Duration = Duration::from_secs(15);

/// The most viewers of a room whose reports are remembered. Others are not counted among the slow.
const REPORTS_MAX: usize = 1_000;

/// What viewers of a room have reported lately.
#[derive(Debug, Default)]
pub(super) struct Audience {
    reports: BTreeMap<UserId, Report>,
    skipped: u64,
}

#[derive(Debug)]
struct Report {
    at: Moment,
    is_slow: bool,
    latency_ms: Option<u32>,
}

/// How well they see.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) slow: u32,
    /// The median.
    pub(super) latency_ms: Option<u32>,
    pub(super) skipped: u64,
}

impl Audience {
    pub(super) fn report(&mut self, now: Moment, viewer: UserId, report: &LiveReport) {
        self.skipped = self.skipped.saturating_add(u64::from(report.skipped));
        if self.reports.len() >= REPORTS_MAX {
            self.forget(now);
        }
        if self.reports.len() < REPORTS_MAX || self.reports.contains_key(&viewer) {
            let report = Report {
                at: now,
                is_slow: report.skipped > 0 || report.dropped > 0,
                latency_ms: report.latency_ms,
            };
            self.reports.insert(viewer, report);
        }
    }

    fn forget(&mut self, now: Moment) {
        self.reports.retain(|_, it| now.since(it.at) < FRESH);
    }

    pub(super) fn sight(&mut self, now: Moment) -> Sight {
        self.forget(now);
        let slow = self.reports.values().filter(|it| it.is_slow).count();
        let latencies = self.reports.values().filter_map(|it| it.latency_ms);
        let mut latencies: Vec<u32> = latencies.collect();
        latencies.sort_unstable();
        Sight {
            slow: slow as u32,
            latency_ms: latencies.get(latencies.len() / 2).copied(),
            skipped: self.skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Text;

    use super::*;

    fn report(latency_ms: Option<u32>, skipped: u32, dropped: u32) -> LiveReport {
        LiveReport {
            room: Text::cut("studio"),
            latency_ms,
            skipped,
            dropped,
        }
    }

    #[test]
    fn the_newest_report_of_each_counts_while_it_is_fresh() {
        let mut audience = Audience::default();
        let at = |s: u64| Moment::from_ms(s * 1000);
        audience.report(at(0), UserId(1), &report(Some(900), 5, 0));
        audience.report(at(1), UserId(2), &report(Some(100), 0, 1));
        audience.report(at(2), UserId(3), &report(None, 0, 0));
        audience.report(at(3), UserId(4), &report(Some(300), 0, 0));
        let sight = |slow, latency_ms, skipped| Sight {
            slow,
            latency_ms,
            skipped,
        };
        assert_eq!(audience.sight(at(3)), sight(2, Some(300), 5));
        audience.report(at(4), UserId(1), &report(Some(200), 0, 0));
        assert_eq!(audience.sight(at(5)), sight(1, Some(200), 5));
        assert_eq!(audience.sight(at(17)), sight(0, Some(300), 5));
        assert_eq!(audience.sight(at(60)), sight(0, None, 5));
    }

    #[test]
    fn a_crowd_that_reports_is_bounded() {
        let mut audience = Audience::default();
        for viewer in 0..5_000 {
            let report = report(Some(1), u32::MAX, 0);
            audience.report(Moment::from_ms(0), UserId(viewer), &report);
        }
        assert_eq!(audience.reports.len(), REPORTS_MAX);
        audience.report(Moment::from_ms(60_000), UserId(9_000), &report(None, 0, 0));
        assert_eq!(audience.reports.len(), 1);
    }
}
