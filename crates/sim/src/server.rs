//! The simulated server: a session per connection, one hub, one log per topic, and a broker that
//! takes its time.
//!
//! It does what the real one does, in the same order: join, read the log, confirm, feed what is
//! behind, let the transport take. Between any two of these, time may pass and others may publish.

use std::collections::{BTreeMap, VecDeque};

use trunkline_hub::hub::OutboxOverflow;
use trunkline_hub::{Hub, IdLimits, Log, People};
use trunkline_protocol::{
    ClientFrame, Codec, Delivery, DisconnectReason, Epoch, Moment, Position, ServerFrame,
    TopicName, UserId,
};
use trunkline_session::{Close, ServerEvent, ServerSession, Way};

use crate::agenda::Happening;
use crate::framing;
use crate::network::{LinkId, Packet, Side};
use crate::plan::Hostility;
use crate::setting::Setting;

mod crowd;
mod disk;
mod lossy;
mod publishing;
mod requests;
mod subscribing;
mod work;
mod writing;

pub(crate) use disk::stops_the_server;
pub(crate) use work::{Work, token};

use crowd::Crowd;
use disk::Disk;
use lossy::Lossy;

/// A user's window is so small that users of the crowd together fill it many times over, and larger
/// than the commands of one user between a command and its retry.
const ID_LIMITS: IdLimits = IdLimits {
    of_user: 128,
    ..IdLimits::PROMISED
};

#[derive(Debug)]
struct Topic {
    name: TopicName,
    delivery: Delivery,
    log: Log,
    /// Fan-out keeps the order of offsets, so nothing is fanned out before this.
    fan_out_at: u64,
}

#[derive(Debug)]
struct Line {
    session: ServerSession,
    codec: Codec,
    user: u64,
    /// Requests that wait for their turn: they are carried out one after the other.
    turns: VecDeque<ServerEvent>,
    /// A request is being carried out.
    busy: bool,
    /// A page of history is being read.
    reading: bool,
    write_at: u64,
    writable_at: Option<u64>,
    timer: Option<Moment>,
    lossy: Lossy,
}

/// The server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) up: bool,
    incarnation: u32,
    hub: Hub,
    people: People,
    topics: Vec<Topic>,
    disk: Disk,
    crowd: Crowd,
    lines: BTreeMap<LinkId, Line>,
    hub_timer: Option<Moment>,
    sourced: u32,
    /// How many lines were closed because there was no room for an answer.
    pub(crate) overflows: u64,
}

impl Server {
    pub(crate) fn new(setting: &mut Setting) -> Self {
        let mut topics = Vec::new();
        for plan in setting.plan.topics.clone() {
            let name: TopicName = plan.name.parse().expect("a plan names topics well");
            setting
                .checker
                .ledger
                .add_topic(name.clone(), plan.delivery);
            let log = empty_log(Epoch(1), plan.delivery);
            topics.push(Topic {
                name,
                delivery: plan.delivery,
                log,
                fan_out_at: 0,
            });
        }
        let hub = Hub::new(setting.plan.hub);
        let mut server = Self {
            up: false,
            incarnation: 1,
            hub,
            people: People::new(setting.plan.linger),
            disk: Disk::new(setting.plan.seed, topics.len()),
            crowd: Crowd::new(topics.len()),
            topics,
            lines: BTreeMap::new(),
            hub_timer: None,
            sourced: 0,
            overflows: 0,
        };
        server.start(setting);
        server
    }

    fn topic(&self, name: &TopicName) -> Option<usize> {
        self.topics.iter().position(|topic| topic.name == *name)
    }

    /// A transport was opened.
    pub(crate) fn accept(&mut self, setting: &mut Setting, link: LinkId) {
        let Some(there) = setting.network.get_mut(link) else {
            return;
        };
        there.open_at_server = true;
        let lossy = match setting.plan.hostility {
            Hostility::LossyServer { permille } | Hostility::Liar { permille } => {
                Lossy::new(permille)
            }
            Hostility::None | Hostility::Intruders { .. } => Lossy::new(0),
        };
        let line = Line {
            session: ServerSession::new(setting.plan.session, Way::Both, setting.agenda.now()),
            codec: there.codec,
            user: 0,
            turns: VecDeque::new(),
            busy: false,
            reading: false,
            write_at: 0,
            writable_at: None,
            timer: None,
            lossy,
        };
        self.lines.insert(link, line);
        setting.note("accept", link, [0, 0]);
        self.pump(setting, link);
    }

    /// Bytes of a client arrived.
    pub(crate) fn receive(&mut self, setting: &mut Setting, link: LinkId, bytes: &[u8]) {
        let now = setting.agenda.now();
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        match line.codec.decode::<ClientFrame>(bytes) {
            Ok(frame) => line.session.handle_frame(now, frame),
            Err(error) => line.session.handle_malformed(&error.to_string()),
        }
        self.pump(setting, link);
    }

    /// The transport is gone.
    pub(crate) fn lose(&mut self, setting: &mut Setting, link: LinkId) {
        setting.network.close(link, Side::Server);
        if let Some(line) = self.lines.remove(&link) {
            let now = setting.agenda.now();
            for topic in self.hub.close(link) {
                let lost = self.people.lose(&topic, UserId(line.user), link, now);
                self.announce(lost);
            }
            self.after(setting);
        }
    }

    /// A session asked to be called.
    pub(crate) fn handle_line_timer(&mut self, setting: &mut Setting, link: LinkId) {
        let now = setting.agenda.now();
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        line.timer = None;
        if line.session.poll_timeout().is_some_and(|at| at <= now) {
            line.session.handle_timeout(now);
        }
        self.pump(setting, link);
    }

