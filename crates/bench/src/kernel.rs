//! What is asked of the kernel beyond what std asks: cores, open files, and hard ends.
//!
//! The measurements run on Linux; elsewhere they only compile.

use std::io;

/// The cores that a measurement uses: one for the server, one for the load. Only where there are
/// two; on a single core nothing is pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) load: usize,
}

/// This thread's leave to run elsewhere, which comes back when this is dropped.
pub(crate) struct Pinned(#[cfg_attr(not(target_os = "linux"), expect(dead_code))] Leave);

impl Cores {
    /// The first two that this process may use.
    pub(crate) fn find() -> Option<Self> {
        let cores = cores();
        Some(Self {
            server: *cores.first()?,
            load: *cores.get(1)?,
        })
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::AsFd;
    use std::time::Duration;

    use rustix::net::sockopt::set_socket_linger;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::{Pinned, io};

    pub(super) type Leave = CpuSet;

    pub(super) fn cores() -> Vec<usize> {
        let Ok(set) = sched_getaffinity(None) else {
            return Vec::new();
        };
        (0..CpuSet::MAX_CPU)
            .filter(|&core| set.is_set(core))
            .collect()
    }

    /// Keeps this thread on a core. What it starts meanwhile stays there for good.
    pub(crate) fn pin(core: usize) -> io::Result<Pinned> {
        let leave = sched_getaffinity(None)?;
        let mut set = CpuSet::new();
        set.set(core);
        sched_setaffinity(None, &set)?;
        Ok(Pinned(leave))
    }

    impl Drop for Pinned {
        fn drop(&mut self) {
            // It could be set before.
            let _ = sched_setaffinity(None, &self.0);
        }
    }

    /// Lets this process and what it starts open as many files as the system allows them, and
    /// tells how many that is.
    pub(crate) fn raise_files_max() -> io::Result<u64> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            ..limit
        };
        setrlimit(Resource::Nofile, raised)?;
        Ok(limit.maximum.unwrap_or(u64::MAX))
    }

    /// Makes a connection end by a reset, so that its port is free at once.
    pub(crate) fn end_hard(stream: &impl AsFd) -> io::Result<()> {
        Ok(set_socket_linger(stream, Some(Duration::ZERO))?)
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::{Pinned, io};

    pub(super) type Leave = ();

    pub(super) fn cores() -> Vec<usize> {
        Vec::new()
    }

    pub(crate) fn pin(_: usize) -> io::Result<Pinned> {
        Ok(Pinned(()))
    }

    pub(crate) fn raise_files_max() -> io::Result<u64> {
        Ok(1024)
    }

    pub(crate) fn end_hard<T>(_: &T) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
use elsewhere::{Leave, cores};
#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{end_hard, pin, raise_files_max};
#[cfg(target_os = "linux")]
use linux::{Leave, cores};
#[cfg(target_os = "linux")]
pub(crate) use linux::{end_hard, pin, raise_files_max};
