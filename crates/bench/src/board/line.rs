//! A line: one connection of a publisher or a reader. It opens while it waits, and then never waits.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};
use mio::{Interest, Registry, Token};
use trunkline_protocol::{SenderId, UserId};

use super::speech::{Heard, Speech};
use crate::load::{Language, framing};

/// How much is read at once.
pub(super) const BUFFER_LEN: usize = 256 * 1024;

const MASK: [u8; 4] = [0x3c, 0xa5, 0x5a, 0xc3];

/// A connection.
pub(super) struct Line {
    stream: mio::net::TcpStream,
    opcode: framing::Opcode,
    /// The begin of a frame.
    partial: Vec<u8>,
    unsent: Vec<u8>,
    sender: SenderId,
    counter: u32,
    /// How many publishes are not acknowledged.
    pub(super) untaken: usize,
}

impl Line {
    /// Opens a connection, and waits until it is answered. Tells who it is, where it is somebody.
    pub(super) fn open(
        address: SocketAddr,
        language: &Language,
        speech: &Speech,
        board: Option<&str>,
    ) -> Result<(Self, Option<UserId>)> {
        let mut stream = TcpStream::connect(address).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(super::audience::PATIENCE))?;
        stream.write_all(Speech::upgrade(language, address).as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).context("no upgrade")?;
            answer.push(byte[0]);
        }
        ensure!(answer.starts_with(b"HTTP/1.1 101 "), "no upgrade");
        let opcode = language.opcode();
        let mut partial = Vec::new();
        let mut user = None;
        if let Some(first) = speech.first(board) {
            let mut frame = Vec::new();
            framing::write(&mut frame, opcode, &first, MASK);
            stream.write_all(&frame)?;
            user = Some(greet(&mut stream, &mut partial, speech, board.is_some())?);
        }
        stream.set_nonblocking(true)?;
        let line = Self {
            stream: mio::net::TcpStream::from_std(stream),
            opcode,
            partial,
            unsent: Vec::new(),
            sender: SenderId::from_random(getrandom::u64()?),
            counter: 0,
            untaken: 0,
        };
        Ok((line, user))
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> Result<()> {
        let interest = Interest::READABLE.add(Interest::WRITABLE);
        Ok(registry.register(&mut self.stream, token, interest)?)
    }

    /// The next publish has this id.
    pub(super) fn next(&mut self) -> (SenderId, u32) {
        self.counter += 1;
        (self.sender, self.counter)
    }

    /// Puts a message behind the others; `flush` sends them.
    pub(super) fn put(&mut self, message: &[u8]) {
        framing::write(&mut self.unsent, self.opcode, message, MASK);
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(len) => drop(self.unsent.drain(..len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error).context("cannot write"),
            }
        }
        Ok(())
    }

    /// Reads what has come, and hands on what it means. Returns how many bytes that were.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        speech: &Speech,
        mut heard: impl FnMut(Heard) -> Result<()>,
    ) -> Result<u64> {
        let mut bytes = 0;
        loop {
            let kept = self.partial.len();
            buffer[..kept].copy_from_slice(&self.partial);
            let read = match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => bail!("the server hung up"),
                Ok(read) => read,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return Ok(bytes),
                    ErrorKind::Interrupted => continue,
                    _ => return Err(error).context("cannot read"),
                },
            };
            bytes += read as u64;
            let end = kept + read;
            let mut used = 0;
            while let Some((frame, len)) = framing::read(&buffer[used..end])? {
                used += len;
                match frame.opcode {
                    framing::Opcode::Text | framing::Opcode::Binary => {
                        match speech.hear(frame.payload)? {
                            Heard::Answer(answer) => {
                                framing::write(&mut self.unsent, self.opcode, &answer, MASK);
                            }
                            Heard::Taken => self.untaken = self.untaken.saturating_sub(1),
                            other => heard(other)?,
                        }
                    }
                    framing::Opcode::Ping => {
                        let pong = framing::Opcode::Pong;
                        framing::write(&mut self.unsent, pong, frame.payload, MASK);
                    }
                    framing::Opcode::Pong => {}
                    framing::Opcode::Close => bail!("the server closed"),
                }
            }
            self.partial.clear();
            self.partial.extend_from_slice(&buffer[used..end]);
            ensure!(self.partial.len() < buffer.len(), "a frame without end");
            // A short read has emptied the socket.
            if end < buffer.len() {
                self.flush()?;
                return Ok(bytes);
            }
        }
    }
}

/// Waits until a conversation is open and, if it is to be, its board is read.
fn greet(
    stream: &mut TcpStream,
    partial: &mut Vec<u8>,
    speech: &Speech,
    reads: bool,
) -> Result<UserId> {
    let (mut user, mut reading) = (None, false);
    loop {
        let mut used = 0;
        while let Some((frame, len)) = framing::read(&partial[used..])? {
            used += len;
            match speech.hear(frame.payload)? {
                Heard::Open(it) => user = Some(it),
                Heard::Reading => reading = true,
                other => bail!("{other:?} before anything was asked"),
            }
        }
        partial.drain(..used);
        if let Some(user) = user
            && (reading || !reads)
        {
            return Ok(user);
        }
        let mut bytes = [0; 4096];
        let len = stream.read(&mut bytes).context("no greeting")?;
        ensure!(len > 0, "the server hung up");
        partial.extend_from_slice(&bytes[..len]);
    }
}
