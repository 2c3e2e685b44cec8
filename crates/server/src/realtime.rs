//! The addresses at which a conversation begins, and the node behind them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_protocol::{Text, User, UserId};

use crate::assets::Assets;
use crate::auth::{Guests, TokenError};
use crate::broker::{Broker, Disk, Memory};
use crate::config::{self, Config};
use crate::node::{Authenticator, Node, Rules, TokenRejected};
use crate::problem::Problem;
use crate::shard::{self, Shards};
use crate::topics::Registry;
use crate::transport::websocket::{upgrade, wants_upgrade};

/// Makes a node with these topics, its broker and its shards, which run as long as they are kept.
/// Inside the runtime that carries jobs. The names of the shards' threads begin with `name`.
///
/// # Errors
///
/// For an operator: why the history cannot be opened.
pub(crate) fn open(
    registry: Registry,
    guests: Arc<Guests>,
    config: &Config,
    ends: (CancellationToken, TaskTracker),
    name: &str,
) -> anyhow::Result<(Arc<Node>, Shards)> {
    let authenticator = Box::new(GuestTokens(guests));
    let rules = Rules {
        hub: config.hub,
        session: config.session,
        flush_window: config.flush_window,
        linger: config.linger,
    };
    let seeds = shard::sow(config.shards)?;
    let inboxes = seeds.iter().map(|seed| Arc::clone(seed.inbox())).collect();
    let node = Node::new(
        registry,
        authenticator,
        &rules,
        ends,
        inboxes,
        |clock, deliver| {
            Ok(match config.broker {
                config::Broker::Memory => Broker::Memory(Memory::new(clock, deliver)),
                config::Broker::Disk => {
                    let folder = config.data.join("history");
                    Broker::Disk(Disk::open(&folder, clock, deliver)?)
                }
            })
        },
    )?;
    Shards::start(&node, seeds, name).map(|shards| (node, shards))
}

/// The addresses of WebSockets.
pub(crate) const PATHS: [&str; 2] = [SOCKET, PAGE];

const SOCKET: &str = "/ws";
const PAGE: &str = "/chat";

/// Routes `/ws`, which is only a socket, and `/chat`, which is a page until it is upgraded.
pub(crate) fn router(node: Arc<Node>, assets: Assets) -> Router {
    let page = move |State(node): State<Arc<Node>>, request: Request| async move {
        if wants_upgrade(request.headers()) {
            return upgrade(State(node), request).await;
        }
        assets.respond(request.method(), PAGE, request.headers())
    };
    Router::new()
        .route(SOCKET, any(socket))
        .route(PAGE, any(page))
        .with_state(node)
}

/// Any method, since HTTP/2 opens a WebSocket with CONNECT (RFC 8441).
async fn socket(State(node): State<Arc<Node>>, request: Request) -> Response {
    if wants_upgrade(request.headers()) || request.method() == Method::CONNECT {
        return upgrade(State(node), request).await;
    }
    let detail = "this address speaks WebSocket: ask for `Upgrade: websocket`";
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", detail);
    (
        [("upgrade", "websocket"), ("connection", "upgrade")],
        problem,
    )
        .into_response()
}

/// Access tokens of guests.
struct GuestTokens(Arc<Guests>);

impl Authenticator for GuestTokens {
    fn authenticate(&self, token: &str, now_unix: u64) -> Result<(User, Duration), TokenRejected> {
        match self.0.verify_token(token, now_unix) {
            Ok(user) => {
                let ttl = Duration::from_secs(user.expires_at.saturating_sub(now_unix));
                Ok((
                    User {
                        id: UserId(user.id),
                        name: Text::cut(&user.name),
                    },
                    ttl,
                ))
            }
            Err(TokenError::Expired) => Err(TokenRejected::Expired),
            Err(TokenError::Malformed | TokenError::BadSignature) => Err(TokenRejected::Invalid),
        }
    }
}
