//! Subscribing: join, read, confirm, and later feed what is behind, each at its own time.

use trunkline_hub::{Announcement, CatchUp, Kind, Page, Proof, Recovery, publications_in};
use trunkline_protocol::frame::{PAGE_MAX, Range, Start};
use trunkline_protocol::{
    Epoch, Error, ErrorCode, List, Position, RequestId, ServerFrame, TopicId, TopicName, UserId,
};

use super::work::user;
use super::{Server, Work};
use crate::event::to_json;
use crate::network::LinkId;
use crate::setting::Setting;

/// What a client wants of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) id: RequestId,
    pub(super) start: Start,
    pub(super) presence: bool,
    pub(super) max_hz: Option<u16>,
}

/// A subscription that has joined the hub and is not confirmed yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Join {
    link: LinkId,
    id: RequestId,
    topic: usize,
    topic_id: TopicId,
    start: Start,
    presence: bool,
}

/// A read of history.
#[derive(Debug)]
pub(crate) struct Read {
    pub(super) link: LinkId,
    pub(super) id: RequestId,
    pub(super) topic: usize,
    pub(super) range: Range,
    pub(super) limit: u16,
}

impl Server {
    /// Joins the hub, then reads.
    pub(super) fn subscribe(
        &mut self,
        setting: &mut Setting,
        link: LinkId,
        name: &TopicName,
        wish: Wish,
    ) {
        let Wish {
            id,
            start,
            presence,
            max_hz,
        } = wish;
        let joined = self.topic(name).map(|topic| {
            let delivery = self.topics[topic].delivery;
            let paced = max_hz.map_or(Some(delivery), |max_hz| delivery.paced(max_hz));
            let kind = Kind {
                delivery: paced.ok_or(ErrorCode::Invalid)?,
                to_json,
                flush_window: setting.plan.flush_window,
            };
            let joined = self.hub.join(link, name, kind, presence);
            if joined.is_some() {
                self.come(link, name);
            }
            joined
                .map(|joined| (topic, joined))
                .ok_or(ErrorCode::Unavailable)
        });
        match joined.unwrap_or(Err(ErrorCode::UnknownNamespace)) {
            Ok((topic, joined)) => {
                let topic_id = joined.topic_id;
                let join = Join {
                    link,
                    id,
                    topic,
                    topic_id,
                    start,
                    presence,
                };
                let lag = setting.lag_ms();
                self.put_work(setting, lag, Work::Begin(join));
            }
            Err(code) => {
                self.unsubscribe(link, name);
                self.finish(link, |line| {
                    let error = Error::new(code, name);
                    line.session.refuse_subscription(id, name, error);
                });
            }
        }
    }

    /// A connection has joined a topic: its user is present there.
    fn come(&mut self, link: LinkId, topic: &TopicName) {
        if let Some(line) = self.lines.get(&link) {
            let joined = self.people.join(topic, &user(line.user), link);
            self.announce(joined);
        }
    }

    /// Ends a subscription.
    pub(super) fn unsubscribe(&mut self, link: LinkId, topic: &TopicName) -> Option<TopicId> {
        let left = self.hub.unsubscribe(link, topic)?;
        if let Some(line) = self.lines.get(&link) {
            let change = self.people.leave(topic, UserId(line.user), link);
            self.announce(change);
        }
        Some(left)
    }

    pub(super) fn announce(&mut self, announcement: Option<Announcement>) {
        if let Some(announcement) = announcement {
            self.hub.announce(&announcement);
        }
    }

