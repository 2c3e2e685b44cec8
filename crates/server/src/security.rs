//! Headers that tell a browser how little our pages may do.
//!
//! They stand on every response, errors included. The page's own policy also names the hashes of
//! its inline scripts, because trunk starts the app by one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// Middleware that adds the headers to whatever comes back.
pub(crate) async fn headers(
    State(lab_ports): State<Arc<[u16]>>,
    request: Request,
    next: Next,
) -> Response {
    let lab = lab_sources(request.headers().get(header::HOST), &lab_ports);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // The page brings a policy with its hashes. Nothing else can connect to anywhere.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy(""));
    } else if let Some(lab) = lab {
        open_to(headers, &lab);
    }
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Not `no-referrer`: under it, browsers send `Origin: null` with our own forms.
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The lab's ports at the host that was asked, as sources of a policy.
fn lab_sources(host: Option<&HeaderValue>, ports: &[u16]) -> Option<String> {
    if ports.is_empty() {
        return None;
    }
    let authority: Authority = host?.to_str().ok()?.parse().ok()?;
    let host = authority.host();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(plain) {
        return None;
    }
    let of_port = |port: &u16| format!(" http://{host}:{port} ws://{host}:{port}");
    Some(ports.iter().map(of_port).collect())
}

/// Lets a page connect to these sources, too.
fn open_to(headers: &mut HeaderMap, sources: &str) {
    let policy = headers.get(header::CONTENT_SECURITY_POLICY);
    let Some(policy) = policy.and_then(|it| it.to_str().ok()) else {
        return;
    };
    let policy = policy.replace(CONNECT, &format!("{CONNECT}{sources}"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Where a page may connect to unless the lab is open.
const CONNECT: &str = "connect-src 'self'";

/// Returns the content security policy for a page with these inline scripts.
pub(crate) fn policy(html: &str) -> HeaderValue {
    let hashes: String = inline_scripts(html)
        .map(|script| {
            format!(
                " 'sha256-{}'",
                BASE64_STANDARD.encode(Sha256::digest(script))
            )
        })
        .collect();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; \
         img-src 'self' blob: data:; media-src 'self' blob:; {CONNECT}; font-src 'self'; \
         worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).expect("a policy is visible ASCII")
}

/// Finds the scripts that are written in the page itself, exactly as a browser hashes them.
///
/// This is enough for a page that we built; it is no parser for anyone else's HTML.
fn inline_scripts(html: &str) -> impl Iterator<Item = &str> {
    let mut rest = html;
    std::iter::from_fn(move || {
        loop {
            let tag = find_ignoring_case(rest, "<script")?;
            let after_name = &rest[tag + "<script".len()..];
            let (attributes, body) = split_tag(after_name)?;
            let end = find_ignoring_case(body, "</script")?;
            rest = &body[end..];
            if !has_source(attributes) {
                return Some(&body[..end]);
            }
        }
    })
}

/// Splits at the `>` that ends a tag; one inside a quoted attribute does not.
fn split_tag(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (index, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some((&text[..index], &text[index + 1..])),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn has_source(attributes: &str) -> bool {
    let lower = attributes.to_ascii_lowercase();
    lower
        .split_ascii_whitespace()
        .any(|word| word == "src" || word.starts_with("src="))
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(needle.len());
    windows
        .into_iter()
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_scripts_are_found_as_a_browser_hashes_them() {
        let check = |html, expected: &[&str]| {
            assert_eq!(inline_scripts(html).collect::<Vec<_>>(), expected, "{html}");
        };
        check("<p>no script</p>", &[]);
        check("<script>a</script>", &["a"]);
        check(
            "<script type=\"module\">\nimport 'x';\n</script>",
            &["\nimport 'x';\n"],
        );
        check("<SCRIPT data-x=\"a>b\">c</SCRIPT>", &["c"]);
        check("<script src=\"/a.js\"></script><script>b</script>", &["b"]);
        check("<script data-src=\"/a.js\">c</script>", &["c"]);
        check(
            "<script>a<\u{2f}script ><script>한글</script>",
            &["a", "한글"],
        );
        check("<script>never closed", &[]);
    }

    #[test]
    fn the_labs_ports_are_named_at_the_host_that_was_asked() {
        let check = |host: &'static str, ports: &[u16], expected: Option<&str>| {
            let sources = lab_sources(Some(&HeaderValue::from_static(host)), ports);
            assert_eq!(sources.as_deref(), expected, "{host}");
        };
        let one = |host: &str| format!(" http://{host}:9000 ws://{host}:9000");
        check("localhost:8787", &[9000], Some(&one("localhost")));
        check("[::1]:8787", &[9000], Some(&one("[::1]")));
        check(
            "10.0.0.1",
            &[9000, 9001],
            Some(
                " http://10.0.0.1:9000 ws://10.0.0.1:9000 http://10.0.0.1:9001 ws://10.0.0.1:9001",
            ),
        );
        check("localhost", &[], None);
        for bad in ["a;script-src *", "a'b", "a,b", "user@host;", ""] {
            check(bad, &[9000], None);
        }
    }

    #[test]
    fn a_page_may_connect_to_the_lab() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy(""));
        open_to(&mut headers, " http://h:1");
        let policy = headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("ASCII");
        assert!(
            policy.contains("connect-src 'self' http://h:1;"),
            "{policy}"
        );
    }

    #[test]
    fn the_policy_names_the_hash_of_an_inline_script() {
        // echo -n 'alert(1)' | openssl dgst -sha256 -binary | openssl base64
        let hash = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='";
        let policy = policy("<script>alert(1)</script>");
        let policy = policy.to_str().expect("visible ASCII");
        let expected = format!("script-src 'self' 'wasm-unsafe-eval' {hash}; style-src 'self'");
        assert!(policy.contains(&expected), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
    }
}
