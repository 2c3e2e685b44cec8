//! A guest's life, request by request.

use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

struct Browser {
    router: Router,
    guests: Arc<Guests>,
    cookie: String,
    _data: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    json: Value,
}

impl Browser {
    fn new() -> Self {
        let data = tempfile::tempdir().expect("a folder for the test");
        let guests = Guests::open(data.path(), Duration::from_secs(900)).expect("a new key");
        let guests = Arc::new(guests);
        let router = router(Arc::clone(&guests), false, Duration::from_millis(300));
        Self {
            router,
            guests,
            cookie: String::new(),
            _data: data,
        }
    }

    async fn post(&mut self, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let mut request =
            axum::http::Request::post(path).header(header::CONTENT_TYPE, content_type);
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        let request = request.body(body.into()).expect("a valid request");
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("a router answers");
        let (parts, body) = response.into_parts();
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("visible ASCII");
            self.cookie = cookie.split(';').next().expect("a pair").to_owned();
        }
        assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store", "{path}");
        let body = body.collect().await.expect("a body from memory").to_bytes();
        let json = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            json,
        }
    }

    async fn sign_in(&mut self, name: &str) -> Answer {
        let body = json!({ "name": name }).to_string();
        self.post("/auth/guest", "application/json", body).await
    }
}

#[tokio::test]
async fn a_guest_keeps_the_id_when_the_name_changes() {
    let mut browser = Browser::new();
    let first = browser.sign_in("  ada ").await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json["user"]["name"], "ada");
    let id = first.json["user"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(id.len(), 16);
    let cookie = first.headers[header::SET_COOKIE]
        .to_str()
        .expect("visible ASCII");
    assert!(
        cookie.ends_with("; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict"),
        "{cookie}"
    );

    let second = browser.sign_in("민지").await;
    assert_eq!(second.json, json!({ "user": { "id": id, "name": "민지" } }));

    let stranger = Browser::new().sign_in("ada").await;
    assert_ne!(stranger.json["user"]["id"], id.as_str());
}

#[tokio::test]
async fn a_cookie_buys_a_token_that_names_the_guest() {
    let mut browser = Browser::new();
    let signed_in = browser.sign_in("ada").await;
    let answer = browser.post("/auth/token", "text/plain", "").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json["expires_in"], 900);
    assert_eq!(answer.json["user"], signed_in.json["user"]);

    let token = answer.json["token"].as_str().expect("a token");
    let user = browser
        .guests
        .verify_token(token, now_unix())
        .expect("a good token");
    assert_eq!(user.name, "ada");
    assert_eq!(
        format!("{:016x}", user.id),
        signed_in.json["user"]["id"].as_str().expect("an id")
    );
    let late = browser.guests.verify_token(token, now_unix() + 901);
    assert_eq!(late, Err(crate::TokenError::Expired));
}

#[tokio::test]
async fn a_cookie_is_no_token_and_a_token_is_no_cookie() {
    let mut browser = Browser::new();
    browser.sign_in("ada").await;
    let answer = browser.post("/auth/token", "text/plain", "").await;
    let token = answer.json["token"].as_str().expect("a token");
    let (name, cookie) = browser.cookie.split_once('=').expect("a pair");
    assert!(browser.guests.verify_token(cookie, now_unix()).is_err());
    browser.cookie = format!("{name}={token}");
    let answer = browser.post("/auth/token", "text/plain", "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_valid_cookie_there_is_no_token() {
    let mut browser = Browser::new();
    let check = async |browser: &mut Browser| {
        let answer = browser.post("/auth/token", "text/plain", "").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert_eq!(answer.json["code"], "not_signed_in");
        assert_eq!(
            answer.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
    };
    check(&mut browser).await;
    browser.sign_in("ada").await;
    let (name, _) = browser.cookie.split_once('=').expect("a pair");
    let name = name.to_owned();
    browser.cookie = format!("{name}=forged.forged");
    check(&mut browser).await;

    browser.cookie.clear();
    browser.sign_in("ada").await;
    let answer = browser.post("/auth/logout", "text/plain", "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.cookie, format!("{name}="));
    check(&mut browser).await;
}

#[tokio::test]
async fn a_bad_request_is_answered_with_its_code() {
    let mut browser = Browser::new();
    let mut check =
        async |content_type: &str, body: &str, status: u16, code: &str, field: Value| {
            let answer = browser
                .post("/auth/guest", content_type, body.to_owned())
                .await;
            let start: String = body.chars().take(40).collect();
            assert_eq!(answer.status, status, "{start}");
            assert_eq!(answer.json["code"], code, "{start}");
            assert_eq!(answer.json["field"], field, "{start}");
            assert!(!answer.headers.contains_key(header::SET_COOKIE), "{start}");
        };
    let json = "application/json";
    check(json, r#"{"name":" "}"#, 400, "name_empty", json!("name")).await;
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(33));
    check(json, &long, 400, "name_too_long", json!("name")).await;
    check(
        json,
        r#"{"name":"a\nb"}"#,
        400,
        "name_control_character",
        json!("name"),
    )
    .await;
    check(json, r#"{"name":5}"#, 400, "malformed_body", Value::Null).await;
    check(json, "{}", 400, "malformed_body", Value::Null).await;
    check(json, "", 400, "malformed_body", Value::Null).await;
    check(
        "text/plain",
        r#"{"name":"a"}"#,
        415,
        "unsupported_media_type",
        Value::Null,
    )
    .await;
    let huge = format!(r#"{{"name":"a","x":"{}"}}"#, "x".repeat(4096));
    check(json, &huge, 413, "body_too_large", Value::Null).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let mut browser = Browser::new();
    let never = futures_util::stream::pending::<Result<axum::body::Bytes, std::io::Error>>();
    let body = Body::from_stream(never);
    let answer = browser.post("/auth/guest", "application/json", body).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answer.json["code"], "request_timeout");
}
