//! What `/proc` tells of processes and of the machine.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel counts time in hundredths of a second, whatever the machine.
const TICK: Duration = Duration::from_millis(10);

/// How busy the machine was during a scenario, with it and with other work.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// The load averages of the last minute, at the begin and at the end.
    pub(crate) load: (f64, f64),
    /// The part of all processor time that went to other work, or to other machines on the same
    /// hardware.
    pub(crate) others: f64,
}

/// Watches the machine from its start on.
pub(crate) struct Watch {
    load: f64,
    times: Times,
}

#[derive(Clone, Copy)]
struct Times {
    all: u64,
    idle: u64,
    own: Duration,
}

impl Watch {
    pub(crate) fn start() -> Result<Self> {
        Ok(Self {
            load: load()?,
            times: times()?,
        })
    }

    /// Call it when the servers have ended: their time counts as ours from then on.
    pub(crate) fn stop(self) -> Result<Machine> {
        let (before, after) = (self.times, times()?);
        let all = (after.all - before.all).max(1) as f64;
        let idle = (after.idle - before.idle) as f64;
        let own = (after.own - before.own).as_secs_f64() / TICK.as_secs_f64();
        Ok(Machine {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load: (self.load, load()?),
            others: ((all - idle - own) / all).max(0.0),
        })
    }
}

/// The processor time that a process has used, by its id or as `self`.
pub(crate) fn cpu_of(process: &str) -> Result<Duration> {
    ticks(&read(&format!("/proc/{process}/stat"))?, 2).context("no processor time in /proc")
}

/// The resident memory of a process, in bytes.
pub(crate) fn resident_of(process: u32) -> Result<u64> {
    let status = read(&format!("/proc/{process}/status"))?;
    resident(&status).context("no resident memory in /proc")
}

/// The size of a folder on the disk, in bytes. Holes in files do not count.
pub(crate) fn folder_len(folder: &Path) -> Result<u64> {
    let mut len = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // A file may go while the store tidies up.
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        len += if metadata.is_dir() {
            folder_len(&entry.path())?
        } else {
            len_on_disk(&metadata)
        };
    }
    Ok(len)
}

#[cfg(unix)]
fn len_on_disk(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(metadata) * 512
}

#[cfg(not(unix))]
fn len_on_disk(metadata: &fs::Metadata) -> u64 {
    metadata.len()
}

/// The load average of the last minute.
fn load() -> Result<f64> {
    let text = read("/proc/loadavg")?;
    let first = text.split(' ').next().and_then(|it| it.parse().ok());
    first.context("no load in /proc")
}

fn times() -> Result<Times> {
    let stat = read("/proc/stat")?;
    let (all, idle) = machine_ticks(&stat).context("no times in /proc")?;
    // With the children that have ended.
    let own = ticks(&read("/proc/self/stat")?, 4).context("no processor time in /proc")?;
    Ok(Times { all, idle, own })
}

/// The first `fields` of: user, system, user of children, system of children.
fn ticks(stat: &str, fields: usize) -> Option<Duration> {
    // The program's name stands in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let values = rest.split_whitespace().skip(11).take(fields);
    let ticks: u32 = values.map(|it| it.parse().unwrap_or(0)).sum();
    Some(TICK * ticks)
}

fn machine_ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // Guests' time, the last two, is in the user's already.
    let values: Vec<u64> = line
        .split_whitespace()
        .take(8)
        .map(|it| it.parse().unwrap_or(0))
        .collect();
    Some((values.iter().sum(), values.get(3)? + values.get(4)?))
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 30 20 20 0 4";
        assert_eq!(ticks(stat, 2), Some(Duration::from_secs(2)));
        assert_eq!(ticks(stat, 4), Some(Duration::from_millis(2500)));
        assert_eq!(ticks("nothing", 2), None);
    }

    #[test]
    fn waiting_for_the_disk_is_idle() {
        let stat = "cpu  10 1 20 60 9 0 0 5 3 0\ncpu0 1 2 3\n";
        assert_eq!(machine_ticks(stat), Some((105, 69)));
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        let status = "VmHWM:\t  900 kB\nVmRSS:\t  12 kB\n";
        assert_eq!(resident(status), Some(12 * 1024));
        assert_eq!(resident("VmHWM:\t 1 kB\n"), None);
    }
}
