//! A simulated client: a session, a tab that may freeze, and an application that does things.

use std::collections::BTreeMap;

use trunkline_protocol::{Codec, DisconnectReason, Moment, SenderId, ServerFrame};
use trunkline_session::{
    Action, ClientConfig, ClientSession, Fallback, SavedOutbox, Status, SubscriptionId,
    TokenFailure,
};

use crate::agenda::Happening;
use crate::network::{LinkId, Packet, Peer, Side};
use crate::server;
use crate::setting::Setting;
use crate::sight::{ClientState, Mood, Sight};
use crate::summary;

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) index: usize,
    pub(crate) user: u64,
    pub(crate) codec: Codec,
    pub(crate) session: ClientSession,
    pub(crate) link: Option<LinkId>,
    /// While frozen: what will be handed in when the tab goes on.
    pub(crate) late: Option<Vec<Happening>>,
    pub(crate) timer: Option<Moment>,
    pub(crate) subscriptions: BTreeMap<usize, SubscriptionId>,
    pub(crate) stopped: bool,
    /// How many bytes its transport takes at once, and how long it pauses.
    pub(crate) take: (usize, u64),
    pub(crate) called: u32,
}

impl Client {
    pub(crate) fn new(setting: &mut Setting, index: usize) -> Self {
        let user = 1 + (index % setting.plan.users) as u64;
        let codec = if setting.random.chance(650) {
            Codec::Bincode
        } else {
            Codec::Json
        };
        let sender = SenderId::from_random(setting.random.bits());
        let config = ClientConfig {
            agent: "sim".to_owned(),
            outbox: SavedOutbox::new(sender),
            seed: setting.random.bits(),
            // The simulated network has no HTTP.
            fallback: Fallback::off(),
            events_are_as_sent: codec == Codec::Bincode,
        };
        setting.checker.add_client(codec, user);
        let slow = setting.random.chance(setting.plan.slow_readers);
        let take = if slow {
            slow_take(setting)
        } else {
            (usize::MAX, 0)
        };
        Self {
            index,
            user,
            codec,
            session: ClientSession::new(config),
            link: None,
            late: None,
            timer: None,
            subscriptions: BTreeMap::new(),
            stopped: false,
            take,
            called: 0,
        }
    }

    /// Starts to connect, with some subscriptions.
    pub(crate) fn start(&mut self, setting: &mut Setting) {
        self.stopped = false;
        self.session.start(setting.agenda.now());
        for topic in 0..setting.plan.topics.len() {
            if setting.random.chance(700) {
                self.subscribe(setting, topic);
            }
        }
        self.settle(setting);
    }

    pub(crate) fn stop(&mut self, setting: &mut Setting) {
        self.stopped = true;
        self.session.stop(setting.agenda.now());
        self.settle(setting);
    }

    /// The network is said to be back.
    pub(crate) fn wake(&mut self, setting: &mut Setting) {
        self.session.handle_wake(setting.agenda.now());
        self.settle(setting);
    }

    /// Something of the world reached this client.
    pub(crate) fn handle(&mut self, setting: &mut Setting, happening: Happening) {
        let now = setting.agenda.now();
        match happening {
            Happening::Dialed { link, opened, .. } if self.link == Some(link) => {
                if opened {
                    setting.checker.opened(self.index, link);
                    self.session.handle_opened(now);
                } else {
                    self.lose(setting, link, DisconnectReason::Lost);
                }
            }
            Happening::Arrives { link, packet, .. } if self.link == Some(link) => match packet {
                Packet::Frame(bytes) => self.receive(setting, link, &bytes),
                Packet::Close(reason) => self.lose(setting, link, reason),
            },
            Happening::Lost { link, .. } if self.link == Some(link) => {
                self.lose(setting, link, DisconnectReason::Lost);
            }
            Happening::Token { token, .. } => self.session.handle_token(now, token),
            Happening::ClientTimer { .. } => {
                self.timer = None;
                if self.session.poll_timeout().is_some_and(|at| at <= now) {
                    self.session.handle_timeout(now);
                }
            }
            _ => {}
        }
        self.settle(setting);
    }

