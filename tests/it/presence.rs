//! Presence: who is there is told, two tabs are one person, a reload is not a leave.

use trunkline_client::{Client, ClientConfig, Guest, Options, Subscription, Update};
use trunkline_protocol::topics::chat::Chat;
use trunkline_tests::{TestServer, within};

async fn client_of(server: &TestServer, guest: &Guest) -> Client {
    Client::connect(
        ClientConfig::new(format!("ws://{}/ws", server.address())),
        guest.tokens(),
    )
}

fn watch(client: &Client) -> Subscription<Chat> {
    client.subscribe::<Chat>(
        "lobby".parse().expect("a room"),
        Options::default().with_presence(),
    )
}

/// The next news about who is present: a name with its connections, or the number of users left.
async fn news(watched: &mut Subscription<Chat>) -> String {
    loop {
        match within("news about people", watched.next())
            .await
            .expect("a client that lives")
        {
            Update::Subscribed {
                members: Some(members),
                ..
            } => {
                let names: Vec<String> = members
                    .listed
                    .iter()
                    .map(|it| format!("{}×{}", it.user.name, it.connections))
                    .collect();
                return format!("here: {}", names.join(" "));
            }
            Update::Joined { member, .. } => {
                return format!("{}×{}", member.user.name, member.connections);
            }
            Update::Left { count, .. } => return format!("{count} left"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn people_come_and_go_and_two_tabs_are_one_person() {
    let server = TestServer::start().await;
    let ada = server.client("ada").await;
    let mut watched = watch(&ada);
    assert_eq!(news(&mut watched).await, "here: ada×1");

    let bob = Guest::sign_in(server.base(), "bob")
        .await
        .expect("a guest is welcome");
    let first = client_of(&server, &bob).await;
    let first_room = watch(&first);
    assert_eq!(news(&mut watched).await, "bob×1");
    let second = client_of(&server, &bob).await;
    let second_room = watch(&second);
    assert_eq!(news(&mut watched).await, "bob×2");

    drop((first_room, first));
    assert_eq!(news(&mut watched).await, "bob×1");
    // The last tab closes without a word: its person lingers for a moment, then has left.
    second.cut();
    assert_eq!(news(&mut watched).await, "1 left");
    drop(second_room);
}

#[tokio::test]
async fn a_quick_return_is_not_told() {
    let server = TestServer::start().await;
    let ada = server.client("ada").await;
    let mut watched = watch(&ada);
    assert_eq!(news(&mut watched).await, "here: ada×1");
    let bob = server.client("bob").await;
    let _room = watch(&bob);
    assert_eq!(news(&mut watched).await, "bob×1");
    bob.cut();
    bob.mend();
    // Whatever is told next is about somebody else.
    let carol = server.client("carol").await;
    let _room = watch(&carol);
    assert_eq!(news(&mut watched).await, "carol×1");
}
