//! Joins a room and talks: `cargo run -p trunkline-client --example talk -- http://127.0.0.1:8787 Ada lobby`.

use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use trunkline_client::{Client, ClientConfig, Guest, Options, Update};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().unwrap_or("http://127.0.0.1:8787".into());
    let nickname = arguments.next().unwrap_or("Ada".into());
    let room = arguments.next().unwrap_or("lobby".into());

    let guest = Guest::sign_in(&server, &nickname).await?;
    let url = format!("{}/ws", server.replacen("http", "ws", 1));
    let client = Client::connect(ClientConfig::new(url), guest.tokens());
    let mut room = client.subscribe::<Chat>(room.parse()?, Options::newest(20));
    let mut lines = BufReader::new(stdin()).lines();
    loop {
        tokio::select! {
            update = room.next() => match update {
                Some(Update::Event { event: ChatEvent::Said { author, text, .. }, .. }) => {
                    println!("{}: {text}", author.name);
                }
                Some(Update::Gap(gap)) => println!("-- missed {} messages --", gap.count),
                Some(Update::Refused(error)) => return Err(error.into()),
                Some(_) => {}
                None => return Ok(()),
            },
            line = lines.next_line() => match line? {
                Some(text) => drop(room.publish(&ChatCommand::Say { text: text.try_into()? }).await?),
                None => return Ok(()),
            },
        }
    }
}
