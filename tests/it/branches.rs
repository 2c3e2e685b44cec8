//! Branches of a history: a backup that is restored over a newer history gives the offsets of the
//! lost branch to other events, and a reader that proves which event it has is told.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::value::RawValue;
use tempfile::TempDir;
use trunkline_client::{Options, Subscription, Update};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{Codec, Digest, GapCause, Position, ServerFrame, Text};
use trunkline_server::Broker;
use trunkline_tests::{Asking, Peer, Proxy, TestServer, connect, within};

const LOBBY: &str = "chat:lobby";

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

async fn say(peer: &mut Peer, texts: &[&str]) {
    for text in texts {
        let text = Text::cut(text);
        let answer = peer
            .publish::<Chat>(&lobby(), &ChatCommand::Say { text })
            .await;
        assert!(
            matches!(answer, ServerFrame::Published { .. }),
            "{answer:?}"
        );
    }
}

/// Copies a folder and everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("room for a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("room for a file");
        }
    }
}

/// The texts of the next events and the causes of gaps, until `last` is said.
async fn told(room: &mut Subscription<Chat>, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let update = within("an update", room.next()).await;
        match update.expect("a client that lives") {
            Update::Event {
                event: ChatEvent::Said { text, .. },
                ..
            } => {
                told.push(text.to_string());
                if &*text == last {
                    return told;
                }
            }
            Update::Gap(gap) => told.push(format!("gap {:?}", gap.cause)),
            Update::Subscribed { recovered, .. } => told.push(format!("subscribed {recovered:?}")),
            _ => {}
        }
    }
}

#[tokio::test]
async fn reader_of_a_lost_branch_gets_a_gap_and_the_events_of_the_restored_one() {
    let folder = TempDir::new().expect("a folder for the test");
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup"));
    let mut server = TestServer::start_with(|config| config.data = data.clone()).await;
    say(&mut server.peer("bob").await, &["1", "2", "3"]).await;
    server.stop().await;
    copy(&data, &backup);

    let mut server = server.restart_with(|config| config.data = data).await;
    let proxy = Proxy::start(server.address()).await;
    let ada = server.client_at(proxy.address(), "ada").await;
    let mut room = ada.subscribe::<Chat>(lobby(), Options::newest(10));
    say(&mut server.peer("bob").await, &["4", "5"]).await;
    let seen = told(&mut room, "5").await;
    assert_eq!(seen.last().map(String::as_str), Some("5"), "{seen:?}");

    // The restored history goes on beyond the place of its reader before that comes back.
    proxy.cut();
    server.stop().await;
    let server = server.restart_with(|config| config.data = backup).await;
    let others = ["other 4", "other 5", "other 6"];
    say(&mut server.peer("bob").await, &others).await;
    proxy.mend();
    ada.wake();
    let expected = ["subscribed None", "gap Epoch", "1", "2", "3"];
    assert_eq!(
        told(&mut room, "other 6").await,
        [&expected[..], &others[..]].concat()
    );
}

