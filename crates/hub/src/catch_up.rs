//! Catching up: readers that are behind are fed from history, in turns and at their own pace.

use trunkline_protocol::frame::{Head, SUBSCRIPTIONS_MAX};
use trunkline_protocol::{
    Delivery, Epoch, Gap, GapCause, List, Offset, ServerFrame, TopicId, TopicName,
};

use crate::announce::end_epoch;
use crate::fan_out::{publications_in, say_skipped};
use crate::hub::{ConnectionId, Hub};
use crate::log::Page;
use crate::outbox::Outbox;
use crate::state::{Dirty, Encoder, Flow, Topic};

/// A subscription that is to be fed from history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUp {
    /// Its topic.
    pub topic: TopicName,
    /// What the topic is called on the wire.
    pub topic_id: TopicId,
    /// The last offset that the reader was given.
    pub after: Offset,
}

impl Hub {
    /// Tells whether a subscription of a connection may be behind. False as long as there is
    /// nothing to read from history for it.
    pub fn lags(&self, connection: ConnectionId) -> bool {
        self.connection(connection).is_some_and(|it| it.lags)
    }

    /// The next subscription of a connection to feed from history, while there is room for it.
    /// Those that are behind take turns. Values are not read before the last ones are sent: the
    /// later they are read, the newer they are.
    pub fn catching_up(&mut self, connection: ConnectionId) -> Option<CatchUp> {
        let len_max = self.config.outbox_len_max;
        let state = self.connection_mut(connection)?;
        if !state.lags || state.outbox.len() > len_max / 2 {
            return None;
        }
        let (mut lags, mut next) = (false, None);
        for (topic_id, subscription) in state.subscriptions.around(state.fed_last) {
            let Flow::Behind { after } = subscription.flow else {
                continue;
            };
            lags = true;
            if state.outbox.has_sent(subscription.values_end) {
                next = Some((topic_id, after));
                break;
            }
        }
        state.lags = lags;
        let (topic_id, after) = next?;
        let topic = self.topics.get(&topic_id)?.name.clone();
        Some(CatchUp {
            topic,
            topic_id,
            after,
        })
    }

    /// The heads of a connection's log topics that moved since it was last told. Only those whose
    /// publications are all queued, so that a reader who sees a higher head has lost something.
    /// What gave way is said, too, since nothing else may come for long.
    pub fn heads(&mut self, connection: ConnectionId) -> List<Head, SUBSCRIPTIONS_MAX> {
        let len_max = self.config.outbox_len_max;
        let Some(state) = self.connection(connection) else {
            return List::default();
        };
        let ids: Vec<TopicId> = state.subscriptions.topics().collect();
        let mut heads = Vec::new();
        for topic_id in ids {
            let Some((topic, state)) = self.both_mut(topic_id, connection) else {
                continue;
            };
            let Some(subscription) = state.subscriptions.get_mut(topic_id) else {
                continue;
            };
            let head = topic.fanned_out.max(subscription.given);
            let live = topic.kind.delivery.is_log() && subscription.flow == Flow::Live;
            if live && head > subscription.head_told {
                subscription.head_told = head;
                heads.push(Head {
                    topic_id,
                    offset: head,
                });
            }
            if state.outbox.len() < len_max {
                say_skipped(state.encoder, &mut state.outbox, subscription, topic_id);
            }
        }
        List::cut(heads)
    }

