//! The broker of logs: a commit takes time, and only what was committed is told.
//!
//! Like the real one it gives every event of a log its place, writes many of them at once, and only
//! then appends them to the log, fans them out and answers. `device` is what may fail, `store` and
//! `opening` follow the procedure of the real store, `trouble` makes things fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use trunkline_hub::{Append, Extent, PublishKey, Stage, Staged, Trim};
use trunkline_protocol::{Codec, Error, ErrorCode, Moment, RequestId};

use super::{Server, Work};
use crate::event::Event;
use crate::network::LinkId;
use crate::random::Random;
use crate::setting::Setting;

mod adopting;
mod device;
mod opening;
mod record;
mod store;
mod trouble;

pub(crate) use trouble::stops_the_server;

use device::{Device, Image};
use opening::Epochs;
use record::{Change, Key, Record, TopicRecord};
use store::Store;

/// How many events a log must have dropped before they are removed from the disk.
const TRIM_MIN: u64 = 8;

/// The time before a store that failed is opened again. All that was committed before has been
/// fanned out by then.
const REOPEN_AFTER_MS: u64 = 1_000;

/// An event on its way to the disk.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) topic: usize,
    pub(super) event: Event,
    pub(super) key: Option<PublishKey>,
    /// The request that is to be answered.
    pub(super) asked: Option<(LinkId, RequestId)>,
}

/// Writes under way to the disk together.
#[derive(Debug, Default)]
struct Batch {
    writes: Vec<(Write, Stage)>,
    changes: Vec<Change>,
    extents: Vec<(usize, Extent, Trim)>,
    time: Moment,
}

/// Possible losses by the faults of a run, as the simulation knows and the server does not.
#[derive(Debug, Default)]
struct Harm {
    topics: BTreeSet<usize>,
    all: bool,
}

#[derive(Debug)]
pub(super) struct Disk {
    device: Device,
    /// None after a failure, until it is opened again.
    store: Option<Store>,
    waiting: Vec<Write>,
    committing: Batch,
    /// Extent of each topic in the store.
    extents: Vec<Extent>,
    /// The epochs that were given. Chance in the real store: it never gives one twice.
    epochs: Epochs,
    snapshots: Vec<Image>,
    harm: Harm,
    clock: ProcessClock,
    /// Error of the wall clock at the next start, in milliseconds.
    clock_error_ms: i64,
    /// The number of the last commit that was made in this lineage.
    promised: u64,
}

/// The clock of the server's process: the wall clock at its start, and monotonic from there.
#[derive(Clone, Copy, Debug, Default)]
struct ProcessClock {
    started_at: Moment,
    wall_at_start: Moment,
}

impl ProcessClock {
    fn at(self, now: Moment) -> Moment {
        self.wall_at_start + now.since(self.started_at)
    }
}

impl Disk {
    pub(super) fn new(seed: u64, topics: usize) -> Self {
        Self {
            device: Device::new(Random::new(seed ^ 0xd15c_d15c)),
            store: None,
            waiting: Vec::new(),
            committing: Batch::default(),
            extents: vec![Extent::default(); topics],
            epochs: Epochs::after(1),
            snapshots: Vec::new(),
            harm: Harm {
                all: true,
                ..Harm::default()
            },
            clock: ProcessClock {
                wall_at_start: Moment::from_ms(WALL_MS),
                ..ProcessClock::default()
            },
            clock_error_ms: 0,
            promised: 0,
        }
    }

    /// The store's own time; while it is closed, of no use.
    fn time(&self, now: Moment) -> Moment {
        let store = self.store.as_ref();
        store.map_or(Moment::default(), |store| store.time(self.clock.at(now)))
    }

    fn is_committing(&self) -> bool {
        !self.committing.writes.is_empty()
    }
}

/// The wall clock when a run begins: some year.
const WALL_MS: u64 = 1_800_000_000_000;

fn append_of(write: &Write) -> Append {
    Append {
        key: write.key,
        event: write.event.payload(Codec::Bincode),
        conflation_key: None,
        keyframe: false,
    }
}

impl Server {
    /// The time that a log's events are aged by.
    pub(super) fn log_time(&self, setting: &Setting, topic: usize) -> Moment {
        let now = setting.agenda.now();
        if self.topics[topic].delivery.is_log() {
            self.disk.time(now)
        } else {
            now
        }
    }

    /// Has an event of a log written.
    pub(super) fn write(&mut self, setting: &mut Setting, write: Write) {
        if self.disk.store.is_none() {
            return self.refuse_write(setting, &write);
        }
        self.disk.waiting.push(write);
        if !self.disk.is_committing() {
            self.begin_commit(setting);
        }
    }

    /// The store takes nothing now. The client sends the command again.
    fn refuse_write(&mut self, setting: &mut Setting, write: &Write) {
        if let Some((link, id)) = write.asked {
            let error = Error::new(ErrorCode::Unavailable, "");
            self.finish(link, |line| line.session.refuse(id, error));
            self.pump(setting, link);
        }
    }

