//! Live pictures in real browsers: a camera that is made up, viewers who really see it move, one whose
//! line is slow, and what is said where something is missing.

use serde_json::Value;
use thirtyfour::prelude::*;
use trunkline_tests::browser::{Browser, MADE_UP_CAMERA, with_people, with_people_using};
use trunkline_tests::{Proxy, ServerProcess, until};

/// A checksum of the picture that is on the canvas or in the video, and how many colours it has.
const PICTURE: &str = "
    const shown = [...document.querySelectorAll('.live-screen > canvas, .live-screen > video')]
        .find(it => !it.hidden);
    if (!shown) return [0, 0];
    const copy = document.createElement('canvas');
    [copy.width, copy.height] = [64, 36];
    const context = copy.getContext('2d');
    context.drawImage(shown, 0, 0, 64, 36);
    const data = context.getImageData(0, 0, 64, 36).data;
    let sum = 0; const colours = new Set();
    for (let at = 0; at < data.length; at += 4) {
        sum = (sum * 31 + data[at] * 65536 + data[at + 1] * 256 + data[at + 2]) % 2147483647;
        colours.add((data[at] >> 5) + ',' + (data[at + 1] >> 5) + ',' + (data[at + 2] >> 5));
    }
    return [sum, colours.size];";

/// What a picture is like: its checksum, and how many colours it has.
async fn picture(browser: &Browser) -> (u64, u64) {
    let told = browser.run(PICTURE).await;
    (told[0].as_u64().unwrap_or(0), told[1].as_u64().unwrap_or(0))
}

/// Waits until pictures of the camera are seen, and really move.
async fn sees_it_move(browser: &Browser) {
    let mut seen = Vec::new();
    until("pictures that move", async || {
        let (sum, colours) = picture(browser).await;
        // The camera that is made up has a pattern of several colours.
        if colours >= 3 && !seen.contains(&sum) {
            seen.push(sum);
        }
        (seen.len() > 4).then_some(())
    })
    .await;
}

async fn number(browser: &Browser, name: &str) -> u64 {
    let script = format!(
        "return document.querySelector('[data-testid=live-screen]')?.dataset.{name} ?? '0'"
    );
    let number = browser.run(&script).await;
    number.as_str().unwrap_or("0").parse().unwrap_or(0)
}

/// How the pictures are played.
async fn form(browser: &Browser) -> String {
    let script = "return document.querySelector('[data-testid=live-screen]').dataset.form";
    let form = browser.run(script).await;
    form.as_str().unwrap_or_default().to_owned()
}

/// Goes on the air in the room that is named after oneself.
async fn goes_live(browser: &Browser, base: &str, query: &str, name: &str) {
    browser.visit_as(&format!("{base}/live{query}"), name).await;
    browser.click("live-capture").await;
    browser.click("live-begin").await;
    until("to be on the air", async || {
        let stage = browser
            .run("return document.querySelector('.live-studio')?.dataset.stage")
            .await;
        (stage == "on-air").then_some(())
    })
    .await;
}

