//! Promises: every command, call and read of one client is answered exactly once, and truly.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_protocol::{Codec, Error, ErrorCode, Payload, Position, RequestId};
use trunkline_session::CommandId;

use super::{Ledger, Verdict, Violation, ensure};

/// What one client waits for.
#[derive(Debug)]
pub(crate) struct Promises {
    user: u64,
    commands: BTreeMap<CommandId, usize>,
    /// The requests that wait, with what the answer must hold.
    requests: BTreeMap<RequestId, Option<u32>>,
    seen: BTreeSet<CommandId>,
}

impl Promises {
    pub(crate) fn new(user: u64) -> Self {
        Self {
            user,
            commands: BTreeMap::new(),
            requests: BTreeMap::new(),
            seen: BTreeSet::new(),
        }
    }

    pub(crate) fn command(&mut self, command: CommandId, topic: usize) -> Verdict {
        self.commands.insert(command, topic);
        ensure(
            "a command has its own id",
            self.seen.insert(command),
            || format!("command {command:?} again"),
        )
    }

    pub(crate) fn request(&mut self, request: RequestId, content: Option<u32>) -> Verdict {
        let before = self.requests.insert(request, content);
        ensure("a request has its own id", before.is_none(), || {
            format!("request {request} still waits")
        })
    }

    /// The position names the event that this command made.
    pub(crate) fn published(
        &mut self,
        command: CommandId,
        position: Position,
        ledger: &Ledger,
    ) -> Verdict {
        let topic = self.take_command(command)?;
        let truth = ledger.event(topic, position).is_some_and(|event| {
            (event.author, event.sender, event.counter)
                == (self.user, command.sender.into(), command.counter)
        });
        ensure("an acknowledgement is true", truth, || {
            format!("command {command:?} is not at {position:?} of {topic}")
        })
    }

    /// A log takes every good command sooner or later; other topics may be too busy for one.
    pub(crate) fn command_refused(
        &mut self,
        command: CommandId,
        error: &Error,
        ledger: &Ledger,
    ) -> Verdict {
        let topic = self.take_command(command)?;
        let busy = matches!(error.code, ErrorCode::TooFast | ErrorCode::TooManyRequests);
        let fair = busy && !ledger.delivery(topic).is_log();
        ensure("a good command is taken", fair, || {
            format!("command {command:?}: {error}")
        })
    }

    pub(crate) fn returned(
        &mut self,
        codec: Codec,
        request: RequestId,
        result: &Result<Payload, Error>,
    ) -> Verdict {
        let content = self.requests.get(&request).copied().flatten();
        self.answered(request, result.as_ref().err())?;
        let Ok(response) = result else { return Ok(()) };
        let returned = codec.decode::<u32>(response.as_bytes()).ok();
        ensure("a call returns its own answer", returned == content, || {
            format!("{returned:?}, not {content:?}")
        })
    }

    pub(crate) fn answered(&mut self, request: RequestId, error: Option<&Error>) -> Verdict {
        ensure(
            "every request is answered once",
            self.requests.remove(&request).is_some(),
            || format!("request {request} does not wait"),
        )?;
        let Some(error) = error else { return Ok(()) };
        let fair = error.code.retryable();
        ensure("a good request is refused only for now", fair, || {
            format!("request {request}: {error}")
        })
    }

    /// Nothing waits any more.
    pub(crate) fn check_kept(&self) -> Verdict {
        ensure(
            "every command is answered",
            self.commands.is_empty(),
            || format!("{:?} wait", self.commands.keys()),
        )?;
        ensure(
            "every request is answered",
            self.requests.is_empty(),
            || format!("{:?} wait", self.requests.keys()),
        )
    }

    fn take_command(&mut self, command: CommandId) -> Result<usize, Violation> {
        let twice = || {
            Violation::new(
                "every command is answered once",
                format!("command {command:?} does not wait"),
            )
        };
        self.commands.remove(&command).ok_or_else(twice)
    }
}
