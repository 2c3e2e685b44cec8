//! Serves one connection: HTTP/1 or HTTP/2, whichever it speaks, until an upgrade or its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::header::{self, HeaderValue};
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::body::{EndsAt, SentBody};
use super::counted::CountedStream;
use super::patience::{Patience, PeerEnd, Timeouts};
use super::rest::{Left, ReadBody};
use super::uptake::Uptake;

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
    pub(super) async fn serve(self, mut stream: CountedStream, peer: SocketAddr) {
        let patience = Patience::new(self.timeouts);
        stream.tell(&patience);
        let uptake = stream.uptake();
        let app = self.app;
        let service = service_fn(|request| {
            let (request, left) = ReadBody::of(request, self.timeouts.request);
            answer(app.clone(), (request, left), peer, (&patience, &uptake))
        });
        let builder = builder(self.timeouts, self.shutdown.clone());
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);

        let mut closing = false;
        loop {
            let stall = stall(self.timeouts, closing);
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
                // These start anew with each turn of the loop, which only `shutdown` causes, once.
                () = uptake.overdue(stall) => {
                    tracing::debug!(%peer, "cutting a connection whose peer takes nothing");
                    uptake.cut();
                    let _ = timeout(LAST_MOMENT, connection).await;
                    return;
                }
                () = idle(&patience, &uptake, self.timeouts.idle) => {
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

/// Time that a connection has to notice that it was cut.
const LAST_MOMENT: Duration = Duration::from_millis(100);

/// Time for which a peer may take nothing of what waits for it once the server is to end.
const STALL_AT_THE_END: Duration = Duration::from_secs(2);

/// Returns the time for which a peer may take nothing of what waits for it.
fn stall(timeouts: Timeouts, closing: bool) -> Duration {
    if closing {
        timeouts.stall.min(STALL_AT_THE_END)
    } else {
        timeouts.stall
    }
}

/// Waits until a connection has asked for nothing for too long, and has taken all that it asked
/// for.
async fn idle(patience: &Patience, uptake: &Uptake, idle: Duration) {
    loop {
        patience.run_out().await;
        if !uptake.settle(idle).await {
            return;
        }
    }
}

/// Runs the streams of an HTTP/2 connection, and resets those whose peer takes nothing. hyper does
/// not look at a body again before there is room for the next piece, so a body cannot end itself.
#[derive(Clone)]
struct Streams {
    timeouts: Timeouts,
    shutdown: CancellationToken,
}

tokio::task_local! {
    /// Uptake by the peer of the stream whose task this is.
    static STREAM: Arc<Uptake>;
}

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let (timeouts, shutdown) = (self.timeouts, self.shutdown.clone());
        let uptake = Arc::new(Uptake::default());
        tokio::spawn(async move {
            let ending = async {
                shutdown.cancelled().await;
                uptake.overdue(stall(timeouts, true)).await;
            };
            // Dropping the stream resets it.
            tokio::select! {
                biased;
                _ = STREAM.scope(Arc::clone(&uptake), stream) => {}
                () = uptake.overdue(stall(timeouts, false)) => {
                    tracing::debug!("cutting a stream whose peer takes nothing");
                }
                () = ending => {}
            }
        });
    }
}

/// Request heads may be this large, in bytes and in number of fields.
const HEAD_LEN_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;

/// Streams that a peer may have open on one HTTP/2 connection.
const STREAMS_MAX: u32 = 128;

fn builder(timeouts: Timeouts, shutdown: CancellationToken) -> Builder<Streams> {
    let mut builder = Builder::new(Streams { timeouts, shutdown });
    builder
        .http1()
        .timer(TokioTimer::new())
        // Its time would begin with the pause before the head. `Patience` has one for each.
        .header_read_timeout(None)
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
    (request, left): (Request<ReadBody>, Left),
    peer: SocketAddr,
    (patience, connection): (&Arc<Patience>, &Arc<Uptake>),
) -> impl Future<Output = Result<Response<SentBody>, Infallible>> + use<> {
    let in_flight = Arc::new(patience.begin(request.version()));
    let (patience, connection) = (Arc::clone(patience), Arc::clone(connection));
    let is_http1 = request.version() < Version::HTTP_2;
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    if is_http1 {
        let end = PeerEnd(Arc::clone(&patience));
        request.extensions_mut().insert(end);
    }
    if request.method() == Method::CONNECT {
        // A conversation on a stream outlasts its request.
        request.extensions_mut().insert(Arc::clone(&in_flight));
    }
    async move {
        let stream = STREAM.try_with(Arc::clone).ok();
        let mut response = app.oneshot(request).await?;
        if is_http1 && left.is_set() {
            let headers = response.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        let ends_at = response.extensions().get::<EndsAt>().map(|it| it.0);
        stream.as_ref().unwrap_or(&connection).end_at(ends_at);
        // A response that streams would go on for a peer that is gone.
        let until = (is_http1 && ends_at.is_some()).then(|| PeerEnd(patience));
        Ok(response.map(|body| SentBody::new(body, stream, in_flight).until(until)))
    }
}
