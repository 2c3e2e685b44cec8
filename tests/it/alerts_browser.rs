//! Alerts in real browsers: two tabs, away and back, markup, many at once.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::process::Command;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Asking, Habit, Middlebox, ServerProcess, until, within};

const KEY: &str = "a-key-of-back-ends-0123456789";

pub(super) async fn start() -> ServerProcess {
    ServerProcess::start(&["--api-key", KEY]).await
}

/// The command that the page shows.
async fn command(browser: &Browser) -> String {
    let shown = browser.until_texts("self-curl", |texts| {
        texts.iter().any(|it| it.contains("\"user\":\""))
    });
    shown.await.concat()
}

/// The id of whoever looks at the page.
pub(super) async fn user(browser: &Browser) -> String {
    let command = command(browser).await;
    let (_, rest) = command.split_once("\"user\":\"").expect("a user");
    rest[..16].to_owned()
}

/// Tells somebody something, as a back end does.
pub(super) async fn tell(server: &ServerProcess, user: &str, id: &str, notification: Value) {
    let body = json!({"id": id, "to": {"user": user}, "notification": notification});
    let asking = Asking::post(server.address(), "/api/notify", body.to_string());
    let answer = asking.token(KEY).send().await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await);
}

/// Runs a command in a shell, in a folder.
async fn shell(command: &str, folder: &Path) -> String {
    let run = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .output();
    let output = within("a shell", run).await.expect("a shell");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Opens a page in another tab of the same browser, and stays there.
pub(super) async fn another_tab(browser: &Browser, url: &str) -> WindowHandle {
    let tab = browser.window.new_tab().await.expect("a tab");
    go_to(browser, &tab).await;
    browser.visit(url).await;
    browser.live().await;
    tab
}

pub(super) async fn go_to(browser: &Browser, tab: &WindowHandle) {
    let switched = browser.window.switch_to_window(tab.clone()).await;
    switched.expect("a tab that is open");
}

/// Waits until navigation, title and icon of the tab say how many are unread.
pub(super) async fn unread(browser: &Browser, count: u32) {
    let look = "const link = document.querySelector('.rail a[href=\"/alerts\"] .count');
        const icon = document.querySelector('link[rel=icon]').getAttribute('href');
        return [link ? link.textContent : '0', document.title.match(/^\\((\\d+)\\)/)?.[1] ?? '0',
                icon.includes('unread')]";
    let number = count.to_string();
    let expected = json!([number, number, count > 0]);
    until(&format!("{count} unread"), async || {
        (browser.run(look).await == expected).then_some(())
    })
    .await;
}

async fn titles(browser: &Browser, expected: &[&str]) {
    browser
        .until_texts("alert-title", |texts| texts == expected)
        .await;
}

#[tokio::test]
async fn a_notification_by_curl_is_in_two_tabs_once_and_read_in_both() {
    let server = start().await;
    let folder = TempDir::new().expect("a folder for the test");
    std::fs::write(folder.path().join("key"), KEY).expect("a file");
    with_people(async |[ada]: &[Browser; 1]| {
        let inbox = format!("{}/alerts", server.base());
        ada.visit_as(&inbox, "Ada").await;
        let first = ada.window.window().await.expect("a tab");
        ada.find("alerts-empty").await;
        let command = command(ada).await;
        let second = another_tab(ada, &format!("{}/chat/lobby", server.base())).await;
        unread(ada, 0).await;

        // Whoever is not sure sends it twice.
        assert!(
            shell(&command, folder.path())
                .await
                .contains("\"before\":0")
        );
        assert!(
            shell(&command, folder.path())
                .await
                .contains("\"before\":1")
        );
        unread(ada, 1).await;
        let toasts = ada.until_texts("toast", |texts| !texts.is_empty()).await;
        assert_eq!(toasts.len(), 1, "{toasts:?}");
        assert!(toasts[0].contains("The backup is done"), "{toasts:?}");
        ada.screenshot("alerts-toast").await;
        go_to(ada, &first).await;
        titles(ada, &["The backup is done"]).await;
        unread(ada, 1).await;
        assert!(!ada.has("toast").await, "the inbox needs no toast");

        ada.click("alert-read").await;
        unread(ada, 0).await;
        go_to(ada, &second).await;
        unread(ada, 0).await;
        ada.until_texts("toast", <[String]>::is_empty).await;
        // And after a reload.
        ada.visit(&inbox).await;
        titles(ada, &["The backup is done"]).await;
        assert!(!ada.has("alert-read").await);
        ada.click("alert-dismiss").await;
        ada.find("alerts-empty").await;
        go_to(ada, &first).await;
        ada.find("alerts-empty").await;
    })
    .await;
}

#[tokio::test]
async fn what_came_while_away_is_there_in_order_and_once() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        let inbox = format!("{}/alerts", server.base());
        ada.visit_as(&inbox, "Ada").await;
        let user = user(ada).await;
        ada.visit("about:blank").await;
        for title in ["one", "two", "three", "two"] {
            tell(&server, &user, title, json!({ "title": title })).await;
        }
        ada.visit(&inbox).await;
        titles(ada, &["three", "two", "one"]).await;
        unread(ada, 3).await;

        // The same with the page open and the line cut.
        ada.click("badge").await;
        ada.click("cut-line").await;
        ada.badge("offline").await;
        ada.find("alerts-trouble").await;
        tell(&server, &user, "four", json!({"title": "four"})).await;
        // What is marked meanwhile shows at once, waits and is sent.
        ada.click("mark-all").await;
        unread(ada, 0).await;
        ada.click("badge").await;
        ada.click("cut-line").await;
        ada.live().await;
        titles(ada, &["four", "three", "two", "one"]).await;
        unread(ada, 1).await;
        ada.find("alerts-note").await;
        ada.screenshot("alerts-recovered").await;
    })
    .await;
}

