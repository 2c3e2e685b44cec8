//! Refusals of requests as responses: a status, and the same code as in a frame.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use trunkline_protocol::{Codec, Error, ErrorCode, RequestId, ServerFrame};

use super::body::media_type;
use super::unbuffered;
use crate::problem::Problem;

/// When to come back where an error does not say.
const WAIT: Duration = Duration::from_secs(1);

/// The status that says what a refusal says.
pub(super) fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Malformed | ErrorCode::InvalidTopic => StatusCode::BAD_REQUEST,
        ErrorCode::Forbidden | ErrorCode::OtherUser => StatusCode::FORBIDDEN,
        ErrorCode::UnknownNamespace | ErrorCode::InvalidKey | ErrorCode::UnknownMethod => {
            StatusCode::NOT_FOUND
        }
        ErrorCode::ContractMismatch
        | ErrorCode::AlreadySubscribed
        | ErrorCode::NotSubscribed
        | ErrorCode::DuplicateId
        | ErrorCode::Cancelled => StatusCode::CONFLICT,
        ErrorCode::NotKept => StatusCode::GONE,
        ErrorCode::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Invalid | ErrorCode::TooManySubscriptions => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::TooFast | ErrorCode::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Unknown(_) if code.retryable() => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Unknown(_) => StatusCode::BAD_REQUEST,
    }
}

/// An error as a problem.
pub(crate) fn problem(error: &Error) -> Problem {
    let status = status(error.code);
    let problem = Problem::new(status, error.code.name(), error.detail.as_str());
    let problem = problem.number(error.code.number());
    match error.retry_after_ms {
        Some(ms) => problem.retry_after(Duration::from_millis(ms.into())),
        None if error.code.retryable() => problem.retry_after(WAIT),
        None => problem,
    }
}

/// A query that is not what is asked for.
pub(crate) fn query(rejection: &QueryRejection) -> Problem {
    let detail = explain(&rejection.body_text());
    Problem::new(StatusCode::BAD_REQUEST, "malformed_query", detail)
}

/// Says in plain words what is wrong with a query.
fn explain(text: &str) -> String {
    let (_, what) = text.split_once("query string: ").unwrap_or(("", text));
    if let Some(name) = what.strip_prefix("missing field ") {
        return format!("the parameter {name} is missing");
    }
    if let Some(name) = what.strip_prefix("duplicate field ") {
        return format!("the parameter {name} stands twice");
    }
    match what.split_once(": ") {
        Some((name, _)) => format!("the parameter `{name}` is not what is expected"),
        None => "the query could not be read".to_owned(),
    }
}

/// The answer to a request as a response: the frame, or why not. A refusal is a problem for readers
/// of JSON; in bincode it is the frame `refused`, so that a reader needs one codec.
pub(super) fn answer(
    codec: Codec,
    id: RequestId,
    answer: Result<ServerFrame, Error>,
) -> Result<Response, Problem> {
    match (answer, codec) {
        (Ok(frame), _) => Ok(one_frame(codec, &frame)),
        (Err(error), Codec::Json) => Err(problem(&error)),
        (Err(error), Codec::Bincode) => {
            let plain = problem(&error).into_response();
            let (mut head, _) = plain.into_parts();
            let framed = one_frame(codec, &ServerFrame::Refused { id, error });
            let (framed_head, body) = framed.into_parts();
            head.headers.extend(framed_head.headers);
            Ok(Response::from_parts(head, body))
        }
    }
}

fn one_frame(codec: Codec, frame: &ServerFrame) -> Response {
    let body = axum::body::Body::from(codec.encode(frame));
    unbuffered(Response::new(body), media_type(codec))
}

#[cfg(test)]
mod tests {
    use axum::extract::Query;
    use axum::http::Uri;

    use super::super::HistoryAsked;
    use super::*;

    #[test]
    fn what_may_succeed_later_has_a_status_that_says_so() {
        for code in ErrorCode::ALL {
            let status = status(*code);
            let later = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(later, code.retryable(), "{code}");
            let error = Error::new(*code, "");
            let response = problem(&error).into_response();
            assert_eq!(
                response.headers().contains_key("retry-after"),
                later,
                "{code}"
            );
        }
    }

    #[test]
    fn refusals_are_described_under_their_statuses() {
        let text = include_str!("../../../../../schema/openapi.json");
        let api: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let values = |value: &serde_json::Value| value.as_object().cloned().unwrap_or_default();
        let mut found = 0;
        for (path, methods) in values(&api["paths"]) {
            for (_, operation) in values(&methods) {
                for (described, response) in values(&operation["responses"]) {
                    let problem = &response["content"]["application/problem+json"]["schema"];
                    let codes = problem["allOf"][1]["properties"]["code"]["enum"].as_array();
                    for name in codes.into_iter().flatten() {
                        let code = ErrorCode::ALL.iter().find(|code| *name == code.name());
                        let Some(code) = code else { continue };
                        assert_eq!(status(*code).as_str(), described, "{path}: {code}");
                        found += 1;
                    }
                }
            }
        }
        assert!(found > 50, "{found}");
    }

    #[test]
    fn a_query_is_judged_in_plain_words() {
        let check = |uri: &'static str, expected: &str| {
            let read = Query::<HistoryAsked>::try_from_uri(&Uri::from_static(uri));
            let rejection = read.err().expect("a bad query");
            assert_eq!(explain(&rejection.body_text()), expected, "{uri}");
        };
        check("/?limit=5", "the parameter `topic` is missing");
        check("/?topic=a&topic=b", "the parameter `topic` stands twice");
        check(
            "/?topic=a&limit=x",
            "the parameter `limit` is not what is expected",
        );
    }

    #[test]
    fn a_refusal_in_bincode_is_a_frame_under_the_same_status() {
        let error = Error::new(ErrorCode::Forbidden, "no");
        let response = answer(Codec::Bincode, 7, Err(error)).expect("a frame");
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert_eq!(
            response.headers()["content-type"],
            "application/octet-stream"
        );
    }
}
