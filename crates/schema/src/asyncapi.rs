//! AsyncAPI 3.0: the WebSocket as one channel, with every frame as a message.
//!
//! The document is told by the server: it *receives* what clients send. Its tools read an older
//! JSON Schema, in which a reference may have nothing beside it.

use serde_json::{Map, Value, json};
use trunkline_protocol::codec::{CLIENT_FRAME_LEN_MAX, SERVER_FRAME_LEN_MAX};
use trunkline_protocol::{Codec, Subprotocol};

use crate::catalog::{CallEntry, TopicEntry};
use crate::document::{Document, Frame, Sender};
use crate::examples::{self, Example};
use crate::words::pascal;

/// Writes `asyncapi.json`.
pub(crate) fn write(document: &Document) -> Value {
    let mut parts = Parts::default();
    let examples = examples::all();
    for frame in on_websocket(document) {
        parts.frame(frame, &examples);
    }
    for topic in &document.catalog.topics {
        parts.topic(topic);
    }
    for call in &document.catalog.calls {
        parts.call(call);
    }
    let mut api = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trunkline",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:8787",
                "protocol": "ws",
                "description": "What `cargo xtask run` starts.",
            },
            "behindTls": {
                "host": "{host}",
                "protocol": "wss",
                "description": "A server behind a proxy with TLS, started with --behind-tls.",
                "variables": { "host": { "description": "Where the proxy is." } },
            },
        },
        "channels": { "connection": channel(document, &parts) },
        "operations": parts.operations,
        "components": {
            "messages": parts.messages,
            "schemas": document.definitions,
        },
    });
    refer_alone(&mut api);
    api
}

const ABOUT: &str = "Chat and what else is live, over one WebSocket. The first frame of a client \
    is `connect`, with a token from `POST /auth/token`; the server answers `connected`. Requests \
    carry an `id` and get one answer with it. Answer each `ping` with `pong`. `PROTOCOL.md` tells \
    the rules, and how a client recovers what it has missed.";

/// The frames of a WebSocket. One travels only over HTTP, where nothing else says goodbye.
fn on_websocket(document: &Document) -> impl Iterator<Item = &Frame> {
    document.frames.iter().filter(|it| it.tag != "disconnect")
}

/// What every request may be answered by, too.
const REFUSED: &str = "serverRefused";

#[derive(Default)]
struct Parts {
    messages: Map<String, Value>,
    operations: Map<String, Value>,
}

impl Parts {
    /// A frame as a message, with an operation for whoever sends it. Answers have none: they are
    /// part of their request's.
    fn frame(&mut self, frame: &Frame, examples: &[Example]) {
        let name = camel(&frame.name);
        let kind = format!("{}_frame", frame.sender.name().to_lowercase());
        let of_frame: Vec<Value> = examples::of(examples, &kind, Some(&frame.tag))
            .map(|example| {
                let payload: Value =
                    serde_json::from_str(example.json.get()).expect("the vectors are JSON");
                json!({ "name": example.name, "payload": payload })
            })
            .collect();
        let title = match frame.sender {
            Sender::Client => format!("{} (from a client)", frame.tag),
            Sender::Server => format!("{} (from the server)", frame.tag),
        };
        self.message(
            &name,
            json!({
                "name": frame.tag,
                "title": title,
                "payload": { "$ref": schema(&frame.name) },
                "examples": of_frame,
            }),
        );
        match frame.sender {
            Sender::Client => self.operation("receive", &name, answer(&frame.tag)),
            Sender::Server if UNASKED.contains(&frame.tag.as_str()) => {
                self.operation("send", &name, None);
            }
            Sender::Server => {}
        }
    }

    /// The frames of a topic with their payloads.
    fn topic(&mut self, topic: &TopicEntry) {
        let prefix = camel(&pascal(topic.namespace));
        let publish = format!("{prefix}Publish");
        let pattern = format!("^{}:", topic.namespace);
        self.message(
            &publish,
            json!({
                "name": "publish",
                "title": format!("publish to {}:KEY", topic.namespace),
                "summary": topic.about,
                "payload": { "allOf": [
                    { "$ref": schema("ClientPublish") },
                    { "type": "object", "properties": {
                        "topic": { "type": "string", "pattern": pattern },
                        "command": topic.command,
                    } },
                ] },
            }),
        );
        self.operation("receive", &publish, answer("publish"));
        let publication = format!("{prefix}Publication");
        self.message(
            &publication,
            json!({
                "name": "publication",
                "title": format!("publication of {}:KEY", topic.namespace),
                "summary": topic.about,
                "payload": { "allOf": [
                    { "$ref": schema("ServerPublication") },
                    { "type": "object", "properties": { "event": topic.event } },
                ] },
            }),
        );
        self.operation("send", &publication, None);
    }

