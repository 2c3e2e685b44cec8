//! The network: links that delay, stall, swallow and break. Within one direction of one link order
//! is kept, as TCP does; everything else may go wrong.

use std::collections::BTreeMap;

use trunkline_protocol::{Codec, DisconnectReason};

use crate::agenda::{Agenda, Happening};
use crate::random::Random;

/// Names a link; for the server it is the connection.
pub type LinkId = u64;

/// One end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// Who dialed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// A client, by its place.
    Client(usize),
    /// A program that breaks the rules, by its place.
    Intruder(usize),
}

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    Frame(Vec<u8>),
    Close(DisconnectReason),
}

/// One connection of the transport.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) peer: Peer,
    pub(crate) codec: Codec,
    /// Whether the client's end is open.
    pub(crate) open_at_client: bool,
    /// Whether the server's end is open.
    pub(crate) open_at_server: bool,
    /// Nothing that is under way arrives any more.
    pub(crate) cut: bool,
    /// What goes to the server vanishes.
    pub(crate) hole_up: bool,
    /// What goes to the client vanishes.
    pub(crate) hole_down: bool,
    /// The transport takes nothing from the server before that.
    pub(crate) stalled_until: u64,
    /// How many bytes the transport takes at once, and how long it then pauses.
    pub(crate) take: (usize, u64),
    delay: (u64, u64),
    arrives_up: u64,
    arrives_down: u64,
}

/// All links of a run.
#[derive(Debug, Default)]
pub(crate) struct Network {
    links: BTreeMap<LinkId, Link>,
    next: LinkId,
}

impl Network {
    /// Makes a link. Both ends are still closed.
    pub(crate) fn make(
        &mut self,
        peer: Peer,
        codec: Codec,
        delay: (u64, u64),
        take: (usize, u64),
    ) -> LinkId {
        self.next += 1;
        let link = Link {
            peer,
            codec,
            open_at_client: false,
            open_at_server: false,
            cut: false,
            hole_up: false,
            hole_down: false,
            stalled_until: 0,
            take,
            delay,
            arrives_up: 0,
            arrives_down: 0,
        };
        self.links.insert(self.next, link);
        self.next
    }

    pub(crate) fn get(&self, link: LinkId) -> Option<&Link> {
        self.links.get(&link)
    }

    pub(crate) fn get_mut(&mut self, link: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&link)
    }

    /// The links that are open at both ends.
    pub(crate) fn open(&self) -> Vec<LinkId> {
        let open = |link: &Link| link.open_at_client && link.open_at_server;
        self.links
            .iter()
            .filter(|(_, link)| open(link))
            .map(|(id, _)| *id)
            .collect()
    }

    /// Sends `packet` to one end of a link, and tells when it arrives there; None if it vanishes.
    pub(crate) fn send(
        &mut self,
        agenda: &mut Agenda,
        random: &mut Random,
        id: LinkId,
        to: Side,
        packet: Packet,
    ) -> Option<u64> {
        let link = self.links.get_mut(&id)?;
        let (hole, last) = match to {
            Side::Client => (link.hole_down, &mut link.arrives_down),
            Side::Server => (link.hole_up, &mut link.arrives_up),
        };
        if hole || link.cut {
            return None;
        }
        let (low, high) = link.delay;
        *last = (agenda.now_ms() + random.between(low, high))
            .max(*last)
            .max(link.stalled_until);
        agenda.put(
            *last,
            Happening::Arrives {
                link: id,
                at: to,
                packet,
            },
        );
        Some(*last)
    }

    /// No client is slow any more.
    pub(crate) fn heal(&mut self) {
        for link in self.links.values_mut() {
            if matches!(link.peer, Peer::Client(_)) {
                link.take = (usize::MAX, 0);
            }
        }
    }

    /// Breaks a link: the ends notice it at different moments.
    pub(crate) fn cut(&mut self, agenda: &mut Agenda, random: &mut Random, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.cut = true;
        for at in [Side::Client, Side::Server] {
            agenda.put(
                agenda.now_ms() + random.below(3000),
                Happening::Lost { link: id, at },
            );
        }
    }

    /// Tells whether what arrives now at one end is still taken there, and by whom.
    pub(crate) fn receiver(&self, id: LinkId, at: Side) -> Option<Peer> {
        let link = self.links.get(&id)?;
        let open = match at {
            Side::Client => link.open_at_client,
            Side::Server => link.open_at_server,
        };
        (open && !link.cut).then_some(link.peer)
    }

    /// One end is closed for good.
    pub(crate) fn close(&mut self, id: LinkId, at: Side) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        match at {
            Side::Client => link.open_at_client = false,
            Side::Server => link.open_at_server = false,
        }
    }
}
