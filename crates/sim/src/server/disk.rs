//! The disk of the simulated broker: a commit takes time, and only what was committed survives.
//!
//! Like the real one it gives every event of a log its place, writes many of them at once, and
//! only then appends them to the log, fans them out and answers. A crash loses what waits, and of
//! the commit under way nobody knows whether it was kept.

use trunkline_hub::{Append, Extent, Kept, KeptId, Log, PublishKey, Stage, Staged};
use trunkline_protocol::{Codec, Epoch, Offset, Publication, RequestId};

use super::{ID_LIMITS, Server, Work};
use crate::event::Event;
use crate::network::LinkId;
use crate::setting::Setting;

/// How many events a log must have dropped before they are removed from the disk.
const TRIM_MIN: u64 = 8;

/// An event on its way to the disk.
#[derive(Clone, Debug)]
pub(super) struct Write {
    pub(super) topic: usize,
    pub(super) event: Event,
    pub(super) key: Option<PublishKey>,
    /// Who is to be told.
    pub(super) asked: Option<(LinkId, RequestId)>,
}

/// An event on the disk.
#[derive(Debug)]
struct Stored {
    kept: Kept,
    /// The command's id, unless it was removed.
    key: Option<PublishKey>,
    event: Event,
}

/// What the disk has of one topic.
#[derive(Debug, Default)]
struct Table {
    stored: Vec<Stored>,
    extent: Extent,
}

#[derive(Debug, Default)]
pub(super) struct Disk {
    waiting: Vec<Write>,
    committing: Vec<(Write, Stage)>,
    tables: Vec<Table>,
}

impl Disk {
    pub(super) fn new(topics: usize) -> Self {
        Self {
            tables: (0..topics).map(|_| Table::default()).collect(),
            ..Self::default()
        }
    }

    /// Forgets everything.
    pub(super) fn wipe(&mut self) {
        *self = Self::new(self.tables.len());
    }
}

fn append_of(write: &Write) -> Append {
    Append {
        key: write.key,
        event: write.event.payload(Codec::Bincode),
        conflation_key: None,
        keyframe: false,
    }
}

impl Server {
    /// Has an event of a log written.
    pub(super) fn write(&mut self, setting: &mut Setting, write: Write) {
        self.disk.waiting.push(write);
        if self.disk.committing.is_empty() {
            self.begin_commit(setting);
        }
    }

    fn begin_commit(&mut self, setting: &mut Setting) {
        let waiting = std::mem::take(&mut self.disk.waiting);
        if waiting.is_empty() {
            return;
        }
        let mut staged: Vec<Staged> = self.topics.iter().map(|_| Staged::default()).collect();
        for write in waiting {
            let log = &mut self.topics[write.topic].log;
            let now = setting.agenda.now();
            let stage = log.stage(now, &mut staged[write.topic], &append_of(&write));
            self.disk.committing.push((write, stage));
        }
        let takes = setting.random.between(0, setting.plan.commit_ms);
        self.put_work(setting, takes, Work::Committed);
    }

    /// What was written is on the disk: now others may learn of it.
    pub(super) fn end_commit(&mut self, setting: &mut Setting) {
        for (write, stage) in std::mem::take(&mut self.disk.committing) {
            let (offset, duplicate) = self.store(setting, &write, true);
            let there = match stage {
                Stage::New(at) => (at, false),
                Stage::Duplicate(at) => (at, true),
                Stage::NoRoom => {
                    setting.checker.has_no_room(write.topic);
                    continue;
                }
            };
            setting.checker.stands(there, (offset, duplicate));
            if let Some((link, id)) = write.asked {
                self.acknowledge(setting, (link, id), write.topic, (offset, duplicate));
            }
        }
        self.begin_commit(setting);
    }

    /// Puts an event into the log and on the disk.
    fn store(&mut self, setting: &mut Setting, write: &Write, fan_out: bool) -> (Offset, bool) {
        let now = setting.agenda.now();
        let (offset, duplicate) =
            self.take_event(setting, write.topic, write.key, &write.event, fan_out);
        if !duplicate {
            let kept = Kept {
                publication: Publication {
                    offset,
                    step: 1,
                    event: write.event.payload(Codec::Bincode),
                },
                at: now,
                conflation_key: None,
            };
            let log = &mut self.topics[write.topic].log;
            let table = &mut self.disk.tables[write.topic];
            table.stored.push(Stored {
                kept,
                key: write.key,
                event: write.event.clone(),
            });
            table.extent.head = offset;
            let trim = log.trim(&mut table.extent, TRIM_MIN);
            log.handle_trimmed(&trim);
            let needed = table.extent.first.min(table.extent.first_key);
            table.stored.retain_mut(|stored| {
                let offset = stored.kept.publication.offset;
                if trim.ids.binary_search(&offset).is_ok() {
                    stored.key = None;
                }
                offset >= needed
            });
        }
        (offset, duplicate)
    }

    /// The server died and starts from its disk, which may have lost its newest events.
    pub(super) fn restore(&mut self, setting: &mut Setting) {
        self.disk.waiting.clear();
        let reached_the_disk = setting.random.chance(500);
        for (write, _) in std::mem::take(&mut self.disk.committing) {
            if reached_the_disk {
                self.store(setting, &write, false);
            }
        }
        for at in 0..self.topics.len() {
            if !self.topics[at].delivery.is_log() {
                continue;
            }
            let epoch = self.topics[at].log.epoch();
            let table = &mut self.disk.tables[at];
            let loses = !table.stored.is_empty() && setting.random.chance(setting.plan.tail_losses);
            let epoch = if loses {
                let lost = setting.random.between(1, table.stored.len() as u64);
                table.stored.truncate(table.stored.len() - lost as usize);
                let extent = &mut table.extent;
                extent.head -= lost;
                extent.first = extent.first.min(extent.head + 1);
                extent.first_key = extent.first_key.min(extent.head + 1);
                Epoch(epoch.0 + 1)
            } else {
                epoch
            };
            self.reload(setting, at, epoch, loses);
        }
    }

    /// Rebuilds a log from what the disk has of it.
    fn reload(&mut self, setting: &mut Setting, at: usize, epoch: Epoch, is_new: bool) {
        let (topic, table) = (&mut self.topics[at], &self.disk.tables[at]);
        let (extent, head) = (table.extent, table.extent.head);
        let is_kept = |stored: &&Stored| stored.kept.publication.offset >= extent.first;
        let kept = table.stored.iter().filter(is_kept);
        let ids = table.stored.iter().filter_map(|stored| {
            let offset = stored.kept.publication.offset;
            let key = stored.key.filter(|_| offset >= extent.first_key)?;
            let at = stored.kept.at;
            Some(KeptId { offset, key, at })
        });
        let kept = kept.map(|stored| stored.kept.clone());
        let restored = Log::restore((epoch, topic.delivery), extent, kept, ids);
        setting.checker.restored(at, restored.is_ok());
        let Ok(log) = restored else { return };
        let mut log = log.with_id_limits(ID_LIMITS);
        log.expire(setting.agenda.now());
        topic.log = log;
        if is_new {
            let ledger = &mut setting.checker.ledger;
            let first = table.stored.first();
            let first = first.map_or(head + 1, |stored| stored.kept.publication.offset);
            ledger.begin(at, epoch, first);
            for stored in &table.stored {
                let offset = stored.kept.publication.offset;
                setting.checker.appended(at, epoch, offset, &stored.event);
            }
        }
        setting.checker.survived(at, epoch, head);
        let first = topic.log.first();
        setting.checker.ledger.keeps(at, epoch, first);
    }
}
