//! The simulated transport's framing: the length of a frame before it, as a WebSocket's header has
//! it, so that a batch can be taken apart again.

use trunkline_protocol::Codec;

/// Appends a frame to `bytes`.
pub(crate) fn push(_: Codec, frame: &[u8], bytes: &mut Vec<u8>) {
    let len = u32::try_from(frame.len()).expect("frames are short");
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(frame);
}

/// The frames of a batch.
pub(crate) fn frames(mut batch: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    while let Some((len, rest)) = batch.split_first_chunk() {
        let len = u32::from_le_bytes(*len) as usize;
        let (frame, rest) = rest.split_at(len);
        frames.push(frame.to_vec());
        batch = rest;
    }
    frames
}
