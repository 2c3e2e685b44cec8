//! Opening: seals the old journal, decides about the lineage, and reads what topics have.

use std::collections::BTreeMap;

use trunkline_hub::{Extent, Found, Identity, Kept, KeptId, Lineage, Log, StoreTime, Watermark};
use trunkline_protocol::{Codec, Delivery, Epoch, Moment, Offset, Publication};

use super::device::{Device, Unavailable, overlay};
use super::record::{Change, Key, Own, Record, TopicRecord};
use super::store::Store;
use crate::server::{ID_LIMITS, empty_log};

/// A topic as its records show it.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) log: Log,
    pub(super) extent: Extent,
    /// The epoch that its records were written in; none without a record.
    pub(super) written_in: Option<Epoch>,
}

/// A store that was opened.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) lineage: Lineage,
    /// By number; none for topics that are not logs.
    pub(super) topics: Vec<Option<Loaded>>,
}

/// Settings that the opening needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Deliveries of the topics.
    pub(super) deliveries: &'a [Delivery],
    /// A reading of the process's clock.
    pub(super) now: Moment,
}

/// The record of a topic.
#[derive(Clone, Copy, Debug)]
enum Header {
    Absent,
    Damaged,
    Whole(TopicRecord),
}

/// Opens the store, and gives epochs where others are needed.
pub(super) fn open(
    device: &mut Device,
    context: Context<'_>,
    epochs: &mut Epochs,
) -> Result<Opened, Unavailable> {
    device.open()?;
    let journal = seal(device)?;
    let own = match device.read(Key::Own..=Key::Own).next() {
        Some((_, Some(Record::Own(own)))) => Some(*own),
        _ => None,
    };
    let headers: Vec<Header> = (0..context.deliveries.len())
        .map(|topic| header(device, topic))
        .collect();
    let damaged = (own.is_none() && device.has_tables())
        || headers.iter().any(|it| matches!(it, Header::Damaged));
    let found = Found {
        commits: own.map(|own| own.commits),
        watermark: match device.watermark() {
            None => Watermark::Missing,
            Some(None) => Watermark::Damaged,
            Some(Some(commits)) => Watermark::Commits(commits),
        },
        identity: match own {
            None => Identity::Missing,
            Some(own) if own.identity == device.files.marker => Identity::Same,
            Some(_) => Identity::Other,
        },
        marked: device.files.marked,
        damaged,
    };
    let lineage = found.lineage();
    let renews = lineage != Lineage::Same;
    if renews {
        // A store of an older lineage does not belong to the new marker.
        device.renew_marker();
    }
    let time = own.map_or(Moment::default(), |own| own.time);
    let own = Own {
        commits: found.commits.unwrap_or(0),
        identity: device.files.marker,
        epoch: match own {
            Some(own) if !renews => own.epoch,
            _ => epochs.fresh(None),
        },
        time,
    };
    // Without a record it begins at zero: what is kept is deleted late rather than early.
    let clock = StoreTime::resume(Some(time), time, context.now);
    let mut store = Store::new(journal, own, clock);
    let mut changes = Vec::new();
    let mut topics = Vec::new();
    for (topic, header) in headers.into_iter().enumerate() {
        let delivery = context.deliveries[topic];
        if !delivery.is_log() {
            topics.push(None);
            continue;
        }
        let loaded = match header {
            Header::Absent => Loaded {
                log: empty_log(store.epoch(), delivery),
                extent: Extent::default(),
                written_in: None,
            },
            Header::Damaged => {
                let record = TopicRecord {
                    epoch: epochs.fresh(None),
                    extent: Extent::default(),
                };
                forget_all(device, topic, &mut changes);
                changes.push((Key::Topic(topic), Some(Record::Topic(record))));
                Loaded {
                    log: empty_log(record.epoch, delivery),
                    extent: record.extent,
                    written_in: None,
                }
            }
            Header::Whole(record) => load(
                device,
                (topic, delivery),
                record,
                renews,
                epochs,
                &mut changes,
            ),
        };
        topics.push(Some(loaded));
    }
    if renews || !changes.is_empty() {
        store.commit(device, found.next_commit(), changes, time)?;
    }
    // Otherwise a power cut would leave none, or one so old that an older store would pass.
    device.write_watermark(store.commits());
    device.sync_watermark()?;
    device.files.marked = false;
    Ok(Opened {
        store,
        lineage,
        topics,
    })
}

/// The epochs that were given. One that an opening committed before it failed is known here alone.
#[derive(Debug)]
pub(super) struct Epochs {
    last: u32,
    parents: BTreeMap<Epoch, Epoch>,
}

impl Epochs {
    /// Epochs above `last`.
    pub(super) fn after(last: u32) -> Self {
        Self {
            last,
            parents: BTreeMap::new(),
        }
    }

    /// Gives an epoch that was never given before, to what is left of `parent`.
    pub(super) fn fresh(&mut self, parent: Option<Epoch>) -> Epoch {
        self.last += 1;
        let epoch = Epoch(self.last);
        self.parents.extend(parent.map(|parent| (epoch, parent)));
        epoch
    }

    /// Returns the newest epoch that fits, of `epoch` and those that it comes from.
    pub(super) fn newest(&self, epoch: Epoch, fits: impl Fn(Epoch) -> bool) -> Option<Epoch> {
        let mut line = std::iter::successors(Some(epoch), |epoch| self.parents.get(epoch).copied());
        line.find(|epoch| fits(*epoch))
    }
}

