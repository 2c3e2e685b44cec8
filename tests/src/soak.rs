//! A crowd that talks while things break, and the check that nothing was lost or doubled.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use trunkline_client::{Client, ClientConfig, Guest, Options, Update};
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{Offset, Text};

use crate::{until, within};

/// How long a talker waits between two messages: below the pace that a server allows.
const BREATH: Duration = Duration::from_millis(15);

/// How far talkers may be ahead of the slowest reader. A room keeps 1,000 messages, and each of the
/// 16 talkers at most may have two more under way: what a reader misses is kept, so a gap is a fault.
const LEAD_MAX: Offset = 500;

/// What stands where in the room.
type Story = BTreeMap<Offset, String>;

/// Talkers and readers of one room, each with a connection of its own.
pub struct Soak {
    stop: CancellationToken,
    acknowledged: Arc<AtomicUsize>,
    clients: Vec<Client>,
    talkers: Vec<JoinHandle<Vec<(Offset, String)>>>,
    readers: Vec<JoinHandle<Story>>,
    end: watch::Sender<Option<Offset>>,
}

impl Soak {
    /// Lets people sign in at `base` and talk over the line at `line`, which may be a proxy's.
    pub async fn start(base: &str, line: SocketAddr, talkers: usize, readers: usize) -> Self {
        let (end, ends) = watch::channel(None);
        let mut soak = Self {
            stop: CancellationToken::new(),
            acknowledged: Arc::default(),
            clients: Vec::new(),
            talkers: Vec::new(),
            readers: Vec::new(),
            end,
        };
        let reached: Reached = (0..readers).map(|_| AtomicU64::new(0)).collect();
        for number in 0..readers {
            let client = sign_in(base, line, &format!("reader {number}")).await;
            soak.clients.push(client.clone());
            let reading = read(client, number, Arc::clone(&reached), ends.clone());
            soak.readers.push(tokio::spawn(reading));
        }
        for number in 0..talkers {
            let client = sign_in(base, line, &format!("talker {number}")).await;
            soak.clients.push(client.clone());
            let talker = Talker {
                client,
                number,
                stop: soak.stop.clone(),
                acknowledged: Arc::clone(&soak.acknowledged),
                reached: Arc::clone(&reached),
            };
            soak.talkers.push(tokio::spawn(talker.talk()));
        }
        soak
    }

    /// Tells everybody that the line may be good again, as a browser does when it is back online.
    /// Without it, a line that was lost often is tried again after up to half a minute.
    pub fn wake(&self) {
        for client in &self.clients {
            client.wake();
        }
    }

    /// Waits until `count` more messages are acknowledged.
    pub async fn acknowledged(&self, count: usize) {
        let goal = self.acknowledged.load(Ordering::Relaxed) + count;
        until("acknowledgements", async || {
            (self.acknowledged.load(Ordering::Relaxed) >= goal).then_some(())
        })
        .await;
    }

    /// Ends the talk and checks: every acknowledged message is there once, at its offset, in the
    /// order of its talker, at every reader, and nothing else is. Returns how many there are.
    pub async fn finish(self) -> usize {
        self.stop.cancel();
        let mut said = Story::new();
        for talker in self.talkers {
            let told = within("the last acknowledgements", talker).await;
            let told = told.expect("a talker whose messages are taken");
            assert!(
                told.windows(2).all(|pair| pair[0].0 < pair[1].0),
                "one talker's messages stand in the order in which they were said: {told:?}"
            );
            for (offset, text) in told {
                let other = said.insert(offset, text.clone());
                assert_eq!(other, None, "{text:?} has the offset of another message");
            }
        }
        let last = said.last_key_value().map(|(offset, _)| *offset);
        let _ = self.end.send(last);
        for reader in self.readers {
            let story = within("readers to catch up", reader).await;
            let story = story.expect("a reader without a gap");
            if story != said {
                let (missing, more) = (difference(&said, &story), difference(&story, &said));
                panic!("a reader lacks {missing:?} and has {more:?} that nobody acknowledged");
            }
        }
        said.len()
    }
}

fn difference(of: &Story, without: &Story) -> Story {
    let only = of.iter().filter(|(at, text)| without.get(at) != Some(text));
    only.map(|(at, text)| (*at, text.clone())).collect()
}

fn room() -> RoomName {
    "soak".parse().expect("a room")
}

async fn sign_in(base: &str, line: SocketAddr, nickname: &str) -> Client {
    let guest = Guest::sign_in(base, nickname).await;
    let guest = guest.expect("a guest is welcome");
    Client::connect(ClientConfig::new(format!("ws://{line}/ws")), guest.tokens())
}

/// The newest message that each reader has.
type Reached = Arc<[AtomicU64]>;

struct Talker {
    client: Client,
    number: usize,
    stop: CancellationToken,
    acknowledged: Arc<AtomicUsize>,
    reached: Reached,
}

impl Talker {
    /// Says one thing after another, two at a time, and notes where each came to stand.
    async fn talk(self) -> Vec<(Offset, String)> {
        let mut told = Vec::new();
        let mut next = 0;
        while !self.stop.is_cancelled() {
            if told
                .last()
                .is_none_or(|(offset, _)| self.may_go_on(*offset))
            {
                let pair = [next, next + 1].map(|at| format!("{} says {at}", self.number));
                next += 2;
                let sent = pair.clone().map(|text| {
                    let text = Text::cut(&text);
                    self.client
                        .publish::<Chat>(&room(), &ChatCommand::Say { text })
                });
                for (text, sent) in pair.into_iter().zip(sent) {
                    let published = sent.await.expect("a message that is taken in the end");
                    told.push((published.offset, text));
                    self.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(BREATH).await;
        }
        told
    }

    /// Tells whether no reader is too far behind the message at `offset`.
    fn may_go_on(&self, offset: Offset) -> bool {
        let reached = self.reached.iter().map(|it| it.load(Ordering::Relaxed));
        reached
            .min()
            .is_none_or(|slowest| offset < slowest + LEAD_MAX)
    }
}

/// Reads until it has the event at the end.
async fn read(
    client: Client,
    number: usize,
    progress: Reached,
    mut end: watch::Receiver<Option<Offset>>,
) -> Story {
    let mut events = client.subscribe::<Chat>(room(), Options::newest(1000));
    let mut story = Story::new();
    loop {
        let reached = story.last_key_value().map(|(offset, _)| *offset);
        if end.borrow().is_some() && reached >= *end.borrow() {
            return story;
        }
        let update = tokio::select! {
            update = events.next() => update,
            _ = end.changed() => continue,
        };
        match update.expect("a client that lives") {
            Update::Event { offset, event } => {
                let ChatEvent::Said { text, .. } = event else {
                    panic!("nobody edits here");
                };
                let before = reached.unwrap_or(offset - 1);
                assert_eq!(
                    offset,
                    before + 1,
                    "events come in order and without a hole"
                );
                story.insert(offset, text.into());
                progress[number].store(offset, Ordering::Relaxed);
            }
            Update::Gap(gap) => panic!("a gap in a history that is kept: {gap:?}"),
            Update::Refused(error) => panic!("refused: {error}"),
            Update::Subscribed { .. }
            | Update::Members(_)
            | Update::Joined { .. }
            | Update::Left { .. }
            | Update::Lost
            | Update::Unreadable { .. } => {}
        }
    }
}
