//! Two real people in two real browsers, against the real binary with the app inside.

use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{Proxy, ServerProcess};

fn lobby(base: &str) -> String {
    format!("{base}/chat/lobby")
}

/// Two people sign in and open the lobby.
async fn meet(server: &ServerProcess, ada: &Browser, bob: &Browser) {
    ada.visit_as(&lobby(&server.base()), "Ada").await;
    bob.visit_as(&lobby(&server.base()), "Bob").await;
}

/// Cuts the line by the page's own switch, which ends with the page.
async fn cut_line(browser: &Browser) {
    browser.click("badge").await;
    browser.click("cut-line").await;
    browser.badge("offline").await;
}

#[tokio::test]
async fn two_browsers_chat_and_see_each_other() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        meet(&server, ada, bob).await;
        ada.say("hello Bob").await;
        bob.hears("hello Bob").await;
        bob.say("안녕, Ada").await;
        ada.hears("안녕, Ada").await;
        for browser in [ada, bob] {
            browser
                .until_texts("person", |people| {
                    people.iter().any(|it| it.contains("Ada"))
                        && people.iter().any(|it| it.contains("Bob"))
                })
                .await;
            assert_eq!(
                browser.texts("message-text").await,
                ["hello Bob", "안녕, Ada"]
            );
        }
        ada.screenshot("chat-two-people").await;
    })
    .await;
}

#[tokio::test]
async fn a_cut_line_comes_back_with_what_was_missed() {
    let server = ServerProcess::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        ada.visit_as(&lobby(&format!("http://{}", proxy.address())), "Ada")
            .await;
        bob.visit_as(&lobby(&server.base()), "Bob").await;
        bob.say("before").await;
        ada.hears("before").await;

        proxy.cut();
        ada.run("window.dispatchEvent(new Event('offline'))").await;
        ada.badge("offline").await;
        bob.say("one").await;
        bob.say("two").await;
        // What Ada says meanwhile waits, and is sent when the line is back.
        ada.say("from the dark").await;
        bob.hears("two").await;
        assert!(
            !bob.texts("message-text")
                .await
                .contains(&"from the dark".to_owned())
        );
        ada.screenshot("chat-line-cut").await;

        proxy.mend();
        ada.run("window.dispatchEvent(new Event('online'))").await;
        ada.live().await;
        ada.hears("two").await;
        bob.hears("from the dark").await;
        ada.find("recovered").await;
        assert!(!ada.has("gap").await);
        assert_eq!(
            ada.texts("message-text").await,
            ["before", "one", "two", "from the dark"]
        );
        assert_eq!(
            bob.texts("message-text").await,
            ["before", "one", "two", "from the dark"]
        );
        ada.screenshot("chat-recovered").await;
    })
    .await;
}

#[tokio::test]
async fn a_restarted_server_that_lost_its_history_shows_the_gap() {
    let server = ServerProcess::start(&["--broker", "memory"]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        meet(&server, ada, bob).await;
        ada.say("before the restart").await;
        bob.hears("before the restart").await;

        let server = server.kill_and_restart().await;
        ada.find("gap").await;
        bob.find("gap").await;
        // Nobody signs in again: the nickname's key outlives the process.
        ada.say("after the restart").await;
        bob.hears("after the restart").await;
        bob.say("indeed").await;
        ada.hears("indeed").await;
        ada.screenshot("chat-gap").await;
        drop(server);
    })
    .await;
}

#[tokio::test]
async fn a_reload_keeps_the_nickname_and_the_conversation() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&lobby(&server.base()), "Ada").await;
        ada.say("still here?").await;
        ada.hears("still here?").await;
        ada.window.refresh().await.expect("a page");
        ada.live().await;
        ada.hears("still here?").await;
        assert!(!ada.has("nickname-input").await);
        let people = ada.until_texts("person", |people| !people.is_empty()).await;
        assert!(people.iter().any(|it| it.contains("Ada")), "{people:?}");
    })
    .await;
}

#[tokio::test]
async fn what_was_not_sent_before_a_reload_is_sent_after_it() {
    let said = ["one", "two", "three"];
    let server = ServerProcess::start(&[]).await;
    let proxy = Proxy::start(server.address()).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        ada.visit_as(&lobby(&format!("http://{}", proxy.address())), "Ada")
            .await;
        bob.visit_as(&lobby(&server.base()), "Bob").await;
        ada.say("zero").await;
        bob.hears("zero").await;

        // The reload mends the line.
        cut_line(ada).await;
        for text in said {
            ada.say(text).await;
            ada.hears(text).await;
        }
        until_states(ada, &["acknowledged", "waiting", "waiting", "waiting"]).await;
        assert_eq!(bob.texts("message-text").await, ["zero"]);

        ada.window.refresh().await.expect("a page");
        ada.live().await;
        for text in said {
            bob.hears(text).await;
        }
        let all = ["zero", "one", "two", "three"];
        assert_eq!(bob.texts("message-text").await, all);
        until_states(ada, &["", "acknowledged", "acknowledged", "acknowledged"]).await;
        assert_eq!(ada.texts("message-text").await, all);

        // Nothing is left behind: another reload says nothing again.
        ada.window.refresh().await.expect("a page");
        ada.live().await;
        ada.hears("three").await;
        ada.say("four").await;
        bob.hears("four").await;
        let all = ["zero", "one", "two", "three", "four"];
        assert_eq!(bob.texts("message-text").await, all);
    })
    .await;
}

