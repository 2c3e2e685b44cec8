//! The server's own market: quotes while somebody reads, answers to whoever asks.

use std::collections::BTreeSet;
use std::time::Duration;

use trunkline_protocol::frame::{Range, Start};
use trunkline_protocol::topics::ticker::{
    Candles, CandlesRequest, ListSymbols, Listed, Listing, MARKET_DAY_SECONDS, Phase, Quote,
    ReadCandles, ReadTrades, Span, Summaries, SummarizeSymbols, SummaryRequest, Symbols,
    SymbolsRequest, Ticker, Trades, TradesRequest,
};
use trunkline_protocol::{ClientFrame, Codec, Error, ErrorCode, ServerFrame, Text};
use trunkline_server::MarketSwitch;
use trunkline_tests::{Peer, TestServer, until};

const BOARD: &str = "ticker:market";

/// A server whose market is in the middle of a day.
async fn server() -> TestServer {
    TestServer::start_with(|config| {
        let noon = 900_000 * MARKET_DAY_SECONDS + MARKET_DAY_SECONDS / 2;
        config.market_start = Some(Duration::from_secs(noon.into()));
    })
    .await
}

/// Calls, and returns the answer.
async fn symbols(peer: &mut Peer, board: &str, from: u16) -> Result<Symbols, Error> {
    let board = Text::cut(board);
    peer.call::<ListSymbols>(&SymbolsRequest { board, from })
        .await
}

async fn summary(peer: &mut Peer, board: &str, symbols: Vec<u16>) -> Result<Summaries, Error> {
    let request = SummaryRequest {
        board: Text::cut(board),
        symbols: symbols.try_into().expect("few symbols"),
    };
    peer.call::<SummarizeSymbols>(&request).await
}

async fn candles(peer: &mut Peer, board: &str, symbol: u16, count: u16) -> Result<Candles, Error> {
    let request = CandlesRequest {
        board: Text::cut(board),
        symbol,
        span: Span::Minute,
        count,
    };
    peer.call::<ReadCandles>(&request).await
}

async fn trades(peer: &mut Peer, board: &str, symbol: u16, count: u8) -> Result<Trades, Error> {
    let request = TradesRequest {
        board: Text::cut(board),
        symbol,
        count,
    };
    peer.call::<ReadTrades>(&request).await
}

async fn subscribe(peer: &mut Peer, topic: &str) {
    let answer = peer.subscribe(topic, Start::default()).await;
    assert!(
        matches!(answer, ServerFrame::Subscribed { .. }),
        "{answer:?}"
    );
}

/// How many quotes have ever been put on the board.
async fn head(peer: &mut Peer) -> u64 {
    let id = peer.id();
    peer.send(&ClientFrame::History {
        id,
        topic: Text::cut(BOARD),
        range: Range::After { offset: 0 },
        limit: 1,
    })
    .await;
    match peer.answer_to(id).await {
        ServerFrame::History { head, .. } => head,
        other => panic!("{other:?}"),
    }
}

