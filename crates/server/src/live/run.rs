//! What may follow what in a broadcast: runs with rising numbers, their parts one after the other,
//! chunks whole. Viewers get nothing that breaks this.

use trunkline_protocol::topics::live::{LIVE_RUN_MAX, LiveEvent, LiveForm, LiveKind};
use trunkline_protocol::{Error, ErrorCode};

/// The most bytes of media in a run: what a log keeps, less what else is in events.
const RUN_LEN_MAX: usize = 4 * 1024 * 1024 - LIVE_RUN_MAX as usize * PART_COST - 8 * 1024;

/// What a part has besides its media, at most.
pub(super) const PART_COST: usize = 32;

/// The run that a broadcaster is in.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u32,
    pub(super) form: LiveForm,
    /// The number of the next part.
    next: u32,
    len: usize,
    /// What the chunk is of which more is to come, and when it was captured.
    chunk: Option<(LiveKind, u32)>,
    has_picture: bool,
}

impl Run {
    /// Begins a run, with the number of an event that is one.
    pub(super) fn begin(event: &LiveEvent, number_min: u32) -> Result<Self, Error> {
        let LiveEvent::Run {
            run,
            form,
            video,
            audio,
            ..
        } = event
        else {
            return Err(invalid("a broadcast begins with a run"));
        };
        if *run < number_min {
            return Err(invalid(&format!(
                "this run has the number {run}, expected {number_min} or a higher one"
            )));
        }
        let printable = |text: &str| text.bytes().all(|b| matches!(b, b' '..=b'~'));
        if !printable(video) || !printable(audio) {
            return Err(invalid("a codec is named in printable ASCII"));
        }
        match form {
            LiveForm::Frames if video.is_empty() && audio.is_empty() => {
                return Err(invalid("a run of frames has pictures or sound"));
            }
            LiveForm::Container if video.is_empty() || !audio.is_empty() => {
                return Err(invalid("a run of a container names its type, and no sound"));
            }
            LiveForm::Frames | LiveForm::Container => {}
        }
        Ok(Self {
            number: *run,
            form: *form,
            next: 0,
            len: 0,
            chunk: None,
            has_picture: false,
        })
    }

    /// Takes the next part.
    pub(super) fn take(&mut self, event: &LiveEvent) -> Result<(), Error> {
        let &LiveEvent::Part {
            run,
            number,
            kind,
            last,
            at_us,
            ref bytes,
        } = event
        else {
            return Err(invalid("this is no part"));
        };
        if run != self.number || number != self.next {
            return Err(invalid(&format!(
                "part {number} of run {run} does not follow, expected {} of {}: begin another run",
                self.next, self.number
            )));
        }
        if bytes.is_empty() {
            return Err(invalid("a part has some bytes"));
        }
        if number + 1 >= LIVE_RUN_MAX || self.len + bytes.len() > RUN_LEN_MAX {
            return Err(invalid(
                "this run is as long as one may be: begin another one",
            ));
        }
        if self.chunk.is_some_and(|chunk| chunk != (kind, at_us)) {
            return Err(invalid(
                "the parts of a chunk follow each other, with one kind and one time",
            ));
        }
        match (self.form, kind) {
            (LiveForm::Container, LiveKind::Container)
            | (LiveForm::Frames, LiveKind::Audio | LiveKind::Key) => {}
            (LiveForm::Frames, LiveKind::Delta) if self.has_picture => {}
            (LiveForm::Frames, LiveKind::Delta) => {
                return Err(invalid("the first picture of a run needs no other"));
            }
            (LiveForm::Frames, LiveKind::Container)
            | (LiveForm::Container, LiveKind::Key | LiveKind::Delta | LiveKind::Audio) => {
                return Err(invalid("this run has no chunks of this kind"));
            }
        }
        self.has_picture |= kind == LiveKind::Key;
        self.chunk = (!last).then_some((kind, at_us));
        self.next += 1;
        self.len += bytes.len();
        Ok(())
    }
}

