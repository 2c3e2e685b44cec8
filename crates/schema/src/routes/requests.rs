//! Requests without a conversation: publish, call, read history, see who is present.

use serde_json::{Map, Value, json};
use trunkline_protocol::HTTP_DEADLINE_MS_MAX;

use super::{count, query, reference, route, topic};
use crate::openapi::{Access, Body, Parameter, Request, Route};

/// The most commands of one request.
const BATCH_MAX: usize = 100;

/// Why a command may be refused.
pub(super) const PUBLISH: [&str; 11] = [
    "invalid_topic",
    "unknown_namespace",
    "invalid_key",
    "forbidden",
    "contract_mismatch",
    "malformed",
    "invalid",
    "not_kept",
    "too_long",
    "unavailable",
    "internal",
];

/// Why a topic may not be read.
pub(super) const READ: [&str; 7] = [
    "malformed_query",
    "invalid_topic",
    "unknown_namespace",
    "invalid_key",
    "forbidden",
    "unavailable",
    "internal",
];

pub(super) fn routes() -> Vec<Route> {
    let publish = "Publishes a command, or in JSON up to 100 in their order. A message id makes it \
                   safe to send again: the command is taken once.";
    let call = "Calls a method.";
    let history = "Reads kept publications: the newest, those before an offset, or those after \
                   one.";
    let presence = "Tells who is present in a topic.";
    vec![
        route("post", "/http/publish", "publish", publish, Access::Token)
            .takes(commands())
            .answers(200, PUBLISHED, published())
            .refuses(&PUBLISH),
        route("post", "/http/call", "call", call, Access::Token)
            .takes(Request {
                schema: reference("HttpCall"),
                examples: vec![("rooms", json!({ "method": "chat.rooms" }))],
                binary: true,
            })
            .answers(
                200,
                "What the method returned.",
                Body::Frame(reference("ServerReturned")),
            )
            .refuses(&[
                "unknown_method",
                "contract_mismatch",
                "malformed",
                "invalid",
                "too_long",
                "unavailable",
                "internal",
                "deadline_exceeded",
            ]),
        route(
            "get",
            "/http/history",
            "readHistory",
            history,
            Access::TokenOrCookie,
        )
        .parameters(range())
        .answers(
            200,
            "The publications, oldest first.",
            Body::Frame(reference("ServerHistory")),
        )
        .refuses(&READ),
        route(
            "get",
            "/http/presence",
            "readPresence",
            presence,
            Access::TokenOrCookie,
        )
        .parameters(vec![topic()])
        .answers(
            200,
            "Who is present.",
            Body::Frame(reference("ServerPresent")),
        )
        .refuses(&READ),
    ]
}

pub(super) const PUBLISHED: &str = "Where the event stands; `duplicate` if it was taken before. \
                                    For a list, an answer to each command in its order, of which \
                                    some may be `refused`.";

pub(super) fn published() -> Body {
    let refused = json!({ "oneOf": [reference("ServerPublished"), reference("ServerRefused")] });
    let list = json!({ "type": "array", "items": refused, "maxItems": BATCH_MAX });
    Body::Frame(json!({ "oneOf": [reference("ServerPublished"), list] }))
}

pub(super) fn commands() -> Request {
    let list = json!({
        "type": "array",
        "items": reference("HttpCommand"),
        "maxItems": BATCH_MAX,
    });
    let say = |counter, text| {
        json!({
            "message_id": { "sender": 5, "counter": counter },
            "topic": "chat:lobby",
            "command": { "type": "say", "text": text },
        })
    };
    Request {
        schema: json!({ "oneOf": [reference("HttpCommand"), list] }),
        examples: vec![
            ("one", say(1, "hello")),
            ("two", json!([say(2, "and"), say(3, "again")])),
        ],
        binary: true,
    }
}

pub(super) fn range() -> Vec<Parameter> {
    let offset = || count(trunkline_protocol::schema::NUMBER_MAX);
    vec![
        topic(),
        query(
            "after",
            "The last offset that is not wanted; not together with `before`.",
            false,
            offset(),
            None,
        ),
        query(
            "before",
            "The first offset that is not wanted.",
            false,
            offset(),
            None,
        ),
        query(
            "limit",
            "How many: 50 if it is left out, 256 at most.",
            false,
            count(u16::MAX.into()),
            Some(json!(20)),
        ),
    ]
}

/// Frames of which a body in JSON may leave out what has a default.
pub(super) fn definitions(protocol: &Map<String, Value>) -> Map<String, Value> {
    let lenient = |name: &str, about: &str, required: &[&str]| {
        let mut schema = protocol[name].clone();
        schema["description"] = about.into();
        schema["required"] = json!(required);
        schema
    };
    let command = "A `publish` frame, which may leave out its type and its `id`: 0, or the place \
                   in the list.";
    let call = "A `call` frame, which may leave out its type, `id` (0), `deadline_ms` (10,000) and \
                `request` ({}).";
    let mut command = lenient(
        "ClientPublish",
        command,
        &["message_id", "topic", "command"],
    );
    command["properties"]["id"]["type"] = json!(["integer", "null"]);
    let mut call = lenient("ClientCall", call, &["method"]);
    call["properties"]["deadline_ms"]["maximum"] = json!(HTTP_DEADLINE_MS_MAX);
    [("HttpCommand", command), ("HttpCall", call)]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into_iter()
        .collect()
}
