//! Peers that do not read: what is held for them is bounded and given back, and those that are only
//! slow are served.
//!
//! Connections are measured by the server's own count: one that is full answers 503.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use trunkline_protocol::frame::{Range, Start};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, RoomName};
use trunkline_protocol::{ClientFrame, Codec, DisconnectReason, List, Position, ServerFrame, Text};
use trunkline_server::{Broker, Config};
use trunkline_session::Pace;
use trunkline_tests::{
    Peer, RawSocket, TestServer, connect, get, masked_frame, until, upgrade_request, within,
};

const LOBBY: &str = "chat:lobby";

/// Time for which a peer may take nothing, in these tests.
const STALL: Duration = Duration::from_millis(700);

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

fn quickly(config: &mut Config) {
    config.broker = Broker::Memory;
    config.session.pace = Pace {
        per_second: 100_000,
        burst: 100_000,
    };
    config.timeouts.stall = STALL;
}

/// A TCP connection with little room for what it does not read.
async fn narrow(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    socket
        .connect(address)
        .await
        .expect("a server that listens")
}

/// Says so many long things in the lobby. Returns where a reader of all of them starts.
async fn talk(peer: &mut Peer, count: usize) -> Start {
    let text = Text::cut(&"\u{1f682}".repeat(1900));
    let mut start = Start::default();
    for _ in 0..count {
        let say = ChatCommand::Say { text: text.clone() };
        match peer.publish::<Chat>(&lobby(), &say).await {
            ServerFrame::Published { position, .. } => {
                let offset = 0;
                start = Start::After(Position { offset, ..position });
            }
            other => panic!("{other:?}"),
        }
    }
    start
}

