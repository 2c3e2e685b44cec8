//! The simulator in a real browser: the runs of a page are those that test the rules.

use serde_json::Value;
use thirtyfour::prelude::*;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{ServerProcess, until};

/// What the page says became of its run.
async fn outcome(browser: &Browser) -> Value {
    let json = browser.texts("sim-json").await;
    serde_json::from_str(&json[0]).expect("JSON")
}

/// Waits until the checker has said this.
async fn verdict(browser: &Browser, wanted: &str) {
    until(&format!("the verdict {wanted}"), async || {
        let script = "return document.querySelector('[data-testid=sim-verdict]').dataset.verdict";
        (browser.run(script).await == wanted).then_some(())
    })
    .await;
}

/// Types a seed in place of the one that is there.
async fn enter_seed(browser: &Browser, seed: &str) {
    let field = browser.find("sim-seed").await;
    let typed = field
        .send_keys(Key::Control + "a")
        .await
        .and(field.send_keys(seed).await)
        .and(field.send_keys(Key::Tab + "").await);
    typed.expect("a text field");
}

/// Whether some lane has something drawn on it.
async fn is_drawn(browser: &Browser) -> bool {
    let script = "return [...document.querySelectorAll('.sim canvas')].some(canvas => {
        if (canvas.width === 0 || canvas.height === 0) return false;
        const image = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return image.data.some(it => it !== 0);
    })";
    browser.run(script).await == Value::Bool(true)
}

#[tokio::test]
async fn a_seed_is_the_same_run_in_a_page_and_in_a_test() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let page = format!("{}/lab?seed=11#simulator", server.base());
        ada.visit_as(&page, "Ada").await;
        for seed in [11, 25, u64::MAX] {
            enter_seed(ada, &seed.to_string()).await;
            verdict(ada, "good").await;
            ada.click("sim-finish").await;
            verdict(ada, "held").await;
            let (shown, expected) = (outcome(ada).await, trunkline_sim::run(seed));
            assert_eq!(shown["seed"], seed.to_string());
            assert_eq!(shown["hash"], format!("{:016x}", expected.hash));
            assert_eq!(shown["steps"], expected.steps);
            assert_eq!(shown["deliveries"], expected.deliveries);
            assert_eq!(shown["failure"], Value::Null);
        }
        // What is no seed is said, and changes nothing.
        enter_seed(ada, "-1").await;
        let hint = ada
            .run("return document.getElementById('sim-seed-hint').className")
            .await;
        assert_eq!(hint, "hint wrong");
        assert_eq!(outcome(ada).await["seed"], u64::MAX.to_string());
        verdict(ada, "held").await;
    })
    .await;
}

#[tokio::test]
async fn a_run_is_played_stepped_and_found_out() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let page = format!("{}/lab#simulator", server.base());
        ada.visit_as(&page, "Ada").await;
        assert!(!is_drawn(ada).await);
        for steps in 1..=5 {
            ada.click("sim-step").await;
            ada.until_texts("sim-log", |story| !story.concat().is_empty())
                .await;
            let script = "return document.querySelectorAll('[data-testid=sim-log] > li').length";
            until("a step to be told", async || {
                (ada.run(script).await.as_u64() >= Some(steps)).then_some(())
            })
            .await;
        }
        ada.click("sim-play").await;
        until("something on its way", async || {
            is_drawn(ada).await.then_some(())
        })
        .await;
        let deliveries = |texts: &[String]| texts[0].parse::<u64>().is_ok_and(|count| count > 3);
        ada.until_texts("sim-deliveries", deliveries).await;
        ada.screenshot("lab-simulator").await;
        ada.click("sim-play").await;
        // A server that lies, from the start.
        ada.click("sim-lie").await;
        verdict(ada, "good").await;
        ada.click("sim-finish").await;
        verdict(ada, "broken").await;
        let shown = outcome(ada).await;
        let check = shown["failure"]["check"].as_str().expect("a check");
        let said = ada.texts("sim-verdict").await.concat();
        assert!(said.contains(check), "{said}");
        // The address leads to this very run.
        let script = "return document.querySelector('[data-testid=sim-permalink]').href";
        let address = ada.run(script).await;
        let address = address.as_str().expect("an address").to_owned();
        ada.visit(&address).await;
        ada.live().await;
        ada.click("sim-finish").await;
        verdict(ada, "broken").await;
        assert_eq!(outcome(ada).await, shown);
    })
    .await;
}
