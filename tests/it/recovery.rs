//! A lost line costs nothing: what was missed comes, what was not acknowledged is sent again.

use std::collections::BTreeSet;

use tempfile::TempDir;
use trunkline_client::{
    Client, ClientConfig, FileOutbox, Guest, Kept, Options, Status, Subscription, Update,
};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{
    Codec, Epoch, GapCause, MessageId, Position, SenderId, ServerFrame, Text,
};
use trunkline_server::Broker;
use trunkline_tests::{Peer, Proxy, TestServer, until, within};

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

/// Reads updates until `done` says so, and returns them as short words.
async fn story(room: &mut Subscription<Chat>, done: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut story = Vec::new();
    while !done(&story) {
        let word = match within("the story to go on", room.next())
            .await
            .expect("a client that lives")
        {
            Update::Subscribed { recovered, .. } => format!("subscribed {recovered:?}"),
            Update::Event {
                event: ChatEvent::Said { text, .. },
                ..
            } => text.into(),
            Update::Gap(gap) => format!("gap {:?}", gap.cause),
            Update::Lost => "lost".to_owned(),
            other => format!("{other:?}"),
        };
        story.push(word);
    }
    story
}

#[tokio::test]
async fn a_cut_line_comes_back_with_what_was_missed() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut bob = server.peer("bob").await;
    let ada = server.client_at(proxy.address(), "ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    bob.publish::<Chat>(&lobby(), &say("before")).await;
    assert_eq!(
        story(&mut room, |told| told.len() == 2).await,
        ["subscribed None", "before"]
    );

    proxy.cut();
    assert_eq!(story(&mut room, |told| told.len() == 1).await, ["lost"]);
    for text in ["one", "two", "three"] {
        bob.publish::<Chat>(&lobby(), &say(text)).await;
    }
    // What is said while the line is cut is kept and sent when it is back.
    let sending = ada.publish::<Chat>(&lobby(), &say("four"));
    proxy.mend();
    assert_eq!(
        story(&mut room, |told| told.len() == 5).await,
        ["subscribed Some(3)", "one", "two", "three", "four"]
    );
    let sent = within("the acknowledgement", sending)
        .await
        .expect("a welcome command");
    assert_eq!((sent.offset, sent.duplicate), (5, false));
}