#[tokio::test]
async fn two_watch_what_one_broadcasts_and_talk_about_it() {
    let server = ServerProcess::start(&[]).await;
    with_people_using(&MADE_UP_CAMERA, async |[ada, bob, eve]: &[Browser; 3]| {
        goes_live(ada, &server.base(), "", "Ada").await;
        bob.visit_as(&format!("{}/live", server.base()), "Bob")
            .await;
        bob.until_texts("live-rooms", |rooms| {
            rooms.iter().any(|it| it.contains("Ada live"))
        })
        .await;
        bob.screenshot("live-lobby").await;
        bob.visit(&format!("{}/live/ada", server.base())).await;
        eve.visit_as(&format!("{}/live/ada", server.base()), "Eve")
            .await;
        for viewer in [bob, eve] {
            sees_it_move(viewer).await;
            viewer
                .until_texts("live-latency", |all| {
                    all.iter().any(|it| it.ends_with("ms"))
                })
                .await;
            assert_eq!(form(viewer).await, "WebCodecs");
        }
        ada.until_texts("live-watching", |all| all.iter().any(|it| it == "2"))
            .await;
        // They talk beside the pictures.
        eve.say("what a picture").await;
        for person in [ada, bob] {
            person.hears("what a picture").await;
        }
        for (width, name) in [(1440, "wide"), (820, "middle"), (360, "narrow")] {
            for (person, page) in [(bob, "theatre"), (ada, "studio")] {
                person.resize(width, 900).await;
                let spills = "return document.documentElement.scrollWidth > innerWidth";
                assert_eq!(person.run(spills).await, Value::Bool(false), "{width} wide");
                person.screenshot(&format!("live-{page}-{name}")).await;
            }
        }
        ada.run("document.documentElement.dataset.theme = 'dark'")
            .await;
        ada.resize(1440, 900).await;
        ada.screenshot("live-studio-dark").await;
        // Whoever pauses sees one picture, and then the newest.
        bob.click("live-pause").await;
        bob.until_texts("live-latency", |all| all == ["–"]).await;
        let (still, shown) = (picture(bob).await, number(bob, "shown").await);
        let more = number(eve, "shown").await + 10;
        until("pictures that others see", async || {
            (number(eve, "shown").await > more).then_some(())
        })
        .await;
        assert_eq!(
            (picture(bob).await, number(bob, "shown").await),
            (still, shown)
        );
        bob.click("live-pause").await;
        sees_it_move(bob).await;
        // Who reloads sees it again at once.
        eve.visit(&format!("{}/live/ada", server.base())).await;
        sees_it_move(eve).await;
        ada.click("live-stop").await;
        for viewer in [bob, eve] {
            viewer
                .until_texts("live-says", |all| {
                    all.iter().any(|it| it.contains("has ended"))
                })
                .await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_viewer_with_a_slow_line_skips_and_another_sees_everything() {
    let server = ServerProcess::start(&[]).await;
    let slow = Proxy::start_narrow(server.address()).await;
    with_people_using(&MADE_UP_CAMERA, async |[ada, bob, eve]: &[Browser; 3]| {
        bob.visit_as(&server.base(), "Bob").await;
        goes_live(ada, &server.base(), "", "Ada").await;
        bob.visit(&format!("{}/live/ada", server.base())).await;
        sees_it_move(bob).await;
        eve.visit_as(&format!("http://{}/live/ada", slow.address()), "Eve")
            .await;
        sees_it_move(eve).await;
        slow.slow_down(25_000);
        until("a skip on the slow line", async || {
            (number(eve, "skips").await > 0).then_some(())
        })
        .await;
        let before = number(eve, "shown").await;
        until("pictures on the slow line all the same", async || {
            (number(eve, "shown").await > before).then_some(())
        })
        .await;
        assert_eq!(
            number(bob, "skips").await,
            0,
            "the quick line skips nothing"
        );
        let shown = number(bob, "shown").await;
        until("pictures on the quick line", async || {
            (number(bob, "shown").await > shown + 20).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_recorder_and_a_player_serve_where_there_are_no_codecs() {
    let server = ServerProcess::start(&[]).await;
    let slow = Proxy::start_narrow(server.address()).await;
    with_people_using(&MADE_UP_CAMERA, async |[ada, bob, eve]: &[Browser; 3]| {
        goes_live(ada, &server.base(), "?encoder=recorder", "Ada").await;
        bob.visit_as(&format!("{}/live/ada", server.base()), "Bob")
            .await;
        sees_it_move(bob).await;
        assert_eq!(form(bob).await, "MediaSource");
        eve.visit_as(&format!("http://{}/live/ada", slow.address()), "Eve")
            .await;
        sees_it_move(eve).await;
        slow.slow_down(25_000);
        // Each piece is a fifth of a second, each file three seconds: several follow one another.
        until("some files", async || {
            (number(bob, "shown").await > 45).then_some(())
        })
        .await;
        sees_it_move(bob).await;
        // A file whose end is missing is no hindrance to the next.
        until("a skip on the slow line", async || {
            (number(eve, "skips").await > 0).then_some(())
        })
        .await;
        slow.slow_down(10_000_000);
        sees_it_move(eve).await;
        let codec = ada.texts("live-codec").await;
        assert!(codec[0].starts_with("video/"), "{codec:?}");
    })
    .await;
}

#[tokio::test]
async fn a_camera_that_is_not_allowed_and_a_codec_that_is_not_there_are_told() {
    let server = ServerProcess::start(&[]).await;
    // Nobody answers the browser's question here, and there is no camera.
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/live", server.base()), "Ada")
            .await;
        ada.click("live-capture").await;
        let told = ada.until_texts("live-trouble", |all| all.len() == 1).await;
        assert!(
            told[0].contains("no such device") || told[0].contains("not allowed"),
            "{told:?}"
        );
        ada.screenshot("live-denied").await;
        // Somebody says no.
        let deny = "navigator.mediaDevices.getUserMedia = () =>
            Promise.reject(new DOMException('no', 'NotAllowedError'))";
        ada.run(deny).await;
        ada.click("live-capture").await;
        ada.until_texts("live-trouble", |all| {
            all.iter().any(|it| it.contains("not allowed"))
        })
        .await;
    })
    .await;
    with_people_using(&MADE_UP_CAMERA, async |[ada, bob]: &[Browser; 2]| {
        goes_live(ada, &server.base(), "", "Ada").await;
        bob.visit_as(&format!("{}/live", server.base()), "Bob")
            .await;
        bob.run("VideoDecoder.isConfigSupported = async () => ({supported: false})")
            .await;
        until("the room", async || {
            let link = bob
                .window
                .find(By::Css("[data-testid=live-rooms] a"))
                .await
                .ok()?;
            link.click().await.ok()
        })
        .await;
        bob.until_texts("live-says", |all| {
            all.iter().any(|it| it.contains("can not play"))
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_browser_without_files_of_media_says_so_and_throws_nothing() {
    let server = ServerProcess::start(&[]).await;
    with_people_using(&MADE_UP_CAMERA, async |[ada, bob]: &[Browser; 2]| {
        goes_live(ada, &server.base(), "?encoder=recorder", "Ada").await;
        let bare = "delete window.MediaSource; delete window.MediaRecorder; window.uncaught = [];
            addEventListener('error', (event) => uncaught.push(event.message));
            addEventListener('unhandledrejection', (event) => uncaught.push(String(event.reason)));";
        bob.before_each_page(bare).await;
        bob.visit_as(&format!("{}/live/ada", server.base()), "Bob")
            .await;
        bob.until_texts("live-says", |all| {
            all.iter().any(|it| it.contains("can not play"))
        })
        .await;
        assert_eq!(bob.run("return uncaught").await, Value::Array(Vec::new()));
        bob.visit(&format!("{}/live?encoder=recorder", server.base()))
            .await;
        bob.live().await;
        bob.click("live-capture").await;
        bob.click("live-begin").await;
        bob.until_texts("live-trouble", |all| all.len() == 1).await;
        assert_eq!(bob.run("return uncaught").await, Value::Array(Vec::new()));
    })
    .await;
}
