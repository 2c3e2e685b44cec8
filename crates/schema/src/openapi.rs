//! OpenAPI 3.1 of the HTTP routes, written from a list of them.
//!
//! To describe another route, add it in `routes.rs`. Schemas are JSON Schema 2020-12, as in the
//! rest of this crate; those with a name belong to [`Api::schemas`].

use serde_json::{Map, Value, json};

/// Routes, and the schemas that they refer to as `#/components/schemas/NAME`.
pub(crate) struct Api {
    pub(crate) schemas: Vec<(&'static str, Value)>,
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
    /// Whether the cookie of a guest is needed.
    pub(crate) cookie: bool,
    /// The schema of the JSON body, if there is one.
    pub(crate) request: Option<Value>,
    pub(crate) answers: Vec<Answer>,
}

/// What may come back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) about: &'static str,
    pub(crate) body: Body,
}

/// The body of an answer.
pub(crate) enum Body {
    /// None.
    Empty,
    /// A word for people.
    Text,
    /// JSON of this schema.
    Json(Value),
    /// A problem (RFC 9457) with one of these codes.
    Problem(&'static [&'static str]),
}

/// The name of the schema that every problem has.
pub(crate) const PROBLEM: &str = "Problem";

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
    let schemas: Map<String, Value> = api
        .schemas
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
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
        "components": {
            "schemas": schemas,
            "securitySchemes": { "guest": {
                "type": "apiKey",
                "in": "cookie",
                "name": "trunkline_guest",
                "description": "Set by `POST /auth/guest`; under TLS its name begins with `__Host-`.",
            } },
        },
    })
}

fn operation(route: &Route) -> Value {
    let answers: Map<String, Value> = route
        .answers
        .iter()
        .map(|answer| (answer.status.to_string(), response(answer)))
        .collect();
    let mut operation = json!({
        "operationId": route.id,
        "summary": route.summary,
        "responses": answers,
        "security": [],
    });
    if route.cookie {
        operation["security"] = json!([{ "guest": [] }]);
    }
    if let Some(schema) = &route.request {
        let content = json!({ "application/json": { "schema": schema } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn response(answer: &Answer) -> Value {
    let content = match &answer.body {
        Body::Empty => return json!({ "description": answer.about }),
        Body::Text => json!({ "text/plain": { "schema": { "type": "string" } } }),
        Body::Json(schema) => json!({ "application/json": { "schema": schema } }),
        Body::Problem(codes) => {
            let reference = format!("#/components/schemas/{PROBLEM}");
            let codes = json!({ "properties": { "code": { "enum": codes } } });
            let schema = json!({ "allOf": [{ "$ref": reference }, codes] });
            json!({ "application/problem+json": { "schema": schema } })
        }
    };
    json!({ "description": answer.about, "content": content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_methods_of_a_path_stand_side_by_side() {
        let route = |method, id| Route {
            method,
            path: "/a",
            id,
            summary: "",
            cookie: false,
            request: None,
            answers: vec![Answer {
                status: 204,
                about: "Done.",
                body: Body::Empty,
            }],
        };
        let api = Api {
            schemas: Vec::new(),
            routes: vec![route("get", "look"), route("delete", "leave")],
        };
        let written = write(&api);
        let methods = written["paths"]["/a"].as_object().expect("a path");
        let names: std::collections::BTreeSet<&str> = methods.keys().map(String::as_str).collect();
        assert_eq!(names, ["delete", "get"].into());
        assert_eq!(methods["get"]["responses"]["204"]["description"], "Done.");
    }
}
