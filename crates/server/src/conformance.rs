//! An echo for conformance runners, behind a flag of its own: it lifts the length limit of
//! messages for its one address, which no public server should. It takes the way of every other
//! WebSocket here: our handshake, our framing, a shard.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;

use crate::node::Node;
use crate::shard::Role;
use crate::transport::{handshake, websocket};

/// Routes `/conformance/echo`.
pub(crate) fn router(node: Arc<Node>) -> Router {
    Router::new()
        .route("/conformance/echo", any(echo))
        .with_state(node)
}

async fn echo(State(node): State<Arc<Node>>, request: Request) -> Response {
    match handshake::check(&request) {
        Ok(()) => websocket::welcome(node, request, Role::Echo, None),
        Err(refusal) => *refusal,
    }
}
