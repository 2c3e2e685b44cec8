//! Browsers with values that no page expects: a wrong clock, a language that they refuse themselves,
//! events without fields, and garbage in the storage.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::until;

use crate::alerts_browser::{start, tell, unread, user};

/// Counts errors that no script has caught.
const COUNT_ERRORS: &str = "
    window.uncaught = [];
    const count = (what) => { if (uncaught.length < 9) uncaught.push(String(what)); };
    addEventListener('error', (event) => count(event.message));
    addEventListener('unhandledrejection', (event) => count(event.reason));";

/// Sends the window and the elements of the page events that have no fields.
const BARE_EVENTS: &str = "
    const everywhere = ['keydown', 'keypress', 'keyup', 'pointerdown', 'pointermove', 'pointerup',
        'pointercancel', 'pointerenter', 'pointerleave', 'wheel', 'focusin', 'focusout', 'focus',
        'blur', 'input', 'change', 'scroll', 'toggle', 'contextmenu', 'beforeinput',
        'compositionstart', 'compositionend', 'paste', 'drop'];
    const once = ['resize', 'visibilitychange', 'online', 'pageshow', 'storage', 'message',
        'popstate', 'languagechange'];
    for (const kind of once) window.dispatchEvent(new Event(kind));
    const elements = [...document.querySelectorAll('body, body *')].slice(0, 1000);
    for (const target of [window, document, ...elements])
        for (const kind of everywhere) target.dispatchEvent(new Event(kind, { bubbles: true }));";

/// Fails if a script has thrown what nobody has caught.
async fn expect_no_error(browser: &Browser) {
    assert_eq!(browser.run("return uncaught").await, json!([]));
}

#[tokio::test]
async fn a_wrong_clock_of_the_device_neither_hides_nor_keeps_a_notification() {
    let server = start().await;
    with_people(async |[ahead, behind]: &[Browser; 2]| {
        let inbox = format!("{}/alerts", server.base());
        for (browser, hours) in [(ahead, 2), (behind, -2)] {
            let clock = format!(
                "const real = Date.now; Date.now = () => real() + {hours} * 60 * 60 * 1000;"
            );
            browser.before_each_page(&clock).await;
            browser.visit_as(&inbox, "Ada").await;
            let user = user(browser).await;
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.expect("a clock after 1970").as_secs();
            for (id, seconds) in [("long", 60 * 60), ("short", 8)] {
                let (id, told) = (
                    format!("{id}{hours}"),
                    json!({"title": id, "expires": now + seconds}),
                );
                tell(&server, &user, &id, told).await;
            }
            unread(browser, 2).await;
            unread(browser, 1).await;
        }
    })
    .await;
}

#[tokio::test]
async fn events_without_fields_break_no_page() {
    let server = start().await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        let page = |path: &str| format!("{}{path}", server.base());
        ada.before_each_page(COUNT_ERRORS).await;
        ada.visit_as(&page("/chat/lobby"), "Ada").await;
        bob.visit_as(&page("/chat/lobby"), "Bob").await;
        ada.run(BARE_EVENTS).await;
        expect_no_error(ada).await;
        ada.say("Enter still sends").await;
        bob.hears("Enter still sends").await;
        for (path, id) in [
            ("/ticker", "ticker-rows"),
            ("/arena/bare", "arena-field"),
            ("/alerts", "self-form"),
            ("/lab", "sim-speed"),
        ] {
            ada.visit(&page(path)).await;
            ada.live().await;
            ada.find(id).await;
            ada.run(BARE_EVENTS).await;
            expect_no_error(ada).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_language_that_the_browser_refuses_and_garbage_that_it_kept_break_no_page() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.before_each_page(COUNT_ERRORS).await;
        ada.before_each_page(
            "Object.defineProperty(navigator, 'languages',
                 { get: () => ['en-US@posix', 'C', '', 'en_GB'] });
             for (const key of ['rooms', 'language', 'theme', 'ticker.rate', 'ticker.watch.market',
                 'wire_height', 'read.lobby', 'drafts', 'alerts.browser'])
                 localStorage.setItem('trunkline.' + key, '\\ud800 lobby lobby \\0 99999999999999999999 {');
             sessionStorage.setItem('trunkline.outbox', '\\ud800');
             localStorage.setItem('trunkline.outbox.1.2.3', 'x');",
        )
        .await;
        ada.visit_as(&format!("{}/chat/lobby", server.base()), "Ada")
            .await;
        ada.say("hello").await;
        ada.hears("hello").await;
        let time = "return document.querySelector('[data-testid=message] time').textContent.trim()";
        until("the time of the message", async || {
            let time = ada.run(time).await;
            time.as_str().is_some_and(|it| it.contains(':')).then_some(())
        })
        .await;
        for path in ["/ticker", "/alerts", "/lab", "/arena"] {
            ada.visit(&format!("{}{path}", server.base())).await;
            ada.live().await;
        }
        expect_no_error(ada).await;
    })
    .await;
}
