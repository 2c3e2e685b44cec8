//! Records: what the store holds, as bytes with a checksum over key and value.
//!
//! The checksum finds what the store itself cannot: a record that is whole and wrong, or stands
//! under another key.

use bytes::{Buf, BufMut};
use trunkline_hub::{Extent, Kept, KeptId, PublishKey};
use trunkline_protocol::{
    Epoch, MessageId, Moment, Offset, Payload, Publication, SenderId, UserId,
};

/// What the store knows of a topic beside its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TopicRecord {
    /// Names the topic in the keys of its events.
    pub(super) id: u64,
    pub(super) epoch: Epoch,
    /// What the store has of its log. Scans begin where it does, and not at removed records.
    pub(super) extent: Extent,
    /// When the newest event is too old to be kept.
    pub(super) expires: Moment,
}

/// The time of the store and the wall clock, as last recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRecord {
    /// The newest moment of the store. Retention goes on from it.
    pub(super) time: Moment,
    /// The wall clock at that moment.
    pub(super) wall: Moment,
}

/// The length of the checksum before every value.
const SUM_LEN: usize = 4;

/// The key of an event, or of the message id that made it.
pub(super) fn event_key(topic: u64, offset: Offset) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&topic.to_be_bytes());
    key[8..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// The offset in an event's key.
pub(super) fn offset_in(key: &[u8]) -> Option<Offset> {
    Some(u64::from_be_bytes(key.get(8..16)?.try_into().ok()?))
}

/// The number of the topic in an event's key.
pub(super) fn topic_in(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(..8)?.try_into().ok()?))
}

impl TopicRecord {
    /// Tells whether a record is an event that the topic keeps.
    pub(super) fn has_event(&self, key: &[u8], value: &[u8]) -> bool {
        let kept = self.extent.first..=self.extent.head;
        offset_in(key).is_some_and(|offset| kept.contains(&offset))
            && read_event(key, value).is_some()
    }

    /// Tells whether a record is a message id that the topic remembers.
    pub(super) fn has_command(&self, key: &[u8], value: &[u8]) -> bool {
        let kept = self.extent.first_key..=self.extent.head;
        offset_in(key).is_some_and(|offset| kept.contains(&offset))
            && read_command(key, value, Moment::default()).is_some()
    }
}

/// Writes a value under its checksum.
fn seal(key: &[u8], body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut value = vec![0; SUM_LEN];
    body(&mut value);
    let sum = checksum(key, &value[SUM_LEN..]);
    value[..SUM_LEN].copy_from_slice(&sum.to_le_bytes());
    value
}

/// The value under a checksum; none if either of them is wrong.
fn open<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, body) = value.split_at_checked(SUM_LEN)?;
    (checksum(key, body).to_le_bytes() == sum).then_some(body)
}

fn checksum(key: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(body);
    hasher.finalize()
}

/// A number of the store's own.
pub(super) fn write_number(key: &[u8], number: u64) -> Vec<u8> {
    seal(key, |out| out.put_u64_le(number))
}

pub(super) fn read_number(key: &[u8], value: &[u8]) -> Option<u64> {
    let mut body = open(key, value)?;
    body.try_get_u64_le().ok()
}

pub(super) fn write_time(key: &[u8], record: &TimeRecord) -> Vec<u8> {
    seal(key, |out| {
        out.put_u64_le(record.time.as_ms());
        out.put_u64_le(record.wall.as_ms());
    })
}

pub(super) fn read_time(key: &[u8], value: &[u8]) -> Option<TimeRecord> {
    let mut body = open(key, value)?;
    Some(TimeRecord {
        time: Moment::from_ms(body.try_get_u64_le().ok()?),
        wall: Moment::from_ms(body.try_get_u64_le().ok()?),
    })
}

pub(super) fn write_event(key: &[u8], event: &Payload, at: Moment) -> Vec<u8> {
    seal(key, |out| {
        out.put_u64_le(at.as_ms());
        out.extend_from_slice(event.as_bytes());
    })
}

pub(super) fn read_event(key: &[u8], value: &[u8]) -> Option<Kept> {
    let mut body = open(key, value)?;
    let at = Moment::from_ms(body.try_get_u64_le().ok()?);
    let event = Payload::try_from(body.to_vec()).ok()?;
    let offset = offset_in(key)?;
    let publication = Publication {
        offset,
        step: 1,
        event,
    };
    Some(Kept {
        publication,
        at,
        conflation_key: None,
    })
}

pub(super) fn write_command(key: &[u8], command: &PublishKey, at: Moment) -> Vec<u8> {
    seal(key, |out| {
        put_command(out, command);
        out.put_u64_le(at.as_ms());
    })
}

fn put_command(out: &mut Vec<u8>, command: &PublishKey) {
    out.put_u64_le(command.user.0);
    out.put_u64_le(command.message_id.sender.into());
    out.put_u32_le(command.message_id.counter);
}

