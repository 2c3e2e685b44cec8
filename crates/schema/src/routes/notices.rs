//! What back ends tell users, now or later.

use serde_json::{Value, json};

use super::{count, object, query, reference, route};
use crate::openapi::{Access, Body, Request, Route};

/// The most users that one notice names.
const USERS_MAX: usize = 1000;

pub(super) fn routes() -> Vec<Route> {
    let notify = "Tells one user, several or all something, each once: a notice that is sent again \
                  under its id reaches only those whom it has not reached. With a time ahead, it \
                  waits on the disk until then.";
    let list = "Lists the notices that wait for their time, the next one first.";
    let cancel = "Forgets a notice that waits for its time.";
    let key = |method, path, id, about| route(method, path, id, about, Access::Key);
    let user = json!("0123456789abcdef");
    vec![
        key("post", "/api/notify", "notify", notify)
            .takes(Request {
                schema: notice(),
                examples: vec![
                    (
                        "one",
                        json!({
                            "id": "build-1207",
                            "to": { "user": user },
                            "notification": {
                                "title": "Build 1207 is done",
                                "level": "success",
                                "link": "https://example.com/builds/1207",
                                "action": "Show the build",
                            },
                        }),
                    ),
                    (
                        "all",
                        json!({
                            "id": "maintenance-7",
                            "to": "all",
                            "notification": { "title": "Maintenance tonight at ten" },
                        }),
                    ),
                ],
                binary: false,
            })
            .answers(
                200,
                "It was told: how many users have it now, and how many of them had it before.",
                Body::Json(told()),
            )
            .answers(
                202,
                "It waits until then, or one with its id does.",
                Body::Json(scheduled()),
            )
            .refuses(&["invalid", "too_long", "unavailable", "internal"]),
        key("get", "/api/notices", "listNotices", list)
            .answers(200, "The notices, 1,000 at most.", Body::Json(waiting()))
            .refuses(&["unavailable"]),
        key("delete", "/api/notices", "cancelNotice", cancel)
            .parameters(vec![query(
                "id",
                "The id of the notice.",
                true,
                id(),
                Some(json!("build-1207")),
            )])
            .answers(
                200,
                "Whether it waited.",
                Body::Json(object(&json!({ "cancelled": { "type": "boolean" } }))),
            )
            .refuses(&["malformed_query", "unavailable"]),
    ]
}

fn id() -> Value {
    let about = "What makes it the same notice when it is sent again.";
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$", "description": about })
}

fn time(about: &str) -> Value {
    let mut time = count(u32::MAX.into());
    time["description"] = about.into();
    time
}

fn number(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": about })
}

/// What is told to whom, and when.
fn notice() -> Value {
    let users = json!({
        "type": "array",
        "items": reference("UserId"),
        "maxItems": USERS_MAX,
    });
    let to = json!({
        "oneOf": [
            object(&json!({ "user": reference("UserId") })),
            object(&json!({ "users": users })),
            { "const": "all" },
        ],
        "description": "`{\"user\":ID}`, `{\"users\":[ID,…]}`, or everybody whom the server knows \
                        when it is told.",
    });
    let mut notice = object(&json!({
        "id": id(),
        "to": to,
        "notification": reference("Notification"),
    }));
    let at = "When it is told, in whole seconds since 1970: a year ahead at most. At once if it is \
              left out or has passed.";
    notice["properties"]["at"] = time(at);
    notice["properties"]["at"]["type"] = json!(["integer", "null"]);
    notice
}

fn told() -> Value {
    object(&json!({
        "id": id(),
        "users": number("How many users have it now."),
        "before": number("How many of them had it before."),
    }))
}

fn scheduled() -> Value {
    object(&json!({ "id": id(), "at": time("When it is told.") }))
}

fn waiting() -> Value {
    let mut waits = object(&json!({
        "id": id(),
        "at": time("When it is told."),
        "notification": reference("Notification"),
    }));
    waits["properties"]["users"] =
        number("How many users it names; left out if it is for everybody.");
    object(&json!({ "notices": { "type": "array", "items": waits, "maxItems": 1000 } }))
}
