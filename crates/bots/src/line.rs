//! What travels: inputs as messages, and how many bytes it all has.

use trunkline_arena::{Angle, Input, Moves};
use trunkline_client::{Client, Tap};
use trunkline_protocol::topics::arena::ArenaInput;

use crate::tally::Tally;

/// An input as it is sent.
pub(crate) fn message(input: Input) -> ArenaInput {
    let Moves {
        up,
        down,
        left,
        right,
    } = input.moves;
    let flags = [up, down, left, right, input.fire];
    let bits = flags.iter().enumerate();
    let Angle(aim) = input.aim;
    ArenaInput {
        does: bits.fold(0, |does, (at, &flag)| does | (u8::from(flag) << at)),
        aim,
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
