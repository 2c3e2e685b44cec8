//! The lab: what the page knows of handshakes and races.
//!
//! Times are in microseconds. Those of a race count from when its first tick is due, by the server's
//! clock, as far as that is known here.

mod arrivals;
mod clock;
mod cut;
mod findings;
mod handshake;
mod outcome;
mod settings;

pub use arrivals::Arrivals;
pub use clock::RemoteClock;
pub use cut::{CutEntry, CutLog};
pub use findings::{Finding, Measure};
pub use handshake::{FrameSeen, HeadLine, Opcode, frames, head_lines, said};
pub use outcome::{LaneOutcome, RaceOutcome};
pub use settings::RaceSettings;
