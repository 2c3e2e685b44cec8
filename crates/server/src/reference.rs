//! Serves the reference: the descriptions in `schema/`, a page to read, and the JavaScript example.
//!
//! The files are written by `cargo xtask schema` and are inside the binary. All of them may be
//! kept by a browser that asks whether they are still the same.

use std::future::ready;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};

use crate::assets::{is_known, shortened};

/// A file of the reference: where it is, what it is, and what it holds.
#[derive(Clone, Copy)]
struct File(&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const FILES: [File; 11] = [
    File("/api", HTML, PAGE),
    File("/api/", HTML, PAGE),
    File(
        "/api/style.css",
        CSS,
        include_str!("../../../schema/style.css"),
    ),
    File(
        "/api/schema.json",
        "application/schema+json",
        include_str!("../../../schema/schema.json"),
    ),
    File(
        "/api/asyncapi.json",
        "application/vnd.aai.asyncapi+json;version=3.0.0",
        include_str!("../../../schema/asyncapi.json"),
    ),
    File(
        "/api/openapi.json",
        "application/vnd.oai.openapi+json;version=3.1",
        include_str!("../../../schema/openapi.json"),
    ),
    File(
        "/api/trunkline.d.ts",
        "text/typescript; charset=utf-8",
        include_str!("../../../schema/trunkline.d.ts"),
    ),
    File(
        "/api/examples/javascript/",
        HTML,
        include_str!("../../../examples/javascript/index.html"),
    ),
    File(
        "/api/examples/javascript/style.css",
        CSS,
        include_str!("../../../examples/javascript/style.css"),
    ),
    File(
        "/api/examples/javascript/page.mjs",
        SCRIPT,
        include_str!("../../../examples/javascript/page.mjs"),
    ),
    File(
        "/api/examples/javascript/trunkline.mjs",
        SCRIPT,
        include_str!("../../../examples/javascript/trunkline.mjs"),
    ),
];

const PAGE: &str = include_str!("../../../schema/index.html");

/// The name in the descriptions for the guests' cookie, which differs from server to server.
const ANY_COOKIE: &str = "trunkline_guest_INSTANCE";

/// Routes `/api` and what is below it. The descriptions name the guests' cookie as this server does.
pub(crate) fn router(cookie: &str) -> Router {
    let example = get(|| async { Redirect::permanent("/api/examples/javascript/") });
    let router = Router::new().route("/api/examples/javascript", example);
    FILES.into_iter().fold(router, |router, file| {
        let File(path, kind, text) = file;
        let text = match text.contains(ANY_COOKIE) {
            true => Bytes::from(text.replace(ANY_COOKIE, cookie)),
            false => Bytes::from_static(text.as_bytes()),
        };
        let etag = etag(&text);
        let answer = move |headers: HeaderMap| ready(answer(kind, &text, &etag, &headers));
        router.route(path, get(answer))
    })
}

fn answer(kind: &'static str, text: &Bytes, etag: &HeaderValue, headers: &HeaderMap) -> Response {
    let caching = [
        (header::ETAG, etag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if is_known(headers, etag.to_str().unwrap_or_default()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    (caching, kind, text.clone()).into_response()
}

fn etag(text: &[u8]) -> HeaderValue {
    let tag = shortened(&Sha256::digest(text));
    HeaderValue::from_str(&tag).expect("hexadecimal digits are visible ASCII")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::arena::Arena;
    use crate::auth::Guests;
    use crate::config::{Config, LabPorts};
    use crate::lab::Lab;
    use crate::market::Exchange;

    async fn ask(method: &str, path: &str, known: Option<&HeaderValue>) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(etag) = known {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request.body(Body::empty()).expect("a valid request");
        router(ANY_COOKIE)
            .oneshot(request)
            .await
            .expect("a router always answers")
    }

    async fn text(response: Response) -> String {
        let body = response.into_body().collect().await;
        let bytes = body.expect("a body from memory").to_bytes();
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn every_file_is_served_with_its_type_and_once_to_who_has_it() {
        for File(path, kind, content) in FILES {
            let response = ask("GET", path, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], kind, "{path}");
            let etag = response.headers()[header::ETAG].clone();
            assert_eq!(text(response).await, content, "{path}");
            let again = ask("GET", path, Some(&etag)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path}");
            let head = ask("HEAD", path, None).await;
            assert_eq!(head.status(), StatusCode::OK, "{path}");
            assert_eq!(text(head).await, "", "{path}");
        }
    }

    /// Another origin's script, an inline one and an inline style are what the policy refuses.
    #[test]
    fn the_pages_need_nothing_that_the_policy_refuses() {
        for File(path, kind, text) in FILES {
            if kind != HTML {
                continue;
            }
            for refused in [
                "<style",
                " style=",
                " onclick=",
                "src=\"http",
                "href=\"http",
            ] {
                assert!(!text.contains(refused), "{path} has {refused}");
            }
            for script in text.split("<script").skip(1) {
                assert!(script.contains(" src=\"") && script.contains("></script>"));
            }
        }
    }

    #[test]
    fn what_a_page_refers_to_is_there() {
        let served: BTreeSet<&str> = FILES.iter().map(|file| file.0).collect();
        let ids = |text: &'static str| text.split(" id=\"").skip(1).filter_map(first);
        let ids: BTreeSet<&str> = ids(PAGE).collect();
        for link in PAGE.split("href=\"").skip(1).filter_map(first) {
            match link.strip_prefix('#') {
                Some(id) => assert!(ids.contains(id), "no element {link}"),
                None => assert!(
                    served.contains(link) || ["/", "/favicon.svg"].contains(&link),
                    "no file {link}"
                ),
            }
        }
    }

    fn first(rest: &'static str) -> Option<&'static str> {
        rest.split('"').next()
    }

    #[test]
    fn every_route_is_described_and_no_other() {
        let api: serde_json::Value =
            serde_json::from_str(include_str!("../../../schema/openapi.json")).expect("JSON");
        let described = api["paths"].as_object().expect("paths").keys();
        let described: BTreeSet<&str> = described.map(String::as_str).collect();
        let routed = [
            crate::transport::http::paths(),
            crate::api::paths(),
            crate::auth::paths(),
            crate::health::PATHS.to_vec(),
        ];
        assert_eq!(described, routed.into_iter().flatten().collect());
    }

    #[tokio::test]
    async fn the_cookie_is_described_by_its_name_on_this_server() {
        let request = Request::get("/api/openapi.json").body(Body::empty());
        let router = router("__Host-trunkline_guest_1f2e3d4c");
        let response = router.oneshot(request.expect("a valid request")).await;
        let description = text(response.expect("a router always answers")).await;
        assert!(description.contains(r#""name": "__Host-trunkline_guest_1f2e3d4c""#));
        assert!(!description.contains(ANY_COOKIE));
    }

    #[test]
    fn every_handler_is_described() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../schema/schema.json")).expect("JSON");
        let names = |key: &str| {
            let described = schema[key].as_object().expect("a table of kinds");
            described.keys().cloned().collect::<Vec<_>>()
        };
        let folder = tempfile::tempdir().expect("a folder for the test");
        let guests = Guests::open(folder.path(), Duration::from_secs(1)).expect("a new key");
        let config = Config {
            lab: LabPorts::Off,
            ..Config::default()
        };
        let lab = Lab::bind(&config, &Arc::new(guests), &CancellationToken::new());
        let registry = lab.expect("no ports").join(crate::topics::registry());
        let registry = Exchange::new(&config).join(registry);
        let registry = Arena::open(&config).expect("no folder").join(registry);
        let registry = crate::live::Studio::new(&config).join(registry);
        assert_eq!(names("x-topics"), registry.namespaces().collect::<Vec<_>>());
        assert_eq!(names("x-calls"), registry.methods());
    }
}
