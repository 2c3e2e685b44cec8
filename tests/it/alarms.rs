//! Alarms: a price that has come so far is told once, whoever looks, and only to whoever waits for it.

use std::time::Duration;

use serde_json::json;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::alerts::{AlertEvent, Alerts};
use trunkline_protocol::topics::ticker::{
    ALARMS_MAX, Alarm, AlarmNamed, AlarmRequest, AlarmWay, AlarmsRequest, BoardName, DropAlarm,
    ListAlarms, Listed, Listing, MARKET_DAY_SECONDS, PRICE_MAX, Quote, SetAlarm, SummarizeSymbols,
    SummaryRequest, Ticker,
};
use trunkline_protocol::{ClientFrame, Codec, Error, ErrorCode, ServerFrame, Text, Topic};
use trunkline_tests::{Asking, Peer, ServerProcess, TestServer, until};

use self::AlarmWay::{Above, Below};

const KEY: &str = "a-key-of-back-ends-0123456789";

async fn set(
    peer: &mut Peer,
    (board, symbol): (&str, u16),
    way: AlarmWay,
    price: u64,
) -> Result<Alarm, Error> {
    let request = AlarmRequest {
        board: Text::cut(board),
        symbol,
        way,
        price,
    };
    peer.call::<SetAlarm>(&request).await
}

/// The prices of a user's alarms.
async fn waiting(peer: &mut Peer) -> Vec<u64> {
    let told = peer.call::<ListAlarms>(&AlarmsRequest {}).await;
    let alarms = told.expect("a list").alarms;
    alarms.iter().map(|alarm| alarm.price).collect()
}

fn board_of(peer: &Peer) -> BoardName {
    let name = format!("user-{}", peer.user().id);
    name.parse().expect("a board")
}

async fn quote(peer: &mut Peer, symbol: u16, price: u64) {
    let board = board_of(peer);
    let quote = Quote {
        symbol,
        price,
        bid_below: 0,
        ask_above: 0,
        size: 1,
    };
    let answer = peer.publish::<Ticker>(&board.into(), &quote).await;
    assert!(!matches!(answer, ServerFrame::Refused { .. }), "{answer:?}");
}

async fn name(peer: &mut Peer, symbol: u16, ticker: &str) {
    let listed = Listed {
        symbol,
        ticker: Text::cut(ticker),
        name: Text::default(),
        sector: Text::default(),
    };
    let board = board_of(peer);
    peer.publish::<Listing>(&board, &listed).await;
}

/// What a user was told: the titles that are kept.
async fn told(peer: &mut Peer) -> Vec<String> {
    let topic = Alerts::name(&peer.user().id).as_str().to_owned();
    let id = peer.id();
    peer.send(&ClientFrame::History {
        id,
        topic: Text::cut(&topic),
        range: trunkline_protocol::frame::Range::After { offset: 0 },
        limit: 256,
    })
    .await;
    let ServerFrame::History { publications, .. } = peer.answer_to(id).await else {
        panic!("no history");
    };
    let events = publications.iter();
    let titles = events.map(|it| match Codec::Bincode.decode(it.event.as_bytes()) {
        Ok(AlertEvent::Notified { notification, .. }) => notification.title.to_string(),
        other => panic!("{other:?}"),
    });
    titles.collect()
}

