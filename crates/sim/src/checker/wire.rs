//! The wire: what went over one client's line. Of a server that delivers what it should, the wire
//! itself is flawless: self-healing would otherwise hide its faults.

use std::collections::BTreeMap;

use trunkline_protocol::frame::{Head, Start, Subscribe};
use trunkline_protocol::{
    ClientFrame, Codec, Gap, GapCause, Position, Publication, RequestId, ServerFrame, TopicId,
};

use super::{Ledger, Verdict, Violation, ensure};
use crate::event::Event;
use crate::network::LinkId;

#[derive(Clone, Copy, Debug)]
enum Asked {
    Subscribe { topic: usize, start: Start },
    Unsubscribe,
    History { topic: usize },
    Refresh,
    Other,
}

/// What the server said about where a subscription starts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub(crate) position: Position,
    pub(crate) start: Start,
    /// How many offsets the page that comes with it leaves out, since it holds only the latest
    /// values.
    pub(crate) unkept: u64,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    topic: usize,
    last: Position,
    /// The epoch ended: nothing comes before the reader asks again.
    over: bool,
}

/// One client's line.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    link: LinkId,
    asked: BTreeMap<RequestId, Asked>,
    live: BTreeMap<TopicId, Live>,
    /// How many wishes to leave a topic are under way.
    leaving: BTreeMap<usize, u32>,
    /// The newest confirmation, for the reader that is told of it next.
    pub(crate) base: Option<Base>,
}

impl Wire {
    pub(crate) fn new(link: LinkId) -> Self {
        Self {
            link,
            ..Self::default()
        }
    }

    pub(crate) fn sent(
        &mut self,
        link: LinkId,
        frame: &ClientFrame,
        honest: bool,
        ledger: &Ledger,
    ) -> Verdict {
        ensure("frames go to the open line", link == self.link, || {
            format!("{frame:?} went to {link}")
        })?;
        match frame {
            ClientFrame::Connect { subscriptions, .. } => subscriptions
                .iter()
                .try_for_each(|subscribe| self.ask(subscribe, honest, ledger)),
            ClientFrame::Subscribe(subscribe) => self.ask(subscribe, honest, ledger),
            ClientFrame::Unsubscribe { id, topic } => {
                if let Some(topic) = ledger.topic_named(topic) {
                    *self.leaving.entry(topic).or_default() += 1;
                }
                self.ask_as(*id, Asked::Unsubscribe)
            }
            ClientFrame::History { id, topic, .. } => match ledger.topic_named(topic) {
                Some(topic) => self.ask_as(*id, Asked::History { topic }),
                None => Ok(()),
            },
            ClientFrame::Publish { id, .. }
            | ClientFrame::Call { id, .. }
            | ClientFrame::Presence { id, .. } => self.ask_as(*id, Asked::Other),
            ClientFrame::Refresh { id, .. } => self.ask_as(*id, Asked::Refresh),
            ClientFrame::Cancel { .. } | ClientFrame::Pong | ClientFrame::Probe { .. } => Ok(()),
        }
    }

    fn ask(&mut self, subscribe: &Subscribe, honest: bool, ledger: &Ledger) -> Verdict {
        let Some(topic) = ledger.topic_named(&subscribe.topic) else {
            return Ok(());
        };
        let mut live = self.live.values();
        let again = live.any(|live| live.topic == topic && !live.over)
            && self.leaving.get(&topic).is_none_or(|count| *count == 0);
        ensure("no work without a cause", !(honest && again), || {
            format!("topic {topic} was asked for again on line {}", self.link)
        })?;
        self.ask_as(
            subscribe.id,
            Asked::Subscribe {
                topic,
                start: subscribe.start,
            },
        )
    }

    fn ask_as(&mut self, id: RequestId, asked: Asked) -> Verdict {
        let before = self.asked.insert(id, asked);
        ensure("a request has its own id", before.is_none(), || {
            format!("request {id} still waits on the line")
        })
    }

    pub(crate) fn received(
        &mut self,
        link: LinkId,
        frame: &ServerFrame,
        codec: Codec,
        honest: bool,
        ledger: &Ledger,
    ) -> Verdict {
        ensure("frames come from the open line", link == self.link, || {
            format!("a frame of line {link}")
        })?;
        match frame {
            ServerFrame::Subscribed {
                topic_id,
                publications,
                ..
            } => {
                self.subscribed(frame)?;
                let mut page = publications.iter();
                page.try_for_each(|it| self.publication(*topic_id, it, codec, honest, ledger))
            }
            ServerFrame::Unsubscribed { id, topic_id } => {
                if let Some(live) = self.live.remove(topic_id) {
                    let leaving = self.leaving.entry(live.topic).or_default();
                    *leaving = leaving.saturating_sub(1);
                }
                self.answer(*id).map(drop)
            }
            ServerFrame::History {
                id,
                epoch,
                publications,
                ..
            } => {
                let Asked::History { topic } = self.answer(*id)? else {
                    return Err(Violation::new(
                        "an answer fits its request",
                        format!("{frame:?}"),
                    ));
                };
                publications.iter().try_for_each(|it| {
                    let position = Position {
                        epoch: *epoch,
                        offset: it.offset,
                    };
                    same_bytes(topic, position, codec, it.event.as_bytes(), ledger)
                })
            }
            ServerFrame::Published { id, .. }
            | ServerFrame::Refused { id, .. }
            | ServerFrame::Returned { id, .. }
            | ServerFrame::Present { id, .. }
            | ServerFrame::Refreshed { id, .. } => self.answer(*id).map(drop),
            // What was held back may come after the end of its subscription.
            ServerFrame::Publication { topic_id, .. } | ServerFrame::Gap { topic_id, .. }
                if !honest && !self.live.contains_key(topic_id) =>
            {
                Ok(())
            }
            ServerFrame::Publication {
                topic_id,
                offset,
                step,
                event,
            } => {
                let publication = Publication {
                    offset: *offset,
                    step: *step,
                    event: event.0.clone(),
                };
                self.publication(*topic_id, &publication, codec, honest, ledger)
            }
            ServerFrame::Gap { topic_id, gap } => self.gap(*topic_id, *gap, ledger),
            ServerFrame::Joined { topic_id, .. } | ServerFrame::Left { topic_id, .. } => {
                self.live(*topic_id, "presence").map(drop)
            }
            ServerFrame::Ping { heads } if honest => {
                heads.iter().try_for_each(|head| self.head(*head))
            }
            ServerFrame::Ping { .. }
            | ServerFrame::Connected { .. }
            | ServerFrame::Probed { .. }
            | ServerFrame::Drain { .. }
            | ServerFrame::Disconnect { .. } => Ok(()),
        }
    }

