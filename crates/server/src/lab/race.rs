//! The rules of races: what may be asked for, one at a time, and what is counted.

use std::time::Duration;

use trunkline_protocol::topics::lab::{
    FILLER_LEN_MAX, RACE_RATE_MAX, RACE_SECONDS_MAX, Race, RaceWish,
};
use trunkline_protocol::{Error, ErrorCode, UserId};

/// How long the readers of a race have to take its last ticks before another may begin, in
/// microseconds.
const AFTERMATH_US: u64 = 1_000_000;

/// What a lane has taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) received: u64,
    pub(super) sent: u64,
    /// Nothing where the system does not tell.
    pub(super) cpu: Option<Duration>,
}

impl Taken {
    /// What was taken since it was `before`.
    pub(super) fn since(self, before: &Self) -> Self {
        let cpu = self.cpu.zip(before.cpu);
        Self {
            received: self.received.saturating_sub(before.received),
            sent: self.sent.saturating_sub(before.sent),
            cpu: cpu.map(|(now, before)| now.saturating_sub(before)),
        }
    }
}

/// Where races are run, one after the other.
#[derive(Debug, Default)]
pub(super) struct Course {
    last: Option<Entry>,
    races: u32,
}

#[derive(Debug)]
struct Entry {
    id: u32,
    user: UserId,
    /// When another may begin, in microseconds.
    until_us: u64,
    /// What each lane had taken before.
    before: Vec<Taken>,
}

impl Course {
    /// Begins a race for a user who asks `now`, at a later time. `before` is what each lane has
    /// taken.
    ///
    /// # Errors
    ///
    /// `invalid` for a wish out of bounds, `unavailable` as long as the last race goes on, with the
    /// time to wait.
    pub(super) fn begin(
        &mut self,
        user: UserId,
        wish: RaceWish,
        (now_us, begins_us): (u64, u64),
        before: Vec<Taken>,
    ) -> Result<Race, Error> {
        check(wish)?;
        if let Some(last) = &self.last
            && now_us < last.until_us
        {
            let mut error = Error::new(ErrorCode::Unavailable, "another race is being run");
            let wait_ms = (last.until_us - now_us).div_ceil(1000);
            error.retry_after_ms = u32::try_from(wait_ms).ok();
            return Err(error);
        }
        self.races += 1;
        let race = Race {
            id: self.races,
            begins_us,
            period_us: 1_000_000 / u32::from(wish.rate),
            ticks: u32::from(wish.rate) * u32::from(wish.seconds),
        };
        let length_us = u64::from(race.period_us) * u64::from(race.ticks);
        self.last = Some(Entry {
            id: race.id,
            user,
            until_us: begins_us + length_us + AFTERMATH_US,
            before,
        });
        Ok(race)
    }

    /// What each lane had taken before a race of this user.
    ///
    /// # Errors
    ///
    /// `not_kept` if it is not this user's, or another has begun since.
    pub(super) fn before(&self, user: UserId, id: u32) -> Result<&[Taken], Error> {
        let entry = self.last.as_ref();
        let entry = entry.filter(|it| it.id == id && it.user == user);
        entry.map(|it| &*it.before).ok_or_else(|| {
            Error::new(
                ErrorCode::NotKept,
                "only the last race can be told of, to whoever began it",
            )
        })
    }
}

fn check(wish: RaceWish) -> Result<(), Error> {
    let invalid = |detail: String| Err(Error::new(ErrorCode::Invalid, detail));
    if !(1..=RACE_RATE_MAX).contains(&wish.rate) {
        return invalid(format!(
            "rate is {}, expected 1 to {RACE_RATE_MAX}",
            wish.rate
        ));
    }
    if usize::from(wish.filler_len) > FILLER_LEN_MAX {
        let len = wish.filler_len;
        return invalid(format!(
            "filler_len is {len}, expected up to {FILLER_LEN_MAX}"
        ));
    }
    if !(1..=RACE_SECONDS_MAX).contains(&wish.seconds) {
        let seconds = wish.seconds;
        return invalid(format!(
            "seconds is {seconds}, expected 1 to {RACE_SECONDS_MAX}"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    fn wish(rate: u16, filler_len: u16, seconds: u8) -> RaceWish {
        RaceWish {
            rate,
            filler_len,
            seconds,
        }
    }

    #[test]
    fn a_race_has_bounds() {
        let check = |(rate, len, seconds), expected: Option<&str>| {
            let begun = Course::default().begin(ADA, wish(rate, len, seconds), (0, 9), Vec::new());
            let found = begun.err().map(|it| it.detail.to_string());
            assert_eq!(found.as_deref(), expected);
        };
        check((1, 0, 1), None);
        check((100, 4096, 60), None);
        check((0, 0, 1), Some("rate is 0, expected 1 to 100"));
        check((101, 0, 1), Some("rate is 101, expected 1 to 100"));
        check(
            (1, 4097, 1),
            Some("filler_len is 4097, expected up to 4096"),
        );
        check((1, 0, 0), Some("seconds is 0, expected 1 to 60"));
        check((1, 0, 61), Some("seconds is 61, expected 1 to 60"));
    }

    #[test]
    fn one_race_is_run_at_a_time() {
        let mut course = Course::default();
        let first = course.begin(ADA, wish(10, 0, 3), (500, 1_000_500), Vec::new());
        let first = first.expect("the first");
        assert_eq!((first.period_us, first.ticks), (100_000, 30));
        // It is over at 4.0005 s, and another may begin a second later.
        let refused = course.begin(BOB, wish(1, 0, 1), (5_000_499, 6_000_000), Vec::new());
        let refused = refused.expect_err("still going on");
        assert_eq!(refused.code, ErrorCode::Unavailable);
        assert_eq!(refused.retry_after_ms, Some(1));
        let second = course.begin(BOB, wish(1, 0, 1), (5_000_500, 6_000_000), Vec::new());
        assert_eq!(second.map(|it| it.id), Ok(2));
    }

    #[test]
    fn what_a_race_took_is_told_to_whoever_began_it() {
        let taken = |received, cpu: Option<u64>| Taken {
            received,
            sent: 2 * received,
            cpu: cpu.map(Duration::from_micros),
        };
        let mut course = Course::default();
        let before = vec![taken(100, Some(7)), taken(3, None)];
        let race = course
            .begin(ADA, wish(1, 0, 1), (0, 1), before)
            .expect("begun");
        let told = course.before(ADA, race.id).expect("hers");
        assert_eq!(taken(150, Some(10)).since(&told[0]), taken(50, Some(3)));
        assert_eq!(taken(3, Some(10)).since(&told[1]), taken(0, None));
        for (user, id) in [(BOB, race.id), (ADA, race.id + 1)] {
            let refused = course.before(user, id).expect_err("not theirs");
            assert_eq!(refused.code, ErrorCode::NotKept);
        }
    }
}
