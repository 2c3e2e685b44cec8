//! Conversations as responses: streams and long polls, in both codecs and both versions of HTTP.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{
    ClientFrame, Codec, DisconnectReason, List, Offset, Payload, Position, ServerFrame, Text,
    TopicId, UserId,
};
use trunkline_session::Pace;
use trunkline_tests::{Asking, Heard, Peer, TestServer, connect, until, within};

const LOBBY: &str = "chat:lobby";

fn lobby() -> RoomName {
    "lobby".parse().expect("a room")
}

/// Both codecs, over both versions of HTTP.
const WAYS: [(Codec, bool); 4] = [
    (Codec::Json, false),
    (Codec::Json, true),
    (Codec::Bincode, false),
    (Codec::Bincode, true),
];

async fn open(server: &TestServer, codec: Codec, frame: &ClientFrame) -> Heard {
    Asking::frame(server.address(), "/http/stream", codec, frame)
        .send()
        .await
}

/// Says so many things in the lobby, at its own pace.
async fn talk(mut peer: Peer, count: u32) {
    for number in 1..=count {
        let text = Text::cut(&format!("message {number}"));
        let answer = peer
            .publish::<Chat>(&lobby(), &ChatCommand::Say { text })
            .await;
        assert!(
            matches!(answer, ServerFrame::Published { .. }),
            "{answer:?}"
        );
    }
}

/// What a reader of one topic has got, however often it had to come back.
#[derive(Default)]
struct Reader {
    position: Option<Position>,
    topic_id: Option<TopicId>,
    got: Vec<(Offset, String)>,
    gaps: usize,
}

impl Reader {
    fn start(&self) -> Start {
        self.position
            .map_or(Start::Newest { count: 256 }, Start::After)
    }

    fn take(&mut self, codec: Codec, offset: Offset, event: &Payload) {
        let ChatEvent::Said { text, .. } = codec.decode(event.as_bytes()).expect("an event") else {
            panic!("nobody edits here")
        };
        self.got.push((offset, text.into()));
        let position = self.position.as_mut().expect("a subscription comes first");
        position.offset = offset;
    }

    /// Takes a frame in, as PROTOCOL.md says a client does. Returns how many events it brought.
    fn handle(&mut self, codec: Codec, frame: &ServerFrame) -> usize {
        let before = self.got.len();
        match frame {
            ServerFrame::Subscribed {
                topic_id,
                position,
                publications,
                gap,
                ..
            } => {
                assert!(
                    self.position.is_none_or(|at| at == *position),
                    "it goes on where it stopped"
                );
                self.position = Some(*position);
                self.topic_id = Some(*topic_id);
                self.gaps += usize::from(gap.is_some());
                for publication in publications.iter() {
                    self.take(codec, publication.offset, &publication.event);
                }
            }
            ServerFrame::Publication {
                topic_id,
                offset,
                event,
                ..
            } if Some(*topic_id) == self.topic_id => self.take(codec, *offset, &event.0),
            ServerFrame::Gap { .. } => self.gaps += 1,
            _ => {}
        }
        self.got.len() - before
    }

