//! Runs seeds of the simulator: one, a number of them, or as many as fit into some seconds.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use trunkline_sim::{Plan, World};

const USAGE: &str = "usage: trunkline-sim [--seed N] [--seeds COUNT] [--secs S] [--last STEPS]

  --seed N       run only this seed, or begin with it when there is a count or a time
  --seeds COUNT  run so many seeds
  --secs S       run seeds for so many seconds (10 unless told otherwise)
  --last STEPS   show so many of the last steps before a failure (60 unless told otherwise)";

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
    last: usize,
}

impl Wish {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut seeds, mut secs, mut last) = (None, None, None, None);
        while let Some(name) = arguments.next() {
            let slot = match name.as_str() {
                "--seed" => &mut seed,
                "--seeds" => &mut seeds,
                "--secs" => &mut secs,
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
        let alone = seed.is_some() && seeds.is_none() && secs.is_none();
        let seeds_max = if alone { 1 } else { seeds.unwrap_or(u64::MAX) };
        let secs_max = secs.unwrap_or(if seeds_max == u64::MAX {
            10
        } else {
            u64::from(u32::MAX)
        });
        Ok(Self {
            first: seed.unwrap_or(0),
            seeds: seeds_max,
            time: Duration::from_secs(secs_max),
            last: last.unwrap_or(60) as usize,
        })
    }

    fn run(&self) -> ExitCode {
        let started = Instant::now();
        let (mut done, mut steps, mut deliveries, mut faults, mut virtual_ms) = (0, 0, 0, 0, 0);
        while done < self.seeds && started.elapsed() < self.time {
            let seed = self.first.wrapping_add(done);
            let outcome = std::panic::catch_unwind(|| {
                World::new(Plan {
                    last: self.last,
                    ..trunkline_sim::plan(seed)
                })
                .run()
            });
            let Ok(outcome) = outcome else {
                println!("seed {seed}: panic\nreplay with: cargo xtask sim --seed {seed}");
                return ExitCode::FAILURE;
            };
            if let Some(failure) = outcome.failure {
                println!("{failure}");
                println!("after {} seeds", done + 1);
                return ExitCode::FAILURE;
            }
            done += 1;
            steps += outcome.steps;
            deliveries += outcome.deliveries;
            faults += outcome.faults;
            virtual_ms += outcome.virtual_ms;
        }
        let secs = started.elapsed().as_secs_f64();
        println!(
            "{done} seeds held in {secs:.1} s ({:.0} per second): {steps} steps, {deliveries} deliveries, \
             {faults} faults, {:.1} hours of their time",
            done as f64 / secs,
            virtual_ms as f64 / 3_600_000.0
        );
        ExitCode::SUCCESS
    }
}
