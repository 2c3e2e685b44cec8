//! One connection of a load: dials, opens a conversation, reads and writes what is ready.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use mio::net::TcpStream;
use mio::{Registry, Token};
use trunkline_protocol::SenderId;

use super::language::{Heard, Language, Place};
use super::websocket::{Outgoing, WebSocket, upgraded};

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Upgrading,
    Greeting,
    Open,
}

/// A connection.
pub(super) struct Connection {
    socket: WebSocket,
    place: Place,
    state: State,
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
        let stream = TcpStream::connect(address).context("cannot connect")?;
        stream.set_nodelay(true)?;
        let mut out = Outgoing::new(language.opcode());
        out.put_raw(language.upgrade(address, place).as_bytes());
        let mut socket = WebSocket::new(stream, Vec::new(), out);
        socket.register(registry, token)?;
        Ok(Self {
            socket,
            place,
            state: State::Upgrading,
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
        self.socket.out.put(&message);
        self.flush()
    }

    /// Asks for a text to be sent back.
    pub(super) fn call(&mut self, language: &Language, text: &str) -> Result<()> {
        self.counter += 1;
        self.socket.out.put(&language.call(self.counter, text));
        self.flush()
    }

    /// Writes what could not be written before.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.socket.flush()
    }

    /// Reads what has come, and hands each message on. Returns how often it read something.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        language: &Language,
        mut message: impl FnMut(&[u8]),
    ) -> Result<u64> {
        let Self {
            socket,
            place,
            state,
            untaken,
            ..
        } = self;
        let received = socket.receive(buffer, |bytes, out| {
            let mut head_len = 0;
            if *state == State::Upgrading {
                let Some(len) = upgraded(bytes)? else {
                    return Ok(0);
                };
                head_len = len;
                *state = if language.opens_with_upgrade() {
                    State::Open
                } else {
                    State::Greeting
                };
                if let Some(first) = language.first(*place) {
                    out.put(&first);
                }
            }
            let used = out.take_messages(&bytes[head_len..], |it, out| {
                match language.hear(*place, it)? {
                    Heard::Message => message(it),
                    Heard::Taken => *untaken = untaken.saturating_sub(1),
                    Heard::Open => *state = State::Open,
                    Heard::Answer(answer) => out.put(&answer),
                    Heard::Nothing => {}
                }
                Ok(())
            });
            Ok(head_len + used?)
        });
        Ok(received?.reads)
    }

    /// Ends the connection by a reset.
    pub(super) fn end(self) -> Result<()> {
        self.socket.end()
    }
}
