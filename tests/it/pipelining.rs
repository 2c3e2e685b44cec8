//! Pipelining: many requests of one connection at once, and handlers that take their time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use trunkline_protocol::frame::{Range, Start};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{
    ClientFrame, Codec, Delivery, Error, ErrorCode, MessageId, Offset, RequestId, SenderId,
    ServerFrame, Text, Topic, User,
};
use trunkline_server::topics::{Access, Context, Handler, Registry};
use trunkline_tests::{Peer, TestServer, within};

fn room() -> RoomName {
    "lobby".parse().expect("a room")
}

fn say(text: &str) -> ChatCommand {
    ChatCommand::Say {
        text: Text::cut(text),
    }
}

fn message_id(counter: u32) -> MessageId {
    MessageId {
        sender: SenderId::from_random(7),
        counter,
    }
}

/// Sends a command, and waits for nothing.
async fn send<T: Topic<Key = RoomName>>(
    peer: &mut Peer,
    command: &ChatCommand,
    message_id: MessageId,
) -> RequestId {
    let id = peer.id();
    peer.send(&ClientFrame::Publish {
        id,
        message_id,
        topic: Text::cut(T::name(&room()).as_str()),
        contract: None,
        command: Codec::Bincode.payload(command).expect("a short command"),
    })
    .await;
    id
}

/// The next answer to a command: the offset, or the code of the refusal.
async fn answer(peer: &mut Peer) -> (RequestId, Result<Offset, ErrorCode>) {
    match within("an answer", peer.receive()).await {
        ServerFrame::Published { id, position, .. } => (id, Ok(position.offset)),
        ServerFrame::Refused { id, error } => (id, Err(error.code)),
        other => panic!("{other:?}"),
    }
}

/// Asks for the history of the room, and waits for nothing.
async fn ask_for_history(peer: &mut Peer) -> RequestId {
    let id = peer.id();
    peer.send(&ClientFrame::History {
        id,
        topic: Text::cut("chat:lobby"),
        range: Range::After { offset: 0 },
        limit: 256,
    })
    .await;
    id
}

#[tokio::test]
async fn commands_that_are_sent_at_once_are_kept_and_answered_in_their_order() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    let mut expected = Vec::new();
    let mut said = Vec::new();
    for number in 0..60 {
        // An empty text is refused.
        let refused = number % 7 == 3;
        let text = if refused {
            String::new()
        } else {
            number.to_string()
        };
        let id = send::<Chat>(&mut peer, &say(&text), message_id(number)).await;
        if refused {
            expected.push((id, Err(ErrorCode::Invalid)));
        } else {
            said.push(text);
            expected.push((id, Ok(said.len() as Offset)));
        }
    }
    let history = ask_for_history(&mut peer).await;
    for expected in expected {
        assert_eq!(answer(&mut peer).await, expected);
    }
    // A request that is no command waits for all commands before it.
    let ServerFrame::History { publications, .. } = peer.answer_to(history).await else {
        panic!("the history may be read");
    };
    let texts = publications.iter().map(|publication| {
        let event = Codec::Bincode.decode(publication.event.as_bytes());
        match event.expect("an event") {
            ChatEvent::Said { text, .. } => String::from(text),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(texts.collect::<Vec<_>>(), said);
}

#[tokio::test]
async fn a_command_sees_what_those_before_it_on_its_connection_did() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    let edit = ChatCommand::Edit {
        offset: 1,
        text: Text::cut("hello"),
    };
    let delete = ChatCommand::Delete { offset: 1 };
    let commands = [say("helo"), edit.clone(), delete, edit];
    let mut ids = Vec::new();
    for (counter, command) in (1..).zip(&commands) {
        ids.push(send::<Chat>(&mut peer, command, message_id(counter)).await);
    }
    let results = [Ok(1), Ok(2), Ok(3), Err(ErrorCode::NotKept)];
    for expected in ids.into_iter().zip(results) {
        assert_eq!(answer(&mut peer).await, expected);
    }
}

#[tokio::test]
async fn a_command_that_is_sent_twice_at_once_has_one_effect_and_two_equal_answers() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    // The second deletion is refused for what the first one did, unless its id is known.
    let delete = ChatCommand::Delete { offset: 1 };
    let (first, second) = (message_id(1), message_id(2));
    let mut expected = Vec::new();
    for (command, message_id, offset) in [
        (say("hello"), first, 1),
        (say("hello"), first, 1),
        (delete.clone(), second, 2),
        (delete, second, 2),
    ] {
        let id = send::<Chat>(&mut peer, &command, message_id).await;
        expected.push((id, Ok(offset)));
    }
    for expected in expected {
        assert_eq!(answer(&mut peer).await, expected);
    }
}

