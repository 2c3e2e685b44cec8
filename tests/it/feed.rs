//! `trunkline publish`: prices and commands from files and lines, and what is said of bad ones.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatEvent};
use trunkline_protocol::topics::ticker::{
    Listed, Listing, Quote, ReadTrades, Ticker, Trades, TradesRequest,
};
use trunkline_protocol::{Call, ClientFrame, Codec, Epoch, Position, ServerFrame, Text};
use trunkline_server::publish::{Format, PublishedAll, Publishing, Speed};
use trunkline_tests::{Peer, Proxy, TestServer, until, within};

const KEY: &str = "0123456789abcdefghij";

/// A server with a key for back ends.
async fn server() -> TestServer {
    TestServer::start_with(|config| config.api_key = KEY.parse().ok()).await
}

/// What a guest publishes there as fast as can be.
fn publishing(server: &TestServer, topic: &str, format: Format) -> Publishing {
    Publishing {
        topic: topic.to_owned(),
        from: None,
        format,
        symbol: None,
        speed: Speed::Greatest,
        server: server.base(),
        key: None,
        name: "feed".to_owned(),
    }
}

fn with_key(publishing: Publishing) -> Publishing {
    Publishing {
        key: Some(KEY.to_owned()),
        ..publishing
    }
}

/// Publishes these lines as they come from the standard input.
async fn lines(publishing: Publishing, text: &str) -> Result<PublishedAll, String> {
    let input = Cursor::new(text.to_owned().into_bytes());
    let published = publishing.publish(input).await;
    published.map_err(|error| format!("{error:#}"))
}

/// Publishes a file that has this text.
async fn file(publishing: Publishing, text: &str) -> Result<PublishedAll, String> {
    let folder = TempDir::new().expect("a folder for the test");
    let path: PathBuf = folder.path().join("prices.csv");
    std::fs::write(&path, text).expect("a file");
    let from = Some(path);
    let published = lines(Publishing { from, ..publishing }, "").await;
    let place = format!("{}/", folder.path().display());
    published.map_err(|error| error.replace(&place, ""))
}

/// The newest event of each key of a topic.
async fn kept<T: trunkline_protocol::Topic>(server: &TestServer, topic: &str) -> Vec<T::Event> {
    let mut peer = Peer::connect(server, Codec::Json, "reader").await;
    let never = Start::After(Position {
        epoch: Epoch(0),
        offset: 0,
    });
    let answer = peer.subscribe(topic, never).await;
    let ServerFrame::Subscribed { publications, .. } = answer else {
        panic!("{answer:?}")
    };
    let event = |payload: &trunkline_protocol::Payload| {
        let event = Codec::Json.decode(payload.as_bytes());
        event.expect("an event of this topic")
    };
    publications.iter().map(|it| event(&it.event)).collect()
}

async fn prices(server: &TestServer, board: &str) -> BTreeMap<u16, u64> {
    let quotes = kept::<Ticker>(server, &format!("ticker:{board}")).await;
    quotes
        .iter()
        .map(|it: &Quote| (it.symbol, it.price))
        .collect()
}

async fn names(server: &TestServer, board: &str) -> BTreeMap<u16, String> {
    let listed = kept::<Listing>(server, &format!("listing:{board}")).await;
    let name = |it: &Listed| (it.symbol, it.ticker.to_string());
    listed.iter().map(name).collect()
}

#[tokio::test]
async fn a_file_of_prices_is_a_board_of_the_guest_in_the_order_of_time() {
    let server = server().await;
    // One symbol after the other, and the second one backwards.
    let text = "symbol,date,price\n\
                MSFT,Jan 1 2000,39.81\nMSFT,Feb 1 2000,36.35\n\
                AMZN,Feb 1 2000,68.87\nAMZN,Jan 1 2000,64.56\n";
    let all = file(publishing(&server, "ticker:user-{user}", Format::Csv), text).await;
    let all = all.expect("a good file");
    assert_eq!(all.count, 4);
    let board = all.topic.strip_prefix("ticker:").expect("a board");
    let expected = BTreeMap::from([(0, 363_500), (1, 688_700)]);
    assert_eq!(prices(&server, board).await, expected);
    let expected = BTreeMap::from([(0, "MSFT".to_owned()), (1, "AMZN".to_owned())]);
    assert_eq!(names(&server, board).await, expected);

    // Its past is told like that of the market.
    let mut peer = server.peer("bob").await;
    let id = peer.id();
    let request = TradesRequest {
        board: Text::cut(board),
        symbol: 0,
        count: 50,
    };
    peer.send(&ClientFrame::Call {
        id,
        method: Text::cut(ReadTrades::METHOD),
        contract: None,
        deadline_ms: 10_000,
        request: Codec::Bincode.payload(&request).expect("a short request"),
    })
    .await;
    let ServerFrame::Returned { response, .. } = peer.answer_to(id).await else {
        panic!("no trades")
    };
    let trades: Trades = Codec::Bincode.decode(response.as_bytes()).expect("trades");
    let prices: Vec<u64> = trades.trades.iter().map(|it| it.price).collect();
    assert_eq!(prices, [363_500, 398_100]);
}

