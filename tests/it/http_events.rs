//! Server-sent events: what a browser's `EventSource` and `curl` read.

use serde_json::Value;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::{ErrorCode, ServerFrame, Text};
use trunkline_tests::{Asking, Heard, Peer, TestServer};

async fn say(peer: &mut Peer, room: &str, text: &str) {
    let text = Text::cut(text);
    let room = room.parse().expect("a room");
    peer.publish::<Chat>(&room, &ChatCommand::Say { text })
        .await;
}

/// One event, as a browser takes it apart.
#[derive(Debug, Default)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

/// The next event that is no comment and no mere setting.
async fn next(heard: &mut Heard) -> Option<Event> {
    loop {
        let block = heard.until("\n\n").await?;
        let mut event = Event::default();
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("event", name)) => event.name = name.to_owned(),
                Some(("id", id)) => event.id = Some(id.to_owned()),
                Some(("data", data)) => event.data = serde_json::from_str(data).expect("JSON"),
                _ => {}
            }
        }
        if !event.name.is_empty() {
            return Some(event);
        }
    }
}

/// Reads until so many things were said, and returns them with the last id.
async fn said(heard: &mut Heard, count: usize) -> (Vec<String>, String) {
    let (mut texts, mut last) = (Vec::new(), String::new());
    let text = |event: &Value| event["text"].as_str().expect("a text").to_owned();
    while texts.len() < count {
        let event = next(heard).await.expect("a stream that goes on");
        if let Some(id) = event.id {
            last = id;
        }
        match event.name.as_str() {
            "subscribed" => {
                let publications = event.data["publications"].as_array().expect("a list");
                texts.extend(publications.iter().map(|it| text(&it["event"])));
            }
            "publication" => texts.push(text(&event.data["event"])),
            _ => {}
        }
    }
    (texts, last)
}

#[tokio::test]
async fn a_reader_goes_on_after_its_last_event() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let token = server.token("bob").await;
    say(&mut ada, "a", "one").await;
    let path = "/http/events?topic=chat:a&topic=chat:b&newest=10";
    let mut first = Asking::get(server.address(), path)
        .token(&token)
        .send()
        .await;
    assert_eq!(first.status(), 200);
    assert_eq!(first.header("content-type"), Some("text/event-stream"));
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(first.header("x-accel-buffering"), Some("no"));
    assert_eq!(
        first.until("\n\n").await.as_deref(),
        Some("retry: 1000\n\n")
    );
    let (texts, _) = said(&mut first, 1).await;
    assert_eq!(texts, ["one"]);
    say(&mut ada, "b", "two").await;
    let (texts, last) = said(&mut first, 1).await;
    assert_eq!(texts, ["two"]);
    assert!(
        last.contains("chat:a@") && last.contains(",chat:b@"),
        "{last}"
    );
    drop(first);
    say(&mut ada, "b", "three").await;
    say(&mut ada, "a", "four").await;

    // By the header that a browser sends, and by the query that a person types.
    let by_header = Asking::get(server.address(), path).header("last-event-id", &last);
    let by_query = Asking::get(server.address(), &format!("{path}&last-event-id={last}"));
    for asking in [by_header, by_query] {
        let mut second = asking.token(&token).send().await;
        assert_eq!(second.status(), 200);
        let (mut texts, newer) = said(&mut second, 2).await;
        texts.sort_unstable();
        assert_eq!(texts, ["four", "three"]);
        assert_ne!(last, newer);
    }
}

#[tokio::test]
async fn what_is_no_place_or_no_topic_has_a_status() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    for (query, status, code) in [
        ("topic=chat:a&last-event-id=7", 400, "malformed_event_id"),
        (
            "topic=chat:a&last-event-id=chat:a@x-1",
            400,
            "malformed_event_id",
        ),
        ("newest=1", 400, "malformed_query"),
        ("topic=ticker:a&max_hz=fast", 400, "malformed_query"),
        ("topic=nothing", 400, "invalid_topic"),
        ("topic=nobody:knows", 404, "unknown_namespace"),
        ("topic=chat:-", 404, "invalid_key"),
    ] {
        let path = format!("/http/events?{query}");
        let answer = Asking::get(server.address(), &path)
            .token(&token)
            .send()
            .await;
        assert_eq!(answer.status(), status, "{query}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json().await["code"], code, "{query}");
    }
    let path = "/http/events?topic=chat:a";
    let header = Asking::get(server.address(), path).header("last-event-id", "12");
    assert_eq!(header.token(&token).send().await.status(), 400);
}

#[tokio::test]
async fn a_page_of_ours_reads_with_its_cookie_and_others_do_not() {
    let server = TestServer::start().await;
    let guest = Asking::post(server.address(), "/auth/guest", r#"{"name":"Mina"}"#);
    let guest = guest.send().await;
    let cookie = guest.header("set-cookie").expect("a cookie");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let own = format!("http://{}", server.address());
    for (site, origin, status) in [
        (None, None, 200),
        (Some("same-origin"), None, 200),
        (Some("same-origin"), Some(own.as_str()), 200),
        (Some("same-site"), None, 401),
        (Some("cross-site"), None, 401),
        (None, Some("http://elsewhere.example"), 403),
        (None, Some("null"), 403),
    ] {
        let mut asking = Asking::get(server.address(), "/http/events?topic=chat:a");
        asking = asking.header("cookie", &cookie);
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            if let Some(value) = value {
                asking = asking.header(name, value);
            }
        }
        let mut answer = asking.send().await;
        assert_eq!(answer.status(), status, "{site:?} {origin:?}");
        if status == 200 {
            let event = next(&mut answer).await.expect("an event");
            assert_eq!(event.data["user"]["name"], "Mina");
        }
    }
    // What changes something needs a token: no page can make a browser send one.
    let body = r#"{"message_id":{"sender":1,"counter":1},"topic":"chat:a","command":{}}"#;
    let publish = Asking::post(server.address(), "/http/publish", body).header("cookie", &cookie);
    assert_eq!(publish.send().await.status(), 401);
}

#[tokio::test]
async fn an_update_rate_is_for_the_topics_that_have_one() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let path = "/http/events?topic=chat:lobby&topic=ticker:market&max_hz=5";
    let asking = Asking::get(server.address(), path).token(&token);
    let mut heard = asking.send().await;
    assert_eq!(heard.status(), 200);
    let mut subscribed = 0;
    while subscribed < 2 {
        let event = next(&mut heard).await.expect("a stream that goes on");
        assert_ne!(event.name, "refused", "{:?}", event.data);
        subscribed += usize::from(event.name == "subscribed");
    }
    // A subscription of its own says what it means.
    let mut bob = server.peer("bob").await;
    let answer = bob
        .subscribe_at("chat:lobby", Start::default(), Some(5))
        .await;
    let ServerFrame::Refused { error, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(error.code, ErrorCode::Invalid);
}