pub(super) fn invalid(detail: &str) -> Error {
    Error::new(ErrorCode::Invalid, detail)
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::live::LIVE_PART_LEN_MAX;
    use trunkline_protocol::{List, Text};

    use super::*;

    pub(super) fn run(number: u32, form: LiveForm, video: &str, audio: &str) -> LiveEvent {
        LiveEvent::Run {
            run: number,
            form,
            video: Text::cut(video),
            audio: Text::cut(audio),
            width: 640,
            height: 360,
            rate: 0,
            channels: 0,
            init: List::default(),
            began_us: 0,
        }
    }

    fn part(number: u32, kind: LiveKind, last: bool, at_us: u32) -> LiveEvent {
        LiveEvent::Part {
            run: 5,
            number,
            kind,
            last,
            at_us,
            bytes: List::cut(vec![7; 100]),
        }
    }

    fn begun(form: LiveForm) -> Run {
        let video = match form {
            LiveForm::Frames => "vp8",
            LiveForm::Container => "video/webm",
        };
        Run::begin(&run(5, form, video, ""), 5).expect("a good run")
    }

    fn refusal(result: Result<(), Error>) -> String {
        result.expect_err("refused").detail.to_string()
    }

    #[test]
    fn a_run_says_what_it_is_and_has_a_number_that_is_high_enough() {
        let check = |event: &LiveEvent, expected: Option<&str>| {
            let refused = Run::begin(event, 5).err();
            let refused = refused.as_ref().map(|error| error.detail.as_str());
            let fits = match (refused, expected) {
                (Some(refused), Some(expected)) => refused.contains(expected),
                (refused, expected) => refused == expected,
            };
            assert!(fits, "{refused:?}, expected {expected:?}");
        };
        let (frames, container) = (LiveForm::Frames, LiveForm::Container);
        check(&run(5, frames, "vp8", "opus"), None);
        check(&run(900, frames, "", "opus"), None);
        check(&run(5, container, "video/webm;codecs=vp8,opus", ""), None);
        check(&run(4, frames, "vp8", ""), Some("expected 5"));
        check(&run(5, frames, "", ""), Some("pictures or sound"));
        check(&run(5, container, "", ""), Some("names its type"));
        check(&run(5, container, "a", "b"), Some("names its type"));
        check(&run(5, frames, "vp\n8", ""), Some("printable"));
        check(&run(5, frames, "비디오", ""), Some("printable"));
        check(&part(0, LiveKind::Key, true, 0), Some("begins with a run"));
    }

    #[test]
    fn parts_follow_each_other() {
        let mut run = begun(LiveForm::Frames);
        for (event, expected) in [
            (part(0, LiveKind::Delta, true, 0), "needs no other"),
            (part(1, LiveKind::Key, true, 0), "does not follow"),
            (part(0, LiveKind::Container, true, 0), "this kind"),
        ] {
            assert!(refusal(run.take(&event)).contains(expected), "{expected}");
        }
        run.take(&part(0, LiveKind::Audio, true, 0)).expect("sound");
        run.take(&part(1, LiveKind::Key, false, 9)).expect("half");
        for other in [
            part(2, LiveKind::Audio, true, 9),
            part(2, LiveKind::Key, true, 10),
        ] {
            let refused = refusal(run.take(&other));
            assert!(refused.contains("follow each other"), "{refused}");
        }
        run.take(&part(2, LiveKind::Key, true, 9)).expect("rest");
        run.take(&part(3, LiveKind::Delta, true, 10)).expect("next");
        let again = part(3, LiveKind::Delta, true, 10);
        assert!(refusal(run.take(&again)).contains("expected 4 of 5"));
    }

    #[test]
    fn a_container_has_pieces_of_a_container() {
        let mut run = begun(LiveForm::Container);
        run.take(&part(0, LiveKind::Container, true, 0))
            .expect("a piece");
        let picture = part(1, LiveKind::Key, true, 0);
        assert!(refusal(run.take(&picture)).contains("this kind"));
    }

    #[test]
    fn a_run_has_an_end() {
        let mut run = begun(LiveForm::Frames);
        let taken = (0..LIVE_RUN_MAX + 1)
            .take_while(|number| run.take(&part(*number, LiveKind::Key, true, 0)).is_ok());
        // The run itself is one of its events.
        assert_eq!(taken.count() as u32, LIVE_RUN_MAX - 1);

        let mut run = begun(LiveForm::Frames);
        let long = |number| LiveEvent::Part {
            run: 5,
            number,
            kind: LiveKind::Key,
            last: true,
            at_us: u32::MAX,
            bytes: List::cut(vec![0; LIVE_PART_LEN_MAX]),
        };
        let count = (0..).take_while(|number| run.take(&long(*number)).is_ok());
        let (count, cost) = (count.count(), encoded_len(&long(1_000)) - LIVE_PART_LEN_MAX);
        assert!(count * (LIVE_PART_LEN_MAX + cost) <= 4 * 1024 * 1024 - 8 * 1024);
        assert!(count > 330, "{count}");
        assert!(cost <= PART_COST, "{cost}");
    }

    fn encoded_len(event: &LiveEvent) -> usize {
        trunkline_protocol::Codec::Bincode.encode(event).len()
    }
}
