//! The HTTP API for back ends.

use serde_json::{Value, json};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatEvent};
use trunkline_protocol::{Codec, DisconnectReason, ServerFrame};
use trunkline_tests::{Asking, TestServer, connect};

const KEY: &str = "a key of back ends";

fn key() -> String {
    KEY.replace(' ', "-") + "-0123456789"
}

async fn start() -> TestServer {
    TestServer::start_with(|config| {
        config.api_key = Some(key().parse().expect("a key"));
    })
    .await
}

fn say(counter: u32, text: &str) -> Value {
    json!({
        "message_id": {"sender": 7, "counter": counter},
        "topic": "chat:news",
        "command": {"type": "say", "text": text},
    })
}

#[tokio::test]
async fn a_back_end_publishes_once_in_whosever_name() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    ada.subscribe("chat:news", Start::default()).await;
    let publish = async |path: &str, body: &Value| {
        let asking = Asking::post(server.address(), path, body.to_string());
        let answer = asking.token(&key()).send().await;
        assert_eq!(answer.status(), 200);
        answer.json().await
    };
    let named = "/api/publish?user=00000000000000ff&name=Billing";
    let first = publish(named, &say(1, "paid")).await;
    assert_eq!(first["duplicate"], false);
    assert_eq!(publish(named, &say(1, "paid")).await["duplicate"], true);
    let list = publish("/api/publish", &json!([say(1, "hello"), say(2, "")])).await;
    assert_eq!(
        (&list[0]["duplicate"], &list[1]["error"]["code"]),
        (&json!(false), &json!(110))
    );
    for (name, text) in [("Billing", "paid"), ("server", "hello")] {
        let ChatEvent::Said {
            author, text: told, ..
        } = ada.event::<Chat>().await
        else {
            panic!("nobody edits here")
        };
        assert_eq!((author.name.as_str(), told.as_str()), (name, text));
    }
}

#[tokio::test]
async fn a_back_end_sees_what_is_in_use() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    ada.subscribe("chat:lobby", Start::default()).await;
    ada.subscribe("typing:lobby", Start::default()).await;
    let body = json!([say(1, "one"), say(2, "two")]).to_string();
    Asking::post(server.address(), "/api/publish", body)
        .token(&key())
        .send()
        .await;
    let get = async |path: &str| {
        let asking = Asking::get(server.address(), path).header("x-api-key", key());
        asking.send().await.json().await
    };
    assert_eq!(
        get("/api/topics").await,
        json!({"count": 3, "topics": [
            {"topic": "chat:lobby", "people": 1, "head": 0},
            {"topic": "typing:lobby", "people": 1, "head": 0},
            {"topic": "chat:news", "people": 0, "head": 2},
        ]})
    );
    assert_eq!(get("/api/topics?namespace=typing").await["count"], 1);
    let history = get("/api/history?topic=chat:news&after=1").await;
    assert_eq!(history["publications"][0]["event"]["text"], "two");
    let present = get("/api/presence?topic=chat:lobby").await;
    assert_eq!(present["members"]["listed"][0]["user"]["name"], "ada");
}

#[tokio::test]
async fn a_back_end_disconnects_a_user_on_every_transport_and_nobody_else() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let frame = connect(ada.token(), "chat:lobby", Start::default());
    let stream = Asking::frame(server.address(), "/http/stream", Codec::Bincode, &frame);
    let mut stream = stream.send().await;
    while !matches!(
        stream.frame(Codec::Bincode).await,
        Some(ServerFrame::Subscribed { .. })
    ) {}
    let body = json!({"user": ada.user().id.to_string()}).to_string();
    let asking = Asking::post(server.address(), "/api/disconnect", body);
    assert_eq!(asking.token(&key()).send().await.status(), 204);
    assert_eq!(ada.closed().await.0, DisconnectReason::Kicked);
    let told = stream.news(Codec::Bincode).await;
    assert!(
        matches!(told, Some(ServerFrame::Disconnect { code: 4301, .. })),
        "{told:?}"
    );
    let answer = bob.subscribe("chat:lobby", Start::default()).await;
    assert!(
        matches!(answer, ServerFrame::Subscribed { .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn without_the_key_nothing_is_open() {
    let server = start().await;
    let guest = server.token("ada").await;
    let off = TestServer::start().await;
    for path in [
        "/api/history?topic=chat:news",
        "/api/presence?topic=chat:news",
        "/api/topics",
    ] {
        let get = |server: &TestServer| Asking::get(server.address(), path);
        let key = key();
        for (asking, status, code) in [
            (get(&server), 401, "api_key_invalid"),
            (get(&server).token(&guest), 401, "api_key_invalid"),
            (
                get(&server).header("x-api-key", &key[1..]),
                401,
                "api_key_invalid",
            ),
            (get(&off).token(&key), 404, "api_off"),
        ] {
            let answer = asking.send().await;
            assert_eq!(answer.status(), status, "{path}");
            assert_eq!(answer.json().await["code"], code, "{path}");
        }
    }
    for (path, body) in [
        ("/api/publish", say(1, "no")),
        ("/api/disconnect", json!({})),
    ] {
        let asking = || Asking::post(server.address(), path, body.to_string());
        assert_eq!(asking().token(&guest).send().await.status(), 401, "{path}");
        // With the key it is only the body that is wrong, or nothing.
        let status = asking().token(&key()).send().await.status();
        assert_eq!(status, if path == "/api/publish" { 200 } else { 400 });
    }
    // Nobody reads a name that cannot be seen.
    let asking = Asking::post(
        server.address(),
        "/api/publish?name=%E2%80%8B",
        say(2, "no").to_string(),
    );
    let answer = asking.token(&key()).send().await;
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json().await["code"], "malformed_query");
    // The key is no token: it opens no conversation.
    let history = Asking::get(server.address(), "/http/history?topic=chat:news");
    assert_eq!(history.token(&key()).send().await.status(), 401);
}
