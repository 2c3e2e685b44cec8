//! The hub as its drivers use it: one node with logs, connections that take or do not take.
//!
//! What a connection gets is told in short words: `#1 from 3` is a confirmation of topic 1 whose
//! reader has everything up to offset 3, `#1:4 hello` is a publication.

use std::collections::BTreeMap;
use std::time::Duration;

use trunkline_protocol::frame::Start;
use trunkline_protocol::{
    Codec, Delivery, Epoch, GapCause, List, Moment, Offset, Payload, Position, ServerFrame, Text,
    TopicId, TopicName, User, UserId,
};

use crate::log::{Append, Appended, Log, Recovery};
use crate::{Announcement, ConnectionId, Hub, HubConfig, Joined, Kind, People, publications_in};

mod batches;
mod bounds;
mod delivery;
mod joining;
mod paces;
mod people;
mod streams;
mod topic_ids;
mod values;

const EPOCH: Epoch = Epoch(7);
const LINGER: Duration = Duration::from_secs(1);

/// Words that cannot be turned into JSON.
const UNREADABLE: &str = "unreadable";

type Words = Text<60_000>;

fn to_json(event: &[u8]) -> Option<Vec<u8>> {
    let words: Words = Codec::Bincode
        .decode(event)
        .expect("events of this test are words");
    (&*words != UNREADABLE).then(|| Codec::Json.encode(&words).to_vec())
}

fn words(codec: Codec, event: &Payload) -> String {
    if event.as_bytes() == b"null" {
        return "null".to_owned();
    }
    codec
        .decode::<Words>(event.as_bytes())
        .expect("events of this test are words")
        .to_string()
}

fn topic(name: &str) -> TopicName {
    name.parse().expect("a topic")
}

/// The namespaces of this test are named for what they promise.
fn delivery_of(topic: &TopicName) -> Delivery {
    match topic.namespace() {
        "log" => Delivery::Log {
            keep: 1000,
            max_age: Duration::from_secs(3600),
        },
        "short" => Delivery::Log {
            keep: 3,
            max_age: Duration::from_secs(3600),
        },
        "latest" => Delivery::Latest { max_hz: None },
        "fast" => Delivery::Latest {
            max_hz: std::num::NonZeroU16::new(10),
        },
        "volatile" => Delivery::Volatile,
        "keyframed" => Delivery::Keyframed { max_run: 1000 },
        "brief" => Delivery::Keyframed { max_run: 100 },
        other => panic!("no such kind of topic: {other}"),
    }
}

fn user_of(connection: ConnectionId) -> User {
    // Connections 10 to 19 are of user 1.
    let id = if connection < 10 {
        connection
    } else {
        connection / 10
    };
    User {
        id: UserId(id),
        name: Text::cut(&format!("user {id}")),
    }
}

fn kind_of(topic: &TopicName) -> Kind {
    let delivery = delivery_of(topic);
    let flush_window = Duration::ZERO;
    Kind {
        delivery,
        to_json,
        flush_window,
    }
}

/// A node: a hub, its people, and the logs of its topics.
struct Node {
    hub: Hub,
    people: People,
    logs: BTreeMap<TopicName, Log>,
    codecs: BTreeMap<ConnectionId, Codec>,
    /// The last read was of what comes after a position.
    recovers: bool,
    now: Moment,
}

impl Node {
    fn new() -> Self {
        Self::with(HubConfig::default())
    }

    /// A node whose outboxes hold `outbox_len_max` bytes of events.
    fn small(outbox_len_max: usize) -> Self {
        Self::with(HubConfig {
            outbox_len_max,
            ..HubConfig::default()
        })
    }

    /// A node with these connections.
    fn open_to(connections: &[ConnectionId]) -> Self {
        let mut node = Self::new();
        for connection in connections {
            node.open(*connection);
        }
        node
    }

    /// A small node with connection 1, which reads `name` and has taken its confirmation.
    fn with_reader(outbox_len_max: usize, name: &str) -> Self {
        let mut node = Self::small(outbox_len_max);
        node.open(1);
        node.subscribe(1, name);
        node.take(1);
        node
    }

