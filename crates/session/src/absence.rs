//! Absence: time in which the server's process itself did not run.
//!
//! A process that was suspended wakes up behind the deadlines of its peers, although it has read
//! nothing from them and sent no ping meanwhile. A timer that fires late shows it.

use std::time::Duration;

/// Delay of a timer from which on the process counts as having been away. A busy process is less
/// late.
const LATE_MIN: Duration = Duration::from_secs(1);

/// Tells whether a timer that fired this much later than it was due shows an absence. Deadlines of
/// peers then start anew.
pub fn was_away(late: Duration) -> bool {
    late >= LATE_MIN
}