    fn receive(&mut self, setting: &mut Setting, link: LinkId, bytes: &[u8]) {
        let now = setting.agenda.now();
        match self.codec.decode::<ServerFrame>(bytes) {
            Ok(frame) => {
                let (what, detail) = summary::of_server(&frame);
                setting.note(what, self.index as u64, detail);
                setting.checker.received(self.index, link, &frame);
                self.session.handle_frame(now, frame);
            }
            Err(_) => self.session.handle_malformed(now),
        }
    }

    fn lose(&mut self, setting: &mut Setting, link: LinkId, reason: DisconnectReason) {
        setting.note(
            "client loses",
            self.index as u64,
            [link, u64::from(reason.code())],
        );
        setting.see(Sight::Lost {
            client: self.index,
            reason,
        });
        self.link = None;
        setting.network.close(link, Side::Client);
        self.session.handle_closed(setting.agenda.now(), reason);
    }

    /// Does all that the session wants done.
    pub(crate) fn settle(&mut self, setting: &mut Setting) {
        while let Some(action) = self.session.poll_action() {
            self.act_on(setting, &action);
        }
        while let Some(frame) = self.session.poll_transmit() {
            let Some(link) = self.link else { continue };
            let (what, detail) = summary::of_client(&frame);
            setting.note(what, self.index as u64, [link, detail]);
            setting.checker.sent(self.index, link, &frame);
            let bytes = self.codec.encode(&frame).to_vec();
            setting.send(link, Side::Server, Packet::Frame(bytes));
        }
        while let Some(event) = self.session.poll_event() {
            setting.checker.told(self.index, &event);
        }
        if let Some(at) = self.session.poll_timeout()
            && self.timer.is_none_or(|armed| at < armed)
        {
            self.timer = Some(at);
            setting
                .agenda
                .put(at.as_ms(), Happening::ClientTimer { client: self.index });
        }
    }

    fn act_on(&mut self, setting: &mut Setting, action: &Action) {
        match action {
            Action::FetchToken => {
                let failures = if setting.healed {
                    0
                } else {
                    setting.plan.token_failures
                };
                let token = if setting.random.chance(failures) {
                    Err(TokenFailure::Unavailable)
                } else {
                    Ok(server::token(
                        self.user,
                        setting.agenda.now_ms() + setting.plan.token_ttl_ms,
                    ))
                };
                let wait = setting.random.below(300);
                setting.put_in(
                    wait,
                    Happening::Token {
                        client: self.index,
                        token,
                    },
                );
            }
            Action::Dial(_) => {
                let take = if setting.healed {
                    (usize::MAX, 0)
                } else {
                    self.take
                };
                let link = setting.network.make(
                    Peer::Client(self.index),
                    self.codec,
                    setting.plan.delay_ms,
                    take,
                );
                self.link = Some(link);
                let now_ms = setting.agenda.now_ms();
                setting.checker.dialed(self.index, now_ms);
                setting.note("dial", self.index as u64, [link, 0]);
                setting.see(Sight::Dialed { client: self.index });
                setting.put_in(setting.plan.delay_ms.1, Happening::Knock { link });
            }
            Action::Hangup(reason) => {
                let Some(link) = self.link.take() else { return };
                setting.note(
                    "client hangs up",
                    self.index as u64,
                    [link, u64::from(reason.code())],
                );
                setting.see(Sight::HungUp {
                    client: self.index,
                    reason: *reason,
                });
                setting.send(link, Side::Server, Packet::Close(*reason));
                setting.network.close(link, Side::Client);
            }
            Action::DialBeside | Action::HangupBeside | Action::MoveOver => {
                unreachable!("there is no transport but the WebSocket")
            }
        }
    }

    /// How it is now.
    pub(crate) fn state(&self) -> ClientState {
        let mood = match self.session.status() {
            _ if self.late.is_some() => Mood::Frozen,
            Status::Idle | Status::Stopped(_) => Mood::Stopped,
            Status::Connecting { .. } => Mood::Connecting,
            Status::Waiting { .. } => Mood::Waiting,
            Status::Live { .. } => Mood::Live,
        };
        ClientState {
            user: self.user,
            codec: self.codec,
            mood,
            waiting: self.session.commands_waiting(),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        matches!(self.session.status(), Status::Live { .. })
    }
}

/// So slow that an outbox fills, and so fast that a full one is empty after a few seconds.
fn slow_take(setting: &mut Setting) -> (usize, u64) {
    let least = setting.random.between(200, 900) as usize;
    (least.max(setting.plan.hub.outbox_len_max / 20), 100)
}
