//! The browser's own notifications of several tabs: each once, and only while no tab is seen.

use serde_json::json;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::until;

use crate::alerts_browser::{another_tab, go_to, start, tell, unread, user};

/// Takes the place of the browser's notifications, and writes down what is shown and asked for, for
/// all tabs. Headless browsers show none.
const STAND_IN: &str = "
    const note = (what) => localStorage.setItem('shown',
        JSON.stringify([...JSON.parse(localStorage.getItem('shown') ?? '[]'), what]));
    let permission = localStorage.getItem('granted') ?? 'default';
    window.Notification = class {
        static get permission() { return permission; }
        static async requestPermission() {
            note('asked'); permission = 'granted'; localStorage.setItem('granted', permission);
            return permission;
        }
        constructor(title, options) { note(`${title} ${options.tag.length > 16}`); }
    };";

/// What the page believes about being seen.
fn seen(seen: bool) -> String {
    format!(
        "Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {} }});
         document.dispatchEvent(new Event('visibilitychange', {{ bubbles: true }}))",
        !seen
    )
}

#[tokio::test]
async fn the_browser_shows_each_once_and_only_while_no_tab_is_seen() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        let inbox = format!("{}/alerts", server.base());
        ada.visit_as(&inbox, "Ada").await;
        let user = user(ada).await;
        let first = ada.window.window().await.expect("a tab");
        let shown = async || {
            let shown = ada.run("return localStorage.getItem('shown')").await;
            shown.as_str().unwrap_or("[]").to_owned()
        };
        ada.run(STAND_IN).await;
        assert_eq!(shown().await, "[]", "nobody is asked before a click");
        ada.click("browser-switch").await;
        let on = "return document.querySelector('[data-testid=browser-switch]').ariaChecked";
        until("the switch to be on", async || {
            (ada.run(on).await == "true").then_some(())
        })
        .await;
        let second = another_tab(ada, &format!("{}/chat/lobby", server.base())).await;
        ada.run(STAND_IN).await;
        for tab in [&first, &second] {
            go_to(ada, tab).await;
            ada.run(&seen(false)).await;
        }
        let expect = async |list: &[&str]| {
            let list: Vec<String> = list.iter().map(|it| format!("{it} true")).collect();
            let list = [vec!["asked".to_owned()], list].concat();
            let expected = json!(list).to_string();
            until("what is shown", async || {
                (shown().await == expected).then_some(())
            })
            .await;
        };
        tell(&server, &user, "a", json!({"title": "a"})).await;
        expect(&["a"]).await;
        for tab in [&first, &second] {
            go_to(ada, tab).await;
            unread(ada, 1).await;
        }
        // The second is shown once, too, and the first not again by the other tab.
        tell(&server, &user, "b", json!({"title": "b"})).await;
        expect(&["a", "b"]).await;
        ada.run(&seen(true)).await;
        tell(&server, &user, "c", json!({"title": "c"})).await;
        ada.until_texts("toast", |texts| texts.iter().any(|it| it.contains('c')))
            .await;
        go_to(ada, &first).await;
        unread(ada, 3).await;
        go_to(ada, &second).await;
        ada.run(&seen(false)).await;
        tell(&server, &user, "d", json!({"title": "d"})).await;
        expect(&["a", "b", "d"]).await;
        // Many at once become one.
        for number in 0..5 {
            let title = format!("m{number}");
            tell(&server, &user, &title, json!({ "title": title })).await;
        }
        for tab in [&first, &second] {
            go_to(ada, tab).await;
            unread(ada, 9).await;
        }
        let all = shown().await;
        assert!(all.contains("new notifications"), "{all}");
        let all: Vec<String> = serde_json::from_str(&all).expect("a list");
        assert!(all.len() <= 1 + 3 + 5, "each of the five once: {all:?}");
    })
    .await;
}
