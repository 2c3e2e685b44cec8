//! Serves a web app: its page, and the files that trunk wrote beside it.
//!
//! Paths without a dot are places in the app and get its page. Paths with one are files, or places
//! below a page, such as a symbol with a dot in its name. What is missing where files are is missing:
//! a page in its place would be taken for a script.

mod encoding;
mod missing;

use std::borrow::Cow;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use self::encoding::{Encoding, accepted};
use crate::problem::Problem;
use crate::security;

/// A file as it was built.
struct File {
    bytes: Cow<'static, [u8]>,
    sha256: [u8; 32],
}

/// A web app's files.
#[derive(Clone, Debug)]
pub struct Assets {
    find: fn(&str) -> Option<File>,
}

impl Assets {
    /// No files: every place in the app gets a page that says how to build it.
    #[must_use]
    pub fn none() -> Self {
        Self { find: |_| None }
    }

    /// The folder that `App` embeds.
    #[must_use]
    pub fn of<App: RustEmbed>() -> Self {
        Self {
            find: |name| {
                let file = App::get(name)?;
                Some(File {
                    bytes: file.data,
                    sha256: file.metadata.sha256_hash(),
                })
            },
        }
    }

    /// Answers a request for `path`, a file or a place in the app.
    pub(crate) fn respond(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response {
        if method != Method::GET && method != Method::HEAD {
            let allow = [(header::ALLOW, "GET, HEAD")];
            return (allow, Problem::method_not_allowed()).into_response();
        }
        let name = path.trim_start_matches('/');
        if !name.contains('.') || name == PAGE {
            return self.page(headers);
        }
        let mut compressed = Encoding::PRECOMPRESSED.iter();
        if !is_plain(name) || compressed.any(|it| name.ends_with(it.suffix())) {
            return if is_place(name) {
                self.page(headers)
            } else {
                Problem::not_found().into_response()
            };
        }
        match self.file(name, headers) {
            Some(response) => response,
            None if is_place(name) => self.page(headers),
            None => Problem::not_found().into_response(),
        }
    }

    /// Answers with the app's page.
    pub(crate) fn page(&self, headers: &HeaderMap) -> Response {
        let Some(html) = (self.find)(PAGE) else {
            return missing::page();
        };
        let policy = security::policy(&String::from_utf8_lossy(&html.bytes));
        let mut response = self.file(PAGE, headers).unwrap_or_else(missing::page);
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
        response
    }

    fn file(&self, name: &str, headers: &HeaderMap) -> Option<Response> {
        let original = (self.find)(name)?;
        let best = accepted(headers)
            .into_iter()
            .find_map(|encoding| match encoding {
                Encoding::Identity => None,
                Encoding::Brotli | Encoding::Gzip => {
                    let file = (self.find)(&format!("{name}{}", encoding.suffix()))?;
                    Some((encoding, file))
                }
            });
        let (encoding, file) = best.unwrap_or((Encoding::Identity, original));

        let etag = etag(&file);
        let mut response = if is_known(headers, &etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Response::new(Body::from(into_bytes(file.bytes)));
            set(&mut response, header::CONTENT_TYPE, &content_type(name));
            if let Some(token) = encoding.token() {
                set(&mut response, header::CONTENT_ENCODING, token);
            }
            response
        };
        set(&mut response, header::ETAG, &etag);
        set(&mut response, header::VARY, "accept-encoding");
        let caching = if is_hashed(name) {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        set(&mut response, header::CACHE_CONTROL, caching);
        Some(response)
    }
}

/// The page that is the app.
const PAGE: &str = "index.html";

/// The folder beside the page that trunk writes files to.
const FILES: &str = "snippets";

/// Tells whether a path with a dot is a place in the app: below a page, whose name has no dot. Files
/// stand beside the page, and in a folder of their own.
fn is_place(name: &str) -> bool {
    let mut parts = name.trim_end_matches('/').split('/');
    let page = parts.next().unwrap_or_default();
    let mut below = parts.peekable();
    !page.contains('.')
        && page != FILES
        && below.peek().is_some()
        && below.all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a name can be one of ours, which a path that climbs out of the folder is not.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@+".contains(&byte);
    name.bytes().all(plain)
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

/// Whether trunk wrote the hash of the content into the name: `app-1a2b3c4d5e6f7788_bg.wasm`.
///
/// Only the last part counts; the hash in a folder's name is not one of its files' content.
fn is_hashed(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.split('-').skip(1).any(|part| {
        let hex = part
            .bytes()
            .take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            .count();
        // trunk writes up to 16 digits, fewer when the first are zero.
        (12..=16).contains(&hex) && matches!(part.as_bytes().get(hex), Some(b'.' | b'_'))
    })
}

fn content_type(name: &str) -> String {
    let mime = mime_guess::from_path(name).first_or_octet_stream();
    if mime.type_() == "text" {
        format!("{mime}; charset=utf-8")
    } else {
        mime.to_string()
    }
}

/// Names a content; a compressed file is a content of its own.
fn etag(file: &File) -> String {
    shortened(&file.sha256)
}

/// As much of a content's hash as names it, in the quotes of an `ETag`.
pub(crate) fn shortened(sha256: &[u8]) -> String {
    let digits: String = sha256[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("\"{digits}\"")
}

/// Whether the peer has this version already.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| {
            let tag = tag.trim();
            tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
        })
}

fn into_bytes(bytes: Cow<'static, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("our header values are visible ASCII");
    response.headers_mut().insert(name, value);
}

#[cfg(test)]
mod tests;