    fn with(config: HubConfig) -> Self {
        Self {
            hub: Hub::new(config),
            people: People::new(LINGER),
            logs: BTreeMap::new(),
            codecs: BTreeMap::new(),
            recovers: false,
            now: Moment::from_ms(0),
        }
    }

    fn open(&mut self, connection: ConnectionId) {
        self.open_with(connection, Codec::Bincode);
    }

    fn open_with(&mut self, connection: ConnectionId, codec: Codec) {
        self.codecs.insert(connection, codec);
        self.hub.open(connection, codec);
    }

    fn announce(&mut self, announcement: Option<Announcement>) {
        if let Some(announcement) = announcement {
            self.hub.announce(&announcement);
        }
    }

    fn close(&mut self, connection: ConnectionId) {
        let user = user_of(connection).id;
        for topic in self.hub.close(connection) {
            let change = self.people.lose(&topic, user, connection, self.now);
            self.announce(change);
        }
    }

    fn leave(&mut self, connection: ConnectionId, name: &str) -> Option<TopicId> {
        let left = self.hub.unsubscribe(connection, &topic(name))?;
        let user = user_of(connection).id;
        let change = self.people.leave(&topic(name), user, connection);
        self.announce(change);
        Some(left)
    }

    fn handle_timeout(&mut self, now: Moment) {
        for announcement in self.people.handle_timeout(now) {
            self.hub.announce(&announcement);
        }
    }

    fn log(&mut self, name: &TopicName) -> &mut Log {
        self.logs
            .entry(name.clone())
            .or_insert_with(|| Log::new(EPOCH, delivery_of(name)))
    }

    /// Appends and delivers an event. What stands before `=` is its conflation key, and `key` makes
    /// it a keyframe.
    fn publish(&mut self, name: &str, event: &str) -> Offset {
        let (name, now) = (topic(name), self.now);
        let key = event.split('=').next().map(str::to_owned);
        let keyframe = event.starts_with("key");
        let payload = Codec::Bincode.payload(&Words::cut(event)).expect("fits");
        let append = Append {
            key: None,
            event: payload,
            conflation_key: key.clone(),
            keyframe,
        };
        let Appended::New(publication) = self.log(&name).append(now, append) else {
            panic!("not new")
        };
        self.hub
            .broadcast(now, &name, &publication, key.as_deref(), keyframe);
        self.hub.flush(now);
        publication.offset
    }

    fn join(&mut self, connection: ConnectionId, name: &str, presence: bool) -> Joined {
        let name = topic(name);
        let joined = self.hub.join(connection, &name, kind_of(&name), presence);
        let change = self.people.join(&name, &user_of(connection), connection);
        self.announce(change);
        joined.expect("there is room for the topic")
    }

    fn read(&mut self, name: &str, start: Start) -> Recovery {
        self.recovers = matches!(start, Start::After(_));
        let log = self.log(&topic(name));
        match start {
            Start::After(since) => log.recover(since),
            Start::AfterEvent { .. } => unreachable!("readers of this test have no proofs"),
            Start::Newest { count } => {
                let page = log.newest(usize::from(count));
                let after = page
                    .publications
                    .first()
                    .map_or(page.head, |it| it.offset - u64::from(it.step));
                Recovery {
                    gap: None,
                    known: None,
                    after,
                    page,
                }
            }
        }
    }

    fn confirm(
        &mut self,
        connection: ConnectionId,
        name: &str,
        joined: &Joined,
        read: &Recovery,
        presence: bool,
    ) {
        let after = read
            .page
            .publications
            .last()
            .map_or(read.after, |it| it.offset);
        let frame = ServerFrame::Subscribed {
            id: 1,
            topic_id: joined.topic_id,
            position: Position {
                epoch: EPOCH,
                offset: read.after,
            },
            recovered: self.recovers && read.gap.is_none(),
            gap: read.gap,
            head: read.page.head,
            members: presence.then(|| self.people.members(&topic(name))),
            publications: List::cut(publications_in(
                self.codecs[&connection],
                &read.page.publications,
                to_json,
            )),
        };
        self.hub
            .confirm(connection, &topic(name), frame, after, read.page.head)
            .expect("there is room");
    }

