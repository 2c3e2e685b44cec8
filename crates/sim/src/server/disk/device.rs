//! The device: what a power cut leaves, below a page cache that shows more than that.
//!
//! The files are those of a log-structured store: journals that grow, tables that are replaced as a
//! whole once they are synced, and a watermark and a marker beside them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use trunkline_protocol::Offset;

use super::record::{Change, Commit, Key, Record, Sealed};
use crate::random::Random;

/// An error of a call that may work later. Nothing is known to be damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unavailable;

/// A place in a journal.
#[derive(Clone, Debug)]
struct Block {
    /// Content of the device; none is a hole, or the part of a torn write.
    durable: Option<Sealed<Commit>>,
    /// Content that the page cache shows.
    cached: Option<Sealed<Commit>>,
    /// True if the kernel knows that the device does not have it yet.
    dirty: bool,
}

/// A record in the tables.
#[derive(Clone, Debug)]
struct Slot {
    now: Sealed<(Key, Record)>,
    /// The content that was replaced last.
    before: Option<Sealed<(Key, Record)>>,
}

/// All files.
#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    journals: BTreeMap<u64, Vec<Block>>,
    tables: BTreeMap<Key, Slot>,
    /// The watermark, on the device and in the page cache. It is synced at an opening only.
    watermark: Option<Sealed<u64>>,
    watermark_cached: Option<Sealed<u64>>,
    /// Inode and birth time of the marker file.
    pub(super) marker: u64,
    /// True if an operator marked the store as restored.
    pub(super) marked: bool,
}

/// Real contents of a device that acknowledges syncs and keeps nothing of them.
#[derive(Debug)]
struct Lie {
    kept: Image,
    commits: u64,
}

/// A disk, its file system and its page cache.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) files: Image,
    pub(super) random: Random,
    /// Nothing can be written that needs more space.
    pub(super) full: bool,
    /// So many syncs succeed before others fail.
    pub(super) good_syncs: u64,
    /// The next syncs after those fail.
    pub(super) failing_syncs: u64,
    /// Calls fail for now.
    pub(super) failing_calls: bool,
    /// The device acknowledges syncs and keeps nothing since this state.
    lies_since: Option<Box<Lie>>,
    /// The last marker that was made. No two files ever have one inode and birth time.
    markers: u64,
}

impl Image {
    /// Loses what the page cache has beyond the device. Of dirty pages some were written already.
    ///
    /// If rot is in a journal, the watermark is among those. With an older one nothing would tell a
    /// journal that ends in rot from one that ends in a torn write.
    fn lose_cache(&mut self, random: &mut Random) {
        let rotten = self.has_rotten_journal();
        for block in self.journals.values_mut().flatten() {
            if block.dirty && random.chance(500) {
                // A part of a torn write has no valid checksum: it reads as a hole.
                block.durable = block.cached.take().filter(|_| random.chance(700));
            }
            (block.cached, block.dirty) = (None, false);
        }
        if let Some(written) = self.watermark_cached.take()
            && (random.chance(500) || rotten)
        {
            self.watermark = Some(written);
        }
    }

    fn has_rotten_journal(&self) -> bool {
        let mut written = self.journals.values().flatten();
        written.any(|block| block.durable.as_ref().is_some_and(|it| it.read().is_none()))
    }

    fn shown_watermark(&self) -> Option<&Sealed<u64>> {
        self.watermark_cached.as_ref().or(self.watermark.as_ref())
    }

    pub(super) fn remove_watermark(&mut self) {
        (self.watermark, self.watermark_cached) = (None, None);
    }

    /// Returns these files with the folder of the store taken from `other`: the watermark and the
    /// marker stay. Who restores files syncs the disk.
    pub(super) fn with_store_of(&self, other: &Self) -> Self {
        Self {
            journals: other.journals.clone(),
            tables: other.tables.clone(),
            watermark: self.shown_watermark().cloned(),
            ..self.clone()
        }
    }
}

