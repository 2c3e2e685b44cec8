//! Conversations over HTTP, for networks that block WebSockets and for programs that need none.
//!
//! A subscription resumes from its position, so each of these is the same conversation, started
//! again from where it stopped: nothing is kept between requests, and any server can answer any of
//! them. Start with `stream`, the response that is a conversation; `poll` and `events` are the same
//! in other clothes, and `requests` is what needs no conversation.

mod caller;
mod body;
mod frames;
mod stream;
mod poll;
mod events;
mod requests;
mod publish;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use tokio::time::Instant;
use trunkline_protocol::codec::CLIENT_FRAME_LEN_MAX;

use crate::accept::EndsAt;
use crate::auth::Guests;
use crate::config::Config;
use crate::node::Node;
use caller::Callers;

// For whoever answers the same requests to others.
pub(crate) use body::malformed;
pub(crate) use caller::bearer;
pub(crate) use publish::{BATCH_LEN_MAX, publish_all};
pub(crate) use refusal::{problem, query};
pub(crate) use requests::{HistoryAsked, PresenceAsked, accepted, read_history, read_presence};

/// What the routes share.
#[derive(Clone)]
pub(crate) struct OverHttp {
    node: Arc<Node>,
    guests: Arc<Guests>,
    behind_tls: bool,
    callers: Arc<Callers>,
    /// How long a request's body may take.
    patience: Duration,
    /// How long a response that streams may last.
    life: Duration,
    /// Time that what is left of one may then take.
    linger: Duration,
    /// Whether pages of the same host's other ports are taken for our own.
    neighbours: bool,
}

impl OverHttp {
    pub(crate) fn new(config: &Config, node: Arc<Node>, guests: Arc<Guests>) -> Self {
        Self {
            node,
            guests,
            behind_tls: config.behind_tls,
            callers: Arc::new(Callers::new(&config.session, config.connections_max)),
            patience: config.timeouts.request,
            life: config.stream_life,
            linger: config.timeouts.stall,
            neighbours: false,
        }
    }

    /// Takes a guest's cookie from pages of all ports of the host, too. Only where there is nothing
    /// that those may not see.
    #[must_use]
    pub(crate) fn with_neighbours(self) -> Self {
        Self {
            neighbours: true,
            ..self
        }
    }
}

/// Routes `/http/*`.
pub(crate) fn router(http: OverHttp) -> Router {
    crate::http::router_of(routes()).with_state(http)
}

/// What answers at each address.
fn routes() -> [(&'static str, MethodRouter<OverHttp>); 7] {
    let one_frame = DefaultBodyLimit::max(CLIENT_FRAME_LEN_MAX);
    let batch = DefaultBodyLimit::max(publish::BATCH_LEN_MAX);
    [
        ("/http/stream", post(stream::answer).layer(one_frame)),
        ("/http/poll", post(poll::answer).layer(one_frame)),
        ("/http/events", get(events::answer)),
        ("/http/history", get(requests::history)),
        ("/http/presence", get(requests::presence)),
        ("/http/call", post(requests::call).layer(one_frame)),
        ("/http/publish", post(publish::answer).layer(batch)),
    ]
}

/// The addresses of all routes.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

/// Makes the response whose body is a conversation that lasts for at most `life`. What its reader has
/// not taken `linger` later is given up, however it takes it.
fn streaming(body: Body, media_type: &'static str, life: Duration, linger: Duration) -> Response {
    let mut response = unbuffered(Response::new(body), media_type);
    let ends_at = EndsAt(Instant::now() + life + linger);
    response.extensions_mut().insert(ends_at);
    response
}

/// Keeps proxies from holding back or keeping what is said.
fn unbuffered(mut response: Response, media_type: &'static str) -> Response {
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
