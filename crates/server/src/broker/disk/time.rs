//! The time of the store when it is opened, and what an operator is told about the wall clock.
//!
//! The wall clock is only compared and reported: [`StoreTime`] says by which time retention ages.

use trunkline_hub::{StoreTime, WallJump};
use trunkline_protocol::Moment;

use super::record::TimeRecord;
use crate::clock::Clock;

const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

/// The time of a store that was opened at the start of a server. Warns if the wall clock is far from
/// where the store last saw it.
pub(super) fn at_start(recorded: Option<TimeRecord>, clock: Clock) -> StoreTime {
    if let Some(warning) = recorded.and_then(|it| warning(it.wall, clock.wall())) {
        tracing::warn!("{warning}");
    }
    let recorded = recorded.map(|it| it.time);
    StoreTime::resume(recorded, clock.wall(), clock.now())
}

/// The time of a store that was opened again after a failure: that of the store, or the one before
/// if the store has none.
pub(super) fn after_failure(
    before: &StoreTime,
    recorded: Option<TimeRecord>,
    clock: Clock,
) -> StoreTime {
    let recorded = recorded.map(|it| it.time);
    StoreTime::resume(recorded, before.now(clock.now()), clock.now())
}

/// Returns a warning about two readings of the wall clock.
fn warning(recorded: Moment, wall: Moment) -> Option<String> {
    let (last, now) = (utc(recorded), utc(wall));
    match WallJump::between(recorded, wall)? {
        WallJump::Ahead(_) => Some(format!(
            "the clock says {now}, and it said {last} when history was last written: if the server \
             was not off for that long, check the clock. Nothing is deleted because of it"
        )),
        WallJump::Back(_) => Some(format!(
            "the clock says {now}, which is before {last}, when history was last written: check the \
             clock. Nothing is deleted because of it"
        )),
    }
}

/// A moment of a wall clock as `2026-11-30 15:04:05 UTC`.
fn utc(moment: Moment) -> String {
    let seconds = moment.as_ms() / 1000;
    let (year, month, day) = date(seconds / SECONDS_OF_DAY);
    let second = seconds % SECONDS_OF_DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Year, month and day of a day since the begin of 1970. Years begin in March here, so that a leap
/// day is the last day of one.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    // From 1 March of the year 0.
    let days = days_since_1970 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_people_write_them() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_456_790_400, "2016-03-01 00:00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(Moment::from_ms(seconds * 1000)), text);
        }
    }

    #[test]
    fn a_clock_that_is_far_off_is_reported_with_both_times() {
        let day = |days: u64| Moment::from_ms(days * SECONDS_OF_DAY * 1000);
        assert_eq!(warning(day(20_000), day(20_001)), None);
        let ahead = warning(day(20_000), day(20_010)).expect("ten days are far");
        assert!(ahead.contains("2024-10-14") && ahead.contains("2024-10-04"));
        let back = warning(day(20_000), day(17_000)).expect("years are far");
        assert!(back.contains("before 2024-10-04") && back.contains("2016-07-18"));
    }
}