impl Device {
    pub(super) fn new(random: Random) -> Self {
        Self {
            files: Image::default(),
            random,
            full: false,
            good_syncs: 0,
            failing_syncs: 0,
            failing_calls: false,
            lies_since: None,
            markers: 0,
        }
    }

    /// Puts another marker file in the place of the present one.
    pub(super) fn renew_marker(&mut self) {
        self.markers += 1;
        self.files.marker = self.markers;
    }

    /// An operator puts other files in the place of the present ones.
    pub(super) fn replace(&mut self, files: Image) {
        self.files = files;
        self.lies_since = None;
    }

    /// Nothing fails any more.
    pub(super) fn heal(&mut self) {
        (self.full, self.failing_syncs, self.failing_calls) = (false, 0, false);
        self.lies_since = None;
    }

    fn call(&self) -> Result<(), Unavailable> {
        if self.failing_calls {
            return Err(Unavailable);
        }
        Ok(())
    }

    /// Checks that files can be opened and read.
    pub(super) fn open(&self) -> Result<(), Unavailable> {
        self.call()
    }

    fn allocate(&self) -> Result<(), Unavailable> {
        self.call()?;
        if self.full { Err(Unavailable) } else { Ok(()) }
    }

    /// Consumes one failure, if a sync is to fail.
    fn sync(&mut self) -> Result<(), Unavailable> {
        self.call()?;
        if self.good_syncs > 0 {
            self.good_syncs -= 1;
            return Ok(());
        }
        let fails = self.failing_syncs > 0;
        self.failing_syncs = self.failing_syncs.saturating_sub(1);
        if fails { Err(Unavailable) } else { Ok(()) }
    }

    /// Returns the number of the newest journal.
    pub(super) fn newest_journal(&self) -> Option<u64> {
        self.files.journals.last_key_value().map(|(it, _)| *it)
    }

    pub(super) fn journal_len(&self, number: u64) -> usize {
        self.files.journals.get(&number).map_or(0, Vec::len)
    }

    /// Creates an empty journal and syncs it and its folder.
    pub(super) fn create_journal(&mut self, number: u64) -> Result<(), Unavailable> {
        self.allocate()?;
        self.sync()?;
        self.files.journals.insert(number, Vec::new());
        Ok(())
    }

    /// Appends a commit to a journal, in the page cache.
    pub(super) fn append(&mut self, number: u64, commit: Commit) -> Result<(), Unavailable> {
        let fits = self.allocate();
        let journal = self.files.journals.entry(number).or_default();
        // A write that fails may have written a part, which reads as a hole.
        let written = fits.is_ok().then(|| Sealed::new(commit));
        journal.push(Block {
            durable: None,
            cached: written,
            dirty: true,
        });
        fits
    }

    /// Writes the dirty pages of a journal. If that fails, they count as clean all the same: the
    /// page cache shows them, and no later sync writes them.
    pub(super) fn sync_journal(&mut self, number: u64) -> Result<(), Unavailable> {
        let synced = self.sync();
        let journal = self.files.journals.entry(number).or_default();
        for block in journal.iter_mut().filter(|block| block.dirty) {
            if synced.is_ok() || self.random.chance(300) {
                block.durable.clone_from(&block.cached);
            }
            block.dirty = false;
        }
        synced
    }

    /// Returns the commits of a journal as the page cache shows them, up to the first one that is
    /// not what was written.
    pub(super) fn commits(&self, number: u64) -> impl Iterator<Item = &Commit> {
        let journal = self.files.journals.get(&number).into_iter().flatten();
        let shown = journal.map(|block| block.cached.as_ref().or(block.durable.as_ref()));
        shown.map_while(|block| block?.read())
    }

    pub(super) fn journals(&self) -> Vec<u64> {
        self.files.journals.keys().copied().collect()
    }

