//! The arena in real browsers: two people and bots play, each is where the other sees them, and seats
//! are kept over a reload and a lost line; others watch.

use std::collections::BTreeMap;

use serde_json::Value;
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Proxy, ServerProcess, until};

/// What the field keeps in an attribute.
async fn told(browser: &Browser, name: &str) -> String {
    let script =
        format!("return document.querySelector('[data-testid=arena-field]')?.dataset.{name} ?? ''");
    let told = browser.run(&script).await;
    told.as_str().unwrap_or_default().to_owned()
}

/// A place on the map, as the page writes it.
fn place(text: &str) -> Option<(i32, i32)> {
    let (x, y) = text.split_once(',')?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

/// Where a seat's disc is, by what was told of one tick.
fn place_of(places: &str, seat: &str) -> Option<(i32, i32)> {
    let mut all = places.split(' ').filter_map(|it| it.split_once(':'));
    place(all.find(|(each, _)| *each == seat)?.1)
}

fn distance(from: (i32, i32), to: (i32, i32)) -> f64 {
    f64::from(from.0 - to.0).hypot(f64::from(from.1 - to.1))
}

/// Waits until one has a seat, and tells which.
async fn seated(browser: &Browser) -> String {
    until("a seat", async || {
        let seat = told(browser, "seat").await;
        (!seat.is_empty()).then_some(seat)
    })
    .await
}

/// Holds a key down, or lets it go.
async fn key(browser: &Browser, key: char, down: bool) {
    let keys = browser.window.action_chain();
    let keys = if down {
        keys.key_down(key)
    } else {
        keys.key_up(key)
    };
    keys.perform().await.expect("a key");
}

/// Drives to and fro until the disc has moved, whatever is in its way. The last key stays down.
async fn drives(browser: &Browser, seat: &str) -> char {
    let at = async || place_of(&told(browser, "places").await, seat);
    let from = until("a disc", &at).await;
    let mut held = 'w';
    let mut ways = ['d', 's', 'a', 'w'].into_iter().cycle();
    let mut looks = 0;
    until("the disc to move", async || {
        if looks % 25 == 0 {
            key(browser, held, false).await;
            held = ways.next()?;
            key(browser, held, true).await;
        }
        looks += 1;
        (distance(from, at().await?) > 30.0).then_some(())
    })
    .await;
    held
}

/// Has the page write down, tick by tick, where everybody is and where one is predicted.
async fn write_down(browser: &Browser) {
    let script = "const field = document.querySelector('[data-testid=arena-field]');
        window.seen = {places: {}, ahead: {}};
        const look = () => {
            for (const name of ['places', 'ahead']) {
                const [tick, ...rest] = (field.dataset[name] ?? '').split(' ');
                window.seen[name][tick] = rest.join(' ');
            }
        };
        new MutationObserver(look).observe(field, {attributes: true})";
    browser.run(script).await;
}

/// What was written down under a name so far.
async fn written(browser: &Browser, name: &str) -> BTreeMap<String, String> {
    let seen = browser.run(&format!("return window.seen.{name}")).await;
    serde_json::from_value(seen).expect("texts by tick")
}

/// A number that is another one whenever the picture is.
async fn picture(browser: &Browser) -> Value {
    let script = "const canvas = document.querySelector('[data-testid=arena-field]');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let sum = 0;
        for (let at = 0; at < data.length; at += 4) sum = (sum * 31 + data[at]) % 2147483647;
        return sum";
    browser.run(script).await
}

#[tokio::test]
async fn two_people_and_bots_play_and_each_is_where_the_other_sees_them() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        ada.visit_as(&format!("{}/arena", server.base()), "Ada")
            .await;
        ada.click("arena-quick").await;
        let ada_sits = seated(ada).await;
        // A room of its own has company.
        ada.until_texts("arena-scores", |all| {
            all.iter().any(|it| it.contains("Bot"))
        })
        .await;
        let address = ada.run("return location.href").await;
        let address = address.as_str().expect("an address").to_owned();
        bob.visit_as(&address, "Bob").await;
        bob.click("arena-play").await;
        let bob_sits = seated(bob).await;
        assert_ne!(ada_sits, bob_sits);
        for person in [ada, bob] {
            person
                .until_texts("arena-scores", |all| {
                    all.iter()
                        .any(|it| it.contains("Ada") && it.contains("Bob"))
                })
                .await;
            write_down(person).await;
        }
        for (person, seat) in [(ada, &ada_sits), (bob, &bob_sits)] {
            let held = drives(person, seat).await;
            key(person, held, false).await;
        }
        // What both are told of one tick is the same, and where Ada has predicted herself for a tick
        // is where Bob is then told that she is, unless somebody was in her way.
        let (mut same, mut off) = (0, Vec::new());
        until("both pages to tell of the same ticks", async || {
            key(ada, 'd', true).await;
            let here = written(ada, "places").await;
            let there = written(bob, "places").await;
            key(ada, 'd', false).await;
            key(ada, 'a', true).await;
            let ahead = written(ada, "ahead").await;
            same = 0;
            for (tick, places) in &here {
                if let Some(others) = there.get(tick) {
                    assert_eq!(places, others, "in tick {tick}");
                    same += 1;
                }
            }
            off = ahead
                .iter()
                .filter_map(|(tick, at)| {
                    let seen = place_of(there.get(tick)?, &ada_sits)?;
                    Some(distance(place(at)?, seen))
                })
                .collect();
            key(ada, 'a', false).await;
            (same > 5 && off.len() > 10).then_some(())
        })
        .await;
        off.sort_by(f64::total_cmp);
        assert!(off[off.len() / 2] < 2.0, "{off:?}");
        for person in [ada, bob] {
            assert_eq!(told(person, "desyncs").await, "0");
            let ping = person.texts("arena-ping").await;
            assert!(ping[0].ends_with("ms"), "{ping:?}");
        }
        // Whoever reloads has the same seat.
        bob.visit(&address).await;
        assert_eq!(seated(bob).await, bob_sits);
    })
    .await;
}