    fn assert_has_all(&self, count: u32) {
        let expected: Vec<_> = (1..=count)
            .map(|number| (Offset::from(number), format!("message {number}")))
            .collect();
        assert_eq!((&self.got, self.gaps), (&expected, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_goes_on_with_nothing_lost_and_nothing_doubled() {
    const COUNT: u32 = 300;
    for (codec, http2) in WAYS {
        let server = TestServer::start_with(|config| {
            config.session.pace = Pace {
                per_second: 100_000,
                burst: 100_000,
            };
        })
        .await;
        let talking = tokio::spawn(talk(server.peer("ada").await, COUNT));
        let token = server.token("bob").await;
        let mut reader = Reader::default();
        let mut cuts = 0;
        while reader.got.len() < COUNT as usize {
            let frame = connect(&token, LOBBY, reader.start());
            let stream = Asking::frame(server.address(), "/http/stream", codec, &frame);
            let mut stream = stream.http2(http2).send().await;
            assert_eq!(stream.status(), 200);
            assert_eq!(stream.header("cache-control"), Some("no-store"));
            assert_eq!(stream.header("x-accel-buffering"), Some("no"));
            // A few events, then the line is cut in the middle of whatever is under way.
            let mut events = 0;
            while events < 23 && reader.got.len() < COUNT as usize {
                let frame = stream.frame(codec).await.expect("a stream that goes on");
                events += reader.handle(codec, &frame);
            }
            cuts += 1;
        }
        talking.await.expect("a talker who is heard");
        reader.assert_has_all(COUNT);
        assert!(cuts > 1, "{codec:?} {http2}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_polls_bring_everything_once() {
    const COUNT: u32 = 120;
    for (codec, http2) in WAYS {
        let server = TestServer::start().await;
        let talking = tokio::spawn(talk(server.peer("ada").await, COUNT));
        let token = server.token("bob").await;
        let mut reader = Reader::default();
        while reader.got.len() < COUNT as usize {
            let frame = connect("", LOBBY, reader.start());
            let poll = Asking::frame(server.address(), "/http/poll", codec, &frame);
            let mut reply = poll.token(&token).http2(http2).send().await;
            assert_eq!(reply.status(), 200);
            let mut events = 0;
            while let Some(frame) = reply.frame(codec).await {
                events += reader.handle(codec, &frame);
            }
            assert!(events > 0, "it waits for news");
        }
        talking.await.expect("a talker who is heard");
        reader.assert_has_all(COUNT);
    }
}

#[tokio::test]
async fn a_poll_without_news_ends_when_it_was_asked_to() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    for topic in [LOBBY, "nobody:knows"] {
        let frame = connect(&token, topic, Start::default());
        let started = Instant::now();
        let wait = if topic == LOBBY { 0 } else { 50 };
        let path = format!("/http/poll?wait={wait}");
        let poll = Asking::frame(server.address(), &path, Codec::Json, &frame);
        let mut reply = poll.send().await;
        let connected = reply.frame(Codec::Json).await;
        assert!(
            matches!(connected, Some(ServerFrame::Connected { .. })),
            "{connected:?}"
        );
        // A refused subscription is news.
        let answer = reply.frame(Codec::Json).await;
        let refused = matches!(answer, Some(ServerFrame::Refused { id: 1, .. }));
        assert_eq!(refused, topic != LOBBY, "{answer:?}");
        assert_eq!(reply.frame(Codec::Json).await, None);
        assert!(started.elapsed() < Duration::from_secs(20), "{topic}");
    }
}

/// Who is told what at the end of a stream.
async fn end_of(mut stream: Heard, codec: Codec) -> (Option<u16>, bool) {
    let (mut code, mut drained) = (None, false);
    while let Some(frame) = stream.frame(codec).await {
        assert_eq!(code, None, "nothing follows the end");
        match frame {
            ServerFrame::Disconnect { code: it, .. } => code = Some(it),
            ServerFrame::Drain { .. } => drained = true,
            _ => {}
        }
    }
    (code, drained)
}

#[tokio::test]
async fn a_stream_ends_with_a_code_that_says_what_to_do() {
    let server = TestServer::start_with(|config| {
        config.stream_life = Duration::from_secs(1);
        // Who takes what is sent is not silent, though nobody can answer a ping.
        config.session.ping_interval = Duration::from_millis(100);
        config.session.silence_max = Duration::from_millis(300);
    })
    .await;
    let token = server.token("ada").await;
    for (codec, _) in WAYS {
        let frame = connect(&token, LOBBY, Start::default());
        let end = end_of(open(&server, codec, &frame).await, codec).await;
        assert_eq!(end, (Some(DisconnectReason::Renew.code()), false));
    }
    // What a socket is closed for ends a stream with the same code.
    let ClientFrame::Connect {
        token: text, agent, ..
    } = connect(&token, LOBBY, Start::default())
    else {
        panic!("a connect frame")
    };
    let other = ClientFrame::Connect {
        version: 9,
        token: text,
        agent,
        subscriptions: List::default(),
    };
    let end = end_of(open(&server, Codec::Json, &other).await, Codec::Json).await;
    assert_eq!(
        end,
        (Some(DisconnectReason::VersionUnsupported.code()), false)
    );

    let mut server = server.restart().await;
    let frame = connect(&server.token("ada").await, LOBBY, Start::default());
    let mut streams = Vec::new();
    for (codec, _) in WAYS {
        let mut stream = open(&server, codec, &frame).await;
        assert!(stream.frame(codec).await.is_some());
        streams.push((codec, stream));
    }
    let told = async {
        for (codec, stream) in streams {
            let end = end_of(stream, codec).await;
            assert_eq!(end, (Some(DisconnectReason::Restart.code()), true));
        }
    };
    tokio::join!(server.stop(), told);
}

#[tokio::test]
async fn everybody_is_told_of_their_own_stream() {
    let server = TestServer::start().await;
    let mut users: Vec<(UserId, Heard)> = Vec::new();
    for name in ["ada", "bob", "cyd"] {
        let peer = server.peer(name).await;
        let frame = connect(peer.token(), LOBBY, Start::default());
        users.push((peer.user().id, open(&server, Codec::Json, &frame).await));
    }
    // What one asks for is answered to nobody else.
    let mut ada = server.peer("ada").await;
    let text = Text::cut("hello");
    ada.publish::<Chat>(&lobby(), &ChatCommand::Say { text })
        .await;
    for (user, mut stream) in users {
        let mut frames = Vec::new();
        while !matches!(frames.last(), Some(ServerFrame::Publication { .. })) {
            frames.push(
                stream
                    .news(Codec::Json)
                    .await
                    .expect("a stream that goes on"),
            );
        }
        let [
            ServerFrame::Connected { user: told, .. },
            ServerFrame::Subscribed { .. },
            ServerFrame::Publication { .. },
        ] = &frames[..]
        else {
            panic!("{frames:?}")
        };
        assert_eq!(told.id, user);
    }
}

/// A reader that takes nothing for a while, on a connection of its own.
struct Stalled(TcpStream);

impl Stalled {
    async fn open(server: &TestServer, frame: &ClientFrame) -> Self {
        let body = Codec::Json.encode(frame);
        let address = server.address();
        let mut stream = TcpStream::connect(address).await.expect("a port");
        // HTTP/1.0, so that the body comes as it is.
        let head = format!(
            "POST /http/stream HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.expect("a line");
        stream.write_all(&body).await.expect("a line");
        Self(stream)
    }

    /// Reads on until the event at `last`, and returns the offsets of all, and how many gaps there
    /// were.
    async fn read_until(self, last: Offset) -> (Vec<Offset>, usize) {
        let mut lines = BufReader::new(self.0).lines();
        let (mut offsets, mut gaps) = (Vec::new(), 0);
        while offsets.last() != Some(&last) {
            let line = within("a line", lines.next_line()).await;
            let line = line
                .expect("a line that is up")
                .expect("a stream that goes on");
            match Codec::Json.decode(line.as_bytes()) {
                Ok(ServerFrame::Publication { offset, .. }) => offsets.push(offset),
                Ok(ServerFrame::Gap { .. }) => gaps += 1,
                // Other frames, and the head of the answer.
                _ => {}
            }
        }
        (offsets, gaps)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_whose_reader_stops_is_bounded_and_catches_up() {
    /// Together more than the buffers on the way hold, and less than the log keeps.
    const COUNT: u32 = 480;
    let server = TestServer::start_with(|config| {
        config.session.pace = Pace {
            per_second: 100_000,
            burst: 100_000,
        };
        config.hub.outbox_len_max = 32 * 1024;
        // It takes nothing for a while.
        config.session.silence_max = Duration::from_secs(120);
        config.timeouts.stall = Duration::from_secs(120);
    })
    .await;
    let frame = connect(&server.token("bob").await, LOBBY, Start::default());
    let stalled = Stalled::open(&server, &frame).await;
    let mut quick = server.peer("quick").await;
    quick.subscribe(LOBBY, Start::default()).await;
    let mut ada = server.peer("ada").await;
    for number in 1..=COUNT {
        let text = Text::cut(&format!("{number} {}", "\u{1f682}".repeat(1900)));
        let say = ChatCommand::Say { text };
        let answer = ada.publish::<Chat>(&lobby(), &say).await;
        assert!(
            matches!(answer, ServerFrame::Published { .. }),
            "{answer:?}"
        );
    }
    // Nobody waits for who does not read.
    for _ in 1..=COUNT {
        quick.event::<Chat>().await;
    }
    let (offsets, gaps) = stalled.read_until(COUNT.into()).await;
    assert_eq!(offsets, (1..=u64::from(COUNT)).collect::<Vec<_>>());
    assert_eq!(gaps, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_takes_nothing_is_let_go() {
    let server = TestServer::start_with(|config| {
        config.session.pace = Pace {
            per_second: 100_000,
            burst: 100_000,
        };
        config.session.ping_interval = Duration::from_millis(200);
        config.session.silence_max = Duration::from_secs(1);
    })
    .await;
    let frame = connect(&server.token("bob").await, LOBBY, Start::default());
    let _stalled = Stalled::open(&server, &frame).await;
    let mut ada = server.peer("ada").await;
    let present = async |ada: &mut Peer| {
        let id = ada.id();
        let topic = Text::cut(LOBBY);
        ada.send(&ClientFrame::Presence { id, topic }).await;
        match ada.answer_to(id).await {
            ServerFrame::Present { members, .. } => members.count,
            other => panic!("{other:?}"),
        }
    };
    until("a reader", async || {
        (present(&mut ada).await == 1).then_some(())
    })
    .await;
    let text = Text::cut(&"\u{1f682}".repeat(1900));
    let say = ChatCommand::Say { text };
    // Until there is no room left on the way, and the server gives up.
    until("the reader to be gone", async || {
        for _ in 0..20 {
            ada.publish::<Chat>(&lobby(), &say).await;
        }
        (present(&mut ada).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_poll_without_subscriptions_waits_like_any_other() {
    let server = TestServer::start().await;
    let token = server.token("ada").await;
    let frame = json!({"type": "connect", "version": 1, "token": token, "agent": "test", "subscriptions": []});
    for (wait, quiet) in [(0, false), (1, true)] {
        let path = format!("/http/poll?wait={wait}");
        let start = Instant::now();
        let mut answer = Asking::post(server.address(), &path, frame.to_string())
            .send()
            .await;
        assert_eq!(answer.status(), 200);
        let first = answer.frame(Codec::Json).await;
        assert!(
            matches!(first, Some(ServerFrame::Connected { .. })),
            "{first:?}"
        );
        assert_eq!(start.elapsed() >= Duration::from_secs(1), quiet);
    }
}
