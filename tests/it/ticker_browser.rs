//! The ticker in real browsers: a board that lives, a chart that grows, a pace of one's own, and
//! what one watches.

use serde_json::{Value, json};
use thirtyfour::prelude::*;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Asking, Habit, Middlebox, ServerProcess, until};

const KEY: &str = "0123456789abcdefghij";

/// A number that the page keeps in an attribute.
async fn number(browser: &Browser, selector: &str, name: &str) -> u64 {
    let script = format!("return document.querySelector('{selector}')?.dataset.{name} ?? '0'");
    let number = browser.run(&script).await;
    number.as_str().unwrap_or("0").parse().unwrap_or(0)
}

/// How many quotes have come, and how many were overtaken.
async fn counts(browser: &Browser) -> (u64, u64) {
    let selector = "[data-testid=ticker-counts]";
    let quotes = number(browser, selector, "quotes").await;
    (quotes, number(browser, selector, "overtaken").await)
}

/// The symbols of the rows, from top to bottom.
async fn tickers(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[data-testid=ticker-row]')].map(it => it.dataset.ticker)";
    let found = browser.run(script).await;
    serde_json::from_value(found).expect("a list of texts")
}

/// Waits until the rows are there, with their names.
async fn rows(browser: &Browser) {
    until("rows with names", async || {
        let tickers = tickers(browser).await;
        (tickers.len() > 8 && !tickers[0].starts_with('#')).then_some(())
    })
    .await;
}

/// Puts prices on a board of the operator's.
async fn put(server: &ServerProcess, from: u32, prices: &[(u16, u64)]) {
    let quote = |(n, (symbol, price)): (usize, &(u16, u64))| {
        json!({
            "message_id": {"sender": 9, "counter": from + n as u32},
            "topic": "ticker:shop",
            "command": {"symbol": symbol, "price": price, "bid_below": 100, "ask_above": 100, "size": 5},
        })
    };
    let all: Vec<Value> = prices.iter().enumerate().map(quote).collect();
    let asking = Asking::post(
        server.address(),
        "/api/publish",
        Value::from(all).to_string(),
    );
    let answer = asking.token(KEY).send().await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_board_lives_and_a_chart_grows() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/ticker", server.base()), "Ada")
            .await;
        rows(ada).await;
        let count = "return document.querySelector('[data-testid=ticker-rows]').ariaRowCount";
        assert_eq!(ada.run(count).await, "500");
        // Only what can be seen is there.
        assert!(tickers(ada).await.len() < 60);
        until("quotes of every symbol", async || {
            (counts(ada).await.0 > 500).then_some(())
        })
        .await;
        let before = ada.texts("ticker-price").await;
        ada.until_texts("ticker-price", |prices| {
            let other = prices.iter().zip(&before).filter(|(now, was)| now != was);
            other.count() > 3
        })
        .await;
        // A symbol, by keyboard.
        let board = ada.find("ticker-rows").await;
        let keys = board.send_keys(Key::Down + Key::Down).await;
        keys.expect("a board that can be focused");
        let second = tickers(ada).await[1].clone();
        ada.until_texts("detail-price", |price| price.len() == 1)
            .await;
        let address = ada.run("return location.pathname").await;
        assert_eq!(address, format!("/ticker/market/{second}"));
        ada.click("span-5").await;
        until("candles", async || {
            (number(ada, "[data-testid=candles]", "count").await > 100).then_some(())
        })
        .await;
        // Candles have the colours of what rises and falls.
        let coloured = "const canvas = document.querySelector('[data-testid=candles]');
            const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            for (let at = 0; at < image.length; at += 4)
                if (image[at + 3] > 200 && Math.abs(image[at] - image[at + 1]) > 40) return true;
            return false";
        until("a chart in colours", async || {
            (ada.run(coloured).await == Value::Bool(true)).then_some(())
        })
        .await;
        let newest = ada.texts("candle-legend").await;
        let begins = |legend: &[String]| {
            let text = legend.first().map(String::as_str).unwrap_or_default();
            text.split("  O ").next().unwrap_or_default().to_owned()
        };
        let begun = begins(&newest);
        ada.until_texts("candle-legend", |legend| begins(legend) != begun)
            .await;
        let trades = "return document.querySelectorAll('[data-testid=ticker-trades] tr').length";
        until("trades", async || {
            (ada.run(trades).await.as_u64() > Some(5)).then_some(())
        })
        .await;
        ada.resize(1440, 900).await;
        ada.screenshot("ticker").await;
    })
    .await;
}

