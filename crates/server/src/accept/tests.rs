//! Peers that behave, and peers that do not, over real sockets.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{ConnectInfo, FromRequest};
use axum::response::Response;
use axum::routing::{any, get};
use futures_util::StreamExt;
use hyper::Request;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mio::{Events, Poll, Token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use trunkline_protocol::Moment;

use super::*;

/// Short enough for a test to see it pass, long enough for a busy machine to answer in.
const PATIENCE: Duration = Duration::from_millis(300);

/// What takes this long outlives every timeout of these tests.
const LONG: Duration = Duration::from_millis(900);

struct TestServer {
    address: SocketAddr,
    open: OpenConnections,
    shutdown: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
}

impl TestServer {
    fn start(connections_max: usize) -> Self {
        let timeouts = Timeouts {
            request: PATIENCE,
            idle: PATIENCE,
            stall: PATIENCE,
        };
        Self::start_with(connections_max, timeouts)
    }

    fn start_with(connections_max: usize, timeouts: Timeouts) -> Self {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (shutdown, abort) = (CancellationToken::new(), CancellationToken::new());
        let open = OpenConnections::new(connections_max);
        let tasks = TaskTracker::new();
        let tokens = (shutdown.clone(), abort.clone());
        let reception = Reception::new(app(), timeouts, tokens, tasks.clone());
        let acceptor = Acceptor::new(listener, Arc::new(reception), open.clone());
        let (runtime, end) = (Handle::current(), shutdown.clone());
        std::thread::spawn(move || {
            let _context = runtime.enter();
            accept_until(acceptor, &end);
        });
        Self {
            address,
            open,
            shutdown,
            abort,
            tasks,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("a connection")
    }

    async fn count_becomes(&self, expected: usize) {
        within(async {
            while self.open.count() != expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

/// Does what a shard does for an acceptor.
fn accept_until(mut acceptor: Acceptor, end: &CancellationToken) {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(8);
    acceptor
        .register(poll.registry(), Token(0))
        .expect("it can be polled");
    let start = Instant::now();
    while !end.is_cancelled() {
        poll.poll(&mut events, Some(TURN)).expect("no error");
        let now = Moment::from_ms(start.elapsed().as_millis() as u64);
        acceptor.accept(now);
    }
}

/// How often a test's acceptor looks whether it should end.
const TURN: Duration = Duration::from_millis(10);

fn app() -> Router {
    let late = |mut request: Request<Body>| async {
        let in_flight = request.extensions_mut().remove::<Arc<InFlight>>();
        let upgrade = WebSocketUpgrade::from_request(request, &()).await;
        upgrade
            .expect("a handshake")
            .on_upgrade(|mut socket| async move {
                sleep(LONG).await;
                let _ = socket.send(Message::text("late")).await;
                while socket.recv().await.is_some() {}
                drop(in_flight);
            })
    };
    let slow = || async {
        sleep(LONG).await;
        "slow"
    };
    let stream = || async { Body::from_stream(futures_util::stream::once(slow_piece())) };
    let large = || async { "large".repeat(1_000_000) };
    let events = || async {
        let mut response = Response::new(Body::from_stream(futures_util::stream::pending::<
            Result<&'static str, Infallible>,
        >()));
        let ends_at = EndsAt(Instant::now() + 100 * LONG);
        response.extensions_mut().insert(ends_at);
        response
    };
    Router::new()
        .route("/large", get(large))
        .route("/events", get(events))
        .route(
            "/",
            get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() }),
        )
        .route("/slow", get(slow))
        .route("/stream", get(stream))
        .route("/ws", any(late))
}

async fn slow_piece() -> Result<&'static str, Infallible> {
    sleep(LONG).await;
    Ok("slow")
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(10), future)
        .await
        .expect("this to happen within 10 s")
}

/// Reads until the server closes; a reset counts as closed.
async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = within(stream.read_to_end(&mut bytes)).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Asks for a path on a connection that stays open, and reads up to the expected end.
async fn ask(stream: &mut TcpStream, path: &str, end: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("room for a request");
    let mut text = String::new();
    while !text.ends_with(end) {
        let mut buffer = [0; 1024];
        let len = within(stream.read(&mut buffer)).await.expect("an answer");
        assert_ne!(len, 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..len]).expect("text"));
    }
    text
}

