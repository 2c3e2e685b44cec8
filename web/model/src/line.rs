//! The state of the line in the words of the badge, put together from what is known.

use std::time::Duration;

use trunkline_client::{Status, Transport};
use trunkline_protocol::DisconnectReason;

use crate::account::Account;

/// What the badge says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A connection is being made.
    Connecting {
        /// How many attempts failed before.
        attempt: u32,
    },
    /// Frames travel over this transport.
    Live(Transport),
    /// The next attempt comes at this reading of the page's clock.
    Waiting {
        /// When, in milliseconds.
        retry_at_ms: u64,
    },
    /// The browser has no network.
    Offline,
    /// Somebody cut it here, on purpose.
    Cut,
    /// Nobody is signed in.
    SignedOut,
    /// It does not come back by itself.
    Stopped(DisconnectReason),
}

impl Line {
    /// Whether frames travel, over whatever.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Live(_))
    }
}

/// Judges the line. What a person did or the browser knows goes before what the client tries.
/// `now_ms` is when the client told its status.
pub fn judge(
    account: &Account,
    status: Option<Status>,
    online: bool,
    cut: bool,
    now_ms: u64,
) -> Line {
    let signed_in = match account {
        Account::SignedOut => return Line::SignedOut,
        Account::Asking | Account::Unreachable => false,
        Account::SignedIn(_) => true,
    };
    match status.filter(|_| signed_in) {
        Some(Status::Live { transport, .. }) if !cut => Line::Live(transport),
        Some(Status::Stopped(reason)) => Line::Stopped(reason),
        _ if cut => Line::Cut,
        _ if !online => Line::Offline,
        Some(Status::Connecting { attempt }) => Line::Connecting { attempt },
        Some(Status::Waiting { retry_in, .. }) => Line::Waiting {
            retry_at_ms: now_ms + whole_ms(retry_in),
        },
        Some(Status::Live { .. }) | None => Line::Connecting { attempt: 0 },
    }
}

/// The whole seconds until `at_ms`, rounded up: "in 1 s" until it is now.
pub fn seconds_until(at_ms: u64, now_ms: u64) -> u64 {
    at_ms.saturating_sub(now_ms).div_ceil(1000)
}

/// A duration in whole milliseconds.
pub fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The width of a sparkline's box, which is stretched to its place on the page.
pub const SPARK_WIDTH: usize = 1000;

/// The height of that box.
pub const SPARK_HEIGHT: u32 = 100;

/// The points of a line through `values` in the box of a sparkline, newest at the right.
pub fn sparkline(values: &[u32]) -> String {
    let most = u64::from(values.iter().copied().max().unwrap_or(0).max(1));
    // One value alone is a level line.
    let values = if let [only] = values {
        &[*only, *only][..]
    } else {
        values
    };
    let steps = values.len().max(2) - 1;
    let point = |(index, value): (usize, &u32)| {
        let y = u64::from(SPARK_HEIGHT) * (most * 19 - u64::from(*value) * 18) / (most * 20);
        format!("{},{y}", index * SPARK_WIDTH / steps)
    };
    let points: Vec<_> = values.iter().enumerate().map(point).collect();
    points.join(" ")
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{Text, User, UserId};

    use super::*;

    fn someone() -> Account {
        Account::SignedIn(User {
            id: UserId(1),
            name: Text::cut("me"),
        })
    }

    fn check(status: Option<Status>, online: bool, cut: bool, expected: Line) {
        assert_eq!(judge(&someone(), status, online, cut, 1_000), expected);
    }

    const LIVE: Status = Status::Live {
        since: Duration::ZERO,
        round_trip: None,
        transport: Transport::WebSocket,
    };
    const WAITING: Status = Status::Waiting {
        attempt: 2,
        retry_in: Duration::from_millis(1_500),
    };

    #[test]
    fn the_badge_says_what_the_client_does() {
        check(None, true, false, Line::Connecting { attempt: 0 });
        check(
            Some(Status::Connecting { attempt: 3 }),
            true,
            false,
            Line::Connecting { attempt: 3 },
        );
        check(
            Some(WAITING),
            true,
            false,
            Line::Waiting { retry_at_ms: 2_500 },
        );
        check(Some(LIVE), true, false, Line::Live(Transport::WebSocket));
        let over_http = Status::Live {
            since: Duration::ZERO,
            round_trip: None,
            transport: Transport::Poll,
        };
        check(Some(over_http), true, false, Line::Live(Transport::Poll));
    }

    #[test]
    fn a_line_that_works_is_live_whatever_the_browser_believes() {
        check(Some(LIVE), false, false, Line::Live(Transport::WebSocket));
        check(Some(WAITING), false, false, Line::Offline);
    }

    #[test]
    fn a_cut_line_is_cut_until_it_is_mended() {
        check(Some(LIVE), true, true, Line::Cut);
        check(Some(WAITING), false, true, Line::Cut);
        check(
            Some(Status::Stopped(DisconnectReason::Kicked)),
            true,
            true,
            Line::Stopped(DisconnectReason::Kicked),
        );
    }

    #[test]
    fn without_a_user_there_is_no_line() {
        assert_eq!(
            judge(&Account::SignedOut, Some(LIVE), true, false, 0),
            Line::SignedOut
        );
        assert_eq!(
            judge(&Account::Asking, Some(LIVE), true, false, 0),
            Line::Connecting { attempt: 0 }
        );
    }

    #[test]
    fn seconds_count_down_to_now() {
        assert_eq!(seconds_until(4_000, 1_000), 3);
        assert_eq!(seconds_until(4_001, 1_000), 4);
        assert_eq!(seconds_until(1_000, 4_000), 0);
    }

    #[test]
    fn a_sparkline_stays_in_its_box() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[10, 20, 0]), "0,50 500,5 1000,95");
        assert_eq!(sparkline(&[0]), "0,95 1000,95");
        assert_eq!(sparkline(&[u32::MAX]), "0,5 1000,5");
    }
}
