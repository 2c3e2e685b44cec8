//! What came out of a race, as it is shown and exported.

use serde::Serialize;
use trunkline_protocol::topics::lab::{Lane, LaneReport};

use super::arrivals::Arrivals;
use super::findings::{Finding, findings};
use super::settings::RaceSettings;

/// What a lane took, and how well it did. All bytes are counted at the server's socket, headers and
/// the opening included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LaneOutcome {
    /// Which.
    pub lane: Lane,
    /// Ticks that were published on it.
    pub published: u32,
    /// Ticks that came.
    pub arrived: u32,
    /// Ticks that did not come.
    pub missed: u32,
    /// Ticks that came together with an earlier one.
    pub merged: u32,
    /// Requests that the page made, the upgrade included.
    pub requests: u32,
    /// Half of the ticks were here within this time after they were due.
    pub p50_us: Option<i64>,
    /// All but one of a hundred were.
    pub p99_us: Option<i64>,
    /// How old the newest was on average.
    pub age_us: Option<f64>,
    /// Bytes from the page to the server.
    pub bytes_up: u64,
    /// Bytes from the server to the page.
    pub bytes_down: u64,
    /// The server's processor time.
    pub cpu_us: Option<u64>,
}

impl LaneOutcome {
    /// Puts together what both sides saw.
    pub fn of(report: &LaneReport, arrivals: &Arrivals, requests: u32) -> Self {
        Self {
            lane: report.lane,
            published: report.published,
            arrived: arrivals.count(),
            missed: arrivals.missed(report.published),
            merged: arrivals.merged(),
            requests,
            p50_us: arrivals.latency_us(0.5),
            p99_us: arrivals.latency_us(0.99),
            age_us: arrivals.age_us(),
            bytes_up: report.received,
            bytes_down: report.sent,
            cpu_us: report.cpu_us,
        }
    }

    /// Bytes in both directions for each tick that came.
    pub fn bytes_each(&self) -> Option<f64> {
        self.each((self.bytes_up + self.bytes_down) as f64)
    }

    /// The server's processor time for each tick that came, in microseconds.
    pub fn cpu_each(&self) -> Option<f64> {
        self.each(self.cpu_us? as f64)
    }

    fn each(&self, all: f64) -> Option<f64> {
        (self.arrived > 0).then(|| all / f64::from(self.arrived))
    }
}

/// A race that is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RaceOutcome {
    /// How it was set up.
    pub settings: RaceSettings,
    /// By how much times may be wrong, in microseconds: what is not known of the server's clock.
    pub clock_error_us: Option<u64>,
    /// The lanes, in the order in which they are shown.
    pub lanes: Vec<LaneOutcome>,
    /// What follows from that.
    pub findings: Vec<Finding>,
}

impl RaceOutcome {
    /// Draws the conclusions. `hidden` tells that the page was not seen all the time.
    pub fn of(
        settings: RaceSettings,
        clock_error_us: Option<u64>,
        lanes: Vec<LaneOutcome>,
        hidden: bool,
    ) -> Self {
        let mut findings = findings(&lanes);
        if hidden {
            findings.insert(0, Finding::Hidden);
        }
        Self {
            settings,
            clock_error_us,
            findings,
            lanes,
        }
    }

    /// All of it as JSON, to keep or to compare, with the name of the browser.
    pub fn to_json(&self, agent: &str) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        value["agent"] = agent.into();
        for (lane, outcome) in value["lanes"]
            .as_array_mut()
            .into_iter()
            .flatten()
            .zip(&self.lanes)
        {
            lane["bytes_each"] = outcome.bytes_each().into();
            lane["cpu_us_each"] = outcome.cpu_each().into();
        }
        serde_json::to_string_pretty(&value).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_lane_make_its_outcome() {
        let mut arrivals = Arrivals::of(3);
        arrivals.note(1, 0, 100, 1);
        arrivals.note(2, 1000, 1300, 1);
        arrivals.grow_old(2000);
        let report = LaneReport {
            lane: Lane::Events,
            published: 3,
            received: 500,
            sent: 700,
            cpu_us: Some(90),
        };
        let outcome = LaneOutcome::of(&report, &arrivals, 1);
        assert_eq!((outcome.arrived, outcome.missed, outcome.merged), (2, 1, 1));
        assert_eq!((outcome.p50_us, outcome.p99_us), (Some(100), Some(300)));
        assert_eq!(
            (outcome.bytes_each(), outcome.cpu_each()),
            (Some(600.0), Some(45.0))
        );
        let race = RaceOutcome::of(RaceSettings::default(), Some(40), vec![outcome], true);
        assert_eq!(race.findings[0], Finding::Hidden);
        let json: serde_json::Value =
            serde_json::from_str(&race.to_json("a browser")).expect("JSON");
        assert_eq!(json["agent"], "a browser");
        assert_eq!(json["lanes"][0]["lane"], "events");
        assert_eq!(json["lanes"][0]["bytes_each"], 600.0);
        assert_eq!(json["settings"]["poll_ms"], 1000);
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let report = LaneReport {
            lane: Lane::Poll,
            published: 0,
            received: 5,
            sent: 5,
            cpu_us: None,
        };
        let outcome = LaneOutcome::of(&report, &Arrivals::of(0), 0);
        assert_eq!((outcome.bytes_each(), outcome.cpu_each()), (None, None));
        assert_eq!((outcome.p50_us, outcome.age_us), (None, None));
    }
}
