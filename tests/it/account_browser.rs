//! Who is signed in, in real browsers: boxes in between sign nobody out, and unsent messages stay.

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
