//! Opening: what must be right before anything of a store is read or taken.
//!
//! 1. A repair that a crash interrupted goes on (`quarantine`).
//! 2. Lists and journals are checked, and the newest journal is sealed (`mend`).
//! 3. The library opens the store and writes all that it replays into tables. This is waited for:
//!    what a failed sync left in the page cache counts only once it was written again.
//! 4. It is decided whether this is the store that it was when it was last written.
//! 5. What is readable in damaged tables is put back (`put_back`).
//! 6. If the store may not be what it was, every topic gets another epoch, so that no reader takes
//!    other events for the ones it has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use trunkline_hub::{Found, Identity, Lineage, Renewal, Watermark as Promised};
use trunkline_protocol::{Epoch, Moment, TopicName};

use super::super::record::{self, TimeRecord, TopicRecord, event_key};
use super::fault::{is_damage, is_poison};
use super::files::{replace, sync_name};
use super::library::{make_empty, open_library, settle, why_writing_fails};
use super::mend::{self, Depth};
use super::quarantine::{Quarantine, free_name};
use super::watermark::Watermark;
use super::{
    COMMITS_KEY, EPOCH_KEY, FORMAT, FORMAT_KEY, HOME_KEY, IDS_SINCE_KEY, NEXT_HOME_KEY,
    NEXT_ID_KEY, Store, TIME_KEY, numbers,
};
use crate::broker::new_epoch;

/// A store that could be opened, and the topics in it.
pub(in crate::broker::disk) struct Opened {
    pub(in crate::broker::disk) store: Store,
    pub(in crate::broker::disk) topics: Vec<(TopicName, TopicRecord)>,
    /// The time that was last recorded; none of a store without events.
    pub(in crate::broker::disk) recorded: Option<TimeRecord>,
    pub(in crate::broker::disk) report: Report,
}

/// The topics of a store, and the time that was last recorded.
type Begun = (Vec<(TopicName, TopicRecord)>, Option<TimeRecord>);

/// News of an opening for an operator.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::broker::disk) struct Report {
    /// Why every topic has another epoch, if it has.
    pub(in crate::broker::disk) renewed: Option<String>,
    /// The folder that damaged files are in now.
    pub(in crate::broker::disk) set_aside: Option<PathBuf>,
}

impl Store {
    /// Opens the store in `folder`, or makes one.
    ///
    /// # Errors
    ///
    /// The store is in use, has another format, or the operating system refuses for now. Nothing
    /// is set aside then. Of a store that cannot be repaired, all is set aside, and an empty one
    /// takes its place.
    pub(in crate::broker::disk) fn open(folder: &Path, depth: Depth) -> anyhow::Result<Opened> {
        let place = || format!("cannot open the history in {}", folder.display());
        let mut depths = vec![depth];
        depths.extend((depth != Depth::Tables).then_some(Depth::Tables));
        for depth in depths {
            match Self::open_mended(folder, depth) {
                Err(error) if is_damage(&error) => {
                    tracing::error!("the history in {} is damaged: {error:#}", folder.display());
                }
                Err(error) if is_poison(&error) => {
                    return Err(error.context(why_writing_fails(folder))).with_context(place);
                }
                result => return result.with_context(place),
            }
        }
        let aside = set_aside(folder)?;
        tracing::error!(
            "the history in {} cannot be repaired: it was moved to {} and the server starts with \
             an empty one",
            folder.display(),
            aside.display()
        );
        let mut opened = Self::open_mended(folder, depth).with_context(place)?;
        opened.report.renewed = Some("the history could not be repaired".to_owned());
        opened.report.set_aside = Some(aside);
        Ok(opened)
    }

