//! What is acknowledged is kept: through kills, frozen machines, cut lines and full disks.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, RoomName};
use trunkline_protocol::{Codec, ErrorCode, MessageId, SenderId, ServerFrame, Text};
use trunkline_tests::{Peer, Proxy, ServerProcess, Soak, TestServer, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_and_double_nothing() {
    let mut server = ServerProcess::start(&[]).await;
    let soak = Soak::start(&server.base(), server.address(), 16, 4).await;
    for round in 0..20 {
        // Not always at the same point of the talk.
        soak.acknowledged(10 + round * 7).await;
        server = server.kill_and_restart().await;
        soak.wake();
    }
    soak.acknowledged(20).await;
    let count = soak.finish().await;
    assert!(count > 20 * 10, "{count} messages");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_froze_for_longer_than_the_heartbeat_loses_nothing() {
    let server = ServerProcess::start(&[]).await;
    let soak = Soak::start(&server.base(), server.address(), 3, 2).await;
    soak.acknowledged(20).await;
    server.freeze().await;
    // Clients take a line for dead after 15 seconds of silence, and try others meanwhile.
    tokio::time::sleep(Duration::from_secs(17)).await;
    server.thaw().await;
    soak.wake();
    soak.acknowledged(20).await;
    soak.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_are_cut_at_random_lose_nothing() {
    let server = TestServer::start().await;
    let proxy = Proxy::start(server.address()).await;
    let soak = Soak::start(&server.base(), proxy.address(), 4, 2).await;
    for round in 0..15 {
        soak.acknowledged(1 + round * 7 % 23).await;
        if round % 4 == 3 {
            proxy.silence();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        proxy.cut();
        proxy.mend();
        soak.wake();
    }
    soak.finish().await;
}

#[tokio::test]
async fn a_data_folder_serves_one_server() {
    let server = ServerProcess::start(&[]).await;
    let folder = server.data().to_str().expect("a folder of the test");
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--data", folder];
    let second = ServerProcess::run(&arguments).await;
    assert_eq!(second.status.code(), Some(1));
    let line = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        line.starts_with("error: another server uses the data folder") && line.lines().count() == 1,
        "{line}"
    );
}

/// Says something under a message id, and returns its offset.
async fn say(peer: &mut Peer, counter: u32) -> Result<u64, ErrorCode> {
    let room: RoomName = "lobby".parse().expect("a room");
    let text = Text::cut(&format!("message {counter} {}", "x".repeat(900)));
    let sender = SenderId::from_random(1);
    let id = MessageId { sender, counter };
    match peer
        .publish_as::<Chat>(&room, &ChatCommand::Say { text }, id)
        .await
    {
        ServerFrame::Published { position, .. } => Ok(position.offset),
        ServerFrame::Refused { error, .. } => Err(error.code),
        other => panic!("{other:?}"),
    }
}

async fn newest(peer: &mut Peer) -> (u64, usize) {
    let answer = peer
        .subscribe("chat:lobby", Start::Newest { count: 100 })
        .await;
    let ServerFrame::Subscribed {
        head, publications, ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    (head, publications.len())
}

#[tokio::test]
async fn a_full_disk_refuses_messages_and_serves_history_until_there_is_room() {
    let server = ServerProcess::start_on_small_disk(6 * 1024 * 1024).await;
    let mut peer = Peer::connect_to(server.address(), Codec::Bincode, "ada").await;
    assert_eq!(say(&mut peer, 1).await, Ok(1));

    let ballast = server.data_inside().join("ballast");
    let mut file = File::create(&ballast).expect("a disk with room");
    while file.write_all(&[1; 4096]).is_ok() {}
    // What the journal's last page still takes is taken.
    let mut next = 2;
    while let Ok(offset) = say(&mut peer, next).await {
        assert_eq!(offset, u64::from(next));
        next += 1;
        assert!(next < 50, "the disk is full");
    }
    assert_eq!(say(&mut peer, next).await, Err(ErrorCode::Unavailable));
    let kept = u64::from(next) - 1;
    let mut reader = Peer::connect_to(server.address(), Codec::Bincode, "bob").await;
    assert_eq!(newest(&mut reader).await, (kept, kept as usize));

    drop(file);
    std::fs::remove_file(&ballast).expect("a file of the test");
    let offset = until("the disk to be used again", async || {
        say(&mut peer, next).await.ok()
    })
    .await;
    assert_eq!(offset, kept + 1, "refused messages were not kept");
    let mut reader = Peer::connect_to(server.address(), Codec::Bincode, "eve").await;
    assert_eq!(newest(&mut reader).await, (offset, offset as usize));
}
