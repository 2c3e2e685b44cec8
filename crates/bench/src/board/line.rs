//! A line: one connection of a publisher or a reader. It opens while it waits, and then never waits.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};
use mio::{Registry, Token};
use trunkline_protocol::{SenderId, UserId};

use super::speech::{Heard, Speech};
use crate::load::{Language, Outgoing, WebSocket, upgraded};

/// A connection.
pub(super) struct Line {
    socket: WebSocket,
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
        let mut unread = Vec::new();
        let head_len = loop {
            if let Some(len) = upgraded(&unread)? {
                break len;
            }
            read_more(&mut stream, &mut unread).context("no upgrade")?;
        };
        unread.drain(..head_len);
        let mut out = Outgoing::new(language.opcode());
        let mut user = None;
        if let Some(first) = speech.first(board) {
            out.put(&first);
            stream.write_all(&out.take())?;
            user = Some(greet(&mut stream, &mut unread, &mut out, speech, board)?);
        }
        stream.set_nonblocking(true)?;
        let line = Self {
            socket: WebSocket::new(mio::net::TcpStream::from_std(stream), unread, out),
            sender: SenderId::from_random(getrandom::u64()?),
            counter: 0,
            untaken: 0,
        };
        Ok((line, user))
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> Result<()> {
        self.socket.register(registry, token)
    }

    /// The next publish has this id.
    pub(super) fn next(&mut self) -> (SenderId, u32) {
        self.counter += 1;
        (self.sender, self.counter)
    }

    /// Puts a message behind the others; `flush` sends them.
    pub(super) fn put(&mut self, message: &[u8]) {
        self.socket.out.put(message);
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.socket.flush()
    }

    /// Reads what has come, and hands on what it means. Returns how many bytes that were.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        speech: &Speech,
        mut heard: impl FnMut(Heard) -> Result<()>,
    ) -> Result<u64> {
        let Self {
            socket, untaken, ..
        } = self;
        let received = socket.receive(buffer, |bytes, out| {
            out.take_messages(bytes, |message, out| {
                match speech.hear(message)? {
                    Heard::Answer(answer) => out.put(&answer),
                    Heard::Taken => *untaken = untaken.saturating_sub(1),
                    other => heard(other)?,
                }
                Ok(())
            })
        });
        Ok(received?.bytes)
    }
}

/// Waits until a conversation is open and, if there is a board to read, it is being read.
fn greet(
    stream: &mut TcpStream,
    unread: &mut Vec<u8>,
    out: &mut Outgoing,
    speech: &Speech,
    board: Option<&str>,
) -> Result<UserId> {
    let (mut user, mut reading) = (None, board.is_none());
    loop {
        let used = out.take_messages(unread, |message, _| {
            match speech.hear(message)? {
                Heard::Open(it) => user = Some(it),
                Heard::Reading => reading = true,
                other => bail!("{other:?} before anything was asked"),
            }
            Ok(())
        });
        unread.drain(..used?);
        if let Some(user) = user
            && reading
        {
            return Ok(user);
        }
        read_more(stream, unread).context("no greeting")?;
    }
}

fn read_more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Result<()> {
    let mut bytes = [0; 4096];
    let len = stream.read(&mut bytes)?;
    ensure!(len > 0, "the server hung up");
    unread.extend_from_slice(&bytes[..len]);
    Ok(())
}
