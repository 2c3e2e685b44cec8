//! Gathering: when a long poll has something to tell.
//!
//! A poll is a conversation that ends with the first news. It has been answered when each
//! subscription that it asked for was, and it has news when there is more in it than that.

use trunkline_protocol::ServerFrame;

/// What a long poll has gathered so far.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// Subscriptions that have no answer yet.
    unanswered: usize,
    connected: bool,
    news: bool,
    ended: bool,
}

impl Gathering {
    /// Nothing, for a poll that asks for so many subscriptions.
    pub fn new(subscriptions: usize) -> Self {
        Self {
            unanswered: subscriptions,
            connected: false,
            news: false,
            ended: false,
        }
    }

    /// Tells whether everything that was asked for is answered, or nothing more will be.
    pub fn is_answered(&self) -> bool {
        self.ended || (self.connected && self.unanswered == 0)
    }

    /// Tells whether it is time to reply: it is answered, and there is news. Without any
    /// subscription only an end is news.
    pub fn is_enough(&self) -> bool {
        self.is_answered() && (self.news || self.ended)
    }

    /// A frame is in the reply.
    pub fn handle_frame(&mut self, frame: &ServerFrame) {
        match frame {
            ServerFrame::Connected { .. } => self.connected = true,
            ServerFrame::Subscribed {
                gap, publications, ..
            } => {
                self.unanswered = self.unanswered.saturating_sub(1);
                self.news |= gap.is_some() || !publications.is_empty();
            }
            // Also the refusal of a subscription: the client has to know.
            ServerFrame::Refused { .. } => {
                self.unanswered = self.unanswered.saturating_sub(1);
                self.news = true;
            }
            ServerFrame::Publication { .. }
            | ServerFrame::Gap { .. }
            | ServerFrame::Joined { .. }
            | ServerFrame::Left { .. } => self.news = true,
            ServerFrame::Disconnect { .. } => self.ended = true,
            // What only says that the line lives is no news, nor is what comes before an end.
            ServerFrame::Ping { .. } | ServerFrame::Drain { .. } => {}
            // Answers to what a poll cannot ask.
            ServerFrame::Unsubscribed { .. }
            | ServerFrame::Published { .. }
            | ServerFrame::Returned { .. }
            | ServerFrame::History { .. }
            | ServerFrame::Present { .. }
            | ServerFrame::Refreshed { .. }
            | ServerFrame::Probed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::frame::Limits;
    use trunkline_protocol::{
        Epoch, Error, ErrorCode, Gap, GapCause, List, Payload, Position, Publication, Text,
        TopicId, User, UserId,
    };

    use super::*;

    fn connected() -> ServerFrame {
        ServerFrame::Connected {
            session: 1,
            user: User {
                id: UserId(1),
                name: Text::cut("ada"),
            },
            ping_interval_ms: 10_000,
            token_ttl_ms: 10_000,
            limits: Limits {
                frame_len_max: 1,
                subscriptions_max: 1,
                requests_max: 1,
            },
        }
    }

    fn subscribed(publications: usize, gap: Option<Gap>) -> ServerFrame {
        let publication = Publication {
            offset: 1,
            step: 1,
            event: Payload::default(),
        };
        ServerFrame::Subscribed {
            id: 1,
            topic_id: TopicId(1),
            position: Position {
                epoch: Epoch(1),
                offset: 0,
            },
            recovered: gap.is_none(),
            gap,
            head: 1,
            members: None,
            publications: List::cut(vec![publication; publications]),
        }
    }

    const GAP: Gap = Gap {
        from: 1,
        to: 0,
        count: 0,
        cause: GapCause::Epoch,
    };

    fn refused() -> ServerFrame {
        let error = Error::new(ErrorCode::Forbidden, "");
        ServerFrame::Refused { id: 1, error }
    }

    /// Tells after how many of the frames it is answered, and after how many it is enough.
    fn check(
        subscriptions: usize,
        frames: &[ServerFrame],
        expected: (Option<usize>, Option<usize>),
    ) {
        let mut gathering = Gathering::new(subscriptions);
        let (mut answered, mut enough) = (None, None);
        for (index, frame) in frames.iter().enumerate() {
            gathering.handle_frame(frame);
            answered = answered.or(gathering.is_answered().then_some(index + 1));
            enough = enough.or(gathering.is_enough().then_some(index + 1));
        }
        assert_eq!((answered, enough), expected, "{frames:?}");
    }

    #[test]
    fn a_poll_waits_for_every_answer_and_for_news() {
        let ping = ServerFrame::Ping {
            heads: List::default(),
        };
        let gap = ServerFrame::Gap {
            topic_id: TopicId(1),
            gap: GAP,
        };
        let end = ServerFrame::Disconnect {
            code: 1012,
            reason: Text::default(),
        };
        let quiet = || subscribed(0, None);

        check(1, &[connected(), quiet(), ping], (Some(2), None));
        check(1, &[connected(), quiet(), gap], (Some(2), Some(3)));
        check(1, &[connected(), subscribed(1, None)], (Some(2), Some(2)));
        check(
            1,
            &[connected(), subscribed(0, Some(GAP))],
            (Some(2), Some(2)),
        );
        check(
            2,
            &[connected(), subscribed(1, None), quiet()],
            (Some(3), Some(3)),
        );
        check(2, &[connected(), refused(), quiet()], (Some(3), Some(3)));
        check(0, &[connected()], (Some(1), None));
        check(0, &[connected(), end.clone()], (Some(1), Some(2)));
        check(9, &[end], (Some(1), Some(1)));
    }
}