    /// The frames of a call with their payloads.
    fn call(&mut self, call: &CallEntry) {
        let prefix = camel(&pascal(call.method));
        let (request, returned) = (format!("{prefix}Call"), format!("{prefix}Returned"));
        self.message(
            &request,
            json!({
                "name": "call",
                "title": format!("call {}", call.method),
                "summary": call.about,
                "payload": { "allOf": [
                    { "$ref": schema("ClientCall") },
                    { "type": "object", "properties": {
                        "method": { "const": call.method },
                        "request": call.request,
                    } },
                ] },
            }),
        );
        self.message(
            &returned,
            json!({
                "name": "returned",
                "title": format!("what {} returns", call.method),
                "payload": { "allOf": [
                    { "$ref": schema("ServerReturned") },
                    { "type": "object", "properties": { "response": call.response } },
                ] },
            }),
        );
        self.operation("receive", &request, Some(returned));
    }

    fn message(&mut self, name: &str, message: Value) {
        self.messages.insert(name.to_owned(), message);
    }

    fn operation(&mut self, action: &str, message: &str, answer: Option<String>) {
        let mut operation = json!({
            "action": action,
            "channel": { "$ref": "#/channels/connection" },
            "messages": [{ "$ref": on_channel(message) }],
        });
        if let Some(answer) = answer {
            let mut answers = vec![json!({ "$ref": on_channel(&answer) })];
            if message != "clientConnect" && message != "clientProbe" {
                answers.push(json!({ "$ref": on_channel(REFUSED) }));
            }
            operation["reply"] = json!({
                "channel": { "$ref": "#/channels/connection" },
                "messages": answers,
            });
        }
        let name = format!("{action}{}", pascal(message));
        self.operations.insert(name, operation);
    }
}

/// What the server says without being asked.
const UNASKED: [&str; 6] = ["publication", "gap", "joined", "left", "ping", "drain"];

/// The answer to a client's frame.
fn answer(tag: &str) -> Option<String> {
    let answer = match tag {
        "connect" => "serverConnected",
        "subscribe" => "serverSubscribed",
        "unsubscribe" => "serverUnsubscribed",
        "publish" => "serverPublished",
        "call" => "serverReturned",
        "history" => "serverHistory",
        "presence" => "serverPresent",
        "refresh" => "serverRefreshed",
        "probe" => "serverProbed",
        _ => return None,
    };
    Some(answer.to_owned())
}

fn channel(document: &Document, parts: &Parts) -> Value {
    let messages: Map<String, Value> = parts
        .messages
        .keys()
        .map(|name| {
            let reference = json!({ "$ref": format!("#/components/messages/{name}") });
            (name.clone(), reference)
        })
        .collect();
    let subprotocol = json!({
        "type": "string",
        "enum": Subprotocol::ALL,
        "default": Subprotocol::name(Codec::Json),
        "description": "The encoding of frames. This document describes the JSON one; nothing \
                        offered means JSON, too.",
    });
    json!({
        "address": "/ws",
        "title": "A connection",
        "description": "Each text message is one frame.",
        "messages": messages,
        "bindings": { "ws": {
            "method": "GET",
            "headers": { "type": "object", "properties": { "Sec-WebSocket-Protocol": subprotocol } },
            "bindingVersion": "0.1.0",
        } },
        "x-frame-len-max": { "client": CLIENT_FRAME_LEN_MAX, "server": SERVER_FRAME_LEN_MAX },
        "x-close-codes": document.definitions["CloseCode"]["anyOf"],
        "x-topics": document.topics(),
        "x-calls": document.calls(),
    })
}

fn schema(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

fn on_channel(message: &str) -> String {
    format!("#/channels/connection/messages/{message}")
}

/// `ClientPublish` as `clientPublish`.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

/// Points references at the components, and moves each into an `allOf` where it has company.
fn refer_alone(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(refer_alone);
            let Some(Value::String(reference)) = members.get_mut("$ref") else {
                return;
            };
            *reference = reference.replacen("#/$defs/", "#/components/schemas/", 1);
            if members.len() > 1 {
                let reference = members.remove("$ref");
                members.insert("allOf".to_owned(), json!([{ "$ref": reference }]));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(refer_alone),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        write(&Document::of_protocol())
    }

    #[test]
    fn a_reference_with_company_moves_into_all_of() {
        let mut value = json!({ "a": { "$ref": "#/$defs/User", "description": "Who." } });
        refer_alone(&mut value);
        let user = json!([{ "$ref": "#/components/schemas/User" }]);
        assert_eq!(
            value,
            json!({ "a": { "allOf": user, "description": "Who." } })
        );
    }

    #[test]
    fn every_frame_of_a_server_is_an_answer_or_comes_unasked() {
        let text = document()["operations"].to_string();
        let document = Document::of_protocol();
        for frame in on_websocket(&document) {
            let message = format!("\"{}\"", on_channel(&camel(&frame.name)));
            assert!(text.contains(&message), "{message} is in no operation");
        }
    }

    #[test]
    fn every_reference_points_at_something() {
        fn visit(all: &Value, value: &Value) {
            if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
                assert!(
                    all.pointer(&reference[1..]).is_some(),
                    "{reference} points nowhere"
                );
            }
            let inner = value.as_object().into_iter().flat_map(Map::values);
            inner
                .chain(value.as_array().into_iter().flatten())
                .for_each(|inner| visit(all, inner));
        }
        let api = document();
        visit(&api, &api);
    }
}
