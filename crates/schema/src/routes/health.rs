//! For those who watch over the process.

use super::route;
use crate::openapi::{Access, Body, Route};

pub(super) fn routes() -> Vec<Route> {
    let alive = "Tells whether the process serves.";
    let ready = "Tells whether the server wants new connections.";
    vec![
        route("get", "/healthz", "isAlive", alive, Access::Open).answers(
            200,
            "It does.",
            Body::Text,
        ),
        route("get", "/readyz", "isReady", ready, Access::Open)
            .answers(
                200,
                "It does. Lines after the first tell what was damaged or failed.",
                Body::Text,
            )
            .answers(
                503,
                "It is about to end, or events cannot be kept now.",
                Body::Text,
            ),
    ]
}
