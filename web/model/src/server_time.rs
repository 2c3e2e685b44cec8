//! The server's wall clock as it seems from here: what the server has dated is judged by it, since
//! a device's own clock may be hours off.

use trunkline_protocol::Timestamp;

/// A difference between both clocks of the device, in milliseconds, from which it was asleep or its
/// wall clock was set.
const DOUBT_MS: u64 = 5_000;

/// The clocks of the device at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Milliseconds by a clock that never goes back, but may stand still in sleep.
    pub steady_ms: u64,
    /// The time on the wall, in milliseconds since 1970.
    pub wall_ms: u64,
}

/// The server's wall clock, reckoned from the last time that the server has told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerTime {
    told: Option<Told>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    server_ms: u64,
    here: Device,
}

impl ServerTime {
    /// Takes the date of a response that was asked for at `sent` and came at `came`.
    pub fn note_answer(&mut self, sent: Device, date: Timestamp, came: Device) {
        let one_way_ms = came.steady_ms.saturating_sub(sent.steady_ms) / 2;
        // A date has whole seconds, cut.
        let server_ms = ms(date) + 500 + one_way_ms;
        self.told = Some(Told {
            server_ms,
            here: came,
        });
    }

    /// The server has answered without a date: what was reckoned so far goes on.
    pub fn note_silence(&mut self, here: Device) {
        let reckoned = self.reckoned_ms(here);
        self.told = reckoned.map(|server_ms| Told { server_ms, here });
    }

    /// Takes an event that the server has dated: its clock says at least that.
    pub fn note_event(&mut self, at: Timestamp, here: Device) {
        if self.reckoned_ms(here).is_none_or(|now| now < ms(at)) {
            let server_ms = ms(at);
            self.told = Some(Told { server_ms, here });
        }
    }

    /// The server's time. Before the server has told any, it is the device's.
    pub fn now(&self, here: Device) -> Timestamp {
        let now_ms = self.reckoned_ms(here).unwrap_or(here.wall_ms);
        Timestamp(u32::try_from(now_ms / 1000).unwrap_or(u32::MAX))
    }

    /// Tells whether the server must be asked again: the device slept, or its clock was set.
    pub fn is_doubtful(&self, here: Device) -> bool {
        self.told.is_some_and(|told| {
            let steady = here.steady_ms.saturating_sub(told.here.steady_ms);
            let wall = i128::from(here.wall_ms) - i128::from(told.here.wall_ms);
            (wall - i128::from(steady)).unsigned_abs() > u128::from(DOUBT_MS)
        })
    }

    fn reckoned_ms(&self, here: Device) -> Option<u64> {
        let told = self.told?;
        let since = here.steady_ms.saturating_sub(told.here.steady_ms);
        Some(told.server_ms.saturating_add(since))
    }
}

fn ms(at: Timestamp) -> u64 {
    u64::from(at.0) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;

    /// A device whose clock is two hours ahead of a server where it is 1,000 s when the page opens.
    fn ahead(steady_ms: u64) -> Device {
        Device {
            steady_ms,
            wall_ms: 1_000_000 + 2 * HOUR_MS + steady_ms,
        }
    }

    #[test]
    fn the_devices_clock_does_not_decide() {
        let mut time = ServerTime::default();
        assert_eq!(time.now(ahead(0)), Timestamp(8_200));
        time.note_answer(ahead(100), Timestamp(1_000), ahead(300));
        assert_eq!(time.now(ahead(300)), Timestamp(1_000));
        assert_eq!(time.now(ahead(10_300)), Timestamp(1_010));
        // Whatever the wall clock is set to meanwhile.
        let set_back = Device {
            steady_ms: 20_300,
            wall_ms: 5,
        };
        assert_eq!(time.now(set_back), Timestamp(1_020));
    }

    #[test]
    fn an_event_puts_a_clock_that_is_behind_forward_and_none_back() {
        let mut time = ServerTime::default();
        time.note_event(Timestamp(900), ahead(0));
        assert_eq!(time.now(ahead(0)), Timestamp(900));
        time.note_event(Timestamp(1_000), ahead(1_000));
        assert_eq!(time.now(ahead(2_000)), Timestamp(1_001));
        time.note_event(Timestamp(950), ahead(2_000));
        assert_eq!(time.now(ahead(2_000)), Timestamp(1_001));
        time.note_answer(ahead(3_000), Timestamp(990), ahead(3_000));
        assert_eq!(time.now(ahead(3_000)), Timestamp(990));
    }

    #[test]
    fn sleep_and_a_clock_that_was_set_are_doubted() {
        let mut time = ServerTime::default();
        assert!(!time.is_doubtful(ahead(0)));
        time.note_answer(ahead(0), Timestamp(1_000), ahead(0));
        assert!(!time.is_doubtful(ahead(HOUR_MS)));
        let woken = Device {
            steady_ms: 1_000,
            wall_ms: ahead(HOUR_MS).wall_ms,
        };
        assert!(time.is_doubtful(woken));
        let set_back = Device {
            steady_ms: 1_000,
            wall_ms: 0,
        };
        assert!(time.is_doubtful(set_back));
        let mut silent = time;
        silent.note_silence(woken);
        assert!(!silent.is_doubtful(woken));
        assert_eq!(silent.now(woken), Timestamp(1_001));
        time.note_answer(woken, Timestamp(4_600), woken);
        assert!(!time.is_doubtful(woken));
        assert_eq!(time.now(woken), Timestamp(4_600));
    }
}
