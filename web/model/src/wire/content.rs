//! What is in a frame, for people: as JSON, also where it travelled as bincode, and as bytes.
//!
//! A payload is decoded by the type of its topic or method. A topic that this page does not know is
//! shown by its first bytes. A new topic is one line in `event` and one in `command`, a new call one in
//! `request` and one in `response`.

use std::fmt::Write;

use serde::Serialize;
use trunkline_client::tap::What;
use trunkline_protocol::codec::Wire;
use trunkline_protocol::topics::alerts::Alerts;
use trunkline_protocol::topics::arena::{
    Arena, JoinArena, LeaveArena, ListArenaPlayers, ListArenas, SteerArena,
};
use trunkline_protocol::topics::chat::{Chat, ListRooms, Typing};
use trunkline_protocol::topics::lab::{
    Echo, Lab, ListLanes, ReportRace, ShowHandshake, StartRace, TellTime,
};
use trunkline_protocol::topics::live::{BeginLive, CountLive, ListLive, Live, ReportLive};
use trunkline_protocol::topics::ticker::{
    DropAlarm, ListAlarms, ListSymbols, Listing, ReadCandles, ReadTrades, SetAlarm,
    SummarizeSymbols, Ticker,
};
use trunkline_protocol::{Call, ClientFrame, Codec, Payload, ServerFrame, Tail, Topic};

use super::Entry;
use super::json::indented;

/// How many bytes a hex dump shows.
pub const HEX_LEN_MAX: usize = 256;

/// How many bytes are shown of a payload whose type is not known.
const UNKNOWN_LEN_MAX: usize = 64;

/// The decoded content of a frame as indented JSON.
pub fn content(entry: &Entry) -> String {
    indented(&json(entry))
}

/// A frame as JSON in one line, with how and when it travelled.
pub fn line(entry: &Entry) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        number: u64,
        at_ms: u64,
        direction: &'static str,
        transport: &'static str,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        subject: Option<&'a str>,
        payload_bytes: usize,
        header_bytes: usize,
        frame: &'a serde_json::value::RawValue,
    }
    let tapped = &entry.tapped;
    let frame = serde_json::value::RawValue::from_string(json(entry));
    let line = Line {
        number: entry.number,
        at_ms: tapped.at_ms,
        direction: if tapped.what.is_sent() {
            "sent"
        } else {
            "received"
        },
        transport: match tapped.transport {
            trunkline_client::Transport::WebSocket => "websocket",
            trunkline_client::Transport::Stream => "stream",
            trunkline_client::Transport::Poll => "poll",
        },
        kind: entry.kind(),
        subject: tapped.subject.as_deref(),
        payload_bytes: tapped.size.payload,
        header_bytes: tapped.size.header,
        frame: &frame.expect("a frame is valid JSON since it was just encoded"),
    };
    serde_json::to_string(&line).expect("plain fields and JSON can be encoded")
}

/// The first bytes of a frame as lines of sixteen, with the characters they would be. None where
/// they hold a token, or are no frame in bincode.
pub fn hex(entry: &Entry) -> Option<String> {
    let bytes = match &entry.tapped.what {
        what if what.hides_token() => return None,
        What::Sent(frame) => Codec::Bincode.encode(frame),
        What::Received(frame) => Codec::Bincode.encode(frame),
        What::Asked(_) | What::Refused(_) | What::Unreadable => return None,
    };
    let mut dump = String::new();
    for (number, row) in bytes[..bytes.len().min(HEX_LEN_MAX)].chunks(16).enumerate() {
        let pairs: String = row.iter().map(|byte| format!("{byte:02x} ")).collect();
        let characters: String = row
            .iter()
            .map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            })
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(dump, "{:04x}  {pairs:<48} {characters}", number * 16);
    }
    Some(dump)
}

fn json(entry: &Entry) -> String {
    let subject = entry.tapped.subject.as_deref().unwrap_or_default();
    let text = match &entry.tapped.what {
        What::Sent(frame) => serde_json::to_string(&sent(frame, subject)),
        What::Received(frame) => serde_json::to_string(&received(frame, subject)),
        What::Asked(path) => serde_json::to_string(path),
        What::Refused(error) => serde_json::to_string(error),
        What::Unreadable => Ok("null".to_owned()),
    };
    text.expect("frames hold only what JSON can encode, now that their payloads are JSON")
}

