//! The wire inspector as data: the newest frames, which of them are shown, and how they read.
//!
//! Nothing of a frame is decoded here before somebody looks at it, so that a thousand of them in a
//! second cost little.

use std::collections::VecDeque;

use trunkline_client::tap::{Taken, Tapped, What};

mod content;
mod json;

pub use content::{HEX_LEN_MAX, content, hex, line};

/// A time on the wall in milliseconds, as hours, minutes, seconds and their thousandths.
pub fn clock_text(wall_ms: f64) -> String {
    let ms = (wall_ms.max(0.0) as u64) % 86_400_000;
    let (s, ms) = (ms / 1_000, ms % 1_000);
    format!("{:02}:{:02}:{:02}.{ms:03}", s / 3_600, s / 60 % 60, s % 60)
}

/// How many frames are kept. The oldest go.
pub const FRAMES_MAX: usize = 500;

/// How many frames a list draws. The others are kept, and copied.
pub const SHOWN_MAX: usize = 200;

/// A frame in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Counts up from 1 with each frame that was seen, also with those that were not kept.
    pub number: u64,
    /// The frame.
    pub tapped: Tapped,
}

impl Entry {
    /// The kind of its frame, as it is called on the wire in JSON, or of the request over HTTP.
    pub fn kind(&self) -> &'static str {
        match &self.tapped.what {
            What::Sent(frame) => frame.kind(),
            What::Received(frame) => frame.kind(),
            What::Asked(_) => "get",
            What::Refused(_) => "problem",
            What::Unreadable => "unreadable",
        }
    }
}

/// Which way frames go that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Both.
    #[default]
    Both,
    /// Those to the server.
    Sent,
    /// Those from the server.
    Received,
}

/// Which frames are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// By direction.
    pub way: Way,
    /// By kind; all without one.
    pub kind: Option<&'static str>,
    /// By a part of the topic or method, whatever its case; all where it is empty.
    pub subject: String,
}

impl Filter {
    fn passes(&self, entry: &Entry) -> bool {
        let way = match self.way {
            Way::Both => true,
            Way::Sent => entry.tapped.what.is_sent(),
            Way::Received => !entry.tapped.what.is_sent(),
        };
        let wanted = self.subject.trim().to_lowercase();
        let subject = || {
            let subject = entry.tapped.subject.as_deref().unwrap_or_default();
            subject.to_lowercase().contains(&wanted)
        };
        way && self.kind.is_none_or(|kind| kind == entry.kind()) && (wanted.is_empty() || subject())
    }
}

/// How many frames were seen and how many bytes they were, since the last clearing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames to the server.
    pub sent: u64,
    /// Their bytes, headers included.
    pub sent_bytes: u64,
    /// Frames from the server.
    pub received: u64,
    /// Their bytes, headers included.
    pub received_bytes: u64,
}

/// The frames that were seen lately.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    entries: VecDeque<Entry>,
    seen: u64,
    /// Which are shown.
    pub filter: Filter,
    paused: bool,
    passed: u64,
    missed: u64,
    totals: Totals,
}

impl Wire {
    /// Takes what came out of a tap. While this is paused, frames are counted and not kept.
    pub fn take(&mut self, taken: Taken) {
        self.missed += taken.dropped;
        for tapped in taken.frames {
            self.seen += 1;
            let bytes = tapped.size.total() as u64;
            if tapped.what.is_sent() {
                self.totals.sent += 1;
                self.totals.sent_bytes += bytes;
            } else {
                self.totals.received += 1;
                self.totals.received_bytes += bytes;
            }
            if self.paused {
                self.passed += 1;
                continue;
            }
            if self.entries.len() == FRAMES_MAX {
                self.entries.pop_front();
            }
            self.entries.push_back(Entry {
                number: self.seen,
                tapped,
            });
        }
    }

    /// Stops keeping frames, or goes on.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        if !paused {
            self.passed = 0;
        }
    }

    /// Whether frames are not kept now.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// How many frames have passed since the pause began.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// How many frames the tap has dropped, since the page was too slow or hidden.
    pub fn missed(&self) -> u64 {
        self.missed
    }

    /// What was seen since the last clearing.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Forgets all frames and figures. The filters stay.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.totals = Totals::default();
        self.passed = 0;
        self.missed = 0;
    }

    /// Whether there is a frame at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The frames that pass the filters, newest first.
    pub fn shown(&self) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter().rev();
        entries.filter(|entry| self.filter.passes(entry))
    }

    /// The frame of a number, while it is kept.
    pub fn entry(&self, number: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// The shown frame beside that of `number`: the one above it in the list, or below it. Without
    /// a number, or where it is not shown, the first.
    pub fn beside(&self, number: Option<u64>, above: bool) -> Option<u64> {
        let mut shown: Vec<u64> = self.shown().take(SHOWN_MAX).map(|it| it.number).collect();
        if above {
            shown.reverse();
        }
        let at = number.and_then(|number| shown.iter().position(|it| *it == number));
        match at {
            Some(at) => shown.get(at + 1).or(shown.get(at)).copied(),
            None if above => shown.last().copied(),
            None => shown.first().copied(),
        }
    }

    /// The kinds of the frames that are kept, by name.
    pub fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.entries.iter().map(Entry::kind).collect();
        kinds.extend(self.filter.kind);
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// All frames that pass the filters as JSON, one in a line, oldest first.
    pub fn lines(&self) -> String {
        let mut shown: Vec<&Entry> = self.shown().collect();
        shown.reverse();
        shown.into_iter().map(|it| line(it) + "\n").collect()
    }
}

