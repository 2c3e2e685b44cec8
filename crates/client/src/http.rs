//! HTTP: what the session asks for as requests, and what comes back as frames.
//!
//! Which requests there are and what their answers mean is the session's; here they are made.

use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use trunkline_protocol::codec::SERVER_FRAME_LEN_MAX;
use trunkline_protocol::{
    Codec, DisconnectReason, Error, ErrorCode, FrameReader, RequestId, ServerFrame,
};
use trunkline_session::{HttpAnswer, HttpRequest};

use crate::platform::{self, BoxedFuture, BoxedStream, Fetch, Fetched, Http};
use crate::problem::Problem;
use crate::tap::Size;

/// How long a request that is no conversation may take. The session's own deadlines are shorter.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What comes of a conversation.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A frame, and how long it is with what is around it.
    Frame(ServerFrame, Size),
    /// What is no frame.
    Malformed,
    /// The response ended as a response does.
    Ended,
    /// It did not begin, or it broke.
    Closed(DisconnectReason),
}

/// The address for HTTP beside that of a socket: `http://host` for `ws://host/ws`.
pub(crate) fn base_of(url: &str) -> String {
    let url = url
        .strip_prefix("ws")
        .map_or_else(|| url.to_owned(), |rest| format!("http{rest}"));
    let path = url
        .find("://")
        .and_then(|scheme| url[scheme + 3..].rfind('/').map(|slash| scheme + 3 + slash));
    url[..path.unwrap_or(url.len())].to_owned()
}

fn fetch(http: &Http, base: &str, codec: Codec, request: HttpRequest) -> FetchFuture {
    http.fetch(Fetch {
        url: format!("{base}{}", request.path),
        body: request.body.map(|frame| codec.encode(&frame)),
        media_type: if codec.is_text() {
            "application/json"
        } else {
            "application/octet-stream"
        },
        token: request.token,
    })
}

type FetchFuture = BoxedFuture<Option<Fetched>>;

/// How far the response of a conversation has come.
enum Reading {
    Asking(FetchFuture, FrameReader),
    Body(BoxedStream<Option<bytes::Bytes>>, FrameReader),
    Over,
}

/// Begins a conversation. Dropping the stream drops the request.
pub(crate) fn converse(
    http: &Http,
    base: &str,
    codec: Codec,
    request: HttpRequest,
) -> BoxedStream<Heard> {
    let asking = Reading::Asking(fetch(http, base, codec, request), FrameReader::new(codec));
    Box::pin(stream::unfold(asking, hear))
}

async fn hear(mut reading: Reading) -> Option<(Heard, Reading)> {
    loop {
        reading = match reading {
            Reading::Asking(fetching, reader) => match fetching.await {
                Some(Fetched { status: 200, body }) => Reading::Body(body, reader),
                Some(Fetched { status, body }) => {
                    let body = read_whole(body).await.unwrap_or_default();
                    return Some((Heard::Closed(closed_by(status, &body)), Reading::Over));
                }
                None => return Some((Heard::Closed(DisconnectReason::Lost), Reading::Over)),
            },
            Reading::Body(mut body, mut reader) => match reader.next_sized_frame() {
                Ok(Some((frame, payload, header))) => {
                    let heard = Heard::Frame(frame, Size { payload, header });
                    return Some((heard, Reading::Body(body, reader)));
                }
                Err(_) => return Some((Heard::Malformed, Reading::Over)),
                Ok(None) => match body.next().await {
                    Some(Some(piece)) => {
                        reader.push(&piece);
                        Reading::Body(body, reader)
                    }
                    None if reader.is_between_frames() => {
                        return Some((Heard::Ended, Reading::Over));
                    }
                    Some(None) | None => {
                        return Some((Heard::Closed(DisconnectReason::Lost), Reading::Over));
                    }
                },
            },
            Reading::Over => return None,
        }
    }
}

/// Returns the reason for which a conversation did not begin. A refusal that is not the server's own, as
/// of a proxy, says only that this is no way to the server.
fn closed_by(status: u16, body: &[u8]) -> DisconnectReason {
    match Problem::read(status, body) {
        Some(problem) if problem.needs_token() => DisconnectReason::TokenExpired,
        Some(_) if matches!(status, 429 | 503) => DisconnectReason::Overloaded,
        Some(_) | None => DisconnectReason::Lost,
    }
}

/// Reads a body to its end. None if it breaks, or is longer than a frame may be.
async fn read_whole(mut body: BoxedStream<Option<bytes::Bytes>>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.filter(|it| bytes.len() + it.len() <= SERVER_FRAME_LEN_MAX)?;
        bytes.extend_from_slice(&piece);
    }
    Some(bytes)
}

