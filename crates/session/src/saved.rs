//! Saved: an outbox outside of a session, so that it outlives the program that made it.
//!
//! Somebody else stores it. Here are the words for it, and what is not taken back.

use std::collections::BTreeMap;

use trunkline_protocol::{Fingerprint, Payload, SenderId, Timestamp, TopicName, UserId};

use crate::outgoing::{CommandId, Outgoing};

/// A command as it is saved, with the id under which it was or will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedCommand {
    /// Its id. The sender may be another than the outbox's own.
    pub id: CommandId,
    /// The topic, which is a log.
    pub topic: TopicName,
    /// The contract that it was made for, where the codec needs one.
    pub contract: Option<Fingerprint>,
    /// When somebody made it, by the clock on the wall.
    pub made_at: Timestamp,
    /// The encoded command.
    pub command: Payload,
}

impl SavedCommand {
    /// What it counts for in [`COMMANDS_LEN_MAX`](crate::COMMANDS_LEN_MAX), in bytes.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a command has a topic, so it is never empty"
    )]
    pub fn len(&self) -> usize {
        self.command.len() + self.topic.as_str().len()
    }
}

/// An outbox as it is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedOutbox {
    /// Whose commands these are. A session that is told sends them as nobody else: it stops when
    /// the server greets it as another user. None takes whoever the token speaks for.
    pub user: Option<UserId>,
    /// The sender of new commands.
    pub sender: SenderId,
    /// The counter of the next new command: above all that this sender ever used, also for
    /// commands that were answered since.
    pub next_counter: u32,
    /// The commands that were not answered, in the order in which they are to be sent.
    pub commands: Vec<SavedCommand>,
}

impl SavedOutbox {
    /// An outbox that nothing was ever put in.
    pub fn new(sender: SenderId) -> Self {
        Self {
            user: None,
            sender,
            next_counter: 1,
            commands: Vec::new(),
        }
    }
}

/// Why a saved command was not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropCause {
    /// It is one more than [`COMMANDS_MAX`](crate::COMMANDS_MAX), or does not fit into
    /// [`COMMANDS_LEN_MAX`](crate::COMMANDS_LEN_MAX).
    Full,
    /// A later command of the same sender stands before it, or the same one.
    OutOfOrder,
}

/// Takes a saved outbox back. Names the commands that it leaves out.
pub(crate) fn restore(saved: SavedOutbox) -> (Outgoing, Vec<(CommandId, DropCause)>) {
    // A hand-written zero is as good as one: no counter is below the first.
    let next_counter = saved
        .commands
        .iter()
        .filter(|command| command.id.sender == saved.sender)
        .map(|command| command.id.counter.saturating_add(1))
        .fold(saved.next_counter.max(1), u32::max);
    let mut outgoing = Outgoing::new(saved.sender, next_counter);
    let mut dropped = Vec::new();
    let mut newest: BTreeMap<SenderId, u32> = BTreeMap::new();
    for command in saved.commands {
        let id = command.id;
        if newest.get(&id.sender).is_some_and(|it| id.counter <= *it) {
            dropped.push((id, DropCause::OutOfOrder));
        } else if outgoing.keep(command, true).is_err() {
            dropped.push((id, DropCause::Full));
        } else {
            newest.insert(id.sender, id.counter);
        }
    }
    (outgoing, dropped)
}
