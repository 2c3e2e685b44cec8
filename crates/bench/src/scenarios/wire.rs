//! `wire`: the bytes of an event with its WebSocket header, beside the same event in the
//! envelopes of others. Computed, not measured.
//!
//! Everybody's message is ours in JSON, without what the envelope says already: these rows compare
//! envelopes and encodings, not what somebody chose to tell. No row has TCP's, IP's or TLS's bytes.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use trunkline_protocol::topics::chat::{Chat, ChatEvent};
use trunkline_protocol::{
    Codec, Member, ServerFrame, Tail, Text, Timestamp, Topic, TopicId, User, UserId,
};

use crate::report::{Report, Verdict};
use crate::server::Launcher;
use crate::spread::Spread;
use crate::table::Table;

const ROOM: &str = "lobby";

const OFFSET: u64 = 1234;

const TEXT: &str = "See you at eight in front of the cinema, I'm late!";

/// What happens, and what it is called.
struct Happening {
    name: &'static str,
    event: &'static str,
    frame: fn(Codec) -> Result<ServerFrame>,
    /// Where a message stands in our JSON frame; the whole frame without its number, otherwise.
    message: fn(&Value) -> Value,
}

const HAPPENINGS: [Happening; 2] = [
    Happening {
        name: "chat message of 50 characters",
        event: "said",
        frame: said,
        message: |frame| without(&frame["event"], &["type"]),
    },
    Happening {
        name: "somebody joins",
        event: "joined",
        frame: joined,
        message: |frame| without(frame, &["type", "topic_id"]),
    },
];

#[expect(clippy::unused_async, reason = "scenarios are asynchronous")]
pub(super) async fn run(_: Launcher, _: bool, report: &mut Report) -> Result<()> {
    let mut head = vec!["bytes"];
    head.extend(HAPPENINGS.iter().map(|it| it.name));
    let mut table = Table::new(&head);
    let columns: Vec<Vec<(&str, usize)>> = HAPPENINGS.iter().map(rows).collect::<Result<_>>()?;
    let first = columns.first().context("nothing happens")?;
    for (row, (who, _)) in first.iter().enumerate() {
        let cells = columns.iter().map(|column| column[row].1.to_string());
        table.row(std::iter::once((*who).to_owned()).chain(cells));
    }
    let mut verdicts = Vec::new();
    for (happening, column) in HAPPENINGS.iter().zip(&columns) {
        let (ours, len) = column[0];
        for &(other, theirs) in &column[1..] {
            report.figure(format!("{}: {other}", happening.name), json!(theirs));
            verdicts.push(Verdict {
                label: format!("{}: {ours} / {other}", happening.name),
                found: Spread::of([len as f64 / theirs as f64]),
                at_most: None,
                is_ratio: true,
            });
        }
        report.figure(format!("{}: {ours}", happening.name), json!(len));
    }
    report.table("Bytes of an event, with its WebSocket header:", table);
    report.verdicts("Ratios:", verdicts);
    Ok(())
}

/// Who needs how many bytes for it.
fn rows(happening: &Happening) -> Result<Vec<(&'static str, usize)>> {
    let len = |codec: Codec| Ok::<_, anyhow::Error>(codec.encode(&(happening.frame)(codec)?).len());
    let frame = Codec::Json.encode(&(happening.frame)(Codec::Json)?);
    let message = (happening.message)(&serde_json::from_slice(&frame)?);
    let event = happening.event;
    Ok(vec![
        ("trunkline, bincode", framed(len(Codec::Bincode)?)),
        ("trunkline, JSON", framed(len(Codec::Json)?)),
        ("Socket.IO", framed(socket_io(event, &message).len())),
        ("Phoenix", framed(phoenix(event, &message).len())),
        ("SignalR, JSON", framed(signal_r(event, &message).len())),
        ("Centrifugo, JSON", framed(centrifugo(&message).len())),
        ("HTTP poll", http_poll(&message).len()),
    ])
}

fn user() -> User {
    User {
        id: UserId(0x0123_4567_89ab_cdef),
        name: Text::cut("Mina"),
    }
}

fn said(codec: Codec) -> Result<ServerFrame> {
    let event = ChatEvent::Said {
        author: user(),
        at: Timestamp(1_800_000_000),
        text: Text::cut(TEXT),
    };
    Ok(ServerFrame::Publication {
        topic_id: TopicId(7),
        offset: OFFSET,
        step: 1,
        event: Tail(codec.payload(&event)?),
    })
}

