//! Conversations over HTTP: as a stream, as a long poll, and as server-sent events.

use serde_json::json;
use trunkline_protocol::CURSOR_TOPICS_MAX;

use super::{count, query, reference, route};
use crate::openapi::{Access, Body, Parameter, Request, Route};

pub(super) fn routes() -> Vec<Route> {
    let stream = "Opens a conversation: the response is its frames, as long as it lasts. The \
                  token stands in `Authorization`, or in the frame.";
    let poll = "Opens a conversation that ends with its first news. Ask again with the positions \
                that you have then.";
    let events = "Reads topics as server-sent events, for `EventSource` and `curl`.";
    let frames = || Body::Frames(reference("ServerFrame"));
    vec![
        route("post", "/http/stream", "openStream", stream, Access::Token)
            .takes(connect())
            .answers(
                200,
                "The frames, the last of which is `disconnect`.",
                frames(),
            ),
        route("post", "/http/poll", "poll", poll, Access::Token)
            .parameters(vec![query(
                "wait",
                "How long to wait for news, in seconds: 25 if it is left out, 50 at most; 0 for \
                 what is there now.",
                false,
                count(u32::MAX.into()),
                Some(json!(0)),
            )])
            .takes(connect())
            .answers(200, "The frames up to the first news.", frames())
            .refuses(&["malformed_query"]),
        route(
            "get",
            "/http/events",
            "listen",
            events,
            Access::TokenOrCookie,
        )
        .parameters(event_parameters())
        .answers(
            200,
            "Each event is a frame: `event` is its type, `data` the frame, `id` the cursor \
                 to go on from.",
            Body::Events(reference("ServerFrame")),
        )
        .refuses(&[
            "malformed_query",
            "malformed_event_id",
            "invalid_topic",
            "unknown_namespace",
            "invalid_key",
            "forbidden",
        ]),
    ]
}

fn event_parameters() -> Vec<Parameter> {
    let topics = json!({
        "type": "array",
        "items": reference("TopicName"),
        "minItems": 1,
        "maxItems": CURSOR_TOPICS_MAX,
    });
    let about = "The id of the last event that is here, to go on after it.";
    let cursor = json!({ "type": "string" });
    let lobby = Some(json!(["chat:lobby"]));
    vec![
        query("topic", "What to read.", true, topics, lobby),
        query(
            "newest",
            "How many of the newest publications of each topic to begin with.",
            false,
            count(u16::MAX.into()),
            Some(json!(20)),
        ),
        query(
            "presence",
            "Whether to tell who comes and goes.",
            false,
            json!({ "type": "boolean" }),
            None,
        ),
        query(
            "max_hz",
            "How many updates per second and key are wanted at most, of topics that deliver the latest.",
            false,
            json!({ "type": "integer", "minimum": 1, "maximum": u16::MAX }),
            None,
        ),
        query("last-event-id", about, false, cursor.clone(), None),
        Parameter {
            name: "Last-Event-ID",
            place: "header",
            about: "The same; it outranks the one in the query.",
            required: false,
            schema: cursor,
            example: None,
        },
    ]
}

fn connect() -> Request {
    let subscriptions = json!([{
        "id": 0,
        "topic": "chat:lobby",
        "start": { "type": "newest", "count": 20 },
    }]);
    let frame = json!({
        "type": "connect",
        "version": 1,
        "token": "",
        "agent": "sample/1.0",
        "subscriptions": subscriptions,
    });
    Request {
        schema: reference("ClientConnect"),
        examples: vec![("one-topic", frame)],
        binary: true,
    }
}
