//! Reading frames that stand one after another, as in the body of a response over HTTP: each in a
//! line of its own, or after its length.
//!
//! Pieces of any size come in, whole frames go out. What is kept between two pieces is shorter than
//! one frame and a piece.

use crate::codec::{Codec, CodecError, SERVER_FRAME_LEN_MAX};
use crate::frame::ServerFrame;

/// How many bytes a length may have.
const PREFIX_LENS: [usize; 3] = [1, 3, 5];

/// Makes frames of pieces of a body.
#[derive(Debug)]
pub struct FrameReader {
    codec: Codec,
    unread: Vec<u8>,
    /// How much of it was read and can go.
    read: usize,
}

impl FrameReader {
    /// A reader at the beginning of a body.
    pub fn new(codec: Codec) -> Self {
        Self {
            codec,
            unread: Vec::new(),
            read: 0,
        }
    }

    /// Takes the next piece. Read all frames before the next one.
    pub fn push(&mut self, piece: &[u8]) {
        self.unread.drain(..self.read);
        self.read = 0;
        self.unread.extend_from_slice(piece);
    }

    /// Whether the body may end here: not inside a frame.
    pub fn is_between_frames(&self) -> bool {
        self.read == self.unread.len()
    }

    /// The next frame, if all of it is there.
    ///
    /// # Errors
    ///
    /// [`CodecError`] for what is no frame, or one above [`SERVER_FRAME_LEN_MAX`] bytes. Nothing
    /// after it can be read.
    pub fn next_frame(&mut self) -> Result<Option<ServerFrame>, CodecError> {
        Ok(self.next_sized_frame()?.map(|(frame, _, _)| frame))
    }

    /// The next frame, the bytes of it, and the bytes that are around it. Frames of kinds that this
    /// version does not have are passed over.
    ///
    /// # Errors
    ///
    /// As for [`FrameReader::next_frame`].
    pub fn next_sized_frame(&mut self) -> Result<Option<(ServerFrame, usize, usize)>, CodecError> {
        loop {
            let unread = &self.unread[self.read..];
            let Some((start, end, used)) = self.bounds(unread)? else {
                return Ok(None);
            };
            let Some(frame) = unread.get(start..end) else {
                return Ok(None);
            };
            let len = frame.len();
            let frame = self.codec.decode_server_frame(frame)?;
            self.read += used;
            if let Some(frame) = frame {
                return Ok(Some((frame, len, used - len)));
            }
        }
    }

    /// Where the first frame starts and ends, and how many bytes it takes with what is around it.
    fn bounds(&self, unread: &[u8]) -> Result<Option<(usize, usize, usize)>, CodecError> {
        if self.codec.is_text() {
            let end = unread.iter().position(|byte| *byte == b'\n');
            if end.unwrap_or(unread.len()) > SERVER_FRAME_LEN_MAX {
                return Err(CodecError::TooLong);
            }
            return Ok(end.map(|end| (0, end, end + 1)));
        }
        for start in PREFIX_LENS {
            let Some(prefix) = unread.get(..start) else {
                return Ok(None);
            };
            // Exactly one of the lengths holds a whole number.
            if let Ok(len) = self.codec.decode::<u64>(prefix) {
                let len = usize::try_from(len).map_err(|_| CodecError::TooLong)?;
                if len > SERVER_FRAME_LEN_MAX {
                    return Err(CodecError::TooLong);
                }
                return Ok(Some((start, start + len, start + len)));
            }
        }
        Err(CodecError::TooLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Payload, Tail, TopicId};

    fn frames() -> Vec<ServerFrame> {
        let mut frames = vec![ServerFrame::Probed { nonce: 7 }];
        for len in [10, 300, 60_000] {
            frames.push(ServerFrame::Publication {
                topic_id: TopicId(1),
                offset: 9,
                step: 1,
                event: Tail(
                    Payload::try_from(format!("\"{}\"", "x".repeat(len)).into_bytes())
                        .expect("a short payload"),
                ),
            });
        }
        frames
    }

    fn body(codec: Codec) -> Vec<u8> {
        let mut body = Vec::new();
        for frame in frames() {
            let bytes = codec.encode(&frame);
            if !codec.is_text() {
                body.extend_from_slice(&codec.encode(&(bytes.len() as u64)));
            }
            body.extend_from_slice(&bytes);
            if codec.is_text() {
                body.push(b'\n');
            }
        }
        body
    }

    fn check(codec: Codec, piece_len: usize) {
        let mut reader = FrameReader::new(codec);
        let mut read = Vec::new();
        for piece in body(codec).chunks(piece_len) {
            reader.push(piece);
            while let Some(frame) = reader.next_frame().expect("frames") {
                read.push(frame);
            }
        }
        assert_eq!(read, frames(), "in pieces of {piece_len}");
        assert!(reader.is_between_frames());
    }

    #[test]
    fn frames_are_read_from_pieces_of_any_size() {
        for piece_len in [1, 2, 3, 7, 299, 4_096, usize::MAX] {
            check(Codec::Bincode, piece_len);
            #[cfg(feature = "json")]
            check(Codec::Json, piece_len);
        }
    }

    #[test]
    fn frames_of_kinds_that_are_not_known_are_passed_over() {
        let mut reader = FrameReader::new(Codec::Bincode);
        reader.push(&[2, 0xfa, 7]);
        reader.push(&body(Codec::Bincode));
        let read = std::iter::from_fn(|| reader.next_frame().expect("frames"));
        assert_eq!(read.collect::<Vec<_>>(), frames());
    }

    #[test]
    fn half_a_frame_is_noticed_at_the_end() {
        let mut reader = FrameReader::new(Codec::Bincode);
        reader.push(&body(Codec::Bincode)[..1]);
        assert_eq!(reader.next_frame(), Ok(None));
        assert!(!reader.is_between_frames());
    }

    #[test]
    fn what_is_no_frame_is_refused_and_not_kept() {
        for bytes in [
            &[0xfc, 0xff, 0xff, 0xff, 0xff][..],
            &[0xfd, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0xff; 9],
            &[1, 0xff],
            &[0],
        ] {
            let mut reader = FrameReader::new(Codec::Bincode);
            reader.push(bytes);
            assert!(reader.next_frame().is_err(), "{bytes:?}");
        }
    }

    #[cfg(feature = "json")]
    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut reader = FrameReader::new(Codec::Json);
        reader.push(&vec![b' '; SERVER_FRAME_LEN_MAX + 1]);
        assert!(reader.next_frame().is_err());
    }
}
