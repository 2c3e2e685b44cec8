//! What holds for every route: headers, origins, and answers where nothing lives.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use http_body_util::BodyExt;
use tower::ServiceExt;

use tokio_util::task::TaskTracker;

use super::*;
use crate::config::Broker;
use crate::notices::Desk;
use crate::realtime;

/// Sends one request with a proper `Host` to a fresh server.
async fn ask(method: Method, path: &str, origin: Option<&str>) -> Response {
    let data = tempfile::tempdir().expect("a folder for the test");
    let guests = Guests::open(data.path(), Duration::from_secs(900)).expect("a new key");
    let (guests, config) = (Arc::new(guests), Config::default());
    let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
    let config = Config {
        broker: Broker::Memory,
        ..config
    };
    let registry = crate::topics::registry();
    let ends = (shutdown.clone(), tasks);
    let open = realtime::open(registry, Arc::clone(&guests), &config, ends, "shard");
    let (node, _shards) = open.expect("a node");
    let (_desk, notices) = Desk::open(&config).expect("nothing to read");
    let services = Services {
        config: Arc::new(config),
        guests,
        assets: Assets::none(),
        node,
        open: OpenConnections::new(1),
        notices,
        lab_ports: Arc::default(),
        port: 0,
        shutdown,
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "test");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    let request = request.body(Body::empty()).expect("a valid request");
    router(&services)
        .oneshot(request)
        .await
        .expect("a router always answers")
}

async fn code(response: Response) -> String {
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body from memory")
        .to_bytes();
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    json["code"].as_str().expect("a code").to_owned()
}

#[tokio::test]
async fn every_response_carries_the_security_headers() {
    for (method, path, origin) in [
        (Method::GET, "/", None),
        (Method::GET, "/healthz", None),
        (Method::GET, "/missing.js", None),
        (Method::GET, "/api/missing", None),
        (Method::POST, "/auth/token", None),
        (Method::POST, "/auth/token", Some("http://evil.example")),
        (Method::DELETE, "/auth/token", None),
    ] {
        let response = ask(method, path, origin).await;
        let header = |name: &str| {
            let value = response.headers().get(name);
            value.map_or("", |value| value.to_str().expect("visible ASCII"))
        };
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(
            header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_unknown_address_of_the_api_is_a_problem_and_no_page() {
    for path in [
        "/api/x",
        "/auth",
        "/auth/x",
        "/auth/guest/x",
        "/http/x",
        "//api/x",
    ] {
        let response = ask(Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(code(response).await, "not_found", "{path}");
    }
    let response = ask(Method::GET, "/apiary", None).await;
    assert_ne!(
        response.status(),
        StatusCode::NOT_FOUND,
        "a page may begin like the API"
    );
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_a_problem() {
    for (method, path) in [
        (Method::GET, "/auth/guest"),
        (Method::POST, "/healthz"),
        (Method::POST, "/settings"),
        (Method::CONNECT, "/settings"),
    ] {
        let response = ask(method, path, None).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert!(response.headers().contains_key(header::ALLOW), "{path}");
        assert_eq!(code(response).await, "method_not_allowed", "{path}");
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_act_for_a_guest() {
    let refused = ask(Method::POST, "/auth/logout", Some("http://evil.example")).await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(code(refused).await, "origin_not_allowed");
    let own = ask(Method::POST, "/auth/logout", Some("http://test")).await;
    assert_eq!(own.status(), StatusCode::NO_CONTENT);
    let program = ask(Method::POST, "/auth/logout", None).await;
    assert_eq!(program.status(), StatusCode::NO_CONTENT);
}
