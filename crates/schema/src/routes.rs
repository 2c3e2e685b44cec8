//! The HTTP routes of a server, as `openapi.json` and the page describe them.

use serde_json::{Value, json};

use crate::openapi::{Answer, Api, Body, PROBLEM, Route};

/// Every route that a program may use.
pub(crate) fn all() -> Api {
    Api {
        schemas: vec![(PROBLEM, problem()), ("User", user())],
        routes: [sign_in(), health()].into_iter().flatten().collect(),
    }
}

fn sign_in() -> Vec<Route> {
    let user = json!({ "$ref": "#/components/schemas/User" });
    vec![
        Route {
            method: "post",
            path: "/auth/guest",
            id: "signIn",
            summary: "Signs a guest in. The answer sets the cookie that keeps the guest; with the \
                      cookie of an earlier one, the id stays and the name changes.",
            cookie: false,
            request: Some(object(&json!({
                "name": {
                    "description": "Trimmed; then 1 to 32 characters, none of them a control \
                                    character.",
                    "type": "string",
                    "minLength": 1,
                    "examples": ["Mina"],
                },
            }))),
            answers: vec![
                json_answer("Signed in.", object(&json!({ "user": user }))),
                problem_answer(
                    400,
                    "The name is not one, or the body is not JSON of this form.",
                    &[
                        "name_empty",
                        "name_too_long",
                        "name_control_character",
                        "malformed_body",
                    ],
                ),
                foreign(),
                problem_answer(408, "The body did not come in time.", &["request_timeout"]),
                problem_answer(413, "The body is longer than 4 KiB.", &["body_too_large"]),
                problem_answer(415, "The body is not JSON.", &["unsupported_media_type"]),
            ],
        },
        Route {
            method: "post",
            path: "/auth/token",
            id: "getToken",
            summary: "Trades the cookie for the access token that goes into `connect` and \
                      `refresh`.",
            cookie: true,
            request: None,
            answers: vec![
                json_answer(
                    "A token, good for `expires_in` seconds.",
                    object(&json!({
                        "token": { "type": "string", "maxLength": 2048 },
                        "expires_in": { "type": "integer", "minimum": 0 },
                        "user": user,
                    })),
                ),
                problem_answer(401, "There is no good cookie.", &["not_signed_in"]),
                foreign(),
            ],
        },
        Route {
            method: "post",
            path: "/auth/logout",
            id: "signOut",
            summary: "Makes the browser forget its guest. Tokens that are out end by themselves.",
            cookie: false,
            request: None,
            answers: vec![
                Answer {
                    status: 204,
                    about: "The cookie is gone.",
                    body: Body::Empty,
                },
                foreign(),
            ],
        },
    ]
}

fn health() -> Vec<Route> {
    let route = |path, id, summary, answers| Route {
        method: "get",
        path,
        id,
        summary,
        cookie: false,
        request: None,
        answers,
    };
    let text = |status, about| Answer {
        status,
        about,
        body: Body::Text,
    };
    vec![
        route(
            "/healthz",
            "isAlive",
            "Tells whether the process serves.",
            vec![text(200, "It does.")],
        ),
        route(
            "/readyz",
            "isReady",
            "Tells whether the server wants new connections.",
            vec![text(200, "It does."), text(503, "It is about to end.")],
        ),
    ]
}

fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.keys())
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn json_answer(about: &'static str, schema: Value) -> Answer {
    Answer {
        status: 200,
        about,
        body: Body::Json(schema),
    }
}

fn problem_answer(status: u16, about: &'static str, codes: &'static [&'static str]) -> Answer {
    Answer {
        status,
        about,
        body: Body::Problem(codes),
    }
}

fn foreign() -> Answer {
    problem_answer(
        403,
        "Asked from a page of another origin.",
        &["origin_not_allowed"],
    )
}

fn user() -> Value {
    json!({
        "type": "object",
        "properties": {
            "id": { "type": "string", "pattern": "^[0-9a-f]{16}$" },
            "name": { "type": "string" },
        },
        "required": ["id", "name"],
    })
}

fn problem() -> Value {
    json!({
        "description": "What went wrong (RFC 9457). Programs act on `code`.",
        "type": "object",
        "properties": {
            "status": { "type": "integer" },
            "title": { "type": "string" },
            "detail": { "type": "string" },
            "code": { "type": "string" },
            "field": { "description": "The field of the body that is wrong.", "type": "string" },
        },
        "required": ["status", "title", "detail", "code"],
    })
}
