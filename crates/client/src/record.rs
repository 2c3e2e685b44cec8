//! Records: a saved command as bytes, for any store.
//!
//! It is the frame that carries the command to the server, after a version and the time at which
//! the command was made. A changed byte is another version.

use trunkline_protocol::{ClientFrame, Codec, Text, Timestamp};
use trunkline_session::SavedCommand;

/// The version of a record. Others are not read.
const VERSION: u8 = 1;

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordError {
    /// Another version of this program has written them.
    OtherVersion,
    /// Nobody can read them.
    Malformed,
}

/// Writes a record.
pub(crate) fn encode(command: &SavedCommand) -> Vec<u8> {
    let frame = ClientFrame::Publish {
        id: 0,
        message_id: command.id,
        topic: Text::cut(command.topic.as_str()),
        contract: command.contract,
        command: command.command.clone(),
    };
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&command.made_at.0.to_le_bytes());
    bytes.extend_from_slice(&Codec::Bincode.encode(&frame));
    bytes
}

/// Reads a record.
pub(crate) fn decode(bytes: &[u8]) -> Result<SavedCommand, RecordError> {
    let (version, rest) = bytes.split_first().ok_or(RecordError::Malformed)?;
    if *version != VERSION {
        return Err(RecordError::OtherVersion);
    }
    let (made_at, frame) = rest
        .split_first_chunk::<4>()
        .ok_or(RecordError::Malformed)?;
    match Codec::Bincode.decode(frame) {
        Ok(ClientFrame::Publish {
            id: 0,
            message_id,
            topic,
            contract,
            command,
        }) => Ok(SavedCommand {
            id: message_id,
            topic: topic.parse().map_err(|_| RecordError::Malformed)?,
            contract,
            made_at: Timestamp(u32::from_le_bytes(*made_at)),
            command,
        }),
        Ok(_) | Err(_) => Err(RecordError::Malformed),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use trunkline_protocol::{MessageId, Payload, SenderId};

    use super::*;

    pub(crate) fn saved(sender: u64, counter: u32, text: &str) -> SavedCommand {
        SavedCommand {
            id: MessageId {
                sender: SenderId::from_random(sender),
                counter,
            },
            topic: "chat:a".parse().expect("a topic's name"),
            contract: None,
            made_at: Timestamp(0x0102_0304),
            command: Payload::try_from(text.as_bytes().to_vec()).expect("a short text"),
        }
    }

    #[test]
    fn the_bytes_of_a_record_stay_as_they_are() {
        let bytes = encode(&saved(5, 7, "hi"));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "010403020103000507066368617".to_owned() + "43a6100026869"
        );
    }

    #[test]
    fn a_record_comes_back_and_half_of_one_does_not() {
        let command = saved(5, 7, "hi");
        let mut bytes = encode(&command);
        assert_eq!(decode(&bytes), Ok(command));
        for len in 0..bytes.len() {
            assert_eq!(decode(&bytes[..len]), Err(RecordError::Malformed));
        }
        bytes[0] = 2;
        assert_eq!(decode(&bytes), Err(RecordError::OtherVersion));
    }
}
