//! Publishing: a command on its way, and what became of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use trunkline_protocol::{Error, Offset};
use trunkline_session::CommandId;

use crate::client::Client;
use crate::platform;

/// What becomes of a command.
pub(crate) type Answer = Result<Published, PublishError>;

/// A command that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where its event stands in the topic.
    pub offset: Offset,
    /// Whether an earlier sending of it was taken already.
    pub duplicate: bool,
}

/// A command on its way. Await it to learn what became of it.
#[derive(Debug)]
pub struct Publishing {
    command: Option<CommandId>,
    answered: oneshot::Receiver<Answer>,
    client: Option<Client>,
}

impl Publishing {
    pub(crate) fn under_way(
        command: CommandId,
        answered: oneshot::Receiver<Answer>,
        client: Client,
    ) -> Self {
        Self {
            command: Some(command),
            answered,
            client: Some(client),
        }
    }

    pub(crate) fn failed(error: PublishError) -> Self {
        Self::answered(Err(error))
    }

    pub(crate) fn answered(result: Answer) -> Self {
        let (answer, answered) = oneshot::channel();
        // The receiver is right here, so this cannot fail.
        let _ = answer.send(result);
        Self {
            command: None,
            answered,
            client: None,
        }
    }

    /// The name of the command, if it was kept to be sent.
    pub fn command(&self) -> Option<CommandId> {
        self.command
    }

    /// Gives the command up: it is not sent (again). It may have been taken all the same.
    pub fn discard(self) {
        if let (Some(command), Some(client)) = (self.command, &self.client) {
            client
                .shared()
                .with(|state| state.discard(platform::now(), command));
            client.shared().ring();
        }
    }
}

impl Future for Publishing {
    type Output = Answer;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answered)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(PublishError::Ended)))
    }
}

/// Why a command was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishError {
    /// The server refused it.
    Refused(Error),
    /// Too many commands wait to be acknowledged.
    OutboxFull,
    /// The client ended before an answer came.
    Ended,
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "the command was refused: {error}"),
            Self::OutboxFull => f.write_str("too many commands wait to be acknowledged"),
            Self::Ended => f.write_str("the client ended before an answer came"),
        }
    }
}

impl std::error::Error for PublishError {}