    fn subscribe_from(&mut self, connection: ConnectionId, name: &str, start: Start) {
        let joined = self.join(connection, name, false);
        let read = self.read(name, start);
        self.confirm(connection, name, &joined, &read, false);
    }

    /// Subscribes to what is new from now on.
    fn subscribe(&mut self, connection: ConnectionId, name: &str) {
        self.subscribe_from(connection, name, Start::default());
    }

    /// Subscribes to what is new, and to who is there.
    fn watch(&mut self, connection: ConnectionId, name: &str) {
        let joined = self.join(connection, name, true);
        let read = self.read(name, Start::default());
        self.confirm(connection, name, &joined, &read, true);
    }

    /// Feeds the next subscription that is behind. False if none is, or there is no room.
    fn feed(&mut self, connection: ConnectionId) -> bool {
        let Some(behind) = self.hub.catching_up(connection) else {
            return false;
        };
        let page = self.log(&behind.topic).after(behind.after, usize::MAX);
        self.hub.feed(connection, &behind, EPOCH, &page);
        true
    }

    /// Takes what waits now, without feeding.
    fn take(&mut self, connection: ConnectionId) -> Vec<String> {
        let frames = self.hub.take(connection, usize::MAX);
        let codec = self.codecs[&connection];
        let decode =
            |frame: &bytes::Bytes| codec.decode(frame).expect("what the hub sends can be read");
        frames
            .iter()
            .map(decode)
            .flat_map(|frame| told(codec, &frame))
            .collect()
    }

    /// Takes and feeds until nothing is left to do.
    fn drain(&mut self, connection: ConnectionId) -> Vec<String> {
        let mut all = self.take(connection);
        for _ in 0..10_000 {
            if !self.feed(connection) {
                return all;
            }
            all.extend(self.take(connection));
        }
        panic!("the hub wants to feed {connection} for ever");
    }
}

/// What a frame says.
fn told(codec: Codec, frame: &ServerFrame) -> Vec<String> {
    let cause = |cause| match cause {
        GapCause::Retention => "retention",
        GapCause::Epoch => "epoch",
        GapCause::Slow => "slow",
        GapCause::Conflated => "conflated",
    };
    match frame {
        ServerFrame::Subscribed {
            topic_id,
            position,
            gap,
            members,
            publications,
            ..
        } => {
            let mut all = vec![format!("#{} from {}", topic_id.0, position.offset)];
            all.extend(gap.map(|gap| {
                format!(
                    "#{}:gap {}-{} {} {}",
                    topic_id.0,
                    gap.from,
                    gap.to,
                    gap.count,
                    cause(gap.cause)
                )
            }));
            all.extend(members.as_ref().map(|members| {
                let users: Vec<String> = members
                    .listed
                    .iter()
                    .map(|it| it.user.id.0.to_string())
                    .collect();
                format!("#{}:here {}", topic_id.0, users.join(" "))
            }));
            all.extend(
                publications
                    .iter()
                    .map(|it| format!("#{}:{} {}", topic_id.0, it.offset, words(codec, &it.event))),
            );
            all
        }
        ServerFrame::Publication {
            topic_id,
            offset,
            event,
            ..
        } => {
            vec![format!(
                "#{}:{offset} {}",
                topic_id.0,
                words(codec, &event.0)
            )]
        }
        ServerFrame::Gap { topic_id, gap } => {
            vec![format!(
                "#{}:gap {}-{} {} {}",
                topic_id.0,
                gap.from,
                gap.to,
                gap.count,
                cause(gap.cause)
            )]
        }
        ServerFrame::Joined {
            topic_id,
            count,
            member,
        } => {
            vec![format!(
                "#{}:joined {} on {}, {count} here",
                topic_id.0, member.user.id.0, member.connections
            )]
        }
        ServerFrame::Left {
            topic_id,
            count,
            user,
        } => vec![format!("#{}:left {}, {count} here", topic_id.0, user.0)],
        other => panic!("the hub of this test sends no {other:?}"),
    }
}

/// The offsets among what was told of topic 1.
fn offsets(told: &[String]) -> Vec<Offset> {
    let offset = |line: &String| line.strip_prefix("#1:")?.split(' ').next()?.parse().ok();
    told.iter().filter_map(offset).collect()
}