    fn open_mended(folder: &Path, depth: Depth) -> anyhow::Result<Opened> {
        if !holds_a_store(folder)? {
            make(folder)?;
        }
        let mut aside = Quarantine::resume(folder)?;
        mend::mend(folder, depth, &mut aside)?;
        let (database, [own, topics, events, commands]) = open_library(folder)?;
        settle(&database, &[&own, &topics, &events, &commands])?;
        let (watermark, promised) = Watermark::open(folder)?;
        let commits = numbers::read(&own, COMMITS_KEY)?.unwrap_or(0);
        let mut store = Self {
            #[cfg(test)]
            folder: folder.to_owned(),
            database,
            topics,
            events,
            commands,
            commits,
            next_id: numbers::read(&own, NEXT_ID_KEY)?.unwrap_or(1),
            epoch: new_epoch(),
            ids_since: Moment::from_ms(numbers::read(&own, IDS_SINCE_KEY)?.unwrap_or(0)),
            own,
            watermark,
        };
        let format = numbers::read(&store.own, FORMAT_KEY)?;
        if let Some(format) = format
            && !(1..=FORMAT).contains(&format)
        {
            bail!(
                "the history in {} has format {format}, and this server reads 1 to {FORMAT}: use \
                 the version that wrote it, or another data folder",
                folder.display()
            );
        }
        let renewal = store.renewal(folder, promised, &aside)?;
        if let Promised::Commits(promised) = promised {
            // No two commits ever have one number.
            store.commits = store.commits.max(promised);
        }
        if aside.is_used() {
            if let Some(why) = &renewal {
                // The commits to come hide the cause from an opening after a crash.
                aside.demand_renewal(why)?;
            }
            store.put_back(&mut aside)?;
        }
        let is_old = format == Some(1);
        let (topics, recorded) = store.begin(folder, renewal.as_deref(), is_old)?;
        let report = Report {
            renewed: renewal,
            set_aside: aside.folder().map(Path::to_owned),
        };
        aside.finish()?;
        let _ = fs::remove_file(restored_mark(folder));
        Ok(Opened {
            store,
            topics,
            recorded,
            report,
        })
    }

    /// Why every topic needs another epoch; none if this is the store that was written last.
    fn renewal(
        &self,
        folder: &Path,
        watermark: Promised,
        aside: &Quarantine,
    ) -> anyhow::Result<Option<String>> {
        // A crash may have left either in its place.
        let homes = [
            numbers::read(&self.own, HOME_KEY)?,
            numbers::read(&self.own, NEXT_HOME_KEY)?,
        ];
        let is_known = homes.iter().any(Option::is_some);
        let here = self.watermark.identity()?;
        let found = Found {
            commits: (self.commits > 0).then_some(self.commits),
            watermark,
            // Neither a store of an earlier build nor every file system tells.
            identity: match here.is_some() && is_known && !homes.contains(&here) {
                true => Identity::Other,
                false => Identity::Same,
            },
            marked: restored_mark(folder).try_exists()?,
            damaged: aside.renewal().is_some(),
        };
        Ok(match found.lineage() {
            Lineage::New | Lineage::Same => None,
            Lineage::Renewed(Renewal::Damaged) => aside.renewal(),
            Lineage::Renewed(why) => Some(why.to_string()),
        })
    }

    /// Writes down what the store is now, and returns its topics.
    fn begin(
        &mut self,
        folder: &Path,
        renewal: Option<&str>,
        is_old: bool,
    ) -> anyhow::Result<Begun> {
        let (mut topics, lost_a_record) = self.read_topics()?;
        let mut changes = self.changes();
        let stored = numbers::read(&self.own, EPOCH_KEY)?;
        match stored {
            // Under the name of a topic whose record is lost a new one begins, at offset 1.
            Some(epoch) if renewal.is_none() && !lost_a_record => self.epoch = Epoch(epoch as u32),
            Some(_) | None => self.renew_epoch(&mut changes),
        }
        if let Some(why) = renewal {
            tracing::error!("every topic has another epoch, and readers are told: {why}");
            for (name, topic) in &mut topics {
                topic.epoch = self.epoch;
                self.put_topic(&mut changes, name, topic);
            }
            self.next_id = self.next_id.max(self.unused_id(&topics)?);
            self.put_own(&mut changes, NEXT_ID_KEY, self.next_id);
        }
        let recorded = self.recorded_time(&topics)?;
        if is_old {
            // The ids of format 1 have no time: they count from the newest event.
            self.ids_since = recorded.map_or_else(Moment::default, |recorded| recorded.time);
            self.put_own(&mut changes, IDS_SINCE_KEY, self.ids_since.as_ms());
        }
        self.put_own(&mut changes, FORMAT_KEY, FORMAT);
        let next = self.watermark.successor(folder)?;
        if let Some(home) = self.watermark.identity()? {
            self.put_own(&mut changes, HOME_KEY, home);
        }
        if let Some(next) = &next
            && let Some(home) = next.identity()?
        {
            self.put_own(&mut changes, NEXT_HOME_KEY, home);
        }
        self.commit(changes)?;
        match next {
            Some(next) => self.watermark.succeed(next, folder, self.commits)?,
            None => self.watermark.sync()?,
        }
        Ok((topics, recorded))
    }

