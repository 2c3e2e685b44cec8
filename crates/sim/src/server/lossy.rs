//! A server that loses, doubles and swaps deliveries: only with it do the defences of a client
//! have something to do.

use trunkline_protocol::{Codec, List, ServerFrame};

use crate::random::Random;

/// What happens to deliveries on one line.
#[derive(Debug)]
pub(super) struct Lossy {
    permille: u64,
    held: Option<Vec<u8>>,
}

impl Lossy {
    pub(super) fn new(permille: u64) -> Self {
        Self {
            permille,
            held: None,
        }
    }

    /// What goes out in place of one frame.
    pub(super) fn pass(
        &mut self,
        codec: Codec,
        bytes: Vec<u8>,
        random: &mut Random,
    ) -> Vec<Vec<u8>> {
        if self.permille == 0 {
            return vec![bytes];
        }
        let mut out = match codec.decode(&bytes) {
            Ok(ServerFrame::Publication { .. }) if random.chance(self.permille) => {
                match random.below(3) {
                    0 => vec![],
                    1 => vec![bytes.clone(), bytes],
                    _ => {
                        let held = self.held.replace(bytes);
                        return held.into_iter().collect();
                    }
                }
            }
            Ok(frame @ ServerFrame::Subscribed { .. }) if random.chance(self.permille) => {
                vec![codec.encode(&holed(frame, random)).to_vec()]
            }
            Ok(_) | Err(_) => vec![bytes],
        };
        out.extend(self.held.take());
        out
    }
}

/// A confirmation whose page lacks one publication.
fn holed(mut frame: ServerFrame, random: &mut Random) -> ServerFrame {
    if let ServerFrame::Subscribed { publications, .. } = &mut frame
        && !publications.is_empty()
    {
        let mut left = std::mem::take(publications).into_vec();
        left.remove(random.below(left.len() as u64) as usize);
        *publications = List::cut(left);
    }
    frame
}
