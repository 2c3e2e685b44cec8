//! One router from the routes of all modules, and what they share.
//!
//! The order of the layers is the order in which a request meets them: it is logged, its
//! response gets the security headers, its `Host` and `Origin` are checked, then it is routed.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use tokio_util::sync::CancellationToken;

use crate::accept::OpenConnections;
use crate::api;
use crate::assets::Assets;
use crate::auth::{self, Guests};
use crate::config::Config;
use crate::conformance;
use crate::health::{self, Readiness};
use crate::node::Node;
use crate::notices::Notices;
use crate::origin::{self, OriginPolicy};
use crate::problem::Problem;
use crate::realtime;
use crate::reference;
use crate::security;
use crate::transport::{self, OverHttp};

/// What the routes of one server share.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) config: Arc<Config>,
    pub(crate) guests: Arc<Guests>,
    pub(crate) assets: Assets,
    pub(crate) node: Arc<Node>,
    pub(crate) open: OpenConnections,
    pub(crate) notices: Notices,
    /// Where pages may connect to, beside the server itself.
    pub(crate) lab_ports: Arc<[u16]>,
    /// The server's own.
    pub(crate) port: u16,
    /// Cancelled when the server should end: conversations say so to their peers.
    pub(crate) shutdown: CancellationToken,
}

/// Which pages may talk to the server.
pub(crate) fn origins(config: &Config) -> OriginPolicy {
    OriginPolicy::new(config.behind_tls, config.allow_origin.clone())
}

/// Composes the routes. Each module brings its own, with its own state.
pub(crate) fn router(services: &Services) -> Router {
    let Services {
        config,
        guests,
        assets,
        node,
        shutdown,
        ..
    } = services;
    let origins = origins(config).with_pages_at(services.port);
    let routes = if config.conformance {
        conformance::router(Arc::clone(node))
    } else {
        Router::new()
    };
    let readiness = Readiness {
        shutdown: shutdown.clone(),
        history: node.broker().health(),
    };
    let over_http = over_http(services);
    let realtime = realtime::router(Arc::clone(node), assets.clone());
    let assets = assets.clone();

    routes
        .merge(realtime)
        .merge(over_http)
        .merge(reference::router(&guests.cookie_name(config.behind_tls)))
        .merge(health::router(readiness))
        .merge(auth::router(
            Arc::clone(guests),
            config.behind_tls,
            config.timeouts.request,
        ))
        .fallback(move |request: Request| async move { elsewhere(&assets, &request) })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(from_fn_with_state(Arc::new(origins), origin::guard))
        .layer(from_fn_with_state(
            Arc::clone(&services.lab_ports),
            security::headers,
        ))
        .layer(from_fn(log))
}

/// The routes of a lane of the lab: conversations, and nothing that a page needs beside them.
pub(crate) fn lane(config: &Config, node: Arc<Node>, guests: Arc<Guests>) -> Router {
    let origins = origins(config).with_neighbours();
    let http = OverHttp::new(config, Arc::clone(&node), guests).with_neighbours();
    realtime::router(node, Assets::none())
        .merge(transport::http::router(http))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(from_fn_with_state(Arc::new(origins), origin::guard))
}

/// The conversations that need no WebSocket, and the back ends that need no conversation.
fn over_http(services: &Services) -> Router {
    let Services {
        config,
        guests,
        node,
        ..
    } = services;
    let http = OverHttp::new(config, Arc::clone(node), Arc::clone(guests));
    let key = config.api_key.clone();
    let notices = services.notices.clone();
    let back_ends = api::router(http.clone(), Arc::clone(node), key, notices);
    transport::http::router(http).merge(back_ends)
}

/// A router with these routes.
pub(crate) fn router_of<S: Clone + Send + Sync + 'static>(
    routes: impl IntoIterator<Item = (&'static str, MethodRouter<S>)>,
) -> Router<S> {
    let routes = routes.into_iter();
    routes.fold(Router::new(), |router, (path, it)| router.route(path, it))
}

/// Answers what no route took: a file, a page of the app, or a problem for a program.
fn elsewhere(assets: &Assets, request: &Request) -> Response {
    let path = request.uri().path();
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    match first {
        "api" | "auth" | "http" => Problem::not_found().into_response(),
        _ => assets.respond(request.method(), path, request.headers()),
    }
}

/// Logs requests without their query, in which some people put secrets.
async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let micros = start.elapsed().as_micros();
    tracing::debug!(%method, path, status, micros, "answered");
    response
}

#[cfg(test)]
mod tests;
