//! Bytes as frames: what a peer sends, checked while it comes.
//!
//! What must hold: a result does not depend on the pieces in which bytes come; nothing is kept of a
//! message that is too long; an idle decoder owns no memory; a peer's bytes never panic.

use std::ops::ControlFlow;

use crate::header::{HEADER_LEN_MAX, Header, Opcode};
use crate::incoming::{Incoming, Violation, read_close};
use crate::partial::{Current, Partial, append};
use crate::{Kind, Role, mask};

/// Reads what one peer sends.
#[derive(Debug)]
pub struct Decoder {
    role: Role,
    closed: bool,
    message_len_max: usize,
    pub(crate) partial: Option<Box<Partial>>,
}

/// What receives what comes.
type Handle<'a> = dyn FnMut(Incoming<'_>) -> ControlFlow<()> + 'a;

impl Decoder {
    /// A decoder for one end of a connection that has just opened. A message has at most
    /// `message_len_max` bytes.
    pub fn new(role: Role, message_len_max: usize) -> Self {
        Self {
            role,
            closed: false,
            message_len_max,
            partial: None,
        }
    }

    /// The bytes that are kept of what is not complete.
    pub fn partial_len(&self) -> usize {
        self.partial.as_ref().map_or(0, |partial| {
            partial.header.len() + partial.control.len() + partial.message.len()
        })
    }

    /// Takes bytes as they came, and hands on what is complete with them, in order. They are
    /// unmasked in place. When `handle` breaks, the rest is dropped, and so is all that follows.
    ///
    /// # Errors
    ///
    /// The first rule that the peer broke. What came before it was handed on. What comes after it,
    /// in this call or a later one, is not read and not refused again.
    pub fn read(&mut self, bytes: &mut [u8], handle: &mut Handle<'_>) -> Result<(), Violation> {
        let result = self.read_on(bytes, handle);
        if result.is_err() {
            self.closed = true;
        }
        if self.closed {
            self.partial = None;
        }
        result
    }

    fn read_on(&mut self, mut bytes: &mut [u8], handle: &mut Handle<'_>) -> Result<(), Violation> {
        while !bytes.is_empty() && !self.closed {
            if self.partial.is_none() {
                match self.read_whole(bytes, handle)? {
                    Some(used) => {
                        bytes = &mut bytes[used..];
                        continue;
                    }
                    None => self.partial = Some(Box::default()),
                }
            }
            let used = self.read_piece(bytes, handle)?;
            bytes = &mut bytes[used..];
        }
        Ok(())
    }

    /// Reads a frame that is here as a whole and is no part of a larger message. None if the next
    /// one is not like that.
    fn read_whole(
        &mut self,
        bytes: &mut [u8],
        handle: &mut Handle<'_>,
    ) -> Result<Option<usize>, Violation> {
        let Some(header) = Header::read(bytes, self.role)? else {
            return Ok(None);
        };
        let payload_len = self.checked_len(&header, 0)?;
        if !header.fin || header.opcode == Opcode::Continuation {
            return Ok(None);
        }
        // Not by adding the two, whose sum a peer could make overflow where usize has 32 bits.
        let Some(payload) = bytes[header.len..].get_mut(..payload_len) else {
            return Ok(None);
        };
        if self.role == Role::Server {
            mask::apply(payload, header.mask, 0);
        }
        match header.opcode {
            Opcode::Message(kind) => {
                if kind == Kind::Text && std::str::from_utf8(payload).is_err() {
                    return Err(Violation::NotUtf8);
                }
                self.closed = handle(Incoming::Message { kind, payload }).is_break();
            }
            control => self.hand_on(control, payload, handle)?,
        }
        Ok(Some(header.len + payload_len))
    }

    /// Checks what a header announces, before anything is kept for it.
    fn checked_len(&self, header: &Header, before: usize) -> Result<usize, Violation> {
        let room = self.message_len_max - before.min(self.message_len_max);
        match usize::try_from(header.payload_len) {
            Ok(len) if len <= room || header.opcode.is_control() => Ok(len),
            Ok(_) | Err(_) => Err(Violation::TooLong),
        }
    }

