//! WebSocket: the handshake with its subprotocols, and the way from HTTP to a shard.

use std::io;
use std::sync::Arc;
#[cfg(unix)]
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::{Parts, downcast};
#[cfg(unix)]
use tokio::io::{AsyncReadExt, AsyncWriteExt};
#[cfg(unix)]
use tokio::time::timeout;
use trunkline_protocol::{Codec, DisconnectReason, Offer, Subprotocol};
use trunkline_session::{Close, Way};
use trunkline_websocket::{Kind, push_message};

use super::handshake;
use crate::accept::{CountedStream, InFlight};
use crate::node::Node;
use crate::problem::Problem;
use crate::shard::{Arrival, Role, Socket};

pub(crate) use handshake::wants_upgrade;

/// How frames travel: a message each, of the kind that the codec is.
pub(crate) fn framing(codec: Codec, frame: &[u8], bytes: &mut Vec<u8>) {
    let kind = if codec.is_text() {
        Kind::Text
    } else {
        Kind::Binary
    };
    push_message(bytes, kind, frame);
}

/// Answers a request that asks to become a WebSocket.
pub(crate) async fn upgrade(State(node): State<Arc<Node>>, request: Request) -> Response {
    if let Err(refusal) = handshake::check(&request) {
        return *refusal;
    }
    if !node.is_ready() {
        let detail = "this server is about to restart";
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "draining", detail);
        return ([(header::RETRY_AFTER, "1")], problem).into_response();
    }
    let (role, subprotocol) = match handshake::offer(&request) {
        Offer::Chosen(codec) => {
            let name = HeaderValue::from_static(Subprotocol::name(codec));
            (Role::Conversation(codec, Way::Both), Some(name))
        }
        Offer::Unnamed => (Role::Conversation(Codec::Json, Way::Both), None),
        // A browser can read a close code but not the status of a refused handshake, so other
        // versions are let in and told.
        Offer::OtherVersion(name) => match HeaderValue::from_str(&name) {
            Ok(name) => (refusal(), Some(name)),
            Err(_) => return foreign(),
        },
        Offer::Foreign => return foreign(),
    };
    welcome(node, request, role, subprotocol)
}

fn refusal() -> Role {
    let text = format!("this server speaks {}", Subprotocol::ALL.join(", "));
    Role::Refusal(Close::saying(DisconnectReason::VersionUnsupported, &text))
}

fn foreign() -> Response {
    let detail = format!(
        "expected one of the subprotocols {}",
        Subprotocol::ALL.join(", ")
    );
    Problem::new(StatusCode::BAD_REQUEST, "subprotocol", detail).into_response()
}

/// Answers a good handshake, and hands the connection over when the answer is sent.
pub(crate) fn welcome(
    node: Arc<Node>,
    mut request: Request,
    role: Role,
    subprotocol: Option<HeaderValue>,
) -> Response {
    let response = handshake::accept(&request, subprotocol);
    let upgrade = hyper::upgrade::on(&mut request);
    // A stream of HTTP/2 keeps its connection busy for as long as it lasts.
    let in_flight = request.extensions_mut().remove::<Arc<InFlight>>();
    let tasks = node.tasks.clone();
    tasks.spawn(hand_over(node, upgrade, role, in_flight));
    response
}

async fn hand_over(
    node: Arc<Node>,
    upgrade: OnUpgrade,
    role: Role,
    in_flight: Option<Arc<InFlight>>,
) {
    let arrived = match upgrade.await {
        Ok(upgraded) => arrive(&node, upgraded, role, in_flight),
        Err(error) => {
            tracing::debug!(%error, "a connection was lost during its handshake");
            return;
        }
    };
    match arrived {
        Ok(arrival) => node.adopt(arrival),
        Err(error) => tracing::warn!(%error, "cannot take a connection over"),
    }
}

/// Takes the socket out of HTTP. What is no socket, such as a stream of an HTTP/2 connection (RFC
/// 8441), gets a bridge.
fn arrive(
    node: &Node,
    upgraded: Upgraded,
    role: Role,
    in_flight: Option<Arc<InFlight>>,
) -> io::Result<Arrival> {
    let token = node.tasks.token();
    match downcast::<TokioIo<CountedStream>>(upgraded) {
        Ok(Parts { io, read_buf, .. }) => {
            let (stream, unread, permit) = io.into_inner().into_parts();
            let stream = mio::net::TcpStream::from_std(stream.into_std()?);
            Ok(Arrival {
                socket: Socket::Tcp(stream),
                role,
                // A copy: the original holds on to a buffer of several KiB.
                early: [&read_buf[..], &unread].concat().into(),
                permit: Some(permit),
                token,
            })
        }
        Err(upgraded) => Ok(Arrival {
            socket: bridge(node, upgraded, in_flight)?,
            role,
            early: Bytes::new(),
            permit: None,
            token,
        }),
    }
}

/// A pair of sockets: the shard polls one, a task moves bytes between the other and the transport.
#[cfg(unix)]
fn bridge(node: &Node, upgraded: Upgraded, in_flight: Option<Arc<InFlight>>) -> io::Result<Socket> {
    let (near, far) = std::os::unix::net::UnixStream::pair()?;
    near.set_nonblocking(true)?;
    far.set_nonblocking(true)?;
    let far = tokio::net::UnixStream::from_std(far)?;
    node.tasks.spawn(async move {
        // However it ends: the shard notices at its end, the peer at its own.
        let _ = carry(TokioIo::new(upgraded), far).await;
        drop(in_flight);
    });
    Ok(Socket::Bridge(mio::net::UnixStream::from_std(near)))
}

/// Moves bytes both ways until the shard has closed its end or the peer takes nothing for too long.
#[cfg(unix)]
async fn carry(peer: TokioIo<Upgraded>, shard: tokio::net::UnixStream) -> io::Result<()> {
    let (mut from_peer, mut to_peer) = tokio::io::split(peer);
    let (mut from_shard, mut to_shard) = shard.into_split();
    let down = async {
        let mut piece = [0; PIECE_LEN];
        loop {
            let len = from_shard.read(&mut piece).await?;
            if len == 0 {
                return timeout(FAREWELL, to_peer.shutdown()).await?;
            }
            // The conversation counts on progress, too, and ends before if it can.
            timeout(STALL, to_peer.write_all(&piece[..len])).await??;
        }
    };
    let up = async {
        tokio::io::copy(&mut from_peer, &mut to_shard).await?;
        to_shard.shutdown().await
    };
    let (mut down, mut up) = (std::pin::pin!(down), std::pin::pin!(up));
    tokio::select! {
        done = &mut down => {
            done?;
            timeout(FAREWELL, up).await?
        }
        done = &mut up => {
            done?;
            down.await
        }
    }
}

/// Bytes that a bridge moves at a time.
#[cfg(unix)]
const PIECE_LEN: usize = 8 * 1024;

/// Time in which a peer must take them. Longer than a conversation waits for its reader and then
/// for the Close frame to be taken.
#[cfg(unix)]
const STALL: Duration = Duration::from_secs(60);

/// Time that a peer has to close its end after the shard has.
#[cfg(unix)]
const FAREWELL: Duration = Duration::from_secs(1);

#[cfg(not(unix))]
fn bridge(_: &Node, _: Upgraded, _: Option<Arc<InFlight>>) -> io::Result<Socket> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}