    /// Reads what a subscription starts with, then confirms it.
    pub(super) fn begin(&mut self, setting: &mut Setting, join: Join) {
        let topic = join.topic;
        let now = self.log_time(setting, topic);
        let log = &mut self.topics[topic].log;
        log.expire(now);
        let at_ms = setting.agenda.now_ms();
        let epoch = log.epoch();
        setting.checker.keeps(topic, epoch, log.first(), at_ms);
        let recovery = match join.start {
            Start::After(since) => log.recover(since),
            Start::AfterEvent {
                epoch,
                offset,
                digest,
            } => {
                let recovery = log.recover(Position { epoch, offset });
                let codec = self.lines.get(&join.link).map(|line| line.codec);
                let proof = codec.map(|codec| Proof {
                    digest,
                    codec,
                    to_json,
                });
                match proof {
                    Some(proof) if recovery.contradicts(&proof) => {
                        Recovery::of_another_branch(log.after(0, PAGE_MAX))
                    }
                    Some(_) | None => recovery,
                }
            }
            Start::Newest { count } => {
                let page = log.newest(usize::from(count));
                let first = page.publications.first();
                let after = first.map_or(page.head, |it| it.offset - u64::from(it.step));
                Recovery {
                    gap: None,
                    known: None,
                    after,
                    page,
                }
            }
        };
        let lag = setting.lag_ms();
        self.put_work(setting, lag, Work::Confirm(join, epoch, recovery));
    }

    /// Answers a subscription with what was read.
    pub(super) fn confirm(
        &mut self,
        setting: &mut Setting,
        join: Join,
        epoch: Epoch,
        recovery: Recovery,
    ) {
        let Join {
            link,
            id,
            topic,
            topic_id,
            start,
            presence,
        } = join;
        let Recovery {
            gap, after, page, ..
        } = recovery;
        let topic = &self.topics[topic];
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        line.busy = false;
        if line.session.settle(id) {
            let reached = page.publications.last().map_or(after, |it| it.offset);
            let publications = publications_in(line.codec, &page.publications, to_json);
            let frame = ServerFrame::Subscribed {
                id,
                topic_id,
                position: Position {
                    epoch,
                    offset: after,
                },
                recovered: start.position().is_some() && gap.is_none(),
                gap,
                head: page.head,
                members: presence.then(|| self.people.members(&topic.name)),
                publications: List::cut(publications),
            };
            let confirmed = self
                .hub
                .confirm(link, &topic.name, frame, reached, page.head);
            if confirmed.is_err() {
                self.overflow(link);
            }
        }
        self.pump(setting, link);
    }

    /// Reads for the next subscription of a connection that is behind, one at a time.
    pub(super) fn catch_up(&mut self, setting: &mut Setting, link: LinkId) {
        let Some(line) = self.lines.get_mut(&link).filter(|line| !line.reading) else {
            return;
        };
        let Some(behind) = self.hub.catching_up(link) else {
            return;
        };
        line.reading = true;
        let lag = setting.lag_ms();
        self.put_work(setting, lag, Work::CatchUp { link, behind });
    }

    /// Reads the page that a reader which is behind gets next.
    pub(super) fn read_on(&mut self, setting: &mut Setting, link: LinkId, behind: &CatchUp) {
        if let Some(topic) = self.topic(&behind.topic) {
            let log = &self.topics[topic].log;
            let (epoch, page) = (log.epoch(), log.after(behind.after, setting.plan.page_max));
            let lag = setting.lag_ms();
            let read_for = behind.clone();
            self.put_work(
                setting,
                lag,
                Work::Feed {
                    link,
                    read_for,
                    epoch,
                    page,
                },
            );
        }
    }

    /// Gives a page to a reader that is behind, if it still wants it.
    pub(super) fn feed(
        &mut self,
        setting: &mut Setting,
        link: LinkId,
        read_for: &CatchUp,
        (epoch, page): (Epoch, &Page),
    ) {
        if let Some(line) = self.lines.get_mut(&link) {
            line.reading = false;
            self.hub.feed(link, read_for, epoch, page);
            self.after(setting);
        }
    }

    /// Answers a read of history.
    pub(super) fn answer_history(&mut self, setting: &mut Setting, read: &Read) {
        let (link, id) = (read.link, read.id);
        let (log, limit) = (&self.topics[read.topic].log, usize::from(read.limit));
        let (page, epoch) = match read.range {
            Range::Before { offset } => (log.before(offset, limit), log.epoch()),
            Range::After { offset } => (log.after(offset, limit), log.epoch()),
        };
        self.finish(link, |line| {
            let publications = List::cut(publications_in(line.codec, &page.publications, to_json));
            let (first, head) = (page.first, page.head);
            let frame = ServerFrame::History {
                id,
                epoch,
                first,
                head,
                publications,
            };
            line.session.answer(id, frame);
        });
        self.pump(setting, link);
    }
}