#[tokio::test]
async fn whoever_has_the_key_fills_any_board_and_numbers_stay_what_they_were() {
    let server = server().await;
    let board = || with_key(publishing(&server, "ticker:mine", Format::Csv));
    let mut text = "date,GOOG,AAPL\n".to_owned();
    for day in 1..=150 {
        text += &format!("{},{day},{}\n", 1_700_000_000 + day * 86_400, day * 2);
    }
    let all = file(board(), &text).await.expect("a good file");
    assert_eq!(all.count, 300);
    // Another order of columns, and a symbol that is new.
    let all = file(board(), "date,NEW,AAPL\n2026-01-01,7,8\n").await;
    assert_eq!(all.expect("a good file").count, 2);
    let expected = BTreeMap::from([(0, 1_500_000), (1, 80_000), (2, 70_000)]);
    assert_eq!(prices(&server, "mine").await, expected);
    let expected = [(0, "GOOG"), (1, "AAPL"), (2, "NEW")].map(|it| (it.0, it.1.to_owned()));
    assert_eq!(names(&server, "mine").await, BTreeMap::from(expected));
}

#[tokio::test]
async fn of_a_file_with_a_bad_row_nothing_is_published() {
    let server = server().await;
    for (row, expected) in [
        (
            "2026-01-03,ABCD,12x",
            "line 4, column 3 (price): \"12x\" is not a price",
        ),
        (
            "2026-01-03,ABCD",
            "line 4: it has 2 columns, and the first line 3",
        ),
        (
            "someday,ABCD,1",
            "line 4, column 1 (time): \"someday\" is not a time",
        ),
        (
            "2026-01-03,abcd,1",
            "line 4, column 2 (symbol): invalid name of a symbol",
        ),
        (
            "2026-01-03,ABCD,1000000000.1",
            "line 4, column 3 (price): 1000000000.1 is above the greatest price, 1000000000",
        ),
        (
            "2026-01-03,ABCD,99999999999999999999999",
            "line 4, column 3 (price): 99999999999999999999999 is above the greatest price",
        ),
    ] {
        let text = format!("time,symbol,price\n2026-01-01,ABCD,1\n2026-01-02,ABCD,2\n{row}\n");
        let board = with_key(publishing(&server, "ticker:bad", Format::Csv));
        let error = file(board, &text).await.expect_err("a bad row");
        assert!(
            error.starts_with(&format!("prices.csv: {expected}")),
            "{error}"
        );
        assert!(error.ends_with("; nothing was published"), "{error}");
    }
    assert_eq!(prices(&server, "bad").await, BTreeMap::new());
    assert_eq!(names(&server, "bad").await, BTreeMap::new());
    let board = || with_key(publishing(&server, "ticker:bad", Format::Csv));
    let error = file(board(), "time,symbol\n").await.expect_err("no prices");
    assert!(error.contains("line 1"), "{error}");
    let error = file(board(), "time,symbol,price\n")
        .await
        .expect_err("no rows");
    assert!(error.contains("nothing in it"), "{error}");
}

