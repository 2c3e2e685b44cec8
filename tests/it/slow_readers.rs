//! A reader that does not read costs the others nothing, and gets everything when it does.

use std::time::{Duration, Instant};

use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{Codec, ServerFrame, Text};
use trunkline_tests::{Peer, TestServer};

/// Together more than a connection's buffers hold, and less than the log keeps.
const MESSAGES: u64 = 480;

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

/// Reads events until the one of `last`, and returns their offsets and the gaps between them.
async fn read_until(peer: &mut Peer, last: u64) -> (Vec<u64>, usize) {
    let (mut offsets, mut gaps) = (Vec::new(), 0);
    while offsets.last() != Some(&last) {
        match peer.receive().await {
            ServerFrame::Publication { offset, .. } => offsets.push(offset),
            ServerFrame::Gap { .. } => gaps += 1,
            _ => {}
        }
    }
    (offsets, gaps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_catches_up_and_nobody_waits_for_it() {
    let server = TestServer::start_with(|config| {
        config.session.pace = trunkline_session::Pace {
            per_second: 100_000,
            burst: 100_000,
        };
        config.hub.outbox_len_max = 32 * 1024;
        // It reads nothing for a while, and answers no heartbeat meanwhile.
        config.session.silence_max = Duration::from_secs(120);
    })
    .await;
    let newest = Start::Newest { count: 0 };
    let mut stalled = Peer::connect(&server, Codec::Bincode, "stalled").await;
    stalled.subscribe("chat:lobby", newest).await;
    let mut quick = Peer::connect(&server, Codec::Json, "quick").await;
    quick.subscribe("chat:lobby", newest).await;

    let mut ada = server.peer("ada").await;
    let talking = tokio::spawn(async move {
        let mut longest = Duration::ZERO;
        for number in 0..MESSAGES {
            let text = Text::cut(&format!("{number} {}", "\u{1f682}".repeat(1990)));
            let started = Instant::now();
            let answer = ada
                .publish::<Chat>(&lobby(), &ChatCommand::Say { text })
                .await;
            assert!(
                matches!(answer, ServerFrame::Published { .. }),
                "{answer:?}"
            );
            longest = longest.max(started.elapsed());
        }
        longest
    });
    let (offsets, gaps) = read_until(&mut quick, MESSAGES).await;
    assert_eq!((offsets.len() as u64, gaps), (MESSAGES, 0));
    // Far below any patience of the server with the one that stalls.
    let longest = talking.await.expect("a talker who is heard");
    assert!(longest < Duration::from_secs(5), "{longest:?}");

    let (offsets, gaps) = read_until(&mut stalled, MESSAGES).await;
    assert_eq!(offsets, (1..=MESSAGES).collect::<Vec<_>>());
    assert_eq!(gaps, 0);
    // It takes part in live fan-out again.
    let mut bob = server.peer("bob").await;
    let text = Text::cut("live");
    bob.publish::<Chat>(&lobby(), &ChatCommand::Say { text })
        .await;
    let ChatEvent::Said { text, .. } = stalled.event::<Chat>().await else {
        panic!("nobody edits here")
    };
    assert_eq!(text.as_str(), "live");
}
