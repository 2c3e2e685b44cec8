//! A contest: servers that are all up at once and take turns in short bursts, round by round.
//!
//! What slows the machine for a while slows a whole round, so ratios are taken within a round. The
//! order rotates, so that nobody always follows the same one.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;

use crate::contender::{Contender, Entry, OURS};
use crate::kernel::{self, Cores, Pinned};
use crate::load::{Burst, Crowd, Seat};
use crate::server::Launcher;

/// Files that are open besides the connections.
const OTHER_FILES: usize = 200;

/// How a contest is held.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    pub(crate) burst: Duration,
    /// Whether the servers share one core. The load has another, always.
    pub(crate) one_core: bool,
}

/// A contender, and its crowd.
pub(crate) struct Stand {
    pub(crate) contender: Contender,
    /// Nobody, where a burst brings its own connections.
    pub(crate) crowd: Option<Crowd>,
}

/// What a burst cost.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// The server's processor time for one delivery, answer or connection, in nanoseconds.
    pub(crate) cpu_ns: f64,
    pub(crate) per_second: f64,
    /// How many deliveries a read brought.
    pub(crate) per_read: f64,
    /// From when a message was due, in nanoseconds.
    pub(crate) latency: Histogram<u64>,
    /// Of the load itself, in nanoseconds.
    pub(crate) lateness: Histogram<u64>,
}

/// What a contender did, round by round.
#[derive(Clone, Debug)]
pub(crate) struct Course {
    pub(crate) name: String,
    pub(crate) samples: Vec<Sample>,
}

/// What a contest found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Heat by heat; ours is the first of each. There are several where the connections of all
    /// contenders are too many files for one process.
    pub(crate) heats: Vec<Vec<Course>>,
    /// Who did not take part, and why.
    pub(crate) left_out: Vec<String>,
}

impl Plan {
    /// Short or thorough, with one core for the servers.
    pub(crate) fn new(quick: bool) -> Self {
        let (rounds, millis) = if quick { (3, 300) } else { (9, 800) };
        Self {
            rounds,
            burst: Duration::from_millis(millis),
            one_core: true,
        }
    }

    /// The core that the servers share.
    pub(crate) fn server_core(self) -> Option<usize> {
        Cores::find().filter(|_| self.one_core).map(|it| it.server)
    }

    /// The same with bursts of another length.
    pub(crate) fn with_burst(self, burst: Duration) -> Self {
        Self { burst, ..self }
    }
}

/// Keeps this thread, which is the load, on its core.
pub(crate) fn pin_load() -> Result<Option<Pinned>> {
    let core = Cores::find().map(|it| it.load);
    Ok(core.map(kernel::pin).transpose()?)
}

/// Lets the entries compete: each with a crowd in these seats, or without one if there are none.
/// The first entry is ours; it takes part in every heat.
pub(crate) async fn compete(
    launcher: &Launcher,
    plan: Plan,
    entries: &[Entry],
    seats: &[Seat],
    mut turn: impl FnMut(&mut Stand, Duration) -> Result<Sample>,
) -> Result<Outcome> {
    let _pinned = pin_load()?;
    let files = usize::try_from(kernel::raise_files_max()?).unwrap_or(usize::MAX);
    let room = files.saturating_sub(OTHER_FILES) / seats.len().max(1);
    ensure!(
        room >= 2,
        "{} connections need more files than {files}",
        seats.len()
    );
    let (ours, others) = entries.split_first().context("nobody takes part")?;
    let mut outcome = Outcome::default();
    let mut heats: Vec<&[Entry]> = others.chunks(room - 1).collect();
    if heats.is_empty() {
        heats.push(&[]);
    }
    for heat in heats {
        let mut stands = Vec::new();
        for entry in std::iter::once(ours).chain(heat) {
            match take_a_stand(launcher, plan, entry, seats).await {
                Ok(stand) => stands.push(stand),
                Err(error) => outcome.leave_out(entry.name(), error)?,
            }
        }
        let courses = run_heat(plan, &mut stands, &mut turn, &mut outcome)?;
        outcome.heats.push(courses);
    }
    Ok(outcome)
}

async fn take_a_stand(
    launcher: &Launcher,
    plan: Plan,
    entry: &Entry,
    seats: &[Seat],
) -> Result<Stand> {
    let contender = entry.start(launcher, plan.server_core()).await?;
    let crowd = if seats.is_empty() {
        None
    } else {
        Some(Crowd::gather(contender.target.clone(), seats.to_vec())?)
    };
    Ok(Stand { contender, crowd })
}