#[tokio::test]
async fn of_lines_the_good_ones_before_a_bad_one_are_published_and_counted() {
    let server = server().await;
    let board = with_key(publishing(&server, "ticker:lines", Format::Csv));
    let text = "time,symbol,price\n1,ABCD,1\n2,ABCD,2\n3,ABCD,zero\n4,ABCD,4\n";
    let error = lines(board, text).await.expect_err("a bad line");
    let expected = "standard input: line 4, column 3 (price): \"zero\" is not a price, expected a \
                    number such as 185.25; 2 were published before";
    assert_eq!(error, expected);
    assert_eq!(
        prices(&server, "lines").await,
        BTreeMap::from([(0, 20_000)])
    );
}

#[tokio::test]
async fn lines_of_json_are_commands_of_any_topic() {
    let server = server().await;
    let say = |text: &str| format!("{{\"type\":\"say\",\"text\":\"{text}\"}}\n");
    // More than a guest may send at once, so that some are to be sent again.
    let count = 230;
    let text: String = (0..count).map(|number| say(&number.to_string())).collect();
    let room = publishing(&server, "chat:fed", Format::Ndjson);
    let all = lines(room.clone(), &text).await.expect("good lines");
    assert_eq!(
        all,
        PublishedAll {
            topic: "chat:fed".to_owned(),
            count
        }
    );
    let said = kept::<Chat>(&server, "chat:fed").await;
    let texts = said.iter().map(|event| match event {
        ChatEvent::Said { text, .. } => text.to_string(),
        other => panic!("{other:?}"),
    });
    let expected: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    assert_eq!(texts.collect::<Vec<_>>(), expected);

    let text = [&say("one"), &say("  "), &say("three")]
        .map(String::as_str)
        .concat();
    let error = lines(room.clone(), &text).await.expect_err("an empty text");
    let expected = "standard input: line 2: the server refused it: a message needs a visible text; \
                    1 was published before";
    assert_eq!(error, expected);
    let error = lines(room, "{\"type\":\n").await.expect_err("no JSON");
    assert!(error.ends_with("nothing was published"), "{error}");
}

#[tokio::test]
async fn a_board_of_somebody_else_and_a_wrong_key_are_refused() {
    let server = server().await;
    let other = publishing(&server, "ticker:user-000000000000002a", Format::Csv);
    let error = file(other, "time,symbol,price\n1,ABCD,1\n").await;
    let error = error.expect_err("not his board");
    assert!(
        error.contains("you may not publish to this topic"),
        "{error}"
    );
    let wrong = Publishing {
        key: Some("a key that is wrong, quite".to_owned()),
        ..publishing(&server, "ticker:mine", Format::Csv)
    };
    let error = file(wrong, "time,symbol,price\n1,ABCD,1\n").await;
    let error = error.expect_err("a wrong key");
    assert!(error.contains("expected the API key"), "{error}");
}

#[tokio::test]
async fn prices_wait_until_they_are_due() {
    let server = server().await;
    let board = Publishing {
        speed: Speed::Times(20.0),
        ..with_key(publishing(&server, "ticker:slow", Format::Csv))
    };
    let began = Instant::now();
    let text = "time,symbol,price\n100,ABCD,1\n103,ABCD,2\n";
    let all = file(board, text).await.expect("a good file");
    assert_eq!(all.count, 2);
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(150), "{took:?}");
}

#[tokio::test]
async fn a_line_that_is_lost_is_dialed_again_and_nothing_is_said_twice() {
    let server = server().await;
    let proxy = Proxy::start(server.address()).await;
    let room = Publishing {
        server: format!("http://{}", proxy.address()),
        ..publishing(&server, "chat:cut", Format::Ndjson)
    };
    let (read, mut write) = std::io::pipe().expect("a pipe");
    let publishing = tokio::spawn(room.publish(std::io::BufReader::new(read)));
    let mut say = |text: &str| {
        let line = format!("{{\"type\":\"say\",\"text\":\"{text}\"}}\n");
        write.write_all(line.as_bytes()).expect("room in the pipe");
    };
    let said = async |count| {
        until("what was said", async || {
            let said = kept::<Chat>(&server, "chat:cut").await;
            (said.len() >= count).then_some(said.len())
        })
        .await
    };
    say("one");
    assert_eq!(said(1).await, 1);
    proxy.cut();
    say("two");
    say("three");
    proxy.mend();
    assert_eq!(said(3).await, 3);
    drop(write);
    let all = within("the end", publishing).await.expect("no panic");
    assert_eq!(all.expect("good lines").count, 3);
    assert_eq!(said(3).await, 3);
}
