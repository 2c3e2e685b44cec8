//! What follows from the figures of a race. The page has the words; nothing is said that the figures
//! do not show, and also where a WebSocket is not the best.

use serde::Serialize;
use trunkline_protocol::topics::lab::Lane;

use super::outcome::LaneOutcome;

/// Two values are alike when they differ by less than this share of the smaller one.
const ALIKE: f64 = 0.15;

/// Latencies are alike when they differ by less than this, whatever their share: a browser's turn.
const ALIKE_US: f64 = 300.0;

/// What is measured of a lane. Less is better of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Bytes in both directions for a tick.
    Bytes,
    /// The latency of half of the ticks, in microseconds.
    Latency,
    /// The latency of all but one of a hundred, in microseconds.
    Worst,
    /// How old the newest was on average, in microseconds.
    Age,
    /// The server's processor time for a tick, in microseconds.
    Cpu,
}

impl Measure {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Bytes,
        Self::Latency,
        Self::Worst,
        Self::Age,
        Self::Cpu,
    ];

    /// What a lane has of it.
    pub fn of(self, lane: &LaneOutcome) -> Option<f64> {
        match self {
            Self::Bytes => lane.bytes_each(),
            Self::Latency => lane.p50_us.map(|it| it as f64),
            Self::Worst => lane.p99_us.map(|it| it as f64),
            Self::Age => lane.age_us.filter(|_| lane.arrived > 0),
            Self::Cpu => lane.cpu_each(),
        }
    }

    /// Whether two values of it are much the same.
    fn are_alike(self, a: f64, b: f64) -> bool {
        let apart = (a - b).abs();
        let near = match self {
            Self::Latency | Self::Worst | Self::Age => ALIKE_US,
            Self::Bytes | Self::Cpu => 0.0,
        };
        apart <= near.max(ALIKE * a.abs().min(b.abs()))
    }
}

/// One thing that follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// The page was hidden meanwhile, and browsers let hidden pages wait.
    Hidden,
    /// Nothing came on a lane: of it, nothing is said.
    Silent {
        /// Which.
        lane: Lane,
    },
    /// Who has least of something, and who most.
    Range {
        /// Of what.
        measure: Measure,
        /// The best.
        best: Lane,
        /// What it has.
        least: f64,
        /// The other lanes that are much the same.
        alike: Vec<Lane>,
        /// The last.
        last: Lane,
        /// What that has.
        most: f64,
    },
    /// The WebSocket that speaks bincode is not the best here, nor much the same.
    NotBest {
        /// In what.
        measure: Measure,
        /// Who is.
        best: Lane,
        /// What that has.
        least: f64,
        /// What the WebSocket has.
        socket: f64,
    },
    /// What the codec is worth on the same transport.
    Codec {
        /// Bytes of a tick in JSON over a WebSocket.
        json: f64,
        /// The same in bincode.
        bincode: f64,
    },
    /// Ticks that came late because others were waited for.
    Merged {
        /// On which lane.
        lane: Lane,
        /// How many.
        count: u32,
        /// Of how many.
        of: u32,
    },
    /// Ticks that did not come.
    Missed {
        /// On which lane.
        lane: Lane,
        /// How many.
        count: u32,
        /// Of how many.
        of: u32,
    },
    /// Requests that were made.
    Requests {
        /// On which lane the most.
        lane: Lane,
        /// How many.
        count: u32,
        /// Ticks that these brought.
        ticks: u32,
    },
}

/// Draws the conclusions, the most telling first.
pub(super) fn findings(lanes: &[LaneOutcome]) -> Vec<Finding> {
    let heard: Vec<_> = lanes.iter().filter(|it| it.arrived > 0).collect();
    let silent = lanes.iter().filter(|it| it.arrived == 0);
    let mut all: Vec<_> = silent.map(|it| Finding::Silent { lane: it.lane }).collect();
    all.extend(Measure::ALL.into_iter().filter_map(|it| range(it, &heard)));
    all.extend(codec(&heard));
    all.extend(requests(&heard));
    for lane in &heard {
        let (lane, of) = (lane, lane.published);
        // One in twenty may be chance.
        if lane.merged * 20 > lane.arrived {
            let count = lane.merged;
            all.push(Finding::Merged {
                lane: lane.lane,
                count,
                of,
            });
        }
        if lane.missed > 0 {
            let count = lane.missed;
            all.push(Finding::Missed {
                lane: lane.lane,
                count,
                of,
            });
        }
    }
    all.extend(
        Measure::ALL
            .into_iter()
            .filter_map(|it| not_best(it, &heard)),
    );
    all
}

/// What all lanes have of something, the best first.
fn ranked(measure: Measure, lanes: &[&LaneOutcome]) -> Vec<(Lane, f64)> {
    let of = |it: &&LaneOutcome| Some((it.lane, measure.of(it)?));
    let mut all: Vec<_> = lanes.iter().filter_map(of).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1));
    all
}

