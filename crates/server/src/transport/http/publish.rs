//! `POST /http/publish`: commands without a conversation, one or, in JSON, a list of them.
//!
//! A command has its message id here, too: sent again, over whichever transport, it is taken once.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use trunkline_protocol::codec::explain_json;
use trunkline_protocol::frame::TopicText;
use trunkline_protocol::{
    ClientFrame, Codec, Error, ErrorCode, Fingerprint, List, MessageId, Payload, ServerFrame,
};

use super::body::{Said, malformed, media_type};
use super::caller::Source;
use super::requests::topic;
use super::{OverHttp, refusal, unbuffered};
use crate::problem::Problem;
use crate::requests::{Asker, PublishRequest};
use crate::shard::guarded;

/// The most commands in one request.
pub(super) const BATCH_MAX: usize = 100;

/// The longest request, in bytes.
pub(crate) const BATCH_LEN_MAX: usize = 256 * 1024;

/// A `publish` frame, of which JSON may leave out what has a default.
#[derive(Clone, Deserialize)]
struct Command {
    #[serde(default, rename = "type")]
    #[expect(dead_code, reason = "another type is refused while it is read")]
    kind: Publish,
    #[serde(default)]
    id: Option<u32>,
    message_id: MessageId,
    topic: TopicText,
    #[serde(default)]
    contract: Option<Fingerprint>,
    command: Payload,
}

/// The type of the only frame that is taken here.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Publish {
    #[default]
    Publish,
}

pub(super) async fn answer(
    State(http): State<OverHttp>,
    request: Request,
) -> Result<Response, Problem> {
    let caller = http.admit(request.headers(), Source::Request)?;
    let said = http.read(request).await?;
    let user = caller.user.id;
    let asker = http.asker(said.codec, caller.user);
    let pace = || http.callers.pace(user, http.node.clock.now());
    publish_all(&said, &asker, pace).await
}

/// Publishes what a request says. `pace` is asked for each command but the first, whose turn was
/// the request's own.
pub(crate) async fn publish_all(
    said: &Said,
    asker: &Asker,
    pace: impl Fn() -> Result<(), Duration>,
) -> Result<Response, Problem> {
    if !is_list(said) {
        let command = read_one(said)?;
        let id = command.id.unwrap_or(0);
        let answer = guarded(publish(asker, id, command)).await;
        return refusal::answer(said.codec, id, answer);
    }
    let commands: List<Command, BATCH_MAX> = read_json(said)?;
    let mut answers = Vec::with_capacity(commands.len());
    // One after the other, so that they keep their order.
    for (index, command) in commands.into_iter().enumerate() {
        let id = command.id.unwrap_or(index as u32);
        let turn = if index == 0 { Ok(()) } else { pace() };
        let answer = match turn {
            Ok(()) => guarded(publish(asker, id, command)).await,
            Err(wait) => {
                let mut error = Error::new(ErrorCode::TooFast, "too many requests per second");
                error.retry_after_ms = u32::try_from(wait.as_millis()).ok();
                Err(error)
            }
        };
        answers.push(answer.unwrap_or_else(|error| ServerFrame::Refused { id, error }));
    }
    let body = serde_json::to_vec(&answers).map_err(|error| Problem::internal(&error))?;
    let response = Response::new(Body::from(body));
    Ok(unbuffered(response, media_type(said.codec)))
}

async fn publish(asker: &Asker, id: u32, command: Command) -> Result<ServerFrame, Error> {
    let request = PublishRequest {
        message_id: command.message_id,
        topic: topic(&command.topic)?,
        contract: command.contract,
        command: command.command,
    };
    let placed = asker.publish(request).await?;
    Ok(ServerFrame::Published {
        id,
        position: placed.position,
        duplicate: placed.duplicate,
    })
}

fn is_list(said: &Said) -> bool {
    let first = said.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    said.codec == Codec::Json && first == Some(&b'[')
}

fn read_json<T: DeserializeOwned>(said: &Said) -> Result<T, Problem> {
    serde_json::from_slice(&said.bytes).map_err(|error| malformed(explain_json(&error)))
}

fn read_one(said: &Said) -> Result<Command, Problem> {
    if said.codec == Codec::Json {
        return read_json(said);
    }
    match said.codec.decode(&said.bytes) {
        Ok(ClientFrame::Publish {
            id,
            message_id,
            topic,
            contract,
            command,
        }) => Ok(Command {
            kind: Publish::Publish,
            id: Some(id),
            message_id,
            topic,
            contract,
            command,
        }),
        Ok(_) => Err(malformed("expected one publish frame")),
        Err(error) => Err(malformed(error.to_string())),
    }
}
