//! Bodies of requests: read in time and within their bound, in the codec that they name.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use tokio::time::timeout;
use trunkline_protocol::frame::Subscribe;
use trunkline_protocol::{ClientFrame, Codec, Text};

use super::OverHttp;
use super::caller::{Caller, Source};
use crate::problem::Problem;

/// What a request says.
pub(crate) struct Said {
    pub(crate) headers: HeaderMap,
    pub(crate) codec: Codec,
    pub(crate) bytes: Bytes,
}

/// A `connect` frame, and who sent it.
pub(super) struct Connect {
    pub(super) caller: Caller,
    pub(super) codec: Codec,
    pub(super) frame: ClientFrame,
    pub(super) subscriptions: usize,
}

/// The type that a body of frames has in a codec.
pub(super) fn media_type(codec: Codec) -> &'static str {
    match codec {
        Codec::Bincode => "application/octet-stream",
        Codec::Json => "application/json",
    }
}

/// The codec that a `Content-Type` names.
fn codec_of(headers: &HeaderMap) -> Option<Codec> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default().trim();
    [Codec::Bincode, Codec::Json]
        .into_iter()
        .find(|codec| media_type.eq_ignore_ascii_case(self::media_type(*codec)))
}

pub(crate) fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed_body", detail)
}

impl OverHttp {
    /// Reads a request.
    pub(crate) async fn read(&self, request: Request) -> Result<Said, Problem> {
        let headers = request.headers().clone();
        let codec = codec_of(&headers).ok_or_else(|| {
            let detail = "expected application/json, or application/octet-stream for bincode";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            Problem::new(status, "unsupported_media_type", detail)
        })?;
        let read = timeout(self.patience, Bytes::from_request(request, &())).await;
        let read = read.map_err(|_| {
            let detail = "the request's body did not come in time";
            Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail)
        })?;
        let bytes = read.map_err(|rejection| explain(&rejection))?;
        Ok(Said {
            headers,
            codec,
            bytes,
        })
    }

    /// Reads a `connect` frame. Its token may be empty, and then stands in a header.
    pub(super) async fn read_connect(&self, request: Request) -> Result<Connect, Problem> {
        let said = self.read(request).await?;
        let frame = said.codec.decode(&said.bytes);
        let ClientFrame::Connect {
            version,
            token,
            agent,
            subscriptions,
        } = frame.map_err(|error| malformed(error.to_string()))?
        else {
            return Err(malformed("expected one connect frame"));
        };
        let caller = if token.is_empty() {
            self.admit(&said.headers, Source::Request)?
        } else {
            self.admit_token(token.into())?
        };
        Ok(Connect {
            subscriptions: subscriptions.len(),
            frame: ClientFrame::Connect {
                version,
                token: Text::cut(&caller.token),
                agent,
                subscriptions,
            },
            caller,
            codec: said.codec,
        })
    }
}

/// Makes the `connect` frame of somebody who did not write one.
pub(super) fn connect(
    caller: Caller,
    codec: Codec,
    headers: &HeaderMap,
    subscriptions: Vec<Subscribe>,
) -> Connect {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|it| it.to_str().ok()).unwrap_or("http");
    Connect {
        subscriptions: subscriptions.len(),
        frame: ClientFrame::Connect {
            version: trunkline_protocol::PROTOCOL_VERSION,
            token: Text::cut(&caller.token),
            agent: Text::cut(agent),
            subscriptions: trunkline_protocol::List::cut(subscriptions),
        },
        caller,
        codec,
    }
}

fn explain(rejection: &BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = "the request's body is too long";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
        }
        _ => malformed("the request's body could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_body_names_its_codec() {
        let check = |value: &'static str, expected| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(codec_of(&headers), expected, "{value}");
        };
        check("application/json", Some(Codec::Json));
        check("Application/JSON; charset=utf-8", Some(Codec::Json));
        check("application/octet-stream", Some(Codec::Bincode));
        check("application/x-www-form-urlencoded", None);
        assert_eq!(codec_of(&HeaderMap::new()), None);
    }
}