/// Sends the pieces with pauses that alone are no reason to be closed.
async fn check_closed(pieces: &[&[u8]]) {
    let server = TestServer::start(10);
    let mut stream = server.connect().await;
    let start = Instant::now();
    for piece in pieces {
        // The server may close before all of them are sent: that is the point.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        sleep(PATIENCE / 10).await;
    }
    let _ = read_to_end(&mut stream).await;
    let elapsed = start.elapsed();
    assert!(
        elapsed >= PATIENCE - PATIENCE / 10,
        "closed too early, after {elapsed:?}"
    );
    server.count_becomes(0).await;
}

#[tokio::test]
async fn a_connection_that_does_not_ask_is_closed() {
    check_closed(&[]).await;
    check_closed(&[b"G"]).await;
    check_closed(&[b"GET / HTTP/1.1\r\nHost: test\r\n"]).await;
    check_closed(&[b"PRI * HT"]).await;
    check_closed(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]).await;
    // The whole preface with empty settings, and a ping, but no request.
    let settings = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    check_closed(&[settings, b"\0\0\x08\x06\0\0\0\0\0\0\0\0\0\0\0\0\0"]).await;
}

#[tokio::test]
async fn a_connection_that_asks_too_slowly_is_closed() {
    let mut pieces: Vec<&[u8]> = vec![b"GET / HTTP/1.1\r\nHost: test\r\n"];
    pieces.extend([b"X-Slow: 1\r\n".as_slice(); 30]);
    check_closed(&pieces).await;
    let preface: Vec<&[u8]> = b"PRI * HTTP/2.0\r\n\r\nSM".chunks(1).collect();
    check_closed(&preface).await;
}

#[tokio::test]
async fn a_slow_peer_does_not_disturb_the_others() {
    let server = TestServer::start(100);
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = server.connect().await;
        stream
            .write_all(b"GET / HT")
            .await
            .expect("room for some bytes");
        slow.push(stream);
    }
    let mut stream = server.connect().await;
    let address = stream.local_addr().expect("an address").to_string();
    assert!(
        ask(&mut stream, "/", &address)
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
}

#[tokio::test]
async fn a_connection_is_used_again_and_closed_when_idle() {
    let server = TestServer::start(1);
    let mut stream = server.connect().await;
    let address = stream.local_addr().expect("an address").to_string();
    for _ in 0..3 {
        ask(&mut stream, "/", &address).await;
    }
    assert_eq!(read_to_end(&mut stream).await, "");
    server.count_becomes(0).await;
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_request_head_may_take() {
    let timeouts = Timeouts {
        request: PATIENCE,
        idle: 10 * LONG,
        stall: PATIENCE,
    };
    let server = TestServer::start_with(1, timeouts);
    let mut stream = server.connect().await;
    let address = stream.local_addr().expect("an address").to_string();
    ask(&mut stream, "/", &address).await;
    sleep(LONG).await;
    ask(&mut stream, "/", &address).await;
    // A head that has begun has no more time than the first one.
    stream.write_all(b"GET / HT").await.expect("room for some");
    let start = Instant::now();
    assert_eq!(read_to_end(&mut stream).await, "");
    assert!(start.elapsed() < 5 * LONG, "{:?}", start.elapsed());
    server.count_becomes(0).await;
}

/// Asks for a path, closes the sending half, and reads all that comes.
async fn ask_and_half_close(server: &TestServer, path: &str) -> String {
    let mut stream = server.connect().await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("room for a request");
    stream.shutdown().await.expect("an open connection");
    read_to_end(&mut stream).await
}

#[tokio::test]
async fn a_client_that_closes_its_sending_half_is_answered() {
    let timeouts = Timeouts {
        request: PATIENCE,
        idle: 100 * LONG,
        stall: 10 * LONG,
    };
    let server = TestServer::start_with(1, timeouts);
    for (path, end) in [
        ("/", ":"),
        ("/slow", "slow"),
        ("/stream", "slow\r\n0\r\n\r\n"),
        ("/large", "large"),
    ] {
        let answer = ask_and_half_close(&server, path).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{path}: {answer}");
        assert!(answer.contains(end), "{path}");
        // Nothing keeps the connection then.
        server.count_becomes(0).await;
    }
}

#[tokio::test]
async fn a_response_that_streams_ends_with_the_end_of_what_the_client_sends() {
    let server = TestServer::start(1);
    let answer = ask_and_half_close(&server, "/events").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("\r\n0\r\n\r\n"), "{answer}");
    server.count_becomes(0).await;
}

