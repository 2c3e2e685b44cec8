//! Lays an inbox out: what is unread first, then the rest, each by the days.

use trunkline_protocol::{Offset, Timestamp};

use super::inbox::Inbox;

/// One row of the page. It names itself, and stays the same as long as it stands where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// What is unread begins.
    Unread,
    /// What was read begins.
    Earlier,
    /// A day begins.
    Day {
        /// Its number, counted from 1970.
        day: i32,
        /// Whether it is one of those with unread ones.
        unread: bool,
        /// A time of it.
        at: Timestamp,
    },
    /// A notification.
    Alert {
        /// Where it stands.
        offset: Offset,
        /// Whether it is unread.
        unread: bool,
    },
}

/// Lays `inbox` out; `day` numbers the reader's calendar days. Both parts have the newest first.
pub fn rows(inbox: &Inbox, now: Timestamp, day: impl Fn(Timestamp) -> i32) -> Vec<Row> {
    let mut rows = Vec::new();
    for unread in [true, false] {
        let mut today = None;
        let part = inbox
            .shown(now)
            .filter(|(_, alert)| alert.is_read() != unread);
        for (offset, alert) in part {
            if today.is_none() {
                rows.push(if unread { Row::Unread } else { Row::Earlier });
            }
            let its_day = day(alert.at);
            if today != Some(its_day) {
                today = Some(its_day);
                rows.push(Row::Day {
                    day: its_day,
                    unread,
                    at: alert.at,
                });
            }
            rows.push(Row::Alert { offset, unread });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::alerts::{AlertEvent, Notification};
    use trunkline_protocol::{List, Text};

    use super::*;

    /// Notifications at these times, of which those at `read` are read, as a short text.
    fn check(times: &[u32], read: &[Offset], expected: &str) {
        let mut inbox = Inbox::default();
        for (offset, at) in (1..).zip(times) {
            let notification = Notification {
                title: Text::cut("a"),
                ..Notification::default()
            };
            let at = Timestamp(*at);
            inbox.handle_event(offset, AlertEvent::Notified { at, notification });
        }
        let offsets = List::cut(read.iter().copied());
        inbox.handle_event(100, AlertEvent::Read { offsets });
        let day = |at: Timestamp| i32::try_from(at.0 / 100).expect("small");
        let rows = rows(&inbox, Timestamp(10_000), day);
        let words: Vec<String> = rows
            .iter()
            .map(|row| match row {
                Row::Unread => "unread:".to_owned(),
                Row::Earlier => "earlier:".to_owned(),
                Row::Day { day, .. } => format!("day{day}"),
                Row::Alert { offset, .. } => offset.to_string(),
            })
            .collect();
        assert_eq!(words.join(" "), expected);
        let mut unique = rows.clone();
        unique.dedup();
        assert_eq!(unique, rows);
    }

    #[test]
    fn unread_comes_first_and_each_part_goes_by_days() {
        check(&[], &[], "");
        check(&[100], &[], "unread: day1 1");
        check(&[100], &[1], "earlier: day1 1");
        check(
            &[100, 150, 200, 250],
            &[2, 3],
            "unread: day2 4 day1 1 earlier: day2 3 day1 2",
        );
    }
}