#[tokio::test]
async fn markup_is_shown_as_text_and_links_lead_to_the_web() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/alerts", server.base()), "Ada")
            .await;
        let user = user(ada).await;
        let markup = "<img src=x onerror=\"window.broken=1\">";
        let link = "https://example.com/builds?a=b";
        let told = json!({"title": markup, "body": markup, "link": link, "action": markup});
        tell(&server, &user, "markup", told).await;
        titles(ada, &[markup]).await;
        let look = "const row = document.querySelector('[data-testid=alert]');
            const link = row.querySelector('a');
            return [row.querySelectorAll('img').length, window.broken ?? null,
                    row.querySelector('p').textContent, link.href, link.rel, link.textContent.trim()]";
        let expected = json!([0, null, markup, link, "noopener noreferrer", markup]);
        assert_eq!(ada.run(look).await, expected);
    })
    .await;
}

#[tokio::test]
async fn many_are_marked_at_once_by_keyboard() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/alerts", server.base()), "Ada")
            .await;
        let user = user(ada).await;
        for number in 0..4 {
            let title = format!("n{number}");
            tell(&server, &user, &title, json!({ "title": title })).await;
        }
        unread(ada, 4).await;
        let press = async |keys: TypingData| {
            let focused = ada.window.active_element().await.expect("a focus");
            focused.send_keys(keys).await.expect("keys");
        };
        ada.run("document.querySelector('[data-testid=select-all]').focus()")
            .await;
        press(Key::Space + "").await;
        press(Key::Tab + "").await;
        press(Key::Enter + "").await;
        unread(ada, 0).await;
        titles(ada, &["n3", "n2", "n1", "n0"]).await;
        // Two of them are put away.
        ada.run(
            "document.querySelectorAll('.alert input').forEach((it, at) => at < 2 && it.click())",
        )
        .await;
        ada.click("dismiss-selected").await;
        titles(ada, &["n1", "n0"]).await;
    })
    .await;
}

#[tokio::test]
async fn behind_a_box_without_websockets_it_is_the_same() {
    let server = start().await;
    let middlebox = Middlebox::start(server.address(), Habit::RefusesUpgrades).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("http://{}/alerts", middlebox.address()), "Ada")
            .await;
        ada.live_over("stream").await;
        let user = user(ada).await;
        tell(&server, &user, "a", json!({"title": "through the wall"})).await;
        titles(ada, &["through the wall"]).await;
        unread(ada, 1).await;
        ada.click("alert-read").await;
        unread(ada, 0).await;
        ada.click("self-send").await;
        titles(ada, &["The backup is done", "through the wall"]).await;
        unread(ada, 1).await;
    })
    .await;
}

