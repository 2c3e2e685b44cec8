//! Where a network does not let WebSockets through, people talk all the same, and nothing is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use futures_util::StreamExt;
use trunkline_client::{
    Client, ClientConfig, Guest, Options, Status, Subscription, Transport, Update,
};
use trunkline_protocol::frame::Range;
use trunkline_protocol::topics::chat::{
    Chat, ChatCommand, ChatEvent, ListRooms, ListRoomsRequest, RoomName,
};
use trunkline_protocol::{Codec, Text};
use trunkline_tests::{Habit, Middlebox, TestServer, within};

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

async fn client(server: &TestServer, address: SocketAddr, codec: Codec, name: &str) -> Client {
    let guest = Guest::sign_in(server.base(), name)
        .await
        .expect("a guest is welcome");
    let config = ClientConfig {
        codec,
        ..ClientConfig::new(format!("ws://{address}/ws"))
    };
    Client::connect(config, guest.tokens())
}

/// Waits until the client is live over `transport`.
async fn live_over(client: &Client, wanted: Transport) {
    let mut statuses = std::pin::pin!(client.statuses());
    let live = async {
        while let Some(status) = statuses.next().await {
            if matches!(status, Status::Live { transport, .. } if transport == wanted) {
                return;
            }
        }
    };
    within(&format!("a line over {wanted:?}"), live).await;
}