    /// Feeds a subscription that is behind with the page of history that was read for it. It
    /// rejoins live fan-out when it has reached the head.
    ///
    /// It goes by the topic's name, and drops a page that was read after another offset than the
    /// reader's: while history was read, the subscription may have ended or started anew. `epoch` is
    /// that of the page: if the reader's is another one, the reader is told so and asks again.
    pub fn feed(&mut self, id: ConnectionId, read_for: &CatchUp, epoch: Epoch, page: &Page) {
        let Some(topic_id) = self.topic_id_of(id, &read_for.topic) else {
            return;
        };
        let len_max = self.config.outbox_len_max;
        let Some((topic, connection)) = self.both_mut(topic_id, id) else {
            return;
        };
        let Some(subscription) = connection.subscriptions.get_mut(topic_id) else {
            return;
        };
        let Flow::Behind { after } = subscription.flow else {
            return;
        };
        connection.fed_last = topic_id;
        if after != read_for.after {
            // Even an empty page would say too much: that nothing follows what this reader has.
            return self.touch(id, Dirty::Events);
        }
        if subscription.epoch != Some(epoch) {
            let outbox = &mut connection.outbox;
            end_epoch(connection.encoder, outbox, subscription, topic_id);
            return self.touch(id, Dirty::Events);
        }
        topic.head = topic.head.max(page.head);
        let is_run = matches!(topic.kind.delivery, Delivery::Keyframed { .. });
        if is_run {
            let outbox = &mut connection.outbox;
            say_skipped(connection.encoder, outbox, subscription, topic_id);
        }
        let mut feeding = Feeding {
            topic_id,
            encoder: connection.encoder,
            outbox: &mut connection.outbox,
            is_run,
            last: after,
        };
        let follows = match topic.kind.delivery {
            // A log that lost what the reader misses says so; what is left follows the gap.
            Delivery::Log { .. } => {
                feeding.say_lost(page.first, GapCause::Retention);
                page.publications
                    .first()
                    .is_none_or(|it| it.offset <= feeding.last + u64::from(it.step))
            }
            // Another run has begun meanwhile.
            Delivery::Keyframed { .. } => {
                feeding.say_lost(page.first, GapCause::Slow);
                true
            }
            Delivery::Latest { .. } | Delivery::Volatile => true,
        };
        if follows {
            // Logs have room longer, as in fan-out.
            feeding.push_page(page, topic, if is_run { len_max / 2 } else { len_max });
            // A page that brings nothing would be asked for for ever, unless it is an old one. The
            // heads of the next heartbeat tell the reader if something is missing.
            let old = (after..topic.head).contains(&page.head);
            let done = feeding.last >= topic.head || (feeding.last == after && !old);
            subscription.given = feeding.last;
            // A run that became too long is not kept: what follows is of no use without its begin.
            let lost = is_run && page.first > page.head;
            subscription.flow = if done {
                if matches!(topic.kind.delivery, Delivery::Latest { .. }) {
                    subscription.values_end = feeding.outbox.end();
                }
                if lost {
                    Flow::AwaitingKeyframe
                } else {
                    Flow::Live
                }
            } else {
                Flow::Behind {
                    after: feeding.last,
                }
            };
        }
        self.touch(id, Dirty::Events);
    }
}

/// A page of history on its way into one outbox.
struct Feeding<'a> {
    topic_id: TopicId,
    encoder: Encoder,
    outbox: &'a mut Outbox,
    /// What is fed can be overtaken.
    is_run: bool,
    /// The last offset that the reader has been given.
    last: Offset,
}

impl Feeding<'_> {
    /// What is kept begins after what the reader lacks.
    fn say_lost(&mut self, first: Offset, cause: GapCause) {
        if first > self.last + 1 {
            let (from, to) = (self.last + 1, first - 1);
            self.say(Gap {
                from,
                to,
                count: to - self.last,
                cause,
            });
            self.last = to;
        }
    }

    /// Queues what the reader does not have, while there is room.
    fn push_page(&mut self, page: &Page, topic: &Topic, len_max: usize) {
        let (before, mut given) = (self.last, 0);
        for publication in
            publications_in(self.encoder.codec, &page.publications, topic.kind.to_json)
        {
            if given > 0 && self.outbox.len() >= len_max {
                break;
            }
            if publication.offset > self.last {
                self.last = publication.offset;
                given += 1;
                let frame = ServerFrame::of_publication(self.topic_id, publication);
                self.push(&frame);
            }
        }
        // The values that are not kept were overtaken. It is said after those that are, since a
        // reader takes nothing of a gap.
        let missing = self.last - before - given;
        if missing > 0 && matches!(topic.kind.delivery, Delivery::Latest { .. }) {
            let (from, to) = (before + 1, self.last - 1);
            self.say(Gap {
                from,
                to,
                count: missing,
                cause: GapCause::Conflated,
            });
        }
    }

    fn say(&mut self, gap: Gap) {
        let topic_id = self.topic_id;
        self.push(&ServerFrame::Gap { topic_id, gap });
    }

    fn push(&mut self, frame: &ServerFrame) {
        let bytes = self.encoder.encode(frame);
        if self.is_run {
            self.outbox.push_stream(self.topic_id, bytes);
        } else {
            self.outbox.push(bytes);
        }
    }
}