async fn until_told(peer: &mut Peer, expected: &[&str]) {
    until("a notification", async || {
        (told(peer).await == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_price_that_comes_so_far_is_told_once() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let board = board_of(&ada).to_string();
    name(&mut ada, 7, "ABCD").await;
    quote(&mut ada, 7, 1_000_000).await;
    let high = set(&mut ada, (&board, 7), Above, 1_100_000).await;
    assert_eq!(high.map(|it| it.ticker.to_string()), Ok("ABCD".to_owned()));
    let low = set(&mut ada, (&board, 7), Below, 900_000).await;
    assert!(low.is_ok(), "{low:?}");
    assert_eq!(waiting(&mut ada).await, [1_100_000, 900_000]);
    quote(&mut ada, 8, 2_000_000).await;
    quote(&mut ada, 7, 1_099_999).await;
    quote(&mut ada, 7, 1_100_500).await;
    until_told(&mut ada, &["ABCD 110.05 ≥ 110.00"]).await;
    assert_eq!(waiting(&mut ada).await, [900_000]);
    quote(&mut ada, 7, 1_200_000).await;
    quote(&mut ada, 7, 900_000).await;
    let both = ["ABCD 110.05 ≥ 110.00", "ABCD 90.00 ≤ 90.00"];
    until_told(&mut ada, &both).await;
    assert_eq!(waiting(&mut ada).await, [0; 0]);
    for price in [1_200_000, 800_000] {
        quote(&mut ada, 7, price).await;
    }
    let server = server.restart().await;
    let mut ada = Peer::connect_with(server.address(), Codec::Bincode, ada.token()).await;
    assert_eq!(told(&mut ada).await, both);
}

#[tokio::test]
async fn an_alarm_is_its_users_alone() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let board = board_of(&ada).to_string();
    quote(&mut ada, 7, 1_000_000).await;
    let alarm = set(&mut bob, (&board, 7), Above, 1_100_000).await;
    let id = alarm.expect("a board that everybody reads").id;
    assert_eq!(waiting(&mut ada).await, [0; 0]);
    let drop = async |peer: &mut Peer| {
        let dropped = peer.call::<DropAlarm>(&AlarmNamed { id }).await;
        dropped.map_err(|error| error.code)
    };
    assert_eq!(drop(&mut ada).await, Err(ErrorCode::NotKept));
    assert_eq!(waiting(&mut bob).await, [1_100_000]);
    assert_eq!(drop(&mut bob).await, Ok(AlarmNamed { id }));
    assert_eq!(drop(&mut bob).await, Err(ErrorCode::NotKept));
    let again = set(&mut bob, (&board, 7), Above, 1_200_000).await;
    assert!(again.is_ok(), "{again:?}");
    quote(&mut ada, 7, 1_150_000).await;
    quote(&mut ada, 7, 1_250_000).await;
    until_told(&mut bob, &["#7 125.00 ≥ 120.00"]).await;
    assert_eq!(told(&mut ada).await, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_waited_for_is_refused() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    let board = board_of(&ada).to_string();
    quote(&mut ada, 7, 1_000_000).await;
    let mut check = async |of: (&str, u16), way, price, expected: ErrorCode| {
        let refused = set(&mut ada, of, way, price).await.map_err(|it| it.code);
        assert_eq!(refused, Err(expected), "{of:?} {way:?} {price}");
    };
    let own = (board.as_str(), 7);
    check(("No board", 7), Above, 1, ErrorCode::InvalidKey).await;
    check(("nobodys", 7), Above, 1, ErrorCode::NotKept).await;
    check((&board, 8), Above, 1, ErrorCode::NotKept).await;
    check(("market", 500), Above, 1, ErrorCode::NotKept).await;
    check(own, Above, 0, ErrorCode::Invalid).await;
    check(own, Above, PRICE_MAX + 1, ErrorCode::Invalid).await;
    check(own, Above, 1_000_000, ErrorCode::Invalid).await;
    check(own, Below, 1_000_000, ErrorCode::Invalid).await;
    check(own, Below, 1_000_001, ErrorCode::Invalid).await;
    check(("market", 0), Above, 1, ErrorCode::Invalid).await;
    for more in 1..=ALARMS_MAX as u64 {
        let taken = set(&mut ada, own, Above, 1_000_000 + more).await;
        assert!(taken.is_ok(), "{more}: {taken:?}");
    }
    let refused = set(&mut ada, own, Above, 2_000_000).await;
    assert_eq!(refused.map_err(|it| it.code), Err(ErrorCode::Invalid));
    assert_eq!(waiting(&mut ada).await.len(), ALARMS_MAX);
}

#[tokio::test]
async fn the_market_goes_on_for_whoever_waits() {
    let server = TestServer::start_with(|config| {
        let noon = 900_000 * MARKET_DAY_SECONDS + MARKET_DAY_SECONDS / 2;
        config.market_start = Some(Duration::from_secs(noon.into()));
    })
    .await;
    let mut ada = server.peer("ada").await;
    let request = SummaryRequest {
        board: Text::cut("market"),
        symbols: (0..20).collect::<Vec<u16>>().try_into().expect("few"),
    };
    let summaries = ada.call::<SummarizeSymbols>(&request).await;
    // Both ways of some symbols: whatever they do, one of them comes.
    let mut count = 0;
    for symbol in summaries.expect("a market").symbols.iter().take(10) {
        for (way, price) in [(Above, symbol.last + 100), (Below, symbol.last - 100)] {
            let alarm = set(&mut ada, ("market", symbol.symbol), way, price).await;
            count += usize::from(alarm.is_ok());
        }
    }
    assert!(count > 0);
    let topic = Alerts::name(&ada.user().id).as_str().to_owned();
    ada.subscribe(&topic, Start::default()).await;
    let AlertEvent::Notified { notification, .. } = ada.event::<Alerts>().await else {
        panic!("not a notification");
    };
    assert!(
        notification.body.starts_with("ticker:market."),
        "{notification:?}"
    );
}

#[tokio::test]
async fn what_waits_survives_whatever_ends_the_process() {
    let mut server = ServerProcess::start(&["--api-key", KEY]).await;
    let put = async |server: &ServerProcess, counter: u32, price: u64| {
        let quote = json!([{
            "message_id": {"sender": 9, "counter": counter},
            "topic": "ticker:shop",
            "command": {"symbol": 7, "price": price, "bid_below": 0, "ask_above": 0, "size": 5},
        }]);
        let asking = Asking::post(server.address(), "/api/publish", quote.to_string());
        assert_eq!(asking.token(KEY).send().await.status(), 200);
    };
    put(&server, 1, 1_000_000).await;
    let mut ada = Peer::connect_to(server.address(), Codec::Bincode, "ada").await;
    for (way, price) in [(Above, 1_100_000), (Below, 900_000)] {
        let alarm = set(&mut ada, ("shop", 7), way, price).await;
        assert!(alarm.is_ok(), "{alarm:?}");
    }
    let token = ada.token().to_owned();
    server = server.kill_and_restart().await;
    let mut ada = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    assert_eq!(waiting(&mut ada).await, [1_100_000, 900_000]);
    put(&server, 2, 1_100_000).await;
    until_told(&mut ada, &["#7 110.00 ≥ 110.00"]).await;
    server = server.kill_and_restart().await;
    let mut ada = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    put(&server, 3, 1_200_000).await;
    put(&server, 4, 800_000).await;
    let both = ["#7 110.00 ≥ 110.00", "#7 80.00 ≤ 90.00"];
    until_told(&mut ada, &both).await;
    assert_eq!(waiting(&mut ada).await, [0; 0]);
}
