//! One connection of a load: dials, opens a conversation, reads and writes what is ready.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use trunkline_protocol::SenderId;

use super::framing::{self, Opcode};
use super::language::{Heard, Language, Place};
use crate::kernel;

/// How much is read at once. What is left of a frame stands before it.
pub(super) const BUFFER_LEN: usize = 256 * 1024;

/// Masks have to differ only where somebody could be fooled by what is sent.
const MASK: [u8; 4] = [0x5a, 0xc3, 0x3c, 0xa5];

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Upgrading,
    Greeting,
    Open,
}

/// A connection.
pub(super) struct Connection {
    stream: TcpStream,
    place: Place,
    state: State,
    /// The begin of a frame, or of the answer to the upgrade.
    partial: Vec<u8>,
    unsent: Vec<u8>,
    sender: SenderId,
    counter: u32,
    /// How many of its publishes are not acknowledged, where the language does so.
    pub(super) untaken: usize,
}

impl Connection {
    /// Dials; the upgrade follows when the connection is there.
    pub(super) fn dial(
        registry: &Registry,
        token: Token,
        (address, language): (SocketAddr, &Language),
        place: Place,
    ) -> Result<Self> {
        let mut stream = TcpStream::connect(address).context("cannot connect")?;
        stream.set_nodelay(true)?;
        registry.register(
            &mut stream,
            token,
            Interest::READABLE.add(Interest::WRITABLE),
        )?;
        Ok(Self {
            stream,
            place,
            state: State::Upgrading,
            partial: Vec::new(),
            unsent: language.upgrade(address, place).into_bytes(),
            sender: SenderId::from_random(getrandom::u64()?),
            counter: 0,
            untaken: 0,
        })
    }

    /// Whether messages may come.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Says a text in its room.
    pub(super) fn say(&mut self, language: &Language, room: u32, text: &str) -> Result<()> {
        self.counter += 1;
        self.untaken += usize::from(language.acknowledges());
        let message = language.say(room, self.counter, self.sender, text);
        self.send(language.opcode(), &message)
    }

    /// Asks for a text to be sent back.
    pub(super) fn call(&mut self, language: &Language, text: &str) -> Result<()> {
        self.counter += 1;
        let message = language.call(self.counter, text);
        self.send(language.opcode(), &message)
    }

    /// Writes what could not be written before.
    pub(super) fn flush(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => {
                    self.unsent.drain(..written);
                }
                Err(error) => match error.kind() {
                    // Not connected: the connection is not there yet.
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => return Ok(()),
                    _ => return Err(error).context("cannot write"),
                },
            }
        }
        Ok(())
    }

    /// Reads what has come, and hands each message on. Returns how often it read something.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        language: &Language,
        mut message: impl FnMut(&[u8]),
    ) -> Result<u64> {
        let mut reads = 0;
        loop {
            let kept = self.partial.len();
            buffer[..kept].copy_from_slice(&self.partial);
            let read = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::NotConnected => return Ok(reads),
                    ErrorKind::Interrupted => continue,
                    _ => return Err(error).context("cannot read"),
                },
            };
            reads += 1;
            let end = kept + read;
            let used = self.take(&buffer[..end], language, &mut message)?;
            self.partial.clear();
            self.partial.extend_from_slice(&buffer[used..end]);
            ensure!(self.partial.len() < buffer.len(), "a frame without end");
            // A short read has emptied the socket: what comes then is another event.
            if end < buffer.len() {
                return Ok(reads);
            }
        }
    }

    /// Ends the connection by a reset.
    pub(super) fn end(self) -> Result<()> {
        Ok(kernel::end_hard(&self.stream)?)
    }

    fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<()> {
        framing::write(&mut self.unsent, opcode, payload, MASK);
        self.flush()
    }

    /// Takes what is complete, and returns how much that was.
    fn take(
        &mut self,
        bytes: &[u8],
        language: &Language,
        message: &mut impl FnMut(&[u8]),
    ) -> Result<usize> {
        let mut used = 0;
        if self.state == State::Upgrading {
            let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") else {
                return Ok(0);
            };
            used = end + 4;
            let answer = String::from_utf8_lossy(&bytes[..used]);
            ensure!(answer.starts_with("HTTP/1.1 101 "), "no upgrade: {answer}");
            self.upgraded(language)?;
        }
        while let Some((frame, len)) = framing::read(&bytes[used..])? {
            used += len;
            match frame.opcode {
                Opcode::Text | Opcode::Binary => match language.hear(self.place, frame.payload)? {
                    Heard::Message => message(frame.payload),
                    Heard::Taken => self.untaken = self.untaken.saturating_sub(1),
                    Heard::Open => self.state = State::Open,
                    Heard::Answer(answer) => self.send(language.opcode(), &answer)?,
                    Heard::Nothing => {}
                },
                Opcode::Ping => self.send(Opcode::Pong, frame.payload)?,
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

    fn upgraded(&mut self, language: &Language) -> Result<()> {
        self.state = if language.opens_with_upgrade() {
            State::Open
        } else {
            State::Greeting
        };
        match language.first(self.place) {
            Some(first) => self.send(language.opcode(), &first),
            None => Ok(()),
        }
    }
}
