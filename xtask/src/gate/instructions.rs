//! Instructions of the rules' operations, counted by valgrind.
//!
//! A run is counted as a whole, so each operation is performed a number of times and twice that
//! number: the difference is free of what prepares it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process;
use crate::tools::valgrind;
use crate::workspace::Workspace;

const PACKAGE: &str = "trunkline-cost";

/// Counts all operations: name and instructions.
pub(crate) fn count(workspace: &Workspace) -> Result<Vec<(String, u64)>> {
    let counter = Counter {
        valgrind: &valgrind::ensure()?,
        program: &workspace.program("release", PACKAGE),
        log: &workspace.scratch()?.join("valgrind.log"),
    };
    process::run(
        workspace
            .cargo()
            .args(["build", "--release", "--package", PACKAGE]),
    )?;
    let list = process::capture(&mut process::command(counter.program))?;
    eprintln!(
        "==> counting instructions of {} operations",
        list.lines().count()
    );
    list.lines().map(|line| counter.cost(line)).collect()
}

struct Counter<'a> {
    valgrind: &'a Path,
    program: &'a Path,
    log: &'a Path,
}

impl Counter<'_> {
    /// The cost of one unit of an operation, from its line in the program's list.
    fn cost(&self, line: &str) -> Result<(String, u64)> {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[name, times, units] = &fields[..] else {
            anyhow::bail!("{PACKAGE} lists {line:?}, expected name, times and units");
        };
        let (times, units): (u64, u64) = (times.parse()?, units.parse()?);
        let (once, twice) = (self.run(name, times)?, self.run(name, 2 * times)?);
        let more = twice
            .checked_sub(once)
            .context("twice as often costs less")?;
        Ok((name.to_owned(), more / (times * units)))
    }

    fn run(&self, name: &str, times: u64) -> Result<u64> {
        let mut valgrind = process::command(self.valgrind);
        valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(format!("--log-file={}", self.log.display()))
            .arg(self.program)
            .args([name, &times.to_string()]);
        process::run(&mut valgrind)?;
        let log = fs::read_to_string(self.log).context("valgrind wrote no log")?;
        collected(&log).with_context(|| format!("valgrind told no number: {log}"))
    }
}

/// The number of instructions in what callgrind says at its end.
fn collected(log: &str) -> Option<u64> {
    let line = log.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_in_the_log() {
        let log = "==7== Callgrind, a call-graph generating cache profiler\n==7== \n\
                   ==7== Events    : Ir\n==7== Collected : 793965\n==7== \n";
        assert_eq!(collected(log), Some(793_965));
        assert_eq!(collected("==7== Events    : Ir\n"), None);
    }
}