/// A frame with its payload as JSON.
fn sent(frame: &ClientFrame, subject: &str) -> ClientFrame {
    let mut frame = frame.clone();
    match &mut frame {
        ClientFrame::Publish { command, .. } => *command = self::command(subject, command),
        ClientFrame::Call {
            method, request, ..
        } => *request = self::request(method, request),
        ClientFrame::Connect { .. }
        | ClientFrame::Subscribe(_)
        | ClientFrame::Unsubscribe { .. }
        | ClientFrame::Cancel { .. }
        | ClientFrame::History { .. }
        | ClientFrame::Presence { .. }
        | ClientFrame::Refresh { .. }
        | ClientFrame::Pong
        | ClientFrame::Probe { .. } => {}
    }
    frame
}

/// A frame with its payloads as JSON.
fn received(frame: &ServerFrame, subject: &str) -> ServerFrame {
    let mut frame = frame.clone();
    match &mut frame {
        ServerFrame::Publication {
            event: Tail(event), ..
        } => *event = self::event(subject, event),
        ServerFrame::Subscribed { publications, .. }
        | ServerFrame::History { publications, .. } => {
            let mut all = publications.to_vec();
            for publication in &mut all {
                publication.event = event(subject, &publication.event);
            }
            *publications = trunkline_protocol::List::cut(all);
        }
        ServerFrame::Returned { response, .. } => *response = self::response(subject, response),
        ServerFrame::Connected { .. }
        | ServerFrame::Unsubscribed { .. }
        | ServerFrame::Published { .. }
        | ServerFrame::Refused { .. }
        | ServerFrame::Present { .. }
        | ServerFrame::Refreshed { .. }
        | ServerFrame::Gap { .. }
        | ServerFrame::Joined { .. }
        | ServerFrame::Left { .. }
        | ServerFrame::Ping { .. }
        | ServerFrame::Probed { .. }
        | ServerFrame::Drain { .. }
        | ServerFrame::Disconnect { .. } => {}
    }
    frame
}

fn event(topic: &str, event: &Payload) -> Payload {
    match namespace(topic) {
        Chat::NAMESPACE => as_json::<<Chat as Topic>::Event>(event),
        Typing::NAMESPACE => as_json::<<Typing as Topic>::Event>(event),
        Ticker::NAMESPACE => as_json::<<Ticker as Topic>::Event>(event),
        Listing::NAMESPACE => as_json::<<Listing as Topic>::Event>(event),
        Lab::NAMESPACE => as_json::<<Lab as Topic>::Event>(event),
        Arena::NAMESPACE => as_json::<<Arena as Topic>::Event>(event),
        Alerts::NAMESPACE => as_json::<<Alerts as Topic>::Event>(event),
        Live::NAMESPACE => as_json::<<Live as Topic>::Event>(event),
        _ => unknown(event),
    }
}

fn command(topic: &str, command: &Payload) -> Payload {
    match namespace(topic) {
        Chat::NAMESPACE => as_json::<<Chat as Topic>::Command>(command),
        Typing::NAMESPACE => as_json::<<Typing as Topic>::Command>(command),
        Ticker::NAMESPACE => as_json::<<Ticker as Topic>::Command>(command),
        Listing::NAMESPACE => as_json::<<Listing as Topic>::Command>(command),
        Lab::NAMESPACE => as_json::<<Lab as Topic>::Command>(command),
        Alerts::NAMESPACE => as_json::<<Alerts as Topic>::Command>(command),
        Live::NAMESPACE => as_json::<<Live as Topic>::Command>(command),
        _ => unknown(command),
    }
}

