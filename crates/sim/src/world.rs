//! The world: takes what comes next from the agenda and hands it to whom it concerns, until the
//! run is over or something that must hold does not.

use std::collections::BTreeMap;

use trunkline_protocol::Text;

use crate::agenda::{Agenda, Happening};
use crate::checker::Checker;
use crate::client::Client;
use crate::event::Event;
use crate::intruder::Intruder;
use crate::network::{LinkId, Network, Packet, Peer, Side};
use crate::plan::{Hostility, Plan};
use crate::random::Random;
use crate::server::Server;
use crate::setting::Setting;
use crate::trace::Trace;
use crate::{Outcome, ending};

/// After healing, everybody is live within this time where the network says that it is back.
pub(crate) const LIVE_WITHIN_MS: u64 = 35_000;

/// After healing, intruders go when whatever they asked must have been answered.
const RETIRE_MS: u64 = 6_000;

/// What a client that is told nothing may need on top: to notice, and the longest pause.
const UNTOLD_MS: u64 = 25_000;

/// From then to the end: two heartbeats, so that the heads are told.
const QUIET_MS: u64 = 22_000;

/// More happenings than any run has, unless somebody turns in a circle.
const HAPPENINGS_MAX: u64 = 4_000_000;

/// When everybody must be live.
fn live_by_ms(plan: &Plan) -> u64 {
    let untold_ms = if plan.told_of_healing { 0 } else { UNTOLD_MS };
    plan.active_ms + LIVE_WITHIN_MS + untold_ms
}

/// When a run of a plan ends.
pub(crate) fn end_ms(plan: &Plan) -> u64 {
    live_by_ms(plan) + QUIET_MS
}

/// One run.
#[derive(Debug)]
pub struct World {
    pub(crate) setting: Setting,
    pub(crate) server: Server,
    pub(crate) clients: Vec<Client>,
    pub(crate) intruders: Vec<Intruder>,
    /// Number of times that each fault struck, by its name.
    pub(crate) struck: BTreeMap<&'static str, u64>,
    pub(crate) happenings: u64,
    pub(crate) over: bool,
}

impl World {
    /// The world of a plan, before anything has happened.
    pub fn new(plan: Plan) -> Self {
        let honest = plan.is_server_honest();
        let mut setting = Setting {
            random: Random::new(plan.seed ^ 0x5eed),
            agenda: Agenda::default(),
            network: Network::default(),
            checker: Checker::new(honest, plan.topics.len()),
            trace: Trace::new(plan.last),
            healed: false,
            seen: None,
            plan,
        };
        let server = Server::new(&mut setting);
        let clients: Vec<Client> = (0..setting.plan.clients)
            .map(|index| Client::new(&mut setting, index))
            .collect();
        let intruders = match setting.plan.hostility {
            Hostility::Intruders { count } => (0..count)
                .map(|index| Intruder::new(&mut setting.random, index))
                .collect(),
            Hostility::None | Hostility::LossyServer { .. } | Hostility::Liar { .. } => Vec::new(),
        };
        let mut world = Self {
            setting,
            server,
            clients,
            intruders,
            struck: BTreeMap::new(),
            happenings: 0,
            over: false,
        };
        world.fill_agenda();
        world
    }

    fn fill_agenda(&mut self) {
        let setting = &mut self.setting;
        let active_ms = setting.plan.active_ms;
        for client in 0..self.clients.len() {
            let at = setting.random.below(2_000);
            setting.agenda.put(at, Happening::Start { client });
            setting.agenda.put(at, Happening::Act { client });
        }
        for intruder in 0..self.intruders.len() {
            setting.agenda.put(500, Happening::Intrude { intruder });
        }
        for topic in 0..setting.plan.topics.len() {
            if setting.plan.topics[topic].source_ms > 0 {
                setting.agenda.put(100, Happening::Source { topic });
            }
        }
        for (fault, every_ms) in setting.plan.faults.clone() {
            let at = setting.random.below(2 * every_ms);
            setting.agenda.put(at, Happening::Fault(fault));
        }
        if setting.plan.disk.every_ms > 0 {
            let at = setting.random.below(2 * setting.plan.disk.every_ms);
            setting.agenda.put(at, Happening::DiskFault);
        }
        let live_by = live_by_ms(&setting.plan);
        setting.agenda.put(active_ms, Happening::Heal);
        setting.agenda.put(active_ms + RETIRE_MS, Happening::Retire);
        setting.agenda.put(live_by, Happening::LiveBy);
        setting.agenda.put(end_ms(&setting.plan), Happening::End);
    }

    /// Runs to the end.
    pub fn run(mut self) -> Outcome {
        while self.step() {}
        self.outcome()
    }

