//! The keeper: tells the store what to keep, and holds the answers to what it had kept until
//! somebody asks for them.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::SenderId;
use trunkline_session::{ClientSession, CommandId, SavedCommand, SavedOutbox};

use crate::outbox::{Kept, OutboxStore, StoreError};
use crate::platform;
use crate::publishing::Answer;

/// How many counters are noted at once, so that a command that is not kept costs no write.
const COUNTERS_NOTED: u32 = 64;

#[derive(Default)]
pub(crate) struct Keeper {
    store: Option<Box<dyn OutboxStore>>,
    /// All counters below are noted.
    noted: u32,
    /// Commands that wait and that the store did not take, and why it did not take the last one.
    unkept: BTreeSet<CommandId>,
    trouble: Option<StoreError>,
    /// What the store had kept and nobody has claimed. As many as one outbox holds.
    restored: BTreeMap<CommandId, Restored>,
}

struct Restored {
    saved: SavedCommand,
    answer: Option<Answer>,
}

impl Keeper {
    /// A keeper that keeps nothing.
    pub(crate) fn without_store() -> Self {
        Self::default()
    }

    /// A keeper for `store`, which has kept `outbox`.
    pub(crate) fn new(store: Box<dyn OutboxStore>, outbox: &SavedOutbox) -> Self {
        let restored = |saved: &SavedCommand| {
            let (saved, answer) = (saved.clone(), None);
            (saved.id, Restored { saved, answer })
        };
        Self {
            store: Some(store),
            noted: outbox.next_counter,
            restored: outbox.commands.iter().map(restored).collect(),
            ..Self::default()
        }
    }

    /// Notes the counter of the next command before it is used, or has the session use a sender
    /// that needs no notes.
    pub(crate) fn note_counter(&mut self, session: &mut ClientSession) {
        let Some(store) = &mut self.store else { return };
        let next = session.next_counter();
        if next < self.noted {
            return;
        }
        let noted = next.saturating_add(COUNTERS_NOTED);
        self.noted = match store.note_counter(noted) {
            Ok(()) => noted,
            Err(_) => {
                session.renew_sender(SenderId::from_random(platform::random()));
                u32::MAX
            }
        };
    }

    /// Keeps a command.
    pub(crate) fn put(&mut self, command: &SavedCommand) {
        let Some(store) = &mut self.store else { return };
        if let Err(error) = store.put(command) {
            self.unkept.insert(command.id);
            self.trouble = Some(error);
        }
    }

    /// Forgets a command, but not that nobody has claimed its answer.
    pub(crate) fn remove(&mut self, command: CommandId) {
        self.unkept.remove(&command);
        if let Some(store) = &mut self.store {
            store.remove(command);
        }
    }

    /// How keeping goes.
    pub(crate) fn kept(&self) -> Kept {
        match (&self.store, self.trouble) {
            (None, _) => Kept::Nothing,
            (Some(_), Some(error)) if !self.unkept.is_empty() => Kept::NotAll(error),
            (Some(_), _) => Kept::All,
        }
    }

    /// Holds the answer to a command that nobody waits for, if the store had kept it.
    pub(crate) fn hold_answer(&mut self, command: CommandId, answer: &Answer) {
        if let Some(restored) = self.restored.get_mut(&command) {
            restored.answer = Some(answer.clone());
        }
    }

    /// Somebody asks for a command: the answer, if it has come already.
    pub(crate) fn claim(&mut self, command: CommandId) -> Option<Answer> {
        self.restored.remove(&command)?.answer
    }

    /// What was refused and nobody has claimed.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &SavedCommand> {
        self.restored
            .values()
            .filter(|restored| matches!(restored.answer, Some(Err(_))))
            .map(|restored| &restored.saved)
    }
}