fn range(measure: Measure, lanes: &[&LaneOutcome]) -> Option<Finding> {
    let all = ranked(measure, lanes);
    let [(best, least), rest @ .., (last, most)] = &*all else {
        return None;
    };
    let others = rest.iter().copied().chain([(*last, *most)]);
    let alike = others.filter(|it| measure.are_alike(*least, it.1));
    Some(Finding::Range {
        measure,
        best: *best,
        least: *least,
        alike: alike.map(|it| it.0).collect(),
        last: *last,
        most: *most,
    })
}

fn not_best(measure: Measure, lanes: &[&LaneOutcome]) -> Option<Finding> {
    let all = ranked(measure, lanes);
    let &(best, least) = all.first()?;
    let &(_, socket) = all.iter().find(|it| it.0 == Lane::Socket)?;
    (!measure.are_alike(least, socket)).then_some(Finding::NotBest {
        measure,
        best,
        least,
        socket,
    })
}

fn codec(lanes: &[&LaneOutcome]) -> Option<Finding> {
    let of = |lane| lanes.iter().find(|it| it.lane == lane)?.bytes_each();
    Some(Finding::Codec {
        json: of(Lane::SocketJson)?,
        bincode: of(Lane::Socket)?,
    })
}

fn requests(lanes: &[&LaneOutcome]) -> Option<Finding> {
    let most = lanes.iter().max_by_key(|it| it.requests)?;
    (most.requests > 1).then_some(Finding::Requests {
        lane: most.lane,
        count: most.requests,
        ticks: most.arrived,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(lane: Lane, bytes: u64, p50_us: i64) -> LaneOutcome {
        LaneOutcome {
            lane,
            published: 100,
            arrived: 100,
            missed: 0,
            merged: 0,
            requests: 1,
            p50_us: Some(p50_us),
            p99_us: Some(2 * p50_us),
            age_us: Some(50_000.0 + p50_us as f64),
            bytes_up: bytes * 40,
            bytes_down: bytes * 60,
            cpu_us: None,
        }
    }

    fn not_best(lanes: &[LaneOutcome]) -> Vec<(Measure, Lane)> {
        let of = |it: Finding| match it {
            Finding::NotBest { measure, best, .. } => Some((measure, best)),
            _ => None,
        };
        findings(lanes).into_iter().filter_map(of).collect()
    }

    #[test]
    fn the_best_the_last_and_those_between_are_named() {
        let all = [
            lane(Lane::Poll, 900, 500_000),
            lane(Lane::Events, 300, 1000),
            lane(Lane::SocketJson, 160, 900),
            lane(Lane::Socket, 60, 800),
        ];
        let found = findings(&all);
        assert_eq!(
            found[0],
            Finding::Range {
                measure: Measure::Bytes,
                best: Lane::Socket,
                least: 60.0,
                alike: Vec::new(),
                last: Lane::Poll,
                most: 900.0,
            }
        );
        // Two tenths of a millisecond are nothing that a browser could tell apart.
        assert_eq!(
            found[1],
            Finding::Range {
                measure: Measure::Latency,
                best: Lane::Socket,
                least: 800.0,
                alike: vec![Lane::SocketJson, Lane::Events],
                last: Lane::Poll,
                most: 500_000.0,
            }
        );
        let (json, bincode) = (160.0, 60.0);
        assert!(found.contains(&Finding::Codec { json, bincode }));
        assert_eq!(not_best(&all), []);
    }

    #[test]
    fn a_websocket_that_loses_is_said_to_lose() {
        let mut all = [lane(Lane::Stream, 100, 1000), lane(Lane::Socket, 110, 1400)];
        // Ten per cent more bytes are much the same; the latency is not.
        assert_eq!(
            not_best(&all),
            [
                (Measure::Latency, Lane::Stream),
                (Measure::Worst, Lane::Stream),
                (Measure::Age, Lane::Stream)
            ][..2]
        );
        all[0].cpu_us = Some(1000);
        all[1].cpu_us = Some(1500);
        assert!(not_best(&all).contains(&(Measure::Cpu, Lane::Stream)));
    }

    #[test]
    fn what_waited_or_was_lost_is_told() {
        let mut poll = lane(Lane::Poll, 900, 500_000);
        (poll.merged, poll.missed, poll.arrived) = (80, 10, 90);
        poll.requests = 9;
        let mut quiet = lane(Lane::Events, 0, 0);
        (quiet.arrived, quiet.p50_us) = (0, None);
        let found = findings(&[poll, quiet, lane(Lane::Socket, 60, 800)]);
        assert_eq!(found[0], Finding::Silent { lane: Lane::Events });
        let lane = Lane::Poll;
        let of = 100;
        assert!(found.contains(&Finding::Merged {
            lane,
            count: 80,
            of
        }));
        assert!(found.contains(&Finding::Missed {
            lane,
            count: 10,
            of
        }));
        let (count, ticks) = (9, 90);
        assert!(found.contains(&Finding::Requests { lane, count, ticks }));
    }

    #[test]
    fn of_one_lane_nothing_follows() {
        assert_eq!(findings(&[lane(Lane::Socket, 60, 800)]), []);
        assert_eq!(findings(&[]), []);
    }
}
