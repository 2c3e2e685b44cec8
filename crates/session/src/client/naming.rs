//! Which topic a server's frame is about, for those who look at frames as they travel.

use trunkline_protocol::{ServerFrame, TopicName};

use super::ClientSession;
use super::requests::Waiting;

impl ClientSession {
    /// The topic that `frame` is about, as far as this session knows it by a number. Ask before
    /// the frame is handled: an answer's request is forgotten then.
    pub fn topic_of(&self, frame: &ServerFrame) -> Option<&TopicName> {
        match frame {
            ServerFrame::Publication { topic_id, .. }
            | ServerFrame::Gap { topic_id, .. }
            | ServerFrame::Joined { topic_id, .. }
            | ServerFrame::Left { topic_id, .. }
            | ServerFrame::Unsubscribed { topic_id, .. } => {
                let number = self.named(*topic_id)?;
                Some(&self.subscriptions.get(&number)?.wanted.topic)
            }
            ServerFrame::Subscribed { id, .. }
            | ServerFrame::Published { id, .. }
            | ServerFrame::Refused { id, .. } => match self.waiting.get(id)? {
                Waiting::Subscribe(number) => Some(&self.subscriptions.get(number)?.wanted.topic),
                Waiting::Publish(command) => Some(&self.command(*command)?.topic),
                Waiting::Unsubscribe
                | Waiting::Call { .. }
                | Waiting::History { .. }
                | Waiting::Refresh
                | Waiting::Token => None,
            },
            ServerFrame::Connected { .. }
            | ServerFrame::Returned { .. }
            | ServerFrame::History { .. }
            | ServerFrame::Present { .. }
            | ServerFrame::Refreshed { .. }
            | ServerFrame::Ping { .. }
            | ServerFrame::Probed { .. }
            | ServerFrame::Drain { .. }
            | ServerFrame::Disconnect { .. } => None,
        }
    }
}