/// Waits until the market has gone on for more than a second.
async fn time_passes(peer: &mut Peer) {
    let mut seen = BTreeSet::new();
    until("the market to go on", async || {
        let newest = trades(peer, "market", 0, 1).await.expect("trades");
        seen.extend(newest.trades.iter().map(|trade| trade.at));
        (seen.len() > 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn whoever_reads_the_board_gets_every_symbol_and_then_what_changes() {
    let server = server().await;
    for codec in [Codec::Bincode, Codec::Json] {
        let mut peer = Peer::connect(&server, codec, "ada").await;
        subscribe(&mut peer, BOARD).await;
        let mut seen = BTreeSet::new();
        let mut again = 0;
        while seen.len() < 500 || again < 200 {
            let quote: Quote = peer.event::<Ticker>().await;
            assert!(quote.bid() < quote.ask() && quote.size > 0, "{quote:?}");
            again += u32::from(!seen.insert(quote.symbol));
        }
    }
}

#[tokio::test]
async fn one_symbol_is_a_topic_of_its_own_and_an_unknown_one_is_refused() {
    let server = server().await;
    let mut peer = server.peer("ada").await;
    subscribe(&mut peer, "ticker:market.BARV").await;
    let first = peer.event::<Ticker>().await;
    // The most traded one changes soon.
    let second = peer.event::<Ticker>().await;
    assert_eq!((first.symbol, second.symbol), (0, 0));
    assert_ne!(first, second);
    assert_eq!(head(&mut peer).await, 0, "nobody reads the board");
    for topic in ["ticker:market.NONE", "ticker:market.barv"] {
        let answer = peer.subscribe(topic, Start::default()).await;
        let ServerFrame::Refused { error, .. } = answer else {
            panic!("{topic}: {answer:?}")
        };
        assert_eq!(error.code, ErrorCode::InvalidKey, "{topic}");
    }
}

#[tokio::test]
async fn nothing_is_published_while_nobody_reads() {
    let server = server().await;
    let mut peer = server.peer("ada").await;
    time_passes(&mut peer).await;
    assert_eq!(head(&mut peer).await, 0);
    subscribe(&mut peer, BOARD).await;
    peer.event::<Ticker>().await;
    let id = peer.id();
    let topic = Text::cut(BOARD);
    peer.send(&ClientFrame::Unsubscribe { id, topic }).await;
    peer.answer_to(id).await;
    time_passes(&mut peer).await;
    let published = head(&mut peer).await;
    assert!(published >= 500, "{published}");
    time_passes(&mut peer).await;
    assert_eq!(head(&mut peer).await, published);
}

#[tokio::test]
async fn the_page_is_told_symbols_days_candles_and_trades() {
    let server = server().await;
    for codec in [Codec::Bincode, Codec::Json] {
        let mut peer = Peer::connect(&server, codec, "ada").await;
        let first = symbols(&mut peer, "market", 0).await.expect("a page");
        assert!(first.simulated);
        assert_eq!((first.symbols.len(), first.next), (250, Some(250)));
        assert_eq!(&*first.symbols[0].ticker, "BARV");
        let rest = symbols(&mut peer, "market", 250).await.expect("a page");
        assert_eq!((rest.symbols.len(), rest.next), (250, None));
    }
    let mut peer = server.peer("bob").await;
    let told = summary(&mut peer, "market", vec![499, 0, 500, 7]).await;
    let told = told.expect("a summary");
    assert_eq!(told.session.map(|it| it.phase), Some(Phase::Open));
    let order: Vec<u16> = told.symbols.iter().map(|it| it.symbol).collect();
    assert_eq!(order, [499, 0, 7], "500 is not known");
    assert!(
        told.symbols
            .iter()
            .all(|it| it.low <= it.last && it.last <= it.high)
    );
    let of_a_day = candles(&mut peer, "market", 0, 500).await.expect("candles");
    assert!(of_a_day.candles.len() >= 200, "{}", of_a_day.candles.len());
    let few = candles(&mut peer, "market", 0, 3).await.expect("candles");
    assert_eq!(few.candles.len(), 3);
    let newest = trades(&mut peer, "market", 0, 50).await.expect("trades");
    assert!(
        newest
            .trades
            .windows(2)
            .all(|pair| pair[0].at >= pair[1].at)
    );
    assert_eq!(newest.trades.len(), 50);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = server().await;
    let mut peer = server.peer("ada").await;
    let code = |answer: Result<(), Error>| answer.map_err(|error| error.code);
    let refused = |code| Err::<(), ErrorCode>(code);
    let own = format!("user-{}", peer.user().id);
    for (board, symbol, count, expected) in [
        ("market", 500, 1, ErrorCode::NotKept),
        ("market", 0, 0, ErrorCode::Invalid),
        ("market", 0, 501, ErrorCode::Invalid),
        ("Market", 0, 1, ErrorCode::InvalidKey),
        ("user-7", 0, 1, ErrorCode::InvalidKey),
        (&own, 0, 1, ErrorCode::NotKept),
    ] {
        let found = candles(&mut peer, board, symbol, count).await.map(drop);
        assert_eq!(code(found), refused(expected), "{board} {symbol} {count}");
    }
    let found = trades(&mut peer, "market", 0, 51).await.map(drop);
    assert_eq!(code(found), refused(ErrorCode::Invalid));
    let found = trades(&mut peer, "market", u16::MAX, 1).await.map(drop);
    assert_eq!(code(found), refused(ErrorCode::NotKept));
}

#[tokio::test]
async fn an_owner_says_what_the_numbers_of_a_board_stand_for() {
    let server = server().await;
    let (mut ada, mut bob) = (server.peer("ada").await, server.peer("bob").await);
    let board = format!("user-{}", ada.user().id);
    let listed = |symbol, ticker: &str| Listed {
        symbol,
        ticker: Text::cut(ticker),
        name: Text::cut("Some Company"),
        sector: Text::default(),
    };
    let key = board.parse().expect("a board");
    for (listed, code) in [
        (listed(9, "OLD"), None),
        (listed(9, "NEW"), None),
        (listed(2, "BRK.B"), None),
        (listed(3, "abc"), Some(ErrorCode::Invalid)),
    ] {
        let answer = ada.publish::<Listing>(&key, &listed).await;
        let found = match answer {
            ServerFrame::Published { .. } => None,
            ServerFrame::Refused { error, .. } => Some(error.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(found, code, "{listed:?}");
    }
    let answer = bob.publish::<Listing>(&key, &listed(1, "MINE")).await;
    assert!(
        matches!(answer, ServerFrame::Refused { error, .. } if error.code == ErrorCode::Forbidden)
    );
    let told = symbols(&mut bob, &board, 0).await.expect("names");
    assert!(!told.simulated);
    let names: Vec<(u16, &str)> = told
        .symbols
        .iter()
        .map(|it| (it.symbol, &*it.ticker))
        .collect();
    assert_eq!(names, [(2, "BRK.B"), (9, "NEW")]);
}

#[tokio::test]
async fn a_market_that_is_off_is_said_to_be_off() {
    let server = TestServer::start_with(|config| config.market = MarketSwitch::Off).await;
    let mut peer = server.peer("ada").await;
    let told = symbols(&mut peer, "market", 0).await;
    assert_eq!(
        told.map_err(|error| error.code),
        Err(ErrorCode::Unavailable)
    );
    subscribe(&mut peer, BOARD).await;
    let answer = peer.subscribe("ticker:market.BARV", Start::default()).await;
    assert!(matches!(answer, ServerFrame::Refused { .. }), "{answer:?}");
}
