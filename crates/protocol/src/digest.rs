//! Digests: checksums by which a client that resumes proves which event it has.
//!
//! A backup that is restored over a newer history gives offsets of the same epoch to other events.
//! A position does not tell the two branches apart; the digest of the event at that position does.

use crate::codec::{Decode, Deserialize, Encode, Serialize};
use crate::payload::Payload;

/// The CRC-32 (IEEE 802.3, as in zip and PNG) of an event's bytes as the server sent them: those of
/// the payload in a binary frame, the text of the value in a JSON frame.
///
/// It detects accidents, not forgeries: a client that lies about its event harms only itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, Serialize, Deserialize)]
#[cfg_attr(test, derive(wincode::SchemaWrite, wincode::SchemaRead))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Digest(pub u32);

impl Digest {
    /// Computes the digest of an event.
    pub fn of(event: &Payload) -> Self {
        Self::of_bytes(event.as_bytes())
    }

    /// Computes the digest of an event's bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(!bytes.iter().fold(u32::MAX, |sum, byte| {
            let sum = sum ^ u32::from(*byte);
            let sum = (sum >> 4) ^ REMAINDERS[(sum & 15) as usize];
            (sum >> 4) ^ REMAINDERS[(sum & 15) as usize]
        }))
    }
}

/// Remainders of all half bytes, lowest bit first. A table of whole bytes would be faster, but an
/// event is digested only at a resumption, and 64 bytes are all that a page has to load.
const REMAINDERS: [u32; 16] = {
    let mut table = [0; 16];
    let mut half = 0;
    while half < 16 {
        let mut sum = half as u32;
        let mut bit = 0;
        while bit < 4 {
            sum = (sum >> 1) ^ (0xedb8_8320 * (sum & 1));
            bit += 1;
        }
        table[half] = sum;
        half += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_crc_32_that_other_languages_have() {
        // Check value of the catalogue of CRC algorithms, then Python's zlib.crc32.
        assert_eq!(Digest::of_bytes(b"123456789"), Digest(0xcbf4_3926));
        assert_eq!(Digest::of_bytes(b""), Digest(0));
        assert_eq!(Digest::of_bytes(b"\0"), Digest(0xd202_ef8d));
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(Digest::of_bytes(&all), Digest(0x2905_8c73));
    }

    #[test]
    fn digest_of_a_payload_is_that_of_its_bytes() {
        let event = Payload::try_from(b"123456789".to_vec()).expect("a short event");
        assert_eq!(Digest::of(&event), Digest(0xcbf4_3926));
    }
}
