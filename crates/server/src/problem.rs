//! Refusals over HTTP, as problem details (RFC 9457).
//!
//! `code` is what programs act on and never changes; `detail` is for people.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Why a request was refused.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    title: &'static str,
    #[serde(serialize_with = "number")]
    status: StatusCode,
    detail: String,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// The number that the same refusal has in a frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u32>,
}

impl Problem {
    /// Makes a problem; `detail` is a lowercase fragment like every other message.
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            title,
            status,
            detail: detail.into(),
            code,
            field: None,
            number: None,
            retry_after_ms: None,
        }
    }

    /// Names the field of the request that is to blame.
    pub(crate) fn field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// Names the number that this refusal has in a frame.
    pub(crate) fn number(mut self, number: u16) -> Self {
        self.number = Some(number);
        self
    }

    /// Says when to try again: in the body in milliseconds, in the head in whole seconds.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        let ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        self.retry_after_ms = Some(ms.max(1));
        self
    }

    /// Nothing lives at this address.
    pub(crate) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "nothing lives at this address",
        )
    }

    /// Something lives at this address, but not for this method.
    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this address does not take this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    /// Logs what went wrong on our side, and keeps it from the peer.
    pub(crate) fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed on our side");
        let detail = "the server could not do this; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).expect("a problem is plain data");
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            ),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        let mut response = (self.status, headers, body).into_response();
        if let Some(ms) = self.retry_after_ms {
            let seconds = HeaderValue::from(ms.div_ceil(1000));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_its_code_and_field() {
        let problem =
            Problem::new(StatusCode::BAD_REQUEST, "name_empty", "the name is empty").field("name");
        let json = serde_json::to_string(&problem).expect("plain data");
        assert_eq!(
            json,
            r#"{"title":"Bad Request","status":400,"detail":"the name is empty","code":"name_empty","field":"name"}"#
        );
    }

    #[test]
    fn a_problem_that_passes_says_when_in_both_units() {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", "wait");
        let response = problem
            .retry_after(Duration::from_millis(1001))
            .into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
    }
}
