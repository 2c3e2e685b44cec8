//! A speaker: one connection that keeps commands under way, in rooms of its own.
//!
//! Since nobody else speaks there, the offset of every message is known beforehand: one that is
//! lost, doubled or out of order is noticed with its acknowledgement, or when the room is read.

use std::collections::VecDeque;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use tokio::task::JoinSet;
use trunkline_protocol::frame::TopicText;
use trunkline_protocol::{Offset, Position, RequestId, ServerFrame};

use crate::message::{Origin, Texts, origin_of};
use crate::peer::{Peer, Ticket, topic};

/// How many commands a speaker keeps under way.
pub(crate) const UNDER_WAY: usize = 16;

/// How many messages a room keeps.
const KEPT_MAX: u64 = 1000;

/// When a speaker stops.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// At this moment.
    Moment(Instant),
    /// When it has said so many things, ever.
    Said(u32),
}

/// A connection with rooms of its own, which it fills one after the other.
pub(crate) struct Speaker {
    peer: Peer,
    texts: Texts,
    rooms: Rooms,
    under_way: VecDeque<(RequestId, u32)>,
    said: u32,
    last: Option<Position>,
}

/// The rooms of a speaker, and what must be in them.
#[derive(Clone, Debug)]
pub(crate) struct Rooms {
    speaker: u32,
    topics: Vec<TopicText>,
    each: u32,
}

impl Rooms {
    /// So many rooms for a speaker, with at most so many messages in each.
    pub(crate) fn new(speaker: u32, count: usize, each: u32) -> Self {
        let name = |room| topic(&format!("bench-{speaker}-{room}"));
        Self {
            speaker,
            topics: (0..count).map(name).collect(),
            each,
        }
    }

    /// One room for a speaker, with any number of messages.
    pub(crate) fn one(speaker: u32) -> Self {
        Self::new(speaker, 1, u32::MAX)
    }

    /// The topics.
    pub(crate) fn topics(&self) -> &[TopicText] {
        &self.topics
    }

    /// The room of a message, and its offset there.
    fn place(&self, number: u32) -> (usize, Offset) {
        let room = (number / self.each) as usize;
        (room, Offset::from(number % self.each) + 1)
    }

    /// What stands at an offset of a room.
    pub(crate) fn origin(&self, room: usize, offset: Offset) -> Origin {
        Origin {
            speaker: self.speaker,
            number: room as u32 * self.each + (offset as u32 - 1),
        }
    }

    /// Reads what is kept of a room, and checks that it is what was said. Returns how many
    /// messages that is.
    pub(crate) async fn check(&self, peer: &mut Peer, room: usize, said: u32) -> Result<u64> {
        let before = room as u32 * self.each;
        let head = u64::from(said.saturating_sub(before).min(self.each));
        let from = head.saturating_sub(KEPT_MAX);
        let mut last = from;
        while last < head {
            let page = peer.history(&self.topics[room], last).await?;
            ensure!(!page.is_empty(), "{last} of {head} messages are there");
            for publication in page {
                last += 1;
                ensure!(
                    publication.offset == last && last <= head,
                    "offset {} in place of {last} of {head}",
                    publication.offset
                );
                let (is, should) = (origin_of(&publication.event)?, self.origin(room, last));
                ensure!(is == should, "at {last} is {is:?} in place of {should:?}");
            }
        }
        Ok(head - from)
    }
}

impl Speaker {
    /// Connects.
    pub(crate) async fn connect(ticket: &Ticket, rooms: Rooms) -> Result<Self> {
        let peer = Peer::connect(ticket, Vec::new()).await?;
        Ok(Self {
            texts: Texts::of(peer.user())?,
            peer,
            rooms,
            under_way: VecDeque::new(),
            said: 0,
            last: None,
        })
    }

    /// Its rooms.
    pub(crate) fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// How many messages it has said, ever.
    pub(crate) fn said(&self) -> u32 {
        self.said
    }

    /// Where its last message stands.
    pub(crate) fn last(&self) -> Option<Position> {
        self.last
    }

    /// Speaks, and waits until everything is acknowledged.
    pub(crate) async fn speak(&mut self, until: Until) -> Result<()> {
        loop {
            let more = match until {
                Until::Moment(moment) => Instant::now() < moment,
                Until::Said(count) => self.said < count,
            };
            if more && self.under_way.len() < UNDER_WAY {
                self.say().await?;
            } else if self.under_way.is_empty() {
                return Ok(());
            } else {
                self.hear().await?;
            }
        }
    }

    async fn say(&mut self) -> Result<()> {
        let number = self.said;
        let (room, _) = self.rooms.place(number);
        let text = self.texts.write(Origin {
            speaker: self.rooms.speaker,
            number,
        });
        let id = self.peer.say(&self.rooms.topics[room], text).await?;
        self.under_way.push_back((id, number));
        self.said += 1;
        Ok(())
    }

    async fn hear(&mut self) -> Result<()> {
        let frame = self.peer.receive().await?;
        let ServerFrame::Published {
            id,
            position,
            duplicate,
        } = frame
        else {
            bail!("expected Published, got {frame:?}");
        };
        let (request, number) = self.under_way.pop_front().context("one answer too many")?;
        let (_, offset) = self.rooms.place(number);
        ensure!(
            id == request && position.offset == offset && !duplicate,
            "message {number} should stand at {offset}: {frame:?}"
        );
        self.last = Some(position);
        Ok(())
    }
}

/// Lets all speak at once, until everything is acknowledged.
pub(crate) async fn speak_all(speakers: Vec<Speaker>, until: Until) -> Result<Vec<Speaker>> {
    let mut speaking = JoinSet::new();
    for mut speaker in speakers {
        speaking.spawn(async move { speaker.speak(until).await.map(|()| speaker) });
    }
    let mut speakers = Vec::new();
    while let Some(speaker) = speaking.join_next().await {
        speakers.push(speaker??);
    }
    Ok(speakers)
}

/// Connects so many speakers, each with the rooms that it is given.
pub(crate) async fn connect_all(
    ticket: &Ticket,
    count: u32,
    rooms: impl Fn(u32) -> Rooms,
) -> Result<Vec<Speaker>> {
    let mut speakers = Vec::new();
    for speaker in 0..count {
        speakers.push(Speaker::connect(ticket, rooms(speaker)).await?);
    }
    Ok(speakers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_expected_where_it_is_said() {
        let rooms = Rooms::new(7, 3, 10);
        for number in 0..30 {
            let (room, offset) = rooms.place(number);
            let origin = Origin { speaker: 7, number };
            assert_eq!(rooms.origin(room, offset), origin);
        }
        assert_eq!(rooms.place(11), (1, 2));
    }
}
