//! The agenda: what will happen, in order of time. The only clock of a run.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use trunkline_protocol::{DisconnectReason, Moment};
use trunkline_session::TokenFailure;

use crate::disk_plan::DiskFault;
use crate::network::{LinkId, Packet, Side};
use crate::plan::Fault;
use crate::server::Work;

/// Something that happens at a moment.
#[derive(Debug)]
pub(crate) enum Happening {
    /// A dial reaches the server.
    Knock { link: LinkId },
    /// A dial ends: `link` is open, or none was made.
    Dialed {
        client: usize,
        link: LinkId,
        opened: bool,
    },
    /// Something arrives at one end of a link.
    Arrives {
        link: LinkId,
        at: Side,
        packet: Packet,
    },
    /// One end of a link notices that it is lost.
    Lost { link: LinkId, at: Side },
    /// A token, or why there is none.
    Token {
        client: usize,
        token: Result<String, TokenFailure>,
    },
    /// A client asked to be called.
    ClientTimer { client: usize },
    /// A frozen client goes on.
    Thaw { client: usize },
    /// A client that was stopped is started.
    Start { client: usize },
    /// The application of a client does something.
    Act { client: usize },
    /// An intruder does something.
    Intrude { intruder: usize },
    /// The server itself publishes to a topic.
    Source { topic: usize },
    /// A server's half of a session asked to be called.
    LineTimer { link: LinkId },
    /// The hub asked to be called.
    HubTimer,
    /// The transport of a connection takes bytes again.
    Writable { link: LinkId },
    /// Work of the server is done. Void once the server was started anew.
    Work { incarnation: u32, work: Box<Work> },
    /// The server closes all connections to restart.
    Restart { reason: Option<DisconnectReason> },
    /// The server is back.
    Up,
    /// Something breaks.
    Fault(Fault),
    /// The disk, the clock or the operator does something.
    DiskFault,
    /// A fault of the disk that lasts ends.
    DiskRecovers(DiskFault),
    /// Nothing breaks any more, and nobody publishes any more.
    Heal,
    /// The intruders go for good.
    Retire,
    /// Everybody must be live by now.
    LiveBy,
    /// The run is over.
    End,
}

#[derive(Debug)]
struct Entry {
    at: u64,
    sequence: u64,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.sequence == other.sequence
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.sequence).cmp(&(other.at, other.sequence))
    }
}

/// What will happen.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    now: u64,
    sequence: u64,
    entries: BinaryHeap<Reverse<Entry>>,
}

impl Agenda {
    /// Milliseconds since the run began.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now
    }

    pub(crate) fn now(&self) -> Moment {
        Moment::from_ms(self.now)
    }

    /// When the next thing happens.
    pub(crate) fn next_ms(&self) -> Option<u64> {
        let Reverse(entry) = self.entries.peek()?;
        Some(entry.at)
    }

    /// Lets `happening` come at `at_ms`, after what was put there before.
    pub(crate) fn put(&mut self, at_ms: u64, happening: Happening) {
        self.sequence += 1;
        let entry = Entry {
            at: at_ms.max(self.now),
            sequence: self.sequence,
            happening,
        };
        self.entries.push(Reverse(entry));
    }

    /// Moves on to what comes next.
    pub(crate) fn advance(&mut self) -> Option<Happening> {
        let Reverse(entry) = self.entries.pop()?;
        self.now = entry.at;
        Some(entry.happening)
    }
}
