//! Clients that close their sending half after a request, as RFC 9112 allows: they are answered.

use std::time::{Duration, Instant};

use serde_json::json;
use trunkline_tests::{RawSocket, TestServer};

/// Sends a request, closes the sending half, and reads all that comes.
async fn ask(server: &TestServer, head: &str, token: &str, body: &str) -> String {
    let mut socket = RawSocket::connect(server.address()).await;
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        server.address(),
        body.len()
    );
    socket.send(request.as_bytes()).await;
    socket.finish().await;
    String::from_utf8_lossy(&socket.read_to_end().await).into_owned()
}

#[tokio::test]
async fn a_client_that_closes_its_sending_half_is_answered_on_every_route() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let say = json!({
        "message_id": {"sender": 5, "counter": 1},
        "topic": "chat:lobby",
        "command": {"type": "say", "text": "hello"},
    });
    let start = json!({"type": "newest", "count": 5});
    let connect = json!({
        "type": "connect", "version": 1, "token": token, "agent": "test",
        "subscriptions": [{"id": 1, "topic": "chat:lobby", "start": start}],
    });
    for (head, body, expected) in [
        ("GET /healthz", String::new(), ""),
        (
            "POST /http/publish",
            say.to_string(),
            r#""type":"published""#,
        ),
        (
            "POST /http/call",
            json!({"method": "chat.rooms"}).to_string(),
            "lobby",
        ),
        ("GET /http/history?topic=chat:lobby", String::new(), "hello"),
        ("POST /http/poll?wait=50", connect.to_string(), "hello"),
        (
            "POST /auth/guest",
            json!({"name": "bob"}).to_string(),
            "bob",
        ),
    ] {
        let answer = ask(&server, head, &token, &body).await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{head}: {answer}");
        assert!(answer.contains(expected), "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_poll_whose_client_may_be_gone_ends_soon() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let connect = json!({
        "type": "connect", "version": 1, "token": token, "agent": "test",
        "subscriptions": [{"id": 1, "topic": "chat:quiet", "start": {"type": "newest", "count": 0}}],
    });
    let start = Instant::now();
    let answer = ask(
        &server,
        "POST /http/poll?wait=50",
        &token,
        &connect.to_string(),
    )
    .await;
    assert!(answer.contains(r#""type":"subscribed""#), "{answer}");
    let took = start.elapsed();
    let expected = Duration::from_millis(900)..Duration::from_secs(9);
    assert!(expected.contains(&took), "{took:?}");
}