    fn begin_commit(&mut self, setting: &mut Setting) {
        let waiting = std::mem::take(&mut self.disk.waiting);
        if waiting.is_empty() {
            return;
        }
        let time = self.disk.time(setting.agenda.now());
        let mut staged: Vec<Staged> = self.topics.iter().map(|_| Staged::default()).collect();
        let mut batch = Batch {
            time,
            ..Batch::default()
        };
        let mut extents = self.disk.extents.clone();
        for write in waiting {
            let topic = write.topic;
            let append = append_of(&write);
            let stage = self.topics[topic]
                .log
                .stage(time, &mut staged[topic], &append);
            if let Stage::New(offset) = stage {
                let at_ms = setting.agenda.now_ms();
                setting.checker.ledger.placed(topic, &write.event, at_ms);
                extents[topic].head = offset;
                let event = Record::Event(Arc::new(write.event.clone()), time);
                batch.changes.push((Key::Event(topic, offset), Some(event)));
                if let Some(key) = write.key {
                    let command = Record::Command(key, time);
                    let place = Key::Command(topic, offset);
                    batch.changes.push((place, Some(command)));
                }
            }
            batch.writes.push((write, stage));
        }
        for (topic, mut extent) in extents.into_iter().enumerate() {
            if extent.head == self.disk.extents[topic].head {
                continue;
            }
            let log = &self.topics[topic].log;
            let trim = log.trim(&mut extent, TRIM_MIN);
            let events = trim.events.clone();
            let events = events.map(|offset| Key::Event(topic, offset));
            let ids = trim.ids.iter().map(|&offset| Key::Command(topic, offset));
            let gone = events.chain(ids).map(|key| (key, None));
            batch.changes.extend(gone);
            let epoch = log.epoch();
            let record = Record::Topic(TopicRecord { epoch, extent });
            batch.changes.push((Key::Topic(topic), Some(record)));
            batch.extents.push((topic, extent, trim));
        }
        self.disk.committing = batch;
        let takes = setting.random.between(0, setting.plan.commit_ms);
        self.put_work(setting, takes, Work::Committed);
    }

    /// The commit is written and synced: if that works, others may learn of it.
    pub(super) fn end_commit(&mut self, setting: &mut Setting) {
        let Batch {
            writes,
            changes,
            extents,
            time,
        } = std::mem::take(&mut self.disk.committing);
        let Disk { device, store, .. } = &mut self.disk;
        let Some(open) = store.as_mut() else {
            return;
        };
        let committed = open.commit(device, open.commits() + 1, changes, time);
        if committed.is_err() {
            self.close_store(setting);
            for (write, _) in &writes {
                self.refuse_write(setting, write);
            }
            return;
        }
        self.disk.promised = open.commits();
        for (topic, extent, trim) in extents {
            self.disk.extents[topic] = extent;
            // Not before: after a failed commit, the store still has what the next trim must name.
            self.topics[topic].log.handle_trimmed(&trim);
        }
        for (write, stage) in writes {
            let (event, topic) = (&write.event, write.topic);
            let there = match stage {
                Stage::New(at) => (at, false),
                Stage::Duplicate(at) => (at, true),
                Stage::NoRoom => {
                    setting.checker.has_no_room(topic);
                    continue;
                }
            };
            let taken = self.take_event(setting, (topic, time), write.key, event);
            setting.checker.stands(there, taken);
            if let Some(asked) = write.asked {
                self.acknowledge(setting, asked, topic, taken);
            }
        }
        let Disk { device, store, .. } = &mut self.disk;
        let flushed = match store {
            Some(open) => open.flush(device, setting.plan.disk.journal_len_max),
            None => Ok(()),
        };
        if flushed.is_err() {
            return self.close_store(setting);
        }
        self.begin_commit(setting);
    }

    /// Gives the store up until it can be opened again. What waits is refused; reads go on.
    fn close_store(&mut self, setting: &mut Setting) {
        self.disk.store = None;
        setting.note("store closed", 0, [0, 0]);
        self.put_work(setting, REOPEN_AFTER_MS, Work::Reopen);
        for write in std::mem::take(&mut self.disk.waiting) {
            self.refuse_write(setting, &write);
        }
    }

    /// The process ends. Of the commit under way, a part may have been written.
    pub(super) fn stop_store(&mut self) {
        let batch = std::mem::take(&mut self.disk.committing);
        let Disk {
            device,
            store,
            waiting,
            ..
        } = &mut self.disk;
        waiting.clear();
        if let Some(mut open) = store.take()
            && !batch.writes.is_empty()
            && device.random.chance(500)
        {
            let _ = open.append(device, open.commits() + 1, batch.changes, batch.time);
        }
    }
}
