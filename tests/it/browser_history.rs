//! History in a real browser: it outlives the server, and it is read by scrolling up.

use trunkline_client::{Client, ClientConfig, Guest};
use trunkline_protocol::Text;
use trunkline_protocol::topics::chat::{Chat, ChatCommand};
use trunkline_tests::browser::{Browser, with_people};
use trunkline_tests::{ServerProcess, until, within};

#[tokio::test]
async fn a_server_that_was_killed_comes_back_with_every_word() {
    let server = ServerProcess::start(&[]).await;
    let lobby = format!("{}/chat/lobby", server.base());
    with_people(async |[ada, bob]: &[Browser; 2]| {
        ada.visit_as(&lobby, "Ada").await;
        bob.visit_as(&lobby, "Bob").await;
        ada.say("before").await;
        bob.hears("before").await;

        let server = server.kill_and_restart().await;
        ada.say("after").await;
        bob.hears("after").await;
        assert!(!ada.has("gap").await && !bob.has("gap").await);
        // Whoever comes now reads all of it.
        bob.window.refresh().await.expect("a page");
        bob.live().await;
        bob.hears("after").await;
        assert_eq!(bob.texts("message-text").await, ["before", "after"]);
        drop(server);
    })
    .await;
}

#[tokio::test]
async fn scrolling_up_reads_what_was_said_before() {
    let server = ServerProcess::start(&[]).await;
    let guest = Guest::sign_in(server.base(), "Bob").await;
    let guest = guest.expect("a guest is welcome");
    let url = format!("ws://{}/ws", server.address());
    let client = Client::connect(ClientConfig::new(url), guest.tokens());
    for number in 1..=150 {
        let text = Text::cut(&format!("message {number}"));
        let key = "lobby".parse().expect("a room");
        let sent = client.publish::<Chat>(&key, &ChatCommand::Say { text });
        within("an acknowledgement", sent).await.expect("welcome");
    }
    with_people(async |[ada]: &[Browser; 1]| {
        ada.visit_as(&format!("{}/chat/lobby", server.base()), "Ada")
            .await;
        ada.hears("message 150").await;
        assert!(
            !ada.texts("message-text")
                .await
                .contains(&"message 1".to_owned())
        );
        until("the first message", async || {
            ada.run("document.querySelector('[role=log]').scrollTop = 0")
                .await;
            let texts = ada.texts("message-text").await;
            (texts.first().map(String::as_str) == Some("message 1")).then_some(())
        })
        .await;
        let texts = ada.texts("message-text").await;
        let all: Vec<_> = (1..=150)
            .map(|number| format!("message {number}"))
            .collect();
        assert_eq!(texts, all, "each once, and in order");
    })
    .await;
}