/// Opens a stream and does not read it.
async fn unread_stream(server: &TestServer, token: &str, start: Start) -> TcpStream {
    let body = Codec::Json.encode(&connect(token, LOBBY, start));
    let mut stream = narrow(server.address()).await;
    let head = format!(
        "POST /http/stream HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        server.address(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("a line");
    stream.write_all(&body).await.expect("a line");
    stream
}

/// Waits until the server has room for another connection.
async fn has_room(server: &TestServer) {
    until("room for a connection", async || {
        let answer = get(server.address(), "/http/none", &[]).await;
        (answer.status() != 503).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_are_never_read_give_their_connections_back() {
    const STREAMS: usize = 5;
    let server = TestServer::start_with(|config| {
        quickly(config);
        config.connections_max = STREAMS;
        // Sockets that say nothing keep their places.
        config.session.greeting_max = Duration::from_secs(600);
    })
    .await;
    let token = server.token("bob").await;
    let start = talk_to_the_last(&server).await;
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        has_room(&server).await;
        streams.push(unread_stream(&server, &token, start).await);
    }
    // As many sockets as there are places: none of the streams is held any more.
    let mut sockets = Vec::new();
    for _ in 0..STREAMS {
        let socket = until("a place", async || {
            let (socket, answer) = RawSocket::upgrade(server.address(), "/ws", &[]).await;
            (answer.status() == 101).then_some(socket)
        });
        sockets.push(socket.await);
    }
    drop(streams);
}

#[tokio::test]
async fn answers_that_are_never_read_give_their_connection_back() {
    let server = TestServer::start_with(|config| {
        quickly(config);
        config.connections_max = 1;
    })
    .await;
    let mut stream = narrow(server.address()).await;
    let request = format!(
        "GET /api/openapi.json HTTP/1.1\r\nhost: {}\r\n\r\n",
        server.address()
    );
    stream
        .write_all(request.repeat(20).as_bytes())
        .await
        .expect("room for requests");
    has_room(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_2_streams_without_a_window_are_reset_and_their_connection_goes_on() {
    let server = TestServer::start_with(|config| {
        quickly(config);
        config.session.requests_max = 1;
    })
    .await;
    let token = server.token("bob").await;
    let stream = TcpStream::connect(server.address()).await.expect("a port");
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(0);
    let (mut sender, connection) = builder
        .handshake(TokioIo::new(stream))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let frame = Codec::Json.encode(&connect(&token, LOBBY, Start::default()));
    let paths = [
        ("POST", "/http/stream", frame.clone()),
        ("POST", "/http/poll?wait=0", frame),
        ("GET", "/http/history?topic=chat:lobby", Bytes::new()),
    ];
    for (method, path, body) in paths {
        // The user may have one request under way: the one before is over when this is let in.
        let response = until(path, async || {
            let request = Request::builder()
                .method(method)
                .uri(format!("http://{}{path}", server.address()))
                .header("content-type", "application/json")
                .header("authorization", format!("Bearer {token}"))
                .body(Full::new(body.clone()))
                .expect("a valid request");
            let response = sender.send_request(request).await.expect("an answer");
            (response.status() == 200).then_some(response)
        })
        .await;
        let end = within("the end of a stream", response.into_body().frame()).await;
        let reset = end.expect("an end").expect_err("a reset");
        assert!(reset.to_string().contains("error"), "{reset}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_does_not_wait_for_unread_streams_to_end() {
    let grace = Duration::from_secs(20);
    let mut server = TestServer::start_with(|config| {
        quickly(config);
        config.timeouts.stall = grace;
        config.shutdown_grace = grace;
    })
    .await;
    let token = server.token("bob").await;
    let mut ada = server.peer("ada").await;
    let start = talk(&mut ada, 120).await;
    let stream = unread_stream(&server, &token, start).await;
    until("a reader", async || {
        (present(&mut ada).await > 0).then_some(())
    })
    .await;
    // It is stalled for a while.
    tokio::time::sleep(STALL).await;
    let started = Instant::now();
    let closed = async { ada.closed().await.0 };
    let (_, reason) = tokio::join!(server.stop(), closed);
    assert_eq!(reason, DisconnectReason::Restart);
    assert!(started.elapsed() < grace / 2, "{:?}", started.elapsed());
    drop(stream);
}

/// Returns the number of users in the lobby.
async fn present(peer: &mut Peer) -> u32 {
    let id = peer.id();
    let topic = Text::cut(LOBBY);
    peer.send(&ClientFrame::Presence { id, topic }).await;
    match peer.answer_to(id).await {
        ServerFrame::Present { members, .. } => members.count,
        other => panic!("{other:?}"),
    }
}

/// Reads a piece from time to time, as a slow line does, until `end` was in it. False if the server
/// ended before.
async fn read_slowly(stream: &mut TcpStream, end: &str) -> bool {
    let mut tail = Vec::new();
    let mut piece = vec![0; 16 * 1024];
    let mut last = Instant::now();
    loop {
        let left = Duration::from_millis(50).saturating_sub(last.elapsed());
        tokio::time::sleep(left).await;
        last = Instant::now();
        let len = within("a piece", stream.read(&mut piece))
            .await
            .unwrap_or(0);
        if len == 0 {
            return false;
        }
        tail.extend_from_slice(&piece[..len]);
        if tail.windows(end.len()).any(|it| it == end.as_bytes()) {
            return true;
        }
        tail.drain(..tail.len().saturating_sub(end.len()));
    }
}

/// The last of much that is in the lobby.
const LAST: &str = "the very last of all";

async fn talk_to_the_last(server: &TestServer) -> Start {
    let mut ada = server.peer("ada").await;
    let start = talk(&mut ada, 130).await;
    let text = Text::cut(LAST);
    ada.publish::<Chat>(&lobby(), &ChatCommand::Say { text })
        .await;
    start
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_of_a_stream_gets_all_of_it() {
    let server = TestServer::start_with(|config| {
        quickly(config);
        // A fraction of the time that it takes.
        config.timeouts.stall = 3 * STALL;
        config.session.silence_max = 3 * STALL;
        config.session.ping_interval = STALL / 2;
    })
    .await;
    let start = talk_to_the_last(&server).await;
    let mut stream = unread_stream(&server, &server.token("bob").await, start).await;
    assert!(read_slowly(&mut stream, LAST).await, "it was cut");
}

/// A WebSocket in JSON with little room for what it does not read.
async fn narrow_websocket(server: &TestServer, start: Option<Start>) -> TcpStream {
    let token = server.token("slow").await;
    let mut stream = narrow(server.address()).await;
    let json = ["Sec-WebSocket-Protocol: trunkline.v1.json"];
    let request = upgrade_request(server.address(), "/ws", &json);
    let frame = connect(&token, LOBBY, start.unwrap_or_default());
    let ClientFrame::Connect {
        version,
        token,
        agent,
        subscriptions,
    } = frame
    else {
        panic!("a connect frame")
    };
    let frame = ClientFrame::Connect {
        version,
        token,
        agent,
        subscriptions: if start.is_some() {
            subscriptions
        } else {
            List::default()
        },
    };
    stream.write_all(request.as_bytes()).await.expect("a line");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within("the head", stream.read_u8()).await.expect("a head"));
    }
    stream
        .write_all(&masked_frame(0x81, &Codec::Json.encode(&frame)))
        .await
        .expect("a line");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_of_a_websocket_gets_all_of_it_though_no_pong_comes_through() {
    let server = TestServer::start_with(|config| {
        quickly(config);
        // A fraction of the time that it takes.
        config.timeouts.stall = 3 * STALL;
        config.session.silence_max = 3 * STALL;
        config.session.ping_interval = STALL / 2;
    })
    .await;
    let start = talk_to_the_last(&server).await;
    let mut stream = narrow_websocket(&server, Some(start)).await;
    assert!(read_slowly(&mut stream, LAST).await, "it was closed");
}

/// Reads frames until the Close frame, and returns its code and words. None if the line ends before.
async fn close_of(stream: &mut TcpStream) -> Option<(u16, String)> {
    loop {
        let (first, len) = (stream.read_u8().await.ok()?, stream.read_u8().await.ok()?);
        let len = match len {
            126 => u64::from(stream.read_u16().await.ok()?),
            127 => stream.read_u64().await.ok()?,
            len => u64::from(len),
        };
        let mut payload = vec![0; len as usize];
        stream.read_exact(&mut payload).await.ok()?;
        if first == 0x88 {
            let code = u16::from_be_bytes([payload[0], payload[1]]);
            return Some((code, String::from_utf8_lossy(&payload[2..]).into_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_that_reads_on_learns_why_it_was_closed() {
    let server = TestServer::start_with(|config| {
        quickly(config);
        config.session.silence_max = STALL;
        config.session.ping_interval = STALL / 4;
    })
    .await;
    let start = talk_to_the_last(&server).await;
    let mut stalled = narrow_websocket(&server, Some(start)).await;
    // Longer than it takes to be closed, and than a peer that reads has for its Close frame.
    tokio::time::sleep(STALL + Duration::from_secs(4)).await;
    let close = within("a Close frame", close_of(&mut stalled)).await;
    let words = "what is sent is not read".to_owned();
    assert_eq!(close, Some((DisconnectReason::Silent.code(), words)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_requests_as_may_wait_are_all_answered_however_long_the_answers_are() {
    let server = TestServer::start_with(quickly).await;
    talk_to_the_last(&server).await;
    let mut peer = server.peer("bob").await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        let id = peer.id();
        ids.push(id);
        peer.send(&ClientFrame::History {
            id,
            topic: Text::cut(LOBBY),
            range: Range::After { offset: 0 },
            limit: 256,
        })
        .await;
    }
    for id in ids {
        match peer.answer_to(id).await {
            ServerFrame::History { publications, .. } => assert!(publications.len() > 5),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_wait_for_a_reader_that_takes_their_answers_late() {
    const CALLS: u32 = 60;
    let server = TestServer::start_with(|config| {
        quickly(config);
        // Less than all the answers together, and more than one.
        config.hub.outbox_len_max = 8 * 1024;
        config.hub.reserve_len_max = 8 * 1024;
    })
    .await;
    let mut stream = narrow_websocket(&server, None).await;
    let connected = read_text(&mut stream).await;
    assert!(connected.starts_with(br#"{"type":"connected""#));
    let text = "x".repeat(4_000);
    for id in 1..=CALLS {
        let call = format!(
            r#"{{"type":"call","id":{id},"method":"lab.echo","deadline_ms":9000,"request":{{"text":"{text}"}}}}"#
        );
        let sending = async {
            let frame = masked_frame(0x81, call.as_bytes());
            stream.write_all(&frame).await.expect("a line");
        };
        within("room for a call", sending).await;
    }
    let mut answers = 0;
    while answers < CALLS {
        let frame = read_text(&mut stream).await;
        answers += u32::from(frame.starts_with(br#"{"type":"returned""#));
    }
}

/// Reads a text message of a WebSocket that stays open.
async fn read_text(stream: &mut TcpStream) -> Vec<u8> {
    let first = stream.read_u8().await.expect("a line that is up");
    assert_eq!(first, 0x81, "it is not closed");
    let len = match stream.read_u8().await.expect("a length") {
        126 => u64::from(stream.read_u16().await.expect("a length")),
        127 => stream.read_u64().await.expect("a length"),
        len => u64::from(len),
    };
    let mut payload = vec![0; len as usize];
    within("a frame", stream.read_exact(&mut payload))
        .await
        .expect("a frame");
    payload
}

/// A connection that is kept, and what was read of it.
struct Kept(TcpStream, Vec<u8>);

impl Kept {
    async fn open(server: &TestServer) -> Self {
        let stream = TcpStream::connect(server.address()).await.expect("a port");
        Self(stream, Vec::new())
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("a line that is up");
    }

    /// Reads the head of the next answer, and passes its body.
    async fn head(&mut self) -> String {
        let reading = async {
            loop {
                let end = self.1.windows(4).position(|it| it == b"\r\n\r\n");
                if let Some(end) = end {
                    let head = String::from_utf8_lossy(&self.1[..end]).to_lowercase();
                    let len = head.split_once("content-length: ").expect("a length").1;
                    let len = len.split("\r\n").next().expect("a length");
                    let whole = end + 4 + len.parse::<usize>().expect("a number");
                    if self.1.len() >= whole {
                        self.1.drain(..whole);
                        return head;
                    }
                }
                let len = self.0.read_buf(&mut self.1).await;
                let len = len.expect("the answer before the end");
                assert!(len > 0, "closed before the answer");
            }
        };
        within("an answer", reading).await
    }
}

fn post(path: &str, len: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {len}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_refusal_before_the_body_is_read_keeps_the_connection() {
    let server = TestServer::start().await;
    let mut kept = Kept::open(&server).await;
    for _ in 0..3 {
        kept.send(post("/http/call", 60_000).as_bytes()).await;
        kept.send(&[b' '; 1_000]).await;
        let head = kept.head().await;
        assert!(head.starts_with("http/1.1 401"), "{head}");
        assert!(!head.contains("connection: close"), "{head}");
        kept.send(&[b' '; 59_000]).await;
    }
}

#[tokio::test]
async fn a_body_that_is_much_too_long_gets_its_answer_and_then_the_end() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let mut kept = Kept::open(&server).await;
    let head = post("/http/call", 900_000);
    let head = head.replace(
        "\r\nhost",
        &format!("\r\nauthorization: Bearer {token}\r\nhost"),
    );
    kept.send(head.as_bytes()).await;
    // It looks for an answer only when it has said all.
    for _ in 0..9 {
        kept.send(&[b' '; 100_000]).await;
    }
    let head = kept.head().await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    let end = within("the end", kept.0.read(&mut [0; 10])).await;
    assert_eq!(end.ok(), Some(0), "not reset");
}

#[tokio::test]
async fn a_server_that_is_full_still_tells_its_health() {
    let server = TestServer::start_with(|config| config.connections_max = 1).await;
    let _full = RawSocket::websocket(server.address()).await;
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/api", 503)] {
        let answer = get(server.address(), path, &[]).await;
        assert_eq!(answer.status(), status, "{path}");
    }
    let answer = get(server.address(), "/healthz", &[]).await;
    assert_eq!(answer.body, "ok\n");
}
