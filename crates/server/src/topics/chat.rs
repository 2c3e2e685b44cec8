//! Chat: what the server does with what people say. The words are in the protocol's `chat.rs`.

use trunkline_protocol::topics::chat::{
    CHAT_TEXT_CHARS_MAX, Chat, ChatCommand, ChatEvent, ChatText, ListRooms, ListRoomsRequest,
    RoomInfo, RoomName, Rooms,
};
use trunkline_protocol::{
    Error, ErrorCode, List, Offset, Text, TextForm, TextProblem, User, read_text,
};

use super::handler::{Access, CallContext, CallHandler, Context, Handler};

/// Keeps the rules of the rooms: texts are trimmed and short, and only authors edit and delete.
pub(crate) struct ChatHandler;

impl Handler for ChatHandler {
    type Topic = Chat;

    fn authorize(&self, _: &User, _: &RoomName) -> Result<Access, Error> {
        Ok(Access::FULL)
    }

    async fn on_command(
        &self,
        context: &Context<'_, Chat>,
        _: &RoomName,
        command: ChatCommand,
    ) -> Result<ChatEvent, Error> {
        let at = context.now;
        match command {
            ChatCommand::Say { text } => Ok(ChatEvent::Said {
                author: context.user.clone(),
                at,
                text: checked(&text)?,
            }),
            ChatCommand::Edit { offset, text } => {
                let text = checked(&text)?;
                own(context, offset).await?;
                Ok(ChatEvent::Edited { offset, at, text })
            }
            ChatCommand::Delete { offset } => {
                own(context, offset).await?;
                Ok(ChatEvent::Deleted { offset, at })
            }
        }
    }
}

/// Reads a text: trimmed, with plain line ends.
fn checked(text: &str) -> Result<ChatText, Error> {
    let text = read_text(text, TextForm::Lines, CHAT_TEXT_CHARS_MAX);
    let text = text.map_err(|problem| match problem {
        TextProblem::Empty => Error::new(ErrorCode::Invalid, "a message needs a visible text"),
        TextProblem::TooLong(_) => {
            let detail = format!("a message has at most {CHAT_TEXT_CHARS_MAX} characters");
            Error::new(ErrorCode::TooLong, detail)
        }
        TextProblem::Character(_) => Error::new(ErrorCode::Invalid, problem),
    })?;
    ChatText::try_from(&*text).map_err(|error| Error::new(ErrorCode::TooLong, error))
}

/// Checks that the user said what stands at `offset` and has not taken it back.
async fn own(context: &Context<'_, Chat>, offset: Offset) -> Result<(), Error> {
    let events = context.kept_from(offset).await?;
    match events.first() {
        None if offset == 0 || context.head().await? < offset => Err(Error::new(
            ErrorCode::Invalid,
            "there is no message at this offset",
        )),
        None => Err(Error::new(
            ErrorCode::NotKept,
            "this message is no longer kept",
        )),
        Some((_, ChatEvent::Said { author, .. })) if author.id != context.user.id => Err(
            Error::new(ErrorCode::Forbidden, "only the author may change a message"),
        ),
        Some((_, ChatEvent::Said { .. })) => {
            let taken_back = |event: &ChatEvent| matches!(event, ChatEvent::Deleted { offset: gone, .. } if *gone == offset);
            if events.iter().any(|(_, event)| taken_back(event)) {
                return Err(Error::new(ErrorCode::NotKept, "this message was deleted"));
            }
            Ok(())
        }
        Some((_, ChatEvent::Edited { .. } | ChatEvent::Deleted { .. })) => Err(Error::new(
            ErrorCode::Invalid,
            "there is no message at this offset",
        )),
    }
}

/// Lists the rooms in use.
pub(crate) struct ListRoomsHandler;

impl CallHandler for ListRoomsHandler {
    type Call = ListRooms;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        _: ListRoomsRequest,
    ) -> Result<Rooms, Error> {
        let mut rooms = context.topics_in_use::<Chat>();
        rooms.sort_by(|(a, a_people, a_head), (b, b_people, b_head)| {
            b_people
                .cmp(a_people)
                .then(b_head.cmp(a_head))
                .then(a.cmp(b))
        });
        let rooms = rooms.into_iter().map(|(name, people, events)| RoomInfo {
            name: Text::cut(name.as_str()),
            people,
            events,
        });
        Ok(Rooms {
            rooms: List::cut(rooms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, ErrorCode>) {
        let result = checked(text);
        assert_eq!(
            result
                .as_ref()
                .map(|text| text.as_str())
                .map_err(|error| error.code),
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn a_text_is_trimmed_short_and_printable() {
        check("  hello \n", Ok("hello"));
        check("two\nlines", Ok("two\nlines"));
        check("안녕", Ok("안녕"));
        check(" \t\n", Err(ErrorCode::Invalid));
        check("\u{200b}\u{3164}", Err(ErrorCode::Invalid));
        check("one\r\ntwo", Ok("one\ntwo"));
        check("bell \u{7}", Err(ErrorCode::Invalid));
        let bell = checked("bell \u{7}").expect_err("a control character");
        assert_eq!(&*bell.detail, "the character U+0007 is not allowed");
        let longest = "한".repeat(CHAT_TEXT_CHARS_MAX);
        check(&longest, Ok(&longest));
        check(&format!("{longest}!"), Err(ErrorCode::TooLong));
    }
}
