//! Outgoing: commands that wait to be sent or to be acknowledged, over any number of connections.
//!
//! A command keeps its message id until it is answered, so that sending it again is safe. Of one
//! log, one command is under way at a time: one that is refused for now and sent again later is
//! not overtaken by those that were made after it.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use trunkline_protocol::{Fingerprint, MessageId, Moment, Payload, SenderId, Timestamp, TopicName};

use crate::saved::{SavedCommand, SavedOutbox};

/// The most commands that wait. The next one is refused, not kept.
pub const COMMANDS_MAX: usize = 1000;

/// The most bytes of commands that wait.
pub const COMMANDS_LEN_MAX: usize = 1024 * 1024;

/// Names a command: its message id, under which it is sent however often that takes.
pub type CommandId = MessageId;

/// A command for a topic's handler, before it has an id.
#[derive(Clone, Debug)]
pub struct NewCommand {
    /// The topic.
    pub topic: TopicName,
    /// The contract of the topic, where the codec needs one.
    pub contract: Option<Fingerprint>,
    /// Whether the topic is a log. Commands of logs keep their order, are sent again when they are
    /// refused for now, and can be saved; others are given up at the first refusal.
    pub log: bool,
    /// When somebody made it, by the clock on the wall.
    pub made_at: Timestamp,
    /// The encoded command.
    pub command: Payload,
}

/// A command that is not answered yet.
#[derive(Clone, Debug)]
pub(crate) struct Command {
    pub(crate) saved: SavedCommand,
    log: bool,
    sending: Sending,
    /// How often it was refused for now.
    refusals: u32,
}

/// How far a command has come on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Unsent,
    UnderWay,
    /// It was refused for now, and goes out again at `until` or later.
    Deferred {
        until: Moment,
    },
}

/// All commands that are not answered yet, oldest first.
#[derive(Debug)]
pub(crate) struct Outgoing {
    commands: VecDeque<Command>,
    len: usize,
    sender: SenderId,
    next_counter: u32,
}

impl Outgoing {
    /// An outbox without commands. The first one gets the counter `next_counter`.
    pub(crate) fn new(sender: SenderId, next_counter: u32) -> Self {
        Self {
            commands: VecDeque::new(),
            len: 0,
            sender,
            next_counter,
        }
    }

    /// Keeps a command until it is answered.
    pub(crate) fn push(&mut self, new: NewCommand) -> Result<CommandId, OutboxFull> {
        let id = MessageId {
            sender: self.sender,
            counter: self.next_counter,
        };
        let next_counter = self.next_counter.checked_add(1).ok_or(OutboxFull)?;
        let NewCommand {
            topic,
            contract,
            log,
            made_at,
            command,
        } = new;
        let saved = SavedCommand {
            id,
            topic,
            contract,
            made_at,
            command,
        };
        self.keep(saved, log)?;
        self.next_counter = next_counter;
        Ok(id)
    }

    /// Keeps a command that has its id already.
    pub(crate) fn keep(&mut self, saved: SavedCommand, log: bool) -> Result<(), OutboxFull> {
        let len = saved.len();
        if self.commands.len() == COMMANDS_MAX || self.len + len > COMMANDS_LEN_MAX {
            return Err(OutboxFull);
        }
        self.len += len;
        self.commands.push_back(Command {
            saved,
            log,
            sending: Sending::Unsent,
            refusals: 0,
        });
        Ok(())
    }

    /// Goes on under another sender, whose first command gets the counter 1. What waits keeps its
    /// ids.
    pub(crate) fn renew_sender(&mut self, sender: SenderId) {
        self.sender = sender;
        self.next_counter = 1;
    }

    /// The counter of the next command.
    pub(crate) fn next_counter(&self) -> u32 {
        self.next_counter
    }

    /// The oldest command that may go out `now`, unless `window` are under way.
    pub(crate) fn next_due(&self, now: Moment, window: usize) -> Option<&SavedCommand> {
        if self.under_way() >= window {
            return None;
        }
        // Logs of which an older command is not answered yet.
        let mut held = BTreeSet::new();
        for command in &self.commands {
            let topic = &command.saved.topic;
            let due = match command.sending {
                Sending::Unsent => true,
                Sending::UnderWay => false,
                Sending::Deferred { until } => until <= now,
            };
            if due && !(command.log && held.contains(topic)) {
                return Some(&command.saved);
            }
            if command.log {
                held.insert(topic);
            }
        }
        None
    }

    /// When the first command that was refused for now may go out again, unless `window` are
    /// under way: then an answer comes first.
    pub(crate) fn deferred_until(&self, window: usize) -> Option<Moment> {
        let until = |command: &Command| match command.sending {
            Sending::Deferred { until } => Some(until),
            Sending::Unsent | Sending::UnderWay => None,
        };
        let first = self.commands.iter().filter_map(until).min();
        first.filter(|_| self.under_way() < window)
    }

    /// Notes that the command `id` went out on this connection.
    pub(crate) fn sent(&mut self, id: CommandId) {
        if let Some(command) = self.find(id) {
            command.sending = Sending::UnderWay;
        }
    }

    /// How often the command `id` was refused for now, if it is one that is sent again then.
    pub(crate) fn refusals(&mut self, id: CommandId) -> Option<u32> {
        self.find(id)
            .filter(|command| command.log)
            .map(|command| command.refusals)
    }

    /// Notes that the command `id` was refused for now: it goes out again at `until` or later.
    pub(crate) fn defer(&mut self, id: CommandId, until: Moment) {
        if let Some(command) = self.find(id) {
            command.sending = Sending::Deferred { until };
            command.refusals = command.refusals.saturating_add(1);
        }
    }

    /// Takes the command `id` out: it was answered or given up.
    pub(crate) fn remove(&mut self, id: CommandId) -> Option<SavedCommand> {
        let place = self
            .commands
            .iter()
            .position(|command| command.saved.id == id)?;
        let command = self.commands.remove(place)?.saved;
        self.len -= command.len();
        Some(command)
    }

    /// Forgets what was under way on the connection that ended: all of it goes out again.
    pub(crate) fn rewind(&mut self) {
        for command in &mut self.commands {
            if command.sending == Sending::UnderWay {
                command.sending = Sending::Unsent;
            }
        }
    }

    /// How many commands wait.
    pub(crate) fn count(&self) -> usize {
        self.commands.len()
    }

    /// The commands of logs that wait, oldest first.
    pub(crate) fn of_logs(&self) -> impl Iterator<Item = &SavedCommand> {
        self.commands
            .iter()
            .filter(|command| command.log)
            .map(|command| &command.saved)
    }

    /// What to keep, so that another session can go on with it.
    pub(crate) fn save(&self) -> SavedOutbox {
        SavedOutbox {
            user: None,
            sender: self.sender,
            next_counter: self.next_counter,
            commands: self.of_logs().cloned().collect(),
        }
    }

    fn under_way(&self) -> usize {
        self.commands
            .iter()
            .filter(|command| command.sending == Sending::UnderWay)
            .count()
    }

    fn find(&mut self, id: CommandId) -> Option<&mut Command> {
        self.commands
            .iter_mut()
            .find(|command| command.saved.id == id)
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