/// One round to warm up, and then those that count.
fn run_heat(
    plan: Plan,
    stands: &mut Vec<Stand>,
    turn: &mut impl FnMut(&mut Stand, Duration) -> Result<Sample>,
    outcome: &mut Outcome,
) -> Result<Vec<Course>> {
    let name = |stand: &Stand| Course {
        name: stand.contender.name.clone(),
        samples: Vec::new(),
    };
    let mut courses: Vec<Course> = stands.iter().map(name).collect();
    for round in 0..=plan.rounds {
        let mut failed = Vec::new();
        for step in 0..stands.len() {
            let at = (round + step) % stands.len();
            // Heartbeats are answered also by those whose turn it is not.
            for stand in stands.iter_mut() {
                if let Some(crowd) = &mut stand.crowd {
                    crowd.tend().with_context(|| stand.contender.name.clone())?;
                }
            }
            match turn(&mut stands[at], plan.burst) {
                Ok(sample) if round > 0 => courses[at].samples.push(sample),
                Ok(_) => {}
                Err(error) => {
                    outcome.leave_out(&courses[at].name, error)?;
                    failed.push(at);
                }
            }
        }
        failed.sort_unstable();
        for at in failed.into_iter().rev() {
            stands.remove(at);
            courses.remove(at);
        }
    }
    for stand in stands {
        if let Some(crowd) = stand.crowd.take() {
            crowd.end()?;
        }
    }
    Ok(courses)
}

/// Measures what a burst costs the server.
pub(crate) fn measured(
    stand: &mut Stand,
    burst: impl FnOnce(&mut Crowd) -> Result<Burst>,
) -> Result<Sample> {
    let crowd = stand.crowd.as_mut().context("nobody is there")?;
    let before = stand.contender.cpu()?;
    let burst = burst(crowd)?;
    let cpu = stand.contender.cpu()? - before;
    Sample::of(&burst, cpu)
}

impl Sample {
    /// What a burst cost, if it brought everything.
    pub(crate) fn of(burst: &Burst, cpu: Duration) -> Result<Self> {
        burst.faults.check()?;
        ensure!(burst.deliveries > 0, "nothing was delivered");
        let deliveries = burst.deliveries as f64;
        Ok(Self {
            cpu_ns: cpu.as_nanos() as f64 / deliveries,
            per_second: deliveries / burst.seconds,
            per_read: deliveries / burst.reads.max(1) as f64,
            latency: burst.latency.clone(),
            lateness: burst.lateness.clone(),
        })
    }

    /// A quantile of the latency, in milliseconds.
    pub(crate) fn latency_ms(&self, part: f64) -> f64 {
        self.latency.value_at_quantile(part) as f64 / 1e6
    }
}

impl Outcome {
    /// Ours may not fail; another is named and left out.
    fn leave_out(&mut self, name: &str, error: anyhow::Error) -> Result<()> {
        if name.starts_with(OURS) {
            return Err(error.context(name.to_owned()));
        }
        eprintln!("    {name} is left out: {error:#}");
        self.left_out.push(format!("{name} ({error:#})"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Faults, durations};

    fn burst(deliveries: u64, lost: u64) -> Burst {
        let histogram = || durations().expect("a histogram");
        Burst {
            publishes: 1,
            deliveries,
            reads: 2,
            seconds: 0.5,
            latency: histogram(),
            lateness: histogram(),
            faults: Faults {
                lost,
                ..Faults::default()
            },
        }
    }

    #[test]
    fn a_burst_that_lost_something_has_no_figures() {
        let cpu = Duration::from_micros(100);
        let sample = Sample::of(&burst(10, 0), cpu).expect("all is well");
        assert_eq!((sample.cpu_ns, sample.per_second), (10_000.0, 20.0));
        assert!(Sample::of(&burst(10, 1), cpu).is_err());
        assert!(Sample::of(&burst(0, 0), cpu).is_err());
    }

    #[test]
    fn only_another_server_may_be_left_out() {
        let mut outcome = Outcome::default();
        let error = || anyhow::anyhow!("it fell over");
        assert!(outcome.leave_out("bun", error()).is_ok());
        assert_eq!(outcome.left_out, ["bun (it fell over)"]);
        assert!(outcome.leave_out(OURS, error()).is_err());
    }
}
