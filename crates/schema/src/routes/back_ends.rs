//! What the operator's back ends ask for, with a key in place of a token.

use serde_json::{Map, Value, json};

use super::requests::{PUBLISH, PUBLISHED, READ, commands, published, range};
use super::{count, object, query, reference, route, topic};
use crate::openapi::{Access, Body, Request, Route};

pub(super) fn routes() -> Vec<Route> {
    let publish = "Publishes a command in the name of any user, or in JSON up to 100 in their \
                   order. Message ids belong to the user that is named.";
    let history = "Reads kept publications of any topic.";
    let presence = "Tells who is present in any topic.";
    let topics = "Lists topics that have people or events, those with most people first.";
    let disconnect = "Ends every conversation of a user, over every transport, with 4301. Tokens \
                      of theirs stay good until they expire.";
    let key = |method, path, id, about| route(method, path, id, about, Access::Key);
    let user = Some(json!("00000000000000ff"));
    let id = "In whose name; without one, that of the user `0000000000000000`.";
    vec![
        key("post", "/api/publish", "publishAs", publish)
            .parameters(vec![
                query("user", id, false, reference("UserId"), user.clone()),
                query(
                    "name",
                    "What that user is called: `server` if it is left out.",
                    false,
                    json!({ "type": "string", "maxLength": 128, "x-max-bytes": 128 }),
                    Some(json!("Billing")),
                ),
            ])
            .takes(commands())
            .answers(200, PUBLISHED, published())
            .refuses(&["malformed_query"])
            .refuses(&PUBLISH),
        key("get", "/api/history", "readAnyHistory", history)
            .parameters(range())
            .answers(
                200,
                "The publications, oldest first.",
                Body::Frame(reference("ServerHistory")),
            )
            .refuses(&READ),
        key("get", "/api/presence", "readAnyPresence", presence)
            .parameters(vec![topic()])
            .answers(
                200,
                "Who is present.",
                Body::Frame(reference("ServerPresent")),
            )
            .refuses(&READ),
        key("get", "/api/topics", "listTopics", topics)
            .parameters(vec![query(
                "namespace",
                "Only of this kind.",
                false,
                json!({ "type": "string" }),
                Some(json!("chat")),
            )])
            .answers(
                200,
                "The topics, 1,000 at most.",
                Body::Json(reference("TopicsInUse")),
            )
            .refuses(&["malformed_query"]),
        key("post", "/api/disconnect", "disconnect", disconnect)
            .takes(Request {
                schema: object(&json!({ "user": reference("UserId") })),
                examples: vec![("somebody", json!({ "user": user }))],
                binary: false,
            })
            .answers(204, "Done, whether there were any or not.", Body::Empty),
    ]
}

/// What only these routes have.
pub(super) fn definitions() -> Map<String, Value> {
    let topic = object(&json!({
        "topic": reference("TopicName"),
        "people": count(u32::MAX.into()),
        "head": count(trunkline_protocol::schema::NUMBER_MAX),
    }));
    let mut topics = object(&json!({
        "count": { "type": "integer", "minimum": 0 },
        "topics": { "type": "array", "items": topic, "maxItems": 1000 },
    }));
    topics["description"] = "Topics in use; `count` counts those that are not listed, too.".into();
    [("TopicsInUse".to_owned(), topics)].into_iter().collect()
}