    pub(super) fn remove_journals_before(&mut self, number: u64) {
        self.files.journals = self.files.journals.split_off(&number);
    }

    /// Writes records into new table files, syncs them, and only then lets them take their place.
    pub(super) fn write_tables(
        &mut self,
        changes: &BTreeMap<Key, Option<Record>>,
    ) -> Result<(), Unavailable> {
        self.allocate()?;
        self.sync()?;
        for (key, record) in changes {
            let before = self.files.tables.remove(key);
            if let Some(record) = record {
                let slot = Slot {
                    now: Sealed::new((*key, record.clone())),
                    before: before.map(|it| it.now),
                };
                self.files.tables.insert(*key, slot);
            }
        }
        Ok(())
    }

    /// Reads records from the tables: none for each that is not what was written.
    pub(super) fn read(
        &self,
        range: RangeInclusive<Key>,
    ) -> impl Iterator<Item = (Key, Option<&Record>)> {
        self.files.tables.range(range).map(|(key, slot)| {
            let read = slot.now.read().filter(|(written_at, _)| written_at == key);
            (*key, read.map(|(_, record)| record))
        })
    }

    pub(super) fn has_tables(&self) -> bool {
        !self.files.tables.is_empty()
    }

    /// Returns the watermark: none if there is no file, an error if it is damaged.
    pub(super) fn watermark(&self) -> Option<Option<u64>> {
        let shown = self.files.shown_watermark();
        shown.map(|it| it.read().copied())
    }

    /// Notes the number of the last commit, in the page cache.
    pub(super) fn write_watermark(&mut self, commits: u64) {
        self.files.watermark_cached = Some(Sealed::new(commits));
    }

    pub(super) fn sync_watermark(&mut self) -> Result<(), Unavailable> {
        self.sync()?;
        self.files
            .watermark
            .clone_from(&self.files.watermark_cached);
        Ok(())
    }

    /// The power fails: what the device does not have is gone.
    ///
    /// Returns whether the device had acknowledged more than it kept. It then keeps the watermark
    /// of the present: without it, nothing on the device tells that something is missing. Nor does
    /// it tell if the numbers of commits began anew meanwhile, which takes the loss of both the
    /// watermark and the store's own record; then everything is kept.
    pub(super) fn cut_power(&mut self) -> bool {
        let promised = self.files.shown_watermark().cloned();
        let number = promised.as_ref().and_then(|it| it.read().copied());
        let lied = self.lies_since.take().filter(|lie| {
            let same_marker = lie.kept.marker == self.files.marker;
            number.is_none_or(|it| it > lie.commits || (it == lie.commits && same_marker))
        });
        let lies = lied.is_some();
        if let Some(lie) = lied {
            self.files = lie.kept;
        }
        self.files.lose_cache(&mut self.random);
        if lies {
            self.files.watermark = promised;
        }
        lies
    }

    /// From now on, the device acknowledges syncs and keeps nothing of them. `commits` is the number
    /// of the last commit.
    pub(super) fn begin_lying(&mut self, commits: u64) {
        if self.lies_since.is_none() {
            let kept = self.snapshot();
            self.lies_since = Some(Box::new(Lie { kept, commits }));
        }
    }

    /// Returns what a snapshot of the volume has now: the same as a power cut would leave.
    pub(super) fn snapshot(&mut self) -> Image {
        let mut files = self.files.clone();
        files.lose_cache(&mut self.random);
        files
    }

    /// The kernel needs memory: clean pages leave the cache.
    pub(super) fn drop_cache(&mut self) {
        let blocks = self.files.journals.values_mut().flatten();
        for block in blocks.filter(|block| !block.dirty) {
            block.cached = None;
        }
    }

    /// Picks a record of the tables.
    fn pick(&mut self, wanted: impl Fn(&Key, &Slot) -> bool) -> Option<Key> {
        let tables = self.files.tables.iter();
        let keys: Vec<Key> = tables
            .filter(|(key, slot)| wanted(key, slot))
            .map(|(key, _)| *key)
            .collect();
        (!keys.is_empty()).then(|| self.random.pick(&keys))
    }

