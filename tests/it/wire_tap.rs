//! A tap on a client shows what travels, byte for byte, and no secrets.

use trunkline_client::tap::What;
use trunkline_client::{Client, ClientConfig, Options, Tap, Tapped, Update};
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::{ClientFrame, ServerFrame, Text};
use trunkline_tests::{Habit, Middlebox, TestServer, Wiretap, within};

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

/// Takes frames until one is `last`.
async fn frames_until(tap: &mut Tap, last: impl Fn(&What) -> bool) -> Vec<Tapped> {
    let mut frames = Vec::new();
    within("the last frame", async {
        while !frames.iter().any(|it: &Tapped| last(&it.what)) {
            assert!(tap.ready().await, "the client goes on");
            frames.extend(tap.take().frames);
        }
    })
    .await;
    frames
}

async fn until_event(room: &mut trunkline_client::Subscription<Chat>) {
    within("an event", async {
        while let Some(update) = room.next().await {
            if matches!(update, Update::Event { .. }) {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_tap_sees_every_frame_with_the_bytes_that_a_box_on_the_line_counts() {
    let server = TestServer::start().await;
    let wiretap = Wiretap::start(server.address()).await;
    let client = server.client_at(wiretap.address(), "ada").await;
    let mut tap = client.tap();
    let lobby = "lobby".parse().expect("a room");
    let mut room = client.subscribe::<Chat>(lobby, Options::newest(0));
    // One of each length of a header, and the answer of the first to be sure of the order.
    for text in ["hello", &"long ".repeat(100)] {
        within("an answer", room.publish(&say(text)))
            .await
            .expect("an event");
        until_event(&mut room).await;
    }
    let is_event = |what: &What| {
        matches!(
            what,
            What::Received(ServerFrame::Publication { offset: 2, .. })
        )
    };
    let frames = frames_until(&mut tap, is_event).await;

    let kinds: Vec<_> = frames.iter().map(|it| &it.what).collect();
    assert!(matches!(
        kinds[0],
        What::Sent(ClientFrame::Connect { token, .. }) if token.ends_with("bytes, not shown)")
    ));
    assert!(matches!(
        kinds[1],
        What::Received(ServerFrame::Connected { .. })
    ));
    let about = |wanted: fn(&What) -> bool| {
        let found = frames.iter().find(|it| wanted(&it.what));
        found.and_then(|it| it.subject.clone())
    };
    let lobby = Some("chat:lobby".to_owned());
    for wanted in [
        (|it| matches!(it, What::Sent(ClientFrame::Publish { .. }))) as fn(&What) -> bool,
        |it| matches!(it, What::Received(ServerFrame::Subscribed { .. })),
        |it| matches!(it, What::Received(ServerFrame::Published { .. })),
        |it| matches!(it, What::Received(ServerFrame::Publication { .. })),
    ] {
        assert_eq!(about(wanted), lobby);
    }

    for (sent, counted) in [(true, wiretap.up()), (false, wiretap.down())] {
        let sizes: Vec<_> = frames
            .iter()
            .filter(|it| it.what.is_sent() == sent)
            .map(|it| (it.size.header, it.size.payload))
            .collect();
        assert!(sizes.iter().any(|(_, payload)| *payload > 125));
        assert_eq!(counted[..sizes.len()], sizes);
    }
}

#[tokio::test]
async fn a_tap_that_comes_late_knows_the_topics_and_leaves_nothing_behind() {
    let server = TestServer::start().await;
    let client = server.client("ada").await;
    let lobby = "lobby".parse().expect("a room");
    let mut room = client.subscribe::<Chat>(lobby, Options::newest(0));
    within("an answer", room.publish(&say("before")))
        .await
        .expect("an event");
    until_event(&mut room).await;
    assert_eq!(client.taps(), 0);

    let mut tap = client.tap();
    assert_eq!(client.taps(), 1);
    within("an answer", room.publish(&say("after")))
        .await
        .expect("an event");
    let is_event = |what: &What| matches!(what, What::Received(ServerFrame::Publication { .. }));
    let frames = frames_until(&mut tap, is_event).await;
    assert!(
        frames
            .iter()
            .all(|it| it.subject.as_deref() == Some("chat:lobby"))
    );
    drop(tap);
    assert_eq!(client.taps(), 0);

    let mut tap = client.tap();
    client.end();
    let ended = async {
        while tap.ready().await {
            tap.take();
        }
    };
    within("the end of the tap", ended).await;
}

#[tokio::test]
async fn a_tap_sees_what_travels_over_http() {
    let server = TestServer::start().await;
    let office = Middlebox::start(server.address(), Habit::RefusesUpgrades).await;
    let guest = trunkline_client::Guest::sign_in(server.base(), "ada")
        .await
        .expect("a guest is welcome");
    let url = format!("ws://{}/ws", office.address());
    let client = Client::connect(ClientConfig::new(url), guest.tokens());
    let mut tap = client.tap();
    let lobby = "lobby".parse().expect("a room");
    let mut room = client.subscribe::<Chat>(lobby, Options::newest(0));
    within("an answer", room.publish(&say("hello")))
        .await
        .expect("an event");
    until_event(&mut room).await;
    let is_event = |what: &What| matches!(what, What::Received(ServerFrame::Publication { .. }));
    let frames = frames_until(&mut tap, is_event).await;
    assert!(!format!("{frames:?}").contains("eyJ"), "no token is shown");
    for it in &frames {
        let length_before_it = usize::from(matches!(
            &it.what,
            What::Received(frame) if !matches!(frame, ServerFrame::Published { .. })
        ));
        assert_eq!(it.size.header, length_before_it, "{it:?}");
        assert_eq!(it.transport, trunkline_client::Transport::Stream);
    }
    let published = frames
        .iter()
        .find(|it| matches!(it.what, What::Received(ServerFrame::Published { .. })));
    let subject = published.and_then(|it| it.subject.as_deref());
    assert_eq!(subject, Some("chat:lobby"));
}