    /// The time that was last recorded. Where it is not known, as in a store of format 1, it is that
    /// of the newest event.
    fn recorded_time(
        &self,
        topics: &[(TopicName, TopicRecord)],
    ) -> anyhow::Result<Option<TimeRecord>> {
        let value = numbers::find(&self.own, TIME_KEY.as_bytes())?;
        let recorded = value.and_then(|value| record::read_time(TIME_KEY.as_bytes(), &value));
        if recorded.is_some() {
            return Ok(recorded);
        }
        let mut newest = None;
        for (_, topic) in topics {
            let key = event_key(topic.id, topic.extent.head);
            if let Some(value) = numbers::find(&self.events, &key)? {
                newest = newest.max(record::read_event(&key, &value).map(|kept| kept.at));
            }
        }
        Ok(newest.map(|at| TimeRecord { time: at, wall: at }))
    }

    /// A number for topics above all that any record has.
    fn unused_id(&self, topics: &[(TopicName, TopicRecord)]) -> anyhow::Result<u64> {
        let mut highest = topics.iter().map(|(_, topic)| topic.id).max().unwrap_or(0);
        for table in [&self.events, &self.commands] {
            if let Some(entry) = table.iter().next_back() {
                let (key, _) = entry.into_inner()?;
                highest = highest.max(record::topic_in(&key).unwrap_or(0));
            }
        }
        Ok(highest + 1)
    }

    /// Reads all topics, and tells whether a record among them was damaged.
    pub(super) fn read_topics(&self) -> anyhow::Result<(Vec<(TopicName, TopicRecord)>, bool)> {
        let mut topics = Vec::new();
        let mut lost_a_record = false;
        for entry in self.topics.iter() {
            let (key, value) = entry.into_inner()?;
            match read_topic(&key, &value) {
                Some(topic) => topics.push(topic),
                // Its events cannot be found any more; under its name, a new topic will begin.
                None => {
                    lost_a_record = true;
                    tracing::error!(
                        topic = %String::from_utf8_lossy(&key),
                        "a topic's record is damaged: its history is lost"
                    );
                }
            }
        }
        Ok((topics, lost_a_record))
    }
}

pub(super) fn read_topic(key: &[u8], value: &[u8]) -> Option<(TopicName, TopicRecord)> {
    let name = std::str::from_utf8(key).ok()?.parse().ok()?;
    Some((name, record::read_topic(key, value)?))
}

/// Returns true if the folder has something that a store left.
fn holds_a_store(folder: &Path) -> anyhow::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes an empty store beside the folder and moves it there: a crash leaves a whole one or none.
fn make(folder: &Path) -> anyhow::Result<()> {
    let beside = folder.with_extension("new");
    if beside.try_exists()? {
        fs::remove_dir_all(&beside)?;
    }
    make_empty(&beside)?;
    if folder.try_exists()? {
        fs::remove_dir(folder)?;
    }
    fs::rename(&beside, folder)?;
    sync_name(folder)?;
    Ok(())
}

/// Marks a store as restored from a backup: its next opening gives every topic another epoch.
///
/// # Errors
///
/// The mark cannot be written.
pub(crate) fn mark_as_restored(folder: &Path) -> anyhow::Result<()> {
    replace(&restored_mark(folder), b"").context("cannot mark the history as restored")
}

/// The mark of an operator who has put a backup in the place of a store.
fn restored_mark(folder: &Path) -> PathBuf {
    folder.with_extension("restored")
}

fn set_aside(folder: &Path) -> anyhow::Result<PathBuf> {
    let aside = free_name(folder)?;
    fs::rename(folder, &aside).with_context(|| format!("cannot move {} away", folder.display()))?;
    sync_name(folder)?;
    // It speaks of the commits of the store that is gone.
    Watermark::open(folder)?.0.write(0)?;
    Ok(aside)
}
