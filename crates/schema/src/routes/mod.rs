//! The HTTP routes of a server, as `openapi.json` and the page describe them.
//!
//! A test of the server compares the list with the routes that it has. Start with
//! `conversations`, which is what most programs ask for; `back_ends` is the same for operators.

mod sign_in;
mod conversations;
mod requests;
mod back_ends;
mod notices;
mod health;

use serde_json::{Value, json};

use crate::document::Document;
use crate::openapi::{Access, Answer, Api, Body, Parameter, Request, Route};

/// Every route that a program may use.
pub(crate) fn all(document: &Document) -> Api {
    let mut definitions = document.definitions.clone();
    definitions.extend(requests::definitions(&document.definitions));
    definitions.extend(back_ends::definitions());
    let routes = [
        sign_in::routes(),
        conversations::routes(),
        requests::routes(),
        back_ends::routes(),
        notices::routes(),
        health::routes(),
    ];
    Api {
        definitions,
        routes: routes.into_iter().flatten().collect(),
    }
}

/// Refusals of whoever brings a token.
const TOKEN: [&str; 6] = [
    "token_expired",
    "token_invalid",
    "too_fast",
    "too_many_requests",
    "draining",
    "overloaded",
];

/// Refusals of bodies.
const BODY: [&str; 4] = [
    "malformed_body",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
];

/// A route with nothing but an address, who may ask, and what every route may refuse.
fn route(
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    access: Access,
) -> Route {
    let mut refusals = vec!["invalid_host"];
    // Safe requests are only asked for their origin where a conversation begins.
    if method != "get" || path.starts_with("/http/") {
        refusals.push("origin_not_allowed");
    }
    match access {
        Access::Open => {}
        Access::Cookie => refusals.push("not_signed_in"),
        Access::Token | Access::TokenOrCookie => {
            refusals.push("not_signed_in");
            refusals.extend(TOKEN);
        }
        Access::Key => refusals.extend(["api_off", "api_key_invalid"]),
    }
    Route {
        method,
        path,
        id,
        summary,
        access,
        parameters: Vec::new(),
        request: None,
        answers: Vec::new(),
        refusals,
    }
}

impl Route {
    fn parameters(mut self, parameters: Vec<Parameter>) -> Self {
        self.parameters = parameters;
        self
    }

    fn takes(mut self, request: Request) -> Self {
        self.request = Some(request);
        self.refuses(&BODY)
    }

    fn answers(mut self, status: u16, about: &'static str, body: Body) -> Self {
        self.answers.push(Answer {
            status,
            about,
            body,
            sets_cookie: false,
        });
        self
    }

    fn refuses(mut self, codes: &[&'static str]) -> Self {
        self.refusals.extend(codes);
        self
    }
}

fn query(
    name: &'static str,
    about: &'static str,
    required: bool,
    schema: Value,
    example: Option<Value>,
) -> Parameter {
    Parameter {
        name,
        place: "query",
        about,
        required,
        schema,
        example,
    }
}

/// The topic that a request is about.
fn topic() -> Parameter {
    let lobby = Some(json!("chat:lobby"));
    query("topic", "The topic.", true, reference("TopicName"), lobby)
}

fn object(properties: &Value) -> Value {
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flat_map(|properties| properties.keys())
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A whole number that 32 bits hold.
fn count(max: u64) -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": max })
}
