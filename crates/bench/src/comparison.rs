//! A comparison: what a contest found, as tables, figures, and ratios beside their targets.

use hdrhistogram::Histogram;
use serde_json::json;

use crate::contest::{Course, Outcome, Sample};
use crate::load::durations;
use crate::report::{Report, Verdict};
use crate::spread::Spread;
use crate::table::Table;

/// What ours should cost at most, as a part of what another costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// The other.
    pub(crate) other: &'static str,
    /// What is compared.
    pub(crate) measure: Measure,
    /// Nothing where it is only told.
    pub(crate) at_most: Option<f64>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// The server's processor time for each unit.
    Cpu,
    /// The median latency.
    P50,
    /// The latency of one in a hundred.
    P99,
}

impl Goal {
    /// A goal for the processor time.
    pub(crate) const fn cpu(other: &'static str, at_most: f64) -> Self {
        Self {
            other,
            measure: Measure::Cpu,
            at_most: Some(at_most),
        }
    }

    /// A goal for the latency.
    pub(crate) const fn latency(other: &'static str, measure: Measure, at_most: f64) -> Self {
        Self {
            other,
            measure,
            at_most: Some(at_most),
        }
    }

    /// No goal: the ratio is told.
    pub(crate) const fn told(other: &'static str, measure: Measure) -> Self {
        Self {
            other,
            measure,
            at_most: None,
        }
    }
}

impl Measure {
    fn of(self, sample: &Sample) -> f64 {
        match self {
            Self::Cpu => sample.cpu_ns,
            Self::P50 => sample.latency_ms(0.5),
            Self::P99 => sample.latency_ms(0.99),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "",
            Self::P50 => ", p50",
            Self::P99 => ", p99",
        }
    }
}

/// Tells what was found: `title` says under which load, `unit` what is counted.
pub(crate) fn tell(
    report: &mut Report,
    title: &str,
    unit: &str,
    outcome: &Outcome,
    goals: &[Goal],
) {
    let per_second = format!("{unit} per second");
    let head = [
        "contender",
        "CPU ns, quartile 1",
        "median",
        "quartile 3",
        &per_second,
        "in a read",
        "p50 ms",
        "p99 ms",
        "load late p99 ms",
    ];
    let mut table = Table::new(&head);
    for course in courses(outcome) {
        table.row(cells(course));
        report.figure(format!("{title}: {}", course.name), json(course));
    }
    report.table(
        format!("{title}; CPU is the server's processor time, divided by all {unit}:"),
        table,
    );
    report.verdicts(
        format!("{title}: ratios, taken within each round"),
        verdicts(title, outcome, goals),
    );
    if !outcome.left_out.is_empty() {
        report.note(format!("Left out: {}.", outcome.left_out.join("; ")));
    }
}

/// Each contender once: ours from the first heat.
fn courses(outcome: &Outcome) -> impl Iterator<Item = &Course> {
    let heats = outcome.heats.iter().enumerate();
    heats.flat_map(|(heat, courses)| courses.iter().skip(usize::from(heat > 0)))
}

/// Ours divided by each other, in its own heat.
fn verdicts(title: &str, outcome: &Outcome, goals: &[Goal]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for heat in &outcome.heats {
        let Some((ours, others)) = heat.split_first() else {
            continue;
        };
        for other in others {
            let of_other = |goal: &&Goal| goal.other == other.name;
            let mut wanted: Vec<(Measure, Option<f64>)> = goals
                .iter()
                .filter(of_other)
                .map(|goal| (goal.measure, goal.at_most))
                .collect();
            if !wanted.iter().any(|(measure, _)| *measure == Measure::Cpu) {
                wanted.insert(0, (Measure::Cpu, None));
            }
            for (measure, at_most) in wanted {
                let of = |course: &Course| -> Vec<f64> {
                    course.samples.iter().map(|it| measure.of(it)).collect()
                };
                let (mine, name) = (&ours.name, &other.name);
                verdicts.push(Verdict {
                    label: format!("{title}: {mine} / {name}{}", measure.name()),
                    found: Spread::of_ratios(&of(ours), &of(other)),
                    at_most,
                    is_ratio: true,
                });
            }
        }
    }
    verdicts
}

fn spread(course: &Course, of: impl Fn(&Sample) -> f64) -> Spread {
    Spread::of(course.samples.iter().map(of))
}

fn cells(course: &Course) -> Vec<String> {
    let [low, median, high] = spread(course, |it| it.cpu_ns).cells(0);
    let per_second = spread(course, |it| it.per_second).median;
    let per_read = spread(course, |it| it.per_read).median;
    let latency = all(course, |it| &it.latency);
    let lateness = all(course, |it| &it.lateness);
    let late = match lateness.len() {
        0 => String::new(),
        _ => in_ms(&lateness, 0.99),
    };
    vec![
        course.name.clone(),
        low,
        median,
        high,
        format!("{per_second:.0}"),
        format!("{per_read:.1}"),
        in_ms(&latency, 0.5),
        in_ms(&latency, 0.99),
        late,
    ]
}

fn json(course: &Course) -> serde_json::Value {
    let latency = all(course, |it| &it.latency);
    json!({
        "cpu_ns": spread(course, |it| it.cpu_ns).json(),
        "per_second": spread(course, |it| it.per_second).json(),
        "per_read": spread(course, |it| it.per_read).json(),
        "p50_ns": latency.value_at_quantile(0.5),
        "p99_ns": latency.value_at_quantile(0.99),
        "max_ns": latency.max(),
    })
}

/// The histograms of all rounds together.
fn all(course: &Course, of: impl Fn(&Sample) -> &Histogram<u64>) -> Histogram<u64> {
    let mut samples = course.samples.iter().map(of);
    let Some(first) = samples.next() else {
        return durations().expect("its bounds are good");
    };
    samples.fold(first.clone(), |mut all, more| {
        // They have the same bounds.
        let _ = all.add(more);
        all
    })
}

fn in_ms(histogram: &Histogram<u64>, part: f64) -> String {
    format!("{:.2}", histogram.value_at_quantile(part) as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn course(name: &str, cpu_ns: &[f64]) -> Course {
        let sample = |cpu_ns: &f64| Sample {
            cpu_ns: *cpu_ns,
            per_second: 1.0,
            per_read: 1.0,
            latency: durations().expect("a histogram"),
            lateness: durations().expect("a histogram"),
        };
        Course {
            name: name.to_owned(),
            samples: cpu_ns.iter().map(sample).collect(),
        }
    }

    #[test]
    fn each_other_is_compared_in_its_own_heat() {
        let outcome = Outcome {
            heats: vec![
                vec![course("ours", &[10.0, 20.0]), course("bun", &[20.0, 40.0])],
                vec![course("ours", &[30.0]), course("ws", &[10.0])],
            ],
            left_out: Vec::new(),
        };
        let verdicts = verdicts("load", &outcome, &[Goal::cpu("bun", 0.4)]);
        let told: Vec<_> = verdicts
            .iter()
            .map(|it| (it.label.as_str(), it.found.median, it.met()))
            .collect();
        let expected = [
            ("load: ours / bun", 0.5, Some(false)),
            ("load: ours / ws", 3.0, None),
        ];
        assert_eq!(told, expected);
        let names: Vec<_> = courses(&outcome).map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["ours", "bun", "ws"]);
    }
}
