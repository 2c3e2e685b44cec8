//! People talk: what one says, the others hear, in both codecs and with both kinds of client.

use trunkline_client::{Options, Update};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{
    Chat, ChatCommand, ChatEvent, RoomName, Typing, TypingCommand,
};
use trunkline_protocol::{Codec, MessageId, SenderId, ServerFrame, Text};
use trunkline_tests::{Peer, TestServer, within};

fn room(name: &str) -> RoomName {
    name.parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

fn said(event: ChatEvent) -> (String, String) {
    match event {
        ChatEvent::Said { author, text, .. } => (author.name.into(), text.into()),
        other => panic!("expected Said, got {other:?}"),
    }
}

#[tokio::test]
async fn what_one_says_the_other_hears_whatever_codec_they_speak() {
    let server = TestServer::start().await;
    let mut ada = Peer::connect(&server, Codec::Bincode, "ada").await;
    let mut bob = Peer::connect(&server, Codec::Json, "bob").await;
    for peer in [&mut ada, &mut bob] {
        assert!(matches!(
            peer.subscribe("chat:lobby", Start::default()).await,
            ServerFrame::Subscribed { .. }
        ));
    }
    bob.publish::<Chat>(&room("lobby"), &say("안녕하세요"))
        .await;
    for peer in [&mut ada, &mut bob] {
        assert_eq!(
            said(peer.event::<Chat>().await),
            ("bob".to_owned(), "안녕하세요".to_owned())
        );
    }
    ada.publish::<Chat>(&room("lobby"), &say("  hello  ")).await;
    assert_eq!(
        said(bob.event::<Chat>().await),
        ("ada".to_owned(), "hello".to_owned())
    );
}

#[tokio::test]
async fn rooms_do_not_hear_each_other() {
    let server = TestServer::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    ada.subscribe("chat:red", Start::default()).await;
    bob.publish::<Chat>(&room("blue"), &say("in blue")).await;
    bob.publish::<Chat>(&room("red"), &say("in red")).await;
    assert_eq!(said(ada.event::<Chat>().await).1, "in red");
}

#[tokio::test]
async fn a_latecomer_reads_what_was_said() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    for number in 1..=5 {
        ada.publish::<Chat>(&room("lobby"), &say(&number.to_string()))
            .await;
    }
    let mut bob = server.peer("bob").await;
    let answer = bob
        .subscribe("chat:lobby", Start::Newest { count: 3 })
        .await;
    let ServerFrame::Subscribed {
        publications,
        position,
        head,
        ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    let offsets: Vec<u64> = publications
        .iter()
        .map(|publication| publication.offset)
        .collect();
    assert_eq!((position.offset, offsets, head), (2, vec![3, 4, 5], 5));
}

#[tokio::test]
async fn a_command_that_is_sent_again_is_taken_once() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let message_id = MessageId {
        sender: SenderId::from_random(99),
        counter: 1,
    };
    let first = ada
        .publish_as::<Chat>(&room("lobby"), &say("once"), message_id)
        .await;
    let again = ada
        .publish_as::<Chat>(&room("lobby"), &say("once"), message_id)
        .await;
    let (
        ServerFrame::Published {
            position: first,
            duplicate: false,
            ..
        },
        ServerFrame::Published {
            position: again,
            duplicate: true,
            ..
        },
    ) = (first, again)
    else {
        panic!("expected one new and one duplicate")
    };
    assert_eq!(first, again);
    // The same id of another user is another command.
    let mut bob = server.peer("bob").await;
    let other = bob
        .publish_as::<Chat>(&room("lobby"), &say("mine"), message_id)
        .await;
    let ServerFrame::Published {
        position,
        duplicate: false,
        ..
    } = other
    else {
        panic!("{other:?}")
    };
    assert_eq!(position.offset, first.offset + 1);
}

#[tokio::test]
async fn typing_is_told_and_not_kept() {
    let server = TestServer::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    ada.subscribe("typing:lobby", Start::default()).await;
    bob.publish::<Typing>(&room("lobby"), &TypingCommand::Started)
        .await;
    let event = ada.event::<Typing>().await;
    assert_eq!((event.user.name.as_str(), event.typing), ("bob", true));

    let mut late = server.peer("late").await;
    let answer = late
        .subscribe("typing:lobby", Start::Newest { count: 10 })
        .await;
    let ServerFrame::Subscribed { publications, .. } = answer else {
        panic!("{answer:?}")
    };
    assert!(publications.is_empty());
}

#[tokio::test]
async fn the_client_library_talks_and_listens() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.client("ada").await, server.client("bob").await);
    let mut heard = ada.subscribe::<Chat>(room("lobby"), Options::newest(10).with_presence());
    let Some(Update::Subscribed {
        members: Some(members),
        ..
    }) = within("ada's room", heard.next()).await
    else {
        panic!("expected Subscribed")
    };
    assert_eq!(members.count, 1);
    let published = within(
        "bob's words",
        bob.publish::<Chat>(&room("lobby"), &say("hello")),
    )
    .await;
    assert_eq!(published.expect("a welcome command").offset, 1);
    loop {
        match within("what bob said", heard.next()).await {
            Some(Update::Event { offset, event }) => {
                assert_eq!(
                    (offset, said(event)),
                    (1, ("bob".to_owned(), "hello".to_owned()))
                );
                break;
            }
            Some(_) => {}
            None => panic!("the client ended"),
        }
    }
}

#[tokio::test]
async fn a_topic_is_subscribed_to_once_per_client() {
    let server = TestServer::start().await;
    let ada = server.client("ada").await;
    let _first = ada.subscribe::<Chat>(room("lobby"), Options::default());
    let mut second = ada.subscribe::<Chat>(room("lobby"), Options::default());
    let update = within("a refusal", second.next()).await;
    let Some(Update::Refused(error)) = update else {
        panic!("expected Refused, got {update:?}")
    };
    assert_eq!(error.code, trunkline_protocol::ErrorCode::AlreadySubscribed);
    assert!(within("the end", second.next()).await.is_none());
}
