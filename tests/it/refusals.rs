//! What can be refused is refused per request; the connection and everything on it go on.

use trunkline_protocol::frame::{Range, SUBSCRIPTIONS_MAX, Start, Subscribe};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, RoomName};
use trunkline_protocol::{
    ClientFrame, Codec, ErrorCode, Fingerprint, MessageId, Payload, SenderId, ServerFrame, Text,
    Topic,
};
use trunkline_tests::{Peer, TestServer};

fn refusal(frame: &ServerFrame) -> ErrorCode {
    match frame {
        ServerFrame::Refused { error, .. } => error.code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

#[tokio::test]
async fn a_topic_that_is_none_is_refused_by_what_is_wrong_with_it() {
    let server = TestServer::start().await;
    for codec in [Codec::Bincode, Codec::Json] {
        let mut peer = Peer::connect(&server, codec, "ada").await;
        for (topic, code) in [
            ("lobby", ErrorCode::InvalidTopic),
            ("chat:", ErrorCode::InvalidTopic),
            ("chat:a b", ErrorCode::InvalidTopic),
            ("nowhere:lobby", ErrorCode::UnknownNamespace),
            ("chat:Lobby", ErrorCode::InvalidKey),
            ("chat:-", ErrorCode::InvalidKey),
        ] {
            let answer = peer.subscribe(topic, Start::default()).await;
            assert_eq!(refusal(&answer), code, "{topic}");
        }
        // The connection has lived through all of it.
        assert!(matches!(
            peer.subscribe("chat:lobby", Start::default()).await,
            ServerFrame::Subscribed { .. }
        ));
    }
}

#[tokio::test]
async fn a_contract_mismatch_is_an_error_on_that_topic_alone() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    let ours = Chat::contract();
    for (contract, fits) in [(ours, true), (Fingerprint(ours.0 ^ 1), false)] {
        let id = peer.id();
        let (topic, start) = (Text::cut("chat:lobby"), Start::default());
        peer.send(&ClientFrame::Subscribe(Subscribe {
            id,
            topic,
            contract: Some(contract),
            start,
            presence: false,
            max_hz: None,
        }))
        .await;
        let answer = peer.answer_to(id).await;
        if fits {
            assert!(
                matches!(answer, ServerFrame::Subscribed { .. }),
                "{answer:?}"
            );
        } else {
            assert_eq!(refusal(&answer), ErrorCode::ContractMismatch);
        }
    }
}

#[tokio::test]
async fn a_subscription_too_many_is_refused_and_the_others_stay() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    for number in 0..SUBSCRIPTIONS_MAX {
        let answer = peer
            .subscribe(&format!("chat:room-{number}"), Start::default())
            .await;
        assert!(
            matches!(answer, ServerFrame::Subscribed { .. }),
            "{answer:?}"
        );
    }
    let answer = peer.subscribe("chat:one-more", Start::default()).await;
    assert_eq!(refusal(&answer), ErrorCode::TooManySubscriptions);
    let said = peer
        .publish::<Chat>(&"room-0".parse().expect("a room"), &say("hello"))
        .await;
    assert!(matches!(said, ServerFrame::Published { .. }), "{said:?}");
}

#[tokio::test]
async fn a_command_that_is_none_is_malformed() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    let id = peer.id();
    let message_id = MessageId {
        sender: SenderId::from_random(1),
        counter: 1,
    };
    let command = Payload::try_from(vec![0xff; 9]).expect("a short payload");
    let topic = Text::cut("chat:lobby");
    peer.send(&ClientFrame::Publish {
        id,
        message_id,
        topic,
        contract: None,
        command,
    })
    .await;
    assert_eq!(refusal(&peer.answer_to(id).await), ErrorCode::Malformed);
}

