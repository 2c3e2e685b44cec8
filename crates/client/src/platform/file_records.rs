//! The records of an outbox file: how each is framed, and what they add up to.
//!
//! A record is its length, its checksum, and one entry. A half-written one is told by either.

use trunkline_protocol::{MessageId, SenderId, UserId};
use trunkline_session::{CommandId, SavedCommand};

use crate::record;

/// What every outbox file begins with. A changed entry is another number.
pub(super) const MAGIC: &[u8] = b"trunkline outbox 1\n";

/// The longest entry, in bytes: a command of 60 KiB and what stands around it.
const ENTRY_LEN_MAX: usize = 64 * 1024;

/// One thing that happened to an outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// From here on new commands have this sender, which counts from 1.
    Owner { user: UserId, sender: SenderId },
    /// The sender may have used every counter below.
    Counter(u32),
    /// A command waits.
    Put(SavedCommand),
    /// A command does not wait any more.
    Remove(CommandId),
}

impl Entry {
    /// The record of this entry.
    pub(super) fn to_record(&self) -> Vec<u8> {
        let entry = self.to_bytes();
        let len = u32::try_from(entry.len()).expect("an entry is shorter than 4 GiB");
        let mut bytes = len.to_le_bytes().to_vec();
        bytes.extend_from_slice(&crc32fast::hash(&entry).to_le_bytes());
        bytes.extend_from_slice(&entry);
        bytes
    }

    /// Reads the record that `bytes` begin with, and tells how long it is. None if it is not whole.
    fn from_record(bytes: &[u8]) -> Option<(Self, usize)> {
        let (len, rest) = bytes.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let len = u32::from_le_bytes(*len) as usize;
        let entry = rest.get(..len).filter(|_| len <= ENTRY_LEN_MAX)?;
        if crc32fast::hash(entry) != u32::from_le_bytes(*sum) {
            return None;
        }
        Some((Self::from_bytes(entry)?, 8 + len))
    }

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Owner { user, sender } => {
                let numbers = [user.0, u64::from(*sender)];
                tagged(0, &numbers.map(u64::to_le_bytes).concat())
            }
            Self::Counter(next) => tagged(1, &next.to_le_bytes()),
            Self::Put(command) => tagged(2, &record::encode(command)),
            Self::Remove(id) => {
                let sender = u64::from(id.sender).to_le_bytes();
                tagged(3, &[&sender[..], &id.counter.to_le_bytes()[..]].concat())
            }
        }
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match kind {
            0 => {
                let (user, sender) = rest.split_first_chunk::<8>()?;
                Some(Self::Owner {
                    user: UserId(u64::from_le_bytes(*user)),
                    sender: sender_from(sender)?,
                })
            }
            1 => Some(Self::Counter(u32::from_le_bytes(rest.try_into().ok()?))),
            2 => Some(Self::Put(record::decode(rest).ok()?)),
            3 => {
                let (sender, counter) = rest.split_at_checked(8)?;
                Some(Self::Remove(MessageId {
                    sender: sender_from(sender)?,
                    counter: u32::from_le_bytes(counter.try_into().ok()?),
                }))
            }
            _ => None,
        }
    }
}

fn tagged(kind: u8, rest: &[u8]) -> Vec<u8> {
    [&[kind][..], rest].concat()
}

fn sender_from(bytes: &[u8]) -> Option<SenderId> {
    let number = u64::from_le_bytes(bytes.try_into().ok()?);
    SenderId::try_from(number).ok()
}

/// What the records of a file add up to.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// Whose outbox it is and its sender, once that was written.
    pub(super) owner: Option<(UserId, SenderId)>,
    pub(super) next_counter: u32,
    pub(super) commands: Vec<SavedCommand>,
    /// How many bytes are good, from the beginning.
    pub(super) len: usize,
}

impl Replay {
    /// Reads a file up to the first record that is not whole. None if it is not an outbox.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let mut replay = Self::default();
        if MAGIC.starts_with(bytes) && bytes.len() < MAGIC.len() {
            return Some(replay);
        }
        let mut rest = bytes.strip_prefix(MAGIC)?;
        replay.len = MAGIC.len();
        while let Some((entry, len)) = Entry::from_record(rest) {
            if !replay.take(entry) {
                break;
            }
            replay.len += len;
            rest = &rest[len..];
        }
        Some(replay)
    }

    /// Takes an entry. Tells whether it can be true.
    fn take(&mut self, entry: Entry) -> bool {
        match (entry, self.owner) {
            (Entry::Owner { user, sender }, before) => {
                if before.is_some_and(|(owner, _)| owner != user) {
                    return false;
                }
                self.owner = Some((user, sender));
                self.next_counter = 1;
            }
            (_, None) => return false,
            (Entry::Counter(next), Some(_)) => self.next_counter = self.next_counter.max(next),
            (Entry::Put(command), Some((_, sender))) => {
                if command.id.sender == sender {
                    let next = command.id.counter.saturating_add(1);
                    self.next_counter = self.next_counter.max(next);
                }
                self.commands.push(command);
            }
            (Entry::Remove(id), Some(_)) => self.commands.retain(|command| command.id != id),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::saved;

    #[test]
    fn the_bytes_of_a_record_stay_as_they_are() {
        let bytes = Entry::Counter(70).to_record();
        assert_eq!(bytes, [5, 0, 0, 0, 76, 217, 61, 69, 1, 70, 0, 0, 0]);
    }

    #[test]
    fn an_entry_comes_back_whole_or_not_at_all() {
        let sender = SenderId::from_random(9);
        for entry in [
            Entry::Owner {
                user: UserId(3),
                sender,
            },
            Entry::Counter(70),
            Entry::Put(saved(9, 4, "hi")),
            Entry::Remove(MessageId { sender, counter: 4 }),
        ] {
            let mut bytes = entry.to_record();
            let len = bytes.len();
            for cut in 0..len {
                assert_eq!(Entry::from_record(&bytes[..cut]), None);
            }
            for place in 4..len {
                bytes[place] ^= 1;
                assert_eq!(Entry::from_record(&bytes), None, "{entry:?} at {place}");
                bytes[place] ^= 1;
            }
            bytes.push(7);
            assert_eq!(Entry::from_record(&bytes), Some((entry, len)));
        }
    }
}