#[tokio::test]
async fn the_inbox_fits_phones_and_screens_in_both_themes_and_languages() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        let inbox = format!("{}/alerts", server.base());
        ada.visit_as(&inbox, "Ada").await;
        let user = user(ada).await;
        ada.screenshot("alerts-empty").await;
        let some = [
            json!({"title": "Nightly backup finished", "body": "42 files, 1.3 GB, no errors.", "level": "success"}),
            json!({"title": "서버 3의 디스크가 90% 찼어요", "body": "/var 에 남은 공간이 4.1 GB예요.\n오래된 로그를 지우거나 디스크를 늘려 주세요.", "level": "warning", "link": "https://example.com/disks/3", "action": "디스크 보기"}),
            json!({"title": "Payment service is down", "body": "All three health checks fail since 09:41.", "level": "critical", "link": "https://status.example.com/incidents/7", "expires": 4_000_000_000_u32}),
            json!({"title": "a-title-without-a-single-space-".repeat(4).trim_end_matches('-').get(..118), "body": "x".repeat(300), "level": "info"}),
            json!({"title": "Mina mentioned you in #rust-2024", "level": "info", "link": "https://example.com/chat"}),
        ];
        let count = some.len();
        for (number, told) in some.into_iter().enumerate() {
            tell(&server, &user, &format!("n{number}"), told).await;
        }
        ada.until_texts("alert-title", |texts| texts.len() == count).await;
        ada.run("[...document.querySelectorAll('[data-testid=alert-read]')].slice(3).forEach(it => it.click())")
            .await;
        unread(ada, 3).await;
        for (theme, language) in [("light", "en"), ("light", "ko"), ("dark", "en"), ("dark", "ko")] {
            for (width, height) in [(360, 780), (820, 1180), (1440, 900)] {
                ada.resize(width, height).await;
                let choose = format!(
                    "localStorage.setItem('trunkline.theme', '{theme}');
                     localStorage.setItem('trunkline.language', '{language}')"
                );
                ada.run(&choose).await;
                ada.visit(&inbox).await;
                ada.until_texts("alert-title", |texts| texts.len() == count).await;
                let fits = "const page = document.querySelector('.alerts');
                    return page.scrollWidth <= page.clientWidth
                        && document.documentElement.scrollWidth <= innerWidth";
                assert_eq!(ada.run(fits).await, true, "{width} {language}");
                ada.screenshot(&format!("alerts-{width}-{theme}-{language}")).await;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_lost_its_history_says_so() {
    let server = ServerProcess::start(&["--api-key", KEY, "--broker", "memory"]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/alerts", server.base()), "Ada")
            .await;
        let user = user(ada).await;
        tell(&server, &user, "before", json!({"title": "before"})).await;
        titles(ada, &["before"]).await;
        let server = server.kill_and_restart().await;
        ada.until_texts("alerts-note", |texts| {
            texts.iter().any(|it| it.contains("new history"))
        })
        .await;
        ada.find("alerts-empty").await;
        tell(&server, &user, "after", json!({"title": "after"})).await;
        titles(ada, &["after"]).await;
        unread(ada, 1).await;
    })
    .await;
}

/// The page begins with a hundred events and reads on until it knows how many are unread.
#[tokio::test]
async fn the_number_of_unread_ones_is_right_however_many_there_are() {
    let server = start().await;
    with_people(async |[ada]: &[Browser; 1]| {
        let inbox = format!("{}/alerts", server.base());
        ada.visit_as(&inbox, "Ada").await;
        let user = user(ada).await;
        ada.visit("about:blank").await;
        for part in 0..3 {
            let commands: Vec<Value> = (0..80)
                .map(|number| {
                    json!({
                        "message_id": {"sender": 7, "counter": part * 80 + number},
                        "topic": format!("alerts:{user}"),
                        "command": {"type": "notify", "notification": {"title": "t"}},
                    })
                })
                .collect();
            let body = json!(commands).to_string();
            let asking = Asking::post(server.address(), "/api/publish", body);
            assert_eq!(asking.token(KEY).send().await.status(), 200);
        }
        let look = "return [document.querySelector('.rail a[href=\"/alerts\"] .count')?.textContent,
            document.title.match(/^\\((\\d+)\\)/)?.[1], document.querySelectorAll('.alert').length]";
        let expect = async |expected: Value| {
            until("the numbers", async || {
                (ada.run(look).await == expected).then_some(())
            })
            .await;
        };
        ada.visit(&inbox).await;
        expect(json!(["99+", "240", 240])).await;
        ada.click("mark-all").await;
        expect(json!([null, null, 240])).await;
        ada.visit(&inbox).await;
        // What was read before is only read on demand.
        expect(json!([null, null, 99])).await;
        ada.click("alerts-older").await;
        expect(json!([null, null, 199])).await;
    })
    .await;
}
