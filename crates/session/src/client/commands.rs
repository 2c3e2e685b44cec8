//! Commands: made, sent as their turn comes, refused for now, given up, saved.
//!
//! The order of what waits is `Outgoing`'s; here it meets the line.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, Error, ErrorCode, Moment, SenderId, Text};

use super::requests::Waiting;
use super::{COMMANDS_UNDER_WAY_MAX, ClientEvent, ClientSession};
use crate::backoff::pause_refused;
use crate::outgoing::{CommandId, NewCommand, OutboxFull};
use crate::saved::{SavedCommand, SavedOutbox};

/// How often a command may fail inside the server. A handler that fails over it each time is not
/// going to take it, and others wait behind it.
pub(crate) const INTERNAL_REFUSALS_MAX: u32 = 5;

impl ClientSession {
    /// How many commands are not answered yet.
    pub fn commands_waiting(&self) -> usize {
        self.outgoing.count()
    }

    /// The commands of logs that are not answered yet, oldest first.
    pub fn commands(&self) -> impl Iterator<Item = &SavedCommand> {
        self.outgoing.of_logs()
    }

    /// A command of a log that is not answered yet.
    pub fn command(&self, id: CommandId) -> Option<&SavedCommand> {
        self.commands().find(|command| command.id == id)
    }

    /// The counter of the next command, for whoever keeps note of it.
    pub fn next_counter(&self) -> u32 {
        self.outgoing.next_counter()
    }

    /// What to keep, so that another session goes on with it.
    pub fn save(&self) -> SavedOutbox {
        SavedOutbox {
            user: self.user,
            ..self.outgoing.save()
        }
    }

    /// Hands a command to a topic's handler, now or when there is a connection. It is answered by
    /// [`ClientEvent::Published`] or [`ClientEvent::CommandRefused`].
    ///
    /// # Errors
    ///
    /// [`OutboxFull`] when too many commands are unanswered.
    pub fn publish(&mut self, now: Moment, command: NewCommand) -> Result<CommandId, OutboxFull> {
        let id = self.outgoing.push(command)?;
        self.send_commands(now);
        Ok(id)
    }

    /// Gives up a command that is not answered yet. It may have been taken all the same.
    pub fn discard(&mut self, now: Moment, command: CommandId) {
        self.outgoing.remove(command);
        // It may have been what others waited for.
        self.send_commands(now);
    }

    /// Gives new commands another sender, which counts from 1. Call it when the counter of the
    /// last one can no longer be kept: a counter that is used twice loses a command.
    pub fn renew_sender(&mut self, sender: SenderId) {
        self.outgoing.renew_sender(sender);
    }

    /// Sends the commands whose turn it is.
    pub(super) fn send_commands(&mut self, now: Moment) {
        if !self.line.is_live() {
            return;
        }
        while let Some(next) = self.outgoing.next_due(now, COMMANDS_UNDER_WAY_MAX) {
            let next = next.clone();
            let id = self.new_request(Waiting::Publish(next.id));
            self.outgoing.sent(next.id);
            self.frames.push_back(ClientFrame::Publish {
                id,
                message_id: next.id,
                topic: Text::cut(next.topic.as_str()),
                contract: next.contract,
                command: next.command,
            });
        }
    }

    /// What is refused for now goes out again; any other refusal is the answer.
    pub(super) fn handle_command_refused(&mut self, now: Moment, command: CommandId, error: Error) {
        let refusals = self.outgoing.refusals(command);
        let may_be_taken = |refusals: &u32| {
            let hopeless =
                error.code == ErrorCode::Internal && refusals + 1 >= INTERNAL_REFUSALS_MAX;
            error.code.retryable() && !hopeless
        };
        if let Some(refusals) = refusals.filter(may_be_taken) {
            let told = error
                .retry_after_ms
                .map(|ms| Duration::from_millis(u64::from(ms)));
            let pause = pause_refused(refusals, told, self.jitter.next());
            self.outgoing.defer(command, now + pause);
        } else if self.outgoing.remove(command).is_some() {
            self.events
                .push_back(ClientEvent::CommandRefused { command, error });
        }
    }
}