    /// Lets the next thing happen. False when the run is over.
    pub fn step(&mut self) -> bool {
        if self.over || self.setting.checker.failure.is_some() {
            return false;
        }
        let Some(happening) = self.setting.agenda.advance() else {
            return false;
        };
        self.happen(happening);
        self.happenings += 1;
        if self.happenings > HAPPENINGS_MAX {
            self.setting.checker.judge(ending::turns_in_a_circle());
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        let (setting, server) = (&mut self.setting, &mut self.server);
        match happening {
            Happening::Knock { link } => self.knock(link),
            Happening::Dialed { client, .. }
            | Happening::Token { client, .. }
            | Happening::ClientTimer { client } => {
                self.hand_in(client, happening);
            }
            Happening::Arrives {
                link,
                at,
                ref packet,
            } => match (setting.network.receiver(link, at), at) {
                (Some(Peer::Client(client)), Side::Client) => self.hand_in(client, happening),
                (Some(Peer::Intruder(intruder)), Side::Client) => match packet {
                    Packet::Frame(bytes) => {
                        let verdict = self.intruders[intruder].receive(bytes);
                        setting.checker.judge(verdict);
                    }
                    Packet::Close(_) => self.intruders[intruder].lose(setting, link),
                },
                (Some(_), Side::Server) => match packet {
                    Packet::Frame(bytes) => server.receive(setting, link, bytes),
                    Packet::Close(_) => server.lose(setting, link),
                },
                (None, _) => {}
            },
            Happening::Lost {
                link,
                at: Side::Server,
            } => server.lose(setting, link),
            Happening::Lost {
                link,
                at: Side::Client,
            } => match setting.network.get(link).map(|it| it.peer) {
                Some(Peer::Client(client)) => self.hand_in(client, happening),
                Some(Peer::Intruder(intruder)) => self.intruders[intruder].lose(setting, link),
                None => {}
            },
            Happening::Thaw { client } => self.thaw(client),
            Happening::Start { client } => self.clients[client].start(setting),
            Happening::Act { client } => self.act(client),
            Happening::Intrude { intruder } => self.intrude(intruder),
            Happening::Source { topic } => self.source(topic),
            Happening::LineTimer { link } => server.handle_line_timer(setting, link),
            Happening::HubTimer => server.handle_hub_timer(setting),
            Happening::Writable { link } => server.handle_writable(setting, link),
            Happening::Work { incarnation, work } => {
                server.handle_work(setting, incarnation, *work);
            }
            Happening::Restart { reason } => self.restart(reason),
            Happening::Up => self.start(),
            Happening::Fault(fault) => self.strike(fault),
            Happening::DiskFault => self.strike_disk(),
            Happening::DiskRecovers(fault) => server.recover_disk(fault),
            Happening::Heal => self.heal(),
            Happening::LiveBy => {
                let verdict = ending::check_live(self);
                self.setting.checker.judge(verdict);
            }
            Happening::Retire => {
                for intruder in &mut self.intruders {
                    intruder.end(&mut self.setting);
                }
            }
            Happening::End => {
                let verdict = ending::check(self);
                self.setting.checker.judge(verdict);
                self.server.prove_durable(&mut self.setting);
                self.over = true;
            }
        }
    }

    /// Hands something to a client, now or when its tab is no longer frozen.
    fn hand_in(&mut self, client: usize, happening: Happening) {
        let client = &mut self.clients[client];
        match &mut client.late {
            Some(late) => late.push(happening),
            None => client.handle(&mut self.setting, happening),
        }
    }

    fn knock(&mut self, link: LinkId) {
        let setting = &mut self.setting;
        let failures = if setting.healed {
            0
        } else {
            setting.plan.dial_failures
        };
        let Some(there) = setting.network.get(link) else {
            return;
        };
        let peer = there.peer;
        let fails = matches!(peer, Peer::Client(_)) && setting.random.chance(failures);
        let lost = fails && setting.random.chance(300);
        let opened = self.server.up && !fails;
        if opened || (lost && self.server.up) {
            self.server.accept(setting, link);
        }
        if let Some(there) = setting.network.get_mut(link) {
            there.open_at_client = opened;
            there.hole_down |= lost;
        }
        match peer {
            // An answer that is lost: the client waits in vain, and the server for the first frame.
            Peer::Client(_) if lost => {}
            Peer::Client(client) => {
                setting.put_in(
                    setting.plan.delay_ms.1,
                    Happening::Dialed {
                        client,
                        link,
                        opened,
                    },
                );
            }
            Peer::Intruder(intruder) if !opened => self.intruders[intruder].lose(setting, link),
            Peer::Intruder(_) => {}
        }
    }

    fn act(&mut self, client: usize) {
        let setting = &mut self.setting;
        if setting.healed {
            return;
        }
        let wait = setting.random.between(1, 2 * setting.plan.act_ms);
        setting.put_in(wait, Happening::Act { client });
        if self.clients[client].late.is_none() {
            self.clients[client].act(setting);
        }
    }

    fn intrude(&mut self, intruder: usize) {
        if !self.setting.healed {
            let wait = self.setting.random.between(1, 150);
            self.setting.put_in(wait, Happening::Intrude { intruder });
            self.intruders[intruder].act(&mut self.setting);
        }
    }

    fn source(&mut self, topic: usize) {
        let setting = &mut self.setting;
        if setting.healed {
            return;
        }
        let (source_ms, burst) = (
            setting.plan.topics[topic].source_ms,
            setting.plan.topics[topic].burst,
        );
        let wait = setting.random.between(1, 2 * source_ms);
        setting.put_in(wait, Happening::Source { topic });
        for _ in 0..setting.random.between(1, burst) {
            let random = &mut setting.random;
            let filling = "y".repeat(random.below(setting.plan.filling_len_max + 1) as usize);
            let (key, keyframe) = (random.below(6) as u8, random.chance(150));
            let event = Event {
                author: 0,
                sender: 0,
                counter: 0,
                key,
                keyframe,
                filling: Text::cut(&filling),
            };
            self.server.publish(setting, topic, event);
        }
    }
}
