//! A batch: the publications of one topic that are fanned out together, encoded once per codec.
//!
//! Every reader of a codec gets the same bytes, and most get the whole batch as one slice. What a
//! delivery decides about a single event goes by its place in the batch. Events are encoded when
//! they come; values, of which only the newest go out, when they go.

use std::ops::Range;

use bytes::Bytes;
use trunkline_protocol::{Codec, Gap, GapCause, Moment, Offset, Publication, ServerFrame, TopicId};

use crate::fan_out::event_in;
use crate::hub::{Framing, ToJson};
use crate::state::index;
use crate::values::Values;

const CODECS: [Codec; 2] = [Codec::Bincode, Codec::Json];

/// A batch of this many bytes is not made longer: it must fit into an outbox.
pub(crate) const BATCH_LEN_MAX: usize = 32 * 1024;

/// One publication of a batch.
#[derive(Debug)]
pub(crate) struct Batched {
    pub(crate) offset: Offset,
    pub(crate) keyframe: bool,
    /// Where its bytes end, for each codec.
    ends: [usize; 2],
}

/// Publications that wait to be fanned out.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Of a topic that delivers the latest values, instead of publications.
    values: Values,
    publications: Vec<Batched>,
    bytes: [Vec<u8>; 2],
    /// When to fan out. It means something while there are publications.
    pub(crate) due: Moment,
}

/// What does not change from one publication of a topic to the next.
pub(crate) struct Form {
    pub(crate) topic_id: TopicId,
    pub(crate) to_json: ToJson,
    pub(crate) framing: Framing,
    /// How many readers there are of each codec.
    pub(crate) readers: [u32; 2],
}

impl Form {
    /// A frame as readers of `codec` get it. Nothing if there are none.
    fn frame(&self, codec: Codec, frame: impl FnOnce() -> ServerFrame, bytes: &mut Vec<u8>) {
        if self.readers[index(codec)] > 0 {
            (self.framing)(codec, &codec.encode(&frame()), bytes);
        }
    }
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.publications.is_empty() && self.values.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        let full = |bytes: &Vec<u8>| bytes.len() >= BATCH_LEN_MAX;
        self.bytes.iter().any(full) || self.values.is_full()
    }

    /// Adds a value, in place of an older version of it.
    pub(crate) fn put(&mut self, key: &str, publication: &Publication) {
        self.values.put(key, publication);
    }

    /// Adds a publication, encoded for those who read.
    pub(crate) fn push(&mut self, form: &Form, publication: &Publication, keyframe: bool) {
        for codec in CODECS {
            let frame = || {
                let event = event_in(codec, &publication.event, form.to_json);
                let publication = Publication {
                    event,
                    ..*publication
                };
                ServerFrame::of_publication(form.topic_id, publication)
            };
            form.frame(codec, frame, &mut self.bytes[index(codec)]);
        }
        self.publications.push(Batched {
            offset: publication.offset,
            keyframe,
            ends: [self.bytes[0].len(), self.bytes[1].len()],
        });
    }

    /// Takes what is there, for fan-out.
    pub(crate) fn take(&mut self, form: &Form) -> Fanned {
        let first = if self.values.is_empty() {
            0
        } else {
            self.encode_values(form)
        };
        Fanned {
            publications: std::mem::take(&mut self.publications),
            first,
            bytes: std::mem::take(&mut self.bytes).map(Bytes::from),
        }
    }

    /// Encodes the newest values, and what is to be told of those that they overtook. Returns the
    /// first offset among all of them.
    fn encode_values(&mut self, form: &Form) -> Offset {
        let values = self.values.take();
        for value in &values.newest {
            self.push(form, value, false);
        }
        // After the values: a reader takes nothing of a gap that it was told.
        if let Some(gap) = values.overtaken {
            for codec in CODECS {
                let topic_id = form.topic_id;
                let frame = || ServerFrame::Gap { topic_id, gap };
                form.frame(codec, frame, &mut self.bytes[index(codec)]);
            }
        }
        values.first
    }
}

/// A batch on its way to the readers.
pub(crate) struct Fanned {
    pub(crate) publications: Vec<Batched>,
    /// Of values: the first offset among them and those that they overtook.
    first: Offset,
    bytes: [Bytes; 2],
}

impl Fanned {
    /// The newest offset. 0 if there is nothing.
    pub(crate) fn last(&self) -> Offset {
        self.publications.last().map_or(0, |it| it.offset)
    }

    /// The place of the first publication that a reader with everything up to `given` lacks.
    pub(crate) fn first_after(&self, given: Offset) -> usize {
        match self.publications.first() {
            // Nearly always.
            Some(first) if first.offset > given => 0,
            _ => self.publications.partition_point(|it| it.offset <= given),
        }
    }

    /// The bytes of some publications for a codec. None if they were not encoded, because nobody
    /// read it when they came.
    pub(crate) fn slice(&self, codec: Codec, places: Range<usize>) -> Option<Bytes> {
        let at = index(codec);
        let end_of = |place: usize| self.publications.get(place).map_or(0, |it| it.ends[at]);
        let start = places.start.checked_sub(1).map_or(0, end_of);
        let end = places.end.checked_sub(1).map_or(0, end_of);
        // Every frame has bytes, so none may have none.
        let first_end = end_of(places.start);
        (first_end > start && end > start).then(|| self.bytes[at].slice(start..end))
    }

    /// The values for a reader with everything up to `given`, and what is to be told after them,
    /// unless it is in the bytes. None as above.
    pub(crate) fn values(&self, codec: Codec, given: Offset) -> Option<(Bytes, Option<Gap>)> {
        if given < self.first {
            let bytes = &self.bytes[index(codec)];
            return (!bytes.is_empty()).then(|| (bytes.clone(), None));
        }
        // It has read some of it in history: what it lacks and does not get was overtaken.
        let places = self.first_after(given)..self.publications.len();
        let count = self.last() - given - places.len() as u64;
        let gap = Gap {
            from: given + 1,
            to: self.last() - 1,
            count,
            cause: GapCause::Conflated,
        };
        let bytes = self.slice(codec, places)?;
        Some((bytes, (count > 0).then_some(gap)))
    }
}
