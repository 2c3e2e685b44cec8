//! UTF-8 that comes in pieces: a wrong byte is noticed in the piece that brings it.

/// The begin of a character whose end has not come yet. At most three bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unfinished {
    bytes: [u8; 4],
    len: u8,
}

impl Unfinished {
    /// Checks the next piece of a text. False if no continuation could make it UTF-8.
    pub(crate) fn check(&mut self, mut piece: &[u8]) -> bool {
        while self.len > 0 {
            let Some((next, rest)) = piece.split_first() else {
                return true;
            };
            self.bytes[usize::from(self.len)] = *next;
            self.len += 1;
            piece = rest;
            match std::str::from_utf8(&self.bytes[..usize::from(self.len)]) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        let Err(error) = std::str::from_utf8(piece) else {
            return true;
        };
        let rest = &piece[error.valid_up_to()..];
        if error.error_len().is_some() || rest.len() > 3 {
            return false;
        }
        self.bytes[..rest.len()].copy_from_slice(rest);
        self.len = rest.len() as u8;
        true
    }

    /// Tells whether the text may end here.
    pub(crate) fn is_whole(self) -> bool {
        self.len == 0
    }
}
