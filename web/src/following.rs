//! How a topic is that a page follows, by what its subscription tells.

use leptos::prelude::{GetUntracked, Set};
use trunkline_client::Update;
use trunkline_protocol::{ErrorCode, Topic};

/// How a topic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Following {
    /// It was asked for.
    Opening,
    /// Its events arrive.
    Here,
    /// The line is lost; it comes back by itself.
    Lost,
    /// The server refused it.
    Refused(ErrorCode),
    /// The server speaks another version than this page.
    Outdated,
}

impl Following {
    /// What an update says of its topic. Nothing if it is one of the topic's events, or who is there.
    fn of<T: Topic>(update: &Update<T>) -> Option<Self> {
        match update {
            Update::Subscribed { .. } => Some(Self::Here),
            Update::Lost => Some(Self::Lost),
            Update::Refused(error) if error.code == ErrorCode::ContractMismatch => {
                Some(Self::Outdated)
            }
            Update::Refused(error) => Some(Self::Refused(error.code)),
            Update::Unreadable { .. } => Some(Self::Outdated),
            Update::Event { .. }
            | Update::Gap(_)
            | Update::Members(_)
            | Update::Joined { .. }
            | Update::Left { .. } => None,
        }
    }

    /// Changes a signal if an update says another thing than it does.
    pub(crate) fn hear<T: Topic>(
        signal: &(impl GetUntracked<Value = Self> + Set<Value = Self>),
        update: &Update<T>,
    ) {
        if let Some(now) = Self::of(update)
            && signal.get_untracked() != now
        {
            signal.set(now);
        }
    }
}

/// Whether there is more to read before the oldest event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// Perhaps.
    Perhaps,
    /// It was asked for.
    Loading,
    /// No.
    None,
}
