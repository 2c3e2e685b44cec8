//! Samples of messages: what users of chat and boards say, and what they are told.

use super::*;

pub(in super::super) fn chat_commands() -> Vec<Sample<ChatCommand>> {
    vec![
        sample(
            "chat.command.say",
            ChatCommand::Say {
                text: text("hello"),
            },
        ),
        sample(
            "chat.command.edit",
            ChatCommand::Edit {
                offset: 301,
                text: text("hello, all"),
            },
        ),
        sample("chat.command.delete", ChatCommand::Delete { offset: 301 }),
    ]
}

pub(in super::super) fn chat_events() -> Vec<Sample<ChatEvent>> {
    vec![
        sample("chat.event.said", said("\"quoted\"\n안녕 👋")),
        sample(
            "chat.event.edited",
            ChatEvent::Edited {
                offset: 301,
                at: NEW_YEAR,
                text: text("hello, all"),
            },
        ),
        sample(
            "chat.event.deleted",
            ChatEvent::Deleted {
                offset: 301,
                at: NEW_YEAR,
            },
        ),
    ]
}

pub(in super::super) fn typing_commands() -> Vec<Sample<TypingCommand>> {
    vec![
        sample("typing.command.started", TypingCommand::Started),
        sample("typing.command.stopped", TypingCommand::Stopped),
    ]
}

pub(in super::super) fn typing_events() -> Vec<Sample<TypingEvent>> {
    vec![
        sample(
            "typing.event.started",
            TypingEvent {
                user: mina(),
                typing: true,
            },
        ),
        sample(
            "typing.event.stopped",
            TypingEvent {
                user: mina(),
                typing: false,
            },
        ),
    ]
}

pub(in super::super) fn rooms_requests() -> Vec<Sample<ListRoomsRequest>> {
    vec![sample("chat.rooms.request", ListRoomsRequest {})]
}

pub(in super::super) fn rooms() -> Vec<Sample<Rooms>> {
    vec![
        sample("chat.rooms.response", all_rooms()),
        sample("chat.rooms.response.empty", Rooms::default()),
    ]
}

pub(in super::super) fn quotes() -> Vec<Sample<Quote>> {
    vec![
        sample(
            "ticker.quote",
            Quote {
                symbol: 7,
                price: 1_850_000,
                bid_below: 50,
                ask_above: 150,
                size: 300,
            },
        ),
        sample(
            "ticker.quote.longest",
            Quote {
                symbol: u16::MAX,
                price: PRICE_MAX,
                bid_below: u16::MAX,
                ask_above: u16::MAX,
                size: u32::MAX,
            },
        ),
    ]
}

/// The contracts as they travel, for programs that want to send them without computing them.
pub(in super::super) fn contracts() -> Vec<(&'static str, u32)> {
    let before = [
        ("chat", Chat::contract().0),
        ("typing", Typing::contract().0),
        ("ticker", Ticker::contract().0),
        (ListRooms::METHOD, ListRooms::contract().0),
    ];
    before
        .into_iter()
        .chain(lab_samples::contracts())
        .chain(arena_samples::contracts())
        .chain(ticker_samples::contracts())
        .chain(alert_samples::contracts())
        .chain(live_samples::contracts())
        .collect()
}
