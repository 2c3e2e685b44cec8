//! An echo for conformance runners, behind a flag of its own: it lifts the length limit of
//! messages for its one address, which no public server should.

use axum::Router;
use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;

use crate::problem::Problem;
use crate::transport::websocket::{bounded, violation};

/// The longest message of the suites is 16 MiB.
const MESSAGE_LEN_MAX: usize = 17 * 1024 * 1024;

/// Routes `/conformance/echo`.
pub(crate) fn router() -> Router {
    Router::new().route("/conformance/echo", any(echo))
}

async fn echo(request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => bounded(upgrade, MESSAGE_LEN_MAX).on_upgrade(answer),
        Err(_) => {
            let detail = "this address speaks WebSocket";
            Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail).into_response()
        }
    }
}

async fn answer(mut socket: WebSocket) {
    while let Some(message) = socket.recv().await {
        let sent = match message {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message).await,
            // The library answers pings and closes.
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Close(_)) => Ok(()),
            Err(error) => {
                if let Some(reason) = violation(error) {
                    let frame = CloseFrame {
                        code: reason.code(),
                        reason: reason.text().into(),
                    };
                    // The peer may be gone; then there is nobody to tell.
                    let _ = socket.send(Message::Close(Some(frame))).await;
                }
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
