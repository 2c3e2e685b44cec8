//! The ledger: every acknowledgement, compared with every history that was read later.
//!
//! Pure: the caller says what the server answered. A text is unique, so it stands for its message
//! id.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::{Epoch, Offset, Position};

/// Acknowledged events of all topics of one server, and what became of them.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    topics: BTreeMap<String, TopicLedger>,
    violations: Vec<String>,
}

/// Counts of acknowledged events by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// All of them.
    pub acknowledged: usize,
    /// In the newest history that was read, at their offset, under the same epoch.
    pub kept: usize,
    /// Their topic has another epoch.
    pub told: usize,
    /// Missing or changed in a history under the same epoch.
    pub lost: usize,
}

/// A history as the server tells it.
#[derive(Clone, Debug)]
pub struct Read {
    pub(crate) epoch: Epoch,
    pub(crate) head: Offset,
    pub(crate) events: Vec<(Offset, String)>,
}

#[derive(Clone, Debug, Default)]
struct TopicLedger {
    epoch: Option<Epoch>,
    past: BTreeSet<u32>,
    renewals: usize,
    /// Contents that the server has shown at a place, in an answer or in a history.
    seen: BTreeMap<(u32, Offset), String>,
    /// Epoch of the topic when a text was sent first.
    sent: BTreeMap<String, Option<Epoch>>,
    acknowledged: BTreeMap<(u32, Offset), Acknowledged>,
}

#[derive(Clone, Debug)]
struct Acknowledged {
    text: String,
    is_lost: bool,
}

impl Ledger {
    fn topic(&mut self, topic: &str) -> &mut TopicLedger {
        self.topics.entry(topic.to_owned()).or_default()
    }

    /// Notes that a command was sent, before its answer is known.
    pub fn sent(&mut self, topic: &str, text: &str) {
        let topic = self.topic(topic);
        let epoch = topic.epoch;
        topic.sent.entry(text.to_owned()).or_insert(epoch);
    }

    /// Notes an acknowledgement.
    pub fn acknowledged(&mut self, topic: &str, position: Position, text: &str) {
        self.note_epoch(topic, position.epoch);
        self.note_content(topic, position, text);
        let ledger = self.topic(topic);
        let epoch = position.epoch.0;
        let elsewhere = ledger
            .acknowledged
            .iter()
            .find(|((of, at), it)| *of == epoch && *at != position.offset && it.text == text)
            .map(|((_, at), _)| *at);
        let entry = Acknowledged {
            text: text.to_owned(),
            is_lost: false,
        };
        let place = (epoch, position.offset);
        ledger.acknowledged.entry(place).or_insert(entry);
        if let Some(at) = elsewhere {
            self.violations.push(format!(
                "{topic}: {:?} was acknowledged at {at} and at {} of epoch {epoch}",
                short(text),
                position.offset
            ));
        }
    }

    /// Compares a whole history with what was acknowledged.
    pub fn read(&mut self, topic: &str, read: &Read) {
        self.note_epoch(topic, read.epoch);
        let mut before: Option<Offset> = None;
        let mut places: BTreeMap<&str, Offset> = BTreeMap::new();
        for (offset, text) in &read.events {
            let position = Position {
                epoch: read.epoch,
                offset: *offset,
            };
            self.note_content(topic, position, text);
            if before.is_some_and(|before| before + 1 != *offset) {
                self.violations
                    .push(format!("{topic}: a hole before offset {offset}"));
            }
            before = Some(*offset);
            let was_sent_before = self.topic(topic).sent.get(text) != Some(&Some(read.epoch));
            if let Some(at) = places.insert(text, *offset)
                && !was_sent_before
            {
                let epoch = read.epoch.0;
                self.violations.push(format!(
                    "{topic}: {:?} was taken twice, at {at} and {offset} of epoch {epoch}",
                    short(text)
                ));
            }
        }
        if let Some(last) = before
            && last != read.head
        {
            let head = read.head;
            self.violations.push(format!(
                "{topic}: the history ends at {last}, its head is {head}"
            ));
        }
        let events: BTreeMap<Offset, &String> =
            read.events.iter().map(|(at, text)| (*at, text)).collect();
        let epoch = read.epoch.0;
        let mut missing = Vec::new();
        let all = &mut self.topic(topic).acknowledged;
        for ((_, offset), entry) in all.range_mut((epoch, 0)..=(epoch, Offset::MAX)) {
            let found = events.get(offset).copied();
            if found != Some(&entry.text) {
                entry.is_lost = true;
                missing.push((*offset, entry.text.clone(), found.cloned()));
            }
        }
        if let Some((offset, text, found)) = missing.first() {
            self.violations.push(format!(
                "{topic}: {} acknowledged events are lost silently in epoch {epoch}; the first is \
                 {:?} at {offset}, where the history has {:?}",
                missing.len(),
                short(text),
                found.as_deref().map(short),
            ));
        }
    }

    /// Notes the epoch that a topic has now.
    fn note_epoch(&mut self, topic: &str, epoch: Epoch) {
        let ledger = self.topic(topic);
        let Some(before) = ledger.epoch.replace(epoch) else {
            return;
        };
        if before == epoch {
            return;
        }
        ledger.past.insert(before.0);
        ledger.renewals += 1;
        if ledger.past.contains(&epoch.0) {
            self.violations
                .push(format!("{topic}: epoch {} came back", epoch.0));
        }
    }

