//! What was said in one room, and what waits to be said.
//!
//! One's own words are shown at once as drafts. A draft becomes a message when the server has
//! said where it stands and that event has come: until then one's own incoming events with the
//! same words are held, so that nothing is ever shown twice and nothing flickers.

use std::collections::BTreeMap;

use trunkline_protocol::topics::chat::ChatEvent;
use trunkline_protocol::{ErrorCode, Gap, GapCause, Offset, Timestamp, User};

use super::entries::{Change, Draft, DraftState, Entry, LocalId, Message, Notice, Place};

/// What was said in one room, and what waits to be said.
#[derive(Clone, Debug)]
pub struct Timeline {
    me: User,
    era: u32,
    newest: Offset,
    oldest: Option<Offset>,
    entries: BTreeMap<Place, Entry>,
    drafts: Vec<Draft>,
    drafts_made: u32,
    /// One's own words that came while a draft with the same words was not answered.
    held: BTreeMap<Offset, Message>,
    /// Changes of messages that are not loaded: target, then the event that changed it.
    early: BTreeMap<Offset, (Offset, Option<String>)>,
}

impl Timeline {
    /// An empty room, as `me` sees it.
    pub fn new(me: User) -> Self {
        Self {
            me,
            era: 0,
            newest: 0,
            oldest: None,
            entries: BTreeMap::new(),
            drafts: Vec::new(),
            drafts_made: 0,
            held: BTreeMap::new(),
            early: BTreeMap::new(),
        }
    }

    /// Who looks at it.
    pub fn me(&self) -> &User {
        &self.me
    }

    /// The offset of the newest event that has come; 0 before the first.
    pub fn newest(&self) -> Offset {
        self.newest
    }

    /// The offset of the oldest event that has come in this era.
    pub fn oldest(&self) -> Option<Offset> {
        self.oldest
    }

    /// The number of the history that is told now; each that starts anew has another.
    pub(super) fn era(&self) -> u32 {
        self.era
    }

    /// True when an earlier history of the room is on the page, too.
    pub fn has_eras(&self) -> bool {
        self.era > 0
    }

