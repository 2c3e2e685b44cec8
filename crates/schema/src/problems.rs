//! Problems: every code of a refusal over HTTP, its status, and what it means (RFC 9457).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use trunkline_protocol::ErrorCode;

/// The name of the schema that every problem has.
pub(crate) const PROBLEM: &str = "Problem";

/// Codes that only HTTP has. Those that frames have, too, are in [`STATUSES`].
const PROBLEMS: [(u16, &str, &str); 20] = [
    (
        400,
        "invalid_host",
        "The `Host` is missing, twice there, or not one.",
    ),
    (400, "malformed_body", "The body is not what is asked for."),
    (
        400,
        "malformed_query",
        "The query is not what is asked for.",
    ),
    (
        400,
        "malformed_event_id",
        "The event's id is no cursor of ours.",
    ),
    (400, "name_empty", "The name has no visible character."),
    (400, "name_too_long", "The name has too many characters."),
    (
        400,
        "name_control_character",
        "The name has a character that is not allowed in names, which `detail` tells.",
    ),
    (
        401,
        "not_signed_in",
        "There is no token, or no good cookie.",
    ),
    (401, "token_expired", "The token was good; get another one."),
    (
        401,
        "token_invalid",
        "The token is not one of this server's.",
    ),
    (401, "api_key_invalid", "The key is missing or wrong."),
    (
        403,
        "origin_not_allowed",
        "Asked from a page of another origin.",
    ),
    (
        404,
        "api_off",
        "The server was started without a key for back ends.",
    ),
    (408, "request_timeout", "The body did not come in time."),
    (
        413,
        "body_too_large",
        "The body is longer than this route takes.",
    ),
    (
        415,
        "unsupported_media_type",
        "The body is of another type than this route takes.",
    ),
    (
        429,
        "too_fast",
        "This user asks too often; `Retry-After` says when again.",
    ),
    (
        429,
        "too_many_requests",
        "Too many requests of this user are under way.",
    ),
    (503, "draining", "The server is about to restart."),
    (
        503,
        "overloaded",
        "The server has too many requests under way.",
    ),
];

/// The statuses of refusals that frames have, too. A test of the server compares them.
const STATUSES: [(u16, ErrorCode); 13] = [
    (400, ErrorCode::Malformed),
    (400, ErrorCode::InvalidTopic),
    (403, ErrorCode::Forbidden),
    (404, ErrorCode::UnknownNamespace),
    (404, ErrorCode::InvalidKey),
    (404, ErrorCode::UnknownMethod),
    (409, ErrorCode::ContractMismatch),
    (410, ErrorCode::NotKept),
    (413, ErrorCode::TooLong),
    (422, ErrorCode::Invalid),
    (500, ErrorCode::Internal),
    (503, ErrorCode::Unavailable),
    (504, ErrorCode::DeadlineExceeded),
];

/// A code with its meaning.
pub(crate) type Known = (&'static str, &'static str);

/// Sorts codes by their status.
pub(crate) fn by_status(codes: &[&str]) -> BTreeMap<u16, Vec<Known>> {
    let mut sorted: BTreeMap<u16, Vec<Known>> = BTreeMap::new();
    for code in codes {
        let (status, known) = find(code);
        let others = sorted.entry(status).or_default();
        if !others.contains(&known) {
            others.push(known);
        }
    }
    sorted
}

fn find(code: &str) -> (u16, Known) {
    let problem = PROBLEMS.iter().find(|it| it.1 == code);
    let problem = problem.map(|&(status, code, about)| (status, (code, about)));
    problem
        .or_else(|| {
            let refusal = STATUSES.iter().find(|it| it.1.name() == code);
            refusal.map(|&(status, code)| (status, (code.name(), code.meaning())))
        })
        .unwrap_or_else(|| panic!("{code} has a status"))
}

/// Tells whether frames have this code, too.
fn is_refusal(code: &str) -> bool {
    ErrorCode::ALL.iter().any(|it| it.name() == code)
}

/// The response with one of these codes. In the binary form, refusals that frames have are frames.
pub(crate) fn response(status: u16, codes: &[Known], binary: bool) -> Value {
    let names: Vec<&str> = codes.iter().map(|it| it.0).collect();
    let meanings: Vec<String> = codes
        .iter()
        .map(|(code, about)| format!("`{code}`: {about}"))
        .collect();
    let reference = format!("#/$defs/{PROBLEM}");
    let codes = json!({ "properties": { "code": { "enum": names } } });
    let schema = json!({ "allOf": [{ "$ref": reference }, codes] });
    let mut content = Map::new();
    content.insert(
        "application/problem+json".to_owned(),
        json!({ "schema": schema }),
    );
    if binary && names.iter().any(|it| is_refusal(it)) {
        content.insert("application/octet-stream".to_owned(), json!({}));
    }
    let mut response = json!({ "description": meanings.join(" "), "content": content });
    if let Some(header) = header(status) {
        response["headers"] = header;
    }
    response
}

/// What the head of a refusal says beside its status.
fn header(status: u16) -> Option<Value> {
    match status {
        401 => Some(json!({ "WWW-Authenticate": {
            "required": true,
            "description": "How to say who asks.",
            "schema": { "const": "Bearer" },
        } })),
        429 | 503 => Some(json!({ "Retry-After": {
            "required": true,
            "description": "When to ask again, in whole seconds.",
            "schema": { "type": "integer", "minimum": 1 },
        } })),
        _ => None,
    }
}

/// The schema of all problems.
pub(crate) fn schema() -> Value {
    json!({
        "description": "What went wrong (RFC 9457). Programs act on `code`.",
        "type": "object",
        "properties": {
            "status": { "type": "integer" },
            "title": { "type": "string" },
            "detail": { "type": "string" },
            "code": { "type": "string" },
            "field": { "description": "The field of the body that is wrong.", "type": "string" },
            "number": {
                "description": "The number that the same refusal has in a frame.",
                "type": "integer",
                "minimum": 100,
                "maximum": 299,
            },
            "retry_after_ms": {
                "description": "When to ask again, in milliseconds.",
                "type": "integer",
                "minimum": 1,
            },
        },
        "required": ["status", "title", "detail", "code"],
    })
}
