//! Live: what the server does with what is broadcast. The words are in the protocol's `live.rs`, the
//! rules in `live/`.

use std::sync::Arc;

use trunkline_protocol::topics::live::{Live, LiveEvent, LiveRoom};
use trunkline_protocol::{Error, User};

use super::handler::{Access, Context, Handler};
use crate::live::Studio;

/// Lets everybody watch, and takes what the broadcaster of a room sends in its order and its measure.
pub(crate) struct LiveHandler(pub(crate) Arc<Studio>);

impl Handler for LiveHandler {
    type Topic = Live;

    fn authorize(&self, _: &User, _: &LiveRoom) -> Result<Access, Error> {
        // Who has the seat of a room changes; each command is judged by it.
        Ok(Access::FULL)
    }

    async fn on_command(
        &self,
        context: &Context<'_, Live>,
        room: &LiveRoom,
        event: LiveEvent,
    ) -> Result<LiveEvent, Error> {
        let user = context.user.id;
        self.0
            .with_rooms(|rooms, now| rooms.take(now, user, room, &event))?;
        Ok(event)
    }
}
