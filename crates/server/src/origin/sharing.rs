//! Lets pages of allowed origins read what is said over HTTP (the Fetch Standard's CORS protocol).
//!
//! A WebSocket needs none of this: a browser opens it for any page and leaves refusing to the
//! server. Our cookie is for neighbours only; a page of another host needs a token of its own.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Answers a page of an allowed origin, which may have sent our `cookie`.
pub(super) async fn answer(
    origin: HeaderValue,
    cookie: bool,
    request: Request,
    next: Next,
) -> Response {
    // A browser asks before it sends a token or a body that no form could send.
    let mut response = if request.method() == Method::OPTIONS {
        (StatusCode::NO_CONTENT, PREFLIGHT).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cookie {
        let yes = HeaderValue::from_static("true");
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("retry-after"),
    );
    response
}

const PREFLIGHT: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "authorization, content-type, last-event-id",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "3600"),
];
