//! Faults: what breaks, and how it heals.

use trunkline_protocol::DisconnectReason;

use crate::agenda::Happening;
use crate::network::Peer;
use crate::plan::Fault;
use crate::server::stops_the_server;
use crate::sight::Sight;
use crate::world::World;

/// The time after which a server that could not open its store tries again.
const START_AGAIN_MS: u64 = 500;

impl World {
    pub(crate) fn strike(&mut self, fault: Fault) {
        let setting = &mut self.setting;
        let every_ms = setting
            .plan
            .faults
            .iter()
            .find(|(it, _)| *it == fault)
            .map_or(0, |(_, every_ms)| *every_ms);
        if setting.healed || every_ms == 0 {
            return;
        }
        *self.struck.entry(fault.name()).or_default() += 1;
        let wait = setting.random.between(1, 2 * every_ms);
        setting.put_in(wait, Happening::Fault(fault));
        let client = setting.random.below(self.clients.len() as u64) as usize;
        setting.note(fault.name(), client as u64, [0, 0]);
        match fault {
            Fault::Cut | Fault::Hole | Fault::Stall => self.strike_link(fault),
            Fault::Freeze => {
                if self.clients[client].late.is_none() {
                    setting.see(struck(fault, Some(client)));
                    self.clients[client].late = Some(Vec::new());
                    let ms = setting.random.pick(&[500, 4_000, 15_000, 40_000, 180_000]);
                    let at = setting.agenda.now_ms() + setting.random.between(1, ms);
                    setting
                        .agenda
                        .put(at.min(setting.plan.active_ms), Happening::Thaw { client });
                }
            }
            Fault::Restart if self.server.up => {
                setting.see(struck(fault, None));
                let polite = setting.random.chance(setting.plan.polite_restarts);
                let reason = polite.then_some(DisconnectReason::Restart);
                if polite {
                    self.server.announce_restart(setting);
                }
                let wait = if polite {
                    setting.random.below(1_000)
                } else {
                    0
                };
                setting.put_in(wait, Happening::Restart { reason });
            }
            Fault::Restart => {}
            Fault::Stop => {
                if !self.clients[client].stopped && self.clients[client].late.is_none() {
                    setting.see(struck(fault, Some(client)));
                    self.clients[client].stop(setting);
                    let wait = setting.random.between(1, 5_000);
                    setting.put_in(wait, Happening::Start { client });
                }
            }
        }
    }

    fn strike_link(&mut self, fault: Fault) {
        let setting = &mut self.setting;
        let open = setting.network.open();
        if open.is_empty() {
            return;
        }
        let link = setting.random.pick(&open);
        setting.see(Sight::Struck {
            fault,
            peer: setting.network.get(link).map(|it| it.peer),
            link: Some(link),
        });
        if fault == Fault::Cut {
            return setting
                .network
                .cut(&mut setting.agenda, &mut setting.random, link);
        }
        let (kind, stall_ms) = (setting.random.below(3), setting.random.between(200, 14_000));
        let until = setting.agenda.now_ms() + stall_ms;
        let Some(there) = setting.network.get_mut(link) else {
            return;
        };
        if fault == Fault::Stall {
            there.stalled_until = until;
        } else {
            there.hole_up |= kind != 0;
            there.hole_down |= kind != 1;
        }
    }

    pub(crate) fn restart(&mut self, reason: Option<DisconnectReason>) {
        let setting = &mut self.setting;
        if self.server.up {
            setting.see(Sight::Down);
            self.server.restart(setting, reason);
            let longest = setting.random.pick(&[1_000, 4_000, 15_000]);
            let wait = if setting.healed {
                0
            } else {
                setting.random.between(1, longest)
            };
            setting.put_in(wait, Happening::Up);
        }
    }

    /// The server starts, or tries again later if its store cannot be opened.
    pub(crate) fn start(&mut self) {
        let setting = &mut self.setting;
        if self.server.start(setting) {
            setting.see(Sight::Up);
        } else {
            setting.put_in(START_AGAIN_MS, Happening::Up);
        }
    }

    /// Something happens to the disk, the clock or the files.
    pub(crate) fn strike_disk(&mut self) {
        let setting = &mut self.setting;
        if setting.healed {
            return;
        }
        let wait = setting.random.between(1, 2 * setting.plan.disk.every_ms);
        setting.put_in(wait, Happening::DiskFault);
        let fault = setting.random.pick(&setting.plan.disk.faults);
        if stops_the_server(fault) {
            self.restart(None);
        }
        let setting = &mut self.setting;
        setting.note(fault.name(), 0, [0, 0]);
        if self.server.trouble_disk(setting, fault) {
            *self.struck.entry(fault.name()).or_default() += 1;
        }
    }

    pub(crate) fn thaw(&mut self, client: usize) {
        let Some(late) = self.clients[client].late.take() else {
            return;
        };
        self.setting
            .note("thaw", client as u64, [late.len() as u64, 0]);
        self.setting.see(Sight::Thawed { client });
        self.clients[client].wake(&mut self.setting);
        for happening in late {
            self.clients[client].handle(&mut self.setting, happening);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.setting.note("heal", 0, [0, 0]);
        self.setting.see(Sight::Healed);
        self.setting.healed = true;
        self.setting.network.heal();
        self.server.heal_disk();
        let started = self.server.start(&mut self.setting);
        self.setting.checker.restored(started);
        for client in 0..self.clients.len() {
            self.thaw(client);
            if self.setting.plan.told_of_healing {
                self.clients[client].wake(&mut self.setting);
            }
        }
    }
}

/// A fault that strikes a client, or the server.
fn struck(fault: Fault, client: Option<usize>) -> Sight {
    Sight::Struck {
        fault,
        peer: client.map(Peer::Client),
        link: None,
    }
}