#[tokio::test]
async fn a_lost_acknowledgement_does_not_double_the_message() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let ada = server.client_at(proxy.address(), "ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::default());
    story(&mut room, |told| told.len() == 1).await;
    // Cut again and again while messages are under way; each is acknowledged once in the end.
    let mut sending = Vec::new();
    for number in 0..40 {
        sending.push(ada.publish::<Chat>(&lobby(), &say(&number.to_string())));
        if number % 8 == 7 {
            tokio::task::yield_now().await;
            proxy.cut();
            story(&mut room, |told| told.last().is_some_and(|it| it == "lost")).await;
            proxy.mend();
            ada.wake();
            story(&mut room, |told| {
                told.last().is_some_and(|it| it.starts_with("subscribed"))
            })
            .await;
        }
    }
    let mut offsets = BTreeSet::new();
    for sent in sending {
        offsets.insert(
            within("an acknowledgement", sent)
                .await
                .expect("a welcome command")
                .offset,
        );
    }
    assert_eq!(
        offsets.into_iter().collect::<Vec<_>>(),
        (1..=40).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_line_that_dies_in_silence_is_noticed() {
    let server = TestServer::start_with(|config| {
        config.session.ping_interval = std::time::Duration::from_millis(200);
    })
    .await;
    let proxy = Proxy::start(server.address()).await;
    let mut bob = server.peer("bob").await;
    let ada = server.client_at(proxy.address(), "ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::default());
    story(&mut room, |told| told.len() == 1).await;
    proxy.silence();
    bob.publish::<Chat>(&lobby(), &say("unheard")).await;
    // Nobody is told that the line is dead; the watchdog finds out.
    assert_eq!(story(&mut room, |told| told.len() == 1).await, ["lost"]);
    proxy.mend();
    assert_eq!(
        story(&mut room, |told| told.len() == 2).await,
        ["subscribed Some(1)", "unheard"]
    );
}

#[tokio::test]
async fn a_server_that_lost_its_history_says_so() {
    let server = TestServer::start_with(|config| config.broker = Broker::Memory).await;
    let ada = server.client("ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    within(
        "an acknowledgement",
        ada.publish::<Chat>(&lobby(), &say("gone soon")),
    )
    .await
    .expect("welcome");
    story(&mut room, |told| {
        told.last().is_some_and(|it| it == "gone soon")
    })
    .await;
    let server = server.restart().await;
    let told = story(&mut room, |told| {
        told.last().is_some_and(|it| it.starts_with("gap"))
    })
    .await;
    assert_eq!(told, ["lost", "subscribed None", "gap Epoch"]);
    drop(server);
}

#[tokio::test]
async fn a_restart_is_like_a_line_that_was_cut() {
    let server = TestServer::start().await;
    let ada = server.client("ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    let sent = ada.publish::<Chat>(&lobby(), &say("before"));
    let before = within("an acknowledgement", sent).await.expect("welcome");
    story(&mut room, |told| {
        told.last().is_some_and(|it| it == "before")
    })
    .await;
    let server = server.restart().await;
    let sent = ada.publish::<Chat>(&lobby(), &say("after"));
    let after = within("an acknowledgement", sent).await.expect("welcome");
    assert_eq!((before.offset, after.offset), (1, 2));
    let told = story(&mut room, |told| {
        told.last().is_some_and(|it| it == "after")
    })
    .await;
    assert_eq!(told, ["lost", "subscribed Some(0)", "after"]);
    drop(server);
}

#[tokio::test]
async fn a_command_is_known_again_after_a_restart() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let (user, id) = (ada.user().clone(), first_message());
    let token = server.token("bob").await;
    let first = ada.publish_as::<Chat>(&lobby(), &say("once"), id).await;
    let ServerFrame::Published {
        position,
        duplicate: false,
        ..
    } = first
    else {
        panic!("{first:?}")
    };
    let own = ada.token().to_owned();
    let server = server.restart().await;
    let mut ada = Peer::connect_with(server.address(), Codec::Bincode, &own).await;
    assert_eq!(ada.user(), &user);
    let again = ada.publish_as::<Chat>(&lobby(), &say("once"), id).await;
    let ServerFrame::Published {
        position: known,
        duplicate: true,
        ..
    } = again
    else {
        panic!("{again:?}")
    };
    assert_eq!(known, position);
    // Another user's equal id is another command, and tells nothing of the first.
    let mut bob = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    let other = bob.publish_as::<Chat>(&lobby(), &say("mine"), id).await;
    assert!(
        matches!(
            other,
            ServerFrame::Published {
                duplicate: false,
                ..
            }
        ),
        "{other:?}"
    );
}

fn first_message() -> MessageId {
    MessageId {
        sender: SenderId::from_random(1),
        counter: 1,
    }
}

#[tokio::test]
async fn positions_that_never_were_end_in_a_gap() {
    let server = TestServer::start().await;
    let mut peer = Peer::connect(&server, Codec::Bincode, "ada").await;
    peer.publish::<Chat>(&lobby(), &say("one")).await;
    let answer = peer
        .subscribe("chat:lobby", Start::Newest { count: 1 })
        .await;
    let ServerFrame::Subscribed {
        position: Position { epoch, .. },
        ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    for forged in [
        Position { epoch, offset: 999 },
        Position {
            epoch,
            offset: u64::MAX,
        },
        Position {
            epoch: Epoch(epoch.0.wrapping_add(1)),
            offset: 1,
        },
    ] {
        let answer = peer.subscribe("chat:lobby", Start::After(forged)).await;
        let ServerFrame::Subscribed {
            recovered: false,
            gap: Some(gap),
            publications,
            ..
        } = answer
        else {
            panic!("expected a gap for {forged:?}, got {answer:?}")
        };
        assert_eq!(
            (gap.cause, publications.len()),
            (GapCause::Epoch, 1),
            "{forged:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_longer_kept_is_a_gap_of_known_size() {
    let server = TestServer::start_with(|config| {
        config.session.pace = trunkline_session::Pace {
            per_second: 100_000,
            burst: 100_000,
        };
    })
    .await;
    let mut peer = server.peer("ada").await;
    peer.publish::<Chat>(&lobby(), &say("first")).await;
    let answer = peer
        .subscribe("chat:lobby", Start::Newest { count: 1 })
        .await;
    let ServerFrame::Subscribed { position, .. } = answer else {
        panic!("{answer:?}")
    };
    let since = Position {
        epoch: position.epoch,
        offset: 1,
    };
    // Chat keeps a thousand.
    for number in 0..1010 {
        peer.publish::<Chat>(&lobby(), &say(&number.to_string()))
            .await;
    }
    let answer = peer.subscribe("chat:lobby", Start::After(since)).await;
    let ServerFrame::Subscribed {
        recovered: false,
        gap: Some(gap),
        ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(
        (gap.from, gap.to, gap.count, gap.cause),
        (2, 11, 10, GapCause::Retention)
    );
    // The thousand that are left come in order, page after page.
    let mut expected = 12;
    while expected <= 1011 {
        if let ServerFrame::Publication { offset, .. } = peer.receive().await
            && offset >= expected
        {
            expected = offset + 1;
        }
    }
}

#[tokio::test]
async fn what_a_program_has_not_sent_is_sent_once_by_the_next_one() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let bob = server.client("bob").await;
    let mut room = bob.subscribe::<Chat>(lobby(), Options::default());
    story(&mut room, |told| told.len() == 1).await;

    let guest = Guest::sign_in(server.base(), "ada")
        .await
        .expect("a guest is welcome");
    let user = guest.rename("ada").await.expect("a guest is welcome");
    let folder = TempDir::new().expect("a folder");
    let connect = || {
        let path = folder.path().join("outbox");
        let outbox = FileOutbox::open(path, user.id).expect("an outbox");
        let url = format!("ws://{}/ws", proxy.address());
        Client::connect_with(ClientConfig::new(url), outbox, guest.tokens())
    };
    let ada = connect();
    let before = ada.publish::<Chat>(&lobby(), &say("before"));
    within("an answer", before).await.expect("a good command");

    proxy.silence();
    for text in ["one", "two", "three"] {
        drop(ada.publish::<Chat>(&lobby(), &say(text)));
    }
    assert_eq!(ada.kept(), Kept::All);
    ada.end();
    proxy.cut();
    proxy.mend();

    let ada = connect();
    let pending = ada.pending();
    assert_eq!(pending.len(), 3);
    for waiting in pending {
        let answer = within("an answer", ada.reattach(waiting.command)).await;
        answer.expect("a good command");
    }
    assert!(ada.pending().is_empty());
    drop(ada.publish::<Chat>(&lobby(), &say("four")));
    assert_eq!(
        story(&mut room, |told| told.len() == 5).await,
        ["before", "one", "two", "three", "four"]
    );
}

#[tokio::test]
async fn a_client_that_reaches_nobody_goes_on_trying_and_keeps_what_it_has_to_say() {
    let server = TestServer::start().await;
    let client = server.client("ada").await;
    let is_live = || matches!(client.status(), Status::Live { .. }).then_some(());
    until("a line", async || is_live()).await;
    client.block();
    until("attempts in vain", async || match client.status() {
        Status::Waiting { attempt, .. } if attempt >= 2 => Some(()),
        _ => None,
    })
    .await;
    let said = client.publish::<Chat>(&lobby(), &say("from the dark"));
    client.mend();
    let taken = within("an answer", said).await.expect("it is taken");
    assert_eq!((taken.offset, taken.duplicate), (1, false));
    is_live().expect("it answered over a line");
}