fn request(method: &str, request: &Payload) -> Payload {
    match method {
        ListRooms::METHOD => as_json::<<ListRooms as Call>::Request>(request),
        ListSymbols::METHOD => as_json::<<ListSymbols as Call>::Request>(request),
        SummarizeSymbols::METHOD => as_json::<<SummarizeSymbols as Call>::Request>(request),
        ReadCandles::METHOD => as_json::<<ReadCandles as Call>::Request>(request),
        ReadTrades::METHOD => as_json::<<ReadTrades as Call>::Request>(request),
        SetAlarm::METHOD => as_json::<<SetAlarm as Call>::Request>(request),
        ListAlarms::METHOD => as_json::<<ListAlarms as Call>::Request>(request),
        DropAlarm::METHOD => as_json::<<DropAlarm as Call>::Request>(request),
        JoinArena::METHOD => as_json::<<JoinArena as Call>::Request>(request),
        SteerArena::METHOD => as_json::<<SteerArena as Call>::Request>(request),
        LeaveArena::METHOD => as_json::<<LeaveArena as Call>::Request>(request),
        ListArenaPlayers::METHOD => as_json::<<ListArenaPlayers as Call>::Request>(request),
        ListArenas::METHOD => as_json::<<ListArenas as Call>::Request>(request),
        Echo::METHOD => as_json::<<Echo as Call>::Request>(request),
        TellTime::METHOD => as_json::<<TellTime as Call>::Request>(request),
        ListLanes::METHOD => as_json::<<ListLanes as Call>::Request>(request),
        StartRace::METHOD => as_json::<<StartRace as Call>::Request>(request),
        ReportRace::METHOD => as_json::<<ReportRace as Call>::Request>(request),
        ShowHandshake::METHOD => as_json::<<ShowHandshake as Call>::Request>(request),
        BeginLive::METHOD => as_json::<<BeginLive as Call>::Request>(request),
        ListLive::METHOD => as_json::<<ListLive as Call>::Request>(request),
        ReportLive::METHOD => as_json::<<ReportLive as Call>::Request>(request),
        CountLive::METHOD => as_json::<<CountLive as Call>::Request>(request),
        _ => unknown(request),
    }
}

fn response(method: &str, response: &Payload) -> Payload {
    match method {
        ListRooms::METHOD => as_json::<<ListRooms as Call>::Response>(response),
        ListSymbols::METHOD => as_json::<<ListSymbols as Call>::Response>(response),
        SummarizeSymbols::METHOD => as_json::<<SummarizeSymbols as Call>::Response>(response),
        ReadCandles::METHOD => as_json::<<ReadCandles as Call>::Response>(response),
        ReadTrades::METHOD => as_json::<<ReadTrades as Call>::Response>(response),
        SetAlarm::METHOD => as_json::<<SetAlarm as Call>::Response>(response),
        ListAlarms::METHOD => as_json::<<ListAlarms as Call>::Response>(response),
        DropAlarm::METHOD => as_json::<<DropAlarm as Call>::Response>(response),
        JoinArena::METHOD => as_json::<<JoinArena as Call>::Response>(response),
        SteerArena::METHOD => as_json::<<SteerArena as Call>::Response>(response),
        LeaveArena::METHOD => as_json::<<LeaveArena as Call>::Response>(response),
        ListArenaPlayers::METHOD => as_json::<<ListArenaPlayers as Call>::Response>(response),
        ListArenas::METHOD => as_json::<<ListArenas as Call>::Response>(response),
        Echo::METHOD => as_json::<<Echo as Call>::Response>(response),
        TellTime::METHOD => as_json::<<TellTime as Call>::Response>(response),
        ListLanes::METHOD => as_json::<<ListLanes as Call>::Response>(response),
        StartRace::METHOD => as_json::<<StartRace as Call>::Response>(response),
        ReportRace::METHOD => as_json::<<ReportRace as Call>::Response>(response),
        ShowHandshake::METHOD => as_json::<<ShowHandshake as Call>::Response>(response),
        BeginLive::METHOD => as_json::<<BeginLive as Call>::Response>(response),
        ListLive::METHOD => as_json::<<ListLive as Call>::Response>(response),
        ReportLive::METHOD => as_json::<<ReportLive as Call>::Response>(response),
        CountLive::METHOD => as_json::<<CountLive as Call>::Response>(response),
        _ => unknown(response),
    }
}

fn namespace(topic: &str) -> &str {
    topic.split(':').next().unwrap_or_default()
}

