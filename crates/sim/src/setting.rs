//! The setting: what everybody in a run shares, apart from the machines.

use crate::agenda::{Agenda, Happening};
use crate::checker::Checker;
use crate::network::{LinkId, Network, Packet, Side};
use crate::plan::Plan;
use crate::random::Random;
use crate::sight::{self, Flight, Sight};
use crate::trace::{Step, Trace};

/// Time, chance, the network and those who watch.
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) agenda: Agenda,
    pub(crate) network: Network,
    pub(crate) checker: Checker,
    pub(crate) trace: Trace,
    /// Nothing breaks any more.
    pub(crate) healed: bool,
    /// What was seen and not taken yet, where somebody watches.
    pub(crate) seen: Option<Vec<Sight>>,
}

impl Setting {
    pub(crate) fn note(&mut self, what: &'static str, who: u64, detail: [u64; 2]) {
        let at_ms = self.agenda.now_ms();
        self.trace.note(Step {
            at_ms,
            what,
            who,
            detail,
        });
    }

    /// Lets `happening` come in `ms` milliseconds.
    pub(crate) fn put_in(&mut self, ms: u64, happening: Happening) {
        self.agenda.put(self.agenda.now_ms() + ms, happening);
    }

    /// Sends to one end of a link.
    pub(crate) fn send(&mut self, link: LinkId, to: Side, packet: Packet) {
        let watched = self.seen.is_some();
        let there = self.network.get(link).filter(|_| watched);
        let described = there.map(|it| (it.peer, sight::kind(it.codec, to, &packet)));
        let arrives_ms = self
            .network
            .send(&mut self.agenda, &mut self.random, link, to, packet);
        if let Some((peer, (kind, len))) = described {
            self.see(Sight::Sent(Flight {
                peer,
                link,
                up: to == Side::Server,
                kind,
                len,
                leaves_ms: self.agenda.now_ms(),
                arrives_ms,
            }));
        }
    }

    /// Shows something to whoever watches.
    pub(crate) fn see(&mut self, sight: Sight) {
        if let Some(seen) = &mut self.seen {
            seen.push(sight);
        }
    }

    /// How long the next step of the broker takes.
    pub(crate) fn lag_ms(&mut self) -> u64 {
        if self.healed {
            0
        } else {
            self.random.below(self.plan.lag_ms + 1)
        }
    }
}
