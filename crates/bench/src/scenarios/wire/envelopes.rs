//! Envelopes: the same message as others put it on the wire, without the WebSocket's header.

use std::fmt::Write as _;

use serde_json::Value;

use super::happenings::OFFSET;

/// Engine.IO 4's type `4` (message) and Socket.IO 5's `2` (event), then the event's name and
/// arguments. Source: <https://socket.io/docs/v4/socket-io-protocol/>. The room is not told.
pub(super) fn socket_io(event: &str, message: &Value) -> String {
    format!(r#"42["{event}",{message}]"#)
}

/// A broadcast by `Phoenix.Socket.V2.JSONSerializer`: join reference, reference, topic, event,
/// payload. Source: <https://hexdocs.pm/phoenix/writing_a_channels_client.html>.
pub(super) fn phoenix(topic: &str, event: &str, message: &Value) -> String {
    format!(r#"[null,null,"{topic}","{event}",{message}]"#)
}

/// An invocation (type 1) without an id, then the record separator. Source: `HubProtocol.md` of
/// ASP.NET Core's SignalR, "Invocation Message Encoding". The group is not told.
pub(super) fn signal_r(event: &str, message: &Value) -> String {
    format!("{{\"type\":1,\"target\":\"{event}\",\"arguments\":[{message}]}}\u{1e}")
}

/// A push with a publication of a channel that keeps history. Source: `client.proto` of
/// centrifugal/protocol, messages `Reply`, `Push` and `Publication`.
pub(super) fn centrifugo(topic: &str, message: &Value) -> String {
    format!(r#"{{"push":{{"channel":"{topic}","pub":{{"data":{message},"offset":{OFFSET}}}}}}}"#)
}

/// One question for news and its answer, with the headers that a browser and a usual server send.
pub(super) fn http_poll(topic: &str, message: &Value) -> String {
    let body = format!(r#"[{{"offset":{OFFSET},"event":{message}}}]"#);
    let mut text = format!("GET /events/{topic}?after={} HTTP/1.1\r\n", OFFSET - 1);
    text.push_str(&REQUEST.join("\r\n"));
    // Writing to a text does not fail.
    let _ = write!(text, "\r\n\r\n{}\r\n", RESPONSE.join("\r\n"));
    let _ = write!(text, "content-length: {}\r\n\r\n{body}", body.len());
    text
}

/// What Chromium sends from a page of the same origin.
const REQUEST: [&str; 13] = [
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
    use serde_json::json;

    use super::*;

    #[test]
    fn envelopes_are_as_their_protocols_write_them() {
        const LOBBY: &str = "chat:lobby";
        let message = json!({ "a": 1 });
        assert_eq!(socket_io("said", &message), r#"42["said",{"a":1}]"#);
        let expected = r#"[null,null,"chat:lobby","said",{"a":1}]"#;
        assert_eq!(phoenix(LOBBY, "said", &message), expected);
        let expected = "{\"type\":1,\"target\":\"said\",\"arguments\":[{\"a\":1}]}\u{1e}";
        assert_eq!(signal_r("said", &message), expected);
        let expected = r#"{"push":{"channel":"chat:lobby","pub":{"data":{"a":1},"offset":1234}}}"#;
        assert_eq!(centrifugo(LOBBY, &message), expected);
        let poll = http_poll(LOBBY, &message);
        assert!(poll.starts_with("GET /events/chat:lobby?after=1233 HTTP/1.1\r\nHost: "));
        assert!(poll.ends_with("\r\n\r\n[{\"offset\":1234,\"event\":{\"a\":1}}]"));
    }
}
