//! `/http/history`, `/http/presence` and `/http/call`: requests without a conversation.
//!
//! Each is the request that a conversation carries, with the same rules and the same answer.

use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;
use trunkline_protocol::codec::explain_json;
use trunkline_protocol::frame::Range;
use trunkline_protocol::{
    ClientFrame, Codec, Error, ErrorCode, Fingerprint, HTTP_DEADLINE_MS_MAX, Offset, Payload,
    ServerFrame, Text, TopicName, User,
};

use super::body::{Said, malformed, media_type};
use super::caller::Source;
use super::{OverHttp, refusal};
use crate::problem::Problem;
use crate::requests::Asker;
use crate::shard::guarded;

/// Publications of a request that does not say how many.
const LIMIT: u16 = 50;

/// Deadline of a call that names none.
const DEADLINE_MS: u32 = 10_000;

impl OverHttp {
    pub(super) fn asker(&self, codec: Codec, user: User) -> Asker {
        Asker {
            node: self.node.clone(),
            codec,
            user,
            trusted: false,
        }
    }
}

/// The codec that a reader asks for, JSON if it says nothing.
pub(crate) fn accepted(headers: &HeaderMap) -> Codec {
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    match accept {
        Some(accept) if accept.contains(media_type(Codec::Bincode)) => Codec::Bincode,
        Some(_) | None => Codec::Json,
    }
}

pub(super) fn topic(text: &str) -> Result<TopicName, Error> {
    text.parse()
        .map_err(|error| Error::new(ErrorCode::InvalidTopic, error))
}

#[derive(Deserialize)]
pub(crate) struct HistoryAsked {
    topic: String,
    after: Option<Offset>,
    before: Option<Offset>,
    limit: Option<u16>,
}

pub(super) async fn history(
    State(http): State<OverHttp>,
    asked: Result<Query<HistoryAsked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = http.admit(&headers, Source::Cookie)?;
    let asker = http.asker(accepted(&headers), caller.user);
    read_history(&asker, asked).await
}

/// Answers whoever may ask for history.
pub(crate) async fn read_history(
    asker: &Asker,
    asked: Result<Query<HistoryAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|rejection| refusal::query(&rejection))?;
    let range = match (asked.after, asked.before) {
        (Some(offset), None) => Range::After { offset },
        (None, before) => Range::Before {
            offset: before.unwrap_or(Offset::MAX),
        },
        (Some(_), Some(_)) => {
            let detail = "expected after or before, not both";
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "malformed_query",
                detail,
            ));
        }
    };
    let answer = guarded(async {
        let topic = topic(&asked.topic)?;
        let limit = asked.limit.unwrap_or(LIMIT);
        asker.history(0, &topic, range, limit).await
    });
    refusal::answer(asker.codec, 0, answer.await)
}

#[derive(Deserialize)]
pub(crate) struct PresenceAsked {
    topic: String,
}

pub(super) async fn presence(
    State(http): State<OverHttp>,
    asked: Result<Query<PresenceAsked>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = http.admit(&headers, Source::Cookie)?;
    let asker = http.asker(accepted(&headers), caller.user);
    read_presence(&asker, asked).await
}

/// Answers whoever may ask who is present.
pub(crate) async fn read_presence(
    asker: &Asker,
    asked: Result<Query<PresenceAsked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = asked.map_err(|rejection| refusal::query(&rejection))?;
    let answer = guarded(async { asker.presence(0, &topic(&asked.topic)?) });
    refusal::answer(asker.codec, 0, answer.await)
}

/// A `call` frame, of which JSON may leave out what has a default.
#[derive(Deserialize)]
struct Call {
    #[serde(default, rename = "type")]
    #[expect(dead_code, reason = "another type is refused while it is read")]
    kind: CallType,
    #[serde(default)]
    id: u32,
    method: Text<64>,
    contract: Option<Fingerprint>,
    #[serde(default = "deadline")]
    deadline_ms: u32,
    #[serde(default = "nothing")]
    request: Value,
}

/// The type of the only frame that is taken here.
#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CallType {
    #[default]
    Call,
}

fn deadline() -> u32 {
    DEADLINE_MS
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

pub(super) async fn call(
    State(http): State<OverHttp>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = http.admit(request.headers(), Source::Request)?;
    let said = http.read(request).await?;
    let codec = said.codec;
    let (call, request) = read_call(&said)?;
    if call.deadline_ms > HTTP_DEADLINE_MS_MAX {
        let detail = format!(
            "deadline_ms is {}, expected at most {HTTP_DEADLINE_MS_MAX}",
            call.deadline_ms
        );
        return Err(malformed(detail));
    }
    let deadline = Duration::from_millis(call.deadline_ms.into());
    let asker = http.asker(codec, caller.user);
    let answer = asker.call(&call.method, call.contract, deadline, request);
    let answer = guarded(answer).await;
    let id = call.id;
    let answer = answer.map(|response| ServerFrame::Returned { id, response });
    refusal::answer(codec, id, answer)
}

fn read_call(said: &Said) -> Result<(Call, Payload), Problem> {
    match said.codec {
        Codec::Json => {
            let call: Call = serde_json::from_slice(&said.bytes)
                .map_err(|error| malformed(explain_json(&error)))?;
            let request = Payload::try_from(call.request.to_string().into_bytes());
            let request = request.map_err(|error| malformed(error.to_string()))?;
            Ok((call, request))
        }
        Codec::Bincode => match said.codec.decode(&said.bytes) {
            Ok(ClientFrame::Call {
                id,
                method,
                contract,
                deadline_ms,
                request,
            }) => {
                let call = Call {
                    kind: CallType::Call,
                    id,
                    method,
                    contract,
                    deadline_ms,
                    request: Value::Null,
                };
                Ok((call, request))
            }
            Ok(_) => Err(malformed("expected one call frame")),
            Err(error) => Err(malformed(error.to_string())),
        },
    }
}
