//! Shards: people on different loops of one server are in one room.

use futures_util::{SinkExt, StreamExt};
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{ClientFrame, Codec, List, Members, PROTOCOL_VERSION, ServerFrame, Text};
use trunkline_tests::{Peer, TestServer, within};

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

fn text(event: ChatEvent) -> String {
    match event {
        ChatEvent::Said { text, .. } => text.into(),
        other => panic!("nobody edits here: {other:?}"),
    }
}

/// Asks who is in the lobby.
async fn members(peer: &mut Peer) -> Members {
    let id = peer.id();
    let topic = Text::cut("chat:lobby");
    peer.send(&ClientFrame::Presence { id, topic }).await;
    match peer.answer_to(id).await {
        ServerFrame::Present { members, .. } => members,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_room_reaches_over_all_shards_in_one_order() {
    let server = TestServer::start_with(|config| config.shards = 4).await;
    let mut peers = Vec::new();
    for number in 0..8 {
        let codec = [Codec::Bincode, Codec::Json][number % 2];
        let mut peer = Peer::connect(&server, codec, &format!("peer {number}")).await;
        peer.subscribe("chat:lobby", Start::default()).await;
        peers.push(peer);
    }
    for (number, peer) in peers.iter_mut().enumerate() {
        peer.publish::<Chat>(&lobby(), &say(&format!("from {number}")))
            .await;
    }
    for peer in &mut peers {
        for number in 0..8 {
            assert_eq!(text(peer.event::<Chat>().await), format!("from {number}"));
        }
        assert_eq!(members(peer).await.count, 8);
    }
}

#[tokio::test]
async fn who_watches_on_one_shard_is_told_of_people_on_the_others() {
    let server = TestServer::start_with(|config| config.shards = 3).await;
    let mut watcher = Peer::connect(&server, Codec::Bincode, "watcher").await;
    let id = watcher.id();
    let subscribe = Subscribe {
        id,
        topic: Text::cut("chat:lobby"),
        contract: None,
        start: Start::default(),
        presence: true,
        max_hz: None,
    };
    watcher.send(&ClientFrame::Subscribe(subscribe)).await;
    watcher.answer_to(id).await;
    for number in 0..4 {
        let mut peer = Peer::connect(&server, Codec::Bincode, &format!("peer {number}")).await;
        peer.subscribe("chat:lobby", Start::default()).await;
        let joined = watcher.receive().await;
        let ServerFrame::Joined { member, count, .. } = joined else {
            panic!("{joined:?}")
        };
        assert_eq!((&*member.user.name, count), (&*format!("peer {number}"), 2));
        drop(peer);
        let left = watcher.receive().await;
        assert!(
            matches!(left, ServerFrame::Left { count: 1, .. }),
            "{left:?}"
        );
    }
}

/// A browser on an HTTP/2 connection opens a WebSocket on one of its streams (RFC 8441).
#[tokio::test]
async fn a_stream_of_an_http_2_connection_is_a_conversation_like_any_other() {
    let server = TestServer::start().await;
    let mut ada = Peer::connect(&server, Codec::Bincode, "ada").await;
    ada.subscribe("chat:lobby", Start::default()).await;

    let stream = TcpStream::connect(server.address()).await.expect("a port");
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = within("HTTP/2", handshake).await.expect("HTTP/2");
    tokio::spawn(connection);
    let request = hyper::Request::connect(format!("http://{}/ws", server.address()))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "trunkline.v1.json")
        .extension(Protocol::from_static("websocket"))
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .expect("a valid request");
    // The server's settings, which allow this, may arrive after the handshake.
    within("settings", sender.ready())
        .await
        .expect("an open connection");
    let response = within("an answer", sender.send_request(request)).await;
    let response = response.expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["sec-websocket-protocol"],
        "trunkline.v1.json"
    );
    let upgraded = within("an upgrade", hyper::upgrade::on(response)).await;
    let io = TokioIo::new(upgraded.expect("an upgrade"));
    let mut bob = WebSocketStream::from_raw_socket(io, Role::Client, None).await;

    let hello = ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut(ada.token()),
        agent: Text::cut("tests"),
        subscriptions: List::cut([Subscribe {
            id: 1,
            topic: Text::cut("chat:lobby"),
            contract: None,
            start: Start::default(),
            presence: false,
            max_hz: None,
        }]),
    };
    let hello = Codec::Json.encode(&hello).try_into().expect("JSON is text");
    bob.send(Message::Text(hello))
        .await
        .expect("a stream that is up");
    let mut next = async || {
        let message = within("a frame", bob.next())
            .await
            .expect("a stream that is up");
        let bytes = message.expect("a stream that is up").into_data();
        Codec::Json.decode::<ServerFrame>(&bytes).expect("a frame")
    };
    assert!(matches!(next().await, ServerFrame::Connected { .. }));
    assert!(matches!(next().await, ServerFrame::Subscribed { .. }));
    ada.publish::<Chat>(&lobby(), &say("over one socket and over a stream"))
        .await;
    let heard = next().await;
    assert!(
        matches!(heard, ServerFrame::Publication { offset: 1, .. }),
        "{heard:?}"
    );
}