#[tokio::test]
async fn what_a_closed_tab_has_not_sent_is_sent_by_the_next_page() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        meet(&server, ada, bob).await;
        cut_line(ada).await;
        ada.say("patience").await;
        ada.hears("patience").await;

        // A tab that lives keeps what it has: a second one neither shows nor sends it.
        let first = ada.window.window().await.expect("a tab");
        let second = ada.window.new_tab().await.expect("a tab");
        ada.window
            .switch_to_window(second.clone())
            .await
            .expect("a tab");
        ada.visit(&lobby(&server.base())).await;
        ada.live().await;
        ada.say("here").await;
        bob.hears("here").await;
        assert_eq!(ada.texts("message-text").await, ["here"]);

        ada.window.switch_to_window(first).await.expect("a tab");
        ada.window.close_window().await.expect("a tab");
        ada.window.switch_to_window(second).await.expect("a tab");
        ada.window.refresh().await.expect("a page");
        ada.live().await;
        bob.hears("patience").await;
        assert_eq!(bob.texts("message-text").await, ["here", "patience"]);
        until_states(ada, &["", "acknowledged"]).await;
    })
    .await;
}

/// How far one's messages have come, from top to bottom; nothing for what has no mark.
async fn states(browser: &Browser) -> Vec<String> {
    let script = "return [...document.querySelectorAll('[data-testid=message]')].map(it => it.dataset.state ?? '')";
    let states = browser.run(script).await;
    serde_json::from_value(states).expect("a list of states")
}

async fn until_states(browser: &Browser, wanted: &[&str]) {
    trunkline_tests::until("the states of the messages", async || {
        (states(browser).await == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_can_be_edited_and_deleted_by_its_author() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        meet(&server, ada, bob).await;
        ada.say("helo").await;
        bob.hears("helo").await;
        assert!(!bob.has("edit").await, "only the author may edit");
        point_at_the_message(ada).await;
        ada.click("edit").await;
        ada.run("document.querySelector('[data-testid=composer]').select()")
            .await;
        ada.say("hello").await;
        bob.hears("hello").await;
        bob.find("edited").await;
        point_at_the_message(ada).await;
        ada.click("delete").await;
        ada.click("confirm-delete").await;
        bob.find("deleted").await;
        assert!(bob.texts("message-text").await.is_empty());
    })
    .await;
}

/// What one can do to a message is shown while it has the focus.
async fn point_at_the_message(browser: &Browser) {
    browser
        .run("document.querySelector('[data-testid=message]').focus()")
        .await;
}

#[tokio::test]
async fn typing_is_shown_to_the_other() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada, bob]: &[Browser; 2]| {
        meet(&server, ada, bob).await;
        bob.find("composer")
            .await
            .send_keys("thinking")
            .await
            .expect("a text field");
        ada.until_texts("typing", |texts| texts.iter().any(|it| it.contains("Bob")))
            .await;
    })
    .await;
}

#[tokio::test]
async fn a_native_client_talks_with_a_browser() {
    use trunkline_client::{Client, ClientConfig, Guest, Options, Update};
    use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent};

    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&lobby(&server.base()), "Ada").await;
        let guest = Guest::sign_in(server.base(), "bot")
            .await
            .expect("a guest is welcome");
        let client = Client::connect(
            ClientConfig::new(format!("ws://{}/ws", server.address())),
            guest.tokens(),
        );
        let mut room =
            client.subscribe::<Chat>("lobby".parse().expect("a room"), Options::newest(10));
        let text = "beep".try_into().expect("a short text");
        room.publish(&ChatCommand::Say { text })
            .await
            .expect("a welcome command");
        ada.hears("beep").await;
        ada.say("hello bot").await;
        loop {
            let update = trunkline_tests::within("what Ada said", room.next())
                .await
                .expect("a client that lives");
            if let Update::Event {
                event: ChatEvent::Said { author, text, .. },
                ..
            } = update
                && author.name.as_str() == "Ada"
            {
                assert_eq!(text.as_str(), "hello bot");
                break;
            }
        }
    })
    .await;
}

/// The page in every size, theme and language, for people to look at.
#[tokio::test]
async fn pictures_of_the_chat_page_are_taken() {
    let server = ServerProcess::start(&[]).await;
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&lobby(&server.base()), "Ada").await;
        for text in [
            "Good morning!",
            "The line is up: https://example.com/status",
            "오늘은 비가 오네요.",
        ] {
            ada.say(text).await;
            ada.hears(text).await;
        }
        for (width, height) in [(360, 780), (820, 1180), (1440, 900)] {
            ada.resize(width, height).await;
            ada.screenshot(&format!("chat-{width}")).await;
            let overflow = ada
                .run("return document.documentElement.scrollWidth > window.innerWidth")
                .await;
            assert_eq!(overflow, false, "the page is wider than {width} pixels");
        }
        // The other language, the other theme, and what the badge has to say.
        ada.run("document.querySelector('[data-testid=language] button:last-child').click()")
            .await;
        // From the system's choice to light, and on to dark.
        ada.click("theme").await;
        ada.click("theme").await;
        ada.click("badge").await;
        ada.find("cut-line").await;
        ada.screenshot("chat-dark-korean").await;
        let language = ada.run("return document.documentElement.lang").await;
        assert_eq!(language, "ko");
    })
    .await;
}
