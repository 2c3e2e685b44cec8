//! Sights: what somebody sees who watches a run, for pages that draw it.

use trunkline_protocol::{ClientFrame, Codec, DisconnectReason, ServerFrame};

use crate::network::{LinkId, Packet, Peer, Side};
use crate::plan::Fault;

/// Something that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Something sets out over a line.
    Sent(Flight),
    /// A client dials.
    Dialed {
        /// Which.
        client: usize,
    },
    /// A client learns that its line is gone.
    Lost {
        /// Which.
        client: usize,
        /// What it is told.
        reason: DisconnectReason,
    },
    /// A client closes its line.
    HungUp {
        /// Which.
        client: usize,
        /// What it says.
        reason: DisconnectReason,
    },
    /// Something breaks, for one client or for all.
    Struck {
        /// What breaks.
        fault: Fault,
        /// Whom it concerns: the one at the far end of a line, or none for the server.
        peer: Option<Peer>,
        /// The line that breaks, if it is one.
        link: Option<LinkId>,
    },
    /// A frozen client goes on.
    Thawed {
        /// Which.
        client: usize,
    },
    /// The server is away.
    Down,
    /// The server is back.
    Up,
    /// From here on nothing breaks, and nobody publishes.
    Healed,
}

/// Something on its way over a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flight {
    /// Who is at the far end.
    pub peer: Peer,
    /// Which line.
    pub link: LinkId,
    /// Whether it goes to the server.
    pub up: bool,
    /// What it is called: the kind of a frame, `close`, or `junk`.
    pub kind: &'static str,
    /// How many bytes it has.
    pub len: usize,
    /// When it sets out, in milliseconds since the run began.
    pub leaves_ms: u64,
    /// When it arrives; None if it vanishes.
    pub arrives_ms: Option<u64>,
}

/// What a packet is called.
pub(crate) fn kind(codec: Codec, to: Side, packet: &Packet) -> (&'static str, usize) {
    match (packet, to) {
        (Packet::Close(_), _) => ("close", 0),
        (Packet::Frame(bytes), Side::Server) => {
            let frame = codec.decode::<ClientFrame>(bytes);
            (frame.map_or("junk", |frame| frame.kind()), bytes.len())
        }
        (Packet::Frame(bytes), Side::Client) => {
            let frame = codec.decode::<ServerFrame>(bytes);
            (frame.map_or("junk", |frame| frame.kind()), bytes.len())
        }
    }
}

/// A client as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// The number of its user. Some have several clients.
    pub user: u64,
    /// How its frames are written.
    pub codec: Codec,
    /// What it does.
    pub mood: Mood,
    /// Commands that it keeps until they are answered.
    pub waiting: usize,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Nothing: its user has stopped it, or not started it yet.
    Stopped,
    /// Nothing: its tab is frozen.
    Frozen,
    /// It fetches a token, dials, or greets.
    Connecting,
    /// It lets some time pass before it dials again.
    Waiting,
    /// It talks with the server.
    Live,
}