#[tokio::test]
async fn a_match_has_scores_and_an_end_and_the_next_one_begins() {
    let server = ServerProcess::start(&["--arena-match-seconds", "25"]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/arena/garden", server.base()), "Ada")
            .await;
        ada.click("arena-play").await;
        let seat = seated(ada).await;
        // With keys alone: turn and fire, until somebody has put somebody out.
        for each in ['l', ' '] {
            key(ada, each, true).await;
        }
        let scored = "return [...document.querySelectorAll('[data-testid=arena-scores] strong')]
            .some(it => Number(it.textContent) > 0)";
        until("a score", async || {
            (ada.run(scored).await == Value::Bool(true)).then_some(())
        })
        .await;
        ada.screenshot("arena-plays").await;
        for each in ['l', ' '] {
            key(ada, each, false).await;
        }
        // Escape gives the keys back to the page; a click takes them again.
        assert!(!ada.has("arena-rests").await);
        key(ada, '\u{e00c}', true).await;
        key(ada, '\u{e00c}', false).await;
        ada.find("arena-rests").await;
        ada.click("arena-field").await;
        until("the game to have the keys", async || {
            (!ada.has("arena-rests").await).then_some(())
        })
        .await;
        ada.find("arena-end").await;
        let number = told(ada, "number").await;
        ada.screenshot("arena-end").await;
        until("the next match", async || {
            (told(ada, "number").await != number && !ada.has("arena-end").await).then_some(())
        })
        .await;
        assert_eq!(seated(ada).await, seat);
    })
    .await;
}

#[tokio::test]
async fn who_watches_sees_the_game_move_and_may_sit_down_later() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, eve]: &[Browser; 2]| {
        let garden = format!("{}/arena/garden", server.base());
        ada.visit_as(&garden, "Ada").await;
        ada.click("arena-play").await;
        seated(ada).await;
        eve.visit_as(&format!("{}/arena", server.base()), "Eve")
            .await;
        // The room is found in the list.
        eve.until_texts("arena-rooms", |all| {
            all.iter()
                .any(|it| it.contains("garden") && it.contains("1 play"))
        })
        .await;
        eve.visit(&garden).await;
        eve.click("arena-watch").await;
        let mut seen = Vec::new();
        until("pictures that change", async || {
            let sum = picture(eve).await;
            if !seen.contains(&sum) {
                seen.push(sum);
            }
            (seen.len() > 5).then_some(())
        })
        .await;
        assert_eq!(told(eve, "seat").await, "");
        eve.click("arena-sit").await;
        seated(eve).await;
        eve.click("arena-leave").await;
        until("no seat", async || {
            told(eve, "seat").await.is_empty().then_some(())
        })
        .await;
        eve.visit(&format!("{}/arena/Not%20a%20room", server.base()))
            .await;
        eve.until_texts("arena-bad-room", |words| words.len() == 1)
            .await;
    })
    .await;
}

