//! Values that wait to be fanned out: of each key the newest version, before anything is encoded.
//!
//! A version that another overtakes here costs a look-up and no byte. What was overtaken is counted,
//! so that it can be told.

use std::collections::BTreeMap;

use trunkline_protocol::{Gap, GapCause, Offset, Publication};

/// When values and their keys have this many bytes, they do not wait for their time. It bounds what
/// many keys can claim; a topic keeps no more than a few times as much.
pub(crate) const VALUES_LEN_MAX: usize = 1024 * 1024;

/// What a value costs besides its bytes, about.
const VALUE_COST: usize = 128;

/// The newest version of each value.
#[derive(Debug, Default)]
pub(crate) struct Values {
    newest: BTreeMap<Box<str>, Publication>,
    len: usize,
    /// The first offset that was put in.
    first: Offset,
    overtaken: Option<Gap>,
}

/// Values that were taken out.
pub(crate) struct Taken {
    /// In the order of their offsets.
    pub(crate) newest: Vec<Publication>,
    /// The first offset among them and those that they overtook.
    pub(crate) first: Offset,
    /// Those that they overtook.
    pub(crate) overtaken: Option<Gap>,
}

impl Values {
    pub(crate) fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len >= VALUES_LEN_MAX
    }

    /// Puts a version in, in place of an older one of the same key.
    pub(crate) fn put(&mut self, key: &str, publication: &Publication) {
        if self.newest.is_empty() {
            self.first = publication.offset;
        }
        self.len += publication.event.len();
        match self.newest.get_mut(key) {
            Some(older) => {
                self.len -= older.event.len();
                let offset = older.offset;
                *older = publication.clone();
                self.count(offset);
            }
            None => {
                self.len += key.len() + VALUE_COST;
                self.newest.insert(key.into(), publication.clone());
            }
        }
    }

    fn count(&mut self, overtaken: Offset) {
        let gap = self.overtaken.get_or_insert(Gap {
            from: overtaken,
            to: overtaken,
            count: 0,
            cause: GapCause::Conflated,
        });
        gap.from = gap.from.min(overtaken);
        gap.to = gap.to.max(overtaken);
        gap.count += 1;
    }

    /// Takes all that is there.
    pub(crate) fn take(&mut self) -> Taken {
        let Self {
            newest,
            first,
            overtaken,
            ..
        } = std::mem::take(self);
        let mut newest: Vec<Publication> = newest.into_values().collect();
        newest.sort_unstable_by_key(|it| it.offset);
        Taken {
            newest,
            first,
            overtaken,
        }
    }
}
