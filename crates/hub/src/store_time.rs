//! The time of a store: the clock by which retention ages what is kept.
//!
//! A wall clock may be wrong at a start and right at the next one, so it decides nothing. The time
//! of a store goes on from the newest moment that the store has recorded, and only while a server
//! runs on it. A server that was off, and a wall clock that jumps, therefore age nothing: what is
//! kept is deleted late rather than early.

use std::time::Duration;

use trunkline_protocol::Moment;

/// The longest time without a record while a server runs. A crash makes a store at most so much
/// younger than it is.
const RECORD_EVERY: Duration = Duration::from_secs(60 * 60);

/// The difference between two readings of the wall clock that is worth a warning.
const JUMP_MIN: Duration = Duration::from_secs(24 * 60 * 60);

/// The time of a store while a server runs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreTime {
    /// The store's time when it was opened.
    began: Moment,
    /// The same moment, by the server's clock.
    opened: Moment,
    /// The newest of the store's moments that is on the disk.
    recorded: Moment,
}

impl StoreTime {
    /// Goes on from the newest moment that a store has `recorded`, or from `start` if it has none.
    /// `clock` is a reading of the server's clock, which never goes back, and so are all the
    /// readings below.
    pub fn resume(recorded: Option<Moment>, start: Moment, clock: Moment) -> Self {
        let began = recorded.unwrap_or(start);
        Self {
            began,
            opened: clock,
            recorded: began,
        }
    }

    /// The store's time at `clock`.
    pub fn now(&self, clock: Moment) -> Moment {
        self.began + clock.since(self.opened)
    }

    /// Tells whether the time has not been recorded for so long that it must be.
    pub fn is_record_due(&self, clock: Moment) -> bool {
        self.now(clock).since(self.recorded) >= RECORD_EVERY
    }

    /// Tells whether time has passed that is not recorded.
    pub fn has_passed(&self, clock: Moment) -> bool {
        self.now(clock) > self.recorded
    }

    /// The store's moment `now` is on the disk.
    pub fn handle_recorded(&mut self, now: Moment) {
        self.recorded = self.recorded.max(now);
    }
}

/// Jump of a wall clock since a store recorded it. Nothing follows from it but a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallJump {
    /// It is so far ahead. The server may have been off for that long.
    Ahead(Duration),
    /// It went back by so much.
    Back(Duration),
}

impl WallJump {
    /// Compares the wall clock with the one that was recorded. None if they are within a day.
    pub fn between(recorded: Moment, wall: Moment) -> Option<Self> {
        let (ahead, back) = (wall.since(recorded), recorded.since(wall));
        if ahead > JUMP_MIN {
            Some(Self::Ahead(ahead))
        } else if back > JUMP_MIN {
            Some(Self::Back(back))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn at(hours: u64) -> Moment {
        Moment::default() + hours_long(hours)
    }

    fn hours_long(hours: u64) -> Duration {
        HOUR * u32::try_from(hours).expect("a few years")
    }

    #[test]
    fn a_new_store_begins_at_the_wall_clock() {
        let time = StoreTime::resume(None, at(500_000), at(7));
        assert_eq!(time.now(at(7)), at(500_000));
        assert_eq!(time.now(at(9)), at(500_002));
    }

    #[test]
    fn neither_a_pause_nor_a_jump_of_the_wall_clock_ages_a_store() {
        for wall in [0, 99, 100, 101, 500_000] {
            let time = StoreTime::resume(Some(at(100)), at(wall), at(wall));
            assert_eq!(time.now(at(wall)), at(100));
            assert_eq!(time.now(at(wall + 3)), at(103), "it goes on from there");
        }
    }

    #[test]
    fn time_goes_on_over_many_runs_and_never_back() {
        let mut recorded = None;
        let mut newest = Moment::default();
        for (wall, hours) in [(1000, 5), (0, 5), (9000, 0), (400, 10), (1020, 1)] {
            let time = StoreTime::resume(recorded, at(wall), at(wall));
            assert!(time.now(at(wall)) >= newest);
            newest = time.now(at(wall + hours));
            recorded = Some(newest);
        }
        assert_eq!(newest, at(1000 + 21), "the hours that servers ran");
    }

    #[test]
    fn a_server_that_is_idle_records_every_hour() {
        let mut time = StoreTime::resume(Some(at(100)), at(0), at(0));
        assert!(!time.has_passed(at(0)));
        let almost = at(1) - Duration::from_millis(1);
        assert!(time.has_passed(almost) && !time.is_record_due(almost));
        assert!(time.is_record_due(at(1)));
        time.handle_recorded(time.now(at(1)));
        assert!(!time.has_passed(at(1)) && !time.is_record_due(almost + HOUR));
        assert!(time.is_record_due(at(2)));
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_a_day_is_told() {
        let day = at(24).since(at(0));
        let check = |recorded, wall, jump| assert_eq!(WallJump::between(recorded, wall), jump);
        check(at(100), at(100), None);
        check(at(100), at(124), None);
        check(at(100), at(76), None);
        check(at(100), at(148), Some(WallJump::Ahead(2 * day)));
        check(at(100), at(52), Some(WallJump::Back(2 * day)));
    }
}
