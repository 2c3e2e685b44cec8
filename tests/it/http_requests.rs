//! Requests without a conversation: publish, call, history, presence; and what is refused.

use serde_json::{Value, json};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{
    ClientFrame, Codec, Delivery, Error, ErrorCode, MessageId, SenderId, ServerFrame, Text, Topic,
    User,
};
use trunkline_server::topics::{Access, Context, Handler, Registry};
use trunkline_session::Pace;
use trunkline_tests::{Asking, Heard, TestServer, connect};

fn say(counter: u32, text: &str) -> Value {
    json!({
        "message_id": {"sender": 5, "counter": counter},
        "topic": "chat:lobby",
        "command": {"type": "say", "text": text},
    })
}

async fn publish(server: &TestServer, token: &str, body: &Value) -> Heard {
    let asking = Asking::post(server.address(), "/http/publish", body.to_string());
    asking.token(token).send().await
}

async fn get(server: &TestServer, token: &str, path: &str) -> Heard {
    Asking::get(server.address(), path)
        .token(token)
        .send()
        .await
}

#[tokio::test]
async fn a_command_that_is_sent_again_is_taken_once_over_any_transport() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let token = ada.token().to_owned();
    let first = publish(&server, &token, &say(1, "hello")).await;
    assert_eq!(first.status(), 200);
    let first = first.json().await;
    assert_eq!(
        (&first["type"], &first["duplicate"]),
        (&json!("published"), &json!(false))
    );
    let again = publish(&server, &token, &say(1, "hello"))
        .await
        .json()
        .await;
    assert_eq!(
        (&again["duplicate"], &again["position"]),
        (&json!(true), &first["position"])
    );

    // The same command over the socket, and in the other codec.
    let message_id = MessageId {
        sender: SenderId::from_random(5),
        counter: 1,
    };
    let command = ChatCommand::Say {
        text: Text::cut("hello"),
    };
    let lobby: RoomName = "lobby".parse().expect("a room");
    let answer = ada.publish_as::<Chat>(&lobby, &command, message_id).await;
    assert!(
        matches!(
            answer,
            ServerFrame::Published {
                duplicate: true,
                ..
            }
        ),
        "{answer:?}"
    );
    let frame = ClientFrame::Publish {
        id: 9,
        message_id,
        topic: Text::cut("chat:lobby"),
        contract: Some(Chat::contract()),
        command: Codec::Bincode.payload(&command).expect("a short command"),
    };
    let asking = Asking::frame(server.address(), "/http/publish", Codec::Bincode, &frame);
    let answer = asking.token(&token).send().await.bytes().await;
    let answer = Codec::Bincode.decode(&answer).expect("a frame");
    assert!(
        matches!(
            answer,
            ServerFrame::Published {
                id: 9,
                duplicate: true,
                ..
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_list_of_commands_is_taken_in_order_and_answered_one_by_one() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let list = json!([say(1, "one"), say(2, " "), say(3, "three"), say(1, "one")]);
    let answer = publish(&server, &token, &list).await;
    assert_eq!(answer.status(), 200);
    let answers = answer.json().await;
    let told: Vec<_> = answers
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| {
            (
                &it["id"],
                &it["type"],
                &it["position"]["offset"],
                &it["error"]["code"],
            )
        })
        .collect();
    let (published, refused) = (json!("published"), json!("refused"));
    let none = Value::Null;
    assert_eq!(
        told,
        [
            (&json!(0), &published, &json!(1), &none),
            (&json!(1), &refused, &none, &json!(110)),
            (&json!(2), &published, &json!(2), &none),
            (&json!(3), &published, &json!(1), &none),
        ]
    );
    let many: Vec<_> = (0..101).map(|counter| say(counter, "x")).collect();
    assert_eq!(publish(&server, &token, &json!(many)).await.status(), 400);

    let history = get(&server, &token, "/http/history?topic=chat:lobby&after=1").await;
    let history = history.json().await;
    assert_eq!(
        (&history["type"], &history["head"]),
        (&json!("history"), &json!(2))
    );
    assert_eq!(history["publications"][0]["event"]["text"], "three");
    let newest = get(&server, &token, "/http/history?topic=chat:lobby&limit=1").await;
    assert_eq!(newest.json().await["publications"][0]["offset"], 2);
}

#[tokio::test]
async fn calls_and_presence_are_answered_as_over_a_socket() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    ada.subscribe("chat:lobby", Start::default()).await;
    let token = server.token("bob").await;
    let call = Asking::post(server.address(), "/http/call", r#"{"method":"chat.rooms"}"#);
    let answer = call.token(&token).send().await.json().await;
    let rooms = json!([{"name": "lobby", "people": 1, "events": 0}]);
    assert_eq!(
        (&answer["type"], &answer["response"]["rooms"]),
        (&json!("returned"), &rooms)
    );
    let present = get(&server, &token, "/http/presence?topic=chat:lobby").await;
    let present = present.json().await;
    assert_eq!(present["members"]["listed"][0]["user"]["name"], "ada");
    let bincode = Asking::get(server.address(), "/http/presence?topic=chat:lobby");
    let bincode = bincode
        .header("accept", "application/octet-stream")
        .token(&token);
    let frame = bincode.send().await.bytes().await;
    let frame = Codec::Bincode.decode(&frame).expect("a frame");
    assert!(matches!(frame, ServerFrame::Present { .. }), "{frame:?}");
}

/// Rooms like those of the chat, for some.
enum Guarded {}

impl Topic for Guarded {
    const NAMESPACE: &'static str = "guarded";
    const DELIVERY: Delivery = Chat::DELIVERY;
    type Key = RoomName;
    type Event = ChatEvent;
    type Command = ChatCommand;
}

struct Guard;

impl Handler for Guard {
    type Topic = Guarded;

    fn authorize(&self, user: &User, _: &RoomName) -> Result<Access, Error> {
        Ok(match user.name.as_str() {
            "owner" => Access::FULL,
            "reader" => Access::READ,
            _ => Access {
                read: false,
                write: false,
            },
        })
    }

    async fn on_command(
        &self,
        _: &Context<'_, Guarded>,
        _: &RoomName,
        _: ChatCommand,
    ) -> Result<ChatEvent, Error> {
        Err(Error::new(ErrorCode::Invalid, "nothing is said here"))
    }
}

#[tokio::test]
async fn nobody_may_do_more_than_over_a_socket() {
    let server = TestServer::start_with_topics(Registry::default().with(Guard)).await;
    for (name, reads, writes) in [
        ("owner", 200, 422),
        ("reader", 200, 403),
        ("other", 403, 403),
    ] {
        let token = server.token(name).await;
        for path in [
            "/http/history?topic=guarded:a",
            "/http/presence?topic=guarded:a",
            "/http/events?topic=guarded:a",
        ] {
            let answer = get(&server, &token, path).await;
            assert_eq!(answer.status(), reads, "{name} {path}");
        }
        let mut body = say(1, "hello");
        body["topic"] = json!("guarded:a");
        let answer = publish(&server, &token, &body).await;
        assert_eq!(answer.status(), writes, "{name}");
        for path in ["/http/stream", "/http/poll?wait=0"] {
            let frame = connect(&token, "guarded:a", Start::default());
            let asking = Asking::frame(server.address(), path, Codec::Json, &frame);
            let mut answer = asking.send().await;
            answer.frame(Codec::Json).await;
            let told = answer.frame(Codec::Json).await;
            let refused = matches!(told, Some(ServerFrame::Refused { .. }));
            assert_eq!(refused, reads == 403, "{name} {path} {told:?}");
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_has_a_status_and_a_code() {
    let server = TestServer::start().await;
    let address = server.address();
    let token = server.token("ada").await;
    let post = |path: &str, body: &str| Asking::post(address, path, body).token(&token);
    let long = "x".repeat(70_000);
    let hello = json!({"type": "connect", "version": 1, "token": token, "agent": "a"}).to_string();
    let mut mistyped = say(1, "hello");
    mistyped["type"] = json!("call");
    for (asking, status, code) in [
        (post("/http/stream", "{"), 400, "malformed_body"),
        (
            post("/http/stream", r#"{"type":"pong"}"#),
            400,
            "malformed_body",
        ),
        (post("/http/poll", "[]"), 400, "malformed_body"),
        (post("/http/poll?wait=soon", &hello), 400, "malformed_query"),
        (post("/http/stream", &long), 413, "body_too_large"),
        (
            Asking::get(address, "/http/stream"),
            405,
            "method_not_allowed",
        ),
        (post("/http/publish", "{}"), 400, "malformed_body"),
        (
            post("/http/publish", &say(1, "").to_string()),
            422,
            "invalid",
        ),
        (
            post("/http/call", r#"{"method":"nobody.answers"}"#),
            404,
            "unknown_method",
        ),
        (post("/http/call", "5"), 400, "malformed_body"),
        (
            post(
                "/http/call",
                r#"{"method":"chat.rooms","deadline_ms":50001}"#,
            ),
            400,
            "malformed_body",
        ),
        (
            post("/http/call", r#"{"type":"publish","method":"chat.rooms"}"#),
            400,
            "malformed_body",
        ),
        (
            post("/http/publish", &mistyped.to_string()),
            400,
            "malformed_body",
        ),
        (
            Asking::get(address, "/http/history").token(&token),
            400,
            "malformed_query",
        ),
        (
            Asking::get(address, "/http/presence?topic=x"),
            401,
            "not_signed_in",
        ),
        (
            Asking::get(address, "/http/presence?topic=x").token("no"),
            401,
            "token_invalid",
        ),
        (
            Asking::get(address, "/http/presence?topic=x").token(&token),
            400,
            "invalid_topic",
        ),
        (
            post("/http/stream", &hello).header("origin", "null"),
            403,
            "origin_not_allowed",
        ),
        (Asking::get(address, "/http/nothing"), 404, "not_found"),
    ] {
        let answer = asking.send().await;
        assert_eq!(answer.status(), status, "{code}");
        let media_type = answer.header("content-type").map(str::to_owned);
        assert_eq!(media_type.as_deref(), Some("application/problem+json"));
        let problem = answer.json().await;
        assert_eq!(
            (&problem["code"], &problem["status"]),
            (&json!(code), &json!(status))
        );
    }
    let plain = post("/http/stream", &hello)
        .replacing("content-type", "text/plain")
        .send()
        .await;
    assert_eq!(plain.status(), 415);
    let invalid = post("/http/publish", &say(1, " ").to_string()).send().await;
    assert_eq!(invalid.json().await["number"], ErrorCode::Invalid.number());
}

#[tokio::test]
async fn a_flood_is_answered_with_when_to_come_back() {
    let server = TestServer::start_with(|config| {
        config.session.pace = Pace {
            per_second: 1,
            burst: 5,
        };
    })
    .await;
    let token = server.token("ada").await;
    let frame = connect(&token, "chat:lobby", Start::default());
    let mut statuses = Vec::new();
    for _ in 0..10 {
        let poll = Asking::frame(server.address(), "/http/poll?wait=0", Codec::Json, &frame);
        let answer = poll.send().await;
        statuses.push(answer.status());
        if answer.status() == 429 {
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.json().await["number"], ErrorCode::TooFast.number());
        }
    }
    assert_eq!(&statuses[..5], [200; 5]);
    assert!(statuses[5..].contains(&429), "{statuses:?}");
    // Another user has a pace of their own, and a list of commands uses it up.
    let other = server.token("bob").await;
    let list: Vec<_> = (0..8).map(|counter| say(counter, "x")).collect();
    let answers = publish(&server, &other, &json!(list)).await.json().await;
    let codes: Vec<_> = answers
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| &it["error"]["code"])
        .collect();
    assert_eq!(codes[4], &Value::Null);
    assert!(codes[5..].contains(&&json!(201)), "{codes:?}");
}

#[tokio::test]
async fn a_user_has_so_many_streams_and_no_more() {
    let server = TestServer::start_with(|config| config.session.requests_max = 3).await;
    let token = server.token("ada").await;
    let frame = connect(&token, "chat:lobby", Start::default());
    let open = async || {
        let asking = Asking::frame(server.address(), "/http/stream", Codec::Json, &frame);
        asking.send().await
    };
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(open().await);
    }
    let refused = open().await;
    assert_eq!(
        (refused.status(), refused.header("retry-after")),
        (429, Some("1"))
    );
    let other = connect(&server.token("bob").await, "chat:lobby", Start::default());
    let asking = Asking::frame(server.address(), "/http/stream", Codec::Json, &other);
    assert_eq!(asking.send().await.status(), 200);
    streams.pop();
    trunkline_tests::until("room", async || {
        (open().await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_read() {
    let server = TestServer::start_with(|config| {
        config.allow_origin = vec!["https://app.example".parse().expect("an origin")];
    })
    .await;
    let token = server.token("ada").await;
    let path = "/http/history?topic=chat:lobby";
    let get = |origin: &str| Asking::get(server.address(), path).header("origin", origin);
    let preflight = get("https://app.example").options().send().await;
    assert_eq!(preflight.status(), 204);
    let allowed = preflight
        .header("access-control-allow-headers")
        .expect("a list");
    assert!(allowed.contains("authorization"), "{allowed}");
    let answer = get("https://app.example").token(&token).send().await;
    assert_eq!(answer.status(), 200);
    let shared = |answer: &Heard| {
        answer
            .header("access-control-allow-origin")
            .map(str::to_owned)
    };
    assert_eq!(shared(&answer).as_deref(), Some("https://app.example"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    // Also why not, or a page could not tell.
    let answer = get("https://app.example").send().await;
    assert_eq!((answer.status(), shared(&answer).is_some()), (401, true));
    let own = get(&server.base()).token(&token).send().await;
    assert_eq!((own.status(), shared(&own)), (200, None));
}
