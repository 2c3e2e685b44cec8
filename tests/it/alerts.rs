//! Alerts: only their user reads them, and back ends tell one, several or all, each once.

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::alerts::{AlertCommand, AlertEvent, Alerts, Notification};
use trunkline_protocol::{
    Codec, ErrorCode, List, Offset, Position, ServerFrame, Text, Topic, UserId,
};
use trunkline_tests::{Asking, Peer, TestServer, until};

pub(super) const KEY: &str = "a-key-of-back-ends-0123456789";

pub(super) async fn start() -> TestServer {
    TestServer::start_with(with_key).await
}

pub(super) fn with_key(config: &mut trunkline_server::Config) {
    config.api_key = Some(KEY.parse().expect("a key"));
}

fn own(peer: &Peer) -> String {
    Alerts::name(&peer.user().id).as_str().to_owned()
}

/// Posts a notice, and answers with the status and what was said.
pub(super) async fn notify(server: &TestServer, body: &Value) -> (u16, Value) {
    let asking = Asking::post(server.address(), "/api/notify", body.to_string());
    let answer = asking.token(KEY).send().await;
    (answer.status(), answer.json().await)
}

pub(super) fn notice(id: &str, to: &Value, title: &str) -> Value {
    json!({"id": id, "to": to, "notification": {"title": title}})
}

pub(super) fn to(peer: &Peer) -> Value {
    json!({"user": peer.user().id.to_string()})
}

/// The title of the next notification.
async fn title(peer: &mut Peer) -> String {
    match peer.event::<Alerts>().await {
        AlertEvent::Notified { notification, .. } => notification.title.to_string(),
        other => panic!("{other:?}"),
    }
}

/// The titles of what a subscription begins with.
fn titles(answer: &ServerFrame) -> Vec<String> {
    let ServerFrame::Subscribed { publications, .. } = answer else {
        panic!("{answer:?}");
    };
    let events = publications.iter().map(|it| {
        let event = Codec::Bincode.decode(it.event.as_bytes());
        event.expect("an event of this topic")
    });
    let titles = events.map(|event| match event {
        AlertEvent::Notified { notification, .. } => notification.title.to_string(),
        other => panic!("{other:?}"),
    });
    titles.collect()
}

/// Why a request was refused, if it was.
fn refusal(answer: &ServerFrame) -> Option<ErrorCode> {
    match answer {
        ServerFrame::Refused { error, .. } => Some(error.code),
        _ => None,
    }
}

/// The titles that are kept for a user.
pub(super) async fn kept(server: &TestServer, user: UserId) -> Vec<String> {
    let path = format!("/api/history?topic=alerts:{user}&after=0&limit=256");
    let answer = Asking::get(server.address(), &path).token(KEY).send().await;
    let answer = answer.json().await;
    let publications = answer["publications"].as_array().expect("publications");
    let titles = publications.iter().filter_map(|it| {
        let title = it["event"]["notification"]["title"].as_str();
        title.map(str::to_owned)
    });
    titles.collect()
}

pub(super) async fn waiting(server: &TestServer) -> Vec<String> {
    let answer = Asking::get(server.address(), "/api/notices");
    let answer = answer.token(KEY).send().await.json().await;
    let notices = answer["notices"].as_array().expect("notices").clone();
    let ids = notices
        .iter()
        .map(|it| it["id"].as_str().map(str::to_owned));
    ids.map(|id| id.expect("an id")).collect()
}

pub(super) fn now() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    u32::try_from(since.expect("after 1970").as_secs()).expect("before 2106")
}

fn say(title: &str) -> AlertCommand {
    AlertCommand::Notify {
        notification: Notification {
            title: Text::cut(title),
            ..Notification::default()
        },
    }
}

#[tokio::test]
async fn only_their_user_reads_and_writes_them() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let topic = own(&ada);
    let answer = bob.subscribe(&topic, Start::default()).await;
    assert_eq!(refusal(&answer), Some(ErrorCode::Forbidden));
    let key = ada.user().id;
    let answer = bob.publish::<Alerts>(&key, &say("no")).await;
    assert_eq!(refusal(&answer), Some(ErrorCode::Forbidden));
    let path = format!("/http/history?topic={topic}&after=0");
    let reading = |token: &str| Asking::get(server.address(), &path).token(token);
    assert_eq!(reading(bob.token()).send().await.status(), 403);
    assert_eq!(reading(ada.token()).send().await.status(), 200);
    let events = format!("/http/events?topic={topic}");
    let events = Asking::get(server.address(), &events).token(bob.token());
    assert_eq!(events.send().await.status(), 403);
    ada.subscribe(&topic, Start::default()).await;
    let answer = ada.publish::<Alerts>(&key, &say("mine")).await;
    assert_eq!(refusal(&answer), None);
    assert_eq!(title(&mut ada).await, "mine");
}

