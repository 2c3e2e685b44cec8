//! The opening handshake as RFC 6455 section 4.2 wants it, and as RFC 8441 does over HTTP/2.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::ext::Protocol;
use sha1::{Digest, Sha1};
use trunkline_protocol::Offer;

use crate::problem::Problem;

/// Tells whether a request asks to become a WebSocket.
pub(crate) fn wants_upgrade(headers: &HeaderMap) -> bool {
    lists(headers, &header::UPGRADE, "websocket")
}

/// Tells whether a header's list has a word, whatever its case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|it| it.trim().eq_ignore_ascii_case(word))
}

/// Checks a handshake: the method, the version, and over HTTP/1.1 the headers that ask for an
/// upgrade, with a key that is 16 bytes in base64. Over HTTP/2 there is no key (RFC 8441 section 5).
pub(crate) fn check(request: &Request) -> Result<(), Box<Response>> {
    if request.version() < Version::HTTP_11 {
        let detail = "a WebSocket needs HTTP/1.1 or higher (RFC 6455, section 4.1)";
        return Err(Box::new(not_a_handshake(detail)));
    }
    if request.version() >= Version::HTTP_2 {
        let protocol = request.extensions().get::<Protocol>();
        if request.method() != Method::CONNECT
            || protocol.is_none_or(|it| it.as_str() != "websocket")
        {
            return Err(Box::new(not_a_handshake(
                "expected CONNECT with :protocol websocket",
            )));
        }
    } else if request.method() != Method::GET
        || !wants_upgrade(request.headers())
        || !lists(request.headers(), &header::CONNECTION, "upgrade")
    {
        let detail = "expected GET with `Connection: Upgrade` and `Upgrade: websocket`";
        return Err(Box::new(not_a_handshake(detail)));
    }
    check_headers(request.version(), request.headers())
}

fn not_a_handshake(detail: &str) -> Response {
    Problem::new(StatusCode::BAD_REQUEST, "websocket_handshake", detail).into_response()
}

/// What a request offers to speak.
pub(crate) fn offer(request: &Request) -> Offer {
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    Offer::of(offered.iter().filter_map(|value| value.to_str().ok()))
}

/// Answers a handshake that was checked, with the name of what is spoken if one was offered.
pub(crate) fn accept(request: &Request, subprotocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    if let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) {
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        let accept = HeaderValue::from_str(&accept_key(key.as_bytes()));
        headers.insert(
            header::SEC_WEBSOCKET_ACCEPT,
            accept.expect("base64 is a header's value"),
        );
    }
    if let Some(name) = subprotocol {
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    }
    response
}

/// Proves that the server has read the key (RFC 6455 section 4.2.2).
fn accept_key(key: &[u8]) -> String {
    const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let digest = Sha1::new().chain_update(key).chain_update(SALT).finalize();
    BASE64_STANDARD.encode(digest)
}

fn check_headers(version: Version, headers: &HeaderMap) -> Result<(), Box<Response>> {
    let offered = headers.get(header::SEC_WEBSOCKET_VERSION);
    if offered.is_none_or(|offered| offered.as_bytes() != b"13") {
        let detail = "this server speaks version 13 of the WebSocket protocol (RFC 6455)";
        let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "websocket_version", detail);
        let mut response = problem.into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::SEC_WEBSOCKET_VERSION,
            HeaderValue::from_static("13"),
        );
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        return Err(Box::new(response));
    }
    if version >= Version::HTTP_2 {
        return Ok(());
    }
    let mut keys = headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
    let key = keys
        .next()
        .and_then(|key| BASE64_STANDARD.decode(key.as_bytes()).ok());
    if keys.next().is_none() && key.is_some_and(|key| key.len() == 16) {
        return Ok(());
    }
    let detail = "expected exactly one Sec-WebSocket-Key of 16 bytes in base64";
    let problem = Problem::new(StatusCode::BAD_REQUEST, "websocket_key", detail);
    Err(Box::new(problem.into_response()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn an_upgrade_is_asked_for_by_name() {
        assert!(wants_upgrade(&headers(&[("upgrade", "WebSocket")])));
        assert!(wants_upgrade(&headers(&[("upgrade", "h2c, websocket")])));
        assert!(!wants_upgrade(&headers(&[("upgrade", "h2c")])));
        assert!(!wants_upgrade(&headers(&[])));
    }

    #[test]
    fn the_example_of_section_1_3_is_accepted() {
        let accepted = accept_key(b"dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accepted, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_one_and_sixteen_bytes() {
        const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        const VERSION: (&str, &str) = ("sec-websocket-version", "13");
        let status = |pairs: &[(&'static str, &'static str)]| {
            check_headers(Version::HTTP_11, &headers(pairs))
                .map_err(|response| response.status().as_u16())
        };
        assert_eq!(status(&[VERSION, KEY]), Ok(()));
        assert_eq!(status(&[VERSION, KEY, KEY]), Err(400));
        assert_eq!(status(&[VERSION]), Err(400));
        assert_eq!(
            status(&[VERSION, ("sec-websocket-key", "c2hvcnQ=")]),
            Err(400)
        );
        assert_eq!(status(&[KEY]), Err(426));
        assert_eq!(status(&[KEY, ("sec-websocket-version", "8")]), Err(426));
        assert!(check_headers(Version::HTTP_2, &headers(&[VERSION])).is_ok());
    }
}
