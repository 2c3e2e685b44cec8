//! Talk: publishes into rooms, sends unanswered messages again, reads histories, and keeps the
//! ledger.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use trunkline_protocol::frame::Range;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ChatEvent, RoomName};
use trunkline_protocol::{ClientFrame, ErrorCode, MessageId, SenderId, ServerFrame, Text, Topic};

use super::chance::Chance;
use super::connection::{CODEC, Connection, sign_in};
use super::ledger::{Ledger, Read};

/// The most publishes that wait for an answer at a time: fewer than a server allows.
const BATCH_MAX: usize = 24;

/// The longest that a working disk may be refused after a fault.
pub(super) const RECOVERY_MAX: Duration = Duration::from_secs(60);

/// A user who talks in several rooms of one data folder.
#[derive(Debug)]
pub struct Talk {
    pub(super) ledger: Ledger,
    pub(super) refused: usize,
    rooms: Vec<RoomName>,
    token: Option<String>,
    sender: SenderId,
    counter: u32,
    /// Messages that were sent and not acknowledged. They are sent again first.
    pending: Vec<Message>,
    /// Letters that are added to each message.
    padding: usize,
}

#[derive(Clone, Debug)]
struct Message {
    room: usize,
    counter: u32,
    text: String,
}

/// Hangul syllables of three bytes each, so mixed that no compression makes a page of them small: a
/// commit is to fill whole pages of the disk.
fn padding(counter: u32, len: usize) -> String {
    let mut chance = Chance::new(counter.into());
    let syllable = |_| char::from_u32(0xAC00 + chance.below(11_172) as u32);
    (0..len).filter_map(syllable).collect()
}

impl Talk {
    /// A user who talks in `rooms` rooms with texts of about `padding` characters.
    pub fn new(rooms: usize, padding: usize, seed: u64) -> Self {
        let name = |number: usize| format!("room-{number}").parse().expect("a room");
        Self {
            ledger: Ledger::default(),
            refused: 0,
            rooms: (0..rooms).map(name).collect(),
            token: None,
            sender: SenderId::from_random(seed),
            counter: 0,
            pending: Vec::new(),
            padding,
        }
    }