#[tokio::test]
async fn an_answer_may_take_longer_than_a_question() {
    let server = TestServer::start(1);
    let mut stream = server.connect().await;
    assert!(
        ask(&mut stream, "/slow", "slow")
            .await
            .starts_with("HTTP/1.1 200 OK")
    );
    // A body that comes late, after a head that came at once.
    ask(&mut stream, "/stream", "slow\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let server = TestServer::start(1);
    let mut first = server.connect().await;
    let address = first.local_addr().expect("an address").to_string();
    ask(&mut first, "/", &address).await;

    let mut second = server.connect().await;
    second
        .write_all(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        .await
        .expect("room for a request");
    let answer = read_to_end(&mut second).await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\n"),
        "{answer}"
    );

    drop(first);
    server.count_becomes(0).await;
    let mut third = server.connect().await;
    let address = third.local_addr().expect("an address").to_string();
    ask(&mut third, "/", &address).await;
}

#[tokio::test]
async fn a_websocket_outlives_the_request_that_opened_it_and_counts() {
    let server = TestServer::start(1);
    let url = format!("ws://{}/ws", server.address);
    let (mut socket, _) = within(tokio_tungstenite::connect_async(url))
        .await
        .expect("an upgrade");
    let message = within(socket.next())
        .await
        .expect("a message")
        .expect("no error");
    assert_eq!(message.into_text().expect("text"), "late");
    assert_eq!(server.open.count(), 1);
    drop(socket);
    server.count_becomes(0).await;
}

#[tokio::test]
async fn a_websocket_over_http_2_outlives_the_request_that_opened_it() {
    let server = TestServer::start(1);
    let stream = TokioIo::new(server.connect().await);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream);
    let (mut sender, connection) = within(handshake).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = Request::connect(format!("http://{}/ws", server.address))
        .header("sec-websocket-version", "13")
        .extension(Protocol::from_static("websocket"))
        .body(Body::empty())
        .expect("a valid request");
    // The server's settings, which allow this, may arrive after the handshake.
    within(sender.ready()).await.expect("an open connection");
    let response = within(sender.send_request(request))
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    let upgraded = within(hyper::upgrade::on(response))
        .await
        .expect("an upgrade");
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Client, None).await;
    let message = within(socket.next())
        .await
        .expect("a message")
        .expect("no error");
    assert_eq!(message.into_text().expect("text"), "late");
    // Once it has ended, its connection is idle like any other.
    assert_eq!(server.open.count(), 1);
    drop(socket);
    server.count_becomes(0).await;
    drop(sender);
}

#[tokio::test]
async fn a_shutdown_answers_what_was_asked_and_takes_nothing_new() {
    let server = TestServer::start(10);
    let mut idle = server.connect().await;
    let address = idle.local_addr().expect("an address").to_string();
    ask(&mut idle, "/", &address).await;
    let mut busy = server.connect().await;
    let answer = tokio::spawn(async move { ask(&mut busy, "/slow", "slow").await });
    server.count_becomes(2).await;
    // Asked on another connection after the slow request was read.
    ask(&mut idle, "/", &address).await;

    server.shutdown.cancel();
    server.tasks.close();
    assert_eq!(read_to_end(&mut idle).await, "");
    assert!(
        within(answer)
            .await
            .expect("no panic")
            .contains("connection: close")
    );
    within(server.tasks.wait()).await;
    within(async { while TcpStream::connect(server.address).await.is_ok() {} }).await;
}

#[tokio::test]
async fn an_abort_does_not_wait_for_answers() {
    let server = TestServer::start(10);
    let mut busy = server.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
        .await
        .expect("room for a request");
    server.count_becomes(1).await;
    server.shutdown.cancel();
    server.abort.cancel();
    server.tasks.close();
    assert_eq!(read_to_end(&mut busy).await, "");
    within(server.tasks.wait()).await;
}
