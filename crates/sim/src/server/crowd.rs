//! The crowd: many users without a simulated client, whose commands press on the logs.
//!
//! Some commands are sent again long after they were taken, when hundreds of other users' commands
//! stand between. The ledger finds each one that is taken a second time. One user of the crowd is so
//! busy that its window of message ids is full and ids are removed from the disk.

use std::collections::VecDeque;

use trunkline_hub::PublishKey;
use trunkline_protocol::{MessageId, SenderId, UserId};

use super::Server;
use super::disk::Write;
use crate::checker::CROWD;
use crate::event::Event;
use crate::setting::Setting;

/// The most commands of a topic that may be sent again.
const SENT_MAX: usize = 400;

/// Number of commands in a thousand that are sent again.
const RETRIES: u64 = 150;

/// Number of new commands in a thousand that the busy user sends, who sends none of them again.
const OF_BUSY: u64 = 500;

/// The commands that the crowd has sent.
#[derive(Debug)]
pub(super) struct Crowd {
    counter: u32,
    /// Of each topic, the newest ones.
    sent: Vec<VecDeque<Event>>,
}

impl Crowd {
    pub(super) fn new(topics: usize) -> Self {
        Self {
            counter: 0,
            sent: vec![VecDeque::new(); topics],
        }
    }

    /// The next command to a topic: a new one that makes `event`, or one that was sent before.
    fn next(&mut self, setting: &mut Setting, topic: usize, mut event: Event) -> Event {
        let sent = &mut self.sent[topic];
        if !sent.is_empty() && setting.random.chance(RETRIES) {
            let place = setting.random.below(sent.len() as u64) as usize;
            return sent[place].clone();
        }
        self.counter += 1;
        let is_busy = setting.random.chance(OF_BUSY);
        event.author = CROWD;
        if !is_busy {
            event.author += 1 + setting.random.below(setting.plan.crowd);
        }
        event.sender = event.author;
        event.counter = self.counter;
        if is_busy {
            return event;
        }
        sent.push_back(event.clone());
        if sent.len() > SENT_MAX {
            sent.pop_front();
        }
        event
    }
}

impl Server {
    /// A user of the crowd sends a command to a log.
    pub(super) fn press(&mut self, setting: &mut Setting, topic: usize, event: Event) {
        let event = self.crowd.next(setting, topic, event);
        let key = PublishKey {
            user: UserId(event.author),
            message_id: MessageId {
                sender: SenderId::from_random(event.sender),
                counter: event.counter,
            },
        };
        let write = Write {
            topic,
            event,
            key: Some(key),
            asked: None,
        };
        self.write(setting, write);
    }
}
