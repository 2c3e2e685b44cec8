//! Broadcasts over sockets: who comes late, who is slow, who breaks the rules, and words that wait for
//! no picture.

use std::time::Duration;

use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_protocol::topics::live::{
    BeginLive, CountLive, LIVE_PART_LEN_MAX, ListLive, Live, LiveAsked, LiveEnd, LiveEvent,
    LiveForm, LiveKind, LiveNamed, LiveReport, LiveRoom, LiveSeat, LiveSource, LiveWish,
    ReportLive,
};
use trunkline_protocol::{
    ClientFrame, Codec, Error, ErrorCode, List, MessageId, SenderId, ServerFrame, Text,
};
use trunkline_server::Broadcasters;
use trunkline_tests::{Peer, TestServer};

const TOPIC: &str = "live:studio";

const NEWEST: Start = Start::Newest { count: 1 };

fn studio() -> LiveRoom {
    "studio".parse().expect("a room")
}

async fn begin(peer: &mut Peer, room: &str, bitrate: u32) -> Result<LiveSeat, Error> {
    let wish = LiveWish {
        room: Text::cut(room),
        title: Text::cut("Evening show"),
        source: LiveSource::Camera,
        bitrate,
    };
    peer.call::<BeginLive>(&wish).await
}

fn run(number: u32) -> LiveEvent {
    LiveEvent::Run {
        run: number,
        form: LiveForm::Frames,
        video: Text::cut("vp8"),
        audio: Text::cut(""),
        width: 640,
        height: 360,
        rate: 0,
        channels: 0,
        init: List::default(),
        began_us: 0,
    }
}

/// A part that is a whole picture, whose bytes tell its numbers.
fn part(run: u32, number: u32, len: usize) -> LiveEvent {
    LiveEvent::Part {
        run,
        number,
        kind: LiveKind::Key,
        last: true,
        at_us: number * 33_333,
        bytes: List::cut(vec![(run * 31 + number) as u8; len]),
    }
}

async fn publish(peer: &mut Peer, event: &LiveEvent) -> Result<(), Error> {
    match peer.publish::<Live>(&studio(), event).await {
        ServerFrame::Published { .. } => Ok(()),
        ServerFrame::Refused { error, .. } => Err(error),
        other => panic!("{other:?}"),
    }
}

/// Publishes a run of so many parts.
async fn broadcast(peer: &mut Peer, number: u32, parts: u32) {
    publish(peer, &run(number)).await.expect("a run");
    for at in 0..parts {
        let part = part(number, at, LIVE_PART_LEN_MAX);
        publish(peer, &part).await.expect("a part");
    }
}

/// Somebody who broadcasts in the studio, as fast as a test likes.
async fn broadcaster(server: &TestServer) -> Peer {
    let mut peer = server.peer("broadcaster").await;
    let seat = begin(&mut peer, "studio", u32::MAX).await;
    assert_eq!(seat.expect("a seat").run, 1);
    peer
}

/// A server that allows a gigabit per second, in any number of parts.
async fn generous() -> TestServer {
    generous_with(true).await
}

async fn generous_with(priorities: bool) -> TestServer {
    TestServer::start_with(|config| {
        config.live.bitrate_max = 1_000_000_000;
        config.session.stream_pace.per_second = 1_000_000;
        config.session.stream_pace.burst = 1_000_000;
        config.hub.priorities = priorities;
    })
    .await
}

async fn viewer(server: &TestServer, codec: Codec, start: Start) -> Peer {
    let mut peer = Peer::connect(server, codec, "viewer").await;
    let answer = peer.subscribe(TOPIC, start).await;
    assert!(
        matches!(answer, ServerFrame::Subscribed { .. }),
        "{answer:?}"
    );
    peer
}

/// What a viewer sees: the numbers of a run, and of a part in it.
async fn seen(peer: &mut Peer) -> (u32, Option<u32>) {
    match peer.event::<Live>().await {
        LiveEvent::Run { run, .. } => (run, None),
        LiveEvent::Part {
            run, number, bytes, ..
        } => {
            assert_eq!(bytes.first(), Some(&((run * 31 + number) as u8)));
            (run, Some(number))
        }
        LiveEvent::Ended { reason } => panic!("ended: {reason:?}"),
    }
}

