//! The processor time of some threads of this process.

use std::time::Duration;

/// What threads whose names begin with `name` have used since they began. Nothing where the system
/// has no such accounts; Linux has them.
pub(super) fn of_threads(name: &str) -> Option<Duration> {
    let mut nanos = 0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let folder = thread.ok()?.path();
        // A thread that has ended since is not one of those that are asked for.
        let Ok(of) = std::fs::read_to_string(folder.join("comm")) else {
            continue;
        };
        if of.starts_with(name) {
            let accounts = std::fs::read_to_string(folder.join("schedstat")).ok()?;
            let running = accounts.split(' ').next()?;
            nanos += running.parse::<u64>().ok()?;
        }
    }
    Some(Duration::from_nanos(nanos))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_is_charged_for_it() {
        let work = || {
            let so_far = || of_threads("lab-works-hard").expect("Linux tells");
            let before = so_far();
            // To look is work, and accounts are kept every few milliseconds.
            assert!(
                (0..100_000).any(|_| so_far() > before),
                "it is never charged"
            );
        };
        let thread = std::thread::Builder::new().name("lab-works-hard".into());
        thread
            .spawn(work)
            .expect("a thread")
            .join()
            .expect("it ends");
        assert_eq!(of_threads("lab-nobody"), Some(Duration::ZERO));
    }
}