/// Reads the id of a command. One of format 1 has no time and counts from `since`.
pub(super) fn read_command(key: &[u8], value: &[u8], since: Moment) -> Option<KeptId> {
    let mut body = open(key, value)?;
    let user = UserId(body.try_get_u64_le().ok()?);
    let sender = SenderId::try_from(body.try_get_u64_le().ok()?).ok()?;
    let counter = body.try_get_u32_le().ok()?;
    let message_id = MessageId { sender, counter };
    let at = if body.is_empty() {
        since
    } else {
        Moment::from_ms(body.try_get_u64_le().ok()?)
    };
    Some(KeptId {
        offset: offset_in(key)?,
        key: PublishKey { user, message_id },
        at,
    })
}

pub(super) fn write_topic(key: &[u8], topic: &TopicRecord) -> Vec<u8> {
    seal(key, |out| {
        out.put_u64_le(topic.id);
        out.put_u32_le(topic.epoch.0);
        out.put_u64_le(topic.extent.head);
        out.put_u64_le(topic.extent.first);
        out.put_u64_le(topic.extent.first_key);
        out.put_u64_le(topic.expires.as_ms());
    })
}

pub(super) fn read_topic(key: &[u8], value: &[u8]) -> Option<TopicRecord> {
    let mut body = open(key, value)?;
    Some(TopicRecord {
        id: body.try_get_u64_le().ok()?,
        epoch: Epoch(body.try_get_u32_le().ok()?),
        extent: Extent {
            head: body.try_get_u64_le().ok()?,
            first: body.try_get_u64_le().ok()?,
            first_key: body.try_get_u64_le().ok()?,
        },
        expires: Moment::from_ms(body.try_get_u64_le().ok()?),
    })
}

/// Writes the id of a command as format 1 did.
#[cfg(test)]
pub(super) fn write_command_1(key: &[u8], command: &PublishKey) -> Vec<u8> {
    seal(key, |out| put_command(out, command))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: Moment = Moment::from_ms(2);

    fn samples() -> Vec<(Vec<u8>, Vec<u8>)> {
        let key = event_key(7, 42);
        let event = Payload::try_from(b"an event".to_vec()).expect("a short payload");
        let command = PublishKey {
            user: UserId(9),
            message_id: MessageId {
                sender: SenderId::from_random(5),
                counter: 6,
            },
        };
        let topic = TopicRecord {
            id: 7,
            epoch: Epoch(8),
            extent: Extent {
                head: 42,
                first: 40,
                first_key: 1,
            },
            expires: Moment::from_ms(9),
        };
        for (value, ms) in [
            (write_command(&key, &command, Moment::from_ms(3)), 3),
            (write_command_1(&key, &command), 2),
        ] {
            let id = KeptId {
                offset: 42,
                key: command,
                at: Moment::from_ms(ms),
            };
            assert_eq!(read_command(&key, &value, SINCE), Some(id));
        }
        assert_eq!(read_topic(b"t", &write_topic(b"t", &topic)), Some(topic));
        let time = TimeRecord {
            time: Moment::from_ms(3),
            wall: Moment::from_ms(4),
        };
        assert_eq!(read_time(b"time", &write_time(b"time", &time)), Some(time));
        let kept = read_event(&key, &write_event(&key, &event, Moment::from_ms(3)));
        let kept = kept.expect("what was written");
        assert_eq!((kept.publication.offset, kept.at), (42, Moment::from_ms(3)));
        assert_eq!(kept.publication.event, event);
        vec![
            (key.to_vec(), write_event(&key, &event, Moment::from_ms(3))),
            (
                key.to_vec(),
                write_command(&key, &command, Moment::from_ms(3)),
            ),
            (key.to_vec(), write_command_1(&key, &command)),
            (b"t".to_vec(), write_topic(b"t", &topic)),
            (b"n".to_vec(), write_number(b"n", 1)),
            (b"time".to_vec(), write_time(b"time", &time)),
        ]
    }

    fn reads(key: &[u8], value: &[u8]) -> bool {
        read_event(key, value).is_some()
            || read_command(key, value, SINCE).is_some()
            || read_topic(key, value).is_some()
            || read_number(key, value).is_some()
            || read_time(key, value).is_some()
    }

    #[test]
    fn every_changed_byte_of_key_or_value_is_noticed() {
        for (key, value) in samples() {
            assert!(reads(&key, &value));
            for at in 0..value.len() {
                let mut changed = value.clone();
                changed[at] ^= 1;
                assert!(!reads(&key, &changed), "byte {at} of {value:?}");
            }
            for at in 0..key.len() {
                let mut changed = key.clone();
                changed[at] ^= 1;
                assert!(!reads(&changed, &value), "byte {at} of {key:?}");
            }
            for len in 0..value.len() {
                assert!(!reads(&key, &value[..len]), "{len} bytes of {value:?}");
            }
        }
    }
}
