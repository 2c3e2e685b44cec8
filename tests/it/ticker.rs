//! Quotes on a board: the newest of each symbol reaches everybody, and the rest is counted.

use std::collections::BTreeMap;

use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::ticker::{BoardName, Quote, Ticker};
use trunkline_protocol::{
    ClientFrame, Codec, Epoch, ErrorCode, GapCause, MessageId, Position, SenderId, ServerFrame,
    Text, Topic,
};
use trunkline_tests::{Peer, TestServer};

fn quote(symbol: u16, price: u64) -> Quote {
    Quote {
        symbol,
        price,
        bid_below: 50,
        ask_above: 50,
        size: 300,
    }
}

/// The board of a user.
fn board_of(peer: &Peer) -> BoardName {
    let name = format!("user-{}", peer.user().id);
    name.parse().expect("a board")
}

fn name_of(board: &BoardName) -> String {
    Ticker::name(&board.clone().into()).as_str().to_owned()
}

/// What a reader of a board was told: the price of each symbol, how many quotes came, and how many
/// were overtaken.
#[derive(Debug, Default)]
struct Board {
    prices: BTreeMap<u16, u64>,
    came: u64,
    overtaken: u64,
}

impl Board {
    /// Reads until everything up to the offset `head` is accounted for.
    async fn read(&mut self, peer: &mut Peer, codec: Codec, head: u64) {
        while self.came + self.overtaken < head {
            match peer.receive().await {
                ServerFrame::Publication { event, .. } => {
                    let quote: Quote = codec.decode(event.0.as_bytes()).expect("a quote");
                    self.came += 1;
                    let before = self.prices.insert(quote.symbol, quote.price);
                    assert!(before < Some(quote.price), "{quote:?} after {before:?}");
                }
                ServerFrame::Gap { gap, .. } => {
                    assert_eq!(gap.cause, GapCause::Conflated);
                    self.overtaken += gap.count;
                }
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }
}

/// Puts quotes on a board without waiting for each to be taken, and then waits for all.
async fn put_all(peer: &mut Peer, codec: Codec, board: &BoardName, quotes: &[Quote]) {
    for some in quotes.chunks(50) {
        let mut last = 0;
        for quote in some {
            last = peer.id();
            let message_id = MessageId {
                sender: SenderId::from_random(9),
                counter: last,
            };
            peer.send(&ClientFrame::Publish {
                id: last,
                message_id,
                topic: Text::cut(&name_of(board)),
                contract: Some(Ticker::contract()),
                command: codec.payload(quote).expect("a short quote"),
            })
            .await;
        }
        let answer = peer.answer_to(last).await;
        assert!(
            matches!(answer, ServerFrame::Published { .. }),
            "{answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_everybody_gets_the_newest_and_is_told_how_many_it_overtook() {
    let server = TestServer::start_with(|config| {
        // The window of a busy machine, so that the burst fits into one whatever the machine does.
        config.flush_window = std::time::Duration::from_secs(2);
    })
    .await;
    let mut ada = server.peer("ada").await;
    let board = board_of(&ada);
    let codecs = [Codec::Bincode, Codec::Json];
    let mut readers = Vec::new();
    for codec in codecs {
        let mut reader = Peer::connect(&server, codec, "reader").await;
        let answer = reader.subscribe(&name_of(&board), Start::default()).await;
        assert!(
            matches!(answer, ServerFrame::Subscribed { .. }),
            "{answer:?}"
        );
        readers.push((reader, codec, Board::default()));
    }
    // The first does not wait; then a hundred of one symbol, and one of another between them.
    put_all(&mut ada, Codec::Bincode, &board, &[quote(7, 1_000_000)]).await;
    for (reader, codec, told) in &mut readers {
        told.read(reader, *codec, 1).await;
        assert_eq!((told.came, told.overtaken), (1, 0), "{codec:?}");
    }
    let mut burst: Vec<Quote> = (1..=100).map(|n| quote(7, 1_000_000 + n)).collect();
    burst.insert(40, quote(8, 500));
    put_all(&mut ada, Codec::Bincode, &board, &burst).await;
    for (reader, codec, told) in &mut readers {
        told.read(reader, *codec, 102).await;
        let expected = BTreeMap::from([(7, 1_000_100), (8, 500)]);
        assert_eq!(told.prices, expected, "{codec:?}");
        assert_eq!((told.came, told.overtaken), (3, 99), "{codec:?}");
    }
}

#[tokio::test]
async fn a_newcomer_begins_with_every_quote_that_is_kept() {
    let server = TestServer::start_with(|config| {
        config.session.pace = trunkline_session::Pace {
            per_second: 100_000,
            burst: 100_000,
        };
    })
    .await;
    let mut ada = Peer::connect(&server, Codec::Json, "ada").await;
    let board = board_of(&ada);
    let quotes: Vec<Quote> = (0..1_200)
        .map(|n| quote(n % 600, 1 + u64::from(n)))
        .collect();
    put_all(&mut ada, Codec::Json, &board, &quotes).await;
    let mut bob = server.peer("bob").await;
    let never = Start::After(Position {
        epoch: Epoch(0),
        offset: 0,
    });
    let answer = bob.subscribe(&name_of(&board), never).await;
    let ServerFrame::Subscribed {
        gap, publications, ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(gap.map(|gap| gap.cause), Some(GapCause::Epoch));
    let mut prices = BTreeMap::new();
    let mut take = |event: &trunkline_protocol::Payload| {
        let quote: Quote = Codec::Bincode.decode(event.as_bytes()).expect("a quote");
        prices.insert(quote.symbol, quote.price);
        prices.len()
    };
    let mut count = 0;
    for publication in &*publications {
        count = take(&publication.event);
    }
    while count < 600 {
        if let ServerFrame::Publication { event, .. } = bob.receive().await {
            count = take(&event.0);
        }
    }
    let newest = (0..600).map(|n| (n, 601 + u64::from(n)));
    assert_eq!(prices, newest.collect());
}

#[tokio::test]
async fn nobody_writes_to_a_board_that_is_not_his_and_no_bad_quote_is_taken() {
    let server = TestServer::start().await;
    let (mut ada, bob) = (server.peer("ada").await, server.peer("bob").await);
    let own = board_of(&ada);
    let good = quote(7, 1_000_000);
    let too_low = Quote {
        bid_below: 51,
        ..quote(7, 50)
    };
    for (board, quote, code) in [
        (own.clone(), good, None),
        (own.clone(), quote(7, 0), Some(ErrorCode::Invalid)),
        (own.clone(), quote(7, u64::MAX), Some(ErrorCode::Invalid)),
        (own, too_low, Some(ErrorCode::Invalid)),
        (board_of(&bob), good, Some(ErrorCode::Forbidden)),
        (
            "nasdaq".parse().expect("a board"),
            good,
            Some(ErrorCode::Forbidden),
        ),
    ] {
        let answer = ada.publish::<Ticker>(&board.clone().into(), &quote).await;
        let found = match answer {
            ServerFrame::Published { .. } => None,
            ServerFrame::Refused { error, .. } => Some(error.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, code, "{board} {quote:?}");
    }
    for name in ["ticker:Nasdaq", "ticker:user-7", "ticker:a.b", "ticker:a."] {
        let answer = ada.subscribe(name, Start::default()).await;
        let ServerFrame::Refused { error, .. } = answer else {
            panic!("{name}: {answer:?}")
        };
        assert_eq!(error.code, ErrorCode::InvalidKey, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_wants_less_gets_less_and_the_newest() {
    const QUOTES: u64 = 30;
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let board = board_of(&ada);
    let (mut fast, mut slow) = (server.peer("fast").await, server.peer("slow").await);
    for (reader, max_hz) in [(&mut fast, None), (&mut slow, Some(1))] {
        let answer = reader
            .subscribe_at(&name_of(&board), Start::default(), max_hz)
            .await;
        assert!(
            matches!(answer, ServerFrame::Subscribed { .. }),
            "{answer:?}"
        );
    }
    let begun = std::time::Instant::now();
    let (mut by_fast, mut by_slow) = (Board::default(), Board::default());
    for n in 1..=QUOTES {
        put_all(&mut ada, Codec::Bincode, &board, &[quote(7, 1_000 + n)]).await;
        by_fast.read(&mut fast, Codec::Bincode, n).await;
    }
    by_slow.read(&mut slow, Codec::Bincode, QUOTES).await;
    let seconds = begun.elapsed().as_secs();
    assert_eq!((by_fast.came, by_fast.overtaken), (QUOTES, 0));
    assert_eq!(by_slow.prices, BTreeMap::from([(7, 1_000 + QUOTES)]));
    // The first does not wait, and the last may come in the second that has begun.
    assert!(
        by_slow.came <= seconds + 2,
        "{by_slow:?} in {seconds} seconds"
    );
    assert!(by_slow.overtaken > 0, "{by_slow:?}");
}

#[tokio::test]
async fn a_pace_is_for_topics_that_may_leave_something_out() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let board = name_of(&board_of(&ada));
    for (topic, max_hz, code) in [
        (board.as_str(), 0, Some(ErrorCode::Invalid)),
        ("chat:lobby", 5, Some(ErrorCode::Invalid)),
        ("typing:lobby", 5, Some(ErrorCode::Invalid)),
        (board.as_str(), 1, None),
        (board.as_str(), u16::MAX, None),
    ] {
        let answer = ada
            .subscribe_at(topic, Start::default(), Some(max_hz))
            .await;
        let found = match answer {
            ServerFrame::Subscribed { .. } => None,
            ServerFrame::Refused { error, .. } => Some(error.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, code, "{topic} at {max_hz}");
    }
    // A refusal leaves no trace: the topic can be subscribed to without a pace.
    let answer = ada.subscribe("chat:lobby", Start::default()).await;
    assert!(
        matches!(answer, ServerFrame::Subscribed { .. }),
        "{answer:?}"
    );
}