/// Makes a request that has one answer. With it comes how many bytes its body has.
pub(crate) fn ask(
    http: &Http,
    base: &str,
    codec: Codec,
    id: RequestId,
    request: HttpRequest,
) -> BoxedFuture<(RequestId, HttpAnswer, usize)> {
    let fetching = fetch(http, base, codec, request);
    let answering = Box::pin(async move {
        let Some(Fetched { status, body }) = fetching.await else {
            return (HttpAnswer::None, 0);
        };
        let Some(bytes) = read_whole(body).await else {
            return (HttpAnswer::None, 0);
        };
        (read_answer(codec, status, &bytes), bytes.len())
    });
    Box::pin(async move {
        match select(answering, platform::sleep(ANSWER_PATIENCE)).await {
            Either::Left(((answer, len), _)) => (id, answer, len),
            Either::Right(((), _)) => (id, HttpAnswer::None, 0),
        }
    })
}

fn read_answer(codec: Codec, status: u16, body: &[u8]) -> HttpAnswer {
    // A refusal is a frame, too, where frames are not text.
    if let Ok(frame) = codec.decode(body) {
        return HttpAnswer::Frame(frame);
    }
    match Problem::read(status, body) {
        Some(problem) if problem.needs_token() => HttpAnswer::Unauthorized,
        Some(problem) => {
            read_problem(status, problem).map_or(HttpAnswer::None, HttpAnswer::Refused)
        }
        None => HttpAnswer::None,
    }
}

/// The refusal in a problem. None if it is about the way here and not about the request: the same
/// request may be taken later.
fn read_problem(status: u16, problem: Problem) -> Option<Error> {
    let code = match (problem.number, status) {
        (Some(number), _) => ErrorCode::from(number),
        (None, 429) => ErrorCode::TooFast,
        (None, 500..=599) => ErrorCode::Unavailable,
        (None, 413) => ErrorCode::TooLong,
        (None, 400 | 415 | 422) => ErrorCode::Malformed,
        (None, _) => return None,
    };
    let mut error = Error::new(code, problem.detail);
    error.retry_after_ms = problem.retry_after_ms;
    Some(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_beside_the_socket() {
        let check = |url, base| assert_eq!(base_of(url), base);
        check("ws://127.0.0.1:8787/ws", "http://127.0.0.1:8787");
        check("wss://example.org/ws", "https://example.org");
        check("wss://example.org/chat/ws", "https://example.org/chat");
        check("ws://example.org", "http://example.org");
    }

    #[test]
    fn a_refusal_keeps_its_code_whichever_way_it_comes() {
        let mut error = Error::new(ErrorCode::TooFast, "slowly");
        error.retry_after_ms = Some(40);
        let frame = ServerFrame::Refused {
            id: 0,
            error: error.clone(),
        };
        let bytes = Codec::Bincode.encode(&frame);
        let answer = read_answer(Codec::Bincode, 429, &bytes);
        assert_eq!(answer, HttpAnswer::Frame(frame));
        for body in [
            r#"{"status":429,"detail":"slowly","code":"later","number":201,"retry_after_ms":40}"#,
            r#"{"status":429,"detail":"slowly","code":"too_fast","retry_after_ms":40}"#,
        ] {
            let answer = read_answer(Codec::Bincode, 429, body.as_bytes());
            assert_eq!(answer, HttpAnswer::Refused(error.clone()));
        }
    }

    #[test]
    fn what_is_not_the_servers_is_no_answer() {
        for status in [200, 401, 403, 407, 413, 429, 503] {
            for body in [
                "<html>blocked</html>",
                r#"{"message":"Forbidden"}"#,
                r#"{"code":"blocked","number":1}"#,
                "",
            ] {
                let answer = read_answer(Codec::Bincode, status, body.as_bytes());
                assert_eq!(answer, HttpAnswer::None, "{status} {body}");
                let reason = closed_by(status, body.as_bytes());
                assert_eq!(reason, DisconnectReason::Lost, "{status} {body}");
            }
        }
        let expired = br#"{"status":401,"code":"token_expired"}"#;
        let answer = read_answer(Codec::Bincode, 401, expired);
        assert_eq!(answer, HttpAnswer::Unauthorized);
        assert_eq!(closed_by(401, expired), DisconnectReason::TokenExpired);
        let busy = br#"{"status":503,"code":"draining"}"#;
        assert_eq!(closed_by(503, busy), DisconnectReason::Overloaded);
    }

    #[test]
    fn a_refusal_of_the_way_and_not_of_the_command_keeps_the_command() {
        let check = |status, code: &str, expected: Option<ErrorCode>| {
            let body = format!(r#"{{"status":{status},"code":"{code}","detail":""}}"#);
            let answer = read_answer(Codec::Bincode, status, body.as_bytes());
            let expected = expected.map(|code| HttpAnswer::Refused(Error::new(code, "")));
            assert_eq!(answer, expected.unwrap_or(HttpAnswer::None), "{code}");
        };
        check(408, "request_timeout", None);
        check(403, "origin_not_allowed", None);
        check(404, "not_found", None);
        check(405, "method_not_allowed", None);
        check(503, "draining", Some(ErrorCode::Unavailable));
        check(413, "body_too_large", Some(ErrorCode::TooLong));
        check(400, "malformed_body", Some(ErrorCode::Malformed));
    }
}
