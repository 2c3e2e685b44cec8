//! Headers that tell a browser how little our pages may do.
//!
//! They stand on every response, errors included. The page's own policy also names the hashes of
//! its inline scripts, because trunk starts the app by one.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

/// Middleware that adds the headers to whatever comes back.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    // The page brings a policy with its hashes.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy(""));
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
         img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; \
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
