//! Adopting: what a store brings back takes the place of the logs in memory, and is checked against
//! all that was ever told of them.

use trunkline_hub::{Lineage, Log};
use trunkline_protocol::{Codec, Delivery, Moment, Offset, Publication};

use super::opening::{self, Context, Loaded};
use super::record::{Key, Record};
use super::{Disk, ProcessClock, WALL_MS};
use crate::event::Event;
use crate::server::{Server, Work};
use crate::setting::Setting;

/// Tells whether readers are connected while a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    None,
    Connected,
}

impl Server {
    /// Starts the process. False if the store cannot be opened yet.
    pub(crate) fn start(&mut self, setting: &mut Setting) -> bool {
        if self.up {
            return true;
        }
        let now = setting.agenda.now();
        let wall = (WALL_MS + now.as_ms()).saturating_add_signed(self.disk.clock_error_ms);
        self.disk.clock = ProcessClock {
            started_at: now,
            wall_at_start: Moment::from_ms(wall),
        };
        self.up = self.open_store(setting, Readers::None);
        self.up
    }

    /// Opens a store that was closed while the process goes on.
    pub(in crate::server) fn reopen(&mut self, setting: &mut Setting) {
        if self.disk.store.is_none() && !self.open_store(setting, Readers::Connected) {
            self.put_work(setting, super::REOPEN_AFTER_MS, Work::Reopen);
        }
    }

    fn open_store(&mut self, setting: &mut Setting, readers: Readers) -> bool {
        let now = self.disk.clock.at(setting.agenda.now());
        let topics = self.topics.iter();
        let deliveries: Vec<Delivery> = topics.map(|topic| topic.delivery).collect();
        let context = Context {
            deliveries: &deliveries,
            now,
        };
        let Disk { device, epochs, .. } = &mut self.disk;
        let Ok(opened) = opening::open(device, context, epochs) else {
            setting.note("store stays closed", 0, [0, 0]);
            return false;
        };
        let what = match opened.lineage {
            Lineage::Same => "store opened",
            Lineage::New => "store made",
            Lineage::Renewed(_) => "store renewed",
        };
        setting.note(what, 0, [opened.store.commits(), 0]);
        self.disk.promised = opened.store.commits();
        self.disk.store = Some(opened.store);
        for (topic, loaded) in opened.topics.into_iter().enumerate() {
            if let Some(loaded) = loaded {
                self.adopt(setting, topic, loaded, readers);
            }
        }
        self.disk.harm = super::Harm::default();
        true
    }

    /// Puts a log that was read in the place of the one in memory.
    fn adopt(&mut self, setting: &mut Setting, topic: usize, loaded: Loaded, readers: Readers) {
        let Loaded {
            mut log,
            extent,
            written_in,
        } = loaded;
        let before = self.topics[topic].log.position();
        let kept = all_of(&log);
        let position = log.position();
        let at_ms = setting.agenda.now_ms();
        if position.epoch == before.epoch {
            setting.checker.goes_on(topic, position, &kept);
        } else {
            let harm = &self.disk.harm;
            let has_cause = harm.all || harm.topics.contains(&topic);
            let checker = &mut setting.checker;
            let told = |epoch| checker.knows(topic, epoch);
            let parent = written_in.and_then(|epoch| self.disk.epochs.newest(epoch, told));
            checker.renewed(topic, (parent, position), &kept, has_cause);
        }
        log.expire(self.log_time(setting, topic));
        setting
            .checker
            .keeps(topic, position.epoch, log.first(), at_ms);
        self.disk.extents[topic] = extent;
        self.topics[topic].log = log;
        if readers == Readers::None {
            return;
        }
        if position.epoch != before.epoch {
            let name = self.topics[topic].name.clone();
            self.hub.start_anew(setting.agenda.now(), &name);
            return self.after(setting);
        }
        // What the failed commit was able to keep is delivered late.
        for (publication, event) in kept {
            if publication.offset > before.offset {
                self.fan_out(setting, topic, publication, &event);
            }
        }
    }

    /// Reads a log that nothing is being written to again.
    pub(super) fn read_cold(&mut self, setting: &mut Setting, topic: usize) {
        let idle =
            !self.disk.is_committing() && self.topics[topic].fan_out_at <= setting.agenda.now_ms();
        let delivery = self.topics[topic].delivery;
        if !self.up || !idle || !delivery.is_log() {
            return;
        }
        let now = self.disk.clock.at(setting.agenda.now());
        let Disk {
            device,
            store,
            epochs,
            ..
        } = &mut self.disk;
        let Some(open) = store.as_mut() else { return };
        if open.flush_all(device).is_err() {
            return self.close_store(setting);
        }
        let record = match device.read(Key::Topic(topic)..=Key::Topic(topic)).next() {
            Some((_, Some(Record::Topic(record)))) => *record,
            // Found at the next opening.
            _ => return,
        };
        let mut changes = Vec::new();
        let loaded = opening::load(
            device,
            (topic, delivery),
            record,
            false,
            epochs,
            &mut changes,
        );
        let time = open.time(now);
        if !changes.is_empty()
            && open
                .commit(device, open.commits() + 1, changes, time)
                .is_err()
        {
            return self.close_store(setting);
        }
        self.disk.promised = open.commits();
        self.adopt(setting, topic, loaded, Readers::Connected);
    }

    /// The run is over: the power fails once more, and everything must be there.
    pub(crate) fn prove_durable(&mut self, setting: &mut Setting) {
        self.stop_store();
        self.disk.device.cut_power();
        let opened = self.open_store(setting, Readers::None);
        setting.checker.restored(opened);
    }
}

/// The publications of a log, with the events that they carry.
fn all_of(log: &Log) -> Vec<(Publication, Event)> {
    let offsets = log.first()..=log.head();
    let publications = offsets.filter_map(|offset: Offset| log.get(offset).cloned());
    publications
        .filter_map(|it| {
            let event = Event::read(Codec::Bincode, it.event.as_bytes())?;
            Some((it, event))
        })
        .collect()
}