fn joined(_: Codec) -> Result<ServerFrame> {
    Ok(ServerFrame::Joined {
        topic_id: TopicId(7),
        count: 42,
        member: Member {
            user: user(),
            connections: 1,
        },
    })
}

fn without(value: &Value, fields: &[&str]) -> Value {
    let mut value = value.clone();
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, _| !fields.contains(&name.as_str()));
    }
    value
}

/// A frame of a server, with the header of RFC 6455, 5.2.
fn framed(len: usize) -> usize {
    let header = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    header + len
}

/// Engine.IO 4's type `4` (message) and Socket.IO 5's `2` (event), then the event's name and
/// arguments. Source: <https://socket.io/docs/v4/socket-io-protocol/>. The room is not told.
fn socket_io(event: &str, message: &Value) -> String {
    format!(r#"42["{event}",{message}]"#)
}

/// A broadcast by `Phoenix.Socket.V2.JSONSerializer`: join reference, reference, topic, event,
/// payload. Source: <https://hexdocs.pm/phoenix/writing_a_channels_client.html>.
fn phoenix(event: &str, message: &Value) -> String {
    let topic = format!("{}:{ROOM}", Chat::NAMESPACE);
    format!(r#"[null,null,"{topic}","{event}",{message}]"#)
}

/// An invocation (type 1) without an id, then the record separator. Source: `HubProtocol.md` of
/// ASP.NET Core's SignalR, "Invocation Message Encoding". The group is not told.
fn signal_r(event: &str, message: &Value) -> String {
    format!("{{\"type\":1,\"target\":\"{event}\",\"arguments\":[{message}]}}\u{1e}")
}

/// A push with a publication of a channel that keeps history. Source: `client.proto` of
/// centrifugal/protocol, messages `Reply`, `Push` and `Publication`.
fn centrifugo(message: &Value) -> String {
    let channel = format!("{}:{ROOM}", Chat::NAMESPACE);
    format!(r#"{{"push":{{"channel":"{channel}","pub":{{"data":{message},"offset":{OFFSET}}}}}}}"#)
}

/// One question for news and its answer, with the headers that a browser and a usual server send.
fn http_poll(message: &Value) -> String {
    let body = format!(r#"[{{"offset":{OFFSET},"event":{message}}}]"#);
    let mut text = REQUEST.join("\r\n");
    // Writing to a text does not fail.
    let _ = write!(text, "\r\n\r\n{}\r\n", RESPONSE.join("\r\n"));
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text
}

/// What Chromium sends from a page of the same origin.
const REQUEST: [&str; 14] = [
    "GET /rooms/lobby/events?after=1233 HTTP/1.1",
    "Host: chat.example.com",
    "Connection: keep-alive",
    "sec-ch-ua-platform: \"Linux\"",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Accept: application/json",
    "sec-ch-ua: \"Chromium\";v=\"142\", \"Not_A Brand\";v=\"99\"",
    "sec-ch-ua-mobile: ?0",
    "Sec-Fetch-Site: same-origin",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Dest: empty",
    "Referer: https://chat.example.com/chat/lobby",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Cookie: session=0123456789abcdef0123456789abcdef",
];

const RESPONSE: [&str; 4] = [
    "HTTP/1.1 200 OK",
    "content-type: application/json",
    "cache-control: no-store",
    "date: Thu, 01 Jan 2026 00:00:00 GMT",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_as_their_protocols_write_them() {
        let message = json!({ "a": 1 });
        assert_eq!(socket_io("said", &message), r#"42["said",{"a":1}]"#);
        let expected = r#"[null,null,"chat:lobby","said",{"a":1}]"#;
        assert_eq!(phoenix("said", &message), expected);
        let expected = "{\"type\":1,\"target\":\"said\",\"arguments\":[{\"a\":1}]}\u{1e}";
        assert_eq!(signal_r("said", &message), expected);
        let expected = r#"{"push":{"channel":"chat:lobby","pub":{"data":{"a":1},"offset":1234}}}"#;
        assert_eq!(centrifugo(&message), expected);
        assert!(http_poll(&message).ends_with("\r\n\r\n[{\"offset\":1234,\"event\":{\"a\":1}}]"));
    }

    #[test]
    fn the_text_has_fifty_characters_and_ours_is_the_shortest() {
        assert_eq!(TEXT.chars().count(), 50);
        for happening in &HAPPENINGS {
            let rows = rows(happening).expect("all can be encoded");
            assert!(rows[1..].iter().all(|row| row.1 > rows[0].1), "{rows:?}");
        }
    }
}
