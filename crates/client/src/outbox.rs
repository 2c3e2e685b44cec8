//! Outbox: unanswered commands that outlive the program, and what was kept of an earlier one.
//!
//! A store is told of every change before it goes out. Native programs have a file
//! (`FileOutbox`), pages the browser's storage (`LocalOutbox`).

use std::fmt;

use futures_channel::oneshot;
use trunkline_protocol::{Codec, Fingerprint, Payload, Timestamp, Topic, TopicName};
use trunkline_session::{CommandId, SavedCommand, SavedOutbox};

use crate::client::Client;
use crate::publishing::{PublishError, Publishing};

/// Keeps an outbox beyond the program.
///
/// Calls come one at a time and in the order of what happened, from whichever thread publishes.
/// They must not take long: the client waits.
pub trait OutboxStore: Send {
    /// What was kept, with the sender of new commands. It is asked for once, before all else.
    fn load(&mut self) -> SavedOutbox;

    /// Keeps a command. It is sent when this returns, so what is kept then must stay.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the command is sent all the same, and [`Client::kept`] tells.
    fn put(&mut self, command: &SavedCommand) -> Result<(), StoreError>;

    /// Forgets a command: it was answered or given up. One that comes back all the same is sent
    /// again, which changes nothing.
    fn remove(&mut self, command: CommandId);

    /// Notes that the sender that [`OutboxStore::load`] has named may use every counter below
    /// `next_counter`, so that no later program uses one of them again.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the client goes on with a sender of its own, which nobody uses again.
    fn note_counter(&mut self, next_counter: u32) -> Result<(), StoreError>;
}

/// Why a store did not keep something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is no room for it.
    Full,
    /// The storage cannot be written now.
    Unavailable,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "the storage is full",
            Self::Unavailable => "the storage cannot be written",
        })
    }
}

impl std::error::Error for StoreError {}

/// What of the unanswered commands would outlive the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All that are made for logs.
    All,
    /// Not all: at least one that waits could not be stored.
    NotAll(StoreError),
    /// Nothing: the client has no store.
    Nothing,
}

/// A command that is not answered, or that was refused before anybody asked for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name, for [`Client::reattach`].
    pub command: CommandId,
    /// The topic.
    pub topic: TopicName,
    /// When somebody made it, by this machine's clock.
    pub made_at: Timestamp,
    contract: Option<Fingerprint>,
    payload: Payload,
    codec: Codec,
}

impl Pending {
    pub(crate) fn new(saved: &SavedCommand, codec: Codec) -> Self {
        Self {
            command: saved.id,
            topic: saved.topic.clone(),
            made_at: saved.made_at,
            contract: saved.contract,
            payload: saved.command.clone(),
            codec,
        }
    }

    /// Reads the command as one of `T`, with the key of its topic. None if it is for another kind
    /// of topic, or was made for another version of this one.
    pub fn read<T: Topic>(&self) -> Option<(T::Key, T::Command)> {
        let fits = self.topic.namespace() == T::NAMESPACE
            && self.contract.is_none_or(|it| it == T::contract());
        let key = self.topic.key().parse().ok().filter(|_| fits)?;
        let command = self.codec.decode(self.payload.as_bytes()).ok()?;
        Some((key, command))
    }
}

impl Client {
    /// The commands of logs that wait for their answers, in the order in which they are sent:
    /// those of this program and those that its store had kept. Before them, those of the latter
    /// that were refused and that nobody has reattached to.
    pub fn pending(&self) -> Vec<Pending> {
        let codec = self.shared().codec;
        self.shared().with(|state| {
            let refused = state.keeper.refused();
            refused
                .chain(state.session.commands())
                .map(|saved| Pending::new(saved, codec))
                .collect()
        })
    }

    /// Waits for the answer to a command that [`Client::pending`] has named. Others who wait for
    /// it get it, too. It ends in [`PublishError::Ended`] if nobody knows the command any more.
    pub fn reattach(&self, command: CommandId) -> Publishing {
        let (answer, answered) = oneshot::channel();
        let held = self.shared().with(|state| {
            if let Some(held) = state.keeper.claim(command) {
                return Some(held);
            }
            if state.ended || state.session.command(command).is_none() {
                return Some(Err(PublishError::Ended));
            }
            state.commands.entry(command).or_default().push(answer);
            None
        });
        match held {
            Some(result) => Publishing::answered(result),
            None => Publishing::under_way(command, answered, self.clone()),
        }
    }

    /// Tells what of the unanswered commands would outlive the program. A change is told by
    /// [`Client::statuses`], too.
    pub fn kept(&self) -> Kept {
        self.shared().with(|state| state.keeper.kept())
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