    /// The hub asked to be called.
    pub(crate) fn handle_hub_timer(&mut self, setting: &mut Setting) {
        let now = setting.agenda.now();
        self.hub_timer = None;
        for announcement in self.people.handle_timeout(now) {
            self.hub.announce(&announcement);
        }
        self.hub.flush(now);
        let verdict = self.check_flushed(setting);
        setting.checker.judge(verdict);
        self.after(setting);
    }

    /// The transport takes bytes again.
    pub(crate) fn handle_writable(&mut self, setting: &mut Setting, link: LinkId) {
        if let Some(line) = self.lines.get_mut(&link) {
            line.writable_at = None;
            self.flush(setting, link);
        }
        self.after(setting);
    }

    /// Closes every connection, with a reason or without a word, and is away for a while.
    pub(crate) fn restart(&mut self, setting: &mut Setting, reason: Option<DisconnectReason>) {
        let links: Vec<LinkId> = self.lines.keys().copied().collect();
        for link in links {
            match reason {
                Some(reason) => self.close(setting, link, &Close::new(reason)),
                None => {
                    setting.network.close(link, Side::Server);
                    if let Some(there) = setting.network.get_mut(link) {
                        there.hole_down = true;
                    }
                    setting.put_in(
                        setting.random.clone().below(2000),
                        Happening::Lost {
                            link,
                            at: Side::Client,
                        },
                    );
                }
            }
        }
        self.lines.clear();
        self.hub = Hub::new(setting.plan.hub);
        self.people = People::new(setting.plan.linger);
        self.hub_timer = None;
        self.incarnation += 1;
        self.up = false;
        for topic in &mut self.topics {
            topic.fan_out_at = 0;
            // Only logs are kept on disk.
            if !topic.delivery.is_log() {
                topic.log = empty_log(Epoch(topic.log.epoch().0 + 1), topic.delivery);
            }
        }
        self.stop_store();
        let loses = setting.random.chance(setting.plan.history_losses);
        if loses {
            self.delete_store();
        }
        setting.note(
            "server down",
            u64::from(self.incarnation),
            [u64::from(loses), 0],
        );
    }

    /// Says to all that the server will close, and when to come back.
    pub(crate) fn announce_restart(&mut self, setting: &mut Setting) {
        let links: Vec<LinkId> = self.lines.keys().copied().collect();
        for link in links {
            let after_ms = setting.random.below(2000) as u32;
            let _ = self.hub.reply(link, &ServerFrame::Drain { after_ms });
        }
        self.after(setting);
    }

    /// Lets a session say all it has to say.
    fn pump(&mut self, setting: &mut Setting, link: LinkId) {
        while let Some(line) = self.lines.get_mut(&link) {
            let mut overflow = false;
            while let Some(frame) = line.session.poll_transmit() {
                overflow |= self.hub.reply(link, &frame) == Err(OutboxOverflow);
            }
            if overflow {
                self.overflow(link);
            }
            let Some(line) = self.lines.get_mut(&link) else {
                break;
            };
            if let Some(close) = line.session.poll_close() {
                self.close(setting, link, &close);
                break;
            }
            if !line.busy
                && let Some(turn) = line.turns.pop_front()
            {
                line.busy = true;
                self.carry_out(setting, link, turn);
                continue;
            }
            match line.session.poll_event() {
                Some(event) => self.handle_event(setting, link, event),
                None if overflow => {}
                None => break,
            }
        }
        self.arm_line(setting, link);
        self.after(setting);
    }

    fn overflow(&mut self, link: LinkId) {
        self.overflows += 1;
        if let Some(line) = self.lines.get_mut(&link) {
            line.session.close(Close::new(DisconnectReason::Overloaded));
        }
    }

    fn close(&mut self, setting: &mut Setting, link: LinkId, close: &Close) {
        setting.note("server closes", link, [u64::from(close.reason.code()), 0]);
        for batch in self.hub.take(link, usize::MAX) {
            for frame in framing::frames(&batch) {
                setting.send(link, Side::Client, Packet::Frame(frame));
            }
        }
        setting.send(link, Side::Client, Packet::Close(close.reason));
        self.lose(setting, link);
    }

    fn arm_line(&mut self, setting: &mut Setting, link: LinkId) {
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        if let Some(at) = line.session.poll_timeout()
            && line.timer.is_none_or(|armed| at < armed)
        {
            line.timer = Some(at);
            setting
                .agenda
                .put(at.as_ms(), Happening::LineTimer { link });
        }
    }

    /// Lets every connection with something to send send, and arms the hub's timer.
    fn after(&mut self, setting: &mut Setting) {
        while let Some(link) = self.hub.poll_dirty() {
            self.flush(setting, link);
        }
        let next = [self.hub.poll_flush(), self.people.poll_timeout()];
        if let Some(at) = next.into_iter().flatten().min()
            && self.hub_timer.is_none_or(|armed| at < armed)
        {
            self.hub_timer = Some(at);
            setting.agenda.put(at.as_ms(), Happening::HubTimer);
        }
        for verdict in [self.check_bounds(setting), self.check_waiting(setting)] {
            setting.checker.judge(verdict);
        }
    }

    /// Where every log stands.
    pub(crate) fn heads(&self) -> Vec<Position> {
        self.topics
            .iter()
            .map(|topic| topic.log.position())
            .collect()
    }
}

fn empty_log(epoch: Epoch, delivery: Delivery) -> Log {
    let log = if delivery.is_log() {
        Log::beside_store(epoch, delivery)
    } else {
        Log::new(epoch, delivery)
    };
    log.with_id_limits(ID_LIMITS)
}