    fn note_content(&mut self, topic: &str, position: Position, text: &str) {
        let place = (position.epoch.0, position.offset);
        let seen = &mut self.topic(topic).seen;
        let known = seen.entry(place).or_insert_with(|| text.to_owned());
        if known != text {
            let (known, text) = (short(known).to_owned(), short(text));
            self.violations.push(format!(
                "{topic}: offset {} of epoch {} was {known:?} and is {text:?}",
                place.1, place.0
            ));
        }
    }

    /// Returns the text of the newest acknowledged event of the topic's epoch.
    pub fn newest(&self, topic: &str) -> Option<&str> {
        let ledger = self.topics.get(topic)?;
        let epoch = ledger.epoch?.0;
        let mut all = ledger.acknowledged.range((epoch, 0)..=(epoch, Offset::MAX));
        all.next_back().map(|(_, entry)| entry.text.as_str())
    }

    /// Returns how often each topic has changed its epoch.
    pub fn renewals(&self) -> BTreeMap<String, usize> {
        let of = |(name, topic): (&String, &TopicLedger)| (name.clone(), topic.renewals);
        self.topics.iter().map(of).collect()
    }

    /// Returns broken promises so far, in words.
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Counts acknowledged events by what became of them.
    pub fn fates(&self) -> Fates {
        let mut fates = Fates::default();
        for topic in self.topics.values() {
            for ((epoch, _), entry) in &topic.acknowledged {
                fates.acknowledged += 1;
                match (entry.is_lost, topic.epoch) {
                    (true, _) => fates.lost += 1,
                    (false, Some(now)) if now.0 == *epoch => fates.kept += 1,
                    (false, _) => fates.told += 1,
                }
            }
        }
        fates
    }
}

/// Returns the beginning of a text, which names it.
fn short(text: &str) -> &str {
    let end = text.char_indices().nth(16).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(epoch: u32, offset: Offset) -> Position {
        Position {
            epoch: Epoch(epoch),
            offset,
        }
    }

    fn history(epoch: u32, texts: &[&str]) -> Read {
        let events = (1..).zip(texts.iter().map(|&text| text.to_owned()));
        Read {
            epoch: Epoch(epoch),
            head: texts.len() as Offset,
            events: events.collect(),
        }
    }

    /// A ledger in which `texts` were acknowledged in epoch 7 from offset 1 on.
    fn of(texts: &[&str]) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.read("a", &history(7, &[]));
        for (offset, text) in (1..).zip(texts) {
            ledger.sent("a", text);
            ledger.acknowledged("a", position(7, offset), text);
        }
        ledger
    }

    /// Reads `read` after "x" and "y" were acknowledged, and compares kept, told, lost, violations.
    fn check(read: &Read, expected: (usize, usize, usize, usize)) {
        let mut ledger = of(&["x", "y"]);
        ledger.read("a", read);
        let Fates {
            kept, told, lost, ..
        } = ledger.fates();
        let found = (kept, told, lost, ledger.violations().len());
        assert_eq!(found, expected, "{read:?}: {:?}", ledger.violations());
    }

    #[test]
    fn acknowledged_events_are_kept_told_or_lost() {
        check(&history(7, &["x", "y"]), (2, 0, 0, 0));
        check(&history(7, &["x", "y", "unanswered"]), (2, 0, 0, 0));
        check(&history(8, &[]), (0, 2, 0, 0));
        check(&history(8, &["x"]), (0, 2, 0, 0));
        check(&history(7, &["x"]), (1, 0, 1, 1));
        check(&history(7, &[]), (0, 0, 2, 1));
        // Two contents at one place, "x" twice, and "y" lost.
        check(&history(7, &["x", "x"]), (1, 0, 1, 3));
    }

    #[test]
    fn an_event_that_was_lost_once_stays_lost() {
        let mut ledger = of(&["x"]);
        ledger.read("a", &history(7, &[]));
        ledger.read("a", &history(7, &["x"]));
        ledger.read("a", &history(8, &["x"]));
        assert_eq!(ledger.fates().lost, 1);
    }

    #[test]
    fn an_unanswered_event_may_be_there_once_and_stays_where_it_was_seen() {
        let mut ledger = of(&["x"]);
        ledger.sent("a", "unanswered");
        ledger.read("a", &history(7, &["x", "unanswered"]));
        ledger.acknowledged("a", position(7, 2), "unanswered");
        assert_eq!(ledger.violations(), &[] as &[String]);
        ledger.acknowledged("a", position(7, 3), "unanswered");
        assert_eq!(ledger.violations().len(), 1);
        ledger.read("a", &history(7, &["x", "other"]));
        assert_eq!(ledger.violations().len(), 3, "{:?}", ledger.violations());
    }

    #[test]
    fn a_message_id_may_be_taken_again_in_another_epoch() {
        let mut ledger = of(&["x"]);
        ledger.read("a", &history(8, &["x"]));
        ledger.acknowledged("a", position(8, 2), "x");
        ledger.read("a", &history(8, &["x", "x"]));
        assert_eq!(ledger.violations(), &[] as &[String]);
        assert_eq!(ledger.renewals()["a"], 1);
    }

    #[test]
    fn an_epoch_does_not_come_back() {
        let mut ledger = of(&[]);
        ledger.read("a", &history(8, &[]));
        ledger.read("a", &history(7, &[]));
        assert_eq!(ledger.violations().len(), 1);
    }

    #[test]
    fn a_history_has_no_hole() {
        let mut ledger = of(&[]);
        let events = [1, 3].map(|at| (at, at.to_string())).into();
        let (epoch, head) = (Epoch(7), 4);
        ledger.read(
            "a",
            &Read {
                epoch,
                head,
                events,
            },
        );
        assert_eq!(ledger.violations().len(), 2, "a hole, and another head");
    }
}
