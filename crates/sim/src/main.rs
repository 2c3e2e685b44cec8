//! Runs seeds of the simulator: one, a number of them, or as many as fit into some seconds or bring
//! a number of deliveries.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use trunkline_sim::{Outcome, Plan, World};

const USAGE: &str = "usage: trunkline-sim [--seed N] [--seeds COUNT] [--secs S] [--deliveries D]
                     [--threads T] [--last STEPS]

  --seed N        run only this seed, or begin with it when there is a count, a time or a number
                  of deliveries
  --seeds COUNT   run so many seeds
  --secs S        run seeds for so many seconds (10 unless told otherwise)
  --deliveries D  run seeds until so many deliveries were checked
  --threads T     run so many seeds at once (1 unless told otherwise)
  --last STEPS    show so many of the last steps before a failure (60 unless told otherwise)";

/// The pause between two lines that tell how far a long run is.
const TELL_EVERY: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    match Wish::read(std::env::args().skip(1)) {
        Ok(wish) => wish.run(),
        Err(message) => {
            eprintln!("{message}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

#[derive(Debug)]
struct Wish {
    first: u64,
    seeds: u64,
    time: Duration,
    deliveries: u64,
    threads: u64,
    last: usize,
}

/// Sums of all runs so far.
#[derive(Debug, Default)]
struct Tally {
    seeds: u64,
    steps: u64,
    deliveries: u64,
    virtual_ms: u64,
    struck: BTreeMap<&'static str, u64>,
    /// The seeds that failed, with what is told of each.
    failed: BTreeMap<u64, String>,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut seeds, mut secs, mut last) = (None, None, None, None);
        let (mut deliveries, mut threads) = (None, None);
        while let Some(name) = arguments.next() {
            let slot = match name.as_str() {
                "--seed" => &mut seed,
                "--seeds" => &mut seeds,
                "--secs" => &mut secs,
                "--deliveries" => &mut deliveries,
                "--threads" => &mut threads,
                "--last" => &mut last,
                _ => return Err(format!("unknown argument {name:?}")),
            };
            let value = arguments
                .next()
                .ok_or_else(|| format!("{name} needs a number"))?;
            *slot = Some(
                value
                    .parse::<u64>()
                    .map_err(|_| format!("{name} needs a number, not {value:?}"))?,
            );
        }
        let open_ended = seeds.is_none() && secs.is_none() && deliveries.is_none();
        let seeds_max = if open_ended && seed.is_some() {
            1
        } else {
            seeds.unwrap_or(u64::MAX)
        };
        let secs_max = secs.unwrap_or(if open_ended && seed.is_none() {
            10
        } else {
            u64::from(u32::MAX)
        });
        Ok(Self {
            first: seed.unwrap_or(0),
            seeds: seeds_max,
            time: Duration::from_secs(secs_max),
            deliveries: deliveries.unwrap_or(u64::MAX),
            threads: threads.unwrap_or(1).max(1),
            last: last.unwrap_or(60) as usize,
        })
    }

    fn run(&self) -> ExitCode {
        let started = Instant::now();
        let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| self.work(started, &next, &tally));
            }
        });
        let tally = tally.into_inner().unwrap_or_else(|it| it.into_inner());
        for told in tally.failed.values() {
            println!("{told}");
        }
        println!("{}", tally.told(started.elapsed()));
        for (fault, count) in &tally.struck {
            println!("  {fault:<16} {count:>9}");
        }
        if tally.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// Runs one seed after the other, until there are enough or one fails.
    fn work(&self, started: Instant, next: &AtomicU64, tally: &Mutex<Tally>) {
        let mut told_at = started;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= self.seeds || started.elapsed() >= self.time {
                return;
            }
            let seed = self.first.wrapping_add(number);
            let outcome = std::panic::catch_unwind(|| {
                World::new(Plan {
                    last: self.last,
                    ..trunkline_sim::plan(seed)
                })
                .run()
            });
            let mut tally = tally.lock().unwrap_or_else(|it| it.into_inner());
            match outcome {
                Ok(outcome) => tally.add(seed, &outcome),
                Err(_) => {
                    let told =
                        format!("seed {seed}: panic\nreplay with: cargo xtask sim --seed {seed}");
                    tally.failed.insert(seed, told);
                }
            }
            if !tally.failed.is_empty() || tally.deliveries >= self.deliveries {
                return;
            }
            if told_at.elapsed() >= TELL_EVERY {
                told_at = Instant::now();
                eprintln!("{}", tally.told(started.elapsed()));
            }
        }
    }
}

impl Tally {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.steps += outcome.steps;
        self.deliveries += outcome.deliveries;
        self.virtual_ms += outcome.virtual_ms;
        for (fault, count) in &outcome.struck {
            *self.struck.entry(fault).or_default() += count;
        }
        if let Some(failure) = &outcome.failure {
            self.failed.insert(seed, failure.to_string());
        }
    }

    fn told(&self, elapsed: Duration) -> String {
        let secs = elapsed.as_secs_f64();
        let faults: u64 = self.struck.values().sum();
        format!(
            "{} seeds in {secs:.1} s ({:.0} per second): {} steps, {} deliveries ({:.0} per \
             second), {faults} faults, {:.1} hours of their time, {} violations",
            self.seeds,
            self.seeds as f64 / secs,
            self.steps,
            self.deliveries,
            self.deliveries as f64 / secs,
            self.virtual_ms as f64 / 3_600_000.0,
            self.failed.len()
        )
    }
}
