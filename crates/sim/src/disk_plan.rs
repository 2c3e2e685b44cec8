//! The plan for the disk and the clock of a run: which of their faults strike, and how often.

use crate::random::Random;

/// A fault of the disk, the kernel, the clock or the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiskFault {
    /// The next syncs fail, and the kernel marks the pages clean.
    FailedSync,
    /// The device acknowledges syncs and keeps nothing, until a power cut shows it.
    LyingSync,
    /// The power fails: writes that were not synced are lost or torn.
    PowerCut,
    /// Clean pages leave the page cache.
    CacheDrop,
    /// A bit flips in a record, in a journal or in the watermark.
    BitFlip,
    /// A record is gone.
    LostRecord,
    /// A record reads as it was before it was replaced.
    StaleRead,
    /// Two records stand in each other's place.
    Misdirected,
    /// Calls fail for a while, and work later.
    PassingErrors,
    /// There is no space for a while.
    NoSpace,
    /// The clock is hours or years off after a restart.
    ClockJump,
    /// The watermark is deleted.
    WatermarkLoss,
    /// An operator takes a snapshot.
    Snapshot,
    /// An operator restores a snapshot.
    Restore,
    /// A log is read again from the disk.
    ColdRead,
}

impl DiskFault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::FailedSync,
        Self::LyingSync,
        Self::PowerCut,
        Self::CacheDrop,
        Self::BitFlip,
        Self::LostRecord,
        Self::StaleRead,
        Self::Misdirected,
        Self::PassingErrors,
        Self::NoSpace,
        Self::ClockJump,
        Self::WatermarkLoss,
        Self::Snapshot,
        Self::Restore,
        Self::ColdRead,
    ];

    /// The name of the fault.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FailedSync => "failed sync",
            Self::LyingSync => "lying sync",
            Self::PowerCut => "power cut",
            Self::CacheDrop => "cache drop",
            Self::BitFlip => "bit flip",
            Self::LostRecord => "lost record",
            Self::StaleRead => "stale read",
            Self::Misdirected => "misdirected",
            Self::PassingErrors => "passing errors",
            Self::NoSpace => "no space",
            Self::ClockJump => "clock jump",
            Self::WatermarkLoss => "watermark loss",
            Self::Snapshot => "snapshot",
            Self::Restore => "restore",
            Self::ColdRead => "cold read",
        }
    }
}

/// Behaviour of the disk of a run.
#[derive(Clone, Debug, Default)]
pub struct DiskPlan {
    /// The faults that strike.
    pub faults: Vec<DiskFault>,
    /// The mean time between two of them, in milliseconds; 0 for never.
    pub every_ms: u64,
    /// The number of commits in a journal before it is moved into tables.
    pub journal_len_max: usize,
}

impl DiskPlan {
    /// A disk on which nothing fails.
    pub fn sound() -> Self {
        Self {
            journal_len_max: 40,
            ..Self::default()
        }
    }

    /// The disk of a seed: each fault is on or off. Drawn beside the rest of the plan, which stays
    /// as it is when faults are added here.
    pub(crate) fn of(seed: u64) -> Self {
        let random = &mut Random::new(seed ^ 0xd15c);
        let mut faults = DiskFault::ALL.to_vec();
        faults.retain(|_| random.chance(400));
        // A snapshot that nobody restores, and a restore without a snapshot, do nothing.
        if faults.contains(&DiskFault::Restore) && !faults.contains(&DiskFault::Snapshot) {
            faults.push(DiskFault::Snapshot);
        }
        Self {
            every_ms: if faults.is_empty() {
                0
            } else {
                random.between(300, 4_000)
            },
            faults,
            journal_len_max: random.pick(&[1, 4, 20, 100]),
        }
    }

    /// Returns true if nothing fails.
    pub(crate) fn is_sound(&self) -> bool {
        self.every_ms == 0
    }
}