#[cfg(test)]
mod tests {
    use trunkline_client::Transport;
    use trunkline_client::tap::Size;
    use trunkline_protocol::{ClientFrame, ServerFrame};

    use super::*;

    fn tapped(what: What, subject: Option<&str>) -> Tapped {
        Tapped {
            at_ms: 0,
            transport: Transport::WebSocket,
            size: Size::from_server(10),
            subject: subject.map(str::to_owned),
            what,
        }
    }

    fn probe() -> Tapped {
        tapped(What::Sent(ClientFrame::Probe { nonce: 1 }), None)
    }

    fn probed(subject: &str) -> Tapped {
        tapped(
            What::Received(ServerFrame::Probed { nonce: 1 }),
            Some(subject),
        )
    }

    fn wire(frames: Vec<Tapped>) -> Wire {
        let mut wire = Wire::default();
        wire.take(Taken { frames, dropped: 0 });
        wire
    }

    fn numbers(wire: &Wire) -> Vec<u64> {
        wire.shown().map(|it| it.number).collect()
    }

    #[test]
    fn a_time_reads_as_on_a_clock() {
        assert_eq!(clock_text(0.0), "00:00:00.000");
        assert_eq!(clock_text(86_400_000.0 + 50_523_042.9), "14:02:03.042");
    }

    #[test]
    fn the_oldest_frames_go() {
        let wire = wire(vec![probe(); FRAMES_MAX + 2]);
        let numbers = numbers(&wire);
        assert_eq!((numbers[0], numbers[FRAMES_MAX - 1]), (502, 3));
    }

    #[test]
    fn filters_go_by_direction_and_kind_and_a_part_of_the_topic() {
        let mut wire = wire(vec![probe(), probed("chat:lobby"), probed("ticker:all")]);
        let mut check = |way, kind, subject: &str, expected: &[u64]| {
            wire.filter = Filter {
                way,
                kind,
                subject: subject.to_owned(),
            };
            assert_eq!(numbers(&wire), expected);
        };
        check(Way::Both, None, "", &[3, 2, 1]);
        check(Way::Sent, None, "", &[1]);
        check(Way::Received, None, "", &[3, 2]);
        check(Way::Both, Some("probe"), "", &[1]);
        check(Way::Both, None, " LOBBY ", &[2]);
        check(Way::Sent, None, "lobby", &[]);
    }

    #[test]
    fn a_pause_counts_and_keeps_nothing() {
        let mut wire = wire(vec![probe()]);
        wire.set_paused(true);
        wire.take(Taken {
            frames: vec![probe(), probed("x:y")],
            dropped: 3,
        });
        assert_eq!(numbers(&wire), [1]);
        assert_eq!((wire.passed(), wire.missed()), (2, 3));
        wire.set_paused(false);
        wire.take(Taken {
            frames: vec![probe()],
            dropped: 0,
        });
        assert_eq!(numbers(&wire), [4, 1]);
        assert_eq!(wire.passed(), 0);
        let totals = Totals {
            sent: 3,
            sent_bytes: 36,
            received: 1,
            received_bytes: 12,
        };
        assert_eq!(wire.totals(), totals);
    }

    #[test]
    fn clearing_keeps_the_filters() {
        let mut wire = wire(vec![probe()]);
        wire.filter.kind = Some("probe");
        wire.clear();
        assert!(wire.is_empty());
        assert_eq!(wire.totals(), Totals::default());
        assert_eq!(wire.kinds(), ["probe"]);
    }

    #[test]
    fn arrows_go_through_what_is_shown_and_stop_at_the_ends() {
        let mut wire = wire(vec![probe(), probed("a:b"), probe()]);
        wire.filter.way = Way::Sent;
        let check = |number, above, expected| {
            assert_eq!(wire.beside(number, above), expected);
        };
        check(None, false, Some(3));
        check(Some(3), false, Some(1));
        check(Some(1), false, Some(1));
        check(Some(1), true, Some(3));
        check(Some(3), true, Some(3));
        check(Some(2), true, Some(3));
    }
}
