//! The page that stands in when the binary was built without the web app.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

const HTML: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>Trunkline: the web app is not built yet</title>
<h1>The server runs, the web app is missing</h1>
<p>This binary was compiled before the web app was built. Run
<code>cargo xtask build</code> in the repository, then start the server again.</p>
<p>Everything that is not a page works already: see <a href=\"/healthz\">/healthz</a>.</p>
</html>
";

/// Answers 503 with a page that says what to do.
pub(super) fn page() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (StatusCode::SERVICE_UNAVAILABLE, headers, HTML).into_response()
}