/// The next text that somebody says. A lost line or a gap is a failure.
async fn heard(room: &mut Subscription<Chat>) -> String {
    loop {
        match within("a message", room.next())
            .await
            .expect("a client that lives")
        {
            Update::Event {
                event: ChatEvent::Said { text, .. },
                ..
            } => return text.into(),
            Update::Subscribed { .. }
            | Update::Members(_)
            | Update::Joined { .. }
            | Update::Left { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Two talk, one of them through a box with a habit.
async fn talk(habit: Habit, codec: Codec, expected: Transport) {
    let server = TestServer::start().await;
    let middlebox = Middlebox::start(server.address(), habit).await;
    let ada = client(&server, middlebox.address(), codec, "ada").await;
    let bob = server.client("bob").await;
    let mut ada_hears = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    let mut bob_hears = bob.subscribe::<Chat>(lobby(), Options::newest(10));
    live_over(&ada, expected).await;
    for number in 0..5 {
        let text = format!("{number} from ada");
        let sent = within("an answer", ada.publish::<Chat>(&lobby(), &say(&text))).await;
        assert!(!sent.expect("a welcome command").duplicate);
        assert_eq!(heard(&mut bob_hears).await, text);
        assert_eq!(heard(&mut ada_hears).await, text);
        let text = format!("{number} from bob");
        within("an answer", bob.publish::<Chat>(&lobby(), &say(&text)))
            .await
            .expect("a welcome command");
        assert_eq!(heard(&mut ada_hears).await, text);
        assert_eq!(heard(&mut bob_hears).await, text);
    }
    // Calls, history and refusals are what they are over a WebSocket.
    let rooms = ada
        .call::<ListRooms>(&ListRoomsRequest {})
        .await
        .expect("rooms");
    assert_eq!(rooms.rooms.len(), 1);
    let range = Range::After { offset: 8 };
    let kept = ada
        .history::<Chat>(&lobby(), range, 10)
        .await
        .expect("a page");
    assert_eq!(kept.iter().map(|it| it.0).collect::<Vec<_>>(), [9, 10]);
    let refused = ada.publish::<Chat>(&lobby(), &say("")).await;
    assert!(refused.is_err(), "{refused:?}");
    // Another room is open at once, and the first one goes on.
    let other: RoomName = "other".parse().expect("a room");
    let mut elsewhere = ada.subscribe::<Chat>(other.clone(), Options::newest(10));
    within("an answer", bob.publish::<Chat>(&other, &say("there")))
        .await
        .expect("a welcome command");
    assert_eq!(heard(&mut elsewhere).await, "there");
    within("an answer", bob.publish::<Chat>(&lobby(), &say("here")))
        .await
        .expect("a welcome command");
    assert_eq!(heard(&mut ada_hears).await, "here");
}

#[tokio::test]
async fn where_upgrades_are_refused_people_talk_over_a_stream() {
    talk(Habit::RefusesUpgrades, Codec::Bincode, Transport::Stream).await;
}

#[tokio::test]
async fn where_upgrades_are_cut_people_talk_over_a_stream_in_json() {
    talk(Habit::CutsUpgrades, Codec::Json, Transport::Stream).await;
}

#[tokio::test]
async fn where_frames_are_swallowed_people_talk_over_a_stream() {
    talk(Habit::SwallowsFrames, Codec::Bincode, Transport::Stream).await;
}

#[tokio::test]
async fn where_responses_are_held_back_people_talk_by_long_polls() {
    talk(Habit::Buffers, Codec::Bincode, Transport::Poll).await;
}

#[tokio::test]
async fn where_responses_are_held_back_people_talk_by_long_polls_in_json() {
    talk(Habit::Buffers, Codec::Json, Transport::Poll).await;
}

#[tokio::test]
async fn where_nothing_is_in_the_way_the_websocket_is_used() {
    talk(Habit::Passes, Codec::Bincode, Transport::WebSocket).await;
}

/// A block is lifted while everybody talks: the line moves over to the WebSocket, and every message
/// comes once and in order.
async fn climb(habit: Habit, before: Transport) {
    let server = TestServer::start().await;
    let middlebox = Middlebox::start(server.address(), habit).await;
    let ada = client(&server, middlebox.address(), Codec::Bincode, "ada").await;
    let bob = server.client("bob").await;
    let mut ada_hears = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    live_over(&ada, before).await;
    let mut said = BTreeSet::new();
    let mut number = 0;
    let mut sending = Vec::new();
    let mut say_both = |sending: &mut Vec<_>, said: &mut BTreeSet<String>| {
        number += 1;
        for (client, name) in [(&ada, "ada"), (&bob, "bob")] {
            let text = format!("{name} {number:05}");
            sending.push(client.publish::<Chat>(&lobby(), &say(&text)));
            said.insert(text);
        }
    };
    let mut heard_all = Vec::new();
    for _ in 0..20 {
        say_both(&mut sending, &mut said);
        heard_all.push(heard(&mut ada_hears).await);
        heard_all.push(heard(&mut ada_hears).await);
    }
    middlebox.now(Habit::Passes);
    ada.wake();
    // Talk on until the move has happened, and then some more.
    let mut after = 0;
    while after < 20 {
        say_both(&mut sending, &mut said);
        heard_all.push(heard(&mut ada_hears).await);
        heard_all.push(heard(&mut ada_hears).await);
        let moved = matches!(
            ada.status(),
            Status::Live {
                transport: Transport::WebSocket,
                ..
            }
        );
        after += usize::from(moved);
    }
    while heard_all.len() < said.len() {
        heard_all.push(heard(&mut ada_hears).await);
    }
    for sent in sending {
        let sent = within("an answer", sent).await.expect("a welcome command");
        assert!(!sent.duplicate);
    }
    let distinct: BTreeSet<_> = heard_all.iter().cloned().collect();
    assert_eq!(distinct, said);
    for name in ["ada", "bob"] {
        let of_one = |it: &&String| it.starts_with(name);
        let mine: Vec<_> = heard_all.iter().filter(of_one).collect();
        assert!(mine.is_sorted(), "{mine:?}");
    }
}

#[tokio::test]
async fn a_lifted_block_moves_a_stream_to_the_websocket_without_a_loss() {
    climb(Habit::RefusesUpgrades, Transport::Stream).await;
}

#[tokio::test]
async fn a_lifted_block_moves_long_polls_to_the_websocket_without_a_loss() {
    climb(Habit::Buffers, Transport::Poll).await;
}

#[tokio::test]
async fn a_stream_is_renewed_under_load_without_a_word() {
    let server = TestServer::start_with(|config| {
        config.stream_life = std::time::Duration::from_millis(1_100);
    })
    .await;
    let middlebox = Middlebox::start(server.address(), Habit::RefusesUpgrades).await;
    let ada = client(&server, middlebox.address(), Codec::Bincode, "ada").await;
    let bob = server.client("bob").await;
    let mut ada_hears = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    live_over(&ada, Transport::Stream).await;
    let begun = tokio::time::Instant::now();
    let mut number = 0;
    // Long enough for three lives of a response.
    while begun.elapsed() < std::time::Duration::from_millis(3_500) {
        number += 1;
        let text = number.to_string();
        within("an answer", bob.publish::<Chat>(&lobby(), &say(&text)))
            .await
            .expect("a welcome command");
        assert_eq!(heard(&mut ada_hears).await, text);
    }
}

#[tokio::test]
async fn a_client_without_fallback_keeps_to_the_websocket() {
    let server = TestServer::start().await;
    let middlebox = Middlebox::start(server.address(), Habit::RefusesUpgrades).await;
    let guest = Guest::sign_in(server.base(), "ada").await.expect("a guest");
    let config = ClientConfig {
        fallback: false,
        ..ClientConfig::new(format!("ws://{}/ws", middlebox.address()))
    };
    let ada = Client::connect(config, guest.tokens());
    let mut statuses = std::pin::pin!(ada.statuses());
    let failed = async {
        loop {
            match statuses.next().await.expect("a client that lives") {
                Status::Waiting { attempt: 5, .. } => return,
                Status::Live { transport, .. } => panic!("live over {transport:?}"),
                _ => {}
            }
        }
    };
    within("five failures", failed).await;
}