    /// Reads on in what is incomplete: a header, or a part of a payload. Returns how far.
    fn read_piece(
        &mut self,
        bytes: &mut [u8],
        handle: &mut Handle<'_>,
    ) -> Result<usize, Violation> {
        let Some(mut partial) = self.partial.take() else {
            return Ok(0);
        };
        let Some(mut current) = partial.current else {
            let used = self.read_header(&mut partial, bytes)?;
            // A frame without a payload is complete with its header.
            if partial.current.is_some_and(|current| current.left == 0) {
                self.finish(partial, handle)?;
            } else {
                self.partial = Some(partial);
            }
            return Ok(used);
        };
        let used = current.left.min(bytes.len());
        let piece = &mut bytes[..used];
        if self.role == Role::Server {
            mask::apply(piece, current.mask, current.here);
        }
        current.here += used;
        current.left -= used;
        partial.current = Some(current);
        if current.opcode.is_control() {
            partial.control.extend_from_slice(piece);
        } else {
            if partial.kind == Some(Kind::Text) && !partial.text.check(piece) {
                return Err(Violation::NotUtf8);
            }
            let message_len_max = self.message_len_max;
            append(&mut partial.message, piece, &current, message_len_max);
        }
        if current.left == 0 {
            self.finish(partial, handle)?;
        } else {
            self.partial = Some(partial);
        }
        Ok(used)
    }

    /// Reads on in a header. Returns how many of `bytes` belong to it.
    fn read_header(&self, partial: &mut Partial, bytes: &[u8]) -> Result<usize, Violation> {
        let before = partial.header.len();
        let more = bytes.len().min(HEADER_LEN_MAX - before);
        partial.header.extend_from_slice(&bytes[..more]);
        let Some(header) = Header::read(&partial.header, self.role)? else {
            return Ok(more);
        };
        partial.header.clear();
        let left = self.checked_len(&header, partial.message.len())?;
        match (header.opcode, partial.kind) {
            (Opcode::Message(kind), None) => partial.kind = Some(kind),
            (Opcode::Message(_), Some(_)) | (Opcode::Continuation, None) => {
                return Err(Violation::Protocol);
            }
            _ => {}
        }
        partial.current = Some(Current {
            opcode: header.opcode,
            fin: header.fin,
            mask: header.mask,
            here: 0,
            left,
        });
        // No header ends before the bytes that were kept of it.
        Ok(header.len - before)
    }

    /// A frame is complete.
    fn finish(
        &mut self,
        mut partial: Box<Partial>,
        handle: &mut Handle<'_>,
    ) -> Result<(), Violation> {
        let Some(current) = partial.current.take() else {
            return Ok(());
        };
        if current.opcode.is_control() {
            let control = std::mem::take(&mut partial.control);
            self.hand_on(current.opcode, &control, handle)?;
        } else if current.fin
            && let Some(kind) = partial.kind.take()
        {
            if !partial.text.is_whole() {
                return Err(Violation::NotUtf8);
            }
            let payload = std::mem::take(&mut partial.message);
            let payload = &*payload;
            self.closed = handle(Incoming::Message { kind, payload }).is_break();
        }
        // Between messages nothing is kept.
        if partial.kind.is_some() {
            self.partial = Some(partial);
        }
        Ok(())
    }

    fn hand_on(
        &mut self,
        control: Opcode,
        payload: &[u8],
        handle: &mut Handle<'_>,
    ) -> Result<(), Violation> {
        let flow = match control {
            Opcode::Ping => handle(Incoming::Ping(payload)),
            Opcode::Pong => handle(Incoming::Pong(payload)),
            Opcode::Close => {
                let (code, reason) = read_close(payload)?;
                let _ = handle(Incoming::Close { code, reason });
                ControlFlow::Break(())
            }
            Opcode::Continuation | Opcode::Message(_) => ControlFlow::Continue(()),
        };
        self.closed |= flow.is_break();
        Ok(())
    }
}