#[tokio::test]
async fn a_reader_that_wants_less_sees_fewer_quotes_and_the_newest() {
    let server = ServerProcess::start(&["--api-key", KEY]).await;
    with_people(async |[fast, slow]: &[Browser; 2]| {
        let page = format!("{}/ticker", server.base());
        fast.visit_as(&page, "Fast").await;
        slow.visit_as(&page, "Slow").await;
        fast.click("ticker-rate-20").await;
        slow.click("ticker-rate-1").await;
        // The count begins anew with another pace.
        until("both to read", async || {
            let (fast, slow) = (counts(fast).await, counts(slow).await);
            (fast.0 > 3_000 && slow.0 > 300).then_some(())
        })
        .await;
        let (at_fast, at_slow) = (counts(fast).await, counts(slow).await);
        assert!(at_slow.0 < at_fast.0, "{at_slow:?} {at_fast:?}");
        assert!(at_slow.1 > 0, "{at_slow:?}");
        // On a board that is quiet in the end, both have the newest price.
        let shop = format!("{}/ticker/shop", server.base());
        for browser in [fast, slow] {
            browser.visit(&shop).await;
            browser.live().await;
        }
        // A subscription is confirmed before what is published after it.
        put(&server, 0, &[(1, 990_000)]).await;
        for browser in [fast, slow] {
            browser
                .until_texts("ticker-price", |prices| prices == ["99.00"])
                .await;
        }
        let prices: Vec<(u16, u64)> = (1..=90).map(|n| (1, 1_000_000 + n * 10_000)).collect();
        put(&server, 1, &prices).await;
        for browser in [fast, slow] {
            browser
                .until_texts("ticker-price", |prices| prices == ["190.00"])
                .await;
        }
        assert!(counts(slow).await.0 <= counts(fast).await.0);
    })
    .await;
}

#[tokio::test]
async fn what_is_watched_is_ordered_by_hand_and_stays_so() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/ticker", server.base()), "Ada")
            .await;
        rows(ada).await;
        let three = tickers(ada).await[..3].to_vec();
        for ticker in &three {
            let star = format!("[data-ticker={ticker}] [data-testid=ticker-star]");
            let star = ada.window.find(By::Css(&star)).await.expect("a star");
            star.click().await.expect("a star that can be pressed");
        }
        ada.click("ticker-watched").await;
        let shows = async |wanted: &[&String]| {
            until("the order", async || {
                (tickers(ada).await.iter().collect::<Vec<_>>() == wanted).then_some(())
            })
            .await;
        };
        shows(&[&three[0], &three[1], &three[2]]).await;
        // By keyboard: the first goes down by one.
        let board = ada.find("ticker-rows").await;
        let keys = board.send_keys(Key::Down + "").await;
        keys.expect("a board that can be focused");
        ada.find("detail-price").await;
        let keys = board.send_keys(Key::Alt + Key::Down).await;
        keys.expect("a board that can be focused");
        shows(&[&three[1], &three[0], &three[2]]).await;
        // By hand: the last goes to the top.
        let handles = ada.window.find_all(By::Css("[data-testid=ticker-handle]"));
        let handles = handles.await.expect("handles");
        let drag = ada.window.action_chain();
        let drag = drag.drag_and_drop_element(&handles[2], &handles[0]);
        drag.perform().await.expect("a drag");
        shows(&[&three[2], &three[1], &three[0]]).await;
        ada.visit(&format!("{}/ticker", server.base())).await;
        ada.live().await;
        ada.click("ticker-watched").await;
        shows(&[&three[2], &three[1], &three[0]]).await;
        // A search is for all that is on the board, or watched.
        ada.click("ticker-all").await;
        let search = ada.find("ticker-search").await;
        let typed = search.send_keys(three[1].to_lowercase()).await;
        typed.expect("a text field");
        until("one row", async || {
            (tickers(ada).await.first() == Some(&three[1])).then_some(())
        })
        .await;
    })
    .await;
}

