//! Serves one connection: HTTP/1 or HTTP/2, whichever it speaks, until an upgrade or its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::counted::CountedStream;
use super::patience::{BodyInFlight, Patience, Timeouts};

/// What is the same for all connections of a server.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) app: Router,
    pub(super) timeouts: Timeouts,
    /// Asks connections to end when they have answered what they were asked.
    pub(super) shutdown: CancellationToken,
    /// Ends them now.
    pub(super) abort: CancellationToken,
}

impl Serving {
    /// Serves one connection. Returns when it has ended or was upgraded.
    pub(super) async fn serve(self, stream: CountedStream, peer: SocketAddr) {
        let patience = Patience::new(self.timeouts);
        let app = self.app;
        let service = service_fn(|request| answer(app.clone(), request, peer, &patience));
        let builder = builder(self.timeouts);
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);

        let mut closing = false;
        loop {
            tokio::select! {
                // The connection first: an answer that is ready beats every reason to end it.
                biased;
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "a connection ended badly");
                    }
                    return;
                }
                () = self.abort.cancelled() => return,
                () = self.shutdown.cancelled(), if !closing => {
                    closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                // Starts anew with each turn of the loop, which only `shutdown` causes, once.
                () = patience.run_out() => {
                    tracing::debug!(%peer, "closing a connection that asks for nothing");
                    connection.as_mut().graceful_shutdown();
                    // Over HTTP/2 the farewell names the last request that was heard.
                    let _ = timeout(self.timeouts.request / 10, connection).await;
                    return;
                }
            }
        }
    }
}

/// Request heads may be this large, in bytes and in number of fields.
const HEAD_LEN_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;

/// Streams that a peer may have open on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;

fn builder(timeouts: Timeouts) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(timeouts.request)
        .max_buf_size(HEAD_LEN_MAX)
        .max_headers(HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .enable_connect_protocol()
        .max_header_list_size(HEAD_LEN_MAX as u32)
        .max_concurrent_streams(STREAMS_MAX)
        // Finds peers that are gone; a connection that carries a conversation is not timed.
        .keep_alive_interval(timeouts.idle)
        .keep_alive_timeout(timeouts.request);
    builder
}

fn answer(
    app: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    patience: &Arc<Patience>,
) -> impl Future<Output = Result<Response<BodyInFlight>, Infallible>> + use<> {
    let in_flight = patience.begin();
    let connect = request.method() == Method::CONNECT;
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    async move {
        let response = app.oneshot(request).await?;
        if connect && response.status().is_success() {
            in_flight.converses();
        }
        Ok(response.map(|body| BodyInFlight::new(body, in_flight)))
    }
}
