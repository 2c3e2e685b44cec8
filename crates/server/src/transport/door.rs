//! The door: lets a connection in that opens a WebSocket as plainly as clients do.
//!
//! It looks at the first bytes of a connection. A good handshake (RFC 6455) of HTTP/1.1 for one of
//! our addresses is answered at once; it costs a fraction of what a way through HTTP would. Of
//! whatever else it says nothing: that is for HTTP, which also knows how to refuse. So a rule that
//! is missing here would let somebody in, but none can be broken by being stricter.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Response, Uri, Version, header};
use trunkline_protocol::{Offer, Subprotocol};
use trunkline_session::Way;

use super::handshake;
use crate::origin::OriginPolicy;
use crate::realtime;
use crate::shard::Role;

/// Headers of a plain handshake; browsers send about twenty.
const HEADERS_MAX: usize = 48;

/// What a connection gets that is let in.
#[derive(Debug)]
pub(crate) struct Welcome {
    pub(crate) role: Role,
    /// The response, as it is sent.
    pub(crate) answer: Vec<u8>,
    /// Where the request ends. What follows are frames.
    pub(crate) head_len: usize,
}

/// Lets a connection in that begins with these bytes. None if HTTP has to look at it.
pub(crate) fn welcome(bytes: &[u8], origins: &OriginPolicy) -> Option<Welcome> {
    let (request, head_len) = read_head(bytes)?;
    let body = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING];
    let has_body = body.iter().any(|it| request.headers().contains_key(it));
    if has_body || !realtime::PATHS.contains(&request.uri().path()) {
        return None;
    }
    origins
        .check(
            request.method(),
            request.uri(),
            request.version(),
            request.headers(),
        )
        .ok()?;
    handshake::check(&request).ok()?;
    let (codec, name) = match handshake::offer(&request) {
        Offer::Chosen(codec) => (codec, Some(Subprotocol::name(codec))),
        Offer::Unnamed => (trunkline_protocol::Codec::Json, None),
        Offer::OtherVersion(_) | Offer::Foreign => return None,
    };
    let response = handshake::accept(&request, name.map(HeaderValue::from_static));
    tracing::debug!(path = request.uri().path(), "let in at the door");
    Some(Welcome {
        role: Role::Conversation(codec, Way::Both),
        answer: write_head(&response),
        head_len,
    })
}

/// Reads a complete head of HTTP/1.1. None for whatever is not one.
fn read_head(bytes: &[u8]) -> Option<(Request, usize)> {
    if !bytes.starts_with(b"GET /") {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(len) = head.parse(bytes).ok()? else {
        return None;
    };
    if head.version != Some(1) {
        return None;
    }
    let mut request = Request::default();
    *request.version_mut() = Version::HTTP_11;
    *request.uri_mut() = head.path?.parse::<Uri>().ok()?;
    for it in head.headers {
        let name = HeaderName::from_bytes(it.name.as_bytes()).ok()?;
        let value = HeaderValue::from_bytes(it.value).ok()?;
        request.headers_mut().append(name, value);
    }
    Some((request, len))
}

/// The head of a response, as it is sent.
pub(crate) fn write_head<T>(response: &Response<T>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    bytes.extend_from_slice(b"HTTP/1.1 ");
    bytes.extend_from_slice(status.as_str().as_bytes());
    bytes.extend_from_slice(b" ");
    bytes.extend_from_slice(reason.as_bytes());
    for (name, value) in response.headers() {
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::Codec;

    use super::*;

    /// That of RFC 6455 section 1.3, with an origin of this server.
    const PLAIN: &str = "GET /ws HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Origin: http://example.com\r\nSec-WebSocket-Protocol: trunkline.v1.bincode\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n";

    fn ask(request: &str) -> Option<Welcome> {
        welcome(request.as_bytes(), &OriginPolicy::new(false, Vec::new()))
    }

    #[test]
    fn a_plain_handshake_is_answered_and_frames_may_follow() {
        let welcome = ask(&format!("{PLAIN}frames")).expect("it is let in");
        assert_eq!(welcome.head_len, PLAIN.len());
        assert!(matches!(
            welcome.role,
            Role::Conversation(Codec::Bincode, Way::Both)
        ));
        let expected = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
            upgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
            sec-websocket-protocol: trunkline.v1.bincode\r\n\r\n";
        assert_eq!(String::from_utf8(welcome.answer).as_deref(), Ok(expected));
    }

    #[test]
    fn without_a_subprotocol_json_is_spoken() {
        let request = PLAIN.replace("Sec-WebSocket-Protocol: trunkline.v1.bincode\r\n", "");
        let welcome = ask(&request.replace("/ws", "/chat?from=here")).expect("it is let in");
        assert!(matches!(
            welcome.role,
            Role::Conversation(Codec::Json, Way::Both)
        ));
        let answer = String::from_utf8(welcome.answer).expect("text");
        assert!(!answer.contains("protocol:"), "{answer}");
    }

    #[test]
    fn whatever_else_is_for_http() {
        for (what, with) in [
            ("GET /ws ", "GET /lab "),
            ("GET /ws ", "GET /ws/ "),
            ("GET /ws ", "POST /ws "),
            ("GET /ws ", "GET http://elsewhere/ws "),
            ("HTTP/1.1", "HTTP/1.0"),
            ("Host: example.com\r\n", ""),
            (
                "Host: example.com\r\n",
                "Host: example.com\r\nHost: example.com\r\n",
            ),
            (
                "Host: example.com\r\n",
                "Host: example.com\r\nContent-Length: 3\r\n",
            ),
            (
                "Host: example.com\r\n",
                "Host: example.com\r\nTransfer-Encoding: chunked\r\n",
            ),
            ("Upgrade: websocket\r\n", ""),
            ("Connection: Upgrade", "Connection: keep-alive"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
            ("http://example.com", "http://elsewhere.example"),
            ("http://example.com", "null"),
            ("trunkline.v1.bincode", "trunkline.v9.bincode"),
            ("trunkline.v1.bincode", "soap"),
            ("Version: 13", "Version: 8"),
            ("Host: example.com\r\n", "Host: example.com\r\nX Y: 1\r\n"),
            ("\r\n\r\n", "\r\n"),
        ] {
            assert!(PLAIN.contains(what), "{what:?}");
            let request = PLAIN.replace(what, with);
            assert!(ask(&request).is_none(), "{with:?} was let in");
        }
        for len in 0..PLAIN.len() {
            assert!(ask(&PLAIN[..len]).is_none(), "{len} bytes were let in");
        }
        let many = "X-Many: 1\r\n".repeat(HEADERS_MAX);
        assert!(ask(&PLAIN.replace("Upgrade: w", &format!("{many}Upgrade: w"))).is_none());
    }
}