#[tokio::test]
async fn who_comes_late_gets_the_whole_run_at_once_and_goes_on_live() {
    let server = generous().await;
    let mut ada = broadcaster(&server).await;
    broadcast(&mut ada, 1, 3).await;
    // More than a page of history, and more than an outbox has room for.
    broadcast(&mut ada, 2, 60).await;
    for (codec, next) in [(Codec::Bincode, 3), (Codec::Json, 5)] {
        let mut late = viewer(&server, codec, NEWEST).await;
        let newest = next - 1;
        assert_eq!(seen(&mut late).await, (newest, None));
        for number in 0..60 {
            assert_eq!(seen(&mut late).await, (newest, Some(number)));
        }
        broadcast(&mut ada, next, 1).await;
        assert_eq!(seen(&mut late).await, (next, None));
        assert_eq!(seen(&mut late).await, (next, Some(0)));
        broadcast(&mut ada, next + 1, 60).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_viewer_skips_to_the_newest_run_while_others_see_all() {
    let server = generous().await;
    let mut ada = broadcaster(&server).await;
    let mut slow = viewer(&server, Codec::Bincode, NEWEST).await;
    let mut quick = viewer(&server, Codec::Bincode, NEWEST).await;
    const RUNS: u32 = 40;
    let watching = tokio::spawn(async move {
        for run in 1..=RUNS {
            assert_eq!(seen(&mut quick).await, (run, None));
            for number in 0..30 {
                assert_eq!(seen(&mut quick).await, (run, Some(number)));
            }
        }
    });
    // Together 15 MB, which no socket holds.
    for run in 1..=RUNS {
        broadcast(&mut ada, run, 30).await;
    }
    watching.await.expect("one who sees everything");
    let (mut skipped, mut places) = (0, Vec::new());
    while places.last() != Some(&(RUNS, Some(29))) {
        match slow.receive().await {
            ServerFrame::Gap { gap, .. } => skipped += gap.count,
            ServerFrame::Publication { event, .. } => {
                let event = Codec::Bincode.decode(event.0.as_bytes());
                places.push(match event.expect("an event") {
                    LiveEvent::Run { run, .. } => (run, None),
                    LiveEvent::Part { run, number, .. } => (run, Some(number)),
                    LiveEvent::Ended { .. } => panic!("nobody ends"),
                });
            }
            _ => {}
        }
    }
    let all = u64::from(RUNS) * 31;
    assert_eq!(
        places.len() as u64 + skipped,
        all,
        "what is skipped is told"
    );
    assert!(skipped > all / 2, "{skipped}");
    // In each run that it sees, it sees the begin, and nothing is missing before it is left.
    for pair in places.windows(2) {
        let follows = match pair[1] {
            (_, None) => true,
            (run, Some(0)) => pair[0] == (run, None),
            (run, Some(number)) => pair[0] == (run, Some(number - 1)),
        };
        assert!(follows, "{pair:?}");
    }
}

/// How many parts a slow viewer gets before a message that was said after all of them.
async fn parts_before_a_message(priorities: bool) -> usize {
    let server = generous_with(priorities).await;
    let lobby = studio().chat();
    let mut ada = broadcaster(&server).await;
    let mut slow = viewer(&server, Codec::Bincode, NEWEST).await;
    let answer = slow.subscribe("chat:live-studio", NEWEST).await;
    let ServerFrame::Subscribed { topic_id: chat, .. } = answer else {
        panic!("{answer:?}")
    };
    for run in 1..=20 {
        broadcast(&mut ada, run, 30).await;
    }
    let text = Text::cut("can you see this?");
    ada.publish::<Chat>(&lobby, &ChatCommand::Say { text })
        .await;
    let mut parts = 0;
    loop {
        match slow.receive().await {
            ServerFrame::Publication { topic_id, .. } if topic_id == chat => return parts,
            ServerFrame::Publication { .. } => parts += 1,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_overtakes_video_that_waits() {
    let with = parts_before_a_message(true).await;
    let without = parts_before_a_message(false).await;
    // An outbox holds ten parts. Without priorities the system holds more, too.
    assert!(with + 9 <= without, "{with} with, {without} without");
}

#[tokio::test]
async fn viewers_get_nothing_of_what_breaks_the_rules() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    assert!(begin(&mut ada, "studio", 2_000_000).await.is_ok());
    let mut watching = viewer(&server, Codec::Bincode, NEWEST).await;
    let mut mallory = server.peer("mallory").await;
    let refused = |result: Result<(), Error>| result.expect_err("refused").code;

    let early = publish(&mut ada, &part(1, 0, 10)).await;
    assert_eq!(refused(early), ErrorCode::Invalid, "no run yet");
    publish(&mut ada, &run(1)).await.expect("a run");
    let reason = LiveEnd::Lost;
    for rubbish in [
        part(2, 0, 10),
        part(1, 1, 10),
        part(1, 0, 0),
        run(1),
        run(0),
        LiveEvent::Ended { reason },
    ] {
        let refusal = refused(publish(&mut ada, &rubbish).await);
        assert_eq!(refusal, ErrorCode::Invalid, "{rubbish:?}");
    }
    let done = LiveEvent::Ended {
        reason: LiveEnd::Done,
    };
    for stolen in [run(9), part(1, 0, 10), done.clone()] {
        let refusal = refused(publish(&mut mallory, &stolen).await);
        assert_eq!(refusal, ErrorCode::Forbidden, "{stolen:?}");
    }
    let seat = begin(&mut mallory, "studio", 1_000).await;
    assert_eq!(seat.expect_err("refused").code, ErrorCode::Forbidden);
    // Bytes that are no command, and a part that is longer than one may be.
    for bytes in [vec![0xff; 40], long_part()] {
        let refusal = send_bytes(&mut ada, bytes).await;
        assert!(
            matches!(refusal.code, ErrorCode::Malformed | ErrorCode::TooLong),
            "{refusal:?}"
        );
    }
    publish(&mut ada, &part(1, 0, 10)).await.expect("a part");
    publish(&mut ada, &done).await.expect("an end");

    assert_eq!(watching.event::<Live>().await, run(1));
    assert_eq!(watching.event::<Live>().await, part(1, 0, 10));
    assert_eq!(watching.event::<Live>().await, done);
    // Who comes now is told at once that it is over, and nothing else.
    let mut late = viewer(&server, Codec::Bincode, NEWEST).await;
    let answer = late.subscribe(TOPIC, NEWEST).await;
    let ServerFrame::Subscribed { publications, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(publications.len(), 1);
}

/// A part of one byte more than the greatest, in binary.
fn long_part() -> Vec<u8> {
    let mut bytes = Codec::Bincode
        .encode(&part(1, 0, LIVE_PART_LEN_MAX))
        .to_vec();
    let at = bytes.len() - LIVE_PART_LEN_MAX - 2;
    bytes[at..at + 2].copy_from_slice(&(LIVE_PART_LEN_MAX as u16 + 1).to_le_bytes());
    bytes.push(0);
    bytes
}

async fn send_bytes(peer: &mut Peer, bytes: Vec<u8>) -> Error {
    let id = peer.id();
    peer.send(&ClientFrame::Publish {
        id,
        message_id: MessageId {
            sender: SenderId::from_random(9),
            counter: id,
        },
        topic: Text::cut(TOPIC),
        contract: None,
        command: bytes.try_into().expect("a short payload"),
    })
    .await;
    match peer.answer_to(id).await {
        ServerFrame::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_floods_is_told_and_then_ended_and_viewers_are_told_why() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let seat = begin(&mut ada, "studio", 1_000_000).await;
    assert_eq!(seat.expect("a seat").bitrate, 1_000_000);
    let mut watching = viewer(&server, Codec::Bincode, NEWEST).await;
    publish(&mut ada, &run(1)).await.expect("a run");
    let (mut number, mut refusals) = (0, 0);
    let last = loop {
        match publish(&mut ada, &part(1, number, LIVE_PART_LEN_MAX)).await {
            Ok(()) => number += 1,
            Err(error) if error.code == ErrorCode::TooFast => {
                assert!(error.retry_after_ms.is_some());
                refusals += 1;
            }
            Err(error) => break error.code,
        }
    };
    assert_eq!((last, refusals), (ErrorCode::Forbidden, 200));
    let end = loop {
        match watching.event::<Live>().await {
            LiveEvent::Ended { reason } => break reason,
            LiveEvent::Run { .. } | LiveEvent::Part { .. } => {}
        }
    };
    assert_eq!(end, LiveEnd::TooFast);
}

#[tokio::test]
async fn a_broadcaster_that_vanishes_is_waited_for_and_then_lost() {
    let server = TestServer::start_with(|config| {
        config.live.silence_max = Duration::from_millis(1_500);
    })
    .await;
    let mut ada = server.peer("ada").await;
    assert!(begin(&mut ada, "studio", 1_000_000).await.is_ok());
    let mut watching = viewer(&server, Codec::Bincode, NEWEST).await;
    broadcast(&mut ada, 1, 1).await;
    let token = ada.token().to_owned();
    drop(ada);
    // The same user, on another line.
    let mut back = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    // Its commands have other message ids than those before.
    while back.id() < 100 {}
    let seat = begin(&mut back, "studio", 1_000_000).await.expect("a seat");
    assert_eq!(seat.run, 1_001);
    broadcast(&mut back, seat.run, 1).await;
    drop(back);
    for expected in [run(1), part(1, 0, LIVE_PART_LEN_MAX), run(1_001)] {
        assert_eq!(watching.event::<Live>().await, expected);
    }
    watching.event::<Live>().await;
    let reason = LiveEnd::Lost;
    assert_eq!(watching.event::<Live>().await, LiveEvent::Ended { reason });
    let rooms = watching.call::<ListLive>(&LiveAsked {}).await;
    assert!(rooms.expect("a list").rooms.is_empty());
}

#[tokio::test]
async fn a_list_tells_who_broadcasts_and_a_broadcaster_who_watches() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    assert!(begin(&mut ada, "studio", 1_000_000).await.is_ok());
    broadcast(&mut ada, 1, 1).await;
    let mut watching = viewer(&server, Codec::Bincode, NEWEST).await;
    let rooms = watching.call::<ListLive>(&LiveAsked {}).await;
    let rooms = rooms.expect("a list").rooms;
    let info = rooms.first().expect("a broadcast");
    assert_eq!(
        (info.room.as_str(), info.title.as_str(), info.viewers),
        ("studio", "Evening show", 1)
    );
    assert_eq!(info.broadcaster.id, ada.user().id);
    assert_eq!((info.video.as_str(), rooms.len()), ("vp8", 1));

    let report = LiveReport {
        room: Text::cut("studio"),
        latency_ms: Some(150),
        skipped: 31,
        dropped: 0,
    };
    let crowd = watching.call::<ReportLive>(&report).await;
    assert_eq!(crowd.expect("a crowd").viewers, 1);
    let room = Text::cut("studio");
    let named = LiveNamed { room };
    let audience = ada.call::<CountLive>(&named).await.expect("told");
    assert_eq!((audience.viewers, audience.slow), (1, 1));
    assert_eq!((audience.latency_ms, audience.skipped), (Some(150), 31));
    let other = watching.call::<CountLive>(&named).await;
    assert_eq!(other.expect_err("refused").code, ErrorCode::Forbidden);
    let room = Text::cut("empty");
    let nothing = ada.call::<CountLive>(&LiveNamed { room }).await;
    assert_eq!(nothing.expect_err("refused").code, ErrorCode::NotKept);
}

#[tokio::test]
async fn an_operator_says_who_may_broadcast_and_how_many() {
    let server = TestServer::start_with(|config| {
        config.broadcasters = Broadcasters::Nobody;
    })
    .await;
    let mut ada = server.peer("ada").await;
    let refused = begin(&mut ada, "studio", 1_000).await;
    assert_eq!(refused.expect_err("refused").code, ErrorCode::Forbidden);

    let server = TestServer::start_with(|config| config.live.rooms_max = 1).await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    assert!(begin(&mut ada, "studio", 1_000).await.is_ok());
    let full = begin(&mut bob, "other", 1_000).await;
    assert_eq!(full.expect_err("refused").code, ErrorCode::Unavailable);
    let bad = begin(&mut bob, "No Room", 1_000).await;
    assert_eq!(bad.expect_err("refused").code, ErrorCode::Invalid);
}

#[tokio::test]
async fn parts_of_video_are_no_requests_too_many() {
    let server = TestServer::start().await;
    let mut ada = broadcaster(&server).await;
    publish(&mut ada, &run(1)).await.expect("a run");
    // Far more than the pace of requests, and none is held against it.
    for number in 0..600 {
        publish(&mut ada, &part(1, number, 10))
            .await
            .expect("a part");
    }
    let rooms = ada.call::<ListLive>(&LiveAsked {}).await;
    assert_eq!(rooms.expect("a list").rooms.len(), 1);
}
