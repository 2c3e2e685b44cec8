//! Lineage: decides at opening whether a store continues what its readers know, or every topic
//! begins a new epoch.
//!
//! A position is only true as long as the store has every commit that it ever acknowledged. A store
//! that lost commits, or that is a copy of another one, would give the same offsets to other events.
//! The broker reads what it needs for [`Found`], asks [`Found::lineage`], and renews every epoch
//! before it serves or accepts anything if the answer is [`Lineage::Renewed`].

use std::fmt;

/// Content of the watermark file, which stands beside the store and has the number of its last
/// commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watermark {
    /// No such file.
    Missing,
    /// A file whose content is not what a store wrote.
    Damaged,
    /// The number of the last commit that may have been acknowledged.
    Commits(u64),
}

/// Relation of the store's folder to the identity record in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The store has no identity record: it is new, or older than these records.
    Missing,
    /// The marker file is the one that the record names.
    Same,
    /// The marker file is another one, or gone: the folder was copied or restored.
    Other,
}

/// State of a store as the broker finds it at opening, after the journal was replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The number of the last commit. `None` if the store holds no commit.
    pub commits: Option<u64>,
    /// The watermark beside the store.
    pub watermark: Watermark,
    /// Relation of the store's record of its folder to the folder.
    pub identity: Identity,
    /// True if an operator marked the store as restored from a backup.
    pub marked: bool,
    /// True if records were damaged that no topic has for itself: the topic records, the store's
    /// own records or the manifest. What is left of them may be older than what was acknowledged.
    pub damaged: bool,
}

/// Relation of a store to the positions that its readers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lineage {
    /// The store is empty and promised nothing before.
    New,
    /// The store has all it ever acknowledged: epochs stay.
    Same,
    /// Every topic gets a new epoch. What the store still has is kept.
    Renewed(Renewal),
}

/// The reason why every topic gets a new epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// An operator marked the store as restored.
    Marked,
    /// The folder is a copy.
    Copied,
    /// The store has commits and no identity record.
    NoIdentity,
    /// Records of the whole store were damaged.
    Damaged,
    /// The watermark promises commits that the store does not have.
    Behind {
        /// The number of missing commits.
        lost: u64,
    },
    /// The store has commits and no watermark.
    WatermarkMissing,
    /// The watermark cannot be read.
    WatermarkDamaged,
}

impl Found {
    /// Decides whether the store continues what its readers know.
    ///
    /// If several reasons for a renewal apply, the answer is the one that tells an operator most.
    pub fn lineage(&self) -> Lineage {
        let renewal = if self.marked {
            Renewal::Marked
        } else if self.damaged {
            Renewal::Damaged
        } else if self.identity == Identity::Other {
            Renewal::Copied
        } else {
            let commits = self.commits.unwrap_or(0);
            match self.watermark {
                Watermark::Commits(promised) if promised > commits => Renewal::Behind {
                    lost: promised - commits,
                },
                Watermark::Damaged => Renewal::WatermarkDamaged,
                Watermark::Missing | Watermark::Commits(_) if self.commits.is_none() => {
                    return Lineage::New;
                }
                Watermark::Missing => Renewal::WatermarkMissing,
                Watermark::Commits(_) if self.identity == Identity::Missing => Renewal::NoIdentity,
                Watermark::Commits(_) => return Lineage::Same,
            }
        };
        Lineage::Renewed(renewal)
    }

    /// Returns the number for the next commit: above all that the store has and all that the
    /// watermark promised, so that no two commits ever have one number.
    pub fn next_commit(&self) -> u64 {
        let promised = match self.watermark {
            Watermark::Commits(promised) => promised,
            Watermark::Missing | Watermark::Damaged => 0,
        };
        self.commits.unwrap_or(0).max(promised).saturating_add(1)
    }
}

impl fmt::Display for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marked => f.write_str("the store is marked as restored from a backup"),
            Self::Copied => f.write_str("the folder was copied or restored from a backup"),
            Self::NoIdentity => f.write_str("the store does not record which folder it belongs to"),
            Self::Damaged => f.write_str("records of the whole store are damaged"),
            Self::Behind { lost } => write!(f, "the last {lost} commits are missing"),
            Self::WatermarkMissing => f.write_str("the watermark file is missing"),
            Self::WatermarkDamaged => f.write_str("the watermark file is damaged"),
        }
    }
}

#[cfg(test)]
#[path = "lineage_tests.rs"]
mod tests;
