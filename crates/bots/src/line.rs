//! What travels: inputs as messages, and how many bytes it all has.

use anyhow::{Result, bail};
use futures_util::StreamExt;
use trunkline_arena::Input;
use trunkline_client::{Client, Status, Tap};
use trunkline_protocol::topics::arena::ArenaInput;

use crate::tally::Tally;

/// Waits until the line is up.
///
/// # Errors
///
/// Why it will not be.
pub(crate) async fn up(client: &Client) -> Result<()> {
    let mut statuses = std::pin::pin!(client.statuses());
    while let Some(status) = statuses.next().await {
        match status {
            Status::Live { .. } => return Ok(()),
            Status::Stopped(reason) => bail!("the server does not let a bot in: {reason:?}"),
            _ => {}
        }
    }
    bail!("the client has ended")
}

/// An input as it is sent.
pub(crate) fn message(input: Input) -> ArenaInput {
    ArenaInput {
        does: input.does(),
        aim: input.aim.0,
        view_back: input.view_back,
    }
}

/// Counts the bytes of all frames, with what WebSocket adds to them.
pub(crate) struct Meter(Tap);

impl Meter {
    /// Counts from now on.
    pub(crate) fn of(client: &Client) -> Self {
        Self(client.tap())
    }

    /// Adds what has travelled since this was called last.
    pub(crate) fn count(&mut self, tally: &mut Tally) {
        for frame in self.0.take().frames {
            let len = frame.size.total() as u64;
            if frame.what.is_sent() {
                tally.bytes_up += len;
            } else {
                tally.bytes_down += len;
            }
        }
    }
}
