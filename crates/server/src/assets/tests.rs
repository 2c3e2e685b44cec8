//! What is served for which path, and how it may be cached.

use http_body_util::BodyExt;

use super::*;

const HTML: &[u8] = b"<!doctype html><script type=\"module\">alert(1)</script>";

fn fixture() -> Assets {
    Assets {
        find: |name| {
            let bytes: &[u8] = match name {
                "index.html" => HTML,
                "index.html.br" => b"page in brotli",
                "app-0123456789abcdef.js" => b"script",
                "app-0123456789abcdef.js.br" => b"script in brotli",
                "app-0123456789abcdef.js.gz" => b"script in gzip",
                "app-0123456789abcdef_bg.wasm" => b"\0asm",
                "robots.txt" => b"robots",
                _ => return None,
            };
            let mut sha256 = [0; 32];
            sha256[0] = bytes.len() as u8;
            Some(File {
                bytes: Cow::Borrowed(bytes),
                sha256,
            })
        },
    }
}

fn get(path: &str, request: &[(HeaderName, &'static str)]) -> Response {
    let headers = request
        .iter()
        .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
    fixture().respond(&Method::GET, path, &headers.collect())
}

fn value(response: &Response, name: HeaderName) -> &str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().expect("visible ASCII"))
}

async fn body(response: Response) -> Bytes {
    response
        .into_body()
        .collect()
        .await
        .expect("a body from memory")
        .to_bytes()
}

#[tokio::test]
async fn a_path_without_a_dot_is_a_place_in_the_app() {
    for path in ["/", "/chat", "/chat/lobby", "/index.html", "//", "/a%2eb"] {
        let response = get(path, &[]);
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(
            value(&response, header::CONTENT_TYPE),
            "text/html; charset=utf-8"
        );
        assert_eq!(value(&response, header::CACHE_CONTROL), "no-cache");
        assert!(value(&response, header::CONTENT_SECURITY_POLICY).contains("'sha256-bhHHL3z2"));
        assert_eq!(body(response).await, HTML);
    }
}

#[tokio::test]
async fn a_place_below_a_page_may_have_a_dot() {
    for path in [
        "/ticker/user-0123456789abcdef/BRK.B",
        "/ticker/market/BRK.B",
        "/ticker/market/BRK.B/",
        "/ticker/market/X.BR",
        "/ticker/market/a.br",
        "/ticker/market/.A",
        "/chat/v1.2",
        "/ticker/market/%237.5",
    ] {
        let response = get(path, &[]);
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(value(&response, header::CACHE_CONTROL), "no-cache");
        assert_eq!(body(response).await, HTML, "{path}");
    }
}

#[test]
fn a_file_that_is_not_there_is_missing() {
    for path in [
        "/app-0000000000000000.js",
        "/favicon.ico",
        "/.git/config",
        "/../Cargo.toml",
        "/a/../robots.txt",
        "/./robots.txt",
        "/..%2fCargo.toml",
        "/robots.txt/",
        "/a//robots.txt",
        "/..\\robots.txt",
        "/robots.txt%00",
        "/snippets/crate-0123456789abcdef/inline0.js",
        "/chat/../robots.txt",
        "/chat/./a.b",
    ] {
        assert_eq!(get(path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn the_names_of_compressed_files_lead_nowhere() {
    for path in [
        "/index.html.br",
        "/app-0123456789abcdef.js.br",
        "/app-0123456789abcdef.js.gz",
    ] {
        assert_eq!(get(path, &[]).status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_compressed_file_is_chosen_by_what_the_peer_takes() {
    let check = async |path, accept, encoding: &str, content: &'static [u8]| {
        let response = get(path, &[(header::ACCEPT_ENCODING, accept)]);
        assert_eq!(
            value(&response, header::CONTENT_ENCODING),
            encoding,
            "{path} {accept}"
        );
        assert_eq!(value(&response, header::VARY), "accept-encoding");
        assert_eq!(body(response).await, content);
    };
    let script = "/app-0123456789abcdef.js";
    check(script, "gzip, br", "br", b"script in brotli").await;
    check(script, "br;q=0.1, gzip", "gzip", b"script in gzip").await;
    check(script, "deflate", "", b"script").await;
    check("/chat", "gzip, br", "br", b"page in brotli").await;
    check("/chat", "gzip", "", HTML).await;
    check("/robots.txt", "gzip, br", "", b"robots").await;
}

#[test]
fn only_files_named_by_their_content_are_kept_for_ever() {
    let check = |path, caching| {
        assert_eq!(
            value(&get(path, &[]), header::CACHE_CONTROL),
            caching,
            "{path}"
        );
    };
    check(
        "/app-0123456789abcdef.js",
        "public, max-age=31536000, immutable",
    );
    check(
        "/app-0123456789abcdef_bg.wasm",
        "public, max-age=31536000, immutable",
    );
    check("/robots.txt", "no-cache");
    assert!(is_hashed("trunkline-web-56789abcdef01.js"));
    assert!(!is_hashed("snippets/crate-0123456789abcdef/inline0.js"));
    assert!(!is_hashed("well-known.js"));
}

#[test]
fn wasm_has_the_type_that_streaming_compilation_needs() {
    let response = get("/app-0123456789abcdef_bg.wasm", &[]);
    assert_eq!(value(&response, header::CONTENT_TYPE), "application/wasm");
    let response = get("/app-0123456789abcdef.js", &[]);
    assert_eq!(
        value(&response, header::CONTENT_TYPE),
        "text/javascript; charset=utf-8"
    );
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let accept = (header::ACCEPT_ENCODING, "br");
    let first = get("/chat", std::slice::from_ref(&accept));
    let etag: &'static str = value(&first, header::ETAG).to_owned().leak();
    let plain: &'static str = value(&get("/chat", &[]), header::ETAG).to_owned().leak();
    assert_ne!(etag, plain, "two encodings are two representations");

    let again = |tags: String| {
        get(
            "/chat",
            &[accept.clone(), (header::IF_NONE_MATCH, tags.leak())],
        )
    };
    for tags in [
        etag.to_owned(),
        format!("W/{etag}"),
        format!("\"x\", {etag}"),
        "*".to_owned(),
    ] {
        let response = again(tags);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(value(&response, header::ETAG), etag);
        assert_eq!(value(&response, header::VARY), "accept-encoding");
        assert!(
            response
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
        assert!(body(response).await.is_empty());
    }
    assert_eq!(again(plain.to_owned()).status(), StatusCode::OK);
}

#[test]
fn only_reads_are_answered() {
    let response = fixture().respond(&Method::POST, "/chat", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(value(&response, header::ALLOW), "GET, HEAD");
}

#[tokio::test]
async fn without_the_app_a_page_says_how_to_build_it() {
    let empty = Assets::none();
    let response = empty.respond(&Method::GET, "/", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let html = body(response).await;
    assert!(String::from_utf8_lossy(&html).contains("cargo xtask build"));
    let response = empty.respond(&Method::GET, "/app.js", &HeaderMap::new());
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}