    /// Tells whether the watermark shows that a store with fewer than `commits` is not whole. After
    /// a power cut it may promise less than there was, until the store is opened.
    pub(super) fn tells(&self, commits: u64) -> bool {
        let promised = self.watermark().flatten();
        promised.is_none_or(|promised| promised >= commits)
    }

    /// Flips a bit somewhere, but in a journal only where the watermark tells. Returns the record
    /// that it hit, or none if that was in a journal or in the watermark.
    pub(super) fn flip(&mut self, commits: u64) -> Option<Key> {
        let place = self.random.below(10);
        if place == 0 {
            if let Some(watermark) = &mut self.files.watermark {
                watermark.flip();
            }
            return None;
        }
        if place < 3 && self.tells(commits) {
            let blocks = self.files.journals.values_mut().flatten();
            let mut written: Vec<&mut Sealed<Commit>> =
                blocks.filter_map(|it| it.durable.as_mut()).collect();
            let at = self.random.below(written.len() as u64) as usize;
            if let Some(block) = written.get_mut(at) {
                block.flip();
            }
            return None;
        }
        let key = self.pick(|_, _| true)?;
        if let Some(slot) = self.files.tables.get_mut(&key) {
            slot.now.flip();
        }
        Some(key)
    }

    /// Returns the head of a topic as its record has it.
    fn head(&self, topic: usize) -> Option<Offset> {
        match self.files.tables.get(&Key::Topic(topic))?.now.read()? {
            (_, Record::Topic(record)) => Some(record.extent.head),
            _ => None,
        }
    }

    /// Loses an event from the tables. Not one beyond the head that its topic's record has, since it
    /// alone shows that the record is stale.
    pub(super) fn lose(&mut self) -> Option<Key> {
        let heads: BTreeMap<usize, Offset> = self
            .files
            .tables
            .range(Key::Topic(0)..=Key::Topic(usize::MAX))
            .filter_map(|(key, _)| match key {
                Key::Topic(topic) => Some((*topic, self.head(*topic)?)),
                _ => None,
            })
            .collect();
        let key = self.pick(|key, _| match key {
            Key::Event(topic, offset) => heads.get(topic).is_some_and(|head| head >= offset),
            _ => false,
        })?;
        self.files.tables.remove(&key);
        Some(key)
    }

    /// Lets a record read as it was before it was replaced. Not that of a topic whose newest event
    /// was lost: nothing would show that it is stale.
    pub(super) fn age(&mut self) -> Option<Key> {
        // An epoch's first record is written with all others of its topic or store: there, an older
        // one would belong to files that are gone.
        let key = self.pick(|_, slot| {
            slot.before
                .as_ref()
                .is_some_and(|it| it.is_of_epoch(&slot.now))
        })?;
        if let Key::Topic(topic) = key {
            let newest = Key::Event(topic, self.head(topic)?);
            if !self.files.tables.contains_key(&newest) {
                return None;
            }
        }
        let slot = self.files.tables.get_mut(&key)?;
        slot.now = slot.before.take()?;
        Some(key)
    }

    /// Lets two records of the tables stand in each other's place.
    pub(super) fn misdirect(&mut self) -> Option<[Key; 2]> {
        let first = self.pick(|_, _| true)?;
        let second = self.pick(|key, _| *key != first)?;
        let there = self.files.tables.remove(&first)?;
        let back = self.files.tables.insert(second, there)?;
        self.files.tables.insert(first, back);
        Some([first, second])
    }
}

/// Unpacks changes so that later ones replace earlier ones.
pub(super) fn overlay(memory: &mut BTreeMap<Key, Option<Record>>, changes: &[Change]) {
    for (key, record) in changes {
        memory.insert(*key, record.clone());
    }
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
