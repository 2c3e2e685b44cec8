//! Reading a log: pages, and what a reader has missed.

use trunkline_protocol::frame::PAGE_MAX;
use trunkline_protocol::{Delivery, Gap, GapCause, Offset, Payload, Position, Publication};

use super::{Log, PAGE_LEN_MAX};

/// Kept publications, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The publications, at most [`PAGE_MAX`] and about [`PAGE_LEN_MAX`] bytes.
    pub publications: Vec<Publication>,
    /// The oldest offset that the log keeps; above `head` when it keeps nothing.
    pub first: Offset,
    /// The newest offset that the log has given.
    pub head: Offset,
}

/// The answer to "what did I miss since then?".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What is missing for ever, if something is.
    pub gap: Option<Gap>,
    /// The event at the reader's position, if nothing is missing and it is kept. Compare it with the
    /// reader's [`Proof`](crate::Proof), if there is one.
    pub known: Option<Payload>,
    /// The offset after which the page begins.
    pub after: Offset,
    /// The first of what was missed, or of what is left to show.
    pub page: Page,
}

impl Recovery {
    /// Recovers a reader whose position or event a history never had: a gap says that the history is
    /// another one, and what is kept of it follows. `kept` is the oldest page.
    pub fn of_another_branch(kept: Page) -> Self {
        Self {
            gap: Some(Gap {
                from: 1,
                to: 0,
                count: 0,
                cause: GapCause::Epoch,
            }),
            known: None,
            after: kept.first.saturating_sub(1),
            page: kept,
        }
    }
}

impl Log {
    /// The newest `count` kept publications, or the newest that fit into a page. A run, which is no
    /// use without its keyframe, is read from there on, whatever the count is, unless that is 0.
    pub fn newest(&self, count: usize) -> Page {
        match self.delivery {
            Delivery::Keyframed { .. } if count > 0 => self.after(self.first() - 1, PAGE_MAX),
            Delivery::Keyframed { .. }
            | Delivery::Log { .. }
            | Delivery::Latest { .. }
            | Delivery::Volatile => self.before(Offset::MAX, count),
        }
    }

    /// The newest kept publications below `offset`, at most `count`.
    pub fn before(&self, offset: Offset, count: usize) -> Page {
        let mut publications = Vec::new();
        let mut len = 0;
        for (_, kept) in self.kept.range(..offset).rev().take(count.min(PAGE_MAX)) {
            len += kept.publication.event.len();
            if len > PAGE_LEN_MAX && !publications.is_empty() {
                break;
            }
            publications.push(kept.publication.clone());
        }
        publications.reverse();
        Page {
            publications,
            first: self.first(),
            head: self.head,
        }
    }

    /// The oldest kept publications above `offset`, at most `count`.
    pub fn after(&self, offset: Offset, count: usize) -> Page {
        let mut publications = Vec::new();
        let mut len = 0;
        for (_, kept) in self
            .kept
            .range(offset.saturating_add(1)..)
            .take(count.min(PAGE_MAX))
        {
            len += kept.publication.event.len();
            if len > PAGE_LEN_MAX && !publications.is_empty() {
                break;
            }
            publications.push(kept.publication.clone());
        }
        Page {
            publications,
            first: self.first(),
            head: self.head,
        }
    }

    /// Tells what a reader at `since` has missed.
    ///
    /// Either everything is kept and the page begins it, or there is a gap and the page begins
    /// what is left. A position that this log never gave counts as one of another epoch.
    pub fn recover(&self, since: Position) -> Recovery {
        if since.epoch != self.epoch || since.offset > self.head {
            return Recovery::of_another_branch(self.after(0, PAGE_MAX));
        }
        if since.offset + 1 >= self.first() {
            let page = self.after(since.offset, PAGE_MAX);
            return Recovery {
                gap: None,
                known: self.get(since.offset).map(|it| it.event.clone()),
                after: since.offset,
                page,
            };
        }
        let (from, to) = (since.offset + 1, self.first() - 1);
        self.after_a_gap(
            Gap {
                from,
                to,
                count: to - from + 1,
                cause: GapCause::Retention,
            },
            to,
        )
    }

    fn after_a_gap(&self, gap: Gap, lost: Offset) -> Recovery {
        let after = lost.max(self.first() - 1);
        Recovery {
            gap: Some(gap),
            known: None,
            after,
            page: self.after(after, PAGE_MAX),
        }
    }
}
