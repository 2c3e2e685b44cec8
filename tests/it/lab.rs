//! The lab: lanes whose accounts are exact, one race at a time, and a witness that shows a handshake
//! as it was sent.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_client::{CallError, Client};
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::lab::{
    Lab, LabAsked, LabKey, Lane, LaneReport, Lanes, ListLanes, Nonce, Race, RaceId, RaceWish,
    ReportRace, ShowHandshake, StartRace, TellTime, Tick,
};
use trunkline_protocol::{Call, ClientFrame, Codec, ErrorCode, List, ServerFrame, Text, Topic};
use trunkline_server::LabPorts;
use trunkline_tests::{TestServer, get, masked_frame, until, upgrade_request, within};

/// Calls as soon as there is a line.
async fn call<C: Call>(client: &Client, request: C::Request) -> Result<C::Response, ErrorCode> {
    until("an answer", async || {
        match client.call::<C>(&request).await {
            Ok(response) => Some(Ok(response)),
            Err(CallError::Refused(error))
                if error.code == ErrorCode::Unavailable && error.retry_after_ms.is_none() =>
            {
                None
            }
            Err(CallError::Refused(error)) => Some(Err(error.code)),
            Err(other) => panic!("{other}"),
        }
    })
    .await
}

async fn lanes(client: &Client) -> Lanes {
    call::<ListLanes>(client, LabAsked {}).await.expect("lanes")
}

fn at(lanes: &Lanes, lane: Lane) -> SocketAddr {
    let port = lanes.lanes.iter().find(|it| it.lane == lane);
    SocketAddr::from(([127, 0, 0, 1], port.expect("each lane").port))
}

async fn race(client: &Client, rate: u16, seconds: u8) -> Race {
    let wish = RaceWish {
        rate,
        filler_len: 40,
        seconds,
    };
    call::<StartRace>(client, wish).await.expect("a race")
}

/// The report of a lane, once all ticks are published.
async fn report(client: &Client, race: Race, lane: Lane) -> LaneReport {
    until("the race to be over", async || {
        let id = RaceId { id: race.id };
        let report = call::<ReportRace>(client, id).await.expect("a report");
        let of = report.lanes.iter().find(|it| it.lane == lane).copied()?;
        (of.published == race.ticks).then_some(of)
    })
    .await
}

/// A connection that counts its bytes by itself.
struct Counted {
    stream: TcpStream,
    sent: u64,
    received: u64,
    unread: Vec<u8>,
}

impl Counted {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a lane");
        Self {
            stream,
            sent: 0,
            received: 0,
            unread: Vec::new(),
        }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("it is open");
        self.sent += bytes.len() as u64;
    }

    async fn read_more(&mut self) {
        let read = within("bytes", self.stream.read_buf(&mut self.unread)).await;
        self.received += read.expect("it is open") as u64;
    }

    /// Reads an HTTP head.
    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.unread.windows(4).position(|it| it == b"\r\n\r\n") {
                let head = self.unread.drain(..end + 4).collect();
                return String::from_utf8(head).expect("a head is text");
            }
            self.read_more().await;
        }
    }

    /// Reads an HTTP answer with its body.
    async fn answer(&mut self) -> String {
        let head = self.head().await;
        let len = head
            .lines()
            .find_map(|it| it.strip_prefix("content-length: "));
        let len = len.and_then(|it| it.parse().ok()).expect("a length");
        while self.unread.len() < len {
            self.read_more().await;
        }
        self.unread.drain(..len);
        head
    }

    /// Reads the payload of a short frame of the server's.
    async fn frame(&mut self) -> Vec<u8> {
        loop {
            if let [_, len @ 0..126, rest @ ..] = &*self.unread
                && rest.len() >= usize::from(*len)
            {
                let end = 2 + usize::from(*len);
                return self.unread.drain(..end).skip(2).collect();
            }
            self.read_more().await;
        }
    }
}

fn connect(token: &str) -> ClientFrame {
    let subscribe = Subscribe {
        id: 1,
        topic: Text::cut(Lab::name(&LabKey::Feed).as_str()),
        contract: Some(Lab::contract()),
        start: Start::default(),
        presence: false,
        max_hz: None,
    };
    ClientFrame::Connect {
        version: 1,
        token: Text::cut(token),
        agent: Text::cut("test"),
        subscriptions: List::cut([subscribe]),
    }
}

#[tokio::test]
async fn a_lane_charges_its_readers_for_every_byte() {
    let server = TestServer::start().await;
    let (client, token) = (server.client("ada").await, server.token("bob").await);
    let lanes = lanes(&client).await;
    let race = race(&client, 10, 1).await;
    assert_eq!((race.ticks, race.period_us), (10, 100_000));

    let socket_at = at(&lanes, Lane::Socket);
    let mut socket = Counted::connect(socket_at).await;
    let protocol = "Sec-WebSocket-Protocol: trunkline.v1.bincode";
    let upgrade = upgrade_request(socket_at, "/ws", &[protocol]);
    socket.send(upgrade.as_bytes()).await;
    assert!(socket.head().await.starts_with("HTTP/1.1 101 "));
    let hello = Codec::Bincode.encode(&connect(&token));
    socket.send(&masked_frame(0x82, &hello)).await;

    let poll_at = at(&lanes, Lane::Poll);
    let mut poll = Counted::connect(poll_at).await;
    let history = format!(
        "GET /http/history?topic=lab:feed HTTP/1.1\r\nhost: {poll_at}\r\nauthorization: Bearer \
         {token}\r\n\r\n"
    );
    // The second request comes to who answered the first, and not to the door.
    for _ in 0..2 {
        poll.send(history.as_bytes()).await;
        assert!(poll.answer().await.starts_with("HTTP/1.1 200 "));
    }

    let mut numbers = Vec::new();
    while numbers.len() < 10 {
        let frame: ServerFrame = Codec::Bincode
            .decode(&socket.frame().await)
            .expect("a frame");
        if let ServerFrame::Publication { event, .. } = frame {
            let tick: Tick = Codec::Bincode.decode(event.0.as_bytes()).expect("a tick");
            // The last lane is five times ten milliseconds behind the first.
            assert_eq!(tick.at_us, u64::from(tick.number - 1) * 100_000 + 50_000);
            assert_eq!(tick.filler.len(), 40);
            numbers.push(tick.number);
        }
    }
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    let charged = report(&client, race, Lane::Socket).await;
    assert_eq!(
        (charged.received, charged.sent),
        (socket.sent, socket.received)
    );
    let charged = report(&client, race, Lane::Poll).await;
    assert_eq!((charged.received, charged.sent), (poll.sent, poll.received));
    // Nobody used this one.
    let unused = report(&client, race, Lane::Stream).await;
    assert_eq!((unused.received, unused.sent), (0, 0));
    if cfg!(target_os = "linux") {
        assert!(unused.cpu_us.is_some_and(|it| it > 0), "it published");
    }
}