/// The newest event of the lobby with its position, in the bytes that a reader of `codec` gets.
async fn newest_event(server: &TestServer, codec: Codec) -> (Position, Vec<u8>) {
    let mut peer = Peer::connect(server, codec, "reader").await;
    let newest = Start::Newest { count: 1 };
    let answer = peer.subscribe(LOBBY, newest).await;
    let ServerFrame::Subscribed {
        position,
        publications,
        ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    let publication = &publications[0];
    let position = Position {
        offset: publication.offset,
        ..position
    };
    let event = match codec {
        Codec::Bincode => publication.event.as_bytes().to_vec(),
        // A JSON frame that was parsed does not have the text of its events any more.
        Codec::Json => {
            let token = server.token("reader").await;
            let frame = connect(&token, LOBBY, newest);
            let asking = Asking::frame(server.address(), "/http/poll?wait=0", codec, &frame);
            event_in(&asking.send().await.text().await)
        }
    };
    (position, event)
}

/// The text of the first event in the line that confirms a subscription.
fn event_in(lines: &str) -> Vec<u8> {
    type Fields<'a> = BTreeMap<&'a str, &'a RawValue>;
    let line = lines.lines().find(|line| line.contains("\"subscribed\""));
    let fields: Fields<'_> = serde_json::from_str(line.expect("a confirmation")).expect("JSON");
    let publications: Vec<Fields<'_>> =
        serde_json::from_str(fields["publications"].get()).expect("a list");
    publications[0]["event"].get().as_bytes().to_vec()
}

async fn check_digests(codec: Codec) {
    let server = TestServer::start_with(|config| config.broker = Broker::Memory).await;
    let mut bob = server.peer("bob").await;
    say(&mut bob, &["1", "2", "3"]).await;
    let (position, event) = newest_event(&server, codec).await;
    assert_eq!(position.offset, 3);
    say(&mut bob, &["4"]).await;
    let mut peer = Peer::connect(&server, codec, "ada").await;
    let mut subscribe = async |position, bytes: &[u8]| {
        let start = Start::after(position, Some(Digest::of_bytes(bytes)));
        match peer.subscribe(LOBBY, start).await {
            ServerFrame::Subscribed {
                position,
                recovered,
                gap,
                publications,
                ..
            } => {
                let offsets: Vec<_> = publications.iter().map(|it| it.offset).collect();
                let cause = gap.map(|gap| gap.cause);
                (position.offset, recovered, cause, offsets)
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(subscribe(position, &event).await, (3, true, None, vec![4]));
    let all = (0, false, Some(GapCause::Epoch), vec![1, 2, 3, 4]);
    assert_eq!(subscribe(position, b"another event").await, all);
    let before = Position {
        offset: 2,
        ..position
    };
    assert_eq!(subscribe(before, &event).await, all);
    let above = Position {
        offset: 5,
        ..position
    };
    assert_eq!(subscribe(above, &event).await, all);
}

#[tokio::test]
async fn digest_of_another_event_is_answered_by_a_gap_in_binary() {
    check_digests(Codec::Bincode).await;
}

#[tokio::test]
async fn digest_of_another_event_is_answered_by_a_gap_in_json() {
    check_digests(Codec::Json).await;
}

#[tokio::test]
async fn event_stream_of_a_lost_branch_begins_with_a_gap() {
    let server = TestServer::start_with(|config| config.broker = Broker::Memory).await;
    let mut bob = server.peer("bob").await;
    say(&mut bob, &["1", "2"]).await;
    let token = server.token("ada").await;
    let stream = async |cursor: &str| {
        let path = format!("/http/events?topic={LOBBY}&newest=1&last-event-id={cursor}");
        let asking = Asking::get(server.address(), &path).token(&token);
        let mut heard = asking.send().await;
        loop {
            let block = heard.until("\n\n").await.expect("a stream that goes on");
            if block.contains("event: subscribed") {
                let id = block.lines().find_map(|line| line.strip_prefix("id: "));
                return (id.expect("an id").to_owned(), block);
            }
        }
    };
    let (id, _) = stream("").await;
    let (_, event) = newest_event(&server, Codec::Json).await;
    let digest = Digest::of_bytes(&event).0;
    let place = id.strip_suffix(&format!("-2-{digest}"));
    let place = place.unwrap_or_else(|| panic!("{id} ends with the digest {digest} at 2"));

    say(&mut bob, &["3"]).await;
    for cursor in [&id, &format!("{place}-2")] {
        let (_, block) = stream(cursor).await;
        assert!(block.contains("\"recovered\":true"), "{cursor}: {block}");
    }
    let (_, block) = stream(&format!("{place}-2-{}", digest ^ 1)).await;
    for part in ["\"recovered\":false", "\"cause\":\"epoch\"", "\"offset\":1"] {
        assert!(block.contains(part), "{part} is not in {block}");
    }
}