/// What a tab does while 500 symbols change 50 times a second each. The figures are for people, in
/// `tests/screenshots/ticker-frames.json`; what is asserted is that the page still answers.
#[tokio::test]
async fn a_tab_answers_while_everything_moves() {
    let server = ServerProcess::start(&["--market-rate", "25000"]).await;
    let frames = "const done = arguments[arguments.length - 1];
        const begun = performance.now(); let count = 0; let longest = 0; let last = begun;
        const tick = now => {
            count += 1; longest = Math.max(longest, now - last); last = now;
            if (now - begun < 4000) requestAnimationFrame(tick);
            else done({ per_second: 1000 * count / (now - begun), longest_ms: longest });
        };
        requestAnimationFrame(tick);";
    with_people(async |[ada]: &[Browser; 1]| {
        let measure = async || {
            let measured = ada.window.execute_async(frames, Vec::new()).await;
            measured.expect("a script").json().clone()
        };
        ada.visit_as(&format!("{}/ticker/quiet", server.base()), "Ada")
            .await;
        let quiet = measure().await;
        ada.visit(&format!("{}/ticker", server.base())).await;
        ada.live().await;
        ada.click("ticker-rate-20").await;
        until("quotes of every symbol", async || {
            (counts(ada).await.0 > 2_000).then_some(())
        })
        .await;
        let before = counts(ada).await.0;
        let moving = measure().await;
        let quotes = (counts(ada).await.0 - before) / 4;
        rows(ada).await;
        let symbol = tickers(ada).await[2].clone();
        let row = format!("[data-ticker={symbol}]");
        let row = ada.window.find(By::Css(&row)).await.expect("a row");
        row.click().await.expect("a row that can be chosen");
        ada.find("detail-price").await;
        let with_chart = measure().await;
        let told = json!({
            "quotes_per_second": quotes,
            "frames_when_quiet": quiet,
            "frames_with_a_board": moving,
            "frames_with_a_board_and_a_chart": with_chart,
        });
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for figures");
        std::fs::write(folder.join("ticker-frames.json"), format!("{told:#}")).expect("room");
        println!("{told:#}");
        assert!(quotes > 1_000, "{told}");
    })
    .await;
}

#[tokio::test]
async fn an_alarm_is_set_on_the_page_and_comes_as_a_notification() {
    let server = ServerProcess::start(&["--api-key", KEY]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        put(&server, 1, &[(7, 1_000_000)]).await;
        ada.visit_as(&format!("{}/ticker/shop/%237", server.base()), "Ada")
            .await;
        ada.until_texts("detail-price", |price| price == ["100.00"])
            .await;
        let write = async |price: &str| {
            let field = ada.find("alarm-price").await;
            let typed = field
                .send_keys(Key::Control + "a")
                .await
                .and(field.send_keys(price).await);
            typed.expect("a text field");
            field
        };
        let set = async |price: &str| {
            let typed = write(price).await.send_keys(Key::Enter + "").await;
            typed.expect("a text field");
        };
        // One that has come already is refused in words.
        set("99").await;
        ada.until_texts("alarm-problem", |words| {
            words[0].starts_with("The price is there already")
        })
        .await;
        set("nothing").await;
        ada.until_texts("alarm-problem", |words| {
            words[0].starts_with("Type a price")
        })
        .await;
        // A decimal comma is one, and what is understood is seen before it counts.
        write("110,5").await;
        ada.until_texts("alarm-problem", |words| {
            words == ["Understood: at or above 110.50"]
        })
        .await;
        set("110,5").await;
        ada.until_texts("alarm", |alarms| alarms == ["at or above 110.50"])
            .await;
        ada.screenshot("ticker-alarm").await;
        put(&server, 2, &[(7, 1_105_000)]).await;
        ada.until_texts("alarm", <[String]>::is_empty).await;
        until("the badge of Alerts", async || {
            let script =
                "return document.querySelector('.rail a[href=\"/alerts\"] .count')?.textContent";
            (ada.run(script).await == "1").then_some(())
        })
        .await;
        ada.visit(&format!("{}/alerts", server.base())).await;
        ada.live().await;
        until("the notification", async || {
            let page = ada
                .run("return document.getElementById('page').textContent")
                .await;
            let text = page.as_str().unwrap_or_default();
            text.contains("#7 110.50 ≥ 110.50").then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn behind_a_box_without_websockets_the_board_lives_too() {
    let server = ServerProcess::start(&["--api-key", KEY]).await;
    let middlebox = Middlebox::start(server.address(), Habit::RefusesUpgrades).await;
    with_people(async |[ada]: &[Browser; 1]| {
        put(&server, 1, &[(7, 1_000_000)]).await;
        let page = format!("http://{}/ticker/shop/%237", middlebox.address());
        ada.visit_as(&page, "Ada").await;
        ada.live_over("stream").await;
        ada.until_texts("detail-price", |price| price == ["100.00"])
            .await;
        put(&server, 2, &[(7, 1_050_000), (8, 20_000)]).await;
        ada.until_texts("detail-price", |price| price == ["105.00"])
            .await;
        ada.until_texts("ticker-price", |prices| prices == ["105.00", "2.00"])
            .await;
    })
    .await;
}