#[tokio::test]
async fn only_authors_edit_and_delete_and_only_what_is_there() {
    let server = TestServer::start().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let said = ada.publish::<Chat>(&lobby(), &say("mine")).await;
    let ServerFrame::Published { position, .. } = said else {
        panic!("expected Published, got {said:?}")
    };
    let offset = position.offset;
    let edit = ChatCommand::Edit {
        offset,
        text: Text::cut("changed"),
    };
    let delete = ChatCommand::Delete { offset };

    assert_eq!(
        refusal(&bob.publish::<Chat>(&lobby(), &edit).await),
        ErrorCode::Forbidden
    );
    assert_eq!(
        refusal(&bob.publish::<Chat>(&lobby(), &delete).await),
        ErrorCode::Forbidden
    );
    // There has never been a message there.
    for offset in [0, offset + 1, offset + 100] {
        let text = Text::cut("changed");
        for command in [
            ChatCommand::Edit { offset, text },
            ChatCommand::Delete { offset },
        ] {
            let answer = ada.publish::<Chat>(&lobby(), &command).await;
            assert_eq!(refusal(&answer), ErrorCode::Invalid, "{command:?}");
        }
    }

    assert!(matches!(
        ada.publish::<Chat>(&lobby(), &edit).await,
        ServerFrame::Published { .. }
    ));
    let of_an_edit = ChatCommand::Delete { offset: offset + 1 };
    assert_eq!(
        refusal(&ada.publish::<Chat>(&lobby(), &of_an_edit).await),
        ErrorCode::Invalid
    );
    assert!(matches!(
        ada.publish::<Chat>(&lobby(), &delete).await,
        ServerFrame::Published { .. }
    ));
    assert_eq!(
        refusal(&ada.publish::<Chat>(&lobby(), &edit).await),
        ErrorCode::NotKept
    );
}

#[tokio::test]
async fn a_message_needs_a_text_that_is_not_too_long() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    assert_eq!(
        refusal(&peer.publish::<Chat>(&lobby(), &say(" \n ")).await),
        ErrorCode::Invalid
    );
    assert_eq!(
        refusal(
            &peer
                .publish::<Chat>(&lobby(), &say(&"a".repeat(2001)))
                .await
        ),
        ErrorCode::TooLong
    );
}

#[tokio::test]
async fn leaving_what_was_not_joined_is_refused() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    let id = peer.id();
    peer.send(&ClientFrame::Unsubscribe {
        id,
        topic: Text::cut("chat:lobby"),
    })
    .await;
    assert_eq!(refusal(&peer.answer_to(id).await), ErrorCode::NotSubscribed);
}

#[tokio::test]
async fn an_absurd_range_is_answered_with_what_there_is() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    peer.publish::<Chat>(&lobby(), &say("one")).await;
    for (range, expected) in [
        (Range::Before { offset: u64::MAX }, 1),
        (Range::Before { offset: 0 }, 0),
        (Range::After { offset: 0 }, 1),
        (Range::After { offset: u64::MAX }, 0),
    ] {
        let id = peer.id();
        peer.send(&ClientFrame::History {
            id,
            topic: Text::cut("chat:lobby"),
            range,
            limit: u16::MAX,
        })
        .await;
        let answer = peer.answer_to(id).await;
        let ServerFrame::History { publications, .. } = answer else {
            panic!("expected History, got {answer:?}")
        };
        assert_eq!(publications.len(), expected, "{range:?}");
    }
}

#[tokio::test]
async fn a_flood_is_slowed_down_and_then_ended() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    for nonce in 0..3000 {
        peer.send(&ClientFrame::Presence {
            id: nonce,
            topic: Text::cut("chat:lobby"),
        })
        .await;
    }
    assert_eq!(
        peer.closed().await.0,
        trunkline_protocol::DisconnectReason::TooManyRequests
    );
}

/// A client drops what comes between its request and the answer. If the old subscription went on, it
/// would have a hole.
#[tokio::test]
async fn a_refused_subscription_ends_the_one_that_it_was_to_replace() {
    let server = TestServer::start().await;
    for codec in [Codec::Bincode, Codec::Json] {
        let mut peer = Peer::connect(&server, codec, "ada").await;
        let answer = peer.subscribe("chat:lobby", Start::default()).await;
        assert!(matches!(answer, ServerFrame::Subscribed { .. }));
        let again = peer
            .subscribe_at("chat:lobby", Start::default(), Some(5))
            .await;
        assert_eq!(refusal(&again), ErrorCode::Invalid, "a log has no pace");
        let mut bob = Peer::connect(&server, codec, "bob").await;
        bob.subscribe("chat:lobby", Start::default()).await;
        bob.publish::<Chat>(&lobby(), &say("only I hear it")).await;
        bob.event::<Chat>().await;
        let id = peer.id();
        let topic = Text::cut("chat:lobby");
        peer.send(&ClientFrame::Unsubscribe { id, topic }).await;
        loop {
            match peer.receive().await {
                ServerFrame::Publication { event, .. } => panic!("{event:?} came"),
                frame @ ServerFrame::Refused { .. } => {
                    assert_eq!(refusal(&frame), ErrorCode::NotSubscribed);
                    break;
                }
                _ => {}
            }
        }
    }
}
