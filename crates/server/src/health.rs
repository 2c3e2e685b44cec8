//! Answers those who watch over the process: is it alive, does it want new work.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use tokio_util::sync::CancellationToken;

use crate::broker::HistoryHealth;

/// State that decides whether the server wants new work.
#[derive(Clone)]
pub(crate) struct Readiness {
    /// Cancelled once the shutdown has begun.
    pub(crate) shutdown: CancellationToken,
    /// The history on the disk, if it is kept there.
    pub(crate) history: Option<Arc<HistoryHealth>>,
}

/// Routes `/healthz` (200 while the process serves) and `/readyz` (503 once the shutdown has begun,
/// and while the history cannot be written).
pub(crate) fn router(readiness: Readiness) -> Router {
    crate::http::router_of(routes()).with_state(readiness)
}

/// Returns the handler of each address.
fn routes() -> [(&'static str, MethodRouter<Readiness>); 2] {
    let alive = get(|| async { answer(StatusCode::OK, "ok\n".to_owned()) });
    let [healthz, readyz] = PATHS;
    [(healthz, alive), (readyz, get(ready))]
}

/// The addresses of all routes, which are answered also where there are too many connections.
pub(crate) const PATHS: [&str; 2] = ["/healthz", "/readyz"];

/// The first line is the answer in a word. The others tell of the history what an operator should
/// know: failures, damage, and where damaged files are.
async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    let Readiness { shutdown, history } = readiness;
    let news = history
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let works = history.is_none_or(|history| history.is_available());
    let (status, word) = match (shutdown.is_cancelled(), works) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (false, false) => (StatusCode::SERVICE_UNAVAILABLE, "history unavailable"),
        (false, true) => (StatusCode::OK, "ready"),
    };
    answer(status, format!("{word}\n{news}"))
}

fn answer(status: StatusCode, text: String) -> impl IntoResponse {
    (status, [(header::CACHE_CONTROL, "no-store")], text)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn status(router: &Router, path: &str) -> StatusCode {
        let request = Request::get(path)
            .body(Body::empty())
            .expect("a valid request");
        let response = router
            .clone()
            .oneshot(request)
            .await
            .expect("a router always answers");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        response.status()
    }

    #[tokio::test]
    async fn a_draining_server_is_healthy_but_not_ready() {
        let shutdown = CancellationToken::new();
        let router = router(Readiness {
            shutdown: shutdown.clone(),
            history: None,
        });
        assert_eq!(status(&router, "/healthz").await, StatusCode::OK);
        assert_eq!(status(&router, "/readyz").await, StatusCode::OK);
        shutdown.cancel();
        assert_eq!(status(&router, "/healthz").await, StatusCode::OK);
        assert_eq!(
            status(&router, "/readyz").await,
            StatusCode::SERVICE_UNAVAILABLE
        );
    }
}