/// A message in bincode as one in JSON. One that is not of its type is shown by its bytes.
fn as_json<T: Wire>(payload: &Payload) -> Payload {
    let message: Result<T, _> = Codec::Bincode.decode(payload.as_bytes());
    let json = message.ok().and_then(|it| serde_json::to_vec(&it).ok());
    // JSON may be longer than a payload can be.
    json.and_then(|json| Payload::try_from(json).ok())
        .unwrap_or_else(|| unknown(payload))
}

fn unknown(payload: &Payload) -> Payload {
    let bytes = payload.as_bytes();
    let first = &bytes[..bytes.len().min(UNKNOWN_LEN_MAX)];
    let hex: String = first.iter().map(|byte| format!("{byte:02x}")).collect();
    let json = format!(r#"{{"bytes":{},"hex":"{hex}"}}"#, bytes.len());
    Payload::try_from(json.into_bytes()).expect("a few bytes in hex are a short payload")
}

#[cfg(test)]
mod tests {
    use trunkline_client::Transport;
    use trunkline_client::tap::{Size, Tapped};
    use trunkline_protocol::topics::chat::ChatCommand;
    use trunkline_protocol::{MessageId, SenderId, Text, TopicId};

    use super::*;

    fn entry(subject: &str, what: What) -> Entry {
        let tapped = Tapped {
            at_ms: 1_500,
            transport: Transport::WebSocket,
            size: Size::from_client(20),
            subject: Some(subject.to_owned()),
            what,
        };
        Entry { number: 4, tapped }
    }

    fn say(topic: &str) -> Entry {
        let said = ChatCommand::Say {
            text: Text::cut("hello: {you}"),
        };
        let frame = ClientFrame::Publish {
            id: 3,
            message_id: MessageId {
                sender: SenderId::from_random(1),
                counter: 2,
            },
            topic: Text::cut(topic),
            contract: None,
            command: Codec::Bincode.payload(&said).expect("a short text"),
        };
        entry(topic, What::Sent(frame))
    }

    #[test]
    fn a_command_reads_as_json() {
        let content = content(&say("chat:lobby"));
        assert!(content.contains("\"text\": \"hello: {you}\""), "{content}");
        assert!(
            content.starts_with("{\n  \"type\": \"publish\""),
            "{content}"
        );
    }

    #[test]
    fn an_unknown_topic_reads_as_bytes() {
        let content = content(&say("secret:lobby"));
        assert!(content.contains("\"hex\": \""), "{content}");
        assert!(!content.contains("hello"));
    }

    #[test]
    fn a_line_is_json_that_a_program_reads() {
        let line: serde_json::Value =
            serde_json::from_str(&line(&say("chat:lobby"))).expect("JSON");
        let check = |path, expected: serde_json::Value| {
            assert_eq!(line.pointer(path), Some(&expected));
        };
        check("/number", 4.into());
        check("/direction", "sent".into());
        check("/subject", "chat:lobby".into());
        check("/payload_bytes", 20.into());
        check("/header_bytes", 6.into());
        check("/frame/command/text", "hello: {you}".into());
    }

    #[test]
    fn bytes_of_no_type_never_end_the_page() {
        for len in 0..40 {
            let event = Payload::try_from(vec![0xfe; len]).expect("a short payload");
            for topic in [
                "chat:a", "typing:a", "ticker:a", "lab:a", "arena:a", "alerts:a", "live:a", "",
                "none",
            ] {
                let frame = ServerFrame::Publication {
                    topic_id: TopicId(1),
                    offset: 1,
                    step: 1,
                    event: Tail(event.clone()),
                };
                let shown = content(&entry(topic, What::Received(frame)));
                assert!(shown.contains("hex"), "{shown}");
            }
        }
    }

    #[test]
    fn bytes_are_dumped_sixteen_in_a_line_and_never_beside_a_token() {
        let probe = entry("", What::Sent(ClientFrame::Probe { nonce: 0x41 }));
        let dump = hex(&probe).expect("a dump");
        assert_eq!(dump, format!("0000  {:<48} {}\n", "0a 41 ", ".A"));
        let refresh = ClientFrame::Refresh {
            id: 1,
            token: Text::default(),
        };
        assert_eq!(hex(&entry("", What::Sent(refresh))), None);
    }
}
