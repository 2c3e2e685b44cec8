//! A client with a store, without a server: its session is fed by hand.

use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use trunkline_protocol::frame::Limits;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, Typing, TypingCommand};
use trunkline_protocol::{
    ClientFrame, Epoch, Error, ErrorCode, Position, RequestId, SenderId, ServerFrame, Text, User,
    UserId,
};

use super::*;
use crate::{ClientConfig, Published, platform};

/// What a store has written, shared with the test.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Written>>);

#[derive(Clone, Debug, Default)]
struct Written {
    commands: Vec<SavedCommand>,
    next_counter: u32,
    fault: Option<StoreError>,
}

const SENDER: SenderId = SenderId::from_random(7);

impl Disk {
    fn with<R>(&self, reach: impl FnOnce(&mut Written) -> R) -> R {
        reach(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn counters(&self) -> Vec<u32> {
        self.with(|disk| disk.commands.iter().map(|it| it.id.counter).collect())
    }
}

impl OutboxStore for Disk {
    fn load(&mut self) -> SavedOutbox {
        self.with(|disk| SavedOutbox {
            next_counter: disk.next_counter.max(1),
            commands: disk.commands.clone(),
            ..SavedOutbox::new(SENDER)
        })
    }

    fn put(&mut self, command: &SavedCommand) -> Result<(), StoreError> {
        self.with(|disk| match disk.fault {
            Some(fault) => Err(fault),
            None => {
                disk.commands.push(command.clone());
                Ok(())
            }
        })
    }

    fn remove(&mut self, command: CommandId) {
        self.with(|disk| disk.commands.retain(|kept| kept.id != command));
    }

    fn note_counter(&mut self, next_counter: u32) -> Result<(), StoreError> {
        self.with(|disk| match disk.fault {
            Some(fault) => Err(fault),
            None => {
                disk.next_counter = next_counter;
                Ok(())
            }
        })
    }
}

/// A client that never gets a token by itself.
fn client(disk: &Disk) -> Client {
    let config = ClientConfig::new("ws://127.0.0.1:1/ws");
    Client::connect_with(config, disk.clone(), pending)
}

fn say(client: &Client, text: &str) -> Publishing {
    let text = Text::cut(text);
    let room = "lobby".parse().expect("a room");
    client.publish::<Chat>(&room, &ChatCommand::Say { text })
}

fn hear(client: &Client, frame: ServerFrame) {
    client.shared().with(|state| {
        state.session.handle_frame(platform::now(), frame);
        state.dispatch();
    });
}

fn go_live(client: &Client) {
    client.shared().with(|state| {
        let now = platform::now();
        state.session.handle_token(now, Ok("token".to_owned()));
        state.session.handle_opened(now);
    });
    let user = User {
        id: UserId(1),
        name: Text::cut("me"),
    };
    hear(
        client,
        ServerFrame::Connected {
            session: 1,
            user,
            ping_interval_ms: 25_000,
            token_ttl_ms: 600_000,
            limits: Limits {
                frame_len_max: 65_536,
                subscriptions_max: 128,
                requests_max: 64,
            },
        },
    );
}

/// The commands that went out: request and id.
fn sent(client: &Client) -> Vec<(RequestId, CommandId)> {
    let mut sent = Vec::new();
    client.shared().with(|state| {
        while let Some(frame) = state.session.poll_transmit() {
            if let ClientFrame::Publish { id, message_id, .. } = frame {
                sent.push((id, message_id));
            }
        }
    });
    sent
}

fn published(id: RequestId) -> ServerFrame {
    let epoch = Epoch(1);
    ServerFrame::Published {
        id,
        position: Position { epoch, offset: 4 },
        duplicate: false,
    }
}

fn refused(id: RequestId) -> ServerFrame {
    let error = Error::new(ErrorCode::Forbidden, "");
    ServerFrame::Refused { id, error }
}

/// What a future has come to, which is not waited for.
fn now(publishing: Publishing) -> Option<Result<Published, PublishError>> {
    publishing.now_or_never()
}

#[tokio::test]
async fn a_command_is_stored_until_it_is_answered() {
    let disk = Disk::default();
    let client = client(&disk);
    let first = say(&client, "a");
    let second = say(&client, "b");
    drop(client.publish::<Typing>(&"lobby".parse().expect("a room"), &TypingCommand::Started));
    assert_eq!(disk.counters(), [1, 2]);
    go_live(&client);
    let out = sent(&client);
    assert_eq!(out[0].1, first.command().expect("it waits"));
    hear(&client, published(out[0].0));
    assert_eq!(disk.counters(), [2]);
    let offset = 4;
    let duplicate = false;
    assert_eq!(now(first), Some(Ok(Published { offset, duplicate })));
    second.discard();
    assert!(disk.counters().is_empty());
    assert_eq!(client.kept(), Kept::All);
}

#[tokio::test]
async fn a_client_goes_on_where_the_last_one_ended() {
    let disk = Disk::default();
    let before = client(&disk);
    let told = say(&before, "a");
    say(&before, "b");
    before.end();
    let late = say(&before, "after the end");
    assert_eq!(now(late), Some(Err(PublishError::Ended)));
    tokio::task::yield_now().await;
    assert_eq!(now(told), Some(Err(PublishError::Ended)));

    let after = client(&disk);
    let pending = after.pending();
    let texts = pending.iter().map(|it| match it.read::<Chat>() {
        Some((room, ChatCommand::Say { text })) => format!("{room}: {text}"),
        other => panic!("{other:?}"),
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["lobby: a", "lobby: b"]);
    assert_eq!(pending[0].read::<Typing>(), None);
    let fresh = say(&after, "c").command().expect("it waits");
    assert_eq!((fresh.sender, fresh.counter), (SENDER, 65));

    let (one, two) = (
        after.reattach(pending[0].command),
        after.reattach(pending[0].command),
    );
    go_live(&after);
    let out = sent(&after);
    assert_eq!(out[0].1, pending[0].command);
    hear(&after, published(out[0].0));
    assert!(matches!(now(one), Some(Ok(_))));
    assert!(matches!(now(two), Some(Ok(_))));
    let gone = after.reattach(pending[0].command);
    assert_eq!(now(gone), Some(Err(PublishError::Ended)));
}

#[tokio::test]
async fn a_refusal_that_nobody_waited_for_is_told_later() {
    let disk = Disk::default();
    let before = client(&disk);
    let command = say(&before, "a").command().expect("it waits");
    before.end();
    let after = client(&disk);
    go_live(&after);
    let request = sent(&after)[0].0;
    hear(&after, refused(request));
    assert!(disk.counters().is_empty());
    let pending = after.pending();
    assert_eq!(pending.len(), 1);
    let error = PublishError::Refused(Error::new(ErrorCode::Forbidden, ""));
    assert_eq!(now(after.reattach(command)), Some(Err(error)));
    assert!(after.pending().is_empty());
}

#[tokio::test]
async fn what_cannot_be_stored_is_sent_and_said() {
    let disk = Disk::default();
    let client = client(&disk);
    drop(say(&client, "kept"));
    disk.with(|disk| disk.fault = Some(StoreError::Full));
    drop(say(&client, "not kept"));
    assert_eq!(client.kept(), Kept::NotAll(StoreError::Full));
    disk.with(|disk| disk.fault = None);
    drop(say(&client, "kept again"));
    assert_eq!(disk.counters(), [1, 3]);
    assert_eq!(client.kept(), Kept::NotAll(StoreError::Full));
    go_live(&client);
    for _ in 0..2 {
        let request = sent(&client)[0].0;
        hear(&client, published(request));
    }
    assert_eq!(client.kept(), Kept::All);
}

#[tokio::test]
async fn a_counter_that_cannot_be_noted_is_not_used() {
    let disk = Disk::default();
    disk.with(|disk| disk.fault = Some(StoreError::Unavailable));
    let client = client(&disk);
    let unnoted = say(&client, "a").command().expect("it waits");
    assert_ne!(unnoted.sender, SENDER);
    disk.with(|disk| disk.fault = None);
    let next = say(&client, "b").command().expect("it waits");
    assert_eq!((next.sender, next.counter), (unnoted.sender, 2));
}