#[tokio::test]
async fn a_back_end_tells_one_several_and_all_each_once() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let away = UserId(0xfeed);
    for peer in [&mut ada, &mut bob] {
        let topic = own(peer);
        peer.subscribe(&topic, Start::default()).await;
    }
    let told = |users: u32, before: u32, id: &str| {
        (200, json!({"id": id, "users": users, "before": before}))
    };
    let one = notice("one", &to(&ada), "for ada");
    assert_eq!(notify(&server, &one).await, told(1, 0, "one"));
    assert_eq!(notify(&server, &one).await, told(1, 1, "one"));
    let users = [
        ada.user().id.to_string(),
        away.to_string(),
        away.to_string(),
    ];
    let several = notice("several", &json!({"users": users}), "for two");
    assert_eq!(notify(&server, &several).await, told(2, 0, "several"));
    // Whoever was told something is known, present or not.
    let all = notice("all", &json!("all"), "for all");
    assert_eq!(notify(&server, &all).await, told(3, 0, "all"));
    assert_eq!(notify(&server, &all).await, told(3, 3, "all"));
    for expected in ["for ada", "for two", "for all"] {
        assert_eq!(title(&mut ada).await, expected);
    }
    assert_eq!(title(&mut bob).await, "for all");
    assert_eq!(kept(&server, away).await, ["for two", "for all"]);
    assert_eq!(kept(&server, ada.user().id).await.len(), 3);
}

#[tokio::test]
async fn what_is_read_in_one_place_is_read_in_all() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let mut phone = Peer::connect_with(server.address(), Codec::Json, ada.token()).await;
    let topic = own(&ada);
    for peer in [&mut ada, &mut phone] {
        peer.subscribe(&topic, Start::default()).await;
    }
    notify(&server, &notice("a", &to(&ada), "a")).await;
    let key = ada.user().id;
    let offsets: List<Offset, 100> = List::cut([1]);
    let marks = [
        AlertCommand::Read {
            offsets: offsets.clone(),
        },
        AlertCommand::ReadUpTo { offset: 1 },
        AlertCommand::Dismiss {
            offsets: offsets.clone(),
        },
    ];
    for mark in &marks {
        let answer = phone.publish::<Alerts>(&key, mark).await;
        assert_eq!(refusal(&answer), None);
    }
    assert_eq!(title(&mut ada).await, "a");
    for expected in [
        AlertEvent::Read {
            offsets: offsets.clone(),
        },
        AlertEvent::ReadUpTo { offset: 1 },
        AlertEvent::Dismissed { offsets },
    ] {
        assert_eq!(ada.event::<Alerts>().await, expected);
    }
    let none = AlertCommand::Read {
        offsets: List::default(),
    };
    let answer = phone.publish::<Alerts>(&key, &none).await;
    assert_eq!(refusal(&answer), Some(ErrorCode::Invalid));
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_reaches_nobody() {
    let server = start().await;
    let ada = server.peer("ada").await;
    let check = async |change: &dyn Fn(&mut Value), status: u16, code: &str| {
        let mut body = notice("wrong", &to(&ada), "title");
        change(&mut body);
        let (got, problem) = notify(&server, &body).await;
        assert_eq!(
            (got, problem["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
    };
    let past = json!(now() - 10);
    let set = |path: &'static str, value: Value| {
        move |body: &mut Value| {
            *body.pointer_mut(path).expect("a field") = value.clone();
        }
    };
    let with = |name: &'static str, value: Value| {
        move |body: &mut Value| body["notification"][name] = value.clone()
    };
    check(&set("/id", json!("a b")), 400, "malformed_body").await;
    check(&set("/to", json!("everybody")), 400, "malformed_body").await;
    check(&set("/to", json!({"user": "42"})), 400, "malformed_body").await;
    let many = vec!["0000000000000001"; 1001];
    check(&set("/to", json!({"users": many})), 400, "malformed_body").await;
    check(&with("title", json!(" ")), 422, "invalid").await;
    check(&with("title", json!("a\u{0}b")), 422, "invalid").await;
    check(&with("title", json!("a".repeat(121))), 413, "too_long").await;
    check(
        &with("title", json!("a".repeat(481))),
        400,
        "malformed_body",
    )
    .await;
    check(&with("level", json!("loud")), 400, "malformed_body").await;
    check(&with("link", json!("javascript:alert(1)")), 422, "invalid").await;
    check(&with("action", json!("Look")), 422, "invalid").await;
    check(&with("expires", past), 422, "invalid").await;
    let years = now() + 400 * 24 * 3600;
    check(&|body| body["at"] = json!(years), 422, "invalid").await;
    // Expires before it would be told.
    let expires_early = |body: &mut Value| {
        body["at"] = json!(now() + 1000);
        body["notification"]["expires"] = json!(now() + 500);
    };
    check(&expires_early, 422, "invalid").await;
    assert_eq!(kept(&server, ada.user().id).await, [""; 0]);
    assert_eq!(waiting(&server).await, [""; 0]);
}

#[tokio::test]
async fn markup_is_a_text_like_any_other() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let topic = own(&ada);
    ada.subscribe(&topic, Start::default()).await;
    let markup = "<img src=x onerror=alert(1)>";
    notify(&server, &notice("html", &to(&ada), markup)).await;
    assert_eq!(title(&mut ada).await, markup);
}

