//! Typing: tells a room who is pressing keys. Nothing is kept.

use trunkline_protocol::topics::chat::{RoomName, Typing, TypingCommand, TypingEvent};
use trunkline_protocol::{Error, User};

use super::handler::{Access, Context, Handler};

/// Says who types, as the server knows them.
pub(crate) struct TypingHandler;

impl Handler for TypingHandler {
    type Topic = Typing;

    fn authorize(&self, _: &User, _: &RoomName) -> Result<Access, Error> {
        Ok(Access::FULL)
    }

    async fn on_command(
        &self,
        context: &Context<'_, Typing>,
        _: &RoomName,
        command: TypingCommand,
    ) -> Result<TypingEvent, Error> {
        Ok(TypingEvent {
            user: context.user.clone(),
            typing: command == TypingCommand::Started,
        })
    }
}
