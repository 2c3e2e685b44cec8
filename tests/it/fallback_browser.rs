//! Real browsers behind a box that does not let WebSockets through.

use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Habit, Middlebox, ServerProcess};

/// Two pages talk, one of them through a box with a habit, and then the block is lifted.
async fn talk(habit: Habit, expected: &str) {
    let server = ServerProcess::start(&[]).await;
    let middlebox = Middlebox::start(server.address(), habit).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        let behind = format!("http://{}/chat/lobby", middlebox.address());
        ada.visit_as(&behind, "Ada").await;
        bob.visit_as(&format!("{}/chat/lobby", server.base()), "Bob")
            .await;
        ada.live_over(expected).await;
        bob.live_over("websocket").await;
        ada.say("through the wall").await;
        bob.hears("through the wall").await;
        bob.say("안녕, Ada").await;
        ada.hears("안녕, Ada").await;
        ada.say("and on").await;
        bob.hears("and on").await;
        ada.screenshot(&format!("chat-over-{expected}")).await;
        // The next page begins with what worked, and nobody waits for a WebSocket first.
        ada.visit(&behind).await;
        ada.live_over(expected).await;
        let kept = "return Object.keys(localStorage).filter(it => it.startsWith('trunkline.transport.')).length";
        assert_eq!(ada.run(kept).await, 1);

        middlebox.now(Habit::Passes);
        ada.run("window.dispatchEvent(new Event('online'))").await;
        ada.live_over("websocket").await;
        assert_eq!(ada.run(kept).await, 0);
        ada.say("over the wall").await;
        bob.hears("over the wall").await;
        bob.say("I hear you").await;
        ada.hears("I hear you").await;
        let all = [
            "through the wall",
            "안녕, Ada",
            "and on",
            "over the wall",
            "I hear you",
        ];
        for browser in [ada, bob] {
            assert_eq!(browser.texts("message-text").await, all);
        }
        assert!(!ada.has("gap").await);
    })
    .await;
}

#[tokio::test]
async fn behind_a_box_that_refuses_upgrades_two_pages_chat_over_a_stream() {
    talk(Habit::RefusesUpgrades, "stream").await;
}

#[tokio::test]
async fn behind_a_box_that_swallows_frames_two_pages_chat_over_a_stream() {
    talk(Habit::SwallowsFrames, "stream").await;
}

#[tokio::test]
async fn behind_a_box_that_holds_responses_back_two_pages_chat_by_long_polls() {
    talk(Habit::Buffers, "poll").await;
}
