//! From HTTP to WebSocket: what is upgraded, what stays a page, what is refused.

use trunkline_protocol::{
    ClientFrame, Codec, DisconnectReason, List, PROTOCOL_VERSION, ServerFrame, Text,
};
use trunkline_tests::{
    Peer, RawSocket, ServerProcess, TestServer, get, masked_frame, upgrade_request,
};

#[tokio::test]
async fn chat_is_a_page_until_it_is_upgraded() {
    let server = ServerProcess::start(&[]).await;
    let page = get(server.address(), "/chat", &[]).await;
    assert_eq!(page.status(), 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );

    let (_, answer) = RawSocket::upgrade(server.address(), "/chat", &[]).await;
    assert_eq!(answer.status(), 101, "{}", answer.head);
    // The answer to the sample key of RFC 6455, section 1.3.
    assert_eq!(
        answer.header("sec-websocket-accept"),
        Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    );
}

#[tokio::test]
async fn a_socket_without_an_upgrade_says_what_it_needs() {
    let server = TestServer::start().await;
    let answer = get(server.address(), "/ws", &[]).await;
    assert_eq!(
        (answer.status(), answer.header("upgrade")),
        (426, Some("websocket"))
    );
}

async fn check(server: &TestServer, headers: &[&str], status: u16) {
    let (_, answer) = RawSocket::upgrade(server.address(), "/ws", headers).await;
    assert_eq!(answer.status(), status, "{headers:?}: {}", answer.head);
}

#[tokio::test]
async fn a_handshake_is_exactly_that_of_rfc_6455() {
    let server = TestServer::start().await;
    check(&server, &[], 101).await;
    check(&server, &["Sec-WebSocket-Version: 8"], 426).await;
    check(&server, &["Sec-WebSocket-Key: c2hvcnQ="], 400).await;
    check(
        &server,
        &[
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        400,
    )
    .await;
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let server = TestServer::start().await;
    let own = format!("Origin: http://{}", server.address());
    check(&server, &[&own], 101).await;
    check(&server, &["Origin: https://evil.example"], 403).await;
    check(&server, &["Origin: null"], 403).await;
    check(&server, &[&format!("{own}.evil.example")], 403).await;
}

#[tokio::test]
async fn the_subprotocol_chooses_the_codec() {
    let server = TestServer::start().await;
    let named = |name: &'static str| format!("Sec-WebSocket-Protocol: {name}");
    for (offered, chosen) in [
        ("trunkline.v1.bincode", Some("trunkline.v1.bincode")),
        (
            "trunkline.v1.json, trunkline.v1.bincode",
            Some("trunkline.v1.json"),
        ),
        ("trunkline.v7.cbor", Some("trunkline.v7.cbor")),
    ] {
        let (_, answer) = RawSocket::upgrade(server.address(), "/ws", &[&named(offered)]).await;
        assert_eq!(
            (answer.status(), answer.header("sec-websocket-protocol")),
            (101, chosen),
            "{offered}"
        );
    }
    check(&server, &[&named("graphql-ws")], 400).await;
}

#[tokio::test]
async fn without_a_subprotocol_json_is_spoken() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let mut peer = Peer::open_as(&server, Codec::Json, None)
        .await
        .expect("a handshake");
    peer.greet(&token).await;
    assert!(matches!(
        peer.receive().await,
        ServerFrame::Connected { .. }
    ));
}

#[tokio::test]
async fn another_version_is_told_which_ones_are_spoken() {
    let server = TestServer::start().await;
    let name = Some("trunkline.v9.bincode");
    let mut peer = Peer::open_as(&server, Codec::Bincode, name)
        .await
        .expect("a handshake");
    let (reason, text) = peer.closed().await;
    assert_eq!(reason, DisconnectReason::VersionUnsupported);
    assert!(text.contains("trunkline.v1.bincode"), "{text}");
}

/// A handshake with what a client says right after it, and a goodbye.
async fn hurried(server: &TestServer) -> Vec<u8> {
    let connect = ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut(&server.token("ada").await),
        agent: Text::cut("tests"),
        subscriptions: List::default(),
    };
    let mut bytes = upgrade_request(server.address(), "/ws", &[]).into_bytes();
    bytes.extend(masked_frame(0x81, &Codec::Json.encode(&connect)));
    bytes.extend(masked_frame(0x88, &1000_u16.to_be_bytes()));
    bytes
}

/// Reads the answer, and what follows it up to the end.
async fn check_answered(mut socket: RawSocket) {
    let answer = socket.read_answer().await;
    assert_eq!(answer.status(), 101, "{}", answer.head);
    let frames = socket.read_to_end().await;
    let text = String::from_utf8_lossy(&frames);
    assert!(text.contains(r#""type":"connected""#), "{text:?}");
    assert_eq!(frames[frames.len() - 4..], [0x88, 2, 0x03, 0xe8], "{text}");
}

#[tokio::test]
async fn frames_may_come_with_the_handshake() {
    let server = TestServer::start().await;
    let bytes = hurried(&server).await;
    let mut socket = RawSocket::connect(server.address()).await;
    socket.send(&bytes).await;
    check_answered(socket).await;

    let mut socket = RawSocket::connect(server.address()).await;
    socket.send(&bytes).await;
    socket.finish().await;
    check_answered(socket).await;
}

#[tokio::test]
async fn a_handshake_may_come_in_pieces() {
    let server = TestServer::start().await;
    let bytes = hurried(&server).await;
    for at in [1, 30, bytes.len() / 2, bytes.len() - 100, bytes.len() - 5] {
        let mut socket = RawSocket::connect(server.address()).await;
        socket.send(&bytes[..at]).await;
        // Whoever is answered came later: most likely the first piece was read.
        get(server.address(), "/healthz", &[]).await;
        socket.send(&bytes[at..]).await;
        check_answered(socket).await;
    }
}

#[tokio::test]
async fn an_upgrade_needs_http_1_1() {
    let server = TestServer::start().await;
    for path in ["/ws", "/chat"] {
        let request = upgrade_request(server.address(), path, &[]);
        let mut socket = RawSocket::connect(server.address()).await;
        let request = request.replace("HTTP/1.1", "HTTP/1.0");
        socket.send(request.as_bytes()).await;
        assert_eq!(socket.read_answer().await.status(), 400, "{path}");
    }
}
