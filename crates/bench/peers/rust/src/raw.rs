//! The limit: one thread, one epoll loop, each message framed once, and nothing else.
//!
//! No fragments, limits, pings or checks: what is left is the kernel. `EachMessage` sends each
//! message to each connection by a write of its own; `EachTick` collects what came in one turn of
//! the loop and sends it together.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Result, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use sha1::{Digest, Sha1};

/// When messages are written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    EachMessage,
    EachTick,
}

const LISTENER: Token = Token(usize::MAX);

struct Server {
    writes: Writes,
    connections: Vec<Option<Connection>>,
    free: Vec<usize>,
    names: HashMap<String, usize>,
    rooms: Vec<Room>,
    dirty: Vec<usize>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    pending: Vec<u8>,
}

struct Connection {
    stream: TcpStream,
    place: Place,
    partial: Vec<u8>,
    unsent: Vec<u8>,
}

enum Place {
    Unknown,
    Echo,
    Room(usize),
}

pub fn serve(writes: Writes) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    println!("{}", listener.local_addr()?.port());
    let registry = poll.registry();
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server {
        writes,
        connections: Vec::new(),
        free: Vec::new(),
        names: HashMap::new(),
        rooms: Vec::new(),
        dirty: Vec::new(),
    };
    let mut buffer = vec![0; 64 * 1024];
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            if error.kind() == ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        for event in &events {
            if event.token() == LISTENER {
                server.accept(&poll, &listener)?;
                continue;
            }
            let at = event.token().0;
            if event.is_writable() {
                server.flush(at);
            }
            if event.is_readable() && server.read(at, &mut buffer).is_err() {
                server.drop_connection(at);
            }
        }
        server.end_tick();
    }
}

impl Server {
    fn accept(&mut self, poll: &Poll, listener: &TcpListener) -> Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => continue,
            };
            stream.set_nodelay(true)?;
            let at = self.free.pop().unwrap_or_else(|| {
                self.connections.push(None);
                self.connections.len() - 1
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(at), interest)?;
            self.connections[at] = Some(Connection {
                stream,
                place: Place::Unknown,
                partial: Vec::new(),
                unsent: Vec::new(),
            });
        }
    }

    fn read(&mut self, at: usize, buffer: &mut [u8]) -> Result<()> {
        loop {
            let Some(connection) = &mut self.connections[at] else {
                return Ok(());
            };
            let kept = connection.partial.len();
            buffer[..kept].copy_from_slice(&connection.partial);
            connection.partial.clear();
            let read = match connection.stream.read(&mut buffer[kept..]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    connection.partial.extend_from_slice(&buffer[..kept]);
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let full = kept + read == buffer.len();
            let used = self.take(at, &mut buffer[..kept + read])?;
            if let Some(connection) = &mut self.connections[at] {
                let rest = &buffer[used..kept + read];
                connection.partial.extend_from_slice(rest);
            }
            // A short read has emptied the socket: the next bytes are another event.
            if !full {
                return Ok(());
            }
        }
    }

    /// Takes what is complete, and returns how much that was.
    fn take(&mut self, at: usize, bytes: &mut [u8]) -> Result<usize> {
        let mut used = 0;
        if let Some(Connection {
            place: Place::Unknown,
            ..
        }) = &self.connections[at]
        {
            match self.upgrade(at, bytes)? {
                Some(len) => used = len,
                None => return Ok(0),
            }
        }
        while let Some((opcode, start, len)) = header(&bytes[used..]) {
            if bytes.len() < used + start + len {
                break;
            }
            let (mask, payload) = bytes[used + start - 4..used + start + len].split_at_mut(4);
            for (at, byte) in payload.iter_mut().enumerate() {
                *byte ^= mask[at & 3];
            }
            match opcode {
                1 | 2 => self.message(at, opcode, payload),
                8 => return Err(ErrorKind::UnexpectedEof.into()),
                _ => {}
            }
            used += start + len;
        }
        Ok(used)
    }

    fn upgrade(&mut self, at: usize, bytes: &[u8]) -> Result<Option<usize>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let malformed = || ErrorKind::InvalidData;
        let len = match request.parse(bytes).map_err(|_| malformed())? {
            httparse::Status::Complete(len) => len,
            httparse::Status::Partial => return Ok(None),
        };
        let key = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("sec-websocket-key"));
        let mut hash = Sha1::new();
        hash.update(key.ok_or_else(malformed)?.value);
        hash.update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            STANDARD.encode(hash.finalize())
        );
        let place = match request.path.and_then(|path| path.strip_prefix("/room/")) {
            Some(name) => {
                let new = self.rooms.len();
                let room = *self.names.entry(name.to_owned()).or_insert(new);
                if room == new {
                    self.rooms.push(Room::default());
                }
                self.rooms[room].members.push(at);
                Place::Room(room)
            }
            None => Place::Echo,
        };
        if let Some(connection) = &mut self.connections[at] {
            connection.place = place;
            connection.send(answer.as_bytes());
        }
        Ok(Some(len))
    }

    fn message(&mut self, at: usize, opcode: u8, payload: &[u8]) {
        let Some(connection) = &mut self.connections[at] else {
            return;
        };
        match connection.place {
            Place::Unknown => {}
            Place::Echo => {
                let mut frame = Vec::with_capacity(payload.len() + 10);
                append(&mut frame, opcode, payload);
                connection.send(&frame);
            }
            Place::Room(room) => {
                let pending = &mut self.rooms[room].pending;
                if pending.is_empty() {
                    self.dirty.push(room);
                }
                append(pending, opcode, payload);
                if self.writes == Writes::EachMessage {
                    self.end_tick();
                }
            }
        }
    }

    fn end_tick(&mut self) {
        for room in self.dirty.drain(..) {
            let room = &mut self.rooms[room];
            for &member in &room.members {
                if let Some(connection) = &mut self.connections[member] {
                    connection.send(&room.pending);
                }
            }
            room.pending.clear();
        }
    }

    fn flush(&mut self, at: usize) {
        if let Some(connection) = &mut self.connections[at]
            && !connection.unsent.is_empty()
        {
            let unsent = std::mem::take(&mut connection.unsent);
            connection.send(&unsent);
        }
    }

    fn drop_connection(&mut self, at: usize) {
        if let Some(connection) = self.connections[at].take() {
            if let Place::Room(room) = connection.place {
                self.rooms[room].members.retain(|&member| member != at);
            }
            self.free.push(at);
        }
    }
}

impl Connection {
    fn send(&mut self, bytes: &[u8]) {
        let sent = if self.unsent.is_empty() {
            // An error shows when the connection is read.
            self.stream.write(bytes).unwrap_or(0)
        } else {
            0
        };
        self.unsent.extend_from_slice(&bytes[sent..]);
    }
}

/// The opcode of a masked frame, where its payload starts and how long that is.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let (start, len) = match second & 127 {
        126 => (
            4,
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
        ),
        127 => return None,
        short => (2, usize::from(short)),
    };
    Some((first & 15, start + 4, len))
}

fn append(frame: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    frame.push(128 | opcode);
    match u16::try_from(payload.len()) {
        Ok(len @ 0..=125) => frame.push(len as u8),
        Ok(len) => {
            frame.push(126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
        Err(_) => unreachable!("longer frames are not read"),
    }
    frame.extend_from_slice(payload);
}
