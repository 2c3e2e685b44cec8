//! OpenAPI 3.1 of the HTTP routes, written from a list of them.
//!
//! To describe another route, add it below `routes/`. Schemas are JSON Schema 2020-12, as in the
//! rest of this crate; what they refer to is taken from the definitions of the protocol.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::document::target;
use crate::problems::{self, PROBLEM};

/// Routes, and the definitions that their schemas may refer to as `#/$defs/NAME`.
pub(crate) struct Api {
    pub(crate) definitions: Map<String, Value>,
    pub(crate) routes: Vec<Route>,
}

/// One method of one path.
pub(crate) struct Route {
    /// In lower case, such as `post`.
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Unique among the routes; programs that are generated name a function by it.
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) access: Access,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) request: Option<Request>,
    /// The answers that are no refusals, by status.
    pub(crate) answers: Vec<Answer>,
    /// The codes of all refusals; their statuses are in `problems.rs`.
    pub(crate) refusals: Vec<&'static str>,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Who brings the cookie of a guest.
    Cookie,
    /// Who brings an access token.
    Token,
    /// Who brings either.
    TokenOrCookie,
    /// A back end with the operator's key.
    Key,
}

/// A part of the query, or a header.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
    pub(crate) schema: Value,
    pub(crate) example: Option<Value>,
}

/// The body of a request.
pub(crate) struct Request {
    pub(crate) schema: Value,
    /// Bodies that are taken, by name.
    pub(crate) examples: Vec<(&'static str, Value)>,
    /// Whether the frame may also come in the binary form. Then the answer does, too.
    pub(crate) binary: bool,
}

/// What may come back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) body: Body,
    /// Whether the guest's cookie is set or taken away.
    pub(crate) sets_cookie: bool,
}

/// The body of an answer.
pub(crate) enum Body {
    /// None.
    Empty,
    /// A word for people.
    Text,
    /// JSON of this schema.
    Json(Value),
    /// JSON of this schema, or the frame in the binary form.
    Frame(Value),
    /// Frames of this schema, each in a line, or in the binary form after its length.
    Frames(Value),
    /// Frames of this schema as server-sent events.
    Events(Value),
}

/// Writes `openapi.json`.
pub(crate) fn write(api: &Api) -> Value {
    let mut paths = Map::new();
    for route in &api.routes {
        paths
            .entry(route.path)
            .or_insert_with(|| json!({}))
            .as_object_mut()
            .expect("a path is an object")
            .insert(route.method.to_owned(), operation(route));
    }
    let mut paths = Value::Object(paths);
    let mut schemas = Map::new();
    schemas.insert(PROBLEM.to_owned(), problems::schema());
    let mut wanted = BTreeSet::new();
    move_references(&mut paths, &mut wanted);
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        let mut schema = api.definitions[&name].clone();
        move_references(&mut schema, &mut wanted);
        schemas.insert(name, schema);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline over HTTP",
            "version": "1",
            "summary": "What is asked for by HTTP beside the WebSocket, which asyncapi.json \
                        describes.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas, "securitySchemes": security_schemes() },
    })
}

/// Lets references point at the components, and collects what they name.
fn move_references(value: &mut Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if key == "$ref" => {
                        let name = target(text).to_owned();
                        *text = format!("#/components/schemas/{name}");
                        names.insert(name);
                    }
                    other => move_references(other, names),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|it| move_references(it, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn security_schemes() -> Value {
    json!({
        "guest": {
            "type": "apiKey",
            "in": "cookie",
            "name": "trunkline_guest_INSTANCE",
            "description": "Set by `POST /auth/guest`. INSTANCE is eight hexadecimal digits that \
                            differ from server to server; under TLS the name begins with `__Host-`.",
        },
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token from `POST /auth/token`.",
        },
        "key": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The key of the operator's back ends.",
        },
        "keyAsBearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "The same key, as `Authorization: Bearer KEY`.",
        },
    })
}