    /// Returns the number of rooms.
    pub(super) fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Connects to a server on the same data folder.
    ///
    /// # Errors
    ///
    /// The server is gone, or does not let the user in.
    pub(super) async fn connect(&mut self, address: SocketAddr) -> Result<Connection> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => sign_in(address).await?,
        };
        let connection = Connection::open(address, &token).await?;
        self.token = Some(token);
        Ok(connection)
    }

    /// Publishes `count` messages into all rooms in turn, unanswered ones
    /// first. Returns how many were refused as unavailable.
    ///
    /// # Errors
    ///
    /// The connection has ended, or the server refuses for another reason.
    pub(super) async fn publish(
        &mut self,
        connection: &mut Connection,
        count: usize,
    ) -> Result<usize> {
        let mut refused = 0;
        let mut left = count;
        while left > 0 {
            let batch = left.min(BATCH_MAX);
            left -= batch;
            refused += self.publish_batch(connection, batch).await?;
        }
        self.refused += refused;
        Ok(refused)
    }

    async fn publish_batch(&mut self, connection: &mut Connection, count: usize) -> Result<usize> {
        while self.pending.len() < count {
            self.counter += 1;
            let counter = self.counter;
            self.pending.push(Message {
                room: counter as usize % self.rooms.len(),
                counter,
                text: format!("message {counter} {}", padding(counter, self.padding)),
            });
        }
        let batch: Vec<_> = self.pending[..count].to_vec();
        let mut ids = Vec::new();
        for message in &batch {
            ids.push((connection.id(), message.counter));
            let id = ids[ids.len() - 1].0;
            self.send(connection, id, message).await?;
        }
        let mut refused = 0;
        for _ in 0..count {
            let frame = connection.receive().await?;
            let (ServerFrame::Published { id, .. } | ServerFrame::Refused { id, .. }) = &frame
            else {
                bail!("not an answer to a publish: {frame:?}");
            };
            let (_, counter) = *ids.iter().find(|it| it.0 == *id).context("an id of ours")?;
            let at = self.pending.iter().position(|it| it.counter == counter);
            let at = at.context("an answer for each request")?;
            match frame {
                ServerFrame::Published { position, .. } => {
                    let message = self.pending.remove(at);
                    let topic = self.topic(message.room);
                    self.ledger.acknowledged(&topic, position, &message.text);
                }
                ServerFrame::Refused { error, .. } if error.code == ErrorCode::Unavailable => {
                    refused += 1;
                }
                other => bail!("a publish was answered by {other:?}"),
            }
        }
        Ok(refused)
    }

    async fn send(
        &mut self,
        connection: &mut Connection,
        id: u32,
        message: &Message,
    ) -> Result<()> {
        let text = Text::cut(&message.text);
        let command = CODEC.payload(&ChatCommand::Say { text });
        let topic = self.topic(message.room);
        self.ledger.sent(&topic, &message.text);
        let message_id = MessageId {
            sender: self.sender,
            counter: message.counter,
        };
        connection
            .send(&ClientFrame::Publish {
                id,
                message_id,
                topic: Text::cut(&topic),
                contract: None,
                command: command.context("a short command")?,
            })
            .await
    }

    fn topic(&self, room: usize) -> String {
        Chat::name(&self.rooms[room]).as_str().to_owned()
    }

    /// Publishes until `count` messages in a row are taken.
    ///
    /// # Errors
    ///
    /// The connection has ended, or messages are still refused after [`RECOVERY_MAX`].
    pub(super) async fn publish_until_taken(
        &mut self,
        connection: &mut Connection,
        count: usize,
    ) -> Result<()> {
        let until = Instant::now() + RECOVERY_MAX;
        while self.publish(connection, count).await? > 0 {
            if Instant::now() > until {
                bail!("messages are still refused after {RECOVERY_MAX:?}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Reads every room and compares it with the ledger. Returns how many reads were refused as
    /// unavailable before they were answered.
    ///
    /// # Errors
    ///
    /// The connection has ended, or a room is still refused after [`RECOVERY_MAX`].
    pub(super) async fn check(&mut self, connection: &mut Connection) -> Result<usize> {
        let mut refused = 0;
        for room in 0..self.rooms.len() {
            let topic = self.topic(room);
            let until = Instant::now() + RECOVERY_MAX;
            let read = loop {
                if let Some(read) = read(connection, &topic).await? {
                    break read;
                }
                refused += 1;
                if Instant::now() > until {
                    bail!("{topic} is still refused after {RECOVERY_MAX:?}");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            };
            self.ledger.read(&topic, &read);
        }
        self.refused += refused;
        Ok(refused)
    }

    /// Sends the newest acknowledged message of every room again: it must stand where it stood.
    pub(super) fn repeat_newest(&mut self) {
        for (room, counter, text) in self.newest() {
            self.pending.insert(
                0,
                Message {
                    room,
                    counter,
                    text,
                },
            );
        }
    }

    fn newest(&self) -> Vec<(usize, u32, String)> {
        let all = 0..self.rooms.len();
        let newest = all.filter_map(|room| {
            let text = self.ledger.newest(&self.topic(room))?;
            let counter = text.split(' ').nth(1)?.parse().ok()?;
            Some((room, counter, text.to_owned()))
        });
        let is_new = |it: &(usize, u32, String)| self.pending.iter().all(|has| has.counter != it.1);
        newest.filter(is_new).collect()
    }
}

/// Reads the whole history of a topic. None if it is unavailable for now.
async fn read(connection: &mut Connection, topic: &str) -> Result<Option<Read>> {
    let mut events = Vec::new();
    let mut after = 0;
    let mut reading = None;
    loop {
        let id = connection.id();
        connection
            .send(&ClientFrame::History {
                id,
                topic: Text::cut(topic),
                range: Range::After { offset: after },
                limit: 256,
            })
            .await?;
        match connection.receive().await? {
            ServerFrame::History {
                epoch,
                head,
                publications,
                ..
            } => {
                if reading.replace(epoch).is_some_and(|before| before != epoch) {
                    // Another epoch began between two pages: this is read from its beginning.
                    (after, reading) = (0, None);
                    events.clear();
                    continue;
                }
                for publication in publications.iter() {
                    let event = CODEC.decode(publication.event.as_bytes())?;
                    let ChatEvent::Said { text, .. } = event else {
                        bail!("an event that nobody published: {event:?}");
                    };
                    after = publication.offset;
                    events.push((after, String::from(text)));
                }
                if publications.is_empty() || after >= head {
                    return Ok(Some(Read {
                        epoch,
                        head,
                        events,
                    }));
                }
            }
            ServerFrame::Refused { error, .. } if error.code == ErrorCode::Unavailable => {
                return Ok(None);
            }
            other => bail!("a history was answered by {other:?}"),
        }
    }
}
