//! Outgoing: commands that wait to be sent or to be acknowledged, over any number of connections.
//!
//! A command keeps its message id until it is answered, so that sending it again is safe. Commands
//! are sent in the order in which they were made.

use std::collections::VecDeque;
use std::fmt;

use trunkline_protocol::{Fingerprint, Payload, RequestId, TopicName};

/// The most commands that wait. The next one is refused, not kept.
pub const COMMANDS_MAX: usize = 1000;

/// The most bytes of commands that wait.
pub const COMMANDS_LEN_MAX: usize = 1024 * 1024;

/// The counter of a command's message id.
pub type CommandId = u32;

/// A command that is not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) id: CommandId,
    pub(crate) topic: TopicName,
    pub(crate) contract: Option<Fingerprint>,
    pub(crate) command: Payload,
    /// The request that carries it on this connection, if it was sent on this connection.
    sent_as: Option<RequestId>,
}

/// All commands that are not answered yet, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    commands: VecDeque<Command>,
    len: usize,
    next_id: CommandId,
}

impl Outgoing {
    /// Keeps a command until it is answered.
    pub(crate) fn push(
        &mut self,
        topic: TopicName,
        contract: Option<Fingerprint>,
        command: Payload,
    ) -> Result<CommandId, OutboxFull> {
        let len = command.len() + topic.as_str().len();
        if self.commands.len() == COMMANDS_MAX || self.len + len > COMMANDS_LEN_MAX {
            return Err(OutboxFull);
        }
        self.next_id += 1;
        self.len += len;
        self.commands.push_back(Command {
            id: self.next_id,
            topic,
            contract,
            command,
            sent_as: None,
        });
        Ok(self.next_id)
    }

    /// The oldest command that was not sent on this connection, unless `window` are under way.
    pub(crate) fn next_unsent(&self, window: usize) -> Option<&Command> {
        let unsent = self
            .commands
            .iter()
            .position(|command| command.sent_as.is_none())?;
        // Commands are sent in order, so all before the first unsent one are under way.
        if unsent < window {
            self.commands.get(unsent)
        } else {
            None
        }
    }

    /// Notes that the command `id` went out as `request`.
    pub(crate) fn sent(&mut self, id: CommandId, request: RequestId) {
        if let Some(command) = self.commands.iter_mut().find(|command| command.id == id) {
            command.sent_as = Some(request);
        }
    }

    /// Takes the command `id` out: it was answered or given up.
    pub(crate) fn remove(&mut self, id: CommandId) -> Option<Command> {
        let place = self.commands.iter().position(|command| command.id == id)?;
        let command = self.commands.remove(place)?;
        self.len -= command.command.len() + command.topic.as_str().len();
        Some(command)
    }

    /// Forgets what was sent on the connection that ended: all of it goes out again.
    pub(crate) fn rewind(&mut self) {
        for command in &mut self.commands {
            command.sent_as = None;
        }
    }

    /// How many commands wait.
    pub(crate) fn count(&self) -> usize {
        self.commands.len()
    }
}

/// The outbox holds as many unanswered commands as it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxFull;

impl fmt::Display for OutboxFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many commands wait to be acknowledged")
    }
}

impl std::error::Error for OutboxFull {}
