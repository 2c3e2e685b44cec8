//! A door: a connection that has not said yet what it wants.
//!
//! One that opens a WebSocket with its first bytes, as clients do, becomes a line of the shard on
//! the spot. Any other is given to HTTP, with what was read of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use mio::event::Event;
use mio::{Registry, Token};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::task_tracker::TaskTrackerToken;
use trunkline_hub::ConnectionId;
use trunkline_protocol::Moment;

use super::inbox::Inbox;
use super::line::Arrival;
use super::socket::Socket;
use super::timers::Timer;
use crate::accept::Reception;
use crate::transport::door;

/// A connection on its way to a shard, of which nothing was read.
pub(crate) struct Knock {
    pub(crate) socket: Socket,
    pub(crate) peer: SocketAddr,
    /// Counts it as an open connection.
    pub(crate) permit: OwnedSemaphorePermit,
    /// Lets the end of the server wait for it.
    pub(crate) token: TaskTrackerToken,
    /// Where it is to go if it is no WebSocket.
    pub(crate) reception: Arc<Reception>,
}

/// A connection that has not said yet what it wants.
pub(super) struct Door {
    pub(super) id: ConnectionId,
    knock: Knock,
    /// When the patience with it is over.
    pub(super) until: Moment,
    pub(super) timer: Timer,
    /// The peer will send nothing more.
    read_closed: bool,
}

/// What a connection turned out to be.
pub(super) enum Visitor {
    /// It has said nothing yet.
    Silent(Box<Door>),
    /// A WebSocket, with the response to its request and the end of that in the buffer. It is being
    /// polled already.
    Conversation {
        arrival: Arrival,
        answer: Bytes,
        head_len: usize,
        len: usize,
        /// The peer will send nothing more.
        read_closed: bool,
    },
    /// Somebody else's, or gone.
    Gone,
}

impl Door {
    /// Opens a door, and polls who stands before it.
    ///
    /// # Errors
    ///
    /// If the system cannot poll it.
    pub(super) fn open(
        mut knock: Knock,
        now: Moment,
        polled: (&Registry, Token),
        (inbox, id): (&Arc<Inbox>, ConnectionId),
    ) -> io::Result<Box<Self>> {
        knock.socket.register(polled, (inbox, id))?;
        let until = now + knock.reception.patience();
        Ok(Box::new(Self {
            id,
            knock,
            until,
            timer: Timer::default(),
            read_closed: false,
        }))
    }

    /// Gives the peer its full time again. Returns when that is over.
    pub(super) fn start_anew(&mut self, now: Moment) -> Moment {
        self.until = now + self.knock.reception.patience();
        self.until
    }

    /// Tells whether there is something to read.
    pub(super) fn note_readiness(&mut self, event: &Event) -> bool {
        self.read_closed |= event.is_read_closed() || event.is_error();
        self.read_closed || event.is_readable()
    }

    /// Reads what it says, and decides. `closed` tells that nobody new is let in.
    pub(super) fn answer(
        mut self: Box<Self>,
        buffer: &mut [u8],
        (registry, inbox): (&Registry, &Inbox),
        closed: bool,
    ) -> Visitor {
        let len = match self.knock.socket.read(buffer) {
            Ok(0) => return Visitor::Gone,
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Visitor::Silent(self);
            }
            Err(_) => return Visitor::Gone,
        };
        let Knock {
            mut socket,
            peer,
            permit,
            token,
            reception,
        } = self.knock;
        inbox.traffic.add_received(len);
        let bytes = &buffer[..len];
        let origins = reception.origins().filter(|_| !closed);
        let welcome = origins.and_then(|origins| door::welcome(bytes, origins));
        let Some(welcome) = welcome else {
            socket.deregister(registry);
            if let Socket::Tcp(stream) = socket {
                reception.serve(stream, peer, Bytes::copy_from_slice(bytes), permit);
            }
            return Visitor::Gone;
        };
        let arrival = Arrival {
            socket,
            role: welcome.role,
            early: Bytes::new(),
            permit: Some(permit),
            token,
        };
        Visitor::Conversation {
            arrival,
            answer: welcome.answer.into(),
            head_len: welcome.head_len,
            len,
            read_closed: self.read_closed,
        }
    }
}
