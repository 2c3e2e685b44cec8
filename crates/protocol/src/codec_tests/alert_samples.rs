//! Samples of what users are told.

use super::*;
use crate::topics::alerts::{AlertCommand, AlertEvent, AlertLevel, Alerts, Notification};

/// The contracts as they travel.
pub(in super::super) fn contracts() -> [(&'static str, u32); 1] {
    [("alerts", Alerts::contract().0)]
}

fn plain() -> Notification {
    Notification {
        title: text("Backup done"),
        ..Notification::default()
    }
}

fn whole() -> Notification {
    Notification {
        title: text("Disk 90 % full"),
        body: text("<b>/var</b> on 서버 3"),
        level: AlertLevel::Critical,
        link: Some(text("https://example.com/disks/3")),
        action: Some(text("Show the disk")),
        expires: Some(Timestamp(NEW_YEAR.0 + 3600)),
    }
}

pub(in super::super) fn commands() -> Vec<Sample<AlertCommand>> {
    let notify = |notification| AlertCommand::Notify { notification };
    vec![
        sample("alerts.command.notify", notify(whole())),
        sample("alerts.command.notify.title", notify(plain())),
        sample(
            "alerts.command.read",
            AlertCommand::Read {
                offsets: list(vec![3, 300]),
            },
        ),
        sample(
            "alerts.command.read_up_to",
            AlertCommand::ReadUpTo { offset: 300 },
        ),
        sample(
            "alerts.command.dismiss",
            AlertCommand::Dismiss {
                offsets: list(vec![3]),
            },
        ),
    ]
}

pub(in super::super) fn events() -> Vec<Sample<AlertEvent>> {
    let notified = |notification| AlertEvent::Notified {
        at: NEW_YEAR,
        notification,
    };
    vec![
        sample("alerts.event.notified", notified(whole())),
        sample("alerts.event.notified.title", notified(plain())),
        sample(
            "alerts.event.read",
            AlertEvent::Read {
                offsets: list(vec![3, 300]),
            },
        ),
        sample(
            "alerts.event.read_up_to",
            AlertEvent::ReadUpTo { offset: 300 },
        ),
        sample(
            "alerts.event.dismissed",
            AlertEvent::Dismissed {
                offsets: list(vec![3]),
            },
        ),
    ]
}
