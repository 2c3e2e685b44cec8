//! The processor time of a process to the nanosecond, from what the scheduler counts.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Reads the processor time of a process, thread by thread.
#[derive(Debug)]
pub(crate) struct CpuClock {
    process: u32,
    /// What each thread had used when it was last seen: a thread that has ended is not forgotten.
    threads: HashMap<String, u64>,
}

impl CpuClock {
    /// A clock for a process.
    pub(crate) fn new(process: u32) -> Self {
        Self {
            process,
            threads: HashMap::new(),
        }
    }

    /// What all its threads have used.
    pub(crate) fn read(&mut self) -> Result<Duration> {
        let folder = format!("/proc/{}/task", self.process);
        let threads = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
        for thread in threads {
            let thread = thread?;
            // It may end meanwhile.
            let Ok(text) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let used = on_cpu(&text).context("no processor time in schedstat")?;
            let name = thread.file_name().to_string_lossy().into_owned();
            self.threads.insert(name, used);
        }
        Ok(Duration::from_nanos(self.threads.values().sum()))
    }
}

/// The first of three numbers: nanoseconds on a processor.
fn on_cpu(schedstat: &str) -> Option<u64> {
    schedstat.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_is_the_time_on_a_processor() {
        assert_eq!(on_cpu("123456789 42 7\n"), Some(123_456_789));
        assert_eq!(on_cpu(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_has_ended_still_counts() {
        let mut clock = CpuClock::new(std::process::id());
        let (ask, asked) = std::sync::mpsc::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let start = std::time::Instant::now();
            while start.elapsed() < Duration::from_millis(20) {}
            let _ = tell.send(());
            let _ = asked.recv();
        });
        told.recv().expect("a thread");
        let with = clock.read().expect("a time");
        drop(ask);
        thread.join().expect("it ends");
        assert!(clock.read().expect("a time") >= with);
    }
}
