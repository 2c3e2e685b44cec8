//! Faults: which errors mean that files are not what was written, and which ones may pass.
//!
//! Only damage may set files aside. Anything else, such as too many open files or a full disk, can
//! be gone a second later: the store stays unavailable until then, and keeps all it has.

use std::fmt;
use std::io::{self, ErrorKind};

/// A part of the store that cannot be used.
#[derive(Debug)]
pub(in crate::broker::disk) enum Fault {
    /// The files are not what was written.
    Damaged(String),
    /// The operating system refused for now.
    Passing(io::Error),
}

pub(in crate::broker::disk) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(super) fn damaged(what: impl fmt::Display) -> Self {
        Self::Damaged(what.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(what) => write!(f, "damaged: {what}"),
            Self::Passing(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if tells_of_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Passing(error)
        }
    }
}

/// Tells whether an error says that files of the store are not what was written.
pub(in crate::broker::disk) fn is_damage(error: &anyhow::Error) -> bool {
    if let Some(fault) = error.downcast_ref::<Fault>() {
        return matches!(fault, Fault::Damaged(_));
    }
    let Some(error) = error.downcast_ref::<fjall::Error>() else {
        return false;
    };
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(lsm_tree::Error::Io(error)) => {
            tells_of_damage(error)
        }
        // Another process has the store, or a thread of the store failed for a reason that only
        // opening the store again will tell.
        fjall::Error::Locked | fjall::Error::Poisoned | fjall::Error::KeyspaceDeleted => false,
        _ => true,
    }
}

/// Tells whether a thread of the store has failed, so that it takes no more.
pub(in crate::broker::disk) fn is_poison(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(fjall::Error::Poisoned))
}

/// The kinds of errors with which a file that is short, missing or changed is reported. A file that
/// the store lists and that is not there does not come back by waiting. EINVAL comes from seeking
/// to the last bytes of a file that has fewer.
fn tells_of_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotFound
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(error: impl Into<fjall::Error>) -> bool {
        let error: fjall::Error = error.into();
        is_damage(&anyhow::Error::from(error).context("cannot open the history"))
    }

    #[test]
    fn only_changed_files_count_as_damage() {
        let io = |code| io::Error::from_raw_os_error(code);
        // EIO, EMFILE, ENOSPC, EACCES, ENOMEM, EROFS.
        for passing in [5, 24, 28, 13, 12, 30] {
            assert!(!of(io(passing)), "{passing}");
            assert!(!of(lsm_tree::Error::Io(io(passing))), "{passing}");
            assert!(matches!(Fault::from(io(passing)), Fault::Passing(_)));
        }
        for damage in [ErrorKind::UnexpectedEof, ErrorKind::NotFound] {
            assert!(of(lsm_tree::Error::Io(damage.into())), "{damage}");
        }
        assert!(of(lsm_tree::Error::InvalidTrailer));
        assert!(of(fjall::Error::Unrecoverable));
        assert!(!of(fjall::Error::Locked));
        assert!(!of(fjall::Error::Poisoned));
    }
}
