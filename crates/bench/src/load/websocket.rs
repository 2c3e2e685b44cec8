//! A WebSocket of a load, after TCP's handshake: bytes in and out without waiting, and the frames
//! in them.

use std::io::{ErrorKind, Read, Write};

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::framing::{self, Opcode};
use crate::kernel;

/// How much is read at once. What is left of a frame stands before it.
pub(crate) const BUFFER_LEN: usize = 256 * 1024;

/// Masks have to differ only where somebody could be fooled by what is sent.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x3c, 0xa5];

/// A connection that never waits.
pub(crate) struct WebSocket {
    stream: TcpStream,
    /// The begin of a frame, or of the answer to the upgrade.
    partial: Vec<u8>,
    /// What is put there goes out by `flush`, or after the next `receive`.
    pub(crate) out: Outgoing,
}

/// What is to be sent.
pub(crate) struct Outgoing {
    opcode: Opcode,
    unsent: Vec<u8>,
}

/// What a look at a connection brought.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    pub(crate) reads: u64,
    pub(crate) bytes: u64,
}

impl WebSocket {
    /// A stream of which `partial` was read already.
    pub(crate) fn new(stream: TcpStream, partial: Vec<u8>, out: Outgoing) -> Self {
        Self {
            stream,
            partial,
            out,
        }
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> Result<()> {
        let interest = Interest::READABLE.add(Interest::WRITABLE);
        Ok(registry.register(&mut self.stream, token, interest)?)
    }

    /// Writes what waits, as far as there is room.
    pub(crate) fn flush(&mut self) -> Result<()> {
        let unsent = &mut self.out.unsent;
        while !unsent.is_empty() {
            match self.stream.write(unsent) {
                Ok(len) => drop(unsent.drain(..len)),
                Err(error) => match error.kind() {
                    // Not connected: the connection is not there yet.
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => return Ok(()),
                    _ => return Err(error).context("cannot write"),
                },
            }
        }
        Ok(())
    }

    /// Reads what has come. `take` is given all that it has not taken yet, and tells how much of it
    /// it takes; what it puts is sent afterwards.
    pub(crate) fn receive(
        &mut self,
        buffer: &mut [u8],
        mut take: impl FnMut(&[u8], &mut Outgoing) -> Result<usize>,
    ) -> Result<Received> {
        let mut received = Received::default();
        loop {
            let kept = self.partial.len();
            buffer[..kept].copy_from_slice(&self.partial);
            let read = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => break,
                    ErrorKind::Interrupted => continue,
                    _ => return Err(error).context("cannot read"),
                },
            };
            received.reads += 1;
            received.bytes += read as u64;
            let end = kept + read;
            let used = take(&buffer[..end], &mut self.out)?;
            self.partial.clear();
            self.partial.extend_from_slice(&buffer[used..end]);
            ensure!(self.partial.len() < buffer.len(), "a frame without end");
            // A short read has emptied the socket: what comes then is another event.
            if end < buffer.len() {
                break;
            }
        }
        self.flush()?;
        Ok(received)
    }

    /// Ends the connection by a reset.
    pub(crate) fn end(self) -> Result<()> {
        Ok(kernel::end_hard(&self.stream)?)
    }
}

impl Outgoing {
    /// Nothing yet; messages will be frames of this kind.
    pub(crate) fn new(opcode: Opcode) -> Self {
        let unsent = Vec::new();
        Self { opcode, unsent }
    }

    /// Puts bytes that are no frame.
    pub(crate) fn put_raw(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    /// What is to be sent, for somebody else to send.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.unsent)
    }

    /// Puts a message behind the others.
    pub(crate) fn put(&mut self, message: &[u8]) {
        framing::write(&mut self.unsent, self.opcode, message, MASK);
    }

    /// Hands on the messages that are complete, answers pings, and tells how many bytes that were.
    pub(crate) fn take_messages(
        &mut self,
        bytes: &[u8],
        mut message: impl FnMut(&[u8], &mut Self) -> Result<()>,
    ) -> Result<usize> {
        let mut used = 0;
        while let Some((frame, len)) = framing::read(&bytes[used..])? {
            used += len;
            match frame.opcode {
                Opcode::Text | Opcode::Binary => message(frame.payload, self)?,
                Opcode::Ping => {
                    framing::write(&mut self.unsent, Opcode::Pong, frame.payload, MASK);
                }
                Opcode::Pong => {}
                Opcode::Close => {
                    let why = String::from_utf8_lossy(frame.payload.get(2..).unwrap_or_default());
                    let code = frame.payload.get(..2).unwrap_or_default();
                    bail!("the server closed with {code:02x?} {why}")
                }
            }
        }
        Ok(used)
    }
}

/// Where the answer to an upgrade ends. Nothing while it is not complete.
pub(crate) fn upgraded(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
        return Ok(None);
    };
    let answer = String::from_utf8_lossy(&bytes[..end]);
    ensure!(answer.starts_with("HTTP/1.1 101 "), "no upgrade: {answer}");
    Ok(Some(end + 4))
}
