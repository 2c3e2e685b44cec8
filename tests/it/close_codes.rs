//! Every violation ends in a Close frame with its code, and disturbs nobody else.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use trunkline_protocol::codec::CLIENT_FRAME_LEN_MAX;
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::{
    ClientFrame, Codec, DisconnectReason, List, PROTOCOL_VERSION, ServerFrame, Text,
};
use trunkline_tests::{Peer, RawSocket, TestServer, masked_frame};

/// A first byte, a payload, and the code that they end in.
async fn check(server: &TestServer, first: u8, payload: &[u8], code: u16) {
    let mut socket = RawSocket::websocket(server.address()).await;
    socket.send_frame(first, payload).await;
    assert_eq!(
        socket.close_code().await,
        Some(code),
        "first byte {first:#x}, {} bytes",
        payload.len()
    );
}

#[tokio::test]
async fn a_broken_frame_is_answered_with_its_code() {
    let server = TestServer::start().await;
    // A reserved opcode, reserved bits, a continuation of nothing, a fragmented ping, a long ping.
    check(&server, 0x83, b"", 1002).await;
    check(&server, 0xc2, b"", 1002).await;
    check(&server, 0x80, b"x", 1002).await;
    check(&server, 0x09, b"x", 1002).await;
    check(&server, 0x89, &[0; 126], 1002).await;
    // Text where binary is spoken, text that is not UTF-8, a frame that is too long.
    check(&server, 0x81, b"hello", 1003).await;
    check(&server, 0x81, &[0xff, 0xfe], 1007).await;
    check(&server, 0x82, &vec![0; CLIENT_FRAME_LEN_MAX + 1], 1009).await;
    // Garbage, nothing at all, and a frame with something behind it.
    check(&server, 0x82, &[0xff; 40], 4400).await;
    check(&server, 0x82, b"", 4400).await;
    let mut trailing = Codec::Bincode.encode(&ClientFrame::Pong).to_vec();
    trailing.push(0);
    check(&server, 0x82, &trailing, 4400).await;
}

#[tokio::test]
async fn a_frame_that_is_sent_together_with_connect_is_a_mistake() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let connect = ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut(&token),
        agent: Text::cut("test"),
        subscriptions: List::default(),
    };
    let connect = Codec::Bincode.encode(&connect);
    let (first, second) = (
        masked_frame(0x82, &connect),
        Codec::Bincode.encode(&ClientFrame::Pong),
    );
    let both = [first.clone(), masked_frame(0x82, &second)].concat();
    let mut socket = RawSocket::websocket(server.address()).await;
    socket.send(&both).await;
    assert_eq!(socket.close_code().await, Some(4400));
    // A ping of the WebSocket protocol is no frame of ours.
    let mut socket = RawSocket::websocket(server.address()).await;
    socket
        .send(&[first, masked_frame(0x89, b"")].concat())
        .await;
    socket.send_frame(0x88, &1000_u16.to_be_bytes()).await;
    assert_eq!(socket.close_code().await, Some(1000));
}

#[tokio::test]
async fn a_frame_without_a_mask_is_a_violation() {
    let server = TestServer::start().await;
    let mut socket = RawSocket::websocket(server.address()).await;
    socket.send(&[0x82, 0x01, 0x00]).await;
    assert_eq!(socket.close_code().await, Some(1002));
}

#[tokio::test]
async fn a_length_that_nobody_can_send_is_refused_when_it_is_claimed() {
    let server = TestServer::start().await;
    let mut socket = RawSocket::websocket(server.address()).await;
    let mut header = vec![0x82, 0x80 | 127];
    header.extend((1_u64 << 40).to_be_bytes());
    header.extend([0; 4]);
    socket.send(&header).await;
    assert_eq!(socket.close_code().await, Some(1009));
}

#[tokio::test]
async fn binary_where_text_is_spoken_is_the_wrong_kind() {
    let server = TestServer::start().await;
    let mut peer = Peer::open(&server, Codec::Json).await;
    peer.send_message(Message::Binary(vec![1, 2, 3].into()))
        .await;
    assert_eq!(peer.closed().await.0, DisconnectReason::Unsupported);
}

#[tokio::test]
async fn json_that_is_no_frame_is_told_where() {
    let server = TestServer::start().await;
    let mut peer = Peer::open(&server, Codec::Json).await;
    peer.send_message(Message::text(r#"{"type":"conect"}"#))
        .await;
    let (reason, text) = peer.closed().await;
    assert_eq!(reason, DisconnectReason::Malformed);
    assert!(text.contains("conect"), "{text}");
}

#[tokio::test]
async fn the_first_frame_must_be_connect_and_of_this_version() {
    let server = TestServer::start().await;
    let mut peer = Peer::open(&server, Codec::Bincode).await;
    peer.send(&ClientFrame::Pong).await;
    assert_eq!(peer.closed().await.0, DisconnectReason::Malformed);

    let mut peer = Peer::open(&server, Codec::Bincode).await;
    let (token, agent) = (Text::default(), Text::default());
    peer.send(&ClientFrame::Connect {
        version: 9,
        token,
        agent,
        subscriptions: List::default(),
    })
    .await;
    assert_eq!(peer.closed().await.0, DisconnectReason::VersionUnsupported);
}

#[tokio::test]
async fn connect_comes_once() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    peer.greet("again").await;
    assert_eq!(peer.closed().await.0, DisconnectReason::Malformed);
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_told() {
    let server = TestServer::start().await;
    let mut peer = Peer::open(&server, Codec::Bincode).await;
    peer.greet("not.a.token").await;
    assert_eq!(peer.closed().await.0, DisconnectReason::TokenInvalid);

    let other = TestServer::start().await;
    let token = other.token("ada").await;
    let mut peer = Peer::open(&server, Codec::Bincode).await;
    peer.greet(&token).await;
    assert_eq!(peer.closed().await.0, DisconnectReason::TokenInvalid);
}

#[tokio::test]
async fn who_says_nothing_is_late() {
    let short = Duration::from_millis(100);
    let server = TestServer::start_with(|config| config.session.greeting_max = short).await;
    let mut peer = Peer::open(&server, Codec::Bincode).await;
    assert_eq!(peer.closed().await.0, DisconnectReason::FirstFrameLate);
}

#[tokio::test]
async fn who_does_not_answer_the_heartbeat_is_silent() {
    let server = TestServer::start_with(|config| {
        config.session.ping_interval = Duration::from_millis(50);
        config.session.silence_max = Duration::from_millis(200);
    })
    .await;
    let mut peer = server.peer("ada").await;
    // Reading frames without answering them is what `closed` does.
    assert_eq!(peer.closed().await.0, DisconnectReason::Silent);
}

#[tokio::test]
async fn a_violation_disturbs_nobody_else() {
    let server = TestServer::start().await;
    let lobby = "lobby".parse().expect("a room");
    let mut ada = server.peer("ada").await;
    assert!(matches!(
        ada.subscribe("chat:lobby", Default::default()).await,
        ServerFrame::Subscribed { .. }
    ));
    for first in [0x83, 0x81, 0x82] {
        let mut socket = RawSocket::websocket(server.address()).await;
        socket.send_frame(first, &[0xff; 100]).await;
        assert!(socket.close_code().await.is_some());
    }
    let said = ada
        .publish::<Chat>(
            &lobby,
            &ChatCommand::Say {
                text: Text::cut("still here"),
            },
        )
        .await;
    assert!(matches!(said, ServerFrame::Published { .. }), "{said:?}");
}