#[tokio::test]
async fn two_thumbs_drive_and_fire() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/arena/garden", server.base()), "Ada")
            .await;
        ada.resize(360, 780).await;
        ada.click("arena-play").await;
        let seat = seated(ada).await;
        let touch = async |what: &str, thumb: u32, x: f64, y: f64| {
            let script = format!(
                "const field = document.querySelector('[data-testid=arena-field]');
                 const box = field.getBoundingClientRect();
                 field.dispatchEvent(new PointerEvent('pointer{what}', {{
                     pointerId: {thumb}, pointerType: 'touch', bubbles: true, cancelable: true,
                     clientX: box.left + box.width * {x}, clientY: box.top + box.height * {y},
                 }}))"
            );
            ada.run(&script).await;
        };
        touch("down", 11, 0.2, 0.7).await;
        touch("down", 12, 0.8, 0.7).await;
        touch("move", 12, 0.9, 0.6).await;
        let at = async || place_of(&told(ada, "places").await, &seat);
        let from = until("a disc", &at).await;
        let ways = [(0.35, 0.7), (0.2, 0.85), (0.05, 0.7), (0.2, 0.55)];
        let mut looks = 0;
        until("the disc to move", async || {
            if looks % 25 == 0 {
                let (x, y) = ways[looks / 25 % 4];
                touch("move", 11, x, y).await;
            }
            looks += 1;
            (distance(from, at().await?) > 30.0).then_some(())
        })
        .await;
        ada.screenshot("arena-touch").await;
        // A thumb that is lifted drives no longer.
        touch("up", 11, 0.2, 0.7).await;
        touch("up", 12, 0.8, 0.7).await;
        let mut last = (0, None);
        until("the disc to stand", async || {
            let places = told(ada, "places").await;
            let (tick, places) = places.split_once(' ')?;
            let tick = tick.parse::<u32>().ok()?;
            if tick < last.0 + 20 {
                return None;
            }
            let was = std::mem::replace(&mut last, (tick, place_of(places, &seat)));
            (was.1 == last.1).then_some(())
        })
        .await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_line_is_told_over_the_field_and_the_seat_is_kept() {
    let server = ServerProcess::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("http://{}/arena/garden", proxy.address()), "Ada")
            .await;
        ada.click("arena-play").await;
        let seat = seated(ada).await;
        proxy.cut();
        ada.until_texts("arena-state", |words| {
            words.iter().any(|it| it.contains("line is lost"))
        })
        .await;
        ada.screenshot("arena-lost").await;
        proxy.mend();
        until("the game to go on", async || {
            (!ada.has("arena-state").await).then_some(())
        })
        .await;
        assert_eq!(seated(ada).await, seat);
        let held = drives(ada, &seat).await;
        key(ada, held, false).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_without_an_arena_says_so_in_words() {
    let server = ServerProcess::start(&["--arena-rooms", "0"]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/arena", server.base()), "Ada")
            .await;
        ada.click("arena-quick").await;
        ada.until_texts("arena-problem", |words| words.len() == 1)
            .await;
        ada.screenshot("arena-none").await;
    })
    .await;
}

#[tokio::test]
async fn the_arena_fits_phones_and_screens_in_both_themes_and_languages() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        let garden = format!("{}/arena/garden", server.base());
        ada.visit_as(&garden, "Ada").await;
        ada.click("arena-play").await;
        seated(ada).await;
        for (theme, language) in [
            ("light", "en"),
            ("light", "ko"),
            ("dark", "en"),
            ("dark", "ko"),
        ] {
            for (width, height) in [(360, 780), (820, 1180), (1440, 900)] {
                ada.resize(width, height).await;
                let choose = format!(
                    "localStorage.setItem('trunkline.theme', '{theme}');
                     localStorage.setItem('trunkline.language', '{language}')"
                );
                ada.run(&choose).await;
                for (name, id, page) in [
                    ("lobby", "arena-rooms", format!("{}/arena", server.base())),
                    ("room", "arena-leave", garden.clone()),
                ] {
                    ada.visit(&page).await;
                    ada.find(id).await;
                    let fits = "return document.documentElement.scrollWidth <= innerWidth";
                    assert_eq!(ada.run(fits).await, true, "{name} {width} {language}");
                    ada.screenshot(&format!("arena-{name}-{width}-{theme}-{language}"))
                        .await;
                }
            }
        }
    })
    .await;
}