    /// True when nothing was said and nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.drafts.is_empty()
    }

    /// Everything that stands, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = (Place, &Entry)> {
        self.entries.iter().map(|(place, entry)| (*place, entry))
    }

    /// What waits to be said, in the order in which it is sent.
    pub fn drafts(&self) -> &[Draft] {
        &self.drafts
    }

    /// The messages of this era with their offsets, oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = (Offset, &Message)> {
        self.entries
            .range(self.place(0, false)..)
            .filter_map(|(place, entry)| match entry {
                Entry::Said(message) => Some((place.offset, message)),
                Entry::Notice(_) => None,
            })
    }

    /// How many messages of others came after the offset `read` and still stand.
    pub fn unread_since(&self, read: Offset) -> u32 {
        let unread = self
            .messages()
            .rev()
            .take_while(|(offset, _)| *offset > read)
            .filter(|(_, message)| message.author.id != self.me.id && message.text.is_some())
            .count();
        u32::try_from(unread).unwrap_or(u32::MAX)
    }

    /// The last of one's own messages that can be edited.
    pub fn last_own(&self) -> Option<(Offset, &str)> {
        self.messages().rev().find_map(|(offset, message)| {
            if message.author.id == self.me.id {
                self.editable(offset).map(|text| (offset, text))
            } else {
                None
            }
        })
    }

    /// The words of one's own message at `offset`, as one sees them; nothing when it is somebody
    /// else's or was taken back.
    pub fn editable(&self, offset: Offset) -> Option<&str> {
        match self.entries.get(&self.place(offset, true)) {
            Some(Entry::Said(message)) if message.author.id == self.me.id => message.shown(),
            _ => None,
        }
    }

    /// Takes an event of the room, new or from history.
    pub fn handle_event(&mut self, offset: Offset, event: ChatEvent) {
        self.newest = self.newest.max(offset);
        self.oldest = Some(self.oldest.map_or(offset, |oldest| oldest.min(offset)));
        match event {
            ChatEvent::Said { author, at, text } => self.said(offset, author, at, text.into()),
            ChatEvent::Edited {
                offset: target,
                text,
                ..
            } => self.changed(target, offset, Some(text.into())),
            ChatEvent::Deleted { offset: target, .. } => self.changed(target, offset, None),
        }
    }

    /// Takes what a subscription said about the time without a line.
    pub fn handle_recovered(&mut self, count: u32, lost_at: Timestamp, back_at: Timestamp) {
        if count > 0 {
            self.notice(
                self.newest + 1,
                Notice::Recovered {
                    count,
                    lost_at,
                    back_at,
                },
            );
        }
    }

    /// Takes a gap. After a change of epoch everything that comes belongs to another era.
    pub fn handle_gap(&mut self, gap: Gap) {
        if gap.cause == GapCause::Epoch {
            self.begin_era();
        }
        let before = if gap.cause == GapCause::Epoch {
            0
        } else {
            gap.from
        };
        self.notice(before, Notice::Gap(gap));
    }

    /// Adds one's own words, to be sent.
    pub fn draft(&mut self, text: String, at: Timestamp) -> LocalId {
        self.drafts_made += 1;
        let id = LocalId(self.drafts_made);
        self.drafts.push(Draft {
            id,
            text,
            at,
            state: DraftState::Waiting,
        });
        id
    }

    /// Takes the server's word that draft `id` stands at `offset`.
    pub fn handle_published(&mut self, id: LocalId, offset: Offset) {
        let place = self.place(offset, true);
        if let Some(message) = self.held.remove(&offset) {
            self.drafts.retain(|draft| draft.id != id);
            self.stand(
                offset,
                Message {
                    local: Some(id),
                    ..message
                },
            );
        } else if let Some(Entry::Said(message)) = self.entries.get_mut(&place) {
            message.local = Some(id);
            self.drafts.retain(|draft| draft.id != id);
        } else if let Some(draft) = self.drafts.iter_mut().find(|draft| draft.id == id) {
            draft.state = DraftState::Taken(offset);
        }
        self.release_held();
    }

    /// Takes the server's refusal of draft `id`.
    pub fn handle_refused(&mut self, id: LocalId, code: ErrorCode) {
        if let Some(draft) = self.drafts.iter_mut().find(|draft| draft.id == id) {
            draft.state = DraftState::Refused(code);
        }
        self.release_held();
    }

    /// Puts a refused draft at the end of what waits, and hands back its words to send.
    pub fn retry(&mut self, id: LocalId) -> Option<String> {
        let index = self.drafts.iter().position(|draft| draft.id == id)?;
        let mut draft = self.drafts.remove(index);
        draft.state = DraftState::Waiting;
        let text = draft.text.clone();
        self.drafts.push(draft);
        Some(text)
    }

    /// Throws a draft away.
    pub fn discard(&mut self, id: LocalId) {
        self.drafts.retain(|draft| draft.id != id);
        self.release_held();
    }

    /// Shows a change of one's own before it is answered.
    pub fn begin_change(&mut self, target: Offset, change: Change) {
        self.set_change(target, Some(change));
    }

    /// Takes back a change that was refused.
    pub fn undo_change(&mut self, target: Offset) {
        self.set_change(target, None);
    }

    fn set_change(&mut self, target: Offset, change: Option<Change>) {
        if let Some(Entry::Said(message)) = self.entries.get_mut(&self.place(target, true)) {
            message.change = change;
        }
    }

    fn place(&self, offset: Offset, message: bool) -> Place {
        Place {
            era: self.era,
            offset,
            message,
        }
    }

    fn said(&mut self, offset: Offset, author: User, at: Timestamp, text: String) {
        if self.entries.contains_key(&self.place(offset, true)) {
            return;
        }
        let mine = author.id == self.me.id;
        let message = Message {
            author,
            at,
            text: Some(text),
            edited: false,
            local: None,
            change: None,
            changed_by: 0,
        };
        let draft = self
            .drafts
            .iter()
            .position(|draft| draft.state == DraftState::Taken(offset));
        match draft {
            Some(index) if mine => {
                let local = Some(self.drafts.remove(index).id);
                self.stand(offset, Message { local, ..message });
            }
            _ if mine && self.waits_for(&message) => drop(self.held.insert(offset, message)),
            _ => self.stand(offset, message),
        }
    }

    fn stand(&mut self, offset: Offset, mut message: Message) {
        if let Some((by, text)) = self.early.remove(&offset) {
            message.take_change(by, text);
        }
        self.entries
            .insert(self.place(offset, true), Entry::Said(message));
    }

    fn changed(&mut self, target: Offset, by: Offset, text: Option<String>) {
        if let Some(Entry::Said(message)) = self.entries.get_mut(&self.place(target, true)) {
            message.take_change(by, text);
        } else if self
            .early
            .get(&target)
            .is_none_or(|(earlier, _)| *earlier < by)
        {
            self.early.insert(target, (by, text));
        }
    }

    fn notice(&mut self, before: Offset, notice: Notice) {
        self.entries
            .insert(self.place(before, false), Entry::Notice(notice));
    }

    /// Whether `message` may be a draft that is not answered.
    fn waits_for(&self, message: &Message) -> bool {
        self.drafts.iter().any(|draft| {
            draft.state == DraftState::Waiting && message.text.as_ref() == Some(&draft.text)
        })
    }

    fn release_held(&mut self) {
        for (offset, message) in std::mem::take(&mut self.held) {
            if self.waits_for(&message) {
                self.held.insert(offset, message);
            } else {
                self.stand(offset, message);
            }
        }
    }

    /// Everything from here on belongs to another history. What was taken stays on the page.
    fn begin_era(&mut self) {
        for (offset, message) in std::mem::take(&mut self.held) {
            self.stand(offset, message);
        }
        let taken: Vec<_> = self
            .drafts
            .extract_if(.., |draft| matches!(draft.state, DraftState::Taken(_)))
            .collect();
        for Draft {
            id,
            text,
            at,
            state,
        } in taken
        {
            let DraftState::Taken(offset) = state else {
                continue;
            };
            let author = self.me.clone();
            let local = Some(id);
            let message = Message {
                author,
                at,
                text: Some(text),
                edited: false,
                local,
                change: None,
                changed_by: 0,
            };
            self.stand(offset, message);
        }
        self.early.clear();
        self.era += 1;
        self.newest = 0;
        self.oldest = None;
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
