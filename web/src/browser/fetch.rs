//! Requests to other ports of this host, whose answers are read whole or as they come.

use futures_util::StreamExt;
use futures_util::stream::LocalBoxStream;
use gloo_net::http::{Method, RequestBuilder, Response};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCredentials, RequestMode};

/// Whether our cookie goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    Include,
    Omit,
}

/// The body of a GET. An error is told in words.
pub(crate) async fn get(url: &str, credentials: Credentials) -> Result<String, String> {
    let (abort, request) = request(url, Method::GET, credentials);
    whole(request.send().await, abort).await
}

/// The body of a POST of JSON.
pub(crate) async fn post(
    url: &str,
    body: &[u8],
    credentials: Credentials,
) -> Result<String, String> {
    let (abort, request) = request(url, Method::POST, credentials);
    let response = with_body(request, body)?.send().await;
    whole(response, abort).await
}

/// The body of a POST of JSON, piece by piece. It ends where the body ends or breaks.
pub(crate) async fn post_streaming(
    url: &str,
    body: &[u8],
) -> Result<LocalBoxStream<'static, Vec<u8>>, String> {
    let (abort, request) = request(url, Method::POST, Credentials::Omit);
    let response = with_body(request, body)?.send().await;
    let response = good(response)?;
    let reader = response.body().map(|body| body.get_reader());
    let reader = reader.and_then(|it| it.dyn_into::<ReadableStreamDefaultReader>().ok());
    let reader = reader.ok_or("the browser reads no response piece by piece")?;
    let pieces = futures_util::stream::unfold((reader, abort), |(reader, abort)| async move {
        let result = JsFuture::from(reader.read()).await.ok()?;
        let value = js_sys::Reflect::get(&result, &"value".into()).ok()?;
        let piece = value.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec();
        Some((piece, (reader, abort)))
    });
    Ok(pieces.boxed_local())
}

/// A request that is given up when the guard is dropped.
fn request(
    url: &str,
    method: Method,
    credentials: Credentials,
) -> (Option<AbortOnDrop>, RequestBuilder) {
    let abort = AbortController::new().ok().map(AbortOnDrop);
    let signal = abort.as_ref().map(|it| it.0.signal());
    let credentials = match credentials {
        Credentials::Include => RequestCredentials::Include,
        Credentials::Omit => RequestCredentials::Omit,
    };
    let request = RequestBuilder::new(url)
        .method(method)
        .mode(RequestMode::Cors)
        .credentials(credentials)
        .abort_signal(signal.as_ref());
    (abort, request)
}

fn with_body(request: RequestBuilder, body: &[u8]) -> Result<gloo_net::http::Request, String> {
    request
        .header("content-type", "application/json")
        .body(js_sys::Uint8Array::from(body))
        .map_err(|error| error.to_string())
}

fn good(response: Result<Response, gloo_net::Error>) -> Result<Response, String> {
    response.map_err(|error| error.to_string())
}

async fn whole(
    response: Result<Response, gloo_net::Error>,
    abort: Option<AbortOnDrop>,
) -> Result<String, String> {
    let response = good(response)?;
    let text = response.text().await.map_err(|error| error.to_string())?;
    drop(abort);
    if response.ok() { Ok(text) } else { Err(text) }
}

struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
