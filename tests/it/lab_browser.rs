//! The lab in a real browser: a race whose words agree with its figures, a handshake as it was sent,
//! and a line that is cut and loses nothing.

use serde_json::Value;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{ServerProcess, get, until};

/// The lanes over HTTP.
const OVER_HTTP: [&str; 4] = ["poll", "long_poll", "events", "stream"];

/// Runs a race from the page that says this, and returns its JSON.
async fn race(browser: &Browser) -> Value {
    browser.click("race-start").await;
    until("the race to begin", async || {
        phase(browser, "running").await
    })
    .await;
    until("the race to be over", async || phase(browser, "over").await).await;
    let json = browser.texts("race-json").await;
    serde_json::from_str(&json[0]).expect("JSON")
}

/// Whether a race is where it is waited for.
async fn phase(browser: &Browser, wanted: &str) -> Option<()> {
    let script = "return document.querySelector('[data-testid=race-status]').dataset.phase";
    let phase = browser.run(script).await;
    assert_ne!(phase, "failed", "{:?}", browser.texts("race-status").await);
    // A short race may be over before anybody looks.
    (phase == wanted || phase == "over").then_some(())
}

fn lane<'a>(outcome: &'a Value, name: &str) -> &'a Value {
    let lanes = outcome["lanes"].as_array().expect("lanes");
    let lane = lanes.iter().find(|it| it["lane"] == name);
    lane.expect("each lane")
}

fn bytes_each(outcome: &Value, name: &str) -> f64 {
    lane(outcome, name)["bytes_each"]
        .as_f64()
        .expect("a number")
}

/// What holds for each race, and what the page says of it.
async fn check(browser: &Browser, outcome: &Value, ticks: u64) {
    let socket = bytes_each(outcome, "socket");
    for name in OVER_HTTP.into_iter().chain(["socket_json"]) {
        let each = bytes_each(outcome, name);
        assert!(socket < each, "{name} took {each} bytes, bincode {socket}");
    }
    for name in OVER_HTTP.into_iter().chain(["socket_json", "socket"]) {
        let lane = lane(outcome, name);
        assert_eq!(lane["published"], ticks, "{lane}");
        assert_eq!(lane["arrived"], ticks, "{lane}");
        assert_eq!(lane["missed"], 0, "{lane}");
        assert!(lane["cpu_us"].as_u64().is_some_and(|it| it > 0), "{lane}");
        let (p50, p99) = (lane["p50_us"].as_i64(), lane["p99_us"].as_i64());
        assert!(p50 <= p99 && p50.is_some(), "{lane}");
    }
    for name in ["events", "stream", "socket_json", "socket"] {
        assert_eq!(lane(outcome, name)["requests"], 1, "{name}");
    }
    let said = browser.texts("race-findings").await.concat();
    let fewest = format!("WebSocket, bincode took the fewest bytes, {socket:.0} B");
    let with_fraction = format!("WebSocket, bincode took the fewest bytes, {socket:.1} B");
    assert!(
        said.contains(&fewest) || said.contains(&with_fraction),
        "{socket}: {said}"
    );
}

#[tokio::test]
async fn bincode_over_a_websocket_takes_the_fewest_bytes_and_the_words_say_so() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let at = |query: &str| format!("{}/lab?{query}", server.base());
        ada.visit_as(&at("rate=1&size=32&seconds=6&poll=1000"), "Ada")
            .await;
        let slow = race(ada).await;
        check(ada, &slow, 6).await;
        assert_eq!(slow["settings"]["rate"], 1);
        ada.resize(1440, 900).await;
        ada.screenshot("lab-race").await;

        // The address of a page repeats its race.
        ada.visit(&at("rate=10&size=32&seconds=4&poll=500")).await;
        ada.live().await;
        let fast = race(ada).await;
        check(ada, &fast, 40).await;
        // A poll waits for the next one; nobody else has to.
        let poll = lane(&fast, "poll");
        assert!(poll["merged"].as_u64().is_some_and(|it| it > 0), "{poll}");
        assert_eq!(lane(&fast, "socket")["merged"], 0);
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        for (name, outcome) in [("lab-1-per-second", slow), ("lab-10-per-second", fast)] {
            let json = serde_json::to_string_pretty(&outcome).expect("JSON");
            std::fs::write(file.join(format!("{name}.json")), json).expect("room for a file");
        }
    })
    .await;
}

#[tokio::test]
async fn a_handshake_is_shown_as_it_was_sent() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/lab", server.base()), "Ada").await;
        ada.click("handshake-open").await;
        ada.find("handshake").await;
        let shown = ada.texts("handshake").await.concat();
        for part in [
            "GET /ws?witness=",
            "HTTP/1.1 101 Switching Protocols",
            "Upgrade: websocket",
            "sec-websocket-protocol: trunkline.v1.bincode",
            "GET /healthz?witness=",
            "HTTP/1.1 200 OK",
            "\"type\":\"connected\"",
            "\"type\":\"probed\"",
        ] {
            assert!(shown.contains(part), "{part:?} is missing in {shown}");
        }
        // The cookie is the browser's, and the token is nobody's to read.
        assert!(
            !shown.contains("eyJ") && shown.contains("\"token\":\"…\""),
            "{shown}"
        );
        ada.resize(1440, 1400).await;
        ada.screenshot("lab-handshake").await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_cut_loses_nothing() {
    const KEY: &str = "0123456789abcdefghij";
    let server = ServerProcess::start(&["--api-key", KEY]).await;
    // How many ticks the visitor's topic has had, whoever hears them.
    let head = async || {
        let bearer = format!("authorization: Bearer {KEY}");
        let path = "/api/topics?namespace=lab";
        let answer = get(server.address(), path, &[&bearer]).await;
        let topics: Value = serde_json::from_str(&answer.body).expect("JSON");
        topics["topics"][0]["head"].as_u64().expect("a topic")
    };
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/lab", server.base()), "Ada").await;
        ada.click("cut-talk").await;
        let number = |texts: &[String]| texts.first().and_then(|it| it.parse::<u64>().ok());
        let at_least =
            |least: u64| move |texts: &[String]| number(texts).is_some_and(|count| count >= least);
        ada.until_texts("cut-arrived", at_least(2)).await;
        ada.click("cut-switch").await;
        ada.badge("offline").await;
        ada.click("cut-say").await;
        ada.until_texts("cut-waiting", |texts| number(texts) == Some(1))
            .await;
        let before = number(&ada.texts("cut-arrived").await).expect("a count");
        let when_cut = head().await;
        until("the other end to go on", async || {
            (head().await >= when_cut + 3).then_some(())
        })
        .await;
        ada.click("cut-switch").await;
        ada.live().await;
        ada.until_texts("cut-recovered", at_least(3)).await;
        ada.until_texts("cut-waiting", |texts| number(texts) == Some(0))
            .await;
        ada.until_texts("cut-arrived", at_least(before + 4)).await;
        // A server that cannot be reached is asked again and again.
        ada.click("cut-block").await;
        ada.badge("waiting").await;
        ada.until_texts("cut-log", |story| {
            story.concat().contains("the next attempt")
        })
        .await;
        ada.click("cut-block").await;
        ada.live().await;
        let before = number(&ada.texts("cut-arrived").await).expect("a count");
        ada.until_texts("cut-arrived", at_least(before + 1)).await;
        assert_eq!(number(&ada.texts("cut-lost").await), Some(0));
        let story = ada.texts("cut-log").await.concat();
        assert!(story.contains("everybody hears it, once"), "{story}");
        ada.screenshot("lab-cut").await;
    })
    .await;
}