fn operation(route: &Route) -> Value {
    let binary = route.request.as_ref().is_some_and(|it| it.binary);
    let answers = route.answers.iter();
    let mut responses: BTreeMap<String, Value> = answers
        .map(|answer| (answer.status.to_string(), response(answer)))
        .collect();
    for (status, codes) in problems::by_status(&route.refusals) {
        let refused = problems::response(status, &codes, binary);
        let clash = responses.insert(status.to_string(), refused);
        assert!(clash.is_none(), "{} answers {status} in two ways", route.id);
    }
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "responses": responses,
        "security": security(route.access),
    });
    if !route.parameters.is_empty() {
        operation["parameters"] = route.parameters.iter().map(parameter).collect();
    }
    if let Some(request) = &route.request {
        let examples = request.examples.iter();
        let examples: Map<String, Value> = examples
            .map(|(name, value)| ((*name).to_owned(), json!({ "value": value })))
            .collect();
        let mut content = json!({ "application/json": {
            "schema": request.schema,
            "examples": examples,
        } });
        if request.binary {
            content["application/octet-stream"] = json!({});
        }
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Cookie => json!([{ "guest": [] }]),
        Access::Token => json!([{ "token": [] }]),
        Access::TokenOrCookie => json!([{ "token": [] }, { "guest": [] }]),
        Access::Key => json!([{ "key": [] }, { "keyAsBearer": [] }]),
    }
}

fn parameter(parameter: &Parameter) -> Value {
    let mut written = json!({
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.about,
        "required": parameter.required,
        "schema": parameter.schema,
    });
    if let Some(example) = &parameter.example {
        written["example"] = example.clone();
    }
    written
}

fn response(answer: &Answer) -> Value {
    let binary = || ("application/octet-stream", json!({}));
    let content = match &answer.body {
        Body::Empty => vec![],
        Body::Text => vec![("text/plain", json!({ "schema": { "type": "string" } }))],
        Body::Json(schema) => vec![("application/json", json!({ "schema": schema }))],
        Body::Frame(schema) => vec![("application/json", json!({ "schema": schema })), binary()],
        // The schema is that of a line or an event, which a description of version 3.1 can only
        // say in words.
        Body::Frames(schema) => vec![
            ("application/x-ndjson", json!({ "x-line-schema": schema })),
            binary(),
        ],
        Body::Events(schema) => vec![("text/event-stream", json!({ "x-data-schema": schema }))],
    };
    let mut response = json!({ "description": answer.about });
    if !content.is_empty() {
        let content = content.into_iter().map(|(kind, it)| (kind.to_owned(), it));
        response["content"] = content.collect::<Map<_, _>>().into();
    }
    if answer.sets_cookie {
        response["headers"] = json!({ "Set-Cookie": {
            "required": true,
            "description": "The guest's cookie.",
            "schema": { "type": "string" },
        } });
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: &'static str, id: &'static str) -> Route {
        Route {
            method,
            path: "/a",
            id,
            summary: "",
            access: Access::Open,
            parameters: Vec::new(),
            request: None,
            answers: vec![Answer {
                status: 204,
                about: "Done.",
                body: Body::Empty,
                sets_cookie: false,
            }],
            refusals: Vec::new(),
        }
    }

    #[test]
    fn two_methods_of_a_path_stand_side_by_side() {
        let api = Api {
            definitions: Map::new(),
            routes: vec![route("get", "look"), route("delete", "leave")],
        };
        let written = write(&api);
        let methods = written["paths"]["/a"].as_object().expect("a path");
        let names: BTreeSet<&str> = methods.keys().map(String::as_str).collect();
        assert_eq!(names, ["delete", "get"].into());
        assert_eq!(methods["get"]["responses"]["204"]["description"], "Done.");
    }

    #[test]
    fn what_a_schema_refers_to_comes_along_and_nothing_else() {
        let definitions = json!({
            "A": { "$ref": "#/$defs/B" },
            "B": { "items": { "$ref": "#/$defs/A" } },
            "C": {},
        });
        let mut route = route("get", "look");
        route.answers[0].body = Body::Json(json!({ "$ref": "#/$defs/A" }));
        let written = write(&Api {
            definitions: definitions.as_object().expect("an object").clone(),
            routes: vec![route],
        });
        let schemas = &written["components"]["schemas"];
        let schemas_named = schemas.as_object().expect("schemas").keys();
        let names: BTreeSet<&str> = schemas_named.map(String::as_str).collect();
        assert_eq!(names, ["A", "B", "Problem"].into());
        assert_eq!(schemas["A"]["$ref"], "#/components/schemas/B");
    }
}
