//! A viewer's half: parts as the chunks that they were.

use trunkline_protocol::topics::live::{LIVE_PART_LEN_MAX, LiveEvent, LiveKind};

/// The longest chunk that is put together: a picture of a very good camera.
const CHUNK_LEN_MAX: usize = 2 << 20;

/// A chunk of an encoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// What it is.
    pub kind: LiveKind,
    /// When it was captured, in microseconds since its run began.
    pub at_us: u32,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// What an event was good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A run begins; decoders begin anew.
    Run,
    /// A chunk is whole.
    Chunk(Chunk),
    /// A part of a chunk: the rest is to come.
    Part,
    /// It belongs to nothing that began: the next run is waited for.
    Useless,
    /// The broadcast is over.
    Ended,
}

/// Puts parts together.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    run: Option<u32>,
    next: u32,
    pictures: Vec<u8>,
    sound: Vec<u8>,
    /// How often something was missing in the middle of a run.
    holes: u32,
}

impl Assembly {
    /// Takes what came.
    pub fn take(&mut self, event: &LiveEvent) -> Taken {
        match event {
            LiveEvent::Run { run, .. } => {
                self.begin(Some(*run));
                Taken::Run
            }
            LiveEvent::Ended { .. } => {
                self.begin(None);
                Taken::Ended
            }
            LiveEvent::Part {
                run,
                number,
                kind,
                last,
                at_us,
                bytes,
            } => {
                if self.run != Some(*run) {
                    return Taken::Useless;
                }
                if *number != self.next {
                    // A picture that is built on what is missing shows nothing good.
                    self.holes += 1;
                    self.begin(None);
                    return Taken::Useless;
                }
                self.next += 1;
                let begun = match kind {
                    LiveKind::Audio => &mut self.sound,
                    LiveKind::Key | LiveKind::Delta | LiveKind::Container => &mut self.pictures,
                };
                if begun.len() + LIVE_PART_LEN_MAX > CHUNK_LEN_MAX {
                    self.begin(None);
                    return Taken::Useless;
                }
                begun.extend_from_slice(bytes);
                if !last {
                    return Taken::Part;
                }
                Taken::Chunk(Chunk {
                    kind: *kind,
                    at_us: *at_us,
                    bytes: std::mem::take(begun),
                })
            }
        }
    }

    fn begin(&mut self, run: Option<u32>) {
        self.run = run;
        self.next = 0;
        self.pictures.clear();
        self.sound.clear();
    }

    /// What is under way is given up, since something is missing: the next run is waited for.
    pub fn skip(&mut self) {
        self.begin(None);
    }

    /// Whether there is a run to go on with.
    pub fn is_in_run(&self) -> bool {
        self.run.is_some()
    }

    /// How often something was missing in the middle of a run.
    pub fn holes(&self) -> u32 {
        self.holes
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::live::{LiveEnd, LiveForm};
    use trunkline_protocol::{List, Text};

    use super::*;
    use crate::live::Parts;

    fn run(run: u32) -> LiveEvent {
        LiveEvent::Run {
            run,
            form: LiveForm::Frames,
            video: Text::cut("vp8"),
            audio: Text::default(),
            width: 640,
            height: 480,
            rate: 0,
            channels: 0,
            init: List::default(),
            began_us: 0,
        }
    }

    #[test]
    fn a_chunk_comes_back_from_its_parts() {
        let mut parts = Parts::default();
        let mut assembly = Assembly::default();
        assert_eq!(parts.begin(5), 5);
        assert_eq!(assembly.take(&run(5)), Taken::Run);
        let picture: Vec<u8> = (0..30_000_u32).map(|at| at as u8).collect();
        let sent = parts.split(LiveKind::Key, 7, &picture);
        let last = |part: &LiveEvent| matches!(part, LiveEvent::Part { last: true, .. });
        assert_eq!(
            sent.iter().map(last).collect::<Vec<_>>(),
            [false, false, true]
        );
        assert_eq!(assembly.take(&sent[0]), Taken::Part);
        assert_eq!(assembly.take(&sent[1]), Taken::Part);
        let Taken::Chunk(chunk) = assembly.take(&sent[2]) else {
            panic!("the chunk is whole");
        };
        assert_eq!(
            (chunk.kind, chunk.at_us, chunk.bytes),
            (LiveKind::Key, 7, picture)
        );
        let sound = parts.split(LiveKind::Audio, 9, &[1, 2]);
        assert!(matches!(assembly.take(&sound[0]), Taken::Chunk(chunk) if chunk.bytes == [1, 2]));
        assert_eq!(parts.split(LiveKind::Audio, 9, &[]), []);
        assert_eq!((parts.begin(0), parts.count()), (6, 0));
    }

    #[test]
    fn after_a_hole_the_next_run_is_waited_for() {
        let mut parts = Parts::default();
        parts.begin(1);
        let sent = parts.split(LiveKind::Key, 0, &[0; 30_000]);
        let mut assembly = Assembly::default();
        assert_eq!(assembly.take(&sent[0]), Taken::Useless, "before any run");
        assembly.take(&run(1));
        assert_eq!(assembly.take(&sent[0]), Taken::Part);
        assert_eq!(assembly.take(&sent[2]), Taken::Useless);
        assert_eq!(
            (assembly.take(&sent[1]), assembly.holes()),
            (Taken::Useless, 1)
        );
        assert_eq!(assembly.take(&run(2)), Taken::Run);
        assert_eq!(
            assembly.take(&sent[0]),
            Taken::Useless,
            "it is of the run before"
        );
        assert!(assembly.is_in_run());
        assembly.skip();
        assert!(!assembly.is_in_run());
        let ended = LiveEvent::Ended {
            reason: LiveEnd::Lost,
        };
        assert_eq!(assembly.take(&ended), Taken::Ended);
    }

    #[test]
    fn a_chunk_has_a_bound() {
        let mut parts = Parts::default();
        parts.begin(1);
        let mut assembly = Assembly::default();
        assembly.take(&run(1));
        let endless = parts.split(LiveKind::Delta, 0, &vec![0; CHUNK_LEN_MAX + 1]);
        let useless = endless
            .iter()
            .filter(|part| assembly.take(part) == Taken::Useless);
        assert!(useless.count() > 0 && assembly.pictures.is_empty());
    }
}