/// Rooms like those of the chat, whose handler takes its time.
enum Slow {}

impl Topic for Slow {
    const NAMESPACE: &'static str = "slow";
    const DELIVERY: Delivery = Chat::DELIVERY;
    type Key = RoomName;
    type Event = ChatEvent;
    type Command = ChatCommand;
}

/// Every command waits for a permit. One that says "panic" panics then.
struct Gate {
    waiting: Arc<Semaphore>,
    permits: Arc<Semaphore>,
}

impl Handler for Gate {
    type Topic = Slow;

    fn authorize(&self, _: &User, _: &RoomName) -> Result<Access, Error> {
        Ok(Access::FULL)
    }

    async fn on_command(
        &self,
        context: &Context<'_, Slow>,
        _: &RoomName,
        command: ChatCommand,
    ) -> Result<ChatEvent, Error> {
        self.waiting.add_permits(1);
        self.permits.acquire().await.expect("it is open").forget();
        let ChatCommand::Say { text } = command else {
            return Err(Error::new(ErrorCode::Invalid, "only words are said here"));
        };
        assert!(&*text != "panic", "a test");
        Ok(ChatEvent::Said {
            author: context.user.clone(),
            at: context.now,
            text,
        })
    }
}

/// A server with a gate, the count of commands that have come to it, and its permits.
async fn gated() -> (TestServer, Arc<Semaphore>, Arc<Semaphore>) {
    let waiting = Arc::new(Semaphore::new(0));
    let permits = Arc::new(Semaphore::new(0));
    let gate = Gate {
        waiting: Arc::clone(&waiting),
        permits: Arc::clone(&permits),
    };
    let server = TestServer::start_with_topics(Registry::default().with(gate)).await;
    (server, waiting, permits)
}

/// Waits until so many commands are at the gate.
async fn arrived(waiting: &Semaphore, count: u32) {
    let arrived = within("commands at the gate", waiting.acquire_many(count)).await;
    arrived.expect("it is open").forget();
}

#[tokio::test]
async fn a_command_outlives_its_connection() {
    let (server, waiting, permits) = gated().await;
    let mut reader = server.peer("bob").await;
    reader.subscribe("slow:lobby", Start::default()).await;
    let mut peer = server.peer("ada").await;
    send::<Slow>(&mut peer, &say("my last words"), message_id(1)).await;
    arrived(&waiting, 1).await;
    peer.send_message(tokio_tungstenite::tungstenite::Message::Close(None))
        .await;
    within("the end", peer.closed()).await;
    permits.add_permits(1);
    match within("an event", reader.event::<Slow>()).await {
        ChatEvent::Said { text, .. } => assert_eq!(&*text, "my last words"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_handler_that_panics_after_it_has_waited_refuses_its_command_alone() {
    let (server, waiting, permits) = gated().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let first = send::<Slow>(&mut ada, &say("panic"), message_id(1)).await;
    let second = send::<Slow>(&mut ada, &say("hello"), message_id(2)).await;
    arrived(&waiting, 1).await;
    permits.add_permits(2);
    assert_eq!(answer(&mut ada).await, (first, Err(ErrorCode::Internal)));
    assert_eq!(answer(&mut ada).await, (second, Ok(1)));
    let third = send::<Slow>(&mut bob, &say("hello"), message_id(1)).await;
    permits.add_permits(1);
    assert_eq!(answer(&mut bob).await, (third, Ok(2)));
}

#[tokio::test]
async fn commands_of_many_connections_that_go_on_at_once_are_all_answered() {
    const PEERS: u32 = 50;
    let (server, waiting, permits) = gated().await;
    let mut peers = Vec::new();
    for number in 0..PEERS {
        let mut peer = server.peer(&format!("peer {number}")).await;
        let id = send::<Slow>(&mut peer, &say("hello"), message_id(1)).await;
        peers.push((peer, id));
    }
    arrived(&waiting, PEERS).await;
    permits.add_permits(PEERS as usize);
    let mut offsets = Vec::new();
    for (mut peer, id) in peers {
        let (answered, offset) = answer(&mut peer).await;
        assert_eq!(answered, id);
        offsets.push(offset.expect("it is good"));
    }
    offsets.sort_unstable();
    assert!(offsets.into_iter().eq(1..=Offset::from(PEERS)));
}
