//! Sockets of a shard: TCP as it came, the near end of a bridge to a transport that is no socket,
//! such as a stream of an HTTP/2 connection, or a pipe into the response to a request.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

use mio::event::Source;
use mio::net::TcpStream;
#[cfg(unix)]
use mio::net::UnixStream;
use mio::{Interest, Registry, Token};
use trunkline_hub::ConnectionId;

use super::inbox::Inbox;
use super::pipe::Pipe;

pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Bridge(UnixStream),
    Pipe(Pipe),
}

/// Slices that one write takes.
const SLICES_MAX: usize = 64;

/// The bytes that the system may hold for a connection that carries streams, beyond what it has
/// sent: what it holds can be overtaken by nothing.
#[cfg(target_os = "linux")]
const HELD_LEN_MAX: u32 = 16 * 1024;

/// The rest of a write was not taken: wait until there is room.
pub(super) struct Full;

impl Socket {
    /// Asks for news of reading and of writing, once and for all: news come at each change, from
    /// the poll or, of a pipe, as notes.
    pub(super) fn register(
        &mut self,
        (registry, token): (&Registry, Token),
        (inbox, connection): (&Arc<Inbox>, ConnectionId),
    ) -> io::Result<()> {
        match self.source() {
            Ok(source) => source.register(registry, token, Interest::READABLE | Interest::WRITABLE),
            Err(pipe) => {
                pipe.settle(inbox, connection);
                Ok(())
            }
        }
    }

    pub(super) fn deregister(&mut self, registry: &Registry) {
        if let Ok(source) = self.source() {
            // A socket that is closed is forgotten in any case.
            let _ = source.deregister(registry);
        }
    }

    fn source(&mut self) -> Result<&mut dyn Source, &Pipe> {
        match self {
            Self::Tcp(stream) => Ok(stream),
            #[cfg(unix)]
            Self::Bridge(stream) => Ok(stream),
            Self::Pipe(pipe) => Err(pipe),
        }
    }

    /// Tells whether its bytes go over the network themselves.
    pub(super) fn is_wire(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Tells whether nothing ever comes from the peer.
    pub(super) fn is_one_way(&self) -> bool {
        matches!(self, Self::Pipe(_))
    }

    /// Lets the system forget what it could not send yet, once the socket is closed.
    pub(super) fn cut(&self) {
        if let Self::Tcp(stream) = self {
            // If it cannot be done, the system keeps it for a while longer.
            let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match self {
                Self::Tcp(stream) => stream.read(buffer),
                #[cfg(unix)]
                Self::Bridge(stream) => stream.read(buffer),
                Self::Pipe(pipe) => pipe.read(),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Writes slices in one system call. Returns how many bytes were taken, and whether that is all
    /// that was there.
    pub(super) fn write<'a>(
        &mut self,
        mut slices: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<(usize, Result<(), Full>)> {
        let first = slices.next().unwrap_or_default();
        let Some(second) = slices.next() else {
            // Nearly always: a batch is one slice.
            return taken(self.write_one(first), first.len());
        };
        let mut together = [IoSlice::new(&[]); SLICES_MAX];
        let (mut count, mut len) = (0, 0);
        let all = [first, second].into_iter().chain(slices);
        for (place, slice) in together.iter_mut().zip(all) {
            *place = IoSlice::new(slice);
            count += 1;
            len += slice.len();
        }
        let together = &together[..count];
        let result = match self {
            Self::Tcp(stream) => stream.write_vectored(together),
            #[cfg(unix)]
            Self::Bridge(stream) => stream.write_vectored(together),
            Self::Pipe(pipe) => pipe.write(together),
        };
        taken(result, len)
    }

    fn write_one(&mut self, slice: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(slice),
            #[cfg(unix)]
            Self::Bridge(stream) => stream.write(slice),
            Self::Pipe(pipe) => pipe.write(&[IoSlice::new(slice)]),
        }
    }

    /// Lets the system hold no more than it can send soon, so that what waits, waits where something
    /// else can overtake it.
    pub(super) fn hold_little(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Tcp(stream) = self {
            // If it cannot be done, words wait for pictures where the line is slow.
            let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(HELD_LEN_MAX);
        }
    }

    /// Tells the peer that nothing more comes.
    pub(super) fn finish(&self) {
        // If the peer is gone already, there is nobody to tell.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            #[cfg(unix)]
            Self::Bridge(stream) => stream.shutdown(Shutdown::Write),
            Self::Pipe(pipe) => {
                pipe.finish();
                Ok(())
            }
        };
    }
}

/// What a write of `len` bytes came to.
fn taken(result: io::Result<usize>, len: usize) -> io::Result<(usize, Result<(), Full>)> {
    match result {
        Ok(taken) if taken == len => Ok((taken, Ok(()))),
        Ok(taken) => Ok((taken, Err(Full))),
        Err(error) => match error.kind() {
            io::ErrorKind::WouldBlock => Ok((0, Err(Full))),
            io::ErrorKind::Interrupted => Ok((0, Ok(()))),
            _ => Err(error),
        },
    }
}
