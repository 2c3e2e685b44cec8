//! What people wrote, in real browsers: boxes in between sign nobody out, and unsent messages and
//! drafts stay.

use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Habit, Middlebox, ServerProcess, until};

const SAID: [&str; 3] = ["one", "two", "three"];

/// Writes three messages that wait, since the line is cut by the page's own switch.
async fn write_offline(browser: &Browser) {
    browser.click("badge").await;
    browser.click("cut-line").await;
    browser.badge("offline").await;
    for text in SAID {
        browser.say(text).await;
        browser.hears(text).await;
    }
}

/// The number of messages that wait in the browser's storage.
async fn kept(browser: &Browser) -> serde_json::Value {
    let script =
        "return Object.keys(localStorage).filter(it => it.startsWith('trunkline.outbox.')).length";
    browser.run(script).await
}

#[tokio::test]
async fn a_box_that_refuses_tokens_signs_nobody_out_and_loses_no_message() {
    let server = ServerProcess::start(&[]).await;
    let middlebox = Middlebox::start(server.address(), Habit::Passes).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        let behind = format!("http://{}/chat/lobby", middlebox.address());
        ada.visit_as(&behind, "Ada").await;
        bob.visit_as(&format!("{}/chat/lobby", server.base()), "Bob")
            .await;
        write_offline(ada).await;

        middlebox.now(Habit::RefusesTokens);
        ada.window.refresh().await.expect("a page");
        ada.find("unreachable").await;
        assert!(!ada.has("nickname-input").await);
        assert_eq!(kept(ada).await, SAID.len());

        middlebox.now(Habit::Passes);
        ada.live().await;
        for text in SAID {
            bob.hears(text).await;
        }
        assert_eq!(bob.texts("message-text").await, SAID);
        let people = bob.until_texts("person", |people| people.len() == 2).await;
        assert!(people.iter().any(|it| it.contains("Ada")), "{people:?}");
    })
    .await;
}

#[tokio::test]
async fn a_lost_sign_in_leaves_unsent_messages_to_the_reader() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        let lobby = format!("{}/chat/lobby", server.base());
        ada.visit_as(&lobby, "Ada").await;
        bob.visit_as(&lobby, "Bob").await;
        write_offline(ada).await;

        ada.window.delete_all_cookies().await.expect("no cookies");
        ada.visit_as(&lobby, "Somebody else").await;
        ada.say("hello").await;
        bob.hears("hello").await;
        // Nobody sends them in Ada's name.
        assert_eq!(bob.texts("message-text").await, ["hello"]);
        assert_eq!(kept(ada).await, SAID.len());

        ada.window.delete_all_cookies().await.expect("no cookies");
        ada.visit(&lobby).await;
        let unsent = ada.find("unsent").await.text().await.expect("a text");
        for text in SAID {
            assert!(unsent.contains(text), "{unsent}");
        }
        ada.screenshot("unsent-messages").await;
        ada.click("unsent-delete").await;
        until("no unsent messages", async || {
            (!ada.has("unsent").await && kept(ada).await == 0).then_some(())
        })
        .await;
    })
    .await;
}

/// Reads the text in the composer.
async fn written(browser: &Browser) -> serde_json::Value {
    browser.find("composer").await;
    let script = "return document.querySelector('[data-testid=composer]').value";
    browser.run(script).await
}

#[tokio::test]
async fn a_draft_outlives_a_reload_in_its_room_until_it_is_sent() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let lobby = format!("{}/chat/lobby", server.base());
        ada.visit_as(&lobby, "Ada").await;
        let write = async |text: &str| {
            let composer = ada.find("composer").await;
            composer.send_keys(text).await.expect("a text field");
        };
        write("half a thought").await;
        ada.window.refresh().await.expect("a page");
        ada.live().await;
        assert_eq!(written(ada).await, "half a thought");

        // A storage without room loses the draft and nothing else, and makes room of older drafts.
        let fill = "let size = 1 << 22; while (size) {
            try { localStorage.setItem('other.' + size + Math.random(), 'x'.repeat(size)); }
            catch { size >>= 1; } }";
        ada.run(fill).await;
        write(", and more").await;
        ada.say("!").await;
        ada.hears("half a thought, and more!").await;
        assert_eq!(written(ada).await, "");
        ada.run("Object.keys(localStorage).filter(it => it.startsWith('other.')).forEach(it => localStorage.removeItem(it))")
            .await;

        write("another one").await;
        ada.click("you-menu").await;
        ada.click("sign-out").await;
        ada.find("nickname-input").await;
        let drafts = "return Object.keys(localStorage).filter(it => it.includes('.draft.')).length";
        assert_eq!(ada.run(drafts).await, 0);
    })
    .await;
}