    fn subscribed(&mut self, frame: &ServerFrame) -> Verdict {
        let ServerFrame::Subscribed {
            id,
            topic_id,
            position,
            head,
            publications,
            ..
        } = frame
        else {
            return Ok(());
        };
        let Asked::Subscribe { topic, start } = self.answer(*id)? else {
            return Err(Violation::new(
                "an answer fits its request",
                format!("{frame:?}"),
            ));
        };
        let last = *position;
        let reached = publications.last().map_or(last.offset, |it| it.offset);
        let unkept = reached.saturating_sub(last.offset + publications.len() as u64);
        self.base = Some(Base {
            position: last,
            start,
            unkept,
        });
        let over = false;
        self.live.insert(*topic_id, Live { topic, last, over });
        ensure("a head is no wish", *head >= last.offset, || {
            format!("{head} before {last:?}")
        })
    }

    fn head(&self, head: Head) -> Verdict {
        let last = self.live(head.topic_id, "a head")?.last;
        let queued = head.offset <= last.offset;
        ensure("a head follows its publications", queued, || {
            format!("head {} was told when {last:?} had been sent", head.offset)
        })
    }

    /// Every request that was sent has been answered. A token may be under way at any time.
    pub(crate) fn check_answered(&self) -> Verdict {
        let answered = self
            .asked
            .values()
            .all(|asked| matches!(asked, Asked::Refresh));
        ensure("every request on the line is answered", answered, || {
            format!("{:?} wait", self.asked)
        })
    }

    fn publication(
        &mut self,
        topic_id: TopicId,
        publication: &Publication,
        codec: Codec,
        honest: bool,
        ledger: &Ledger,
    ) -> Verdict {
        let Live { topic, last, over } = *self.live(topic_id, "a publication")?;
        ensure(
            "nothing after the end of an epoch",
            !(honest && over),
            || {
                format!(
                    "topic {topic}: {} on line {}",
                    publication.offset, self.link
                )
            },
        )?;
        let (offset, step) = (publication.offset, u64::from(publication.step));
        let position = Position {
            epoch: last.epoch,
            offset,
        };
        same_bytes(topic, position, codec, publication.event.as_bytes(), ledger)?;
        if honest {
            ensure("the wire repeats nothing", offset > last.offset, || {
                format!(
                    "topic {topic}: {offset} after {} on line {}",
                    last.offset, self.link
                )
            })?;
            let follows =
                !ledger.delivery(topic).is_log() || offset.checked_sub(step) == Some(last.offset);
            ensure("the wire has no hole", follows, || {
                format!(
                    "topic {topic}: {offset} after {} on line {}",
                    last.offset, self.link
                )
            })?;
        }
        self.live.insert(
            topic_id,
            Live {
                topic,
                last: position,
                over,
            },
        );
        Ok(())
    }

    fn gap(&mut self, topic_id: TopicId, gap: Gap, ledger: &Ledger) -> Verdict {
        let mut live = *self.live(topic_id, "a gap")?;
        if gap.cause == GapCause::Epoch {
            live.over = true;
            self.live.insert(topic_id, live);
            return Ok(());
        }
        if ledger.delivery(live.topic).is_log() {
            let last = Position {
                offset: gap.to,
                ..live.last
            };
            self.live.insert(topic_id, Live { last, ..live });
        }
        Ok(())
    }

    fn live(&self, topic_id: TopicId, what: &str) -> Result<&Live, Violation> {
        let outside = || {
            let what = format!("{what} of topic id {} on line {}", topic_id.0, self.link);
            Violation::new("nothing before the confirmation or after the end", what)
        };
        self.live.get(&topic_id).ok_or_else(outside)
    }

    fn answer(&mut self, id: RequestId) -> Result<Asked, Violation> {
        let nothing = || {
            let what = format!("request {id} does not wait on line {}", self.link);
            Violation::new("every request on the line is answered once", what)
        };
        self.asked.remove(&id).ok_or_else(nothing)
    }
}

/// A position names the same event for everybody, for ever.
pub(super) fn same_bytes(
    topic: usize,
    position: Position,
    codec: Codec,
    bytes: &[u8],
    ledger: &Ledger,
) -> Verdict {
    let event = Event::read(codec, bytes);
    ensure(
        "one position, one event",
        event.is_some() && event.as_ref() == ledger.event(topic, position),
        || format!("topic {topic}, {position:?}: {event:?} is not what the log was given"),
    )
}
