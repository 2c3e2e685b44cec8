//! The wire inspector in a real browser: open, watch, filter, pause, copy, close.

use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{ServerProcess, until};

/// The rows of the list, newest first, as words without spaces between them.
async fn rows(browser: &Browser) -> Vec<String> {
    browser.texts("wire-row").await
}

async fn until_taps(browser: &Browser, taps: u32) {
    let script = "return document.querySelector('.shell').dataset.taps";
    let wanted = taps.to_string();
    until("the taps", async || {
        (browser.run(script).await == *wanted).then_some(())
    })
    .await;
}

/// Clicks on the newest row that has all these words.
async fn choose(browser: &Browser, words: &[&str]) {
    let script = format!(
        "const row = [...document.querySelectorAll('[data-testid=wire-row]')]
           .find(row => {words:?}.every(word => row.textContent.includes(word)));
         row?.click(); return row !== undefined"
    );
    until("the row", async || {
        (browser.run(&script).await == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_wire_inspector_shows_a_message_go_out_and_come_back() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/chat/lobby", server.base()), "Ada")
            .await;
        until_taps(ada, 0).await;
        ada.click("wire-button").await;
        until_taps(ada, 1).await;
        ada.say("over the wire").await;
        ada.hears("over the wire").await;
        for (way, words) in [
            ("out", ["publish", "chat:lobby"]),
            ("in", ["publication", "chat:lobby"]),
        ] {
            choose(ada, &[way, words[0], words[1]]).await;
            ada.until_texts("wire-content", |texts| {
                texts.iter().any(|it| it.contains("over the wire"))
            })
            .await;
        }
        let figure = async |id: &str| {
            let text = ada.texts(id).await.concat();
            text.trim_end_matches(" B").parse::<usize>().expect("bytes")
        };
        let (payload, header) = (figure("wire-payload").await, figure("wire-header").await);
        assert_eq!((header, figure("wire-total").await), (2, payload + 2));
        // The characters stand after the bytes of their line, and a text may go over two lines.
        let dump = ada.texts("wire-hex").await.concat();
        let characters: String = dump.lines().filter_map(|it| it.get(6 + 48 + 1..)).collect();
        assert!(characters.contains("over the wire"), "{dump}");
        ada.screenshot("wire-open").await;

        ada.click("wire-sent").await;
        ada.until_texts("wire-row", |rows| {
            !rows.is_empty() && rows.iter().all(|it| it.contains("→"))
        })
        .await;
        ada.click("wire-both").await;
        let subject = ada.find("wire-subject").await;
        subject.send_keys("CHAT:lob").await.expect("a text field");
        ada.until_texts("wire-row", |rows| {
            !rows.is_empty() && rows.iter().all(|it| it.contains("chat:lobby"))
        })
        .await;

        ada.run("navigator.clipboard.writeText = async text => { window.copied = text }")
            .await;
        ada.click("wire-copy-all").await;
        let lines = until("what is copied", async || {
            ada.run("return window.copied")
                .await
                .as_str()
                .map(str::to_owned)
        })
        .await;
        let lines: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON in each line"))
            .collect();
        assert!(lines.iter().all(|it| it["subject"] == "chat:lobby"));
        assert!(
            lines
                .iter()
                .any(|it| it["frame"]["command"]["text"] == "over the wire")
        );

        ada.click("wire-pause").await;
        let before = rows(ada).await;
        ada.say("unseen").await;
        ada.hears("unseen").await;
        ada.find("wire-passed").await;
        assert_eq!(rows(ada).await, before);

        ada.click("wire-pause").await;
        ada.click("wire-close").await;
        until_taps(ada, 0).await;
        assert!(!ada.has("wire").await);
    })
    .await;
}

#[tokio::test]
async fn the_wire_inspector_is_opened_and_left_by_keys_and_stays_open_over_a_reload() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let lobby = format!("{}/chat/lobby", server.base());
        ada.visit_as(&lobby, "Ada").await;
        ada.find("composer").await.focus().await.expect("a field");
        let press = "window.dispatchEvent(new KeyboardEvent('keydown', {code: 'Backquote', ctrlKey: true}))";
        ada.run(press).await;
        let focused = "return document.activeElement.dataset.testid ?? ''";
        let until_focused = async |id: &str| {
            until("the focus", async || {
                (ada.run(focused).await == id).then_some(())
            })
            .await;
        };
        until_focused("wire").await;
        ada.visit(&lobby).await;
        ada.live().await;
        until_taps(ada, 1).await;
        // The first frames of all are seen now; the token is not.
        choose(ada, &["out", "connect"]).await;
        ada.until_texts("wire-content", |texts| {
            texts.iter().any(|it| it.contains("bytes, not shown"))
        })
        .await;
        assert!(!ada.has("wire-hex").await);
        ada.find("wire-list").await.focus().await.expect("a list");
        ada.find("wire-list")
            .await
            .send_keys(thirtyfour::Key::Escape + "")
            .await
            .expect("a key");
        until_taps(ada, 0).await;
    })
    .await;
}

#[tokio::test]
async fn the_wire_inspector_fits_into_every_window() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/chat/lobby", server.base()), "Ada")
            .await;
        ada.run("window.dispatchEvent(new KeyboardEvent('keydown', {code: 'Backquote', ctrlKey: true}))")
            .await;
        until_taps(ada, 1).await;
        ada.say("안녕하세요, a message to look at").await;
        choose(ada, &["in", "publication"]).await;
        for (width, height) in [(360, 780), (820, 1180), (1440, 900)] {
            ada.resize(width, height).await;
            for (theme, language) in [("light", "en"), ("dark", "ko")] {
                ada.run(&format!(
                    "document.documentElement.dataset.theme = '{theme}';
                     document.querySelector('[data-language={language}]')?.click()"
                ))
                .await;
                ada.screenshot(&format!("wire-{width}-{theme}-{language}")).await;
            }
            let wide = "return document.documentElement.scrollWidth > innerWidth
                || document.querySelector('.wire').scrollWidth > document.querySelector('.wire').clientWidth";
            assert_eq!(ada.run(wide).await, false, "nothing sticks out at {width}");
        }
    })
    .await;
}
