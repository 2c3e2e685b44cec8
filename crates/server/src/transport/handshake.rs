//! The opening handshake as RFC 6455 section 4.2 wants it, where the library is lenient.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::problem::Problem;

/// Tells whether a request asks to become a WebSocket.
pub(crate) fn wants_upgrade(headers: &HeaderMap) -> bool {
    let upgrade = headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| {
        value
            .split(',')
            .any(|it| it.trim().eq_ignore_ascii_case("websocket"))
    })
}

/// Checks what the library lets pass: the version, and a key that is 16 bytes in base64.
///
/// Over HTTP/2 there is no key (RFC 8441 section 5).
pub(crate) fn check(version: Version, headers: &HeaderMap) -> Result<(), Box<Response>> {
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
    fn a_key_is_one_and_sixteen_bytes() {
        const KEY: (&str, &str) = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        const VERSION: (&str, &str) = ("sec-websocket-version", "13");
        let status = |pairs: &[(&'static str, &'static str)]| {
            check(Version::HTTP_11, &headers(pairs)).map_err(|response| response.status().as_u16())
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
        assert!(check(Version::HTTP_2, &headers(&[VERSION])).is_ok());
    }
}
