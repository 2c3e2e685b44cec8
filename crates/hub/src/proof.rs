//! Proofs: a reader that resumes shows which event it has, so that a log notices a reader of
//! another branch of its history.
//!
//! Epoch and offset cannot tell branches apart: a backup that was restored over a newer history goes
//! on under the same epoch, and gives the offsets of the lost branch to other events.

use trunkline_protocol::{Codec, Digest, Payload};

use crate::fan_out::event_in;
use crate::hub::ToJson;
use crate::log::Recovery;

/// The digest of the event that a reader has at its position, and the form in which it got it.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// The digest, as the reader gave it.
    pub digest: Digest,
    /// The codec of the reader's conversation.
    pub codec: Codec,
    /// The topic's way from the canonical form to JSON.
    pub to_json: ToJson,
}

impl Proof {
    /// Tells whether the reader has this event.
    fn is_of(&self, event: &Payload) -> bool {
        Digest::of(&event_in(self.codec, event, self.to_json)) == self.digest
    }
}

impl Recovery {
    /// Tells whether the reader has another event at its position than the log. If so, answer it
    /// with [`Recovery::of_another_branch`].
    ///
    /// An event that is no longer kept contradicts nothing.
    pub fn contradicts(&self, proof: &Proof) -> bool {
        self.known.as_ref().is_some_and(|event| !proof.is_of(event))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trunkline_protocol::{Delivery, Epoch, Gap, GapCause, Moment, Offset, Position};

    use super::*;
    use crate::log::{Append, Log};

    const EPOCH: Epoch = Epoch(7);

    /// A branch of a history: its events are numbers, encoded as bincode does it.
    fn branch(keep: u32, events: &[u8]) -> Log {
        let max_age = Duration::from_secs(60);
        let mut log = Log::new(EPOCH, Delivery::Log { keep, max_age });
        for event in events {
            let append = Append {
                key: None,
                event: event_of(*event),
                conflation_key: None,
                keyframe: false,
            };
            log.append(Moment::from_ms(0), append);
        }
        log
    }

    fn event_of(number: u8) -> Payload {
        Codec::Bincode.payload(&number).expect("a short event")
    }

    /// The events of this test are written with a space before them, as no other encoder would.
    fn to_json(event: &[u8]) -> Option<Vec<u8>> {
        let number: u8 = Codec::Bincode.decode(event).ok()?;
        (number < 200).then(|| format!(" {number}").into_bytes())
    }

    fn proof(codec: Codec, bytes: &[u8]) -> Proof {
        Proof {
            digest: Digest::of_bytes(bytes),
            codec,
            to_json,
        }
    }

    /// Tells whether a log of `events` contradicts a reader that has `event` at `offset`, in either
    /// codec.
    fn contradicts(keep: u32, events: &[u8], offset: Offset, event: u8) -> bool {
        let position = Position {
            epoch: EPOCH,
            offset,
        };
        let recovery = branch(keep, events).recover(position);
        let [binary, json] = [
            proof(Codec::Bincode, event_of(event).as_bytes()),
            proof(Codec::Json, format!(" {event}").as_bytes()),
        ]
        .map(|proof| recovery.contradicts(&proof));
        assert_eq!(binary, json, "{events:?} {offset} {event}");
        binary
    }

    #[test]
    fn reader_with_the_same_event_is_on_this_branch() {
        assert!(!contradicts(9, &[1, 2, 3], 2, 2));
        assert!(!contradicts(9, &[1, 2, 3], 3, 3));
        assert!(!contradicts(2, &[1, 2, 3], 2, 2));
    }

    #[test]
    fn reader_with_another_event_is_on_another_branch() {
        assert!(contradicts(9, &[1, 2, 9], 3, 3));
        assert!(contradicts(9, &[1, 9, 9, 9], 2, 2));
        assert!(contradicts(1, &[1, 2, 9], 3, 3));
    }

    #[test]
    fn event_that_is_no_longer_kept_contradicts_nothing() {
        assert!(!contradicts(1, &[1, 2, 9], 2, 8));
        assert!(!contradicts(1, &[1, 2, 9], 1, 8));
        assert!(!contradicts(9, &[1, 2, 9], 0, 8));
    }

    #[test]
    fn position_above_the_head_needs_no_proof_to_be_a_gap() {
        assert!(!contradicts(9, &[1, 2, 3], 4, 4));
        let position = Position {
            epoch: EPOCH,
            offset: 4,
        };
        let recovery = branch(9, &[1, 2, 3]).recover(position);
        assert_eq!(recovery.gap.map(|gap| gap.cause), Some(GapCause::Epoch));
    }

    #[test]
    fn reader_of_another_branch_gets_all_that_is_kept_after_a_gap() {
        let recovery = Recovery::of_another_branch(branch(2, &[1, 2, 3]).after(0, 9));
        let gap = Gap {
            from: 1,
            to: 0,
            count: 0,
            cause: GapCause::Epoch,
        };
        assert_eq!((recovery.gap, recovery.after), (Some(gap), 1));
        let offsets: Vec<_> = recovery
            .page
            .publications
            .iter()
            .map(|it| it.offset)
            .collect();
        assert_eq!(offsets, [2, 3]);
    }

    #[test]
    fn event_without_json_is_null_for_its_digest_as_on_the_wire() {
        let position = Position {
            epoch: EPOCH,
            offset: 1,
        };
        let recovery = branch(9, &[200]).recover(position);
        assert!(!recovery.contradicts(&proof(Codec::Json, b"null")));
        assert!(recovery.contradicts(&proof(Codec::Json, b" 200")));
    }
}