#[tokio::test]
async fn one_race_is_run_at_a_time_and_reported_to_whoever_began_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.client("ada").await, server.client("bob").await);
    let race = race(&ada, 100, 1).await;
    let wish = RaceWish {
        rate: 1,
        filler_len: 0,
        seconds: 1,
    };
    let busy = until("a line", async || {
        match bob.call::<StartRace>(&wish).await {
            Err(CallError::Refused(error)) if error.retry_after_ms.is_some() => Some(error),
            Err(_) => None,
            Ok(_) => panic!("there is a race already"),
        }
    });
    let busy = busy.await;
    assert_eq!(busy.code, ErrorCode::Unavailable);
    assert!(busy.retry_after_ms.is_some_and(|it| it < 5000), "{busy:?}");
    let id = RaceId { id: race.id };
    assert_eq!(
        call::<ReportRace>(&bob, id).await.err(),
        Some(ErrorCode::NotKept)
    );
    let bad = RaceWish { rate: 0, ..wish };
    assert_eq!(
        call::<StartRace>(&ada, bad).await.err(),
        Some(ErrorCode::Invalid)
    );
    let (first, second) = (
        call::<TellTime>(&ada, LabAsked {}).await.expect("the time"),
        call::<TellTime>(&ada, LabAsked {}).await.expect("the time"),
    );
    assert!(first.now_us < second.now_us);
}

#[tokio::test]
async fn a_lane_knows_nothing_but_its_feed() {
    let server = TestServer::start().await;
    let (client, token) = (server.client("ada").await, server.token("bob").await);
    let lane = at(&lanes(&client).await, Lane::LongPoll);
    let bearer = format!("authorization: Bearer {token}");
    let status = async |path: &str| get(lane, path, &[&bearer]).await.status();
    assert_eq!(status("/http/history?topic=lab:feed").await, 200);
    assert_eq!(status("/http/history?topic=chat:lobby").await, 404);
    let own = format!("/http/history?topic=lab:{}", "0".repeat(16));
    assert_eq!(status(&own).await, 403);
    for path in ["/", "/api/topics", "/auth/token", "/healthz"] {
        assert_eq!(status(path).await, 404, "{path}");
    }
    // Nor does the server know of the feed.
    let bearer = [&*bearer];
    let feed = get(server.address(), "/http/history?topic=lab:feed", &bearer);
    assert_eq!(feed.await.status(), 403);
}

#[tokio::test]
async fn the_witness_shows_a_handshake_as_it_was_sent() {
    let server = TestServer::start().await;
    let (client, token) = (server.client("ada").await, server.token("bob").await);
    let witness = lanes(&client).await.witness.expect("a witness");
    let witness = SocketAddr::from(([127, 0, 0, 1], witness));
    let mut socket = Counted::connect(witness).await;
    let headers = [
        "Cookie: who=ada",
        "Sec-WebSocket-Protocol: trunkline.v1.bincode",
    ];
    let request = upgrade_request(witness, "/ws?witness=4711", &headers);
    socket.send(request.as_bytes()).await;
    let response = socket.head().await;
    let hello = Codec::Bincode.encode(&connect(&token));
    let hello = masked_frame(0x82, &hello);
    socket.send(&hello).await;
    socket.frame().await;
    let seen = call::<ShowHandshake>(&client, Nonce { nonce: 4711 }).await;
    let seen = seen.expect("it went by");
    let shown = request.replace("who=ada", "*******");
    assert_eq!(String::from_utf8_lossy(&seen.request), shown);
    assert_eq!(String::from_utf8_lossy(&seen.response), response);
    assert_eq!(&*seen.up, &*hello);
    assert!(seen.down.len() > 2);
    let nobody = call::<ShowHandshake>(&client, Nonce { nonce: 4712 }).await;
    assert_eq!(nobody.err(), Some(ErrorCode::NotKept));
}

#[tokio::test]
async fn without_lanes_there_is_no_race() {
    let server = TestServer::start_with(|config| config.lab = LabPorts::Off).await;
    let client = server.client("ada").await;
    assert_eq!(lanes(&client).await, Lanes::default());
    let wish = RaceWish {
        rate: 1,
        filler_len: 0,
        seconds: 1,
    };
    match client.call::<StartRace>(&wish).await {
        Err(CallError::Refused(error)) => {
            assert_eq!(error.code, ErrorCode::Unavailable);
            assert!(error.detail.contains("--lab"), "{error:?}");
        }
        other => panic!("{other:?}"),
    }
}
