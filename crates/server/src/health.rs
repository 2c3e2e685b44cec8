//! Answers those who watch over the process: is it alive, does it want new work.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use tokio_util::sync::CancellationToken;

/// Routes `/healthz` (200 while the process serves) and `/readyz` (503 once `shutdown` has begun).
pub(crate) fn router(shutdown: CancellationToken) -> Router {
    crate::http::router_of(routes()).with_state(shutdown)
}

/// What answers at each address.
fn routes() -> [(&'static str, MethodRouter<CancellationToken>); 2] {
    let alive = get(|| async { answer(StatusCode::OK, "ok\n") });
    let [healthz, readyz] = PATHS;
    [(healthz, alive), (readyz, get(ready))]
}

/// The addresses of all routes, which are answered also where there are too many connections.
pub(crate) const PATHS: [&str; 2] = ["/healthz", "/readyz"];

async fn ready(State(shutdown): State<CancellationToken>) -> impl IntoResponse {
    if shutdown.is_cancelled() {
        answer(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        answer(StatusCode::OK, "ready\n")
    }
}

fn answer(status: StatusCode, text: &'static str) -> impl IntoResponse {
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
        let router = router(shutdown.clone());
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