#[tokio::test]
async fn what_comes_while_away_is_there_in_order_and_once() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let topic = own(&ada);
    let answer = ada.subscribe(&topic, Start::default()).await;
    let ServerFrame::Subscribed { position, .. } = answer else {
        panic!("{answer:?}");
    };
    notify(&server, &notice("1", &to(&ada), "1")).await;
    assert_eq!(title(&mut ada).await, "1");
    let place = Position {
        offset: 1,
        ..position
    };
    let token = ada.token().to_owned();
    let known = to(&ada);
    drop(ada);
    for id in ["2", "3", "3", "2", "4"] {
        notify(&server, &notice(id, &known, id)).await;
    }
    let server = server.restart_with(with_key).await;
    let mut back = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    let answer = back.subscribe(&topic, Start::After(place)).await;
    assert!(matches!(
        answer,
        ServerFrame::Subscribed {
            recovered: true,
            ..
        }
    ));
    assert_eq!(titles(&answer), ["2", "3", "4"]);
}

#[tokio::test]
async fn what_is_kept_for_one_user_is_bounded() {
    let server = start().await;
    let mut ada = server.peer("ada").await;
    let topic = own(&ada);
    let body = "x".repeat(200);
    for round in 0..15 {
        let commands: Vec<Value> = (0..100)
            .map(|number| {
                json!({
                    "message_id": {"sender": 7, "counter": round * 100 + number},
                    "topic": topic,
                    "command": {"type": "notify", "notification": {"title": "t", "body": body}},
                })
            })
            .collect();
        let commands = json!(commands).to_string();
        let asking = Asking::post(server.address(), "/api/publish", commands);
        assert_eq!(asking.token(KEY).send().await.status(), 200);
    }
    let path = format!("/api/history?topic={topic}&after=0");
    let answer = Asking::get(server.address(), &path).token(KEY).send().await;
    let answer = answer.json().await;
    assert_eq!(
        (&answer["first"], &answer["head"]),
        (&json!(501), &json!(1500))
    );
    // A page of the newest is there at once, older ones follow page by page.
    let newest = ada.subscribe(&topic, Start::Newest { count: 50 }).await;
    assert_eq!(titles(&newest), ["t"; 50]);
    let path = format!("/api/history?topic={topic}&before=1451&limit=100");
    let older = Asking::get(server.address(), &path).token(KEY).send().await;
    let older = older.json().await["publications"].clone();
    assert_eq!(older.as_array().map(Vec::len), Some(100));
    assert_eq!(older[0]["offset"], 1351);
}

#[tokio::test]
async fn it_is_read_over_every_transport() {
    let server = start().await;
    let ada = server.peer("ada").await;
    let topic = own(&ada);
    notify(&server, &notice("a", &to(&ada), "over http")).await;
    let frame = trunkline_tests::connect(ada.token(), &topic, Start::Newest { count: 5 });
    for path in ["/http/stream", "/http/poll?wait=5"] {
        let asking = Asking::frame(server.address(), path, Codec::Json, &frame);
        let mut heard = asking.send().await;
        let told = until("the subscription", async || {
            match heard.news(Codec::Json).await {
                Some(ServerFrame::Subscribed { publications, .. }) => Some(publications),
                Some(_) => None,
                None => panic!("the end of {path}"),
            }
        })
        .await;
        let event = told.first().expect("one").event.as_bytes().to_vec();
        let event = String::from_utf8(event).expect("JSON");
        assert!(event.contains("over http"), "{path}: {event}");
    }
    let events = format!("/http/events?topic={topic}&newest=5");
    let mut events = Asking::get(server.address(), &events)
        .token(ada.token())
        .send()
        .await;
    let _ = tokio::time::timeout(Duration::from_secs(10), events.until("over http"))
        .await
        .expect("in time")
        .expect("the event");
}