/// Begins an empty journal, and moves what the older ones show into synced tables. Returns the
/// number of the empty one.
fn seal(device: &mut Device) -> Result<u64, Unavailable> {
    let journal = match device.newest_journal() {
        Some(newest) if device.journal_len(newest) == 0 => newest,
        newest => {
            let next = newest.unwrap_or(0) + 1;
            device.create_journal(next)?;
            next
        }
    };
    let mut memory = BTreeMap::new();
    for number in device.journals() {
        for commit in device.commits(number) {
            overlay(&mut memory, &commit.changes);
        }
    }
    if !memory.is_empty() {
        device.write_tables(&memory)?;
    }
    device.remove_journals_before(journal);
    Ok(journal)
}

fn header(device: &Device, topic: usize) -> Header {
    match device.read(Key::Topic(topic)..=Key::Topic(topic)).next() {
        None => Header::Absent,
        Some((_, Some(Record::Topic(record)))) => Header::Whole(*record),
        Some(_) => Header::Damaged,
    }
}

/// Reads a topic from the tables.
///
/// If something is damaged or missing, what follows the last of it is kept, in a new epoch. An
/// event whose message id was lost is not kept: its command would be taken twice.
pub(super) fn load(
    device: &Device,
    (topic, delivery): (usize, Delivery),
    record: TopicRecord,
    renews: bool,
    epochs: &mut Epochs,
    changes: &mut Vec<Change>,
) -> Loaded {
    let written_in = Some(record.epoch);
    let mut record = record;
    let damaged_at = damage(device, topic, record.extent);
    if let Some(damaged_at) = damaged_at {
        record.extent = record.extent.behind(damaged_at);
        forget(device, topic, 0..=damaged_at, changes);
    }
    if damaged_at.is_some() || renews {
        record.epoch = epochs.fresh(Some(record.epoch));
        changes.push((Key::Topic(topic), Some(Record::Topic(record))));
    }
    let TopicRecord { epoch, extent } = record;
    let (kept, ids) = contents(device, topic, extent);
    let log = Log::restore((epoch, delivery), extent, kept, ids);
    Loaded {
        log: log.map_or_else(
            |_| empty_log(epoch, delivery),
            |log| log.with_id_limits(ID_LIMITS),
        ),
        extent,
        written_in,
    }
}

/// Returns the highest offset at which something is damaged or missing.
fn damage(device: &Device, topic: usize, extent: Extent) -> Option<Offset> {
    let events = device
        .read(Key::Event(topic, extent.first)..=Key::Event(topic, Offset::MAX))
        .filter_map(|(key, record)| match key {
            Key::Event(_, offset) => Some((offset, matches!(record, Some(Record::Event(..))))),
            _ => None,
        });
    let mut damaged = extent.damaged_at(events);
    for (key, record) in
        device.read(Key::Command(topic, extent.first_key)..=Key::Command(topic, Offset::MAX))
    {
        let Key::Command(_, offset) = key else {
            continue;
        };
        if !matches!(record, Some(Record::Command(..))) || offset > extent.head {
            damaged = damaged.max(Some(offset));
        }
    }
    damaged
}

fn contents(device: &Device, topic: usize, extent: Extent) -> (Vec<Kept>, Vec<KeptId>) {
    let mut kept = Vec::new();
    for (key, record) in
        device.read(Key::Event(topic, extent.first)..=Key::Event(topic, Offset::MAX))
    {
        if let (Key::Event(_, offset), Some(Record::Event(event, at))) = (key, record) {
            kept.push(Kept {
                publication: Publication {
                    offset,
                    step: 1,
                    event: event.payload(Codec::Bincode),
                },
                at: *at,
                conflation_key: None,
            });
        }
    }
    let mut ids = Vec::new();
    for (key, record) in
        device.read(Key::Command(topic, extent.first_key)..=Key::Command(topic, Offset::MAX))
    {
        if let (Key::Command(_, offset), Some(Record::Command(key, at))) = (key, record) {
            let (key, at) = (*key, *at);
            ids.push(KeptId { offset, key, at });
        }
    }
    (kept, ids)
}

fn forget(
    device: &Device,
    topic: usize,
    offsets: std::ops::RangeInclusive<Offset>,
    changes: &mut Vec<Change>,
) {
    let (from, to) = (*offsets.start(), *offsets.end());
    let events = device.read(Key::Event(topic, from)..=Key::Event(topic, to));
    changes.extend(events.map(|(key, _)| (key, None)));
    let commands = device.read(Key::Command(topic, from)..=Key::Command(topic, to));
    changes.extend(commands.map(|(key, _)| (key, None)));
}

fn forget_all(device: &Device, topic: usize, changes: &mut Vec<Change>) {
    forget(device, topic, 0..=Offset::MAX, changes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_that_was_never_told_comes_from_one_that_was() {
        let mut epochs = Epochs::after(1);
        let committed = epochs.fresh(Some(Epoch(1)));
        let told = epochs.fresh(Some(committed));
        let newest = |epoch| epochs.newest(epoch, |epoch| epoch != committed);
        assert_eq!(
            (newest(told), newest(committed)),
            (Some(told), Some(Epoch(1)))
        );
        assert_eq!(epochs.newest(committed, |_| false), None);
    }
}
